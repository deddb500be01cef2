"""Searches that differ in the vector only run on one plan: each answers as a fresh data set object does, and as the reference."""

import lance
import numpy as np
import pyarrow as pa
import pytest

import lance_cpp

DIM = 16


def write(path, rows=600, seed=1, element=pa.float32(), mode="create"):
    random = np.random.default_rng(seed)
    values = random.standard_normal((rows, DIM)).astype(element.to_pandas_dtype())
    column = pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1), element), DIM)
    return lance.write_dataset(pa.table({"id": pa.array(range(rows)), "v": column}), path, mode=mode)


def queries(count, dtype=np.float32):
    return np.random.default_rng(7).standard_normal((count, DIM)).astype(dtype)


def same(ours, theirs):
    assert ours.schema == theirs.schema
    assert ours["id"].to_pylist() == theirs["id"].to_pylist()
    np.testing.assert_allclose(np.array(ours["_distance"]), np.array(theirs["_distance"]), rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize("options", [
    {}, {"filter": "id % 3 = 1", "prefilter": True}, {"filter": "id < 0", "prefilter": True}, {"filter": "id > 100"}, {"limit": 3},
    {"with_row_id": True}, {"columns": {"id": "id", "twice": "id * 2", "_distance": "_distance"}},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("nearest", [{"k": 5}, {"k": 5, "use_index": False}, {"k": 9, "nprobes": 2, "refine_factor": 2}, {"k": 5, "distance_range": (0.5, 20.0)}], ids=str)
def test_each_vector_gets_its_own_answer(tmp_path, options, nearest):
    path = str(tmp_path / "t")
    write(path).create_index("v", "IVF_FLAT", num_partitions=2)
    ours = lance_cpp.dataset(path)
    for query in queries(4):
        arguments = {"nearest": {"column": "v", "q": query, **nearest}, **options}
        again = ours.to_table(**arguments)
        fresh = lance_cpp.dataset(path).to_table(**arguments)
        assert again == fresh
        same(again, lance.dataset(path).to_table(**arguments))


def test_other_kinds_of_vectors_in_turn(tmp_path):
    path = str(tmp_path / "t")
    write(path)
    ours, theirs = lance_cpp.dataset(path), lance.dataset(path)
    one, strided = queries(1)[0], queries(2).T.copy().T[1]
    for query in (one, one.astype(np.float64), one.tolist(), pa.array(one), strided, one[::-1], queries(1)[0], one):
        arguments = {"nearest": {"column": "v", "q": query, "k": 4}}
        same(ours.to_table(**arguments), theirs.to_table(**{"nearest": {**arguments["nearest"], "q": np.array(query, dtype=np.float32)}}))
    with pytest.raises(ValueError, match="size"):
        ours.to_table(nearest={"column": "v", "q": one[:5], "k": 4})
    assert ours.to_table(nearest={"column": "v", "q": queries(3), "k": 4}).num_rows == 12


@pytest.mark.parametrize("element", [pa.float16(), pa.float64()], ids=str)
def test_other_elements(tmp_path, element):
    path = str(tmp_path / "t")
    write(path, element=element)
    ours, theirs = lance_cpp.dataset(path), lance.dataset(path)
    for query in queries(3, element.to_pandas_dtype()):
        same(*(d.to_table(nearest={"column": "v", "q": query, "k": 6}) for d in (ours, theirs)))


def test_a_new_version_has_new_plans(tmp_path):
    path = str(tmp_path / "t")
    write(path)
    ours = lance_cpp.dataset(path)
    search = lambda: ours.to_table(nearest={"column": "v", "q": queries(1)[0], "k": 3})["id"].to_pylist()  # noqa: E731
    first = search()
    assert search() == first
    ours.delete(f"id = {first[0]}")
    assert search()[:2] == first[1:]
    write(path, rows=10, seed=2, mode="overwrite")
    assert search()[:2] == first[1:]
    assert max(lance_cpp.dataset(path).to_table(nearest={"column": "v", "q": queries(1)[0], "k": 3})["id"].to_pylist()) < 10


def test_a_clock_in_a_filter_goes_on(tmp_path):
    path = str(tmp_path / "t")
    write(path)
    ours = lance_cpp.dataset(path)
    options = {"filter": "id >= 0 AND now() >= TIMESTAMP '2020-01-01 00:00:00'", "prefilter": True}
    for query in queries(3):
        assert ours.to_table(nearest={"column": "v", "q": query, "k": 2}, **options).num_rows == 2
    assert not ours._searches._plans
    ours.to_table(nearest={"column": "v", "q": queries(1)[0], "k": 2})
    assert len(ours._searches._plans) == 1


def test_the_cache_tells_its_hits(tmp_path):
    path = str(tmp_path / "t")
    write(path)
    lance_cpp.dataset(path).create_index("v", "IVF_FLAT", num_partitions=2)
    session = lance_cpp.Session()
    ours = lance_cpp.dataset(path, session=session)
    assert session.index_cache_hit_rate() == 0.0
    for query in queries(50):
        ours.to_table(nearest={"column": "v", "q": query, "k": 2, "nprobes": 2})
    assert 0.9 < session.index_cache_hit_rate() < 1.0
    assert ours._ds.index_cache_hit_rate() == session.index_cache_hit_rate()


def test_vectors_cast_to_half(tmp_path):
    path = str(tmp_path / "t")
    write(path)
    columns = {"h": "_cast_list_f16(v)"}
    ours = lance_cpp.dataset(path).to_table(columns=columns)
    theirs = lance.dataset(path).to_table(columns=columns)
    assert ours["h"].type == theirs["h"].type and ours["h"].equals(theirs["h"])
    with pytest.raises(ValueError, match="cast_list_f16 only supports"):
        lance_cpp.dataset(path).to_table(columns={"h": "_cast_list_f16(id)"})


def test_bfloat16(tmp_path):
    """The reference refuses these vectors; ours are compared as they are, without an index."""
    from ml_dtypes import bfloat16

    data = np.random.default_rng(3).standard_normal((200, DIM)).astype(bfloat16)
    column = pa.FixedSizeListArray.from_arrays(lance_cpp.arrow.BFloat16Array.from_numpy(data.reshape(-1)), DIM)
    dataset = lance_cpp.write_dataset(pa.table({"id": range(200), "v": column}), tmp_path / "t")
    for query in queries(5):
        expected = ((data.astype(np.float64) - query.astype(bfloat16).astype(np.float64)) ** 2).sum(axis=1)
        for _ in range(2):
            got = dataset.to_table(["id", "_distance"], nearest={"column": "v", "q": query, "k": 4})
            assert got["id"].to_pylist() == np.argsort(expected)[:4].tolist()
            np.testing.assert_allclose(got["_distance"], np.sort(expected)[:4], rtol=1e-2)
    with pytest.raises(Exception, match="floating|bfloat16"):
        dataset.create_index("v", "IVF_FLAT", num_partitions=2)


# Of vectors that lie far from the origin, that are tiny, or large: what is computed in parts must not lose more than is known.
@pytest.mark.parametrize("shift, scale", [(0, 1), (1000, 1), (0, 1e-12), (0, 1e15), (3e4, 1e-2)])
@pytest.mark.parametrize("metric", ["l2", "cosine"])
@pytest.mark.parametrize("batch", [False, True])
def test_pq_answers_the_first_search_and_later_ones_alike(tmp_path, metric, shift, scale, batch):
    path = str(tmp_path / "t")
    random = np.random.default_rng(3)
    centers = random.standard_normal((12, DIM)) * 3
    values = ((centers[random.integers(0, 12, 3000)] + random.standard_normal((3000, DIM)) + shift) * scale).astype(np.float32)
    column = pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), DIM)
    lance.write_dataset(pa.table({"id": range(3000), "v": column}), path)
    lance_cpp.dataset(path).create_index("v", "IVF_PQ", metric=metric, num_partitions=8, num_sub_vectors=4)
    ours = lance_cpp.dataset(path)
    asked = values[::300] * np.float32(1.01)
    asked = [asked] if batch else list(asked)
    for options in ({"nprobes": 3}, {"nprobes": 8, "refine_factor": 2}, {"nprobes": 8, "distance_range": (None, 30.0 * scale**2)}):
        # The session is new for each of these: nothing is known of the index.
        for query in asked:
            arguments = {"nearest": {"column": "v", "q": query, "k": 10, **options}}
            first = lance_cpp.dataset(path, session=lance_cpp.Session()).to_table(**arguments)
            for _ in range(4):
                assert ours.to_table(**arguments) == first
    few = {"nearest": {"column": "v", "q": asked[0], "k": 5, "nprobes": 8}, "filter": "id % 100 = 7", "prefilter": True}
    first = lance_cpp.dataset(path, session=lance_cpp.Session()).to_table(**few)
    assert ours.to_table(**few) == first and first.num_rows == 5 * (10 if batch else 1)
