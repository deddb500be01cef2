"""BTREE indices: files like pylance's from us, each side uses what the other built, merges by key through an index."""

import lance
import numpy as np
import pyarrow as pa
import pytest
from btree_data import MAKERS, bits, column
from lance.file import LanceFileReader

import lance_cpp

# Rows around the ends of pages of 4096 rows, and the share of nulls.
SHAPES = [(0, 0), (1, 0), (1, 1), (4095, 0.1), (4096, 0), (4097, 0.3), (8192, 0.5), (9000, 1), (12288, 0.34)]


def pair(tmp_path, table, **options):
    for name in ("ours", "theirs"):
        lance.write_dataset(table, tmp_path / name, **options)
    return tmp_path / "ours", tmp_path / "theirs"


def index_file(dataset, name, file):
    uuid = next(index["uuid"] for index in dataset.list_indices() if index["name"] == name)
    return LanceFileReader(f"{dataset.uri}/_indices/{uuid}/{file}")


@pytest.mark.parametrize("rows,nulls", SHAPES)
def test_files_are_those_of_pylance(tmp_path, rows, nulls):
    table = pa.table({kind: column(kind, rows, nulls, seed) for seed, kind in enumerate(MAKERS)})
    ours, theirs = pair(tmp_path, table, max_rows_per_file=5000)
    for kind in MAKERS:
        lance_cpp.dataset(ours).create_scalar_index(kind, "BTREE")
        lance.dataset(theirs).create_scalar_index(kind, "BTREE")
    ours, theirs = lance.dataset(ours), lance.dataset(theirs)
    for kind in MAKERS:
        name = f"{kind}_idx"
        for file in ("page_lookup.lance", "page_data.lance"):
            a, b = index_file(ours, name, file), index_file(theirs, name, file)
            assert a.metadata().schema.equals(b.metadata().schema, check_metadata=True), (kind, file)
            assert a.num_rows() == b.num_rows(), (kind, file)
            if a.num_rows() == 0:
                continue
            a, b = a.read_all().to_table(), b.read_all().to_table()
            for field in a.schema.names:
                if field == "ids":  # rows with equal values come in any order
                    assert sorted(a[field].to_pylist()) == sorted(b[field].to_pylist()), kind
                else:
                    assert bits(a[field].combine_chunks()) == bits(b[field].combine_chunks()), (kind, file, field)
        expected = theirs.stats.index_stats(name)
        for dataset in (ours, lance_cpp.dataset(ours.uri), lance_cpp.dataset(theirs.uri)):
            got = dataset.stats.index_stats(name)
            assert got | {"updated_at_timestamp_ms": 0} == expected | {"updated_at_timestamp_ms": 0}, kind


def test_small_memory_gives_the_same_index(tmp_path):
    table = pa.table({kind: column(kind, 60_000, 0.1, 7) for kind in ("int64", "string", "float32")})
    lance.write_dataset(table, tmp_path / "t")
    read = {}
    for kind in table.schema.names:
        for budget in (1, 200_000, 1 << 30):
            dataset = lance_cpp.dataset(tmp_path / "t")
            dataset.create_scalar_index(kind, "BTREE", memory_budget_bytes=budget)
            read[budget] = index_file(dataset, f"{kind}_idx", "page_data.lance").read_all().to_table()
        for budget in (1, 200_000):
            assert bits(read[budget]["values"].combine_chunks()) == bits(read[1 << 30]["values"].combine_chunks())
            assert read[budget]["ids"].to_pylist() == read[1 << 30]["ids"].to_pylist(), kind


def merge(dataset, source, form, use_index):
    builder = dataset.merge_insert("k").use_index(use_index)
    if "update" in form:
        builder = builder.when_matched_update_all("target.x < source.x" if "if" in form else None)
    if "delete" in form:
        builder = builder.when_matched_delete()
    if "insert" in form:
        builder = builder.when_not_matched_insert_all()
    return builder.execute(source)


@pytest.mark.parametrize("stable", [False, True])
@pytest.mark.parametrize("builder", [lance, lance_cpp])
@pytest.mark.parametrize("kind", ["int32", "string", "float64", "decimal128", "bool", "timestamp", "fixed_size_binary"])
def test_merges_are_the_same_with_and_without_the_index(tmp_path, builder, kind, stable):
    """Keys repeat in the table and are null in both; fragments come and rows go after the index was built."""
    rng = np.random.default_rng(11)
    rows = 20_000

    def rows_of(count, seed):
        return pa.table({"k": column(kind, count, 0.05, seed), "x": pa.array(rng.integers(0, 100, count))})

    paths = [tmp_path / "with", tmp_path / "without"]
    first = rows_of(rows, 1)
    for path in paths:
        lance.write_dataset(first, path, max_rows_per_file=6000, enable_stable_row_ids=stable)
    builder.dataset(paths[0]).create_scalar_index("k", "BTREE")
    for step, form in enumerate(["insert", "delete", "insert delete", "update", "insert update if"]):
        more = rows_of(300, 20 + step)
        source = rows_of(40, 100 + step)
        # Of several source rows with one key only one may update.
        keep = [i for i, key in enumerate(bits(source["k"].combine_chunks())) if key not in bits(source["k"].combine_chunks())[:i]]
        source = source.take(keep)
        results = []
        for path in paths:
            dataset = lance_cpp.dataset(path)
            results.append(merge(dataset, source, form, path == paths[0]))
            dataset.delete(f"x = {step}")
            lance.write_dataset(more, path, mode="append")
        assert results[0] == results[1], form
        tables = [lance_cpp.dataset(path).to_table() for path in paths]
        assert tables[0]["x"].to_pylist() == tables[1]["x"].to_pylist(), form
        assert bits(tables[0]["k"].combine_chunks()) == bits(tables[1]["k"].combine_chunks()), form
    assert lance.dataset(paths[0]).count_rows() == tables[0].num_rows
