"""EXPLAIN says what a scan takes over from DuckDB."""

import json

import pytest


@pytest.fixture
def plan(run):

    def call(sql):
        result = run("sql", "EXPLAIN (FORMAT json) " + sql, "--format", "jsonl")
        assert result.code == 0, result.err
        text = list(json.loads(result.out.splitlines()[0]).values())[-1]
        nodes = {}

        def visit(node):
            nodes.setdefault(node["name"].strip(), []).append(node["extra_info"])
            for child in node["children"]:
                visit(child)

        for root in json.loads(text):
            visit(root)
        return nodes

    return call


def test_projection_and_filter_are_pushed(plan, pair):
    nodes = plan(f"SELECT s FROM '{pair.lance}' WHERE i32 > 5 AND d = DATE '2001-02-03'")
    scan, = nodes["LANCE_SCAN"]
    assert "FILTER" not in nodes
    assert "`i32` > 5" in scan["Pushed Filters"]
    assert "`d` = date '2001-02-03'" in scan["Pushed Filters"]
    assert scan["Projections"] == "s"


@pytest.mark.parametrize("where,pushed", [
    ("s LIKE 'ab%'", "starts_with(`s`, 'ab')"),
    ("s LIKE 'a_c'", "`s` LIKE 'a_c'"),
    ("st.x = 3", "`st`.`x` = 3"),
    ("\"Odd name\" = 3", "`Odd name` = 3"),
    ("i32 IN (1, 2)", "`i32` IN (1, 2)"),
    ("i32 IS NULL", "`i32` IS NULL"),
    ("b", "`b`"),
    ("NOT b", "NOT (`b`)"),
    ("ts > TIMESTAMP '2020-01-01'", "`ts` > timestamp '2020-01-01 00:00:00.000000'"),
    ("i32 = 1 OR s = 'x'", "(`i32` = 1 OR `s` = 'x')"),
])
def test_exact_filters_leave_the_plan(plan, pair, where, pushed):
    nodes = plan(f"SELECT id FROM '{pair.lance}' WHERE {where}")
    assert nodes["LANCE_SCAN"][0]["Pushed Filters"] == pushed
    assert "FILTER" not in nodes


@pytest.mark.parametrize("where,pushed", [
    ("f64 > 1.5", "isnan(`f64`)"),
    ("i32 > 5 AND length(s) > 2", "`i32` > 5"),
    ("length(s) > 2", None),
    (r"s LIKE 'a\_c'", None),
    ("i32 > 5 OR length(s) > 2", None),
    ("NOT (i32 > 5 AND length(s) > 2)", None),
])
def test_what_is_not_exact_is_checked_again(plan, pair, where, pushed):
    nodes = plan(f"SELECT id FROM '{pair.lance}' WHERE {where}")
    assert "FILTER" in nodes
    filters = nodes["LANCE_SCAN"][0].get("Pushed Filters")
    assert (pushed in filters) if pushed else filters is None


def test_limit_is_pushed_through_projections_only(plan, pair):
    nodes = plan(f"SELECT s, id + 1 FROM '{pair.lance}' WHERE i32 > 5 LIMIT 3 OFFSET 4")
    assert nodes["LANCE_SCAN"][0]["Pushed Limit"] == "7"
    for sql in (f"SELECT s FROM '{pair.lance}' WHERE length(s) > 2 LIMIT 3", f"SELECT DISTINCT s FROM '{pair.lance}' LIMIT 3",
                f"SELECT s FROM '{pair.lance}' ORDER BY id LIMIT 3"):
        assert "Pushed Limit" not in plan(sql)["LANCE_SCAN"][0], sql


def test_count_needs_no_scan(plan, pair):
    nodes = plan(f"SELECT count(*) FROM '{pair.lance}'")
    assert "LANCE_SCAN" not in nodes
    assert "LANCE_SCAN" in plan(f"SELECT count(*) FROM '{pair.lance}' WHERE i32 > 5")


def test_vector_search_shows_itself(plan, vectors):
    uri, _ = vectors
    scan, = plan(f"SELECT id FROM lance_vector_search('{uri}', 'v', {[0.5] * 16}, k => 3, filter => 'g = 1')")["LANCE_VECTOR_SEARCH"]
    assert scan["Nearest"] == "v k=3"
    assert scan["Prefilter"] == "g = 1"
