"""Native results as pyarrow objects, through the Arrow C data interface."""

from __future__ import annotations

import pyarrow as pa


def to_reader(stream_capsule) -> pa.RecordBatchReader:
    return pa.RecordBatchReader._import_from_c_capsule(stream_capsule)


def to_table(stream_capsule) -> pa.Table:
    return to_reader(stream_capsule).read_all()


def to_schema(schema_capsule) -> pa.Schema:
    return pa.Schema._import_from_c_capsule(schema_capsule)


def to_field(schema_capsule) -> pa.Field:
    return to_schema(schema_capsule).field(0)
