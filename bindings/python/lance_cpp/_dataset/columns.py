"""New and changed columns."""

from __future__ import annotations

import pyarrow as pa

from lance_cpp import _native
from lance_cpp.udf import BatchUDF, BatchUDFCheckpoint, normalize_transform


def _as_fields(transforms):
    """The schema of columns to add as nulls, or None when ``transforms`` is something else."""
    if isinstance(transforms, pa.Field):
        return pa.schema([transforms])
    if isinstance(transforms, list) and transforms and isinstance(transforms[0], pa.Field):
        return pa.schema(transforms)
    return transforms if isinstance(transforms, pa.Schema) else None


def batch_function(udf: BatchUDF):
    """What the native layer calls for each batch: results come from the checkpoint where it has them."""

    def compute(stream, fragment_id, batch_index):
        batch = pa.RecordBatchReader._import_from_c_capsule(stream).read_next_batch()
        if udf.cache is None:
            return udf._call(batch)
        info = BatchUDFCheckpoint.BatchInfo(fragment_id=fragment_id, batch_index=batch_index)
        result = udf.cache.get_batch(info)
        if result is None:
            result = udf._call(batch)
            udf.cache.insert_batch(info, result)
        return result

    return compute


def add_columns(dataset, transforms, read_columns, reader_schema, batch_size):
    """See ``LanceDataset.add_columns``."""
    fields = _as_fields(transforms)
    if fields is not None:
        return dataset._move(_native.add_null_columns, fields)
    transforms = normalize_transform(transforms, dataset, read_columns, reader_schema)
    if isinstance(transforms, pa.RecordBatchReader):
        return dataset._move(_native.add_columns_reader, transforms, batch_rows=batch_size)
    if isinstance(transforms, dict):
        return dataset._move(_native.add_columns_sql, list(transforms.items()), batch_rows=batch_size)
    dataset._move(
        _native.add_columns_function,
        transforms.output_schema,
        batch_function(transforms),
        batch_rows=batch_size,
        read_columns=None if read_columns is None else list(read_columns),
    )
    if transforms.cache is not None:
        transforms.cache.cleanup()


def alterations_to_native(alterations) -> list:
    """Checks the dicts of ``alter_columns``."""
    for alteration in alterations:
        for key in alteration:
            if key not in ("path", "name", "nullable", "data_type"):
                raise ValueError(f"Unknown key: {key}. Valid keys are name, nullable, and data_type.")
        if "path" not in alteration:
            raise ValueError("path is required")
        if len(alteration) == 1:
            raise ValueError("At least one of name, nullable, or data_type must be specified")
    return [dict(alteration) for alteration in alterations]
