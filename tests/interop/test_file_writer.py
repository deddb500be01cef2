"""Files written here and read by the oracle: every type x value pattern x null pattern x size x file version."""

import itertools
import os

import numpy as np
import pyarrow as pa
import pytest
import random_data
from compare import array_difference
from lance.file import LanceFileReader

from lance_cpp import _native

SIZES = (0, 1, 1025, 4500)
VERSIONS = ("2.0", "2.1", "2.2")
SEEDS = tuple(range(int(os.environ.get("LANCE_INTEROP_SEEDS", "1"))))


def write_file(path, table, version, batch_rows=None, data_cache_bytes=None):
    store = _native.ObjectStore.open(os.path.dirname(path), {})
    writer = _native.FileWriter.make(
        store, os.path.basename(path), table.schema, version, data_cache_bytes=data_cache_bytes, max_page_bytes=None)
    for batch in table.to_batches(max_chunksize=batch_rows):
        writer.write_batch(batch)
    writer.finish()
    return path


def read_file(path, rows=None):
    reader = LanceFileReader(path)
    return (reader.read_all(batch_size=3000) if rows is None else reader.take_rows(rows)).to_table()


def plain(column):
    """Dictionaries may be numbered anew."""
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def check(path, table, name=""):
    for rows in (None, sorted({0, len(table) // 3, len(table) // 2, len(table) - 1})):
        if rows is not None and len(table) == 0:
            continue
        ours = read_file(path, rows)
        wanted = table if rows is None else table.take(rows)
        assert ours.num_rows == wanted.num_rows
        for field in table.schema:
            difference = array_difference(plain(ours[field.name]), plain(wanted[field.name]))
            assert difference is None, f"{name} {field.name} rows {rows}: {difference}"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", random_data.KINDS)
def test_oracle_reads_every_type(kind, version, tmp_path):
    if version == "2.0" and (kind == "map" or "struct" in kind):
        pytest.skip("2.0 has no maps and no null structs")
    for seed, rows in itertools.product(SEEDS, SIZES):
        for values, nulls in itertools.product(random_data.VALUES, random_data.NULLS):
            if rows > 4096 and nulls in ("first", "last", "most") and values not in ("random", "runs"):
                continue
            column = random_data.column(kind, values, nulls, rows, seed)
            table = pa.table({"a": column})
            path = write_file(str(tmp_path / f"{kind}_{values}_{nulls}_{rows}"), table, version,
                              batch_rows=700 if nulls == "tenth" else None,
                              data_cache_bytes=20000 if nulls == "alternate" else None)
            check(path, table, f"{values} {nulls} {rows}")
            os.remove(path)


def marked(name, column, metadata, nullable=True):
    return pa.table([column], schema=pa.schema([pa.field(name, column.type, nullable, metadata)]))


def packed_rows(rows, nulls, strings):
    rng = np.random.default_rng(5)
    members = [pa.field("x", pa.int32(), False), pa.field("y", pa.float64(), False)]
    arrays = [pa.array(rng.integers(0, 99, rows), pa.int32()), pa.array(rng.random(rows))]
    if strings:
        members += [pa.field("s", pa.string(), False)]
        arrays += [pa.array([f"text {i % 7}" * (i % 4) for i in range(rows)], pa.string())]
    return pa.StructArray.from_arrays(arrays, fields=members, mask=pa.array(random_data.null_mask(nulls, rows, rng)))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("nulls", ("none", "tenth", "all"))
def test_oracle_reads_packed_structs(version, nulls, tmp_path):
    if version == "2.0" and nulls != "none":
        pytest.skip("2.0 has no null structs")
    for rows, strings in itertools.product((1, 1000, 5000), (False, True)):
        if strings and version != "2.2":
            continue
        table = marked("a", packed_rows(rows, nulls, strings), {"lance-encoding:packed": "true"})
        check(write_file(str(tmp_path / f"{rows}{strings}"), table, version), table)


@pytest.mark.parametrize("encoding", ("fullzip", "miniblock"))
@pytest.mark.parametrize("kind", ("int32", "bool", "string", "list_string", "fsb16", "fsl_f32_4_nulls", "list_fsl", "fsl_fsl"))
def test_oracle_reads_the_structure_asked_for(kind, encoding, tmp_path):
    metadata = {"lance-encoding:structural-encoding": encoding}
    for version, nulls in itertools.product(VERSIONS, ("none", "tenth")):
        column = random_data.column(kind, "random", nulls, 3000, 1)
        table = marked("a", column, metadata)
        check(write_file(str(tmp_path / f"{version}{nulls}"), table, version), table, f"{version} {nulls}")


HINTS = (
    {"lance-encoding:compression": "lz4"},
    {"lance-encoding:compression": "zstd", "lance-encoding:compression-level": "5"},
    {"lance-encoding:compression": "lz4", "lance-encoding:bss": "on"},
    {"lance-encoding:compression": "fsst"},
    {"lance-encoding:compression": "none"},
    {"lance-encoding:rle-threshold": "0.9"},
    {"lance-encoding:minichunk-size": "512"},
    {"lance-encoding:dict-divisor": "100", "lance-encoding:dict-values-compression": "zstd"},
    {"lance-encoding:dict-size-ratio": "1.0", "lance-encoding:dict-values-compression": "none"},
)


@pytest.mark.parametrize("hint", HINTS, ids=str)
def test_oracle_reads_what_metadata_asks_for(hint, tmp_path):
    strings = ("string", "large_string", "binary")
    for kind in strings if hint.get("lance-encoding:compression") == "fsst" else (*strings, "int32", "float64", "int8", "decimal128"):
        for version, values in itertools.product(VERSIONS[1:], random_data.VALUES):
            column = random_data.column(kind, values, "tenth", 7000, 1)
            table = marked("a", column, hint)
            check(write_file(str(tmp_path / f"{version}{kind}{values}"), table, version), table, f"{version} {kind} {values}")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ("string", "int64", "float64", "decimal128", "list_string", "timestamp_us", "list_struct"))
def test_oracle_reads_large_pages(kind, version, tmp_path):
    if version == "2.0" and "struct" in kind:
        pytest.skip("2.0 has no null structs")
    for values, nulls in itertools.product(random_data.VALUES, ("none", "tenth", "runs")):
        table = pa.table({"a": random_data.column(kind, values, nulls, 60000, 2)})
        path = write_file(str(tmp_path / f"{values}{nulls}"), table, version)
        assert os.path.getsize(path) > 0
        check(path, table, f"{values} {nulls}")


@pytest.mark.parametrize("version", ["2.1", "2.2"])
@pytest.mark.parametrize("codec", [None, "zstd", "lz4"])
def test_oracle_reads_columns_of_orders(version, codec, tmp_path):
    """Prices, keys, dates, words and sentences that come again, with and without a compressor asked for."""
    rows, rng = 150_000, np.random.default_rng(11)
    sentences = pa.array([f"sentence {i} of {i % 97} words" * (i % 3) for i in range(20_000)])
    quantity = rng.integers(1, 51, rows)
    columns = {
        "key": pa.array(np.sort(rng.integers(0, 1 << 22, rows))),
        "part": pa.array(rng.integers(0, 200_000, rows)),
        "price": pa.array(np.round(quantity * rng.integers(90_000, 110_000, rows) / 100, 2)),
        "quantity": pa.array(quantity.astype(float)),
        "date": pa.array(rng.integers(8000, 10500, rows), pa.int32()).cast(pa.date32()),
        "small": pa.array(rng.integers(0, 7, rows), pa.int32(), mask=rng.random(rows) < 0.1),
        "flag": pa.array(rng.random(rows) < 0.5),
        "sentence": sentences.take(pa.array(rng.integers(0, len(sentences), rows), mask=rng.random(rows) < 0.1)),
        "unique": pa.array([f"{i:x} row" for i in rng.integers(0, 1 << 60, rows)]),
        "vector": pa.FixedSizeListArray.from_arrays(pa.array(rng.random(rows * 4), pa.float32()), 4),
    }
    metadata = {"lance-encoding:compression": codec} if codec else None
    schema = pa.schema([pa.field(name, column.type, metadata=metadata) for name, column in columns.items()])
    table = pa.table(list(columns.values()), schema=schema)
    path = write_file(str(tmp_path / "orders.lance"), table, version)
    check(path, table)
    assert os.path.getsize(path) < 0.75 * table.nbytes


@pytest.mark.parametrize("nulls", ("none", "tenth", "all", "alternate"))
def test_oracle_reads_blobs(nulls, tmp_path):
    rng = np.random.default_rng(1)
    mask = random_data.null_mask(nulls, 300, rng)
    values = [None if m else bytes(rng.integers(0, 255, i * 7 % 900, dtype=np.uint8)) for i, m in enumerate(mask)]
    table = marked("a", pa.array(values, pa.large_binary()), {"lance-encoding:blob": "true"})
    for version in VERSIONS[:2]:
        check(write_file(str(tmp_path / version), table, version, batch_rows=64), table, version)


def test_oracle_reads_lists_of_structs_of_fixed_size(tmp_path):
    for nulls in ("none", "tenth", "all"):
        items = random_data.column("struct", "random", "tenth", 6000, 3)
        rng = np.random.default_rng(2)
        mask = pa.array(random_data.null_mask(nulls, 2000, rng))
        table = pa.table({"a": pa.FixedSizeListArray.from_arrays(items, 3, mask=mask)})
        check(write_file(str(tmp_path / nulls), table, "2.2", batch_rows=300), table, nulls)


def test_oracle_reads_wide_rows(tmp_path):
    rng = np.random.default_rng(4)
    rows = 40
    texts = pa.array([None if i % 9 == 4 else "x" * int(n) for i, n in enumerate(rng.integers(0, 90000, rows))])
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(rng.random(rows * 1536), pa.float32()), 1536)
    lists = pa.array([[i] * int(n) for i, n in enumerate(rng.integers(0, 200000, rows))], pa.list_(pa.int64()))
    empties = pa.array([[[]] * int(n) for n in rng.integers(0, 200000, rows)], pa.list_(pa.list_(pa.int8())))
    table = pa.table({"texts": texts, "vectors": vectors, "lists": lists, "empties": empties})
    for version in VERSIONS:
        check(write_file(str(tmp_path / version), table, version, data_cache_bytes=1 << 22), table, version)


@pytest.mark.parametrize("nulls", ("none", "all"))
def test_oracle_reads_lists_of_structs_of_2_0(nulls, tmp_path):
    rng = np.random.default_rng(1)
    for rows in (0, 1, 3000):
        sizes = np.zeros(rows, int) if nulls == "all" else rng.integers(0, 5, rows)
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        total = int(offsets[-1])
        members = [random_data.column(kind, "random", "tenth", total, 1) for kind in ("int32", "string", "list_i32")]
        items = pa.StructArray.from_arrays(members, ["a", "b", "c"])
        lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), items,
                                         mask=pa.array(random_data.null_mask(nulls, rows, rng)))
        table = pa.table({"a": lists})
        check(write_file(str(tmp_path / str(rows)), table, "2.0", batch_rows=700, data_cache_bytes=9000), table, str(rows))


def test_oracle_reads_many_columns_and_global_buffers(tmp_path):
    table = random_data.table(3000, 9)
    for version in VERSIONS[1:]:
        path = write_file(str(tmp_path / version), table, version, batch_rows=999)
        check(path, table, version)
        assert LanceFileReader(path).metadata().num_rows == 3000


def test_lists_of_values_under_nulls_are_dropped(tmp_path):
    offsets = pa.array([0, 3, 5, 9, 9, 12], pa.int32())
    values = pa.array(range(12), pa.int64())
    hidden = pa.ListArray.from_arrays(offsets, values, mask=pa.array([False, True, False, True, True]))
    outer = pa.StructArray.from_arrays([hidden], ["l"], mask=pa.array([True, False, False, False, False]))
    table = pa.table({"l": hidden, "s": outer})
    for version in VERSIONS[1:]:
        check(write_file(str(tmp_path / version), table, version), table, version)


