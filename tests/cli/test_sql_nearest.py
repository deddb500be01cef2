"""ORDER BY array_distance(...) LIMIT k: the rows that DuckDB finds by comparing all, or those of an index when that is allowed."""

import lance
import numpy as np
import pyarrow as pa
import pytest

DIM, ROWS = 8, 3000
CALLS = {"l2": ["array_distance({v}, {q})", "array_distance({q}, {v})", "{v} <-> {q}"], "cosine": ["array_cosine_distance({v}, {q})"],
         "dot": ["array_negative_inner_product({v}, {q})"]}  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A table with an L2 index, another of doubles without; nulls stay out: DuckDB would give them last."""
    folder = tmp_path_factory.mktemp("nearest")
    values = np.random.default_rng(1).standard_normal((ROWS, DIM))
    for name, element in (("single", pa.float32()), ("double", pa.float64())):
        column = pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)).cast(element), DIM)
        table = pa.table({"id": pa.array(range(ROWS)), "s": [f"s{i % 7}" for i in range(ROWS)], "v": column})
        dataset = lance.write_dataset(table, folder / f"{name}.lance", max_rows_per_file=1000)
        dataset.delete("id % 10 = 3")
        if name == "single":
            dataset.create_index("v", "IVF_FLAT", num_partitions=6)
    return folder


def literal(seed, element):
    values = ", ".join(f"{x:.3f}" for x in np.random.default_rng(seed).standard_normal(DIM))
    return f"[{values}]::{element}[{DIM}]"


def rows(query, sql, **settings):
    head = "".join(f"SET {name} = {value!r};" for name, value in settings.items())
    return query(head + sql).to_pylist()


@pytest.mark.parametrize("table,element", [("single", "FLOAT"), ("double", "DOUBLE")])
@pytest.mark.parametrize("metric", CALLS)
def test_exact_search_gives_what_a_sort_gives(query, data, table, element, metric):
    random = np.random.default_rng(2)
    for seed, call in enumerate(CALLS[metric] * 2):
        where = random.choice(["", "WHERE id > 500", "WHERE s = 's3' AND id < 2500", "WHERE length(s) = 2 AND id % 3 = 1", "WHERE id < 0"])
        limit, offset = int(random.integers(1, 40)), int(random.integers(0, 5))
        q = call.format(v="v", q=literal(seed, element))
        sql = f"SELECT id, s, {q} d FROM '{data}/{table}.lance' {where} ORDER BY {q} LIMIT {limit} OFFSET {offset}"
        assert rows(query, sql, lance_ann="exact") == rows(query, sql, lance_ann="off"), sql


def test_an_index_is_used_where_it_is_allowed(query, data):
    sql = f"SELECT id FROM '{data}/single.lance' WHERE id > 100 ORDER BY array_distance(v, {literal(5, 'FLOAT')}) LIMIT 9"
    plans = {mode: str(rows(query, f"EXPLAIN {sql}", lance_ann=mode)) for mode in ("off", "exact", "on")}
    assert "Nearest" not in plans["off"]
    assert "Search: exact" in plans["exact"] and "`id` > 100" in plans["exact"]
    assert "Search: index v_idx" in plans["on"]
    # All partitions of an index of whole vectors: exact again.
    assert rows(query, sql, lance_ann="on", lance_nprobes=6) == rows(query, sql)
    few = rows(query, sql, lance_ann="on", lance_nprobes=1)
    dataset = lance.dataset(str(data / "single.lance"))
    q = np.array(eval(literal(5, "FLOAT").split("::")[0]), dtype=np.float32)
    found = dataset.to_table(columns=["id"], filter="id > 100", prefilter=True, nearest={"column": "v", "q": q, "k": 9, "nprobes": 1})
    assert [row["id"] for row in few] == found["id"].to_pylist()


@pytest.mark.parametrize("order", [
    "array_distance(v, {q}) DESC", "array_distance(v, {q}), id", "array_distance(v, {q}) NULLS FIRST", "array_distance(v, {q}) + id",
    "array_inner_product(v, {q})", "id",
])  # fmt: skip
def test_other_orders_stay_with_duckdb(query, data, order):
    sql = f"SELECT id FROM '{data}/single.lance' ORDER BY {order.format(q=literal(6, 'FLOAT'))} LIMIT 5"
    assert "Nearest" not in str(rows(query, f"EXPLAIN {sql}", lance_ann="on"))
    assert rows(query, sql, lance_ann="on") == rows(query, sql)


@pytest.mark.parametrize("source", [
    "(SELECT * FROM '{t}' LIMIT 50)", "(SELECT DISTINCT * FROM '{t}')", "'{t}' USING SAMPLE 10 ROWS (reservoir, 7)",
    "(SELECT * FROM '{t}' WHERE hash(id) % 2 = 0)", "(SELECT a.* FROM '{t}' a JOIN '{t}' b USING (id))",
])  # fmt: skip
def test_rows_that_are_not_all_of_a_table_stay_with_duckdb(query, data, source):
    sql = f"SELECT id FROM {source.format(t=data / 'double.lance')} ORDER BY array_distance(v, {literal(7, 'DOUBLE')}) LIMIT 5"
    assert "Nearest" not in str(rows(query, f"EXPLAIN {sql}", lance_ann="exact"))


def test_settings_are_checked(run):
    for setting in ("lance_ann = 'fast'", "lance_nprobes = 0", "lance_refine_factor = -1"):
        assert run("sql", "-c", f"SET {setting}").code != 0
    assert "'off', 'exact' or 'on'" in run("sql", "-c", "SET lance_ann = 'fast'").err


def test_narrow_floats_stay_with_duckdb(query, tmp_path):
    values = np.random.default_rng(4).standard_normal((50, DIM)).astype(np.float16)
    lance.write_dataset(pa.table({"v": pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), DIM)}), tmp_path / "t.lance")
    sql = f"EXPLAIN SELECT 1 FROM '{tmp_path}/t.lance' ORDER BY array_distance(v, {literal(1, 'FLOAT')}) LIMIT 3"
    assert "Nearest" not in str(rows(query, sql, lance_ann="exact"))
