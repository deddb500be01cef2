"""BTREE indices: files like pylance's from us, each side uses what the other built, merges by key through an index."""

import lance
import numpy as np
import pyarrow as pa
import pytest
from btree_data import MAKERS, bits, column
from lance.file import LanceFileReader

import lance_cpp
from lance_cpp.indices import IndexConfig

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


def literal(value, kind):
    if value is None:
        return "null"
    if kind.startswith(("int", "uint", "float")):
        return repr(float(value)) if kind.startswith("float") else str(value)
    if kind == "bool":
        return str(value).lower()
    if "string" in kind:
        return "'" + value + "'"
    if "binary" in kind:
        return f"x'{value.hex()}'"
    if kind.startswith("decimal"):
        return str(value)
    return None


def conditions(kind, values, rng):
    """Random conditions on the column `k`, and on `x` and `i` beside it."""
    texts = [literal(value, kind) for value in rng.choice(values, 12)]
    texts = [text for text in texts if text not in (None, "null", "nan", "inf", "-inf")] or ["null"]
    pick = lambda: texts[rng.integers(0, len(texts))]  # noqa: E731
    yield "k IS NULL"
    yield "k IS NOT NULL"
    for op in ("=", "<", "<=", ">", ">=", "!="):
        yield f"k {op} {pick()}"
    yield f"k IN ({pick()}, {pick()}, {pick()}, {pick()}, {pick()})"
    yield f"k NOT IN ({pick()}, {pick()})"
    yield f"k BETWEEN {pick()} AND {pick()}"
    yield f"NOT (k = {pick()} OR k > {pick()})"
    yield f"k = {pick()} OR k IS NULL"
    yield f"k = {pick()} AND x < 50"
    yield f"k = {pick()} OR i = 17"
    yield f"k > {pick()} AND i IN (3, 4, 5, 4000)"
    yield f"(k < {pick()} OR x = 3) AND i < 2000"
    if kind == "string":
        yield "k LIKE 'k1%'"
        yield "starts_with(k, 'k2')"
        yield "k LIKE 'k_5%'"
    if kind == "bool":
        yield "k"
        yield "NOT k AND i < 500"


@pytest.mark.parametrize("stable", [False, True])
@pytest.mark.parametrize("kind", [kind for kind in MAKERS if kind[0] not in "td" or kind.startswith("decimal")])
def test_filters_find_the_same_rows_with_and_without_an_index(tmp_path, kind, stable):
    rng = np.random.default_rng(sum(kind.encode()))
    rows = 9000

    def rows_of(count, seed, start):
        return pa.table({"k": column(kind, count, 0.1, seed), "x": pa.array(rng.integers(0, 100, count)),
                         "i": pa.array(range(start, start + count))})  # fmt: skip

    table = rows_of(rows, 5, 0)
    ours, theirs = pair(tmp_path, table, max_rows_per_file=3500, enable_stable_row_ids=stable)
    # Pages of other sizes than usual, so that there are many.
    small = IndexConfig("btree", {"zone_size": 200})
    lance_cpp.dataset(ours).create_scalar_index("k", small if stable else "BTREE")
    lance_cpp.dataset(ours).create_scalar_index("i", "BTREE")
    lance.dataset(theirs).create_scalar_index("k", "BTREE")
    lance.dataset(theirs).create_scalar_index("i", "BTREE")
    more = rows_of(800, 6, rows)
    for path in (ours, theirs):
        lance.dataset(path).delete("i % 7 = 3")
        lance.write_dataset(more, path, mode="append")
        lance.dataset(path).update({"x": "x + 1"}, "i < 900")
    used = 0
    for condition in conditions(kind, table["k"].to_pylist(), rng):
        try:
            expected = lance.dataset(theirs).scanner(columns=["i"], filter=condition, use_scalar_index=False).to_table()
        except (OSError, ValueError):
            continue
        for path in (ours, theirs):
            dataset = lance_cpp.dataset(path)
            scanner = dataset.scanner(columns=["i"], filter=condition)
            used += "ScalarIndexQuery" in scanner.explain_plan()
            assert scanner.to_table()["i"].to_pylist() == expected["i"].to_pylist(), (condition, path)
            assert dataset.count_rows(condition) == expected.num_rows, condition
            assert dataset.scanner(filter=condition, use_scalar_index=False).count_rows() == expected.num_rows
            got = dataset.to_table(columns=["i"], filter=condition, limit=5, offset=2)["i"].to_pylist()
            assert got == expected["i"].to_pylist()[2:7], condition
            # pylance's answer from our index, in any order.
            got = lance.dataset(path).to_table(columns=["i"], filter=condition)["i"].to_pylist()
            assert sorted(got) == sorted(expected["i"].to_pylist()), (condition, path)
    assert used > 3


@pytest.mark.parametrize("stable", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_an_index_outlives_all_changes_of_the_table(tmp_path, seed, stable):
    """A random history by both sides, told to a model; the index finds what the model has."""
    rng = np.random.default_rng(seed)
    path, rows, next_id, deferred = tmp_path / "t", {}, 0, False

    def made(count):
        nonlocal next_id
        out = [{"i": next_id + n, "k": None if rng.random() < 0.1 else int(rng.integers(0, 60)), "x": int(rng.integers(0, 9))}
               for n in range(count)]  # fmt: skip
        next_id += count
        return out

    def table_of(some):
        return pa.Table.from_pylist(some, schema=pa.schema([("i", pa.int64()), ("k", pa.int32()), ("x", pa.int64())]))

    def append(side):
        new = made(int(rng.integers(1, 3000)))
        side.write_dataset(table_of(new), path, mode="append", max_rows_per_file=1000)
        rows.update((row["i"], row) for row in new)

    def delete(side):
        key = int(rng.integers(0, 60))
        side.dataset(path).delete(f"k = {key} AND x < 5")
        for i in [i for i, row in rows.items() if row["k"] == key and row["x"] < 5]:
            del rows[i]

    def update(side):
        key, value = int(rng.integers(0, 60)), int(rng.integers(0, 60))
        side.dataset(path).update({"k": str(value)}, f"k = {key}")
        for row in rows.values():
            row["k"] = value if row["k"] == key else row["k"]

    def merge_rows(side):
        some = [dict(rows[int(i)]) for i in rng.choice(sorted(rows), min(20, len(rows)), replace=False)] + made(5)
        for row in some:
            row["k"] = int(rng.integers(0, 60))
        side.dataset(path).merge_insert("i").when_matched_update_all().when_not_matched_insert_all().execute(table_of(some))
        rows.update((row["i"], row) for row in some)

    def optimize(side):
        side.dataset(path).optimize.optimize_indices(num_indices_to_merge=int(rng.integers(0, 3)))

    def compact(side):
        nonlocal deferred
        defer = bool(rng.random() < 0.3) and not stable
        # pylance 14.0.2 finds rows no more when it compacts what a deferred compaction of its own moved.
        side = lance_cpp if deferred else side
        deferred = deferred or defer
        side.dataset(path).optimize.compact_files(target_rows_per_fragment=int(rng.integers(500, 4000)), defer_index_remap=defer)

    def create(side):
        side.dataset(path).create_scalar_index(["k", "i"][rng.integers(0, 2)], "BTREE")

    first = made(3000)
    lance.write_dataset(table_of(first), path, max_rows_per_file=1000, enable_stable_row_ids=stable)
    rows.update((row["i"], row) for row in first)
    lance_cpp.dataset(path).create_scalar_index("k", "BTREE")
    lance.dataset(path).create_scalar_index("i", "BTREE")
    moves = [append, delete, update, merge_rows, merge_rows, optimize, compact, create]
    log = []
    for _ in range(14):
        move, side = moves[rng.integers(0, len(moves))], [lance, lance_cpp][rng.integers(0, 2)]
        log.append(f"{move.__name__} by {side.__name__}")
        move(side)
        for reader in (lance, lance_cpp):
            dataset = reader.dataset(path)
            assert dataset.count_rows() == len(rows), (reader.__name__, log)
            for key in rng.integers(0, 60, 3):
                got = dataset.to_table(columns=["i"], filter=f"k = {key}")["i"].to_pylist()
                want = sorted(i for i, row in rows.items() if row["k"] == key)
                assert sorted(got) == want, (reader.__name__, int(key), log)
            got = dataset.to_table(columns=["i"], filter="k IS NULL AND i < 500")["i"].to_pylist()
            assert sorted(got) == sorted(i for i, row in rows.items() if row["k"] is None and i < 500), (reader.__name__, log)


def test_plans_show_the_index_as_pylance_does(tmp_path):
    table = pa.table({"i": range(9000), "s": [f"s{n % 50}" for n in range(9000)], "f": [n / 4 for n in range(9000)],
                      "b": [bytes([n % 256]) * 12 for n in range(9000)]})  # fmt: skip
    dataset = lance.write_dataset(table, tmp_path / "t")
    for name in table.schema.names:
        dataset.create_scalar_index(name, "BTREE")
    for condition in (
        "i = 5", "i IN (1, 2, 3)", "i IN (1, 2, 3, 9)", "i > 5 AND i < 9", "i BETWEEN 3 AND 5", "i >= 5000 AND i <= 0",
        "i > 5 AND s = 's3'", "f IS NULL", "f IS NOT NULL", "i = 5 OR s = 's3'", "NOT (i = 5)", "i != 5", "f = 0.0",
        "s LIKE 's1%'", "starts_with(s, 's1')", "i NOT IN (1, 2, 3, 4, 5)", "i < 9 AND i != 3", "b = x'0101'",
    ):  # fmt: skip
        lines = []
        for module in (lance, lance_cpp):
            plan = module.dataset(tmp_path / "t").scanner(columns=["f"], filter=condition).explain_plan(True)
            lines.append([line.strip() for line in plan.split("\n") if "ScalarIndexQuery" in line])
        assert lines[0] == lines[1] and len(lines[0]) == 1, condition


def test_a_warm_index_reads_no_pages(tmp_path):
    lance_cpp.write_dataset(pa.table({"i": range(20_000)}), tmp_path / "t")
    lance_cpp.dataset(tmp_path / "t").create_scalar_index("i", "BTREE")
    seen = []
    session = lance_cpp.Session()
    dataset = lance_cpp.dataset(tmp_path / "t", session=session)
    for _ in range(2):
        dataset.scanner(filter="i < 10", scan_stats_callback=seen.append).to_table()
    dataset.prewarm_index("i_idx")
    dataset.scanner(filter="i IN (4000, 9000, 19000)", scan_stats_callback=seen.append).to_table()
    assert [stats.parts_loaded for stats in seen] == [1, 0, 0]


def test_a_vector_search_with_a_filter_asks_the_index(tmp_path):
    rng = np.random.default_rng(3)
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(rng.random(2000 * 8).astype(np.float32)), 8)
    dataset = lance_cpp.write_dataset(pa.table({"i": range(2000), "v": vectors}), tmp_path / "t")
    dataset.create_scalar_index("i", "BTREE")
    dataset.create_index("v", "IVF_FLAT", num_partitions=4)
    query = {"column": "v", "q": np.zeros(8, np.float32), "k": 5}
    expected = dataset.to_table(nearest=query, filter="i < 300", prefilter=True, use_scalar_index=False)
    scanner = dataset.scanner(nearest=query, filter="i < 300", prefilter=True)
    assert "ScalarIndexQuery: query=[i < 300]@i_idx(BTree)" in scanner.explain_plan()
    assert scanner.to_table().equals(expected)


@pytest.mark.parametrize("version", ["legacy", "2.0", "2.1", "2.2"])
def test_tables_of_all_versions_and_members_of_structs(tmp_path, version):
    table = pa.table({"i": np.random.default_rng(0).permutation(9000),
                      "m": [{"a": n % 7, "b": f"x{n % 5}"} for n in range(9000)]})  # fmt: skip
    lance.write_dataset(table, tmp_path / "t", data_storage_version=version, max_rows_per_file=2500)
    for name in ("i", "m.a", "m.b"):
        lance_cpp.dataset(tmp_path / "t").create_scalar_index(name, "BTREE")
    dataset, reference = lance_cpp.dataset(tmp_path / "t"), lance.dataset(tmp_path / "t")
    assert [index["fields"] for index in dataset.list_indices()] == [index["fields"] for index in reference.list_indices()]
    for condition in ("i = 77", "m.a = 3 AND i < 100", "m.b = 'x3' AND i < 500", "m.a IS NULL"):
        scanner = dataset.scanner(columns=["i"], filter=condition)
        assert "ScalarIndexQuery" in scanner.explain_plan()
        expected = reference.to_table(columns=["i"], filter=condition)["i"].to_pylist()
        assert sorted(scanner.to_table()["i"].to_pylist()) == sorted(expected)
        assert dataset.scanner(filter=condition, use_scalar_index=False).count_rows() == len(expected)


def test_describes_indices_as_pylance_does(tmp_path):
    table = pa.table({"i": range(5000), "m": [{"a": n % 7} for n in range(5000)]})
    lance.write_dataset(table, tmp_path / "t", max_rows_per_file=2000)
    lance_cpp.dataset(tmp_path / "t").create_scalar_index("i", "BTREE")
    lance.dataset(tmp_path / "t").create_scalar_index("m.a", "BTREE", name="members")
    lance.write_dataset(table, tmp_path / "t", mode="append")
    lance.dataset(tmp_path / "t").delete("i = 7")
    lance_cpp.dataset(tmp_path / "t").optimize.optimize_indices(num_indices_to_merge=0, index_names=["i_idx"])
    ours, theirs = (module.dataset(tmp_path / "t").describe_indices() for module in (lance_cpp, lance))
    assert [repr(index) for index in ours] == [repr(index) for index in theirs]
    for a, b in zip(ours, theirs):
        assert (a.index_type, a.details) == (b.index_type, b.details)
        for x, y in zip(a.segments, b.segments):
            for name in ("uuid", "size_bytes", "created_at", "index_version", "dataset_version_at_last_update", "base_id"):
                assert getattr(x, name) == getattr(y, name), name
            assert set(x.fragment_ids) == set(y.fragment_ids)
