"""Partitions that grew large are split when an index is optimized: into as many parts as the reference makes, for both
readers, with every row in one place."""

import shutil

import lance
import numpy as np
import pyarrow as pa
import pytest
from test_vector_build import KINDS, recall, table_of, type_of, vectors

import lance_cpp

ENGINES = {"ours": lance_cpp, "pylance": lance}
DIM, TARGET = 32, 100


def sizes(path):
    """Rows of the partitions, segment by segment."""
    segments = lance.dataset(path).stats.index_stats("v_idx")["indices"]
    return [[partition["size"] for partition in segment["partitions"]] for segment in segments]


def optimize(engine, path, **options):
    ENGINES[engine].dataset(path).optimize.optimize_indices(**options)


def build(engine, path, data, kind="IVF_FLAT", parts=2, fragments=2, target=TARGET, **options):
    stable = options.pop("enable_stable_row_ids", False)
    lance.write_dataset(table_of(data), path, max_rows_per_file=len(data) // fragments, enable_stable_row_ids=stable)
    options = {**KINDS.get(kind, {}), **options}
    ENGINES[engine].dataset(path).create_index(
        "v", type_of(kind), num_partitions=parts, target_partition_size=target, **options
    )


def append(path, data, first_id):
    lance.write_dataset(table_of(data, first_id), path, mode="append")


def every_row(path, count, query):
    """All rows that a search of all partitions finds, by each engine."""
    partitions = len(sizes(path)[0])
    for engine in ENGINES.values():
        nearest = {"column": "v", "q": query, "k": count + 100, "nprobes": partitions}
        if any("HNSW" in index["type"] for index in lance.dataset(path).list_indices()):
            nearest["ef"] = 2 * count
        yield engine.dataset(path).to_table(["id"], nearest=nearest, fast_search=True)["id"].to_pylist()


@pytest.mark.parametrize("stable", [False, True], ids=["addresses", "stable"])
@pytest.mark.parametrize("builder", ENGINES)
@pytest.mark.parametrize("kind", KINDS)
def test_large_partitions_are_split(tmp_path, kind, builder, stable):
    data, more = vectors(1600, DIM), vectors(500, DIM, seed=9)
    build(builder, tmp_path / "ours", data, kind, enable_stable_row_ids=stable)
    lance.dataset(tmp_path / "ours").delete("id % 8 = 3")
    append(tmp_path / "ours", more, len(data))
    shutil.copytree(tmp_path / "ours", tmp_path / "pylance")
    for engine in ENGINES:
        optimize(engine, tmp_path / engine)
    mine, other = sizes(tmp_path / "ours"), sizes(tmp_path / "pylance")
    assert len(mine) == len(other) == 1
    # A part for each hundred rows of a large partition; the reference counts rows that are gone as well.
    assert 14 <= len(mine[0]) <= 21 and 14 <= len(other[0]) <= 23
    live = [i for i in range(len(data)) if i % 8 != 3] + list(range(len(data), len(data) + len(more)))
    if "HNSW" not in kind:
        for found in every_row(tmp_path / "ours", len(live), more[0]):
            assert sorted(found) == live
    assert sum(mine[0]) == len(live) and max(mine[0]) <= 4 * TARGET
    queries = vectors(60, DIM, seed=1)
    everything = np.concatenate([data, more])
    everything[: len(data)][np.arange(len(data)) % 8 == 3] = 1e6
    options = {"nprobes": 12, "refine_factor": 5, **({"ef": 100} if "HNSW" in kind else {})}
    recalls = {
        (by, reader): recall(of.dataset(tmp_path / by), everything, queries, "l2", **options)
        for by in ENGINES
        for reader, of in ENGINES.items()
    }
    assert recalls["ours", "ours"] >= recalls["pylance", "ours"] - 0.03, recalls
    assert recalls["ours", "pylance"] >= recalls["pylance", "pylance"] - 0.03, recalls


@pytest.mark.parametrize("metric", ["cosine", "dot"])
@pytest.mark.parametrize("element", [np.float16, np.float64])
def test_metrics_and_types(tmp_path, element, metric):
    data, more = vectors(1000, DIM, element), vectors(100, DIM, element, seed=9)
    build("ours", tmp_path / "t", data, metric=metric)
    append(tmp_path / "t", more, len(data))
    optimize("ours", tmp_path / "t")
    (parts,) = sizes(tmp_path / "t")
    assert len(parts) == 12 and sum(parts) == 1100
    for found in every_row(tmp_path / "t", 1100, more[0]):
        assert sorted(found) == list(range(1100))
    for engine in ENGINES.values():
        dataset = engine.dataset(tmp_path / "t")
        queries = vectors(40, DIM, element, seed=1)
        found = recall(dataset, np.concatenate([data, more]), queries, metric, nprobes=len(parts))
        assert found >= 0.99, found


def test_bits(tmp_path):
    random = np.random.default_rng(4)
    data, more = (random.integers(0, 256, (rows, 16), dtype=np.uint8) for rows in (1000, 100))
    build("ours", tmp_path / "t", data, metric="hamming")
    append(tmp_path / "t", more, len(data))
    optimize("ours", tmp_path / "t")
    (parts,) = sizes(tmp_path / "t")
    assert len(parts) >= 10 and sum(parts) == 1100
    for found in every_row(tmp_path / "t", 1100, more[0]):
        assert sorted(found) == list(range(1100))


def test_lists_of_vectors(tmp_path):
    data = vectors(1800, DIM)
    lists = pa.array([data[i : i + 3].tolist() for i in range(0, 1800, 3)], pa.list_(pa.list_(pa.float32(), DIM)))
    table = pa.table({"id": range(600), "v": lists})
    lance.write_dataset(table.slice(0, 500), tmp_path / "t", max_rows_per_file=250)
    lance_cpp.dataset(tmp_path / "t").create_index(
        "v", "IVF_FLAT", metric="cosine", num_partitions=2, target_partition_size=TARGET
    )
    lance.write_dataset(table.slice(500), tmp_path / "t", mode="append")
    optimize("ours", tmp_path / "t")
    (parts,) = sizes(tmp_path / "t")
    assert len(parts) >= 17 and sum(parts) == 1800, parts
    for engine in ENGINES.values():
        for row in range(0, 600, 40):
            nearest = {"column": "v", "q": data[3 * row : 3 * row + 3], "k": 3, "nprobes": len(parts)}
            found = engine.dataset(tmp_path / "t").to_table(["id"], nearest=nearest, fast_search=True)
            assert found["id"].to_pylist()[0] == row


def test_segments_with_other_bounds_are_joined(tmp_path):
    """Three segments of IVF_SQ, of which the second has larger values."""
    data, far, more = vectors(700, DIM), vectors(50, DIM, seed=8) * 50, vectors(200, DIM, seed=9)
    build("ours", tmp_path / "t", data, "IVF_SQ")
    append(tmp_path / "t", far, 700)
    optimize("pylance", tmp_path / "t")
    assert [sum(parts) for parts in sizes(tmp_path / "t")] == [700, 50]
    append(tmp_path / "t", more, 750)
    optimize("ours", tmp_path / "t")
    ((*parts,),) = sizes(tmp_path / "t")
    assert sum(parts) == 950 and len(parts) >= 7
    for found in every_row(tmp_path / "t", 950, more[0]):
        assert sorted(found) == list(range(950))


def test_small_partitions_stay(tmp_path):
    """The reference joins them, up to a single partition; a user who asked for many keeps them with us."""
    data = vectors(800, DIM)
    build("ours", tmp_path / "t", data, parts=40, target=300)
    append(tmp_path / "t", vectors(40, DIM, seed=9), 800)
    optimize("ours", tmp_path / "t")
    assert [len(parts) for parts in sizes(tmp_path / "t")] == [40, 40]


def test_rows_that_are_gone_split_nothing(tmp_path):
    data = vectors(1000, DIM)
    build("ours", tmp_path / "t", data, parts=1, target=200)
    lance.dataset(tmp_path / "t").delete("id >= 500")
    append(tmp_path / "t", vectors(40, DIM, seed=9), 1000)
    optimize("ours", tmp_path / "t", num_indices_to_merge=1)
    assert sizes(tmp_path / "t") == [[540]]
