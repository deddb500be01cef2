"""Segments that were built apart: built, merged and committed by either engine, and searched by both."""

import itertools

import lance
import numpy as np
import pytest
from lance.dataset import Index, IndexFile
from test_vector_build import KINDS, table_of, type_of, vectors
from test_vector_index import no_farther, same

import lance_cpp
import lance_cpp.lance.indices
from lance_cpp.dataset import Index as OurIndex
from lance_cpp.dataset import IndexFile as OurIndexFile

ENGINES = {"ours": lance_cpp, "pylance": lance}
CLASSES = {"ours": (OurIndex, OurIndexFile), "pylance": (Index, IndexFile)}
DIM, ROWS = 32, 2400
CENTROIDS = vectors(4, DIM, seed=3)


def make(path, **options):
    data = vectors(ROWS, DIM)
    table = table_of(data)
    lance.write_dataset(table.append_column("w", table["v"]), path, max_rows_per_file=ROWS // 4, **options)
    return data


def shared(kind, minted_by="pylance"):
    """What the workers of one index have in common."""
    options = dict(KINDS[kind], ivf_centroids=CENTROIDS, num_partitions=len(CENTROIDS))
    if "PQ" in kind:
        subs, bits = options["num_sub_vectors"], options.get("num_bits", 8)
        options["pq_codebook"] = np.random.default_rng(5).normal(size=(subs, 1 << bits, DIM // subs)).astype(np.float32)
    if "RQ" in kind:
        options["rabitq_model"] = ENGINES[minted_by].lance.indices.build_rq_model(DIM, options.get("num_bits", 5))
    return options


def segment(engine, path, kind, fragments, column="v", metric="l2", **options):
    # A name of its own: both refuse one that is taken, even for segments that nobody commits.
    name = f"part-{column}-{'-'.join(map(str, fragments))}"
    dataset = ENGINES[engine].dataset(path)
    return dataset.create_index_uncommitted(
        column, type_of(kind), name=name, metric=metric, fragment_ids=fragments, **options
    )


def entry_of(engine, index):
    """The same entry as a class of the other package."""
    of_index, of_file = CLASSES[engine]
    return of_index(
        uuid=index.uuid, name=index.name, fields=index.fields, dataset_version=index.dataset_version,
        fragment_ids=set(index.fragment_ids), index_version=index.index_version, created_at=index.created_at,
        base_id=index.base_id, files=[of_file(f.path, f.size_bytes) for f in index.files or []],
        index_details=index.index_details, covering_fields=index.covering_fields,
    )  # fmt: skip


def merge(engine, path, segments):
    return ENGINES[engine].dataset(path).merge_existing_index_segments([entry_of(engine, s) for s in segments])


def commit(engine, path, segments, name="v_idx", column="v"):
    return ENGINES[engine].dataset(path).commit_existing_index_segments(
        name, column, [entry_of(engine, s) for s in segments]
    )


def covered(path, name="v_idx"):
    (index,) = [i for i in lance.dataset(path).describe_indices() if i.name == name]
    return sorted(sorted(s.fragment_ids) for s in index.segments)


@pytest.mark.parametrize("builder,merger,committer", list(itertools.product(ENGINES, repeat=3)))
@pytest.mark.parametrize("kind", KINDS)
def test_built_merged_and_committed_by_either(tmp_path, kind, builder, merger, committer):
    path = str(tmp_path / "t")
    data = make(path)
    lance.dataset(path).delete("id % 10 = 3")
    options = shared(kind, builder)
    if "SQ" in kind:  # pylance takes the bounds of the first for all: right only where they are the same
        data[::ROWS // 4, 0], data[1::ROWS // 4, 0] = -9, 9
        table = table_of(data)
        lance.write_dataset(table.append_column("w", table["v"]), path, mode="overwrite", max_rows_per_file=ROWS // 4)
    ids = [f.fragment_id for f in lance.dataset(path).get_fragments()]
    built = [segment(builder, path, kind, [fragment], **options) for fragment in ids[:3]]
    merged = merge(merger, path, built[:2])
    assert sorted(merged.fragment_ids) == ids[:2] and merged.uuid not in [s.uuid for s in built]
    commit(committer, path, [merged, built[2]])
    assert covered(path) == [ids[:2], ids[2:3]]
    present = lance.dataset(path).to_table(columns=["id"])["id"].to_numpy()
    there = data[present]
    found = {}
    for reader, engine in ENGINES.items():
        dataset = engine.dataset(path)
        statistics = dataset.stats.index_stats("v_idx")
        assert statistics["num_indexed_rows"] == sum(present < ROWS // 4 * 3)
        rows = dataset.to_table(["id"], nearest={"column": "v", "q": data[0], "k": ROWS, "nprobes": 4, "ef": ROWS})
        assert set(rows["id"].to_pylist()) <= set(present.tolist())
        remapped = {int(row): i for i, row in enumerate(present)}
        total = 0
        for query in vectors(10, DIM, seed=9):
            got = dataset.to_table(["id"], nearest={"column": "v", "q": query, "k": 10, "nprobes": 4, "refine_factor": 8, "ef": 200})
            best = set(np.argsort(((there.astype(np.float64) - query) ** 2).sum(axis=1))[:10].tolist())
            total += len({remapped[row] for row in got["id"].to_pylist()} & best)
        found[reader] = total
    assert found["ours"] >= found["pylance"] - 3 and found["ours"] >= 85, found
    if kind in ("IVF_FLAT", "IVF_PQ", "IVF_PQ4", "IVF_SQ"):
        for query in vectors(4, DIM, seed=10):
            nearest = {"column": "v", "q": query, "k": 20, "nprobes": 3}
            (no_farther if kind == "IVF_PQ4" else same)(
                *(e.dataset(path).to_table(["id", "_distance"], nearest=nearest) for e in ENGINES.values())
            )


def test_bounds_of_segments_become_common(tmp_path):
    """Where pylance takes the first segment's bounds for the codes of all, whose distances are wrong then."""
    path = str(tmp_path / "t")
    data = vectors(2000, DIM)
    data[1000:] *= 10
    lance.write_dataset(table_of(data), path, max_rows_per_file=1000)
    for kind in ("IVF_SQ", "IVF_HNSW_SQ"):
        built = [segment("ours", path, kind, [f], ivf_centroids=CENTROIDS, num_partitions=4) for f in (0, 1)]
        commit("ours", path, [merge("ours", path, built)], name=kind)
        for engine in ENGINES.values():
            for row in (10, 1500):
                nearest = {"column": "v", "q": data[row], "k": 1, "nprobes": 4}
                (got,) = engine.dataset(path).to_table(["id", "_distance"], nearest=nearest)["id"].to_pylist()
                assert got == row
        lance.dataset(path).drop_index(kind)


@pytest.mark.parametrize("committer", ENGINES)
def test_what_a_commit_replaces(tmp_path, committer):
    path = str(tmp_path / "t")
    make(path)

    def flat(*fragments, **options):
        return segment("ours", path, "IVF_FLAT", list(fragments), **{**shared("IVF_FLAT"), **options})

    def refused(message, *segments, **options):
        with pytest.raises((ValueError, RuntimeError, OSError), match=message):
            commit(committer, path, segments, **options)

    commit(committer, path, [flat(0, 1)])
    commit(committer, path, [flat(2)])
    assert covered(path) == [[0, 1], [2]]
    refused("orphan|covered by none", flat(1, 2))
    refused("orphan|covered by none", flat(3), flat(1, 2))
    refused("type|IVF_SQ", segment("ours", path, "IVF_SQ", [3], **shared("IVF_SQ")))
    refused("metric|distance type", flat(3, metric="cosine"))
    refused("overlap", flat(3), flat(2, 3))
    refused("at least one")
    twice = flat(3)
    refused("duplicate|twice|overlap", twice, twice)
    refused("field|column", flat(3, column="w"))
    refused("different fields", flat(3, column="w"), column="w")
    assert covered(path) == [[0, 1], [2]]
    commit(committer, path, [flat(0), flat(1), flat(3)])
    assert covered(path) == [[0], [1], [2], [3]]
    commit(committer, path, [segment("ours", path, "IVF_SQ", [0, 1, 2, 3], **shared("IVF_SQ"))])
    assert covered(path) == [[0, 1, 2, 3]]
    assert [i.index_type for i in lance.dataset(path).describe_indices()] == ["IVF_SQ"]


@pytest.mark.parametrize("merger", ENGINES)
def test_what_is_not_merged(tmp_path, merger):
    path = str(tmp_path / "t")
    make(path)
    options = shared("IVF_FLAT")
    first = segment("ours", path, "IVF_FLAT", [0], **options)

    def refused(message, *segments):
        with pytest.raises((ValueError, RuntimeError, OSError), match=message):
            merge(merger, path, segments)

    refused("mismatch|trained apart", first, segment("ours", path, "IVF_FLAT", [1], **{**options, "ivf_centroids": CENTROIDS + 1}))
    refused("overlap", first, segment("ours", path, "IVF_FLAT", [0, 1], **options))
    refused("missing|IVF_SQ|mismatch", first, segment("ours", path, "IVF_SQ", [1], **shared("IVF_SQ")))
    refused("mismatch|distance type", first, segment("ours", path, "IVF_FLAT", [1], metric="cosine", **options))
    refused("field|column", first, segment("ours", path, "IVF_FLAT", [1], column="w", **options))
    refused("at least one")
    drawn = [segment("ours", path, "IVF_RQ", [f], seed=f, ivf_centroids=CENTROIDS, num_partitions=4) for f in (0, 1)]
    refused("mismatch|trained apart", *drawn)
    assert merge(merger, path, [first]).uuid == first.uuid


def test_changes_since_the_build_count(tmp_path):
    """Rows that were compacted, deleted or given other vectors between a segment's build and its commit."""
    path = str(tmp_path / "t")
    data = make(path)
    built = [segment("ours", path, "IVF_FLAT", [f], **shared("IVF_FLAT")) for f in range(4)]
    dataset = lance_cpp.dataset(path)
    dataset.delete("id < 100")
    dataset.update({"v": str([9.0] * DIM)}, where="id >= 600 and id < 650")
    dataset.delete("id >= 1200 and id < 1700")
    dataset.optimize.compact_files(materialize_deletions_threshold=0.5, target_rows_per_fragment=10)
    commit("ours", path, built)
    for engine in ENGINES.values():
        table = engine.dataset(path).to_table(["id", "_distance"], nearest={"column": "v", "q": data[5], "k": ROWS, "nprobes": 4})
        got = dict(zip(table["id"].to_pylist(), table["_distance"].to_pylist()))
        assert sorted(got) == list(range(100, 1200)) + list(range(1700, ROWS))
        assert abs(got[620] - float(((9.0 - data[5].astype(np.float64)) ** 2).sum())) < 1e-2


@pytest.mark.parametrize("merger", ENGINES)
def test_scalar_segments(tmp_path, merger):
    path = str(tmp_path / "t")
    make(path)
    built = [
        ENGINES[of].dataset(path).create_index_uncommitted("id", "BTREE", name=f"part{f}", fragment_ids=[f])
        for f, of in enumerate(["ours", "pylance", "ours", "pylance"])
    ]
    commit("ours", path, [merge(merger, path, built[:2]), *built[2:]], name="id_idx", column="id")
    assert covered(path, "id_idx") == [[0, 1], [2], [3]]
    for engine in ENGINES.values():
        dataset = engine.dataset(path)
        assert "ScalarIndexQuery" in dataset.scanner(filter="id = 700").explain_plan(True)
        assert dataset.to_table(["id"], filter="id in (7, 700, 1300, 2000, 9999)")["id"].to_pylist() == [7, 700, 1300, 2000]
    with pytest.raises((ValueError, RuntimeError)):
        merge(merger, path, [built[0], segment("ours", path, "IVF_FLAT", [1], **shared("IVF_FLAT"))])


def test_rotations(tmp_path):
    path = str(tmp_path / "t")
    make(path)
    options = {"ivf_centroids": CENTROIDS, "num_partitions": 4}
    for engine in ENGINES:
        mint = ENGINES[engine].lance.indices.build_rq_model
        for model, bits, message in ((mint(DIM, 3), 5, "num_bits"), (mint(40, 5), 5, "dimension"), ("{}", 5, "JSON"), ("x", 5, "JSON")):
            for of in ENGINES:
                with pytest.raises(ValueError, match=message):
                    segment(of, path, "IVF_RQ", [0], rabitq_model=model, num_bits=bits, **options)
        with pytest.raises(ValueError, match="divisible by 8"):
            mint(12)


def test_a_warm_index_is_not_read_again(tmp_path):
    path = str(tmp_path / "t")
    data = make(path)
    lance_cpp.dataset(path).create_index("v", "IVF_PQ", num_partitions=8, num_sub_vectors=8)
    dataset = lance_cpp.dataset(path, session=lance_cpp.Session())
    before = dataset.session().index_cache_size_bytes()
    dataset.prewarm_index("v_idx")
    assert dataset.session().index_cache_size_bytes() > before + ROWS * 16
    wanted = [lance.dataset(path).to_table(["id"], nearest={"column": "v", "q": q, "k": 5, "nprobes": 8}) for q in data[:20]]
    (folder,) = (tmp_path / "t" / "_indices").iterdir()
    for file in folder.iterdir():  # what is open stays open: its bytes must not be asked for
        file.write_bytes(bytes(file.stat().st_size))
    for query, found in zip(data[:20], wanted):
        got = dataset.to_table(["id"], nearest={"column": "v", "q": query, "k": 5, "nprobes": 8})
        assert set(got["id"].to_pylist()) == set(found["id"].to_pylist())
    (index,) = dataset.describe_indices()
    dataset.prewarm_index("v_idx", index_segments=[index.segments[0].uuid])
    with pytest.raises((ValueError, OSError), match="no segment"):
        dataset.prewarm_index("v_idx", index_segments=["3f0b7c1e-0000-0000-0000-000000000000"])
    with pytest.raises((ValueError, OSError), match="not found"):
        dataset.prewarm_index("other")
