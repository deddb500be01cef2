"""Writes the small data sets with indices that the mutation test damages: every kind of vector index, BTREE of several types,
an old and a new row id scheme."""

import datetime
import pathlib
import shutil

import lance
import numpy as np
import pyarrow as pa
from lance.indices import IndexConfig

TARGET = pathlib.Path(__file__).resolve().parent / "pylance-14.0.2" / "mutation_indices"
ROWS, DIM = 520, 8
KINDS = {
    "flat": ("IVF_FLAT", "l2", {}),
    "pq": ("IVF_PQ", "l2", {"num_sub_vectors": 4}),
    "pq4": ("IVF_PQ", "cosine", {"num_sub_vectors": 4, "num_bits": 4}),
    "sq": ("IVF_SQ", "dot", {}),
    "rq": ("IVF_RQ", "l2", {"num_bits": 1}),
    "rq4": ("IVF_RQ", "cosine", {"num_bits": 4}),
    "hnsw_flat": ("IVF_HNSW_FLAT", "l2", {"m": 4, "ef_construction": 20}),
    "hnsw_pq": ("IVF_HNSW_PQ", "l2", {"num_sub_vectors": 4, "m": 4, "ef_construction": 20}),
    "hnsw_sq": ("IVF_HNSW_SQ", "l2", {"m": 4, "ef_construction": 20}),
}


def main():
    shutil.rmtree(TARGET, ignore_errors=True)
    values = np.random.default_rng(3).standard_normal((ROWS, DIM)).astype(np.float32)
    for number, (name, (kind, metric, options)) in enumerate(KINDS.items()):
        table = pa.table({"id": pa.array(range(ROWS), pa.int32()),
                          "v": pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), DIM)})
        path = TARGET / name
        dataset = lance.write_dataset(table, path, enable_stable_row_ids=number % 2 == 1)
        dataset.create_index("v", kind, metric=metric, num_partitions=2, **options)
        dataset.delete("id % 9 = 4")
        dataset.cleanup_old_versions(older_than=datetime.timedelta(0))
        (path / "_versions" / "latest_version_hint.json").unlink(missing_ok=True)
    scalars()


def scalars():
    """Sets with a BTREE on `k`, in small pages."""
    target = TARGET.parent / "mutation_btree"
    shutil.rmtree(target, ignore_errors=True)
    keys = {
        "int": [None if i % 11 == 0 else i % 90 for i in range(ROWS)],
        "float": [None if i % 50 == 0 else i / 8 for i in range(ROWS)],
        "text": [f"key {i % 130}" * (1 + i % 3) for i in range(ROWS)],
        "bytes": [bytes([i % 256, i // 256]) for i in range(ROWS)],
    }
    for number, (name, values) in enumerate(keys.items()):
        table = pa.table({"id": pa.array(range(ROWS), pa.int32()), "k": values})
        path = target / name
        dataset = lance.write_dataset(table, path, enable_stable_row_ids=number % 2 == 1)
        dataset.create_scalar_index("k", IndexConfig("btree", {"zone_size": 64}))
        dataset.delete("id % 9 = 4")
        dataset.cleanup_old_versions(older_than=datetime.timedelta(0))
        (path / "_versions" / "latest_version_hint.json").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
