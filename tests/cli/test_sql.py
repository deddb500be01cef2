"""The same query over a Lance dataset and over a Parquet file of the same rows gives the same answer."""

import json

import lance
import numpy as np
import pyarrow as pa
import pytest

FILTERS = [
    "i32 > 10", "i32 >= 10 AND i32 < 20", "i32 = 7 OR i32 = -7", "i32 <> 3", "i32 BETWEEN -5 AND 5", "i32 IN (1, 2, 3, 49)",
    "i32 NOT IN (1, 2, 3)", "NOT (i32 > 0)", "NOT (i32 > 0 AND b)", "i32 IS NULL", "i32 IS NOT NULL AND b", "b", "NOT b", "b IS NULL",
    "b = false", "i8 = -128", "i8 > 100", "u8 >= 250", "u64 > 4611686018427387904", "i64 < -4000000000000000000",
    "i64 > 9223372036854775807", "i64 = -9223372036854775808",
    "f64 > 0", "f64 >= 0", "f64 < 0", "f64 <= 0", "f64 = 0", "f64 <> 0", "f64 > 1.5", "f64 < -1.5", "f64 = 0.1", "f64 > 1e308",
    "f64 = 'nan'::DOUBLE", "f64 < 'nan'::DOUBLE", "f64 = 'inf'::DOUBLE", "f64 BETWEEN -1 AND 1", "f64 IN (0, 1.5)", "f64 IS NULL",
    "isnan(f64)", "f32 > 0", "f32 >= 0", "f32 = 0.1", "f32 = 0.1::FLOAT", "f32 < 0.1::FLOAT", "f32 <= 1.5", "f32 = 0", "f32 < -1e30",
    "NOT (f64 > 0)", "NOT (f32 <= 0)",
    "s = 'abc'", "s > 'ab'", "s <= 'a'", "s <> ''", "s = ''", "s IN ('a', 'zebra', 'été')", "s LIKE 'a%'", "s LIKE '%c'", "s LIKE '%b%'",
    "s LIKE 'a_c'", r"s LIKE 'a\_c'", r"s LIKE 'a\%c' ESCAPE '\'", "s NOT LIKE 'a%'", "s ILIKE 'A%'", "s = 'it''s'", "starts_with(s, 'ab')",
    "suffix(s, 'c')", "contains(s, 'b')", "length(s) > 3", "upper(s) = 'ABC'", "s = ls", "s < ls", "ls LIKE 'a%'", "s SIMILAR TO 'a.*'",
    r"s LIKE 'a\c'", "s IS DISTINCT FROM 'a'", "s > '日'",
    "d > DATE '2000-01-01'", "d = DATE '1999-12-31'", "d BETWEEN DATE '1990-01-01' AND DATE '2010-06-30'", "d < DATE '0001-01-01'",
    "d > '1995-05-05'", "year(d) = 2001",
    "ts > TIMESTAMP '2000-01-01 00:00:00'", "ts <= TIMESTAMP '1999-12-31 23:59:59.999999'", "ts > TIMESTAMP '2500-01-01'", "ts::DATE = DATE '2000-01-01'",
    "tz > TIMESTAMPTZ '2000-01-01 00:00:00+00'", "dec > 100", "dec = 12.34", "dec BETWEEN -1000.5 AND 1000.25", "dec IN (1, 2, 3.5)",
    "dec > 99999999999.99", "bin = '\\x00'::BLOB", "bin > '\\x80'::BLOB", "bin IS NULL", "st.x > 20", "st.x = 5 AND st.y = 'abc'", "st.y LIKE 'a%'",
    "st IS NULL", "st.x IS NULL", "len(l) > 2", "list_contains(l, 3)", "l IS NULL", "\"Odd name\" = 3", "\"Odd name\" IN (1, 2) AND i32 > 0",
    "i32 + 1 > 10", "i32 > i8", "i8 = i8", "i32 > 5 AND length(s) > 2", "i32 > 5 OR length(s) > 2", "i32 > 5 AND (f64 > 0 OR s = 'a')",
    "i32 > 10.5", "i32 = 3.0", "i32::BIGINT > 30000000000", "i32 > (SELECT 20)", "CASE WHEN b THEN i32 > 0 ELSE i32 < 0 END",
    "i32 IN (SELECT 3)", "true", "false", "NULL", "i32 > NULL", "coalesce(i32, 0) = 0", "i32 % 2 = 0", "id >= 4990", "id < 0",
]

QUERIES = [
    "SELECT count(*) FROM {t}", "SELECT count(i32), count(s) FROM {t}", "SELECT sum(i32), min(d), max(ts), avg(i8) FROM {t}",
    "SELECT s, count(*) c, sum(i64::HUGEINT) FROM {t} GROUP BY s ORDER BY s", "SELECT * FROM {t} ORDER BY id", "SELECT * FROM {t} LIMIT 7",
    "SELECT id FROM {t} LIMIT 3 OFFSET 1698", "SELECT id, s FROM {t} WHERE i32 > 40 LIMIT 5", "SELECT id FROM {t} ORDER BY i64 DESC NULLS LAST LIMIT 9",
    "SELECT DISTINCT \"Odd name\" FROM {t} ORDER BY 1", "SELECT a.id, b.id FROM {t} a JOIN {t} b ON a.id = b.i64 % 100 ORDER BY ALL LIMIT 50",
    "SELECT id, st.y, l[1] FROM {t} ORDER BY id", "SELECT v, count(*) FROM (SELECT unnest(l) v FROM {t}) GROUP BY v ORDER BY v",
    "SELECT id, row_number() OVER (PARTITION BY b ORDER BY id) FROM {t} ORDER BY id", "WITH x AS (SELECT * FROM {t} WHERE i32 > 0) SELECT count(*), (SELECT count(*) FROM x WHERE b) FROM x",
    "SELECT (SELECT count(*) FROM {t} WHERE i32 = 1), (SELECT count(*) FROM {t} WHERE i32 = 2)",
    "SELECT count(*) FROM (SELECT id FROM {t} WHERE i32 > 0 UNION ALL SELECT id FROM {t} WHERE i32 < 0)",
    "SELECT a.n, b.n FROM (SELECT count(*) n FROM {t} WHERE s = 'a') a, (SELECT count(*) n FROM {t} WHERE s = 'ab') b",
    "SELECT count(*) FROM {t} WHERE id IN (SELECT id FROM {t} WHERE i32 = 3)", "SELECT median(f32), mode(u8) FROM {t} WHERE NOT isnan(f32)",
    "SELECT b, list(id ORDER BY id) FROM {t} WHERE id < 100 GROUP BY b ORDER BY b", "SELECT 1 FROM {t} LIMIT 4",
]


def plain(table):
    """Comparable rows: NaNs are equal, large and small offsets are the same, -0.0 is not 0.0."""
    return [tuple(map(repr, row.values())) for row in table.to_pylist()]


@pytest.mark.parametrize("where", FILTERS)
def test_filters(query, pair, where):
    # One process: starting one costs more than the queries.
    row, = query(f"""SELECT (SELECT list(id ORDER BY id) FROM '{pair.lance}' WHERE {where}) ours,
                            (SELECT list(id ORDER BY id) FROM '{pair.parquet}' WHERE {where}) theirs,
                            (SELECT count(*) FROM '{pair.lance}' WHERE {where}) n""").to_pylist()
    assert row["ours"] == row["theirs"]
    assert row["n"] == len(row["theirs"] or [])


@pytest.mark.parametrize("sql", QUERIES)
def test_queries(query, pair, sql):
    ours = query(sql.format(t=f"'{pair.lance}'"))
    theirs = query(sql.format(t=f"'{pair.parquet}'"))
    assert plain(ours) == plain(theirs)


def test_rows_come_in_the_order_of_the_dataset(query, pair):
    assert query(f"SELECT id FROM '{pair.lance}'")["id"].to_pylist() == list(range(5000))
    assert query(f"SELECT id FROM '{pair.lance}' WHERE i32 > 0 AND s > 'a'")["id"].to_pylist() == sorted(
        query(f"SELECT id FROM '{pair.lance}' WHERE i32 > 0 AND s > 'a'")["id"].to_pylist())


@pytest.mark.parametrize("sql", ["SELECT * FROM '{}'", "SELECT s, id FROM '{}' WHERE id % 3 = 1", "SELECT id FROM '{}' WHERE id > 5 LIMIT 7",
                                 "SELECT count(*), sum(id), min(s), count(DISTINCT s) FROM '{}' WHERE id % 10 <> 4",
                                 "SELECT id, s FROM '{}' ORDER BY s DESC, id LIMIT 9", "SELECT id, _rowid FROM '{}' WHERE s = 'v3'"])
def test_threads_change_no_row(run, tmp_path, sql):
    uri = tmp_path / "t.lance"
    table = pa.table({"id": np.arange(300_000), "s": [f"v{i % 97}" for i in range(300_000)]})
    lance.write_dataset(table, str(uri), max_rows_per_file=70_000).delete("id % 1000 = 7 OR (id > 69000 AND id < 72000)")
    one, four = (run("sql", sql.format(uri), "--threads", threads) for threads in (1, 4))
    assert one.code == four.code == 0, one.err + four.err
    assert one.out == four.out


def test_joins_with_parquet_csv_and_other_datasets(run, query, pair, history, tmp_path):
    csv = tmp_path / "names.csv"
    csv.write_text("x,label\n1,one\n3,three\n6,six\n")
    table = query(f"SELECT h.x, c.label, p.i32 FROM '{history}' h JOIN '{csv}' c USING (x) JOIN '{pair.parquet}' p ON p.id = h.x ORDER BY x")
    assert table["label"].to_pylist() == ["one", "three", "six"]
    both = query(f"SELECT count(*) n FROM '{pair.lance}' l JOIN '{pair.parquet}' p USING (id) WHERE l.s IS NOT DISTINCT FROM p.s")
    assert both["n"].to_pylist() == [5000]


def test_versions_tags_and_time_travel(query, history):
    count = "SELECT count(*) n FROM lance_scan('{}', {})"
    assert query(count.format(history, "version => 1"))["n"].to_pylist() == [3]
    assert query(count.format(history, "version => 'six'"))["n"].to_pylist() == [6]
    assert query(count.format(history, "tag => 'six'"))["n"].to_pylist() == [6]
    changed = query(f"SELECT x FROM lance_scan('{history}', version => 2) ANTI JOIN '{history}' USING (x)")
    assert changed["x"].to_pylist() == [2]


def test_row_ids_and_addresses_are_there_when_asked_for(query, history):
    rows = query(f"SELECT _rowid, x, _rowaddr FROM '{history}'").to_pydict()
    expected = lance.dataset(history).to_table(columns=["x"], with_row_id=True, with_row_address=True).to_pydict()
    assert rows == {name: expected[name] for name in ("_rowid", "x", "_rowaddr")}
    assert query(f"SELECT * FROM '{history}'").column_names == ["x", "name"]
    assert query(f"SELECT max(_rowid) m FROM '{history}' WHERE x < 4")["m"].to_pylist() == [2]


def test_every_type_crosses(query, tmp_path):
    table = pa.table({
        "half": pa.array(np.array([1.5, -2.0], np.float16)),
        "halves": pa.array([[1.5], None], pa.list_(pa.float16())),
        "vector": pa.FixedSizeListArray.from_arrays(pa.array([1, 2, 3, 4], pa.float32()), 2),
        "half_vector": pa.FixedSizeListArray.from_arrays(pa.array(np.array([1, 2, 3, 4], np.float16)), 2),
        "dict": pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int8()), ["a", "b"]),
        "fixed": pa.array([b"abc", None], pa.binary(3)),
        "time": pa.array([1, 2], pa.time64("us")),
        "nano": pa.array([1, None], pa.timestamp("ns")),
        "sec": pa.array([1, None], pa.timestamp("s")),
        "duration": pa.array([1500, None], pa.duration("ms")),
        "null": pa.nulls(2),
        "big": pa.array([2**63, None], pa.uint64()),
        "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int32())),
        "nested": pa.array([[{"a": [1, None]}], None], pa.list_(pa.struct([("a", pa.list_(pa.int8()))]))),
        "wide": pa.array([None, 10**60], pa.decimal256(70, 2)),
        "narrow": pa.array([None, 123], pa.decimal256(20, 2)),
        "date64": pa.array([0, 86400000], pa.date64()),
    })
    uri = str(tmp_path / "types.lance")
    lance.write_dataset(table, uri, data_storage_version="2.2")
    rows = query(f"SELECT * FROM '{uri}'")
    assert rows["half"].to_pylist() == [1.5, -2.0]
    assert rows["halves"].to_pylist() == [[1.5], None]
    assert rows["half_vector"].to_pylist() == [[1, 2], [3, 4]]
    assert rows["vector"].type == pa.list_(pa.field("", pa.float32()), 2) or rows["vector"].to_pylist() == [[1, 2], [3, 4]]
    assert rows["dict"].to_pylist() == ["a", "b"]
    assert rows["fixed"].to_pylist() == [b"abc", None]
    assert rows["big"].to_pylist() == [2**63, None]
    assert rows["map"].to_pylist() == [[("k", 1)], None]
    assert rows["nested"].to_pylist() == [[{"a": [1, None]}], None]
    assert rows["null"].to_pylist() == [None, None]
    assert rows["wide"].to_pylist() == [None, str(10**60) + ".00"]
    assert str(rows["narrow"].to_pylist()[1]) == "123.00"
    assert [str(v) for v in rows["date64"].to_pylist()] == ["1970-01-01", "1970-01-02"]
    assert query(f"SELECT epoch_ns(nano) n, epoch(sec) s, duration d FROM '{uri}'").to_pylist()[0]["n"] == 1


@pytest.mark.parametrize("where", [
    "half > 1", "half = 1.5", "halves IS NULL", "dict = 'a'", "dict IN ('a', 'c')", "fixed = 'abc'::BLOB", "fixed IS NULL", "fixed > 'abb'::BLOB",
    "nano > TIMESTAMP '1970-01-01'", "nano = TIMESTAMP_NS '1970-01-01 00:00:00.000000001'", "sec >= TIMESTAMP '1970-01-01 00:00:01'",
    "sec < TIMESTAMP '1970-01-01 00:00:01.5'", "ms = TIMESTAMP_MS '1970-01-01 00:00:00.002'", "ms < TIMESTAMP '1970-01-01 00:00:00.0015'",
    "date64 = DATE '1970-01-02'", "date64 < DATE '1970-01-02'", "wide = '1.00'", "wide IS NULL", "narrow > 1", "narrow = 123", "time > TIME '00:00:00.000001'",
    "duration > INTERVAL 1 SECOND", "lb = 'abc'::BLOB", "u16 > 40000", "big = 9223372036854775808", "big > 5", "json = '1'", "json IS NULL",
    "st.h > 1", "st.d = 'a'", "st IS NULL", "m['k'] = 1", "i > 3 AND dict = 'b'",
])
def test_filters_on_rarer_types(query, rarer, where):
    row, = query(f"""SELECT (SELECT list(i ORDER BY i) FROM '{rarer}' WHERE {where}) pushed,
                            (SELECT list(i ORDER BY i) FROM (SELECT * FROM '{rarer}' OFFSET 0) WHERE {where}) kept,
                            (SELECT count(*) FROM '{rarer}' WHERE {where}) n""").to_pylist()
    assert row["pushed"] == row["kept"]
    assert row["n"] == len(row["kept"] or [])


@pytest.fixture(scope="session")
def rarer(tmp_path_factory):
    n = 300
    halves = np.array([1.5, -2.0, 0.0, np.nan], np.float16)[np.arange(n) % 4]
    letters = pa.DictionaryArray.from_arrays(pa.array(np.arange(n) % 3, pa.int8()), ["a", "b", "c"])
    table = pa.table({
        "i": range(n), "half": pa.array(halves), "halves": pa.array([[1.5], None] * (n // 2), pa.list_(pa.float16())), "dict": letters,
        "fixed": pa.array([b"abc", None, b"abb"] * (n // 3), pa.binary(3)), "nano": pa.array([v % 5 for v in range(n)], pa.timestamp("ns")),
        "sec": pa.array([v % 5 for v in range(n)], pa.timestamp("s")), "ms": pa.array([v % 5 for v in range(n)], pa.timestamp("ms")),
        "date64": pa.array([86400000 * (v % 5) for v in range(n)], pa.date64()), "wide": pa.array([None, 1] * (n // 2), pa.decimal256(70, 2)),
        "narrow": pa.array([None, 123, 0] * (n // 3), pa.decimal256(20, 2)), "time": pa.array([v % 5 for v in range(n)], pa.time64("us")),
        "duration": pa.array([v * 100 for v in range(n)], pa.duration("ms")), "lb": pa.array([b"abc", b""] * (n // 2), pa.large_binary()),
        "u16": pa.array([v * 200 for v in range(n)], pa.uint16()), "big": pa.array([2**63, None, 7] * (n // 3), pa.uint64()),
        "json": pa.ExtensionArray.from_storage(pa.json_(), pa.array(["1", None, '{"a": 2}'] * (n // 3))),
        "st": pa.StructArray.from_arrays([pa.array(halves), letters], ["h", "d"]),
        "m": pa.array([[("k", 1)], None] * (n // 2), pa.map_(pa.string(), pa.int32())),
    })
    uri = str(tmp_path_factory.mktemp("rarer") / "r.lance")
    lance.write_dataset(table, uri, data_storage_version="2.2")
    return uri


def test_vector_search(query, vectors):
    uri, values = vectors
    target = values[3] + 0.01
    distances = ((values - target)**2).sum(axis=1)
    literal = str(target.tolist())
    rows = query(f"SELECT id, _distance FROM lance_vector_search('{uri}', 'v', {literal}, k => 6) ORDER BY _distance")
    assert rows["id"].to_pylist() == distances.argsort()[:6].tolist()
    assert np.allclose(rows["_distance"].to_numpy(), np.sort(distances)[:6], rtol=1e-4)
    typed = query(f"SELECT id FROM lance_vector_search('{uri}', 'v', {literal}::FLOAT[16], k => 6) ORDER BY _distance")
    assert typed["id"].to_pylist() == rows["id"].to_pylist()


def test_vector_search_filters_before_the_search(query, vectors):
    uri, values = vectors
    distances = ((values - values[3])**2).sum(axis=1)
    order = [i for i in distances.argsort() if i % 10 == 4]
    literal = str(values[3].tolist())
    pre = query(f"SELECT id FROM lance_vector_search('{uri}', 'v', {literal}, k => 5, filter => 'g = 4') ORDER BY _distance")
    assert pre["id"].to_pylist() == order[:5]
    post = query(f"SELECT id FROM lance_vector_search('{uri}', 'v', {literal}, k => 5, filter => 'g = 4', prefilter => false)")
    assert set(post["id"].to_pylist()) == {i for i in distances.argsort()[:5] if i % 10 == 4}
    # A WHERE is applied to the k rows that were found.
    where = query(f"SELECT id FROM lance_vector_search('{uri}', 'v', {literal}, k => 5) WHERE g = 4")
    assert set(where["id"].to_pylist()) == set(post["id"].to_pylist())


def test_vector_search_with_a_subquery_and_a_metric(query, vectors):
    uri, values = vectors
    cosine = 1 - values @ values[9] / np.linalg.norm(values, axis=1) / np.linalg.norm(values[9])
    rows = query(f"SELECT id, _distance d FROM lance_vector_search('{uri}', 'v', (SELECT v FROM '{uri}' WHERE id = 9), k => (SELECT 4), metric => 'cosine') ORDER BY d")
    assert rows["id"].to_pylist() == cosine.argsort()[:4].tolist()
    assert query(f"SELECT count(*) n FROM lance_vector_search('{uri}', 'v', (SELECT v FROM '{uri}' WHERE id = 9), k => 17)")["n"].to_pylist() == [17]


def test_results_of_ddl_and_copy(run, query, pair, tmp_path):
    out = tmp_path / "copy.parquet"
    assert run("sql", f"COPY (SELECT id, s FROM '{pair.lance}' WHERE i32 > 0) TO '{out}'").code == 0
    assert query(f"SELECT count(*) n FROM '{out}'")["n"].to_pylist() == query(f"SELECT count(*) n FROM '{pair.parquet}' WHERE i32 > 0")["n"].to_pylist()
    script = f"CREATE TABLE t AS SELECT * FROM '{pair.lance}'; CREATE VIEW v AS SELECT id FROM '{pair.lance}' WHERE i32 = 1; SELECT count(*) FROM t; SELECT count(*) FROM v;"
    result = run("sql", stdin=script)
    assert result.code == 0, result.err
    assert result.out.splitlines()[1] == "5000"


def test_files_commands_stdin_and_attach(run, pair, tmp_path):
    file = tmp_path / "q.sql"
    file.write_text("SELECT 1 AS a; -- one\nSELECT ';' AS b;\n")
    assert run("sql", "-f", file).out == "a\n1\nb\n;\n"
    assert run("sql", "-c", "SELECT 1 AS a", "-c", "SELECT 2 AS b").out == "a\n1\nb\n2\n"
    assert run("sql", stdin="SELECT 3 AS c").out == "c\n3\n"
    assert run("sql", "-a", f"mine={pair.lance}", "SELECT count(*) AS n FROM mine").out == "n\n5000\n"


def test_prepared_statements_see_their_parameters(run, pair):
    script = f"PREPARE q AS SELECT count(*) n FROM '{pair.lance}' WHERE id < $1; EXECUTE q(10); EXECUTE q(20);"
    assert run("sql", stdin=script, ).out == "n\n10\nn\n20\n"


def test_shell_commands_read_from_a_pipe_are_sql_only(run):
    assert run("sql", stdin=".help\n").code == 1


def test_sql_as_json(run, pair):
    rows = json.loads(run("sql", f"SELECT id, st FROM '{pair.lance}' WHERE id < 3", "--format", "json").out)
    expected = pair.table.slice(0, 3).select(["id", "st"]).to_pylist()
    assert rows == expected
