"""Vector indices of a dataset: building, dropping."""

from __future__ import annotations

import uuid as _uuid

import pyarrow as pa

from lance_cpp import _native
from lance_cpp._dataset import native_values, scalar_indices
from lance_cpp._unsupported import unsupported
from lance_cpp.lance.indices import rotation_of

_TYPES = ["IVF_FLAT", "IVF_PQ", "IVF_SQ", "IVF_HNSW_FLAT", "IVF_HNSW_PQ", "IVF_HNSW_SQ", "IVF_RQ"]
_METRICS = {"l2": "l2", "euclidean": "l2", "cosine": "cosine", "dot": "dot", "hamming": "hamming"}
# What create_index takes beside its own parameters, as the native options call it.
_FURTHER = {
    "num_bits": "num_bits",
    "max_iters": "max_iterations",
    "sample_rate": "sample_rate",
    "max_level": "hnsw_max_level",
    "m": "hnsw_m",
    "ef_construction": "hnsw_ef_construction",
    "seed": "seed",
    "memory_budget_bytes": "memory_budget_bytes",
}
# These hold for the training of partitions and that of a quantizer.
_OF_QUANTIZER = {"max_iters": "quantizer_iterations", "sample_rate": "quantizer_sample_rate"}
# Accepted without effect: they say how the reference does its work.
_WITHOUT_EFFECT = {"shuffle_partition_batches", "shuffle_partition_concurrency", "metric_type", "use_torch",
                   "implementation", "one_pass_ivfpq"}  # fmt: skip


def _storage(kind):
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def _check_column(schema, column):
    """The dimension of a vector column; errors as the API raises them."""
    parts = [column] if schema.get_field_index(column) >= 0 else column.split(".")
    if schema.get_field_index(parts[0]) < 0:
        lowered = [name for name in schema.names if name.lower() == column.lower()]
        if not lowered:
            raise KeyError(f"{column} not found in schema")
        parts = lowered[:1]
    field = schema.field(parts[0])
    for part in parts[1:]:
        if not pa.types.is_struct(field.type) or field.type.get_field_index(part) < 0:
            raise KeyError(f"{column} not found in schema")
        field = field.type.field(part)
    kind = _storage(field.type)
    if pa.types.is_list(kind) and pa.types.is_fixed_size_list(kind.value_type):
        kind = kind.value_type
    if not pa.types.is_fixed_size_list(kind):
        raise TypeError(
            f"Vector column {column} must be FixedSizeListArray 1-dimensional FixedShapeTensorArray, got {field.type}"
        )
    element = kind.value_type
    if not (pa.types.is_floating(element) or pa.types.is_uint8(element)):
        raise TypeError(f"Vector column {column} must have floating value type, got {element}")
    return ".".join(parts), kind.list_size


def _to_float_lists(values, what, shape_of):
    """Centroids or a codebook as a fixed size list array of float32, or of uint8 where they are that already."""
    import numpy as np

    if isinstance(values, pa.FixedShapeTensorArray):
        values = values.storage
    if isinstance(values, (pa.FixedSizeListArray, pa.ChunkedArray)):
        if isinstance(values, pa.ChunkedArray):
            values = values.combine_chunks()
        flat = values.flatten()
        if flat.type == pa.uint8():  # of vectors of bits
            return pa.FixedSizeListArray.from_arrays(flat, values.type.list_size)
        flat = flat.cast(pa.float32())
        return pa.FixedSizeListArray.from_arrays(flat, values.type.list_size)
    array = np.asarray(values)
    shape_of(array)
    if array.dtype not in (np.float16, np.float32, np.float64):
        raise TypeError(f"{what} must be floating number" + f"got {array.dtype}")
    return pa.FixedSizeListArray.from_arrays(pa.array(array.reshape(-1).astype(np.float32)), array.shape[-1])


def _check_centroids(num_partitions):
    def check(array):
        if array.ndim != 2:
            raise ValueError(f"Ivf centroids must be 2D array: (clusters, dim), got {array.shape}")
        if array.shape[0] == 0:
            raise ValueError(f"Ivf centroids must have at least one cluster, got {array.shape}")
        if num_partitions is not None and array.shape[0] != num_partitions:
            raise ValueError(
                f"Ivf centroids has {array.shape[0]} clusters, but num_partitions={num_partitions}"
            )

    return check


def _check_codebook(num_sub_vectors, num_bits):
    def check(array):
        codes = 2**num_bits
        if array.ndim != 3 or array.shape[0] != num_sub_vectors or array.shape[1] != codes:
            raise ValueError(
                f"PQ codebook must be 3D array: (sub_vectors, {codes}, dim) for num_bits={num_bits}, got {array.shape}"
            )

    return check


def _progress(callback):
    from lance_cpp.progress import IndexProgress

    def report(event, stage, completed, total, unit):
        callback(IndexProgress(event, stage, completed if event == "progress" else None, total, unit))

    return report


def _partitions(num_partitions):
    if isinstance(num_partitions, float):
        import warnings

        warnings.warn("num_partitions is float, converting to int", stacklevel=4)
        return int(num_partitions)
    if num_partitions is not None and not isinstance(num_partitions, int):
        raise TypeError(f"num_partitions must be int, got {type(num_partitions)}")
    return num_partitions


def _options(dimension, index_type, *, name, metric, replace, train, num_partitions, ivf_centroids, pq_codebook,
             num_sub_vectors, ivf_centroids_file, target_partition_size, fragment_ids, index_uuid,
             progress_callback, further):  # fmt: skip
    index_type = index_type.upper()
    if num_sub_vectors is not None and dimension % num_sub_vectors != 0:
        raise ValueError(f"dimension ({dimension}) must be divisible by num_sub_vectors ({num_sub_vectors})")
    if not isinstance(metric, str) or metric.lower() not in _METRICS:
        raise ValueError(f"Metric {metric} not supported.")
    if index_type not in _TYPES:
        raise NotImplementedError(f"Only {_TYPES} index types supported. Got {index_type}")
    if ivf_centroids is not None and ivf_centroids_file is not None:
        raise ValueError("ivf_centroids and ivf_centroids_file cannot be provided at the same time")
    num_partitions = _partitions(num_partitions)
    if ivf_centroids_file is not None:
        import numpy as np
        from pyarrow.fs import FileSystem

        files, path = FileSystem.from_uri(ivf_centroids_file)
        with files.open_input_file(path) as file:
            ivf_centroids = np.load(file)
        num_partitions = ivf_centroids.shape[0]
    if ivf_centroids is None and pq_codebook is not None:
        raise ValueError("ivf_centroids must be specified when pq_codebook is provided")
    if "PQ" in index_type and num_sub_vectors is None:
        raise ValueError("num_partitions and num_sub_vectors are required for IVF_PQ")
    options = {
        "type": index_type, "name": name, "metric": _METRICS[metric.lower()], "replace": bool(replace),
        "train": bool(train), "num_partitions": num_partitions, "num_sub_vectors": num_sub_vectors,
        "target_partition_size": target_partition_size,
        "fragments": None if fragment_ids is None else sorted({int(i) for i in fragment_ids}),
        "uuid": None if index_uuid is None else str(_uuid.UUID(str(index_uuid))),
    }  # fmt: skip
    for key, value in further.items():
        if key in _FURTHER:
            options[_FURTHER[key]] = value
            if key in _OF_QUANTIZER:
                options[_OF_QUANTIZER[key]] = value
        elif key == "index_file_version" and str(getattr(value, "value", value)).upper() != "V3":
            raise unsupported(f"index_file_version={value}", "new index files are V3")
        elif key not in _WITHOUT_EFFECT and key != "index_file_version":
            raise unsupported(f"create_index({key}=...)", "there is no such build")
    if ivf_centroids is not None:
        options["centroids"] = _to_float_lists(ivf_centroids, "IVF centroids", _check_centroids(num_partitions))
    if pq_codebook is not None and "PQ" in index_type:
        check = _check_codebook(num_sub_vectors, options.get("num_bits") or 8)
        options["codebook"] = _to_float_lists(pq_codebook, "PQ codebook", check)
    if progress_callback is not None:
        options["progress"] = _progress(progress_callback)
    return options


class VectorIndexing:
    """The part of ``LanceDataset`` that builds and drops vector indices."""

    def _index_options(self, column, index_type, given):
        columns = [column] if isinstance(column, str) else list(column)
        if len(columns) != 1:
            raise ValueError(f"Only one column can be indexed, got {columns}")
        for name, why in (
            ("accelerator", "training runs on the processor"),
            ("precomputed_partition_dataset", "partitions are assigned during the build"),
            ("streaming_sample_rate", "training takes its sample at once"),
            ("streaming_coreset_rate", "training takes its sample at once"),
            ("streaming_refine_passes", "training takes its sample at once"),
        ):
            if given.pop(name, None) is not None:
                raise unsupported(f"create_index({name}=...)", why)
        if given.pop("skip_transpose", False):
            raise unsupported("create_index(skip_transpose=True)", "the build decides how codes lie")
        rabitq_model = given.pop("rabitq_model", None)
        path, dimension = _check_column(self.schema, columns[0])
        options = _options(dimension, index_type, **given)
        if rabitq_model is not None and options["type"] == "IVF_RQ":
            options["rotation_signs"] = rotation_of(rabitq_model, dimension, options.get("num_bits") or 5)
        return path, options

    def create_index(
        self, column, index_type, name=None, metric="L2", replace=False, num_partitions=None,
        ivf_centroids=None, pq_codebook=None, num_sub_vectors=None, accelerator=None,
        index_cache_size=None, shuffle_partition_batches=None, shuffle_partition_concurrency=None,
        ivf_centroids_file=None, precomputed_partition_dataset=None, storage_options=None,
        filter_nan=True, train=True, fragment_ids=None, index_uuid=None, *,
        target_partition_size=None, streaming_sample_rate=None, streaming_coreset_rate=None,
        streaming_refine_passes=None, skip_transpose=False, progress_callback=None, **kwargs
    ):  # fmt: skip
        """Builds a vector index over a column and moves to the version that has it.

        :param index_type: ``IVF_FLAT``, ``IVF_PQ``, ``IVF_SQ``, ``IVF_RQ``, ``IVF_HNSW_FLAT``, ``IVF_HNSW_PQ`` or
            ``IVF_HNSW_SQ``; ``BTREE`` builds a scalar index, see :meth:`create_scalar_index`
        :param name: default ``<column>_idx``
        :param metric: ``l2``, ``cosine``, ``dot``; ``hamming`` for uint8 vectors
        :param replace: takes the place of an index of that name
        :param num_partitions: default: by ``target_partition_size``, which depends on the type
        :param ivf_centroids: given centroids (num_partitions x dimension)
        :param pq_codebook: a given codebook (num_sub_vectors x 2^num_bits x dimension of a sub-vector)
        :param train: False: only the definition, trained by ``optimize_indices`` later
        :param fragment_ids: builds a segment over these without publishing it
        :param progress_callback: called with :class:`lance_cpp.progress.IndexProgress`
        :param kwargs: ``num_bits``, ``max_iters``, ``sample_rate``; of graphs ``m``, ``ef_construction``,
            ``max_level``; ``seed``, ``memory_budget_bytes``
        :returns: this dataset
        """
        if scalar_indices.is_scalar(index_type):
            self.create_scalar_index(
                column, index_type, name, replace=replace, train=train, fragment_ids=fragment_ids,
                index_uuid=index_uuid, progress_callback=progress_callback, **kwargs
            )  # fmt: skip
            return self
        path, options = self._index_options(column, index_type, {
            "name": name, "metric": metric, "replace": replace, "train": train, "num_partitions": num_partitions,
            "ivf_centroids": ivf_centroids, "pq_codebook": pq_codebook, "num_sub_vectors": num_sub_vectors,
            "ivf_centroids_file": ivf_centroids_file, "target_partition_size": target_partition_size,
            "fragment_ids": fragment_ids, "index_uuid": index_uuid, "progress_callback": progress_callback,
            "accelerator": accelerator, "precomputed_partition_dataset": precomputed_partition_dataset,
            "streaming_sample_rate": streaming_sample_rate, "streaming_coreset_rate": streaming_coreset_rate,
            "streaming_refine_passes": streaming_refine_passes, "skip_transpose": skip_transpose,
            "further": kwargs,
        })  # fmt: skip
        if fragment_ids is not None:
            _native.build_vector_index_segment(self._ds, path, options)
            return self
        self._bind(_native.create_vector_index(self._ds, path, options))
        return self

    def create_index_uncommitted(
        self, column, index_type, name=None, metric="L2", replace=False, num_partitions=None,
        ivf_centroids=None, pq_codebook=None, num_sub_vectors=None, accelerator=None,
        index_cache_size=None, shuffle_partition_batches=None, shuffle_partition_concurrency=None,
        ivf_centroids_file=None, precomputed_partition_dataset=None, storage_options=None,
        filter_nan=True, train=True, fragment_ids=None, index_uuid=None, *,
        target_partition_size=None, streaming_sample_rate=None, streaming_coreset_rate=None,
        streaming_refine_passes=None, skip_transpose=False, rabitq_model=None, **kwargs
    ):  # fmt: skip
        """Builds an index segment over some fragments without publishing it.

        :param rabitq_model: of ``IVF_RQ``: the rotation, by :func:`lance_cpp.lance.indices.build_rq_model`
        :returns: the ``Index``, for ``commit_existing_index_segments``
        """
        if fragment_ids is None:
            raise ValueError("create_index_uncommitted requires fragment_ids for distributed index build")
        if scalar_indices.is_scalar(index_type):
            path, options = scalar_indices.options_of(
                self, column, index_type, name=name, replace=replace, train=train, fragment_ids=fragment_ids,
                index_uuid=index_uuid, progress_callback=None, further=kwargs
            )  # fmt: skip
            return native_values.index_from_native(_native.build_scalar_index_segment(self._ds, path, options))
        path, options = self._index_options(column, index_type, {
            "name": name, "metric": metric, "replace": replace, "train": train, "num_partitions": num_partitions,
            "ivf_centroids": ivf_centroids, "pq_codebook": pq_codebook, "num_sub_vectors": num_sub_vectors,
            "ivf_centroids_file": ivf_centroids_file, "target_partition_size": target_partition_size,
            "fragment_ids": fragment_ids, "index_uuid": index_uuid, "progress_callback": None,
            "accelerator": accelerator, "precomputed_partition_dataset": precomputed_partition_dataset,
            "streaming_sample_rate": streaming_sample_rate, "streaming_coreset_rate": streaming_coreset_rate,
            "streaming_refine_passes": streaming_refine_passes, "skip_transpose": skip_transpose,
            "rabitq_model": rabitq_model, "further": kwargs,
        })  # fmt: skip
        return native_values.index_from_native(_native.build_vector_index_segment(self._ds, path, options))

    def centroids(self, *, index_name=None, column=None) -> pa.FixedSizeListArray:
        """The centroids of a vector index, named or that of a column."""
        from lance_cpp._dataset.vector_index_reader import centroids_of, name_of_index_on

        if index_name is None and column is None:
            raise ValueError("Must provide 'index_name' or 'column'.")
        return centroids_of(self, index_name if index_name is not None else name_of_index_on(self, column))

    def get_ivf_model(self, index_name):
        """The partitions of a vector index, as an :class:`lance_cpp.indices.IvfModel`."""
        from lance_cpp._dataset.vector_index_reader import centroids_of, vector_statistics
        from lance_cpp.indices import IvfModel

        centroids = centroids_of(self, index_name)
        return IvfModel(centroids, vector_statistics(self, index_name)["indices"][0]["metric_type"])

    def drop_index(self, name):
        """Removes an index. Its files stay until no version needs them."""
        self._bind(_native.drop_index(self._ds, name, {}))
