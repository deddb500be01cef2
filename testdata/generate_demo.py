"""Writes the demo data set with the reference implementation: generate_demo.py PACKAGES.parquet QUERIES.parquet

Every second of the 5,306 packages, in two fragments over three versions (create, append, delete), so that the demo
shows versions and deletions as well. The output is committed; run this only to renew it.
"""

import pathlib
import shutil
import sys

import lance
import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).resolve().parent / "demo"


def main(packages, queries):
    table = pq.read_table(packages)
    table = table.take(pa.array(range(0, table.num_rows, 2)))
    target = HERE / "packages.lance"
    shutil.rmtree(target, ignore_errors=True)
    half = table.num_rows // 2
    dataset = lance.write_dataset(table.slice(0, half), target)
    dataset = lance.write_dataset(table.slice(half), target, mode="append")
    dataset.delete("section = 'metapackages'")
    dataset.tags.create("first", 1)
    shutil.copy(queries, HERE / "queries.parquet")
    print(dataset.count_rows(), "rows", dataset.version, "versions")


if __name__ == "__main__":
    main(*sys.argv[1:])
