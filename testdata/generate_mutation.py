"""Writes the small data sets that the mutation test damages: every file version, all types, deletions, stable row ids."""

import pathlib
import shutil
import sys

import lance
import pyarrow as pa

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "interop"))
import random_data  # noqa: E402

LONG = ("string", "list_string", "dict_i32", "int64", "list_struct")
TARGET = HERE / "pylance-14.0.2" / "mutation"


def write(name, table, version, **options):
    path = TARGET / name
    dataset = lance.write_dataset(table, path, data_storage_version=version, **options)
    dataset.delete("id % 7 = 2")
    dataset.tags.create("t", 1)
    (path / "_versions" / "latest_version_hint.json").unlink(missing_ok=True)


def main():
    shutil.rmtree(TARGET, ignore_errors=True)
    for version in ("legacy", "2.0", "2.1", "2.2"):
        keep = []
        for kind in random_data.KINDS:
            one = random_data.table(60, 11, [kind], nulls="none" if version == "2.0" else None)
            try:
                lance.write_dataset(one, TARGET / "probe", data_storage_version=version, mode="overwrite")
                keep.append(one)
            except BaseException:
                pass
            shutil.rmtree(TARGET / "probe", ignore_errors=True)
        table = keep[0]
        for one in keep[1:]:
            table = table.append_column(one.field(1), one.column(1))
        write(f"all_{version}", table, version, enable_stable_row_ids=version == "2.2", max_rows_per_file=40)
        if version != "legacy":
            kinds = [k for k in LONG if version != "2.0" or k != "list_struct"]
            long = random_data.table(2200, 5, kinds, nulls="tenth")
            rows = pa.array([f"{i} the quick brown fox jumps {i * 7}" for i in range(2200)])
            write(f"long_{version}", long.append_column("text", rows), version)


if __name__ == "__main__":
    main()
