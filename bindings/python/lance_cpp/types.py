"""What counts as data: tables, batches, readers, frames, dicts, lists, models."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from lance_cpp.dependencies import (
    _check_for_hugging_face,
    _check_for_pandas,
    _check_for_polars,
    _is_pydantic_base_model,
    _validate_pydantic_list,
    model_to_dict,
)


def _casting_recordbatch_iter(input_iter, schema: pa.Schema):
    """Batches of exactly one schema; a cast that fails is a ValueError."""
    for batch in input_iter:
        if not isinstance(batch, pa.RecordBatch):
            raise TypeError(f"Expected RecordBatch, got {type(batch)}")
        if batch.schema != schema:
            try:
                batch = pa.Table.from_batches([batch]).cast(schema).combine_chunks().to_batches()
                batch = batch[0] if batch else pa.RecordBatch.from_pylist([], schema)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                raise ValueError(f"Input RecordBatch iterator yielded a batch with another schema: {error}") from error
        yield batch


def _is_materialized(data_obj) -> bool:
    """Whether the data is in memory already and may be read twice."""
    return isinstance(data_obj, (pa.Table, pa.RecordBatch, list, dict)) or _check_for_pandas(data_obj)


def _models_to_table(models, schema) -> pa.Table:
    from lance_cpp.pydantic import pydantic_to_schema

    model_class = type(models[0])
    _validate_pydantic_list(models, model_class)
    return pa.Table.from_pylist([model_to_dict(model) for model in models], schema or pydantic_to_schema(model_class))


def _coerce_reader(data_obj, schema=None) -> pa.RecordBatchReader:
    """A record batch reader over anything that counts as data."""
    if isinstance(data_obj, pa.RecordBatchReader):
        return data_obj
    if isinstance(data_obj, pa.dataset.Dataset if hasattr(pa, "dataset") else ()):
        return data_obj.scanner().to_reader()
    if isinstance(data_obj, pa.dataset.Scanner if hasattr(pa, "dataset") else ()):
        return data_obj.to_reader()
    if isinstance(data_obj, pa.Table):
        return data_obj.to_reader() if schema is None else data_obj.cast(schema).to_reader()
    if isinstance(data_obj, pa.RecordBatch):
        return pa.Table.from_batches([data_obj]).to_reader()
    if _check_for_pandas(data_obj):
        return pa.Table.from_pandas(data_obj, schema=schema).to_reader()
    if _check_for_polars(data_obj):
        frame = data_obj.collect() if hasattr(data_obj, "collect") else data_obj
        return frame.to_arrow().to_reader()
    if _check_for_hugging_face(data_obj):
        return data_obj.data.table.to_reader() if schema is None else data_obj.data.table.cast(schema).to_reader()
    if isinstance(data_obj, dict):
        return pa.Table.from_pydict(data_obj, schema=schema).to_reader()
    if isinstance(data_obj, list) and data_obj and isinstance(data_obj[0], dict):
        return pa.Table.from_pylist(data_obj, schema=schema).to_reader()
    if isinstance(data_obj, list) and data_obj and _is_pydantic_base_model(data_obj[0]):
        return _models_to_table(data_obj, schema).to_reader()
    if hasattr(data_obj, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(data_obj, schema)
    if isinstance(data_obj, Iterable):
        if schema is None:
            raise ValueError("Schema must be provided when data is an iterable of record batches")
        return pa.RecordBatchReader.from_batches(schema, _casting_recordbatch_iter(data_obj, schema))
    raise TypeError(f"Unknown data type {type(data_obj)}. Give a table, reader, dataset, frame, dict or iterable.")
