"""Vector indices that we build and pylance searches: as good as its own of the same parameters."""

import lance
import numpy as np
import pyarrow as pa
import pytest

import lance_cpp

KINDS = {
    "IVF_FLAT": {},
    "IVF_PQ": {"num_sub_vectors": 8},
    "IVF_PQ4": {"num_sub_vectors": 16, "num_bits": 4},
    "IVF_SQ": {},
    "IVF_RQ": {},
    "IVF_RQ1": {"num_bits": 1},
    "IVF_RQ9": {"num_bits": 9},
    "IVF_HNSW_FLAT": {},
    "IVF_HNSW_SQ": {},
    "IVF_HNSW_PQ": {"num_sub_vectors": 8},
}
TOLERANCE = 0.02
# Of kinds whose codebooks or rotations are drawn at random, on both sides: three standard deviations of the difference
# over 1,500 neighbours at a recall of 0.9 are 0.033.
LOSSY_TOLERANCE = 0.05


def type_of(kind):
    return kind.rstrip("149")


def vectors(rows, dim, dtype=np.float32, seed=0):
    """Clustered vectors, of different lengths; the clusters are the same for all seeds."""
    centers = np.random.default_rng(1000).normal(size=(40, dim))
    random = np.random.default_rng(seed)
    return (centers[random.integers(0, 40, rows)] + random.normal(size=(rows, dim)) * 0.4).astype(dtype)


def table_of(data, start=0):
    values = pa.FixedSizeListArray.from_arrays(pa.array(data.reshape(-1)), data.shape[1])
    return pa.table({"id": pa.array(range(start, start + len(data)), pa.int64()), "v": values})


def exact(data, query, metric, k=10):
    data, query = data.astype(np.float64), query.astype(np.float64)
    if metric == "cosine":
        data = data / np.linalg.norm(data, axis=1, keepdims=True)
        query = query / np.linalg.norm(query)
    scores = -(data @ query) if metric == "dot" else ((data - query) ** 2).sum(axis=1)
    return set(np.argsort(scores, kind="stable")[:k].tolist())


def recall(dataset, data, queries, metric, **options):
    found = 0
    for query in queries:
        got = dataset.to_table(columns=["id"], nearest={"column": "v", "q": query, "k": 10, **options})
        found += len(exact(data, query, metric) & set(got["id"].to_pylist()))
    return found / (10 * len(queries))


def pair(tmp_path, table, max_rows_per_file=2000, **options):
    for name in ("ours", "theirs"):
        lance.write_dataset(table, tmp_path / name, max_rows_per_file=max_rows_per_file, **options)
    return tmp_path


def build(folder, kind, metric="l2", column="v", **more):
    parameters = {"metric": metric, "num_partitions": 8, **KINDS[kind], **more}
    lance_cpp.dataset(folder / "ours").create_index(column, type_of(kind), **parameters)
    lance.dataset(folder / "theirs").create_index(column, type_of(kind), **parameters)
    return lance.dataset(folder / "ours"), lance.dataset(folder / "theirs")


def check_used(dataset):
    plan = dataset.scanner(nearest={"column": "v", "q": np.zeros(dim_of(dataset), np.float32), "k": 3}).explain_plan()
    assert "ANN" in plan, plan


def dim_of(dataset):
    return dataset.schema.field("v").type.list_size


@pytest.mark.parametrize("metric", ["l2", "cosine", "dot"])
@pytest.mark.parametrize("kind", KINDS)
def test_recall_is_that_of_the_reference(tmp_path, kind, metric):
    data, queries = vectors(6000, 32), vectors(150, 32, seed=1)
    ours, theirs = build(pair(tmp_path, table_of(data)), kind, metric)
    check_used(ours)
    options = {"nprobes": 8, "ef": 64} if "HNSW" in kind else {"nprobes": 8}
    mine, other = (recall(dataset, data, queries, metric, **options) for dataset in (ours, theirs))
    print(kind, metric, mine, other)
    # Codebooks and rotations that are drawn at random differ by as much among themselves.
    lossy = "PQ" in kind or "RQ" in kind
    assert mine >= other - (LOSSY_TOLERANCE if lossy else TOLERANCE)
    # Few partitions: theirs and ours lie apart, but none is worse by much.
    mine, other = (recall(dataset, data, queries, metric, nprobes=2) for dataset in (ours, theirs))
    print(kind, metric, mine, other)
    assert mine >= other - 0.08


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
@pytest.mark.parametrize("metric", ["l2", "cosine", "dot"])
@pytest.mark.parametrize("kind", ["IVF_FLAT", "IVF_PQ", "IVF_SQ", "IVF_RQ", "IVF_HNSW_FLAT", "IVF_HNSW_SQ"])
def test_other_float_types(tmp_path, kind, metric, dtype):
    data, queries = vectors(3000, 16, dtype), vectors(150, 16, dtype, seed=1)
    ours, theirs = build(pair(tmp_path, table_of(data)), kind, metric)
    check_used(ours)
    mine, other = (recall(dataset, data, queries, metric, nprobes=8) for dataset in (ours, theirs))
    lossy = "PQ" in kind or "RQ" in kind
    assert mine >= other - (LOSSY_TOLERANCE if lossy else TOLERANCE)


@pytest.mark.parametrize("kind", ["IVF_FLAT", "IVF_HNSW_FLAT"])
def test_hamming(tmp_path, kind):
    random = np.random.default_rng(0)
    data = random.integers(0, 256, (2000, 8), dtype=np.uint8)
    ours, _ = build(pair(tmp_path, table_of(data)), kind, "hamming")
    bits = np.unpackbits(data, axis=1)
    found = 0
    for row in range(0, 2000, 100):
        got = ours.to_table(nearest={"column": "v", "q": data[row], "k": 10, "nprobes": 8, "ef": 64})
        distances = (bits != bits[row]).sum(axis=1)
        assert got["_distance"].to_pylist() == [float(distances[i]) for i in got["id"].to_pylist()]
        found += sum(d <= np.sort(distances)[9] for d in got["_distance"].to_pylist())
    assert found >= 190


def test_given_centroids_of_bits(tmp_path):
    random = np.random.default_rng(0)
    data, centroids = (random.integers(0, 256, (rows, 8), dtype=np.uint8) for rows in (2000, 5))
    given = pa.FixedSizeListArray.from_arrays(pa.array(centroids.reshape(-1)), 8)
    told = []
    for engine in (lance_cpp, lance):
        dataset = engine.write_dataset(table_of(data), tmp_path / engine.__name__)
        dataset = dataset.create_index("v", "IVF_FLAT", metric="hamming", num_partitions=5, ivf_centroids=given)
        (index,) = dataset.stats.index_stats("v_idx")["indices"]
        found = dataset.to_table(["id", "_distance"], nearest={"column": "v", "q": data[9], "k": 20, "nprobes": 1})
        told.append((index["partitions"], found["_distance"].to_pylist()))
    assert told[0] == told[1]
    with pytest.raises(ValueError, match="must be uint8"):
        lance_cpp.dataset(tmp_path / "lance_cpp").create_index(
            "v", "IVF_FLAT", metric="hamming", num_partitions=5, ivf_centroids=centroids.astype(np.float32), replace=True
        )
    floats = lance_cpp.write_dataset(table_of(vectors(50, 8)), tmp_path / "floats")
    with pytest.raises(ValueError, match="must be floats"):
        floats.create_index("v", "IVF_FLAT", num_partitions=5, ivf_centroids=given)


VARYING = {"centroids", "loss", "uuid", "partitions", "sub_index", "index_file_size_bytes", "uri", "size",
           "updated_at_timestamp_ms", "total_size_bytes", "size_bytes"}  # fmt: skip


def without_varying(values):
    if isinstance(values, dict):
        return {key: without_varying(value) for key, value in values.items() if key not in VARYING}
    return [without_varying(value) for value in values] if isinstance(values, list) else values


@pytest.mark.parametrize("kind", KINDS)
def test_statistics_are_read(tmp_path, kind):
    data = vectors(1000, 16)
    ours, theirs = build(pair(tmp_path, table_of(data)), kind, num_partitions=3)
    mine, other = (without_varying(dataset.stats.index_stats("v_idx")) for dataset in (ours, theirs))
    assert mine == other
    assert str(ours.describe_indices()[0].type_url) == str(theirs.describe_indices()[0].type_url)


def test_rows_without_a_vector_are_left_out(tmp_path):
    data = vectors(2000, 16)
    data[5, 3] = np.nan
    data[6, 0] = np.inf
    lists = [None if i in (7, 8) else row for i, row in enumerate(data)]
    table = pa.table({"id": range(2000), "v": pa.array(lists, pa.list_(pa.float32(), 16))})
    for kind, metric in (("IVF_FLAT", "l2"), ("IVF_SQ", "cosine")):
        folder = pair(tmp_path / f"{kind}{metric}", table)
        ours, theirs = build(folder, kind, metric)
        assert ours.stats.index_stats("v_idx")["num_indexed_rows"] == theirs.stats.index_stats("v_idx")["num_indexed_rows"]
        got = ours.to_table(nearest={"column": "v", "q": data[0], "k": 2000, "nprobes": 8})
        assert set(range(2000)) - set(got["id"].to_pylist()) == {5, 6, 7, 8}


@pytest.mark.parametrize("kind", ["IVF_FLAT", "IVF_PQ", "IVF_HNSW_SQ"])
def test_multi_vectors(tmp_path, kind):
    data = vectors(1200, 16)
    lists = pa.array([data[i : i + 3].tolist() for i in range(0, 1200, 3)], pa.list_(pa.list_(pa.float32(), 16)))
    folder = pair(tmp_path, pa.table({"id": range(400), "v": lists}))
    ours, theirs = build(folder, kind, "cosine", num_partitions=4)
    found = 0
    for row in range(0, 400, 20):
        query = data[row * 3 : row * 3 + 3]
        nearest = {"column": "v", "q": query, "k": 5, "nprobes": 4, "refine_factor": 5}
        mine = ours.to_table(nearest=nearest)
        found += mine["id"].to_pylist()[0] == row
    assert found >= 19


def test_empty_partitions(tmp_path):
    centroids = np.concatenate([vectors(3, 16), np.full((1, 16), 1e6, np.float32)])
    data = vectors(1000, 16)
    for kind in ("IVF_FLAT", "IVF_PQ", "IVF_RQ", "IVF_HNSW_SQ"):
        folder = pair(tmp_path / kind, table_of(data))
        ours, _ = build(folder, kind, num_partitions=4, ivf_centroids=centroids)
        assert ours.stats.index_stats("v_idx")["indices"][0]["partitions"][3]["size"] == 0
        assert recall(ours, data, data[:20], "l2", nprobes=4) > 0.5
        np.testing.assert_allclose(ours.stats.index_stats("v_idx")["indices"][0]["centroids"], centroids, rtol=1e-6)


def test_stable_row_ids_and_deletions(tmp_path):
    data = vectors(4000, 16)
    folder = pair(tmp_path, table_of(data), enable_stable_row_ids=True)
    lance.dataset(folder / "ours").delete("id % 7 = 0")
    lance.dataset(folder / "theirs").delete("id % 7 = 0")
    ours, theirs = build(folder, "IVF_FLAT")
    for row in range(0, 4000, 400):
        nearest = {"column": "v", "q": data[row], "k": 10, "nprobes": 8}
        assert ours.to_table(nearest=nearest)["id"].to_pylist() == theirs.to_table(nearest=nearest)["id"].to_pylist()


def test_replace_drop_and_names(tmp_path):
    data = vectors(1000, 16)
    dataset = lance_cpp.write_dataset(table_of(data), tmp_path / "ours")
    dataset.create_index("v", "IVF_FLAT", num_partitions=2)
    with pytest.raises(OSError, match="already exists"):
        dataset.create_index("v", "IVF_PQ", num_partitions=2, num_sub_vectors=4)
    dataset.create_index("v", "IVF_PQ", num_partitions=2, num_sub_vectors=4, replace=True)
    assert [i["type"] for i in lance.dataset(tmp_path / "ours").list_indices()] == ["IVF_PQ"]
    dataset.create_index("v", "IVF_SQ", name="other", num_partitions=2)
    assert len(lance.dataset(tmp_path / "ours").list_indices()) == 2
    dataset.drop_index("v_idx")
    assert [i["name"] for i in lance.dataset(tmp_path / "ours").list_indices()] == ["other"]
    with pytest.raises((OSError, ValueError, RuntimeError), match="not found"):
        dataset.drop_index("v_idx")


def test_progress(tmp_path):
    dataset = lance_cpp.write_dataset(table_of(vectors(1000, 16)), tmp_path / "ours")
    events = []
    dataset.create_index("v", "IVF_PQ", num_partitions=2, num_sub_vectors=4, progress_callback=events.append)
    stages = list(dict.fromkeys(event.stage for event in events))
    assert stages == ["train_ivf", "train_quantizer", "shuffle", "merge_partitions"]
    assert {event.event for event in events} == {"start", "progress", "complete"}

    def stop(event):
        raise RuntimeError("enough")

    with pytest.raises(ValueError, match="enough"):
        dataset.create_index("v", "IVF_FLAT", num_partitions=2, replace=True, progress_callback=stop)


def append(path, data, start):
    return lance.write_dataset(table_of(data, start), path, mode="append")


@pytest.mark.parametrize("kind", KINDS)
def test_the_reference_optimizes_ours(tmp_path, kind):
    data = vectors(3000, 32)
    ours, _ = build(pair(tmp_path, table_of(data[:2000])), kind, num_partitions=4)
    append(tmp_path / "ours", data[2000:], 2000)
    ours = lance.dataset(tmp_path / "ours")
    ours.optimize.optimize_indices(num_indices_to_merge=1)
    assert ours.stats.index_stats("v_idx")["num_unindexed_rows"] == 0
    assert ours.stats.index_stats("v_idx")["num_indexed_rows"] == 3000
    lossy = "PQ" in kind or kind == "IVF_RQ1"
    assert recall(ours, data, data[::100], "l2", nprobes=4, ef=64) > (0.25 if lossy else 0.85)


@pytest.mark.parametrize("merge", [None, 0, 1, 5])
@pytest.mark.parametrize("builder", ["ours", "theirs"])
@pytest.mark.parametrize("kind", KINDS)
def test_we_optimize(tmp_path, kind, builder, merge):
    data, queries = vectors(3000, 32), vectors(40, 32, seed=1)
    folder = pair(tmp_path, table_of(data[:2000]))
    build(folder, kind, num_partitions=4)
    append(folder / builder, data[2000:], 2000)
    dataset = lance_cpp.dataset(folder / builder)
    dataset.optimize.optimize_indices(num_indices_to_merge=merge)
    after = lance.dataset(folder / builder)
    statistics = after.stats.index_stats("v_idx")
    assert statistics["num_unindexed_rows"] == 0 and statistics["num_indexed_rows"] == 3000
    assert statistics["num_indices"] == (1 if merge else 2)
    other = append(folder / ("theirs" if builder == "ours" else "ours"), data[2000:], 2000)
    other.optimize.optimize_indices(num_indices_to_merge=1)
    options = {"nprobes": 4, "ef": 64} if "HNSW" in kind else {"nprobes": 4}
    assert recall(after, data, queries, "l2", **options) >= recall(other, data, queries, "l2", **options) - 0.08


def test_optimize_leaves_out_rows_that_are_gone(tmp_path):
    data = vectors(3000, 16)
    folder = pair(tmp_path, table_of(data[:2000]))
    build(folder, "IVF_FLAT", num_partitions=4)
    dataset = lance_cpp.dataset(folder / "ours")
    dataset.delete("id < 100")
    dataset.update({"id": "id + 10000"}, where="id >= 100 and id < 200")
    dataset.optimize.optimize_indices(num_indices_to_merge=1)
    after = lance.dataset(folder / "ours")
    assert after.stats.index_stats("v_idx")["num_indexed_rows"] == 1900
    got = after.to_table(nearest={"column": "v", "q": data[150], "k": 1900, "nprobes": 4})
    assert sorted(got["id"].to_pylist()) == list(range(200, 2000)) + list(range(10100, 10200))


def test_definition_first_then_training(tmp_path):
    data = vectors(3000, 16)
    dataset = lance_cpp.write_dataset(table_of(data[:100]), tmp_path / "ours")
    dataset.create_index("v", "IVF_PQ", num_sub_vectors=4, target_partition_size=500)
    assert lance.dataset(tmp_path / "ours").stats.index_stats("v_idx")["num_indexed_rows"] == 0
    append(tmp_path / "ours", data[100:], 100)
    dataset = lance_cpp.dataset(tmp_path / "ours")
    dataset.optimize.optimize_indices()
    after = lance.dataset(tmp_path / "ours")
    assert after.stats.index_stats("v_idx")["num_indexed_rows"] == 3000
    dataset.optimize.optimize_indices(retrain=True)
    assert lance.dataset(tmp_path / "ours").stats.index_stats("v_idx")["num_indices"] == 1


def test_memory_is_bounded_by_a_file(tmp_path):
    """Rows that do not fit the budget go to a file; the index is the same."""
    data = vectors(5000, 16)
    folder = pair(tmp_path, table_of(data))
    for name, budget in (("ours", 1), ("theirs", 1 << 30)):
        lance_cpp.dataset(folder / name).create_index("v", "IVF_FLAT", num_partitions=8, memory_budget_bytes=budget)
    for row in range(0, 5000, 500):
        nearest = {"column": "v", "q": data[row], "k": 20, "nprobes": 3}
        one, two = (lance.dataset(folder / name).to_table(nearest=nearest) for name in ("ours", "theirs"))
        assert one == two


def test_segments_of_fragments(tmp_path):
    data = vectors(4000, 16)
    dataset = lance_cpp.write_dataset(table_of(data), tmp_path / "ours", max_rows_per_file=2000)
    centroids = vectors(4, 16, seed=3)
    built = [
        dataset.create_index_uncommitted("v", "IVF_FLAT", ivf_centroids=centroids, fragment_ids=[fragment])
        for fragment in (0, 1)
    ]
    assert [set(index.fragment_ids) for index in built] == [{0}, {1}]
    theirs = lance.dataset(tmp_path / "ours")
    operation = lance.LanceOperation.CreateIndex([], [])
    assert operation is not None and theirs.list_indices() == []


def test_refusals(tmp_path):
    data = vectors(600, 12)
    dataset = lance_cpp.write_dataset(table_of(data), tmp_path / "ours")
    with pytest.raises(ValueError, match="divisible by 8|multiple of 8"):
        dataset.create_index("v", "IVF_RQ", num_partitions=2)
    with pytest.raises(ValueError, match="divisible"):
        dataset.create_index("v", "IVF_PQ", num_partitions=2, num_sub_vectors=5)
    with pytest.raises(NotImplementedError, match="accelerator"):
        dataset.create_index("v", "IVF_PQ", num_partitions=2, num_sub_vectors=4, accelerator="cuda")
    with pytest.raises(NotImplementedError):
        dataset.create_index("v", "IVF_NOTHING")
    with pytest.raises(KeyError):
        dataset.create_index("w", "IVF_FLAT")


@pytest.mark.parametrize("share", [0.0, 0.4, 0.97])
def test_training_samples_rows_that_have_vectors(tmp_path, share):
    random = np.random.default_rng(5)
    values = random.standard_normal((20_000, 8)).astype(np.float32)
    missing = pa.array(random.random(20_000) < share)
    column = pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), 8, mask=missing)
    path = str(tmp_path / "t")
    lance.write_dataset(pa.table({"v": column}), path, max_rows_per_file=7000)
    ours = lance_cpp.dataset(path)
    ours.create_index("v", "IVF_PQ", num_partitions=2, num_sub_vectors=4, sample_rate=2)
    there = np.flatnonzero(~np.array(missing))
    for row in random.choice(there, 5, replace=False):
        for dataset in (ours, lance.dataset(path)):
            found = dataset.to_table(columns=[], with_row_id=True, nearest={"column": "v", "q": values[row], "k": 1, "nprobes": 2, "refine_factor": 50})
            assert found["_distance"][0].as_py() < 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_details_are_those_of_pylance(tmp_path, kind):
    table = table_of(vectors(600, 16))
    parameters = {"metric": "cosine", "max_iters": 7, "sample_rate": 33, **KINDS[kind]}
    described = []
    for by in (lance, lance_cpp):
        path = tmp_path / by.__name__
        by.write_dataset(table, path).create_index("v", type_of(kind), num_partitions=2, **parameters)
        for reader in (lance, lance_cpp):
            described.append(reader.dataset(path).describe_indices()[0].details)
    theirs, read_by_us, ours_read_by_them, ours = described
    assert read_by_us == theirs and ours == ours_read_by_them
    # pylance also notes how its own builder was tuned.
    assert {**ours, "runtime_hints": {}} == {**theirs, "runtime_hints": {}}
    assert ours["runtime_hints"].items() <= theirs["runtime_hints"].items()


@pytest.mark.parametrize("rows", [0, 5])
def test_statistics_of_a_definition_that_was_not_trained(tmp_path, rows):
    told = {}
    for engine in (lance, lance_cpp):
        dataset = engine.write_dataset(table_of(vectors(rows, 8)), tmp_path / engine.__name__)
        dataset = dataset.create_index("v", "IVF_PQ", num_partitions=2, num_sub_vectors=4, train=False)
        told[engine] = dataset.stats.index_stats("v_idx")
        del told[engine]["updated_at_timestamp_ms"]
    assert told[lance_cpp] == told[lance]
