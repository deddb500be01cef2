"""Drives build/release/bin/lance over small data sets that the reference implementation wrote."""

import datetime
import decimal
import io
import os
import pathlib
import subprocess

import lance
import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("LANCE_PROGRAM", ROOT / "build/release/bin/lance"))


class Result:
    def __init__(self, done):
        self.code = done.returncode
        self.out_bytes = done.stdout
        self.out = done.stdout.decode("utf-8", "replace")
        self.err = done.stderr.decode("utf-8", "replace")


def run_lance(*args, stdin="", cwd=None, env=None):
    done = subprocess.run([str(PROGRAM), *map(str, args)], input=stdin.encode(), capture_output=True, cwd=cwd, timeout=120,
                          env={**os.environ, "COLUMNS": "120", **(env or {})})
    return Result(done)


@pytest.fixture(scope="session")
def program():
    assert PROGRAM.exists(), f"{PROGRAM} is not built"
    return PROGRAM


@pytest.fixture(scope="session")
def run(program):
    return run_lance


@pytest.fixture(scope="session")
def query(run):
    """Runs SQL and returns its rows as an Arrow table."""

    def call(sql, **kwargs):
        result = run("sql", sql, "--format", "arrows", **kwargs)
        assert result.code == 0, result.err
        return ipc.open_stream(io.BytesIO(result.out_bytes)).read_all()

    return call


def typed_table(rows, seed):
    """A table with one column per type that DuckDB and Lance share, with nulls and edge values."""
    rng = np.random.default_rng(seed)

    def nulls(values):
        return [None if rng.random() < 0.1 else v for v in values]

    special = [0.0, -0.0, float("nan"), float("inf"), float("-inf"), 1.5, -1.5, 5e-324, 0.1]
    words = ["", "a", "A", "ab", "abc", "a%c", "a_c", "a\\c", "it's", "été", "zebra", "日本", "x" * 200]
    epoch = datetime.datetime(2000, 1, 1)
    days = rng.integers(-20000, 20000, rows)
    return pa.table({
        "id": pa.array(range(rows), pa.int64()),
        "i8": pa.array(nulls(rng.integers(-128, 128, rows).tolist()), pa.int8()),
        "i32": pa.array(nulls(rng.integers(-50, 50, rows).tolist()), pa.int32()),
        "i64": pa.array(nulls(rng.integers(-2**62, 2**62, rows).tolist()), pa.int64()),
        "u8": pa.array(nulls(rng.integers(0, 256, rows).tolist()), pa.uint8()),
        "u64": pa.array(nulls(rng.integers(0, 2**63, rows, dtype=np.uint64).tolist()), pa.uint64()),
        "f32": pa.array(nulls([special[i % 9] if i % 3 == 0 else float(v) for i, v in enumerate(rng.normal(size=rows))]), pa.float32()),
        "f64": pa.array(nulls([special[i % 9] if i % 2 == 0 else float(v) for i, v in enumerate(rng.normal(size=rows))]), pa.float64()),
        "b": pa.array(nulls((rng.random(rows) < 0.5).tolist()), pa.bool_()),
        "s": pa.array(nulls([words[i] for i in rng.integers(0, len(words), rows)]), pa.string()),
        "ls": pa.array(nulls([words[i] for i in rng.integers(0, len(words), rows)]), pa.large_string()),
        "bin": pa.array(nulls([bytes(rng.integers(0, 256, rng.integers(0, 20), dtype=np.uint8)) for _ in range(rows)]), pa.binary()),
        "d": pa.array(nulls([(epoch + datetime.timedelta(days=int(v))).date() for v in days]), pa.date32()),
        "ts": pa.array(nulls([epoch + datetime.timedelta(days=int(v), microseconds=int(v) * 7919) for v in days]), pa.timestamp("us")),
        "tz": pa.array(nulls([epoch + datetime.timedelta(days=int(v)) for v in days]), pa.timestamp("us", "UTC")),
        "dec": pa.array(nulls([decimal.Decimal(int(v)).scaleb(-2) for v in rng.integers(-10**6, 10**6, rows)]), pa.decimal128(12, 2)),
        "l": pa.array(nulls([rng.integers(0, 9, rng.integers(0, 4)).tolist() for _ in range(rows)]), pa.list_(pa.int32())),
        "st": pa.array(nulls([{"x": int(v), "y": words[v % 13]} for v in rng.integers(0, 40, rows)]),
                       pa.struct([("x", pa.int32()), ("y", pa.string())])),
        "Odd name": pa.array(nulls(rng.integers(0, 5, rows).tolist()), pa.int32()),
    })


class Pair:
    """The same rows as a Lance dataset and as a Parquet file."""

    def __init__(self, folder, table, **options):
        self.lance = str(folder / "t.lance")
        self.parquet = str(folder / "t.parquet")
        lance.write_dataset(table, self.lance, **options)
        pq.write_table(table, self.parquet)
        self.table = table


@pytest.fixture(scope="session")
def pair(tmp_path_factory):
    return Pair(tmp_path_factory.mktemp("pair"), typed_table(5000, 1), max_rows_per_file=1700)


@pytest.fixture(scope="session")
def vectors(tmp_path_factory):
    """2,000 rows of 16 floats with an id and a group."""
    rng = np.random.default_rng(7)
    values = rng.normal(size=(2000, 16)).astype(np.float32)
    table = pa.table({"id": pa.array(range(2000)), "g": pa.array((np.arange(2000) % 10).astype(np.int32)),
                      "v": pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), 16)})
    uri = str(tmp_path_factory.mktemp("vectors") / "v.lance")
    lance.write_dataset(table, uri, max_rows_per_file=900)
    return uri, values


@pytest.fixture(scope="session")
def history(tmp_path_factory):
    """Three versions: 3 rows, 6 rows (tagged "six"), 5 rows (one deleted)."""
    uri = str(tmp_path_factory.mktemp("history") / "h.lance")
    lance.write_dataset(pa.table({"x": [1, 2, 3], "name": ["a", "b", None]}), uri)
    dataset = lance.write_dataset(pa.table({"x": [4, 5, 6], "name": ["d", "e", "f"]}), uri, mode="append")
    dataset.tags.create("six", 2)
    dataset.delete("x = 2")
    return uri
