"""Vector queries: any array-like against the type of the column searched."""

from __future__ import annotations

import pyarrow as pa

from lance_cpp._unsupported import INDEXES, unsupported

_METRICS = {"l2": "l2", "euclidean": "l2", "cosine": "cosine", "dot": "dot", "hamming": "hamming"}
_APPROX_MODES = ("fast", "normal", "accurate")


class VectorSearchQuery:
    """Not supported yet: a vector search used as a filter of a text search."""

    def __init__(self, column, q, k=None, metric=None, nprobes=None, minimum_nprobes=None, maximum_nprobes=None,
                 refine_factor=None, use_index=True, ef=None, query_parallelism=None, approx_mode="normal",
                 search_effort=None):  # fmt: skip
        raise unsupported("VectorSearchQuery", INDEXES)


def _find_column(schema: pa.Schema, path: str) -> pa.Field:
    parts = path.split(".") if schema.get_field_index(path) < 0 else [path]
    if schema.get_field_index(parts[0]) < 0:
        raise ValueError(f"Embedding column {path} is not in the dataset")
    field = schema.field(parts[0])
    for part in parts[1:]:
        if not pa.types.is_struct(field.type) or field.type.get_field_index(part) < 0:
            raise ValueError(f"Embedding column {path} is not in the dataset")
        field = field.type.field(part)
    return field


def _vector_shape(field: pa.Field):
    """(element type, dimension, is multi-vector) of a vector column."""
    kind = field.type
    if isinstance(kind, pa.ExtensionType) or hasattr(kind, "storage_type"):
        kind = kind.storage_type
    multi = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    if multi:
        kind = kind.value_type
    if not pa.types.is_fixed_size_list(kind):
        raise TypeError(f"Query column {field.name} must be a vector. Got {field.type}.")
    return kind.value_type, kind.list_size, multi


def _is_bfloat16(element_type) -> bool:
    return (
        getattr(element_type, "extension_name", None) == "lance.bfloat16"
        or pa.types.is_fixed_size_binary(element_type)
        and element_type.byte_width == 2
    )


def _to_numpy(query):
    """Any array-like as a 1-D or 2-D numpy array."""
    import numpy as np

    if isinstance(query, pa.ChunkedArray):
        query = query.combine_chunks()
    if isinstance(query, pa.Scalar):
        query = query.values if hasattr(query, "values") else query.as_py()
    if isinstance(query, pa.Array):
        if hasattr(query, "storage") and getattr(query.type, "extension_name", "") != "lance.bfloat16":
            query = query.storage
        if pa.types.is_fixed_size_list(query.type):
            size = query.type.list_size
            values = _to_numpy(query.flatten())
            return values.reshape(-1, size)
        if pa.types.is_list(query.type) or pa.types.is_large_list(query.type):
            return np.stack([_to_numpy(row.values) for row in query])
        return query.to_numpy(zero_copy_only=False) if not hasattr(query, "storage") else query.to_numpy()
    if hasattr(query, "detach") and hasattr(query, "cpu"):  # a torch tensor
        query = query.detach().cpu().numpy()
    if isinstance(query, (list, tuple)) and len(query) > 0 and isinstance(query[0], pa.Array):
        query = [_to_numpy(row) for row in query]
    if isinstance(query, (list, tuple)) and len({len(row) for row in query if hasattr(row, "__len__")}) > 1:
        raise ValueError("All query vectors must have the same length")
    try:
        array = np.asarray(query)
        if array.dtype == object:
            array = array.astype(np.float32)
    except (TypeError, ValueError) as error:
        raise TypeError(f"Query vector must be array-like of numbers: {error}") from error
    return array


def _to_bfloat16_bytes(values):
    import numpy as np

    bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return rounded.astype(np.uint16)


def _to_elements(values, element_type) -> pa.Array:
    """Flat values in the element type that the native search compares with."""
    import numpy as np

    if _is_bfloat16(element_type):
        bits = _to_bfloat16_bytes(np.asarray(values))
        return pa.Array.from_buffers(pa.binary(2), len(bits), [None, pa.py_buffer(bits.tobytes())])
    if pa.types.is_floating(element_type) or pa.types.is_uint8(element_type):
        return pa.array(values.astype(element_type.to_pandas_dtype()), element_type)
    return pa.array(values.astype(np.float32), pa.float32())


def _as_native(query, field: pa.Field) -> pa.Array:
    element_type, dim, multi = _vector_shape(field)
    values = _to_numpy(query)
    if values.ndim not in (1, 2):
        raise ValueError(f"Query vector must have one or two dimensions, got {values.ndim}")
    if values.shape[-1] != dim:
        raise ValueError(f"Query vector size {values.shape[-1]} does not match index column size {dim}")
    flat = _to_elements(values.reshape(-1), element_type)
    if values.ndim == 1 and not multi:
        return flat
    return pa.FixedSizeListArray.from_arrays(flat, dim)


def _check_positive(name, value):
    if value is not None and int(value) <= 0:
        raise ValueError(f"{name} must be positive, got {value}")
    return None if value is None else int(value)


def _probes(nprobes, minimum, maximum):
    minimum, maximum = _check_positive("minimum_nprobes", minimum), _check_positive("maximum_nprobes", maximum)
    if nprobes is not None:
        if minimum is not None or maximum is not None:
            raise ValueError("nprobes cannot be set in combination with minimum_nprobes or maximum_nprobes")
        minimum = maximum = _check_positive("Nprobes", nprobes)
    if minimum is not None and maximum is not None and minimum > maximum:
        raise ValueError("minimum_nprobes must be <= maximum_nprobes")
    return minimum, maximum


def vector_query(
    schema: pa.Schema,
    column,
    q,
    *,
    k,
    metric,
    nprobes,
    minimum_nprobes,
    maximum_nprobes,
    refine_factor,
    use_index,
    ef,
    query_parallelism,
    approx_mode,
    distance_range,
    search_effort,
) -> dict:
    """Checks a search and writes it as the native layer takes it.

    ``query_parallelism``, ``approx_mode`` and ``search_effort`` tune approximate searches; an exact search has
    no use for them beyond the check.
    """
    field = _find_column(schema, column)
    out = {"column": column, "q": _as_native(q, field), "use_index": use_index}
    if k is not None and int(k) <= 0:
        raise ValueError(f"Nearest-K must be > 0 but got {k}")
    out["k"] = None if k is None else int(k)
    if metric is not None:
        known = _METRICS.get(str(metric).lower())
        if known is None:
            raise ValueError(f"Invalid argument error: Metric type '{metric}' is not supported")
        out["metric"] = known
    out["minimum_nprobes"], out["maximum_nprobes"] = _probes(nprobes, minimum_nprobes, maximum_nprobes)
    if refine_factor is not None and int(refine_factor) < 1:
        raise ValueError(f"Refine factor must be 1 or more got {refine_factor}")
    out["refine_factor"] = None if refine_factor is None else int(refine_factor)
    out["ef"] = _check_positive("ef", ef)
    if approx_mode not in _APPROX_MODES:
        raise ValueError(f"approx_mode must be one of {', '.join(_APPROX_MODES)}, got {approx_mode!r}")
    if distance_range is not None:
        if not isinstance(distance_range, (tuple, list)) or len(distance_range) != 2:
            raise ValueError("distance_range must be a tuple of (lower_bound, upper_bound)")
        out["distance_lower_bound"], out["distance_upper_bound"] = distance_range
    return out
