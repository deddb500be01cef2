"""Many queries in one call find what each finds by itself, whatever the index and the rest of the search."""

import numpy as np
import pyarrow as pa
import pytest
from test_vector_build import KINDS, table_of, type_of, vectors

import lance_cpp

QUERIES = 70
SEARCHES = {
    "plain": {"k": 10, "nprobes": 4},
    "adaptive": {"k": 10},
    "refined": {"k": 5, "nprobes": 3, "refine_factor": 4},
    "one": {"k": 1, "nprobes": 1},
    "more_than_a_partition_has": {"k": 700, "nprobes": 1},
    "in_a_range": {"k": 30, "nprobes": 4, "distance_range": (2.0, 30.0)},
}
FILTERS = {"all": None, "few": "id % 50 = 7", "a_tenth": "id % 10 = 3", "half": "id % 2 = 0", "none": "id < 0"}


@pytest.fixture(scope="module")
def datasets(tmp_path_factory):
    made = {}

    def make(kind, metric):
        if (kind, metric) not in made:
            path = tmp_path_factory.mktemp("batch") / "t.lance"
            dataset = lance_cpp.write_dataset(table_of(vectors(6_000, 16)), path, max_rows_per_file=2_500)
            dataset.create_index("v", type_of(kind), metric=metric, num_partitions=12, **KINDS[kind])
            dataset.insert(table_of(vectors(900, 16, seed=1), start=6_000))
            dataset.optimize.optimize_indices()
            dataset.insert(table_of(vectors(300, 16, seed=2), start=6_900))
            dataset.delete("id % 11 = 5")
            made[kind, metric] = dataset
        return made[kind, metric]

    return make


def by_query(table, queries):
    index = table["query_index"].to_numpy() if queries > 1 else np.zeros(table.num_rows, int)
    ids, distances = table["id"].to_numpy(), table["_distance"].to_numpy()
    return [(ids[index == q], distances[index == q]) for q in range(queries)]


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("metric", ["l2", "cosine", "dot"])
@pytest.mark.parametrize("kind", KINDS)
def test_many_find_what_each_finds(datasets, kind, metric, search):
    dataset = datasets(kind, metric)
    queries = vectors(QUERIES, 16, seed=3)
    for name, condition in FILTERS.items():
        options = {"columns": ["id", "_distance"], "filter": condition, "prefilter": True}
        many = dataset.to_table(nearest={"column": "v", "q": queries, **SEARCHES[search]}, **options)
        found = by_query(many, QUERIES)
        missed = total = 0
        for query, (ids, distances) in zip(queries, found):
            one = dataset.to_table(nearest={"column": "v", "q": query, **SEARCHES[search]}, **options)
            ((expected, expected_distances),) = by_query(one, 1)
            assert len(ids) == len(expected), (name, search)
            missed += len(set(expected) - set(ids))
            total += len(ids)
            np.testing.assert_allclose(distances, expected_distances, rtol=1e-3, atol=1e-3) if missed == 0 else None
        # Estimates of RQ leave out rows by a bound that holds nearly always, so that the order of partitions may
        # matter; of others only rows that are equally far but for rounding can change places.
        assert missed <= (total * 0.01 if "RQ" in kind else 2), name


@pytest.mark.parametrize("queries", [1, 2, 3, 5, 300])
def test_any_number_of_queries(datasets, queries):
    dataset = datasets("IVF_PQ", "l2")
    data = vectors(queries, 16, seed=4)
    nearest = {"column": "v", "k": 3, "nprobes": 12, "refine_factor": 5}
    found = by_query(dataset.to_table(["id", "_distance"], nearest={"q": data, **nearest}), queries)
    for query, (ids, _) in zip(data, found):
        assert ids.tolist() == dataset.to_table(["id"], nearest={"q": query, **nearest})["id"].to_pylist()


@pytest.mark.parametrize("share", [3, 10, 30])
def test_filtered_walks_fill_k_and_find_the_nearest(tmp_path, share):
    data = vectors(40_000, 16)
    dataset = lance_cpp.write_dataset(table_of(data), tmp_path / "t.lance")
    dataset.create_index("v", "IVF_HNSW_SQ", num_partitions=1)
    allowed = np.arange(len(data)) % 100 < share
    hits = 0
    for query in vectors(60, 16, seed=5):
        nearest = {"column": "v", "q": query, "k": 10, "ef": 40}
        got = dataset.to_table(["id"], filter=f"id % 100 < {share}", prefilter=True, nearest=nearest)
        assert got.num_rows == 10
        distances = ((data - query) ** 2).sum(axis=1)
        distances[~allowed] = np.inf
        hits += len(set(got["id"].to_pylist()) & set(np.argsort(distances)[:10].tolist()))
    assert hits / 600 > 0.9


def test_a_walk_that_meets_no_allowed_rows_gives_way_to_comparing_them(tmp_path):
    # All that is allowed lies far away: a walk would go over nearly everything before.
    near, far = vectors(30_000, 16), vectors(3_000, 16, seed=6) + 60
    dataset = lance_cpp.write_dataset(table_of(np.concatenate([near, far])), tmp_path / "t.lance")
    dataset.create_index("v", "IVF_HNSW_FLAT", num_partitions=1)
    query = near[0]
    nearest = {"column": "v", "q": query, "k": 10, "ef": 20}
    got = dataset.to_table(["id"], filter="id >= 30000", prefilter=True, nearest=nearest)
    expected = 30_000 + np.argsort(((far - query) ** 2).sum(axis=1))[:10]
    assert got["id"].to_pylist() == expected.tolist()
