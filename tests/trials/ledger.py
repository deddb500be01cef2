"""What the trials share: rows as a function of their key, a model of a table that operations change, and checks."""

import json
import os
import pathlib
import subprocess
import sys

import pyarrow as pa

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("LANCE_PROGRAM", ROOT / "build/release/bin/lance"))

SCHEMA = pa.schema([
    pa.field("k", pa.int64()),
    pa.field("v", pa.int64()),
    pa.field("s", pa.string()),
    pa.field("w", pa.list_(pa.float32(), 16)),
])


def row(key, salt):
    return {
        "k": key,
        "v": (key * 31 + salt) % 100_003,
        "s": None if key % 5 == 2 else f"{key}-{salt}" + "x" * (key % 40),
        "w": [float(key % 1000 + i) for i in range(16)],
    }


def rows(keys, salt, extra=None):
    """A table of the rows of `keys`; `extra` are further columns: (name, factor)."""
    table = pa.Table.from_pylist([row(key, salt) for key in keys], schema=SCHEMA)
    for name, factor in extra or []:
        table = table.append_column(name, pa.array([key * factor for key in keys], pa.int64()))
    return table


class Model:
    """The rows that a table should have, by key, after operations as crash_writer.py announces them."""

    def __init__(self):
        self.rows = {}
        self.columns = []
        self.next_key = 0

    def copy(self):
        out = Model()
        out.rows = {key: dict(values) for key, values in self.rows.items()}
        out.columns, out.next_key = list(self.columns), self.next_key
        return out

    def apply(self, step):
        getattr(self, "apply_" + step["op"])(step)
        self.next_key = max(self.next_key, step.get("next", 0))

    def put(self, keys, salt, extra):
        given = dict(extra)
        for key in keys:
            values = {**row(key, salt), **{name: None for name in self.columns}}
            values.update({name: key * factor for name, factor in given.items()})
            self.rows[key] = values

    def apply_create(self, step):
        self.apply_overwrite(step)

    def apply_overwrite(self, step):
        self.rows, self.columns = {}, []
        self.put(range(*step["keys"]), step["salt"], [])

    def apply_append(self, step):
        self.put(range(*step["keys"]), step["salt"], step["extra"])

    def apply_delete(self, step):
        self.rows = {key: values for key, values in self.rows.items() if key % step["m"] != step["r"]}

    def apply_update(self, step):
        for key, values in self.rows.items():
            if key % step["m"] == step["r"]:
                values["v"] += step["add"]

    def apply_merge(self, step):
        for key in step["keys"]:
            if key in self.rows:
                self.rows[key].update(row(key, step["salt"]))
            else:
                self.put([key], step["salt"], [])

    def apply_add(self, step):
        self.columns.append(step["name"])
        for key, values in self.rows.items():
            values[step["name"]] = key * step["factor"]

    def apply_drop(self, step):
        self.columns.remove(step["name"])
        for values in self.rows.values():
            del values[step["name"]]

    def apply_compact(self, step):
        pass

    def apply_cleanup(self, step):
        pass

    def as_list(self):
        return [self.rows[key] for key in sorted(self.rows)]


def by_key(table):
    """The rows of a table in the order of their keys."""
    return table.sort_by("k").to_pylist()


def fsck(uri):
    """What `lance fsck` says of a table; raises when it finds a problem."""
    done = subprocess.run([str(PROGRAM), "fsck", str(uri), "--format", "json", "--all-files"], capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, f"lance fsck: {done.stdout}{done.stderr}"
    report = json.loads(done.stdout)
    assert report["problems"] == 0, report
    return report


def files_of(uri):
    """All files below a table's folder, but the version hint."""
    root = pathlib.Path(uri)
    found = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    return found - {"_versions/latest_version_hint.json"}


def named_files(dataset):
    """Data and deletion files that the pylance dataset's version names."""
    out = set()
    for fragment in dataset.get_fragments():
        metadata = fragment.metadata
        out |= {"data/" + file.path for file in metadata.files}
        deletion = metadata.deletion_file
        if deletion is not None:
            out.add(deletion.path(fragment.fragment_id))
    return out


def child_environment():
    """The environment of a process that imports the same packages as this one."""
    import lance_cpp

    package = str(pathlib.Path(lance_cpp.__file__).absolute().parents[1])
    paths = [package, str(pathlib.Path(__file__).resolve().parent), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}


def start(script, *args, environment=None, **options):
    """Runs a Python script of this folder as a process of its own."""
    path = pathlib.Path(__file__).resolve().parent / script
    environment = {**child_environment(), **(environment or {})}
    return subprocess.Popen([sys.executable, str(path), *map(str, args)], env=environment, **options)
