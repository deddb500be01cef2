"""CREATE INDEX on tables of an attached folder: pylance finds the index and its rows; wrong statements are refused and change nothing."""

import lance
import numpy as np
import pyarrow as pa
import pytest

DIM, ROWS = 8, 1200


@pytest.fixture
def folder(tmp_path):
    values = np.random.default_rng(1).standard_normal((ROWS, DIM)).astype(np.float32)
    table = pa.table({"id": pa.array(range(ROWS)), "Name": [f"n{i % 50}" for i in range(ROWS)],
                      "v": pa.FixedSizeListArray.from_arrays(values.reshape(-1), DIM)})  # fmt: skip
    lance.write_dataset(table, tmp_path / "t.lance")
    return tmp_path


def attached(folder, sql):
    return f"ATTACH '{folder}' AS db (TYPE lance); {sql}"


@pytest.mark.parametrize("using,options,kind", [
    ("ivf_flat", "metric = 'dot', num_partitions = 3", "IVF_FLAT"), ("IVF_PQ", "num_partitions = 2, num_sub_vectors = 4, num_bits = 4", "IVF_PQ"),
    ("ivf_sq", "num_partitions = 2", "IVF_SQ"), ("ivf_rq", "num_partitions = 2, num_bits = 1", "IVF_RQ"),
    ("ivf_hnsw_flat", "num_partitions = 1, m = 8, ef_construction = 40", "IVF_HNSW_FLAT"),
    ("ivf_hnsw_pq", "num_partitions = 1, num_sub_vectors = 4", "IVF_HNSW_PQ"), ("ivf_hnsw_sq", "num_partitions = 1", "IVF_HNSW_SQ"),
])  # fmt: skip
def test_every_kind_of_vector_index(run, folder, using, options, kind):
    done = run("sql", "-c", attached(folder, f"CREATE INDEX near ON db.t USING {using} (v) WITH ({options})"))
    assert done.code == 0, done.err
    dataset = lance.dataset(str(folder / "t.lance"))
    (index,) = dataset.list_indices()
    assert (index["name"], index["type"], index["fields"]) == ("near", kind, ["v"])
    query = dataset.take([17], columns=["v"])["v"][0].values.to_numpy()
    found = dataset.to_table(columns=["id"], nearest={"column": "v", "q": query, "k": 5, "nprobes": 3, "refine_factor": 10})
    assert found.num_rows == 5
    if "dot" not in options:
        assert found["id"][0].as_py() == 17


@pytest.mark.parametrize("using", ["", "USING btree", "USING ART"])
def test_btree(run, query, folder, using):
    assert run("sql", "-c", attached(folder, f"CREATE INDEX names ON db.t {using} (name)")).code == 0
    dataset = lance.dataset(str(folder / "t.lance"))
    assert [(i["name"], i["type"], i["fields"]) for i in dataset.list_indices()] == [("names", "BTree", ["Name"])]
    assert "ScalarIndexQuery" in dataset.scanner(filter="Name = 'n3'").explain_plan()
    assert query(attached(folder, "SELECT count(*) n FROM db.t WHERE name = 'n3'")).to_pylist() == [{"n": ROWS // 50}]


def test_repeats(run, folder):
    statement = "CREATE {} INDEX {} near ON db.t USING ivf_flat (v) WITH (num_partitions = {})"
    assert run("sql", "-c", attached(folder, statement.format("", "", 2))).code == 0
    again = run("sql", "-c", attached(folder, statement.format("", "", 3)))
    assert again.code != 0 and "near" in again.err
    version = lance.dataset(str(folder / "t.lance")).version
    assert run("sql", "-c", attached(folder, statement.format("", "IF NOT EXISTS", 3))).code == 0
    assert lance.dataset(str(folder / "t.lance")).version == version


@pytest.mark.parametrize("statement,named", [
    ("CREATE INDEX i ON db.t USING ivf_pq (v) WITH (metrc = 'l2')", "metrc"), ("CREATE INDEX i ON db.t USING ivf_foo (v)", "IVF_FOO"),
    ("CREATE INDEX i ON db.t USING ivf_pq (v) WITH (num_partitions = 0)", "num_partitions"), ("CREATE UNIQUE INDEX i ON db.t (id)", "UNIQUE"),
    ("CREATE INDEX i ON db.t (id, name)", "several columns"), ("CREATE INDEX i ON db.t ((id + 1))", "expression"),
    ("CREATE INDEX i ON db.t (nothing)", "nothing"), ("CREATE INDEX i ON db.t USING ivf_flat (id)", "fixed-size lists"), ("CREATE INDEX i ON db.t USING btree (id) WITH (m = 3)", "m"),
    ("BEGIN; CREATE INDEX i ON db.t (id); COMMIT", "BEGIN"), ("CREATE INDEX i ON db.u (id)", "u"), ("DROP INDEX i", "i"),
])  # fmt: skip
def test_refused(run, folder, statement, named):
    done = run("sql", "-c", attached(folder, statement))
    assert done.code != 0 and named in done.err
    dataset = lance.dataset(str(folder / "t.lance"))
    assert dataset.version == 1 and dataset.list_indices() == []


def test_the_index_answers_in_the_same_session(query, folder):
    sql = ("CREATE INDEX near ON db.t USING ivf_flat (v) WITH (num_partitions = 2); SET lance_ann = 'on';"
           f"EXPLAIN SELECT id FROM db.t ORDER BY array_distance(v, {[0.0] * DIM}::FLOAT[{DIM}]) LIMIT 3")  # fmt: skip
    assert "Search: index near" in str(query(attached(folder, sql)).to_pylist())


def test_search_verb(run, folder):
    path = folder / "t.lance"
    assert run("index", "create", path, "v", "--type", "ivf_flat", "--partitions", "2").code == 0
    dataset = lance.dataset(str(path))
    vector = dataset.take([5], columns=["v"])["v"][0].as_py()
    expected = dataset.to_table(columns=["id"], filter="id > 100", prefilter=True, nearest={"column": "v", "q": vector, "k": 4, "nprobes": 2})
    for asked in (["--like-row", "5"], ["-q", str(vector)]):
        done = run("search", path, *asked, "-k", "4", "-w", "id > 100", "--nprobes", "2", "-c", "id", "--format", "csv")
        assert done.code == 0, done.err
        assert [int(line.split(",")[0]) for line in done.out.split()[1:]] == expected["id"].to_pylist()
    assert "ANNSubIndex" in run("search", path, "--like-row", "5", "--explain").out
    assert "ANNSubIndex" not in run("search", path, "--like-row", "5", "--no-index", "--explain").out
    assert "--query" in run("search", path).err
    assert "id" in run("search", path, "--like-row", "5", "--column", "id").err


def test_drop_index(run, query, folder):
    """By its name, which may be on one table only; else with the table's name before it."""
    lance.write_dataset(pa.table({"id": range(50)}), folder / "u.lance").create_scalar_index("id", "BTREE", name="ids")

    def indices(table):
        return [i["name"] for i in lance.dataset(str(folder / f"{table}.lance")).list_indices()]

    assert run("sql", "-c", attached(folder, "CREATE INDEX ids ON db.t (id); CREATE INDEX near ON db.t USING ivf_flat (v)")).code == 0
    assert run("sql", "-c", attached(folder, "DROP INDEX db.NEAR")).code == 0
    assert indices("t") == ["ids"]
    both = run("sql", "-c", attached(folder, "DROP INDEX db.ids"))
    assert both.code != 0 and '"t" and "u"' in both.err
    assert run("sql", "-c", attached(folder, 'DROP INDEX db."u.ids"')).code == 0
    assert (indices("t"), indices("u")) == (["ids"], [])
    held = run("sql", "-c", attached(folder, "BEGIN; DROP INDEX db.ids; COMMIT"))
    assert held.code != 0 and "BEGIN" in held.err
    gone = run("sql", "-c", attached(folder, "DROP INDEX db.nothing"))
    assert gone.code != 0 and "nothing" in gone.err
    # What was dropped is gone for the next statement of the same session.
    done = query(attached(folder, "DROP INDEX IF EXISTS db.nothing; DROP INDEX db.main.ids; CREATE INDEX ids ON db.t (name); SELECT 1 AS n"))
    assert done.to_pylist() == [{"n": 1}] and indices("t") == ["ids"]
