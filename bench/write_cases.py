"""Cases that write: files, commits, changes of rows and maintenance. Each engine writes what it does by default; ours is the only
one whose commits survive a power cut (fsync), and the time of that is in its figures.

A method `before_x` makes ready what `x` changes; it is not timed.
"""

import datetime
import os
import pathlib
import shutil

import numpy as np

_source = {}


def source_table(paths):
    """The rows to write, in memory, in one chunk a column; without the column that is there for filters only."""
    import pyarrow.parquet as pq
    if paths["parquet"] not in _source:
        table = pq.read_table(paths["parquet"])
        _source[paths["parquet"]] = table.drop_columns([c for c in ("u",) if c in table.column_names]).combine_chunks()
    return _source[paths["parquet"]]


def out_path(paths, engine):
    return pathlib.Path(f"{paths['parquet']}.{engine}")


def remove(path):
    path = pathlib.Path(path)
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def size_of(path):
    path = pathlib.Path(path)
    if path.is_dir():
        return sum(f.stat().st_size for f in path.rglob("*") if f.is_file())
    return path.stat().st_size if path.exists() else None


class Writer:
    """Writes the source to a place of its own, which is removed and synced away before."""

    engine = ""

    def before_write(self, paths, **options):
        source_table(paths)
        remove(out_path(paths, self.engine + options.get("codec", "")))
        os.sync()

    def write(self, paths, codec=""):
        table = source_table(paths)
        self.write_table(table, str(out_path(paths, self.engine + codec)), codec)
        return table.num_rows


class Lance(Writer):
    """pylance and lance_cpp: `self.lance` is the module."""

    def write_table(self, table, path, codec):
        if codec:
            import pyarrow as pa
            table = table.cast(pa.schema([f.with_metadata({"lance-encoding:compression": codec}) for f in table.schema]))
        self.lance.write_dataset(table, path)

    # Tables that are changed: a copy a run, opened before.

    def copy(self, paths):
        self.work = f"{paths['lance']}.work.{self.engine}"
        remove(self.work)
        shutil.copytree(paths["lance"], self.work)
        os.sync()
        self.changed = self.lance.dataset(self.work)

    def before_append(self, paths, commits):
        self.copy(paths)
        import pyarrow as pa
        rng = np.random.default_rng(3)
        self.rows = pa.table({"a": pa.array(rng.integers(0, 1000, 100)), "b": pa.array(rng.random(100))})

    def append(self, paths, commits):
        for _ in range(commits):
            self.lance.write_dataset(self.rows, self.work, mode="append")
        return self.lance.dataset(self.work).count_rows()

    def before_delete(self, paths):
        self.copy(paths)

    def delete(self, paths):
        self.changed.delete("x < 0.01")
        return self.changed.count_rows()

    before_update = before_delete

    def update(self, paths):
        return self.changed.update({"v": "v + 1"}, where="x < 0.01")["num_rows_updated"]

    def before_merge(self, paths):
        self.copy(paths)
        import pyarrow as pa
        rows, rng = self.changed.count_rows(), np.random.default_rng(4)
        ids = np.concatenate([rng.choice(rows, 5000, replace=False), np.arange(rows, rows + 5000)])
        self.rows = pa.table({"id": ids, "x": rng.random(10_000), "v": rng.integers(0, 100, 10_000),
                              "s": [f"new {i}" for i in ids], "t": rng.integers(0, 1 << 40, 10_000)}, schema=self.changed.schema)

    def merge(self, paths):
        done = self.changed.merge_insert("id").when_matched_update_all().when_not_matched_insert_all().execute(self.rows)
        return done["num_inserted_rows"] + done["num_updated_rows"]

    def before_merge_indexed(self, paths):
        self.before_merge(paths)
        self.changed.create_scalar_index("id", "BTREE")
        self.changed = self.lance.dataset(self.work)

    merge_indexed = merge

    before_add_column = before_delete

    def add_column(self, paths):
        self.changed.add_columns({"c": "a + b"})
        return len(self.changed.schema)

    before_compact = before_delete

    def compact(self, paths):
        self.changed.optimize.compact_files()
        return len(self.changed.get_fragments())

    before_cleanup = before_delete

    def cleanup(self, paths):
        return self.changed.cleanup_old_versions(older_than=datetime.timedelta(0), delete_unverified=True).old_versions


class Parquet(Writer):
    engine = "parquet"

    def write_table(self, table, path, codec):
        import pyarrow.parquet as pq
        pq.write_table(table, path, compression=codec or "snappy")


class DuckDB(Writer):
    engine = "duckdb"

    def write_table(self, table, path, codec):
        import duckdb
        rows = table  # noqa: F841  what the statement names
        duckdb.sql(f"COPY (FROM rows) TO '{path}' (FORMAT parquet{', COMPRESSION ' + codec if codec else ''})")


class Vortex(Writer):
    engine = "vortex"

    def write_table(self, table, path, codec):
        import vortex
        vortex.io.write(vortex.array(table), path)


class Limit:
    """The same bytes in one file with fsync: what the disk allows."""

    def before_write(self, paths, **options):
        column = source_table(paths).column(0).combine_chunks()
        self.bytes = memoryview(column.buffers()[-1])
        remove(out_path(paths, "limit"))
        os.sync()

    def write(self, paths, **options):
        with open(out_path(paths, "limit"), "wb", buffering=0) as out:
            at = 0
            while at < len(self.bytes):
                at += out.write(self.bytes[at : at + (8 << 20)])
            os.fsync(out.fileno())
        return source_table(paths).num_rows


def people(rows, rng):
    """A million rows of five columns, to be changed."""
    import pyarrow as pa
    return pa.table({"id": pa.array(rng.permutation(rows)), "x": pa.array(rng.random(rows)), "v": pa.array(rng.integers(0, 100, rows)),
                     "s": pa.array([f"person {i}" for i in range(rows)]), "t": pa.array(rng.integers(0, 1 << 40, rows))})


def add_cases(add, lance, everyone):
    add("write lineitem, 16 columns", "write", "lineitem", 2, "write", everyone)
    add("write lineitem, zstd asked for", "write", "lineitem", 2, "write", (*lance, "parquet", "duckdb"), codec="zstd")
    add("write 768 x f32", "write", "vec768", 2, "write", everyone)
    add("write int64, string, list<struct>", "write", "narrow", 1, "write", everyone)
    add("write blobs (35 KB)", "write", "blob", 1, "write", (*everyone, "limit"))
    add("1,000 appends of 100 rows", "commit", "first", 1.5, "append", lance, 1000)
    add("delete 1 % of 1M", "mutate", "people", 1.5, "delete", lance)
    add("update 1 % of 1M", "mutate", "people", 1.5, "update", lance)
    add("merge_insert 10k, half new, into 1M", "mutate", "people", 1.5, "merge", lance)
    add("the same with a BTREE on the key", "mutate", "people", 1.5, "merge_indexed", lance)
    add("add a computed column, 1,000 fragments", "mutate", "many", 2, "add_column", lance)
    add("compact 1,000 fragments", "mutate", "many", 3, "compact", lance)
    add("clean up 1,000 versions", "mutate", "many", 3, "cleanup", lance)


def size_line(case, paths):
    """What the files of a writing case take, a cell an engine; None for other cases."""
    name, method, engines, options = case[0], case[4], case[5], case[7]
    if method != "write":
        return None
    names = {"pylance": "lance"}
    sizes = {e: size_of(out_path(paths, names.get(e, e) + options.get("codec", ""))) for e in engines}
    return "| " + name.replace("write", "size of") + " | " + " | ".join(
        f"{sizes[e] / 1e6:.1f} MB" if sizes.get(e) else "-" for e in ("lance_cpp", "pylance", "parquet", "duckdb", "vortex")) + " |"


SIZE_HEAD = "| Files | lance_cpp | pylance | Parquet (pyarrow) | DuckDB's Parquet | Vortex |\n|" + "---|" * 6
