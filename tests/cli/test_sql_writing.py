"""Tables written by SQL: ATTACH ... (TYPE lance), COPY ... TO, read back by the reference implementation."""

import datetime
import decimal
import os
import subprocess

import lance
import pyarrow as pa
import pytest

from conftest import PROGRAM
from test_shell import Terminal


@pytest.fixture
def sql(run, tmp_path):
    """Runs statements with the folder attached as `db`; returns the result, which must be good."""

    def call(text, good=True):
        result = run("sql", f"ATTACH '{tmp_path}' AS db (TYPE lance); USE db; {text}")
        assert (result.code == 0) == good, result.err
        return result

    return call


def read(tmp_path, name, **options):
    return lance.dataset(str(tmp_path / f"{name}.lance"), **options)


def rows(tmp_path, name):
    return read(tmp_path, name).to_table().to_pylist()


def versions(tmp_path, name):
    return [v["version"] for v in read(tmp_path, name).versions()]


# ---- Rows in ---------------------------------------------------------------------------------------------


def test_create_insert_select(sql, tmp_path):
    sql("CREATE TABLE t (id BIGINT NOT NULL, name VARCHAR)")
    assert read(tmp_path, "t").schema == pa.schema([pa.field("id", pa.int64(), nullable=False), pa.field("name", pa.string())])
    assert versions(tmp_path, "t") == [1]
    sql("INSERT INTO t VALUES (1, 'a'), (2, NULL)")
    sql("INSERT INTO t (id) VALUES (3)")
    sql("INSERT INTO t (name, id) SELECT 'x' || i, i FROM range(10, 12) r(i)")
    assert rows(tmp_path, "t") == [{"id": 1, "name": "a"}, {"id": 2, "name": None}, {"id": 3, "name": None},
                                   {"id": 10, "name": "x10"}, {"id": 11, "name": "x11"}]
    assert versions(tmp_path, "t") == [1, 2, 3, 4]
    out = sql("SELECT sum(id) AS s FROM t WHERE id > 2").out
    assert "24" in out


def test_insert_of_nothing_makes_no_version(sql, tmp_path):
    sql("CREATE TABLE t (id BIGINT)")
    sql("INSERT INTO t SELECT 1 WHERE false")
    assert versions(tmp_path, "t") == [1]


def test_null_into_a_column_that_forbids_it(sql, tmp_path):
    sql("CREATE TABLE t (id BIGINT NOT NULL)")
    assert "null" in sql("INSERT INTO t VALUES (1), (NULL)", good=False).err.lower()
    assert versions(tmp_path, "t") == [1]
    assert not list((tmp_path / "t.lance" / "data").glob("*"))


def test_create_table_as_keeps_order_over_many_batches(sql, tmp_path):
    sql("SET threads = 4; CREATE TABLE t AS SELECT i AS id, i % 7 AS g, 'row ' || i AS s FROM range(500000) r(i)")
    table = read(tmp_path, "t").to_table()
    assert table.num_rows == 500000
    assert table["id"].to_pylist() == list(range(500000))
    assert table["s"][499999].as_py() == "row 499999"
    assert versions(tmp_path, "t") == [1]
    sql("SET threads = 4; SET preserve_insertion_order = false; CREATE TABLE u AS SELECT * FROM t WHERE g < 3")
    assert sorted(read(tmp_path, "u").to_table()["id"].to_pylist()) == [i for i in range(500000) if i % 7 < 3]


def test_create_or_replace_and_if_not_exists(sql, tmp_path):
    sql("CREATE TABLE t AS SELECT 1 AS a")
    assert "exists" in sql("CREATE TABLE t AS SELECT 2 AS a", good=False).err
    sql("CREATE TABLE IF NOT EXISTS t AS SELECT 3 AS a")
    assert rows(tmp_path, "t") == [{"a": 1}]
    sql("CREATE OR REPLACE TABLE t AS SELECT a + 10 AS b, 'x' AS c FROM t")
    assert rows(tmp_path, "t") == [{"b": 11, "c": "x"}]
    assert versions(tmp_path, "t") == [1, 2]
    assert read(tmp_path, "t", version=1).to_table().to_pylist() == [{"a": 1}]
    sql("CREATE OR REPLACE TABLE t (z DOUBLE)")
    assert rows(tmp_path, "t") == [] and read(tmp_path, "t").schema.names == ["z"]


def test_insert_from_parquet_and_another_table(sql, tmp_path):
    import pyarrow.parquet as pq
    pq.write_table(pa.table({"a": [1, 2, 3]}), tmp_path / "p.parquet")
    sql(f"CREATE TABLE t AS FROM '{tmp_path}/p.parquet'; INSERT INTO t SELECT a * 10 FROM t")
    assert [r["a"] for r in rows(tmp_path, "t")] == [1, 2, 3, 10, 20, 30]


# ---- Types -----------------------------------------------------------------------------------------------

TYPES = [
    ("BOOLEAN", "true", pa.bool_(), True), ("TINYINT", "-5", pa.int8(), -5), ("SMALLINT", "300", pa.int16(), 300),
    ("INTEGER", "70000", pa.int32(), 70000), ("BIGINT", "-5000000000", pa.int64(), -5000000000),
    ("UTINYINT", "200", pa.uint8(), 200), ("USMALLINT", "60000", pa.uint16(), 60000), ("UINTEGER", "4000000000", pa.uint32(), 4000000000),
    ("UBIGINT", "18446744073709551615", pa.uint64(), 18446744073709551615), ("FLOAT", "1.5", pa.float32(), 1.5),
    ("DOUBLE", "0.1", pa.float64(), 0.1), ("DECIMAL(4,1)", "123.4", pa.decimal128(4, 1), decimal.Decimal("123.4")),
    ("DECIMAL(9,2)", "-12.34", pa.decimal128(9, 2), decimal.Decimal("-12.34")),
    ("DECIMAL(18,3)", "1.234", pa.decimal128(18, 3), decimal.Decimal("1.234")),
    ("DECIMAL(38,10)", "12345678901234567890.5", pa.decimal128(38, 10), decimal.Decimal("12345678901234567890.5000000000")),
    ("HUGEINT", "12345678901234567890123", pa.decimal128(38, 0), decimal.Decimal("12345678901234567890123")),
    ("VARCHAR", "'été'", pa.string(), "été"), ("BLOB", r"'\x00\xFFa'::BLOB", pa.binary(), b"\x00\xffa"),
    ("DATE", "DATE '2024-02-29'", pa.date32(), datetime.date(2024, 2, 29)),
    ("TIME", "TIME '12:34:56.789'", pa.time64("us"), datetime.time(12, 34, 56, 789000)),
    ("TIMESTAMP", "TIMESTAMP '2024-02-29 01:02:03.000004'", pa.timestamp("us"), datetime.datetime(2024, 2, 29, 1, 2, 3, 4)),
    ("TIMESTAMP_S", "TIMESTAMP '2024-02-29 01:02:03'", pa.timestamp("s"), datetime.datetime(2024, 2, 29, 1, 2, 3)),
    ("TIMESTAMP_MS", "TIMESTAMP '2024-02-29 01:02:03.5'", pa.timestamp("ms"), datetime.datetime(2024, 2, 29, 1, 2, 3, 500000)),
    ("TIMESTAMPTZ", "TIMESTAMPTZ '2024-02-29 01:02:03+00'", pa.timestamp("us", "UTC"),
     datetime.datetime(2024, 2, 29, 1, 2, 3, tzinfo=datetime.timezone.utc)),
    ("UUID", "'6d3d2541-a9ee-4e1f-8a9e-4c1e8a0b1c2d'", pa.string(), "6d3d2541-a9ee-4e1f-8a9e-4c1e8a0b1c2d"),
    ("ENUM('x','y')", "'y'", pa.string(), "y"),
    ("INTEGER[]", "[1, NULL, 3]", pa.list_(pa.int32()), [1, None, 3]), ("VARCHAR[][]", "[['a'], [], NULL]", pa.list_(pa.list_(pa.string())), [["a"], [], None]),
    ("FLOAT[3]", "[1, 2, 3]", pa.list_(pa.float32(), 3), [1.0, 2.0, 3.0]),
    ("STRUCT(a INTEGER, b VARCHAR[])", "{'a': 1, 'b': ['q']}", pa.struct([("a", pa.int32()), ("b", pa.list_(pa.string()))]), {"a": 1, "b": ["q"]}),
    ("MAP(VARCHAR, INTEGER)", "MAP {'k': 1, 'l': NULL}", pa.map_(pa.string(), pa.int32()), [("k", 1), ("l", None)]),
    ("ENUM('x','y')[]", "['y', 'x']", pa.list_(pa.string()), ["y", "x"]),
]


@pytest.mark.parametrize("name,literal,arrow,value", TYPES, ids=[t[0] for t in TYPES])
def test_types(sql, tmp_path, name, literal, arrow, value):
    out = sql(f"CREATE TABLE t (id INTEGER, v {name}); INSERT INTO t VALUES (1, {literal}), (2, NULL), (3, {literal}); "
              "SELECT count(*) AS same FROM t a, t b WHERE a.id = 1 AND b.id = 3 AND a.v = b.v").out
    assert "1" in out.split()[-1] or " 1 " in out
    dataset = read(tmp_path, "t")
    assert dataset.schema.field("v").type == arrow
    assert dataset.to_table()["v"].to_pylist() == [value, None, value]


@pytest.mark.parametrize("name", ["INTERVAL", "TIMETZ", "UHUGEINT", "BIT", "UNION(a INTEGER, b VARCHAR)", "INTERVAL[]"])
def test_types_without_a_place(sql, tmp_path, name):
    error = sql(f"CREATE TABLE t (id INTEGER, v {name})", good=False).err
    assert 'column "v"' in error
    assert not (tmp_path / "t.lance").exists()


def test_hugeint_past_38_digits(sql, tmp_path):
    sql("CREATE TABLE t (v HUGEINT)")
    sql("INSERT INTO t VALUES (170141183460469231731687303715884105727)", good=False)
    assert rows(tmp_path, "t") == []


@pytest.mark.parametrize("type,values,literals", [
    (pa.float16(), [1.5, None], "(0.5), (NULL)"), (pa.large_string(), ["a", None], "('b'), (NULL)"), (pa.large_binary(), [b"a", None], "('b'::BLOB), (NULL)"),
    (pa.binary(3), [b"abc", None], "('xyz'::BLOB), (NULL)"), (pa.large_list(pa.int32()), [[1], None], "([2, 3]), (NULL)"),
    (pa.list_(pa.float16(), 2), [[1, 2], [3, 4]], "([0.5, 0.25]), ([1, 2])"), (pa.timestamp("ns"), [None, None], "('2024-01-01'), (NULL)"),
    (pa.timestamp("us", "Europe/Berlin"), [None, None], "(TIMESTAMPTZ '2024-01-01 00:00:00+00'), (NULL)"),
    (pa.decimal256(40, 2), [decimal.Decimal("1.25"), None], "('2.50'), (NULL)"), (pa.date64(), [None, None], "(DATE '2024-01-01'), (NULL)"),
], ids=str)
def test_insert_into_tables_of_the_reference(sql, tmp_path, type, values, literals):
    original = pa.table({"v": pa.array(values, type)})
    lance.write_dataset(original, str(tmp_path / "t.lance"))
    sql(f"INSERT INTO t VALUES {literals}")
    table = read(tmp_path, "t").to_table()
    assert table.schema.field("v").type == type
    assert table.slice(0, 2).equals(original) and table.num_rows == 4
    assert table["v"].null_count == original["v"].null_count + literals.count("NULL")


def test_brain_floats(sql, tmp_path):
    from lance.arrow import bfloat16_array
    table = pa.table({"id": [1, 2], "v": bfloat16_array([1.5, None])})
    lance.write_dataset(table, str(tmp_path / "t.lance"))
    sql("INSERT INTO t VALUES (3, 0.25), (4, NULL), (5, 1.00390625), (6, 'nan'::FLOAT)")
    sql("UPDATE t SET id = 10 WHERE id = 1")
    sql("UPDATE t SET v = 3 WHERE id = 2")
    got = {r["id"]: None if r["v"] is None else float(str(r["v"])) for r in rows(tmp_path, "t")}
    assert str(got.pop(6)) == "nan"
    assert got == {10: 1.5, 2: 3.0, 3: 0.25, 4: None, 5: 1.0}


def test_blobs(sql, tmp_path):
    schema = pa.schema([pa.field("id", pa.int64()), pa.field("b", pa.large_binary(), metadata={"lance-encoding:blob": "true"})])
    lance.write_dataset(pa.table([[1, 2], [b"one", None]], schema=schema), str(tmp_path / "t.lance"), data_storage_version="2.1")
    assert b"one".hex() in sql("SELECT * FROM t").out
    sql("INSERT INTO t VALUES (3, 'three'::BLOB); UPDATE t SET id = id * 10; UPDATE t SET b = 'two'::BLOB WHERE id = 20")
    blobs = {}
    dataset = read(tmp_path, "t")
    for id, blob in zip(dataset.to_table(columns=["id"])["id"].to_pylist(), dataset.take_blobs("b", indices=range(3))):
        blobs[id] = blob.readall()
    assert blobs == {10: b"one", 20: b"two", 30: b"three"}


def test_json(sql, tmp_path):
    lance.write_dataset(pa.table({"id": [1], "j": pa.array(['{"a": 1}'], pa.json_())}), str(tmp_path / "t.lance"), data_storage_version="2.2")
    sql("""INSERT INTO t VALUES (2, '{"b": [2]}')""")
    sql("UPDATE t SET id = 10 WHERE id = 1")
    table = read(tmp_path, "t").to_table().sort_by("id")
    assert [str(v).replace(" ", "") for v in table["j"].to_pylist()] == ['{"b":[2]}', '{"a":1}']
    assert read(tmp_path, "t").count_rows("json_get_int(j, 'a') = 1") == 1


def test_prepared_statements_run_again(sql, tmp_path):
    sql("CREATE TABLE t (a INTEGER); PREPARE p AS INSERT INTO t VALUES ($1); EXECUTE p(1); EXECUTE p(2); "
        "PREPARE u AS UPDATE t SET a = a + 10 WHERE a = $1; EXECUTE u(1); EXECUTE u(2); PREPARE d AS DELETE FROM t WHERE a = $1; EXECUTE d(11)")
    assert rows(tmp_path, "t") == [{"a": 12}] and len(versions(tmp_path, "t")) == 6


def test_memory_is_bounded(tmp_path):
    # 1 GB of rows, in a process that may hold 200 MB of them.
    text = (f"ATTACH '{tmp_path}' AS db (TYPE lance); SET memory_limit = '200MB'; SET threads = 2; "
            "CREATE TABLE db.t AS SELECT i AS id, hash(i) AS h, md5(i::VARCHAR) AS s, [i, i + 1, i + 2]::DOUBLE[3] AS v FROM range(12000000) r(i)")
    process = subprocess.Popen([str(PROGRAM), "sql", text], stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, process.stderr.read()
    assert usage.ru_maxrss < 700_000, f"{usage.ru_maxrss} kB"
    assert read(tmp_path, "t").count_rows() == 12_000_000


def test_explain_changes_nothing(sql, tmp_path):
    sql("CREATE TABLE t AS SELECT 1 AS a")
    assert "LANCE_UPDATE" in sql("EXPLAIN UPDATE t SET a = 2").out
    sql("EXPLAIN INSERT INTO t VALUES (2); EXPLAIN CREATE TABLE u AS SELECT 1; EXPLAIN DELETE FROM t")
    assert versions(tmp_path, "t") == [1] and not (tmp_path / "u.lance").exists()


def test_insert_that_does_not_fit(sql, tmp_path):
    lance.write_dataset(pa.table({"v": pa.array([b"abc"], pa.binary(3))}), str(tmp_path / "t.lance"))
    assert 'column "v"' in sql("INSERT INTO t VALUES ('too long'::BLOB)", good=False).err
    assert versions(tmp_path, "t") == [1]


# ---- Rows changed -----------------------------------------------------------------------------------------


@pytest.fixture(params=[False, True], ids=["addresses", "stable ids"])
def people(request, tmp_path):
    table = pa.table({"id": range(100), "name": [f"p{i}" for i in range(100)], "h": pa.array([float(i) for i in range(100)], pa.float16())})
    lance.write_dataset(table, str(tmp_path / "p.lance"), max_rows_per_file=30, enable_stable_row_ids=request.param)
    return table


def test_delete(sql, people, tmp_path):
    sql("DELETE FROM p WHERE id % 10 = 3 OR name LIKE 'p5%'")
    left = [i for i in range(100) if i % 10 != 3 and not f"p{i}".startswith("p5")]
    assert read(tmp_path, "p").to_table()["id"].to_pylist() == left
    sql("DELETE FROM p WHERE id IN (SELECT id + 1 FROM p WHERE id < 20)")
    left = [i for i in left if not (i - 1 in left and i - 1 < 20)]
    assert read(tmp_path, "p").to_table()["id"].to_pylist() == left
    assert versions(tmp_path, "p") == [1, 2, 3]
    sql("DELETE FROM p WHERE id = 1000")
    assert versions(tmp_path, "p") == [1, 2, 3]


@pytest.mark.parametrize("statement", ["DELETE FROM p", "TRUNCATE p"])
def test_delete_all(sql, people, tmp_path, statement):
    sql(statement)
    assert rows(tmp_path, "p") == []


def test_update(sql, people, tmp_path):
    ids = dict(zip(people["id"].to_pylist(), read(tmp_path, "p").to_table(with_row_id=True)["_rowid"].to_pylist()))
    sql("UPDATE p SET name = upper(name) || '!', id = id WHERE id % 7 = 0")
    table = read(tmp_path, "p").to_table(with_row_id=True).sort_by("id")
    assert table["name"].to_pylist() == [f"P{i}!" if i % 7 == 0 else f"p{i}" for i in range(100)]
    assert table["h"].to_pylist() == people["h"].to_pylist() and table.schema.field("h").type == pa.float16()
    if read(tmp_path, "p").has_stable_row_ids:
        assert dict(zip(table["id"].to_pylist(), table["_rowid"].to_pylist())) == ids
    assert versions(tmp_path, "p") == [1, 2]


def test_update_from_another_table(sql, people, tmp_path):
    sql("CREATE TABLE n AS SELECT i AS id, 'n' || i AS name FROM range(90, 110) r(i); INSERT INTO n VALUES (95, 'twice')")
    sql("UPDATE p SET name = n.name, h = DEFAULT FROM n WHERE p.id = n.id")
    table = read(tmp_path, "p").to_table().sort_by("id")
    assert table.num_rows == 100 and table["h"].null_count == 10
    names = table["name"].to_pylist()
    assert names[:90] == [f"p{i}" for i in range(90)]
    assert names[95] in ("n95", "twice") and names[99] == "n99"


def test_merge_into(sql, people, tmp_path):
    sql("CREATE TABLE s AS SELECT i AS id, 's' || i AS name FROM range(90, 110) r(i)")
    sql("MERGE INTO p USING s ON p.id = s.id WHEN MATCHED AND p.id = 91 THEN DELETE "
        "WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name) "
        "WHEN NOT MATCHED BY SOURCE AND p.id < 5 THEN DELETE")
    table = read(tmp_path, "p").to_table().sort_by("id")
    assert table["id"].to_pylist() == [i for i in range(5, 110) if i != 91]
    assert table["name"].to_pylist() == [f"p{i}" if i < 90 else f"s{i}" for i in range(5, 110) if i != 91]
    assert versions(tmp_path, "p") == [1, 2]


def test_merge_into_twice_is_an_error(sql, people, tmp_path):
    sql("CREATE TABLE s AS SELECT 5 AS id, unnest(['a', 'b']) AS name")
    assert "twice" in sql("MERGE INTO p USING s ON p.id = s.id WHEN MATCHED THEN UPDATE SET name = s.name", good=False).err
    assert versions(tmp_path, "p") == [1]


def test_large_update(sql, tmp_path):
    sql("CREATE TABLE t AS SELECT i AS id, i * 2 AS v, repeat('x', 20) AS s FROM range(300000) r(i)")
    sql("UPDATE t SET v = -v WHERE id % 2 = 0")
    table = read(tmp_path, "t").to_table().sort_by("id")
    assert table["v"].to_pylist() == [-2 * i if i % 2 == 0 else 2 * i for i in range(300000)]
    assert set(table["s"].to_pylist()) == {"x" * 20}


# ---- Tables and columns -----------------------------------------------------------------------------------


def test_show_describe_drop(sql, tmp_path):
    sql("CREATE TABLE b (id BIGINT NOT NULL, v FLOAT[4]); CREATE TABLE a AS SELECT 1 AS x")
    out = sql("SHOW TABLES").out
    assert out.index("a") < out.index("b")
    out = sql("DESCRIBE b").out
    assert "FLOAT[4]" in out and "BIGINT" in out and "NO" in out
    assert "x" in sql("SELECT column_name FROM information_schema.columns WHERE table_name = 'a'").out
    sql("DROP TABLE a")
    assert not (tmp_path / "a.lance").exists()
    sql("DROP TABLE IF EXISTS a")
    assert "a" in sql("DROP TABLE a", good=False).err


def test_alter_table(sql, tmp_path):
    sql("CREATE TABLE t AS SELECT i AS a, 'x' || i AS b, {'p': i, 'q': -i} AS s FROM range(3) r(i)")
    sql("ALTER TABLE t ADD COLUMN c DOUBLE")
    sql("ALTER TABLE t ADD COLUMN d INTEGER DEFAULT 42")
    sql("ALTER TABLE t ADD COLUMN IF NOT EXISTS c VARCHAR")
    sql("ALTER TABLE t RENAME COLUMN b TO name")
    sql("ALTER TABLE t ALTER COLUMN a TYPE INTEGER")
    sql("ALTER TABLE t ALTER COLUMN a SET NOT NULL")
    sql("ALTER TABLE t RENAME s.q TO r")
    schema = read(tmp_path, "t").schema
    assert schema.names == ["a", "name", "s", "c", "d"]
    assert schema.field("a").type == pa.int32() and not schema.field("a").nullable
    assert rows(tmp_path, "t") == [{"a": i, "name": f"x{i}", "s": {"p": i, "r": -i}, "c": None, "d": 42} for i in range(3)]
    sql("ALTER TABLE t DROP COLUMN c; ALTER TABLE t DROP COLUMN s; ALTER TABLE t ALTER COLUMN a DROP NOT NULL")
    assert read(tmp_path, "t").schema.names == ["a", "name", "d"]
    sql("ALTER TABLE t RENAME TO u")
    assert rows(tmp_path, "u")[2] == {"a": 2, "name": "x2", "d": 42} and not (tmp_path / "t.lance").exists()
    assert "nope" in sql("ALTER TABLE u DROP COLUMN nope", good=False).err


def test_names_are_case_insensitive(sql, tmp_path):
    sql("CREATE TABLE Orders AS SELECT 1 AS Id")
    sql("INSERT INTO orders VALUES (2); UPDATE ORDERS SET id = 20 WHERE ID = 2")
    assert [r["Id"] for r in rows(tmp_path, "Orders")] == [1, 20]


@pytest.mark.parametrize("statement,word", [
    ("CREATE TABLE t (id INTEGER PRIMARY KEY)", "constraints"), ("CREATE TABLE t (id INTEGER DEFAULT 3)", "DEFAULT"),
    ("CREATE VIEW v AS SELECT 1", "views"), ("CREATE SCHEMA s", "schema"), ("CREATE SEQUENCE q", "sequences"),
    ("CREATE TABLE \"a/b\" (id INTEGER)", "folder"), ("CREATE TABLE t AS SELECT 1 AS a; INSERT INTO t VALUES (2) RETURNING a", "RETURNING"),
    ("CREATE TABLE t AS SELECT 1 AS a; UPDATE t SET a = 2 RETURNING a", "RETURNING"),
    ("SELECT * FROM missing", "missing"), ("INSERT INTO missing VALUES (1)", "missing"),
])
def test_refusals(sql, statement, word):
    assert word in sql(statement, good=False).err


# ---- Transactions -----------------------------------------------------------------------------------------


def test_transaction_of_inserts_is_one_version(sql, tmp_path):
    sql("CREATE TABLE t (a INTEGER)")
    sql("BEGIN; INSERT INTO t VALUES (1); INSERT INTO t SELECT i FROM range(2, 5) r(i); COMMIT")
    assert [r["a"] for r in rows(tmp_path, "t")] == [1, 2, 3, 4]
    assert versions(tmp_path, "t") == [1, 2]


@pytest.mark.parametrize("change", ["INSERT INTO t VALUES (9)", "DELETE FROM t WHERE a = 1", "UPDATE t SET a = 5", "CREATE TABLE u AS SELECT 1 AS a"])
def test_rollback(sql, tmp_path, change):
    sql("CREATE TABLE t AS SELECT 1 AS a")
    sql(f"BEGIN; {change}; ROLLBACK")
    assert rows(tmp_path, "t") == [{"a": 1}] and versions(tmp_path, "t") == [1]
    assert len(list((tmp_path / "t.lance" / "data").glob("*"))) == 1
    assert not (tmp_path / "u.lance" / "_versions").exists()
    sql(f"BEGIN; {change}; COMMIT")
    assert versions(tmp_path, "t") == [1, 2] or rows(tmp_path, "u") == [{"a": 1}]


def test_second_change_is_refused(sql, tmp_path):
    sql("CREATE TABLE t AS SELECT 1 AS a; CREATE TABLE u AS SELECT 1 AS a")
    assert "COMMIT" in sql("BEGIN; INSERT INTO t VALUES (2); INSERT INTO u VALUES (2); COMMIT", good=False).err
    assert "COMMIT" in sql("BEGIN; INSERT INTO t VALUES (2); SELECT * FROM t; COMMIT", good=False).err
    assert "COMMIT" in sql("BEGIN; INSERT INTO t VALUES (2); DELETE FROM t; COMMIT", good=False).err
    assert "BEGIN" in sql("BEGIN; DROP TABLE t; COMMIT", good=False).err
    assert versions(tmp_path, "t") == [1] and versions(tmp_path, "u") == [1]


def test_statement_that_fails_half_way_spoils_its_transaction(program, tmp_path):
    lance.write_dataset(pa.table({"v": pa.array([b"abc"], pa.binary(3))}), str(tmp_path / "t.lance"))
    shell = Terminal(program, "sql", home=tmp_path)
    for statement, answer in [(f"ATTACH '{tmp_path}' AS db (TYPE lance);", "lance> "), ("BEGIN;", "lance> "),
                              ("INSERT INTO db.t VALUES ('xyz'::BLOB);", "1 row"), ("INSERT INTO db.t VALUES ('too long'::BLOB);", "cannot be"),
                              ("COMMIT;", "nothing of the transaction|aborted"), (".quit", "")]:
        shell.send(statement + "\n")
        shell.read_until(answer)
    shell.wait()
    assert rows(tmp_path, "t") == [{"v": b"abc"}] and versions(tmp_path, "t") == [1]


def test_processes_insert_at_once(sql, tmp_path):
    sql("CREATE TABLE t (a BIGINT)")
    statements = "; ".join(f"INSERT INTO db.t SELECT {{base}} + {i}" for i in range(5))
    processes = [subprocess.Popen([str(PROGRAM), "sql", f"ATTACH '{tmp_path}' AS db (TYPE lance); " + statements.format(base=100 * p)],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE) for p in range(2)]
    for process in processes:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    assert sorted(r["a"] for r in rows(tmp_path, "t")) == [0, 1, 2, 3, 4, 100, 101, 102, 103, 104]
    assert len(versions(tmp_path, "t")) == 11


def test_read_only(run, tmp_path):
    lance.write_dataset(pa.table({"a": [1]}), str(tmp_path / "t.lance"))
    result = run("sql", f"ATTACH '{tmp_path}' AS db (TYPE lance, READ_ONLY); INSERT INTO db.t VALUES (2)")
    assert result.code != 0 and "read-only" in result.err
    assert versions(tmp_path, "t") == [1]


def test_attach_errors(run, tmp_path):
    assert "no folder" in run("sql", f"ATTACH '{tmp_path}/none' AS db (TYPE lance)").err
    lance.write_dataset(pa.table({"a": [1]}), str(tmp_path / "t.lance"))
    assert "table itself" in run("sql", f"ATTACH '{tmp_path}/t.lance' AS db (TYPE lance)").err
    assert "no option" in run("sql", f"ATTACH '{tmp_path}' AS db (TYPE lance, COLOUR 'red')").err


# ---- Versions ---------------------------------------------------------------------------------------------


def test_time_travel(sql, tmp_path):
    sql("CREATE TABLE t AS SELECT 1 AS a; INSERT INTO t VALUES (2)")
    dataset = read(tmp_path, "t")
    dataset.tags.create("first", 1)
    sql("ALTER TABLE t ADD COLUMN b INTEGER")
    dataset.create_branch("side", 1)
    lance.write_dataset(pa.table({"a": pa.array([40], pa.int32())}), read(tmp_path, "t").checkout_version(("side", None)), mode="append")
    assert "total1" in sql("SELECT 'total' || sum(a) AS s FROM t AT (VERSION => 1)").out
    assert "total1" in sql("SELECT 'total' || sum(a) AS s FROM t AT (VERSION => 'first')").out
    assert "total3" in sql("SELECT 'total' || sum(a) AS s FROM t AT (TIMESTAMP => now())").out
    assert "total41" in sql("SELECT 'total' || sum(a) AS s FROM t AT (VERSION => 'side')").out
    assert "neither" in sql("SELECT a FROM t AT (VERSION => 'neither')", good=False).err
    assert "b" in sql("SELECT b FROM t AT (VERSION => 2)", good=False).err
    assert "99" in sql("SELECT * FROM t AT (VERSION => 99)", good=False).err


# ---- COPY TO ----------------------------------------------------------------------------------------------


def test_copy_to(run, tmp_path):
    path = f"{tmp_path}/c.lance"
    assert run("sql", f"COPY (SELECT i AS a FROM range(10) r(i)) TO '{path}' (FORMAT lance)").code == 0
    assert [r["a"] for r in rows(tmp_path, "c")] == list(range(10))
    assert "exists" in run("sql", f"COPY (SELECT 1 AS a) TO '{path}' (FORMAT lance)").err
    for words in ("APPEND", "MODE 'append'"):
        result = run("sql", f"COPY (SELECT 100::BIGINT AS a) TO '{path}' (FORMAT lance, {words})")
        assert result.code == 0, result.err
    assert [r["a"] for r in rows(tmp_path, "c")] == [*range(10), 100, 100]
    for words in ("OVERWRITE", "MODE 'overwrite'"):
        result = run("sql", f"COPY (SELECT 'x' AS b) TO '{path}' (FORMAT lance, {words})")
        assert result.code == 0, result.err
    assert rows(tmp_path, "c") == [{"b": "x"}] and versions(tmp_path, "c") == [1, 2, 3, 4, 5]
    result = run("sql", f"COPY (SELECT i AS a FROM range(1000) r(i)) TO '{tmp_path}/d.lance' (MAX_ROWS_PER_FILE 300, STABLE_ROW_IDS)")
    assert result.code == 0, result.err
    dataset = read(tmp_path, "d")
    assert len(dataset.get_fragments()) == 4 and dataset.has_stable_row_ids
    assert "no option" in run("sql", f"COPY (SELECT 1 AS a) TO '{tmp_path}/e.lance' (FORMAT lance, COLOUR 'red')").err


@pytest.mark.parametrize("option", ["PER_THREAD_OUTPUT", "PARTITION_BY (g)", "FILE_SIZE_BYTES 1000"])
def test_copy_of_many_files_is_refused(run, tmp_path, option):
    result = run("sql", f"COPY (SELECT i AS a, i % 2 AS g FROM range(10) r(i)) TO '{tmp_path}/c.lance' (FORMAT lance, {option})")
    assert "one table" in result.err or "not implemented" in result.err
    assert not (tmp_path / "c.lance" / "_versions").exists()
    (tmp_path / "f.lance").write_text("text")
    assert "is a file" in run("sql", f"COPY (SELECT 1 AS a) TO '{tmp_path}/f.lance' (FORMAT lance, OVERWRITE)").err
    assert (tmp_path / "f.lance").read_text() == "text"


def test_copy_interrupted_by_an_error_leaves_nothing(run, tmp_path):
    result = run("sql", f"COPY (SELECT CASE WHEN i < 400000 THEN i ELSE error('boom') END AS a FROM range(500000) r(i)) TO '{tmp_path}/c.lance' (FORMAT lance)")
    assert result.code != 0 and "boom" in result.err
    assert not list(tmp_path.glob("c.lance/**/*.lance")) and not (tmp_path / "c.lance" / "_versions").exists()
