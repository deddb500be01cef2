"""Equality of Arrow data as a user sees it: types, lengths and values, NaN equal to NaN."""

import math

import pyarrow as pa


def plain(value):
    """A value whose == says what we mean: NaN has an equal, 0.0 and -0.0 differ."""
    if isinstance(value, float):
        return ("nan",) if math.isnan(value) else (value, math.copysign(1.0, value))
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, tuple):
        return tuple(plain(v) for v in value)
    return value


def array_difference(ours, theirs):
    """None, or a sentence on the first difference of two chunked arrays."""
    if ours.type != theirs.type:
        return f"type {ours.type} is not {theirs.type}"
    if len(ours) != len(theirs):
        return f"{len(ours)} rows are not {len(theirs)}"
    try:
        if ours.equals(theirs):
            return None
    except pa.ArrowException:
        pass
    mine, other = ours.to_pylist(), theirs.to_pylist()
    for row, (a, b) in enumerate(zip(mine, other)):
        if plain(a) != plain(b):
            return f"row {row}: {a!r:.200} is not {b!r:.200}"
    return None


def table_difference(ours, theirs):
    """None, or a sentence on the first difference of two tables, fields and nullability included."""
    if ours.column_names != theirs.column_names:
        return f"columns {ours.column_names} are not {theirs.column_names}"
    if ours.num_rows != theirs.num_rows:
        return f"{ours.num_rows} rows are not {theirs.num_rows}"
    for mine, other in zip(ours.schema, theirs.schema):
        if mine != other:
            return f"field {mine} is not {other}"
    for name in ours.column_names:
        found = array_difference(ours.column(name), theirs.column(name))
        if found:
            return f"column {name}: {found}"
    return None
