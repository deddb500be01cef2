import json

import lance
import numpy as np
import pyarrow as pa
import pytest


@pytest.fixture
def table(tmp_path):
    data = np.random.default_rng(0).normal(size=(1000, 16)).astype(np.float32)
    values = pa.FixedSizeListArray.from_arrays(pa.array(data.reshape(-1)), 16)
    path = str(tmp_path / "t.lance")
    lance.write_dataset(pa.table({"id": range(1000), "v": values}), path)
    return path


def document(result):
    assert result.code == 0, result.err
    return json.loads(result.out)


def test_an_index_from_its_creation_to_its_end(run, table):
    made = document(run("index", "create", table, "v", "--type", "ivf_pq", "--sub-vectors", "4", "--partitions", "2"))
    assert made["name"] == "v_idx" and made["type"] == "IVF_PQ" and made["metric"] == "l2"
    assert lance.dataset(table).list_indices()[0]["type"] == "IVF_PQ"
    assert run("index", "create", table, "v").code == 1
    document(run("index", "create", table, "v", "--type", "ivf_hnsw_sq", "--metric", "cosine", "--name", "graph"))
    listed = run("index", "list", table, "--format", "csv").out.splitlines()
    assert [line.split(",")[:2] for line in listed[1:]] == [["graph", "IVF_HNSW_SQ"], ["v_idx", "IVF_PQ"]]

    lance.write_dataset(lance.dataset(table).to_table(limit=50), table, mode="append")
    assert document(run("index", "describe", table, "v_idx"))["fragments_not_covered"] == 1
    assert document(run("index", "optimize", table))["changed"]
    described = document(run("index", "describe", table, "v_idx"))
    assert (described["segments"], described["fragments_not_covered"]) == (2, 0)
    assert document(run("index", "optimize", table, "v_idx", "--merge", "2"))["changed"]
    assert document(run("index", "describe", table, "v_idx"))["segments"] == 1
    assert not document(run("index", "optimize", table))["changed"]

    document(run("index", "drop", table, "graph"))
    assert [index["name"] for index in lance.dataset(table).list_indices()] == ["v_idx"]
    assert run("index", "drop", table, "graph").code != 0


def test_a_definition_is_trained_later(run, table):
    made = document(run("index", "create", table, "v", "--type", "ivf_flat", "--no-train"))
    assert not made["trained"]
    assert document(run("index", "optimize", table))["changed"]
    assert document(run("index", "describe", table, "v_idx"))["trained"]


def test_wrong_usage(run, table):
    assert "IVF_TREE" in run("index", "create", table, "v", "--type", "ivf_tree").err
    assert run("index", "create", table, "id", "--type", "ivf_flat").code == 1
    assert run("index", "create", table).code == 2
