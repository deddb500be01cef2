"""What counts as data: tables, batches, readers, frames, dicts, lists, models."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.dataset

from lance_cpp.dependencies import (
    _check_for_hugging_face,
    _check_for_pandas,
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
                cast = pa.Table.from_batches([batch]).cast(schema).combine_chunks().to_batches()
            except pa.ArrowInvalid as error:
                raise ValueError(
                    "Input RecordBatch iterator yielded a batch with schema that does not match the expected "
                    f"schema.\nExpected:\n{schema}\nGot:\n{batch.schema}"
                ) from error
            batch = cast[0] if cast else pa.RecordBatch.from_pylist([], schema)
        yield batch


def _is_pandas_frame(data_obj) -> bool:
    return _check_for_pandas(data_obj) and type(data_obj).__name__ == "DataFrame"


def _is_polars_frame(data_obj) -> bool:
    return type(data_obj).__module__.startswith("polars") and type(data_obj).__name__ == "DataFrame"


def _is_list_of_dicts(data_obj) -> bool:
    return isinstance(data_obj, list) and len(data_obj) > 0 and isinstance(data_obj[0], dict)


def _is_materialized(data_obj) -> bool:
    """Whether the data is in memory already and may be read twice."""
    return (
        isinstance(data_obj, (pa.Table, pa.RecordBatch, dict))
        or _is_pandas_frame(data_obj)
        or _is_polars_frame(data_obj)
        or _is_list_of_dicts(data_obj)
    )


def _one_batch(batch: pa.RecordBatch) -> pa.RecordBatchReader:
    return pa.RecordBatchReader.from_batches(batch.schema, [batch])


def _of_models(models, schema) -> pa.RecordBatchReader:
    model_class = type(models[0])
    _validate_pydantic_list(models, model_class)
    if schema is None:
        from lance_cpp.pydantic import pydantic_to_schema

        schema = pydantic_to_schema(model_class)
    return _one_batch(pa.RecordBatch.from_pylist([model_to_dict(model) for model in models], schema=schema))


def _of_hugging_face(data_obj, schema) -> pa.RecordBatchReader:
    from lance_cpp.dependencies import datasets

    if isinstance(data_obj, datasets.Dataset):
        return data_obj.data.to_reader()
    if isinstance(data_obj, datasets.DatasetDict):
        raise ValueError("DatasetDict is not yet supported: write its datasets one by one")
    if isinstance(data_obj, datasets.IterableDataset):
        schema = schema or data_obj.features.arrow_schema
        rows = (pa.RecordBatch.from_pydict(batch, schema=schema) for batch in data_obj.iter(batch_size=1000))
        return pa.RecordBatchReader.from_batches(schema, rows)
    raise TypeError(f"Unknown HuggingFace dataset type: {type(data_obj)}. Give a Dataset or an IterableDataset.")


def _coerce_reader(data_obj, schema=None) -> pa.RecordBatchReader:
    """A record batch reader over anything that counts as data.

    ``schema`` is for what has none of its own (iterables of batches, dicts, frames); tables and readers keep
    theirs.
    """
    if _is_pandas_frame(data_obj):
        return pa.Table.from_pandas(data_obj, schema=schema).to_reader()
    if isinstance(data_obj, pa.Table):
        return data_obj.to_reader()
    if isinstance(data_obj, pa.RecordBatch):
        return pa.Table.from_batches([data_obj]).to_reader()
    if isinstance(data_obj, pa.dataset.Dataset):
        if hasattr(data_obj, "lance_schema"):
            return data_obj.scanner().to_reader()
        return pa.dataset.Scanner.from_dataset(data_obj).to_reader()
    if isinstance(data_obj, pa.dataset.Scanner):
        return data_obj.to_reader()
    if isinstance(data_obj, pa.RecordBatchReader):
        return data_obj
    if _is_polars_frame(data_obj):
        return data_obj.to_arrow().to_reader()
    if _check_for_hugging_face(data_obj):
        return _of_hugging_face(data_obj, schema)
    if isinstance(data_obj, dict):
        return _one_batch(pa.RecordBatch.from_pydict(data_obj, schema=schema))
    if _is_list_of_dicts(data_obj):
        return _one_batch(pa.RecordBatch.from_pylist(data_obj, schema=schema))
    if isinstance(data_obj, list) and len(data_obj) > 0 and _is_pydantic_base_model(data_obj[0]):
        return _of_models(data_obj, schema)
    if isinstance(data_obj, Iterable):
        if schema is None:
            raise ValueError("Must provide schema to write dataset from RecordBatch iterable")
        return pa.RecordBatchReader.from_batches(schema, _casting_recordbatch_iter(data_obj, schema))
    raise TypeError(
        f"Unknown data type {type(data_obj)}. Give a table, batch, reader, dataset, scanner, frame, dict, list of "
        "dicts or models, or an iterable of batches."
    )
