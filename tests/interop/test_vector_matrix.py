"""Every kind of vector index by every metric and element type, built by either engine and searched by both; and histories
in which either engine makes the next change. Where a search is deterministic both find the same rows and distances; where
it is not, the index of either builder finds as much for the other reader as for its own."""

import lance
import numpy as np
import pyarrow as pa
import pytest
from test_vector_build import KINDS, LOSSY_TOLERANCE, TOLERANCE, recall, table_of, type_of, vectors
from test_vector_index import no_farther, same

import lance_cpp

ENGINES = {"ours": lance_cpp, "pylance": lance}
# Of these a search of the same partitions has one result; graphs are walked, and RaBitQ rounds its query, as one likes.
DETERMINISTIC = {"IVF_FLAT", "IVF_PQ", "IVF_PQ4", "IVF_SQ"}
FLOATS = {"float16": np.float16, "float32": np.float32, "float64": np.float64}
ROUNDING = {"float16": 4e-3, "float32": 1e-4, "float64": 1e-4}
ROWS, DIM, PARTITIONS = 2000, 32, 6
K = 10


def searched(dataset, query, **nearest):
    return dataset.to_table(["id", "_distance"], nearest={"column": "v", "q": query, "k": K, **nearest})


def agree(kind, mine, other, tolerance):
    (no_farther if kind == "IVF_PQ4" else same)(mine, other, tolerance)


def options_of(kind):
    return {"nprobes": PARTITIONS, "ef": 64} if "HNSW" in kind else {"nprobes": PARTITIONS}


@pytest.mark.parametrize("metric", ["l2", "cosine", "dot"])
@pytest.mark.parametrize("element", FLOATS)
@pytest.mark.parametrize("kind", KINDS)
def test_either_reads_what_either_builds(tmp_path, kind, element, metric):
    data = vectors(ROWS, DIM, FLOATS[element])
    lossy = "PQ" in kind or "RQ" in kind
    queries = vectors(150 if lossy else 24, DIM, FLOATS[element], seed=1)
    recalls = {}
    for builder, engine in ENGINES.items():
        path = tmp_path / builder
        lance.write_dataset(table_of(data), path, max_rows_per_file=ROWS // 2)
        engine.dataset(path).create_index("v", type_of(kind), metric=metric, num_partitions=PARTITIONS, **KINDS[kind])
        readers = {reader: of.dataset(path) for reader, of in ENGINES.items()}
        for reader, dataset in readers.items():
            recalls[builder, reader] = recall(dataset, data, queries, metric, **options_of(kind))
        for query in queries[:4]:
            for nearest in ({"nprobes": 2}, {"nprobes": PARTITIONS, "refine_factor": 3}):
                mine, other = (searched(readers[reader], query, **nearest) for reader in ENGINES)
                assert mine.schema == other.schema and len(mine) == K
                if kind in DETERMINISTIC:
                    agree(kind, mine, other, ROUNDING[element])
    for builder in ENGINES:
        assert recalls[builder, "ours"] >= recalls[builder, "pylance"] - TOLERANCE, recalls
    for reader in ENGINES:
        allowed = LOSSY_TOLERANCE if lossy else TOLERANCE
        assert recalls["ours", reader] >= recalls["pylance", reader] - allowed, recalls


@pytest.mark.parametrize("builder", ENGINES)
@pytest.mark.parametrize("kind", ["IVF_FLAT", "IVF_HNSW_FLAT"])
def test_bits(tmp_path, kind, builder):
    data = np.random.default_rng(4).integers(0, 256, (ROWS, 16), dtype=np.uint8)
    lance.write_dataset(table_of(data), tmp_path / "t", max_rows_per_file=ROWS // 2)
    dataset = ENGINES[builder].dataset(tmp_path / "t")
    dataset.create_index("v", type_of(kind), metric="hamming", num_partitions=PARTITIONS)
    bits = np.unpackbits(data, axis=1)
    for row in range(0, ROWS, 250):
        distances = (bits != bits[row]).sum(axis=1)
        for of in ENGINES.values():
            found = searched(of.dataset(tmp_path / "t"), data[row], **options_of(kind))
            assert found["_distance"].to_pylist() == [float(distances[i]) for i in found["id"].to_pylist()]
            near = np.sort(distances)[:K]
            got = np.array(found["_distance"])
            assert (got == near).all() if kind == "IVF_FLAT" else (got <= near[-1]).mean() >= 0.8


@pytest.mark.parametrize("builder", ENGINES)
@pytest.mark.parametrize("kind", KINDS)
def test_multi_vectors(tmp_path, kind, builder):
    data = vectors(1200, 32)
    lists = pa.array([data[i : i + 3].tolist() for i in range(0, 1200, 3)], pa.list_(pa.list_(pa.float32(), 32)))
    lance.write_dataset(pa.table({"id": range(400), "v": lists}), tmp_path / "t", max_rows_per_file=150)
    dataset = ENGINES[builder].dataset(tmp_path / "t")
    dataset.create_index("v", type_of(kind), metric="cosine", num_partitions=4, **KINDS[kind])
    found = dict.fromkeys(ENGINES, 0)
    for row in range(0, 400, 20):
        for reader, of in ENGINES.items():
            nearest = {"nprobes": 4, "refine_factor": 5, **({"ef": 100} if "HNSW" in kind else {})}
            got = searched(of.dataset(tmp_path / "t"), data[row * 3 : row * 3 + 3], **nearest)
            found[reader] += got["id"].to_pylist()[0] == row
    assert found["ours"] >= max(19, found["pylance"] - 1), found


class History:
    """A table that both engines change in turn, and what its rows must be."""

    def __init__(self, path, kind, seed):
        self.path, self.kind = path, kind
        self.random = np.random.default_rng(seed)
        self.rows = {}
        self.next_id = 0

    def engine(self):
        return (lance_cpp, lance)[self.random.integers(0, 2)]

    def dataset(self):
        return self.engine().dataset(self.path)

    def create(self, rows, stable):
        data = self._new(rows)
        lance.write_dataset(data, self.path, max_rows_per_file=rows // 3, enable_stable_row_ids=stable)

    def _new(self, rows):
        values = vectors(rows, DIM, seed=int(self.random.integers(1, 1 << 30)))
        table = table_of(values, self.next_id)
        self.rows.update(zip(table["id"].to_pylist(), values))
        self.next_id += rows
        return table

    def append(self):
        self.engine().write_dataset(self._new(200), self.path, mode="append")

    def delete(self):
        remainder = int(self.random.integers(0, 9))
        self.dataset().delete(f"id % 9 = {remainder}")
        self.rows = {row: value for row, value in self.rows.items() if row % 9 != remainder}

    def update(self):
        """Rows get new addresses, and their ids too."""
        remainder = int(self.random.integers(0, 7))
        self.dataset().update({"id": "id + 100000"}, where=f"id % 7 = {remainder} and id < 100000")
        moved = {row: value for row, value in self.rows.items() if row % 7 == remainder and row < 100000}
        self.rows = {row: value for row, value in self.rows.items() if row not in moved}
        self.rows.update({row + 100000: value for row, value in moved.items()})

    def upsert(self):
        """Some rows get other vectors."""
        chosen = [row for row in self.rows if row % 11 == 3][:60]
        values = vectors(len(chosen), DIM, seed=int(self.random.integers(1, 1 << 30)))
        flat = pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), DIM)
        table = pa.table({"id": pa.array(chosen, pa.int64()), "v": flat})
        self.dataset().merge_insert("id").when_matched_update_all().execute(table)
        self.rows.update(zip(chosen, values))

    def compact(self):
        self.dataset().optimize.compact_files(target_rows_per_fragment=1500)

    def optimize(self):
        self.dataset().optimize.optimize_indices(num_indices_to_merge=int(self.random.integers(0, 3)))

    def check(self, step):
        ids = np.array(list(self.rows))
        data = np.array([self.rows[row] for row in ids.tolist()])
        queries = data[self.random.integers(0, len(ids), 12)] + np.float32(0.01)
        found = dict.fromkeys(ENGINES, 0.0)
        for query in queries:
            distances = ((data.astype(np.float64) - query) ** 2).sum(axis=1)
            exact = set(ids[np.argsort(distances, kind="stable")[:K]].tolist())
            told = {}
            for reader, of in ENGINES.items():
                nearest = {**options_of(self.kind), "refine_factor": 4}
                told[reader] = searched(of.dataset(self.path), query, **nearest)
                got = told[reader]["id"].to_pylist()
                assert len(set(got)) == K and set(got) <= self.rows.keys(), (step, reader)
                found[reader] += len(exact & set(got)) / K / len(queries)
            if self.kind == "IVF_FLAT":
                same(*told.values())
            for row, distance in zip(told["ours"]["id"].to_pylist(), told["ours"]["_distance"].to_pylist()):
                true = float(((self.rows[row].astype(np.float64) - query) ** 2).sum())
                assert abs(distance - true) <= 1e-3 * max(1, true), (step, row)
        assert found["ours"] >= found["pylance"] - 0.05, (step, found)  # 6 of 120 neighbours
        assert found["ours"] >= 0.75, (step, found)


@pytest.mark.parametrize("stable", [False, True], ids=["addresses", "stable"])
@pytest.mark.parametrize("builder", ENGINES)
@pytest.mark.parametrize("kind", KINDS)
def test_histories(tmp_path, kind, builder, stable):
    history = History(tmp_path / "t", kind, seed=list(KINDS).index(kind) * 4 + list(ENGINES).index(builder) * 2 + stable)
    history.create(1500, stable)
    dataset = ENGINES[builder].dataset(history.path)
    dataset.create_index("v", type_of(kind), metric="l2", num_partitions=PARTITIONS, **KINDS[kind])
    history.check("built")
    steps = ["delete", "append", "optimize", "update", "compact", "upsert", "optimize", "append", "delete", "compact", "optimize"]
    for number, step in enumerate(steps):
        getattr(history, step)()
        history.check(f"{number}: {step}")
