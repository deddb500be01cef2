"""Writes the seeds of legacy_fuzz: u16 length of the manifest file | manifest file | data file of version 0.1.

Usage: python testdata/generate_legacy_seeds.py      (needs pylance 14.0.2; overwrites fuzz/seeds/legacy_fuzz)
"""

import pathlib
import shutil
import struct
import tempfile

import lance
import pyarrow as pa

OUT = pathlib.Path(__file__).resolve().parent.parent / "fuzz" / "seeds" / "legacy_fuzz"
ROWS = 7


def cases():
    words = ["one", None, "", "four", "five", "six", "seven"]
    yield "values", {
        "id": pa.array(range(ROWS), pa.int64()),
        "flag": pa.array([i % 3 == 0 for i in range(ROWS)]),
        "text": pa.array(words),
        "vector": pa.array([[float(i), 1.0] for i in range(ROWS)], pa.list_(pa.float32(), 2)),
    }
    yield "nested", {
        "list": pa.array([[1, 2], [], None, [3], [4, 5, 6], [], [7]], pa.list_(pa.int32())),
        "point": pa.array([{"x": i, "name": w} for i, w in enumerate(words)]),
        "points": pa.array([[{"x": i, "tags": ["a"] * i}] * (i % 3) for i in range(ROWS)]),
    }
    codes = pa.array([0, 1, 2, 1, 0, None, 2], pa.int8())
    yield "dictionaries", {
        "words": pa.DictionaryArray.from_arrays(codes, pa.array(["a", "bb", ""])),
        "numbers": pa.DictionaryArray.from_arrays(codes.fill_null(1), pa.array([10, 20, 30])),
    }


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    for name, columns in cases():
        with tempfile.TemporaryDirectory() as folder:
            lance.write_dataset(pa.table(columns), folder, data_storage_version="legacy", max_rows_per_group=3)
            (data,) = pathlib.Path(folder, "data").glob("*.lance")
            (manifest,) = pathlib.Path(folder, "_versions").glob("*.manifest")
            head = manifest.read_bytes()
            (OUT / name).write_bytes(struct.pack("<H", len(head)) + head + data.read_bytes())


if __name__ == "__main__":
    main()
