"""What a vector index holds, as the reference reads it: partitions of all segments, centroids."""

import lance
import numpy as np
import pyarrow as pa
import pytest
from lance.dataset import VectorIndexReader as Reference

import lance_cpp
from lance_cpp.dataset import VectorIndexReader

DIM = 16


@pytest.fixture
def path(tmp_path):
    uri = str(tmp_path / "t")
    for seed in range(2):
        values = np.random.default_rng(seed).standard_normal((900, DIM)).astype(np.float32)
        table = pa.table({"id": pa.array(range(900)), "v": pa.FixedSizeListArray.from_arrays(values.reshape(-1), DIM)})
        dataset = lance.write_dataset(table, uri, mode="append" if seed else "create")
        if seed == 0:
            dataset.create_index("v", "IVF_PQ", num_partitions=3, num_sub_vectors=4)
            dataset.create_scalar_index("id", "BTREE")
    dataset.optimize.optimize_indices(num_indices_to_merge=0)
    return uri


@pytest.mark.parametrize("with_vector", [False, True])
def test_partitions_of_all_segments(path, with_vector):
    ours, theirs = VectorIndexReader(lance_cpp.dataset(path), "v_idx"), Reference(lance.dataset(path), "v_idx")
    assert ours.num_partitions() == theirs.num_partitions() == 3
    rows = 0
    for number in range(3):
        mine, other = (reader.read_partition(number, with_vector=with_vector) for reader in (ours, theirs))
        assert mine.column_names == other.column_names
        assert mine.sort_by("_rowid")["_rowid"].to_pylist() == other.sort_by("_rowid")["_rowid"].to_pylist()
        if with_vector:
            assert mine["__pq_code"].type == other["__pq_code"].type
            assert sorted(mine["__pq_code"].to_pylist()) == sorted(other["__pq_code"].to_pylist())
        rows += mine.num_rows
    assert rows == 1800


def test_centroids(path):
    ours, theirs = lance_cpp.dataset(path), lance.dataset(path)
    for arguments in ({"index_name": "v_idx"}, {"column": "v"}):
        assert ours.centroids(**arguments).type == theirs.centroids(**arguments).type
        np.testing.assert_allclose(*(np.array(d.centroids(**arguments).flatten()) for d in (ours, theirs)), rtol=1e-6)
    model = ours.get_ivf_model("v_idx")
    assert (model.num_partitions, model.distance_type) == (3, "l2")
    assert model.centroids.equals(ours.centroids(index_name="v_idx"))


def test_what_is_not_there(path):
    ours, theirs = lance_cpp.dataset(path), lance.dataset(path)
    with pytest.raises(IndexError, match="out of range"):
        VectorIndexReader(ours, "v_idx").read_partition(3)
    with pytest.raises(KeyError, match="nope"):
        VectorIndexReader(ours, "nope")
    with pytest.raises(ValueError, match="not vector index"):
        VectorIndexReader(ours, "id_idx")
    for call in (lambda d: d.centroids(), lambda d: d.centroids(index_name="nope"), lambda d: d.centroids(column="id"), lambda d: d.get_ivf_model("nope")):
        with pytest.raises((KeyError, ValueError)) as expected:
            call(theirs)
        with pytest.raises(expected.type):
            call(ours)


@pytest.mark.parametrize("metric", ["l2", "cosine", "dot"])
@pytest.mark.parametrize("kind", ["IVF_PQ", "IVF_SQ", "IVF_HNSW_PQ"])
def test_statistics_describe_the_codes_alike(tmp_path, kind, metric):
    uri = str(tmp_path / "t")
    values = np.random.default_rng(3).standard_normal((600, DIM)).astype(np.float32)
    dataset = lance.write_dataset(pa.table({"v": pa.FixedSizeListArray.from_arrays(values.reshape(-1), DIM)}), uri)
    dataset.create_index("v", kind, metric=metric, num_partitions=2, **({"num_sub_vectors": 4} if "PQ" in kind else {}))
    ours, theirs = (d.stats.index_stats("v_idx")["indices"][0] for d in (lance_cpp.dataset(uri), lance.dataset(uri)))
    assert ours["sub_index"] == theirs["sub_index"]
    assert ours["metric_type"] == theirs["metric_type"] == metric
