"""Compaction moves rows under vector indices: either engine compacts, and both find every row at its new place."""

import lance
import numpy as np
import pyarrow as pa
import pytest

import lance_cpp

DIM, ROWS = 16, 1200
KINDS = [("IVF_FLAT", {}), ("IVF_PQ", {"num_sub_vectors": 4}), ("IVF_PQ", {"num_sub_vectors": 8, "num_bits": 4}), ("IVF_SQ", {}), ("IVF_RQ", {"num_bits": 1}),
         ("IVF_RQ", {}), ("IVF_HNSW_FLAT", {}), ("IVF_HNSW_PQ", {"num_sub_vectors": 4}), ("IVF_HNSW_SQ", {})]  # fmt: skip
ENGINES = {"ours": lance_cpp, "pylance": lance}


def table(seed, rows=ROWS):
    values = np.random.default_rng(seed).standard_normal((rows, DIM)).astype(np.float32)
    return pa.table({"id": pa.array(range(seed * ROWS, seed * ROWS + rows)), "v": pa.FixedSizeListArray.from_arrays(values.reshape(-1), DIM)})


def search(dataset, query, **options):
    return dataset.to_table(columns=["id"], nearest={"column": "v", "q": query, "k": 10, "nprobes": 8, "ef": 300, "refine_factor": 20, **options})


def check(path, model):
    """`model`: id -> vector of every row there is."""
    ids, vectors = np.array(list(model)), np.stack(list(model.values()))
    ours, theirs = lance_cpp.dataset(path), lance.dataset(path)
    assert ours.count_rows() == len(model)
    for query in np.random.default_rng(9).standard_normal((6, DIM)).astype(np.float32):
        order = np.argsort(((vectors - query) ** 2).sum(1))[:10]
        for dataset in (ours, theirs):
            found = search(dataset, query)["id"].to_pylist()
            assert len(set(found)) == 10 and set(found) <= model.keys()
            assert len(set(found) & set(ids[order].tolist())) >= 9
        exact = search(ours, query, use_index=False)["id"].to_pylist()
        assert exact == ids[order].tolist()


@pytest.mark.parametrize("who", ENGINES)
@pytest.mark.parametrize("kind,options", KINDS, ids=[f"{k}-{'-'.join(map(str, o.values()))}" for k, o in KINDS])
def test_rows_are_found_after_a_compaction(tmp_path, kind, options, who):
    path = str(tmp_path / "t")
    lance.write_dataset(table(0), path, max_rows_per_file=300)
    dataset = lance_cpp.dataset(path)
    dataset.create_index("v", kind, num_partitions=2, **options)
    dataset.delete("id % 5 = 2")
    model = {row["id"]: np.array(row["v"], dtype=np.float32) for row in dataset.to_table().to_pylist()}
    before = dataset.list_indices()[0]["uuid"]
    ENGINES[who].dataset(path).optimize.compact_files(target_rows_per_fragment=2000)
    after = lance.dataset(path)
    assert len(after.get_fragments()) == 1
    (index,) = after.list_indices()
    assert index["uuid"] != before and index["fragment_ids"] == {f.fragment_id for f in after.get_fragments()}
    assert lance_cpp.dataset(path).stats.index_stats("v_idx")["num_unindexed_rows"] == 0
    check(path, model)


@pytest.mark.parametrize("column", ["v", "id"])
def test_an_index_of_a_clone_moves_into_the_clone(tmp_path, column):
    """The reference leaves the index's files where they are not, here and in its own compactions."""
    source, clone = str(tmp_path / "s"), str(tmp_path / "c")
    lance.write_dataset(table(0), source, max_rows_per_file=300)
    ours = lance_cpp.dataset(source)
    ours.create_index("v", "IVF_FLAT", num_partitions=1) if column == "v" else ours.create_scalar_index("id", "BTREE")
    ours.shallow_clone(clone, ours.version)
    ours = lance_cpp.dataset(clone)
    ours.delete("id % 5 = 2")
    model = {row["id"]: np.array(row["v"], dtype=np.float32) for row in ours.to_table().to_pylist()}
    ours.optimize.compact_files()
    check(clone, model)
    for dataset in (lance_cpp.dataset(clone), lance.dataset(clone)):
        assert dataset.to_table(filter="id = 8")["id"].to_pylist() == [8]
        assert dataset.list_indices()[0]["base_id"] is None
    assert lance.dataset(source).count_rows() == ROWS and search(lance.dataset(source), table(0)["v"][3].values.to_numpy())["id"][0].as_py() == 3


@pytest.mark.parametrize("seed", range(6))
def test_histories_with_an_index(tmp_path, seed):
    """Appends, deletes, updates, merges, optimizations and compactions by either engine; after each, both find what a model says."""
    path, random = str(tmp_path / "t"), np.random.default_rng(100 + seed)
    kind, options = KINDS[int(random.integers(0, 4))]
    lance.write_dataset(table(0), path, max_rows_per_file=400)
    lance_cpp.dataset(path).create_index("v", kind, num_partitions=2, **options)
    model = {row["id"]: np.array(row["v"], dtype=np.float32) for row in lance.dataset(path).to_table().to_pylist()}
    fresh = 1
    for _ in range(10):
        engine = ENGINES[random.choice(list(ENGINES))]
        dataset = engine.dataset(path)
        step = random.choice(["append", "delete", "update", "merge", "optimize", "compact", "compact"])
        if step == "append":
            more = table(fresh, 200)
            engine.write_dataset(more, path, mode="append")
            model.update({row["id"]: np.array(row["v"], dtype=np.float32) for row in more.to_pylist()})
            fresh += 1
        elif step == "delete":
            rest = int(random.integers(0, 11))
            dataset.delete(f"id % 11 = {rest}")
            model = {i: v for i, v in model.items() if i % 11 != rest}
        elif step == "update":
            rest = int(random.integers(0, 13))
            dataset.update({"id": "id + 1000000"}, where=f"id % 13 = {rest} and id < 1000000")
            model = {i + 1000000 if i % 13 == rest and i < 1000000 else i: v for i, v in model.items()}
        elif step == "merge":
            keys = random.choice(list(model), 50, replace=False).tolist()
            values = random.standard_normal((50, DIM)).astype(np.float32)
            rows = pa.table({"id": pa.array(keys), "v": pa.FixedSizeListArray.from_arrays(values.reshape(-1), DIM)})
            dataset.merge_insert("id").when_matched_update_all().when_not_matched_insert_all().execute(rows)
            model.update(zip(keys, values))
        elif step == "optimize":
            dataset.optimize.optimize_indices(num_indices_to_merge=int(random.integers(0, 3)))
        else:
            dataset.optimize.compact_files(target_rows_per_fragment=3000)
        check(path, model)
