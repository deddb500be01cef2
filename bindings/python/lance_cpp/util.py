"""Small tools: times, vectors, clustering."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow as pa

from lance_cpp._unsupported import INDEXES, missing_class, not_yet, unsupported
from lance_cpp.dependencies import _check_for_numpy, _check_for_pandas  # noqa: F401


def sanitize_ts(ts) -> datetime:
    """A naive local time of a ``datetime``, pandas timestamp or text."""
    if isinstance(ts, str):
        try:
            return datetime.strptime(ts, "%Y-%m-%d %H:%M:%S")
        except ValueError:
            import pandas as pd

            ts = pd.to_datetime(ts)
    if hasattr(ts, "to_pydatetime"):
        ts = ts.to_pydatetime()
    if not isinstance(ts, datetime):
        raise TypeError(f"Unrecognized version timestamp {ts} of type {type(ts)}")
    return ts


def td_to_micros(td: timedelta) -> int:
    """Microseconds, rounded."""
    return round(td / timedelta(microseconds=1))


_METRICS = {"l2": "l2", "euclidean": "l2", "dot": "dot", "cosine": "cosine", "hamming": "hamming"}


def _normalize_metric_type(metric_type) -> str:
    normalized = _METRICS.get(metric_type.lower())
    if normalized is None:
        raise ValueError(f"Invalid metric_type: {metric_type}")
    return normalized


class KMeans:
    """Clusters float32 vectors on this thread, with numpy.

    :param k: number of clusters
    :param metric_type: ``l2``, ``cosine`` or ``dot``
    :param centroids: known centroids (a fixed size list array), for :meth:`predict` without :meth:`fit`
    """

    def __init__(self, k, metric_type="l2", max_iters=50, centroids=None):
        self.k = k
        self._metric_type = _normalize_metric_type(metric_type)
        if self._metric_type == "hamming":
            raise unsupported("KMeans(metric_type='hamming')", "it clusters floats")
        self.max_iters = max_iters
        self._centroids = None if centroids is None else self._matrix(self._to_fixed_size_list(centroids))

    def __repr__(self):
        return f"lance.KMeans(k={self.k}, metric_type={self._metric_type})"

    @property
    def centroids(self):
        """The centroids as a fixed size list array, None before :meth:`fit`."""
        if self._centroids is None:
            return None
        values = pa.array(self._centroids.reshape(-1))
        return pa.FixedSizeListArray.from_arrays(values, self._centroids.shape[1])

    def _to_fixed_size_list(self, data) -> pa.FixedSizeListArray:
        if _check_for_numpy(data):
            if data.ndim != 2:
                raise ValueError(f"Numpy array must be a 2-D array, got {data.ndim}-D")
            if data.dtype != "float32":
                raise ValueError(f"Numpy array must be float32 type, got: {data.dtype}")
            return pa.FixedSizeListArray.from_arrays(pa.array(data.reshape(-1)), data.shape[1])
        if isinstance(data, pa.FixedShapeTensorArray):
            if len(data.type.shape) != 1:
                raise ValueError(f"Fixed shape tensor array must be a 1-D array, got {len(data.type.shape)}-D")
            return self._to_fixed_size_list(data.storage)
        if isinstance(data, pa.FixedSizeListArray):
            if data.type.value_type != pa.float32():
                raise ValueError(f"Array must be float32 type, got: {data.type.value_type}")
            return data
        raise ValueError("Data must be a FixedSizeListArray, FixedShapeTensorArray or numpy array")

    def _matrix(self, lists):
        import numpy as np

        matrix = lists.flatten().to_numpy().reshape(-1, lists.type.list_size)
        if self._metric_type == "cosine":
            matrix = matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), np.finfo(np.float32).tiny)
        return matrix

    def _nearest(self, rows):
        products = rows @ self._centroids.T
        if self._metric_type == "dot":
            return products.argmax(axis=1)
        squared = (self._centroids * self._centroids).sum(axis=1)
        return (squared - 2 * products).argmin(axis=1)

    def fit(self, data):
        """Learns the centroids (Lloyd 1982; empty clusters move to the rows farthest from their own)."""
        import numpy as np

        rows = self._matrix(self._to_fixed_size_list(data))
        if len(rows) < self.k:
            raise ValueError(f"KMeans needs at least k={self.k} rows, got {len(rows)}")
        generator = np.random.default_rng()
        self._centroids = rows[generator.choice(len(rows), self.k, replace=False)].copy()
        previous = None
        for _ in range(self.max_iters):
            members = self._nearest(rows)
            if previous is not None and (members == previous).all():
                break
            previous = members
            self._move(rows, members)

    def _move(self, rows, members):
        import numpy as np

        counts = np.bincount(members, minlength=self.k)
        order = np.argsort(members, kind="stable")
        starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
        filled = counts > 0
        sums = np.add.reduceat(rows[order], starts[filled], axis=0)
        distances = ((rows - self._centroids[members]) ** 2).sum(axis=1)
        self._centroids[filled] = sums / counts[filled, None]
        farthest = np.argsort(distances)[::-1][: int((~filled).sum())]
        self._centroids[~filled] = rows[farthest]

    def predict(self, data) -> pa.UInt32Array:
        """The cluster of each row."""
        if self._centroids is None:
            raise ValueError("KMeans must fit (train) before predict")
        return pa.array(self._nearest(self._matrix(self._to_fixed_size_list(data))).astype("uint32"))


class HNSW:
    """A graph index over vectors in memory: not supported yet."""

    @not_yet(INDEXES)
    def __init__(self, hnsw):
        """Not supported yet."""

    @staticmethod
    @not_yet(INDEXES)
    def build(vectors_array, max_level=7, m=20, ef_construction=100):
        """Builds the graph."""


_KMeans = missing_class("_KMeans", __name__, INDEXES)
_Hnsw = missing_class("_Hnsw", __name__, INDEXES)


def validate_vector_index(dataset, column, refine_factor=5, sample_size=None, pass_threshold=1.0):
    """Searches for stored vectors and checks that they find themselves; ``ValueError`` below the threshold.

    :param sample_size: how many rows to try; default all
    :param pass_threshold: the share of rows that must find themselves
    """
    total = dataset.count_rows()
    rows = dataset.to_table([column]) if sample_size is None else dataset.sample(min(sample_size, total), [column])
    passed = tried = 0
    for vector in rows[column]:
        # Rows without a vector, or with one that is no number, are in no index.
        if not vector.is_valid:
            continue
        query = vector.values.to_numpy(zero_copy_only=False)
        if query.dtype.kind == "f" and (query != query).any():
            continue
        nearest = {"column": column, "q": query, "k": 1, "nprobes": 1, "refine_factor": refine_factor}
        distances = dataset.to_table(columns=["_distance"], nearest=nearest)["_distance"]
        tried += 1
        passed += len(distances) > 0 and abs(distances[0].as_py()) <= 1e-6
    if passed / max(tried, 1) < pass_threshold:
        raise ValueError(f"Vector index failed sanity check, only {passed}/{tried} passed")
