"""Writes the fixtures of the table layer with pylance 14.0.2, and what it reads from them as expected.json.

    python testdata/generate_tables.py [output folder]

Every table is deterministic in content; file names, uuids and times differ from run to run.
"""

import json
import pathlib
import shutil
import sys

import lance
import numpy as np
import pyarrow as pa

# Clones and branches keep the absolute path of what they came from, so tables are written to a fixed place and
# moved.
WORK = pathlib.Path("/tmp/lance-fixtures")
OUT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "pylance-14.0.2/tables")


def versions(ds):
    return [
        {
            "version": str(v["version"]),
            "timestamp_us": str(int(v["timestamp"].timestamp() * 1_000_000)),
            "metadata": v["metadata"],
        }
        for v in ds.versions()
    ]


def fragments(ds, extra=()):
    """Per fragment: counts, and per live row its address, id and versions."""
    out = []
    for fragment in ds.get_fragments():
        columns = ["_rowid", "_rowaddr", *extra]
        table = fragment.scanner(columns=columns).to_table()
        out.append(
            {
                "id": fragment.fragment_id,
                "physical_rows": fragment.physical_rows,
                "num_deletions": fragment.num_deletions,
                **{name: [str(value) for value in table[name].to_pylist()] for name in columns},
            }
        )
    return out


def describe(ds, lineage=False):
    extra = ["_row_created_at_version", "_row_last_updated_at_version"] if lineage else []
    return {
        "version": str(ds.version),
        "count_rows": str(ds.count_rows()),
        "data_storage_version": ds.data_storage_version,
        "versions": versions(ds),
        "fragments": fragments(ds, extra),
    }


def ints(start, count):
    return pa.table({"x": pa.array(range(start, start + count), pa.int32())})


def deletes(path):
    ds = lance.write_dataset(ints(0, 40), path, max_rows_per_file=20)
    ds.delete("x in (0, 1, 2, 5, 19)")
    ds.delete("x in (7, 8, 20, 39)")
    return {"array": describe(lance.dataset(path))}


def bitmap_deletes(path):
    ds = lance.write_dataset(ints(0, 9000), path)
    ds.delete("x % 3 != 1 or (x > 3000 and x < 3900)")
    return {"bitmap": describe(lance.dataset(path))}


def stable_ids(path):
    """Row ids as range, with holes, by bitmap and as arrays; row versions of updated and moved rows."""
    ds = lance.write_dataset(ints(0, 60), path, max_rows_per_file=30, enable_stable_row_ids=True)
    out = {"fresh": describe(lance.dataset(path), True)}
    ds.delete("x in (3, 4, 31)")
    ds.update({"x": "x + 1000"}, where="x % 10 = 7")
    ds = lance.dataset(path)
    out["updated"] = describe(ds, True)
    lance.write_dataset(ints(100, 30), path, mode="append")
    ds = lance.dataset(path)
    ds.delete("x >= 100 and x < 130 and x % 2 = 0")
    out["appended"] = describe(lance.dataset(path), True)
    lance.dataset(path).optimize.compact_files(target_rows_per_fragment=1000)
    out["compacted"] = describe(lance.dataset(path), True)
    ds = lance.dataset(path)
    ds.update({"x": "x + 1"}, where="x in (10, 11, 12, 1007, 1057)")
    out["again"] = describe(lance.dataset(path), True)
    return out


def refs(path):
    ds = lance.write_dataset(ints(0, 5), path)
    lance.write_dataset(ints(5, 5), path, mode="append")
    ds = lance.dataset(path)
    ds.tags.create("v1-first", 1)
    ds.tags.create("newest", 2)
    ds.tags.update("newest", 2)
    branch = ds.create_branch("feat/x.1", 1)
    lance.write_dataset(ints(50, 3), branch.uri, mode="append")
    ds.tags.create("on-branch", ("feat/x.1", 2))
    ds = lance.dataset(path)
    tags = ds.tags.list()
    branches = ds.branches.list()
    return {
        "latest": describe(ds),
        "tags": {
            name: {"branch": tag["branch"], "version": tag["version"], "manifest_size": tag["manifest_size"]}
            for name, tag in tags.items()
        },
        "branches": {
            name: {
                "parent_branch": branch["parent_branch"],
                "parent_version": branch["parent_version"],
                "create_at": branch["create_at"],
                "manifest_size": branch["manifest_size"],
            }
            for name, branch in branches.items()
        },
        "branch_versions": versions(ds.checkout_version(("feat/x.1", None))),
    }


def config(path):
    schema = pa.schema(
        [pa.field("x", pa.int32(), metadata={"unit": "m"}), pa.field("s", pa.string())], metadata={"origin": "test"}
    )
    table = pa.table({"x": pa.array([1, 2], pa.int32()), "s": ["a", "b"]}, schema=schema)
    ds = lance.write_dataset(table, path)
    ds.update_config({"lance.auto_cleanup.interval": "20", "key": "value"})
    ds.update_metadata({"owner": "someone"})
    ds = lance.dataset(path)
    return {"latest": describe(ds), "config": ds.config(), "metadata": ds.metadata}


def legacy(path):
    """Version 0.1 data under the first naming scheme."""
    lance.write_dataset(ints(0, 10), path, data_storage_version="legacy", enable_v2_manifest_paths=False)
    ds = lance.write_dataset(ints(10, 10), path, mode="append")
    ds.delete("x = 11")
    return {"latest": describe(lance.dataset(path))}


def storage_2_0(path):
    ds = lance.write_dataset(ints(0, 10), path, data_storage_version="2.0")
    return {"latest": describe(ds)}


def main():
    np.random.seed(0)
    shutil.rmtree(OUT, ignore_errors=True)
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    expected = {}
    for make in (deletes, bitmap_deletes, stable_ids, refs, config, legacy, storage_2_0):
        print(make.__name__)
        expected[make.__name__] = make(str(WORK / f"{make.__name__}.lance"))
    shutil.copytree(WORK, OUT)
    shutil.rmtree(WORK)
    (OUT / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


main()
