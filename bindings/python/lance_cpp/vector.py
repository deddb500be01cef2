"""Vectors: making columns of them."""

from __future__ import annotations

import pyarrow as pa

from lance_cpp._unsupported import INDEXES, not_yet


def _to_matrix(vectors, ndim, check_ndim):
    import numpy as np

    rows = vectors if hasattr(vectors, "ndim") else list(vectors)
    first = np.asarray(rows[0])
    ndim = ndim if ndim is not None else first.size
    if check_ndim:
        for row in rows:
            if len(row) != ndim:
                raise ValueError(f"Expected {ndim} dimensions but got {len(row)} for {row}")
    return np.asarray(rows, dtype=np.float32).reshape(-1), ndim


def vec_to_table(data, names=None, ndim=None, check_ndim=True) -> pa.Table:
    """A table with a fixed size list column.

    :param data: a dict of id to vector (columns ``id`` and ``vector``), a list of vectors, or a 2-D array
        (column ``vector``)
    :param names: other names of the columns
    :param ndim: the dimension; default that of the first vector
    """
    if isinstance(names, str):
        names = [names]
    if isinstance(data, dict):
        names = ["id", "vector"] if names is None else names
        if len(names) != 2:
            raise ValueError(f"If data is a dict, names must be a list of 2 strings, got {names}")
        values, ndim = _to_matrix(list(data.values()), ndim, check_ndim)
        arrays = [pa.array(list(data.keys())), pa.FixedSizeListArray.from_arrays(pa.array(values), ndim)]
        return pa.Table.from_arrays(arrays, names=names)
    if not hasattr(data, "ndim") and not isinstance(data, (list, tuple)):
        raise NotImplementedError(f"data must be dict, list, or ndarray (require numpy installed), got {type(data)}")
    values, ndim = _to_matrix(data, ndim, check_ndim)
    arrays = [pa.FixedSizeListArray.from_arrays(pa.array(values), ndim)]
    return pa.Table.from_arrays(arrays, names=["vector"] if names is None else names)


_TORCH = "it needs an accelerator through torch"


@not_yet(_TORCH)
def train_ivf_centroids_on_accelerator(
    dataset, column, k, metric_type, accelerator, batch_size=40960, *, sample_rate=256, max_iters=50, filter_nan=True
):
    """Trains partitions on an accelerator."""


@not_yet(_TORCH)
def train_pq_codebook_on_accelerator(
    dataset, metric_type, accelerator, num_sub_vectors, batch_size=40960, dtype=None
):  # fmt: skip
    """Trains a codebook on an accelerator."""


@not_yet(_TORCH)
def one_pass_train_ivf_pq_on_accelerator(
    dataset, column, k, metric_type, accelerator, num_sub_vectors, batch_size=40960, *, sample_rate=256,
    max_iters=50, filter_nan=True
):  # fmt: skip
    """Trains partitions and codebook in one pass."""


@not_yet(_TORCH)
def one_pass_assign_ivf_pq_on_accelerator(
    dataset, column, metric_type, accelerator, ivf_kmeans, pq_kmeans_list, dst_dataset_uri=None,
    batch_size=40960, *, filter_nan=True, allow_cuda_tf32=True
):  # fmt: skip
    """Assigns partitions and codes in one pass."""


@not_yet(_TORCH)
def compute_partitions(
    dataset, column, kmeans, batch_size=40960, dst_dataset_uri=None, allow_cuda_tf32=True, num_sub_vectors=None,
    filter_nan=True, sample_size=None
):  # fmt: skip
    """Assigns partitions on an accelerator."""


@not_yet(_TORCH)
def compute_pq_codes(dataset, kmeans_list, batch_size=40960, dst_dataset_uri=None, allow_cuda_tf32=True):
    """Computes codes on an accelerator."""


@not_yet(INDEXES)
def find_duplicate_pairs(dataset, column, distance_threshold, *, memory_limit=None, max_concurrency=None):
    """Finds near duplicates."""


@not_yet(INDEXES)
def find_duplicate_pairs_in_partition(
    dataset, column, segment_id, partition_id, distance_threshold, *, memory_limit=None, max_concurrency=None
):
    """Finds near duplicates within a partition."""


@not_yet(INDEXES)
def get_ivf_partition_info(dataset, index_name, *, index_segments=None):
    """Describes the partitions of an index."""


@not_yet(INDEXES)
def hamming_clustering_for_ivf_partition(
    dataset, index_name, partition_id, hamming_threshold, *, index_segments=None
):
    """Clusters near duplicates of a partition."""


@not_yet(INDEXES)
def hamming_clustering_for_range(dataset, column, fragment_id, start_row, num_rows, hamming_threshold=10):
    """Clusters near duplicates of a range of rows."""


@not_yet(INDEXES)
def hamming_clustering_for_sample(dataset, column, sample_size=None, hamming_threshold=10):
    """Clusters near duplicates of a sample."""
