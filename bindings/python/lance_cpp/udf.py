"""Functions from batch to batch, with results kept for a resume."""

from __future__ import annotations

import functools
import os
import pickle
import sqlite3
from contextlib import closing
from typing import NamedTuple

import pyarrow as pa

from lance_cpp.types import _coerce_reader


class BatchUDF:
    """A function that computes new columns of a batch.

    :param func: takes a ``RecordBatch``, returns one (or a pandas frame) of as many rows
    :param output_schema: the schema of what it returns; default: that of its first result
    :param checkpoint_file: where results are kept, so that an interrupted run can go on
    """

    def __init__(self, func, output_schema=None, checkpoint_file=None):
        self.func = func
        self.output_schema = output_schema
        self.cache = BatchUDFCheckpoint(checkpoint_file) if checkpoint_file is not None else None
        functools.update_wrapper(self, func)

    def __call__(self, batch):
        return self.func(batch)

    def _call(self, batch) -> pa.RecordBatch:
        """Calls the function and checks the schema of what it returns."""
        if self.output_schema is None:
            raise ValueError("output_schema must be provided when using a function that returns a RecordBatch")
        result = _as_batch(self.func(batch))
        if result.schema != self.output_schema:
            raise AssertionError(
                "Output schema of function does not match the expected schema. "
                f"Expected:\n{self.output_schema}\nGot:\n{result.schema}"
            )
        return result


def _as_batch(result):
    if type(result).__module__.split(".")[0] == "pandas":
        return pa.RecordBatch.from_pandas(result)
    return result


def batch_udf(output_schema=None, checkpoint_file=None):
    """Decorates a function as a :class:`BatchUDF`."""
    return lambda func: BatchUDF(func, output_schema, checkpoint_file)


class BatchUDFCheckpoint:
    """Results of a :class:`BatchUDF`, kept in an SQLite file."""

    class BatchInfo(NamedTuple):
        """Names a batch."""

        fragment_id: int
        batch_index: int

    def __init__(self, path):
        self.path = path
        with closing(self._connect()) as connection, connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS batches (fragment_id INT, batch_index INT, result BLOB, "
                "PRIMARY KEY (fragment_id, batch_index))"
            )
            connection.execute("CREATE TABLE IF NOT EXISTS fragments (fragment_id INT PRIMARY KEY, data BLOB)")

    def _connect(self):
        return sqlite3.connect(self.path)

    def cleanup(self):
        """Removes the file."""
        os.remove(self.path)

    def _one(self, query, arguments):
        with closing(self._connect()) as connection:
            row = connection.execute(query, arguments).fetchone()
        return None if row is None else row[0]

    def get_batch(self, info):
        """The result kept for a batch, or None."""
        found = self._one("SELECT result FROM batches WHERE fragment_id = ? AND batch_index = ?", tuple(info))
        return None if found is None else pickle.loads(found)

    def insert_batch(self, info, batch):
        """Keeps a batch's result."""
        with closing(self._connect()) as connection, connection:
            connection.execute("INSERT INTO batches VALUES (?, ?, ?)", (*info, pickle.dumps(batch)))

    def get_fragment(self, fragment_id):
        """What is kept for a whole fragment, or None."""
        return self._one("SELECT data FROM fragments WHERE fragment_id = ?", (fragment_id,))

    def insert_fragment(self, fragment_id, fragment):
        """Keeps a whole fragment's result; its batches are dropped."""
        with closing(self._connect()) as connection, connection:
            connection.execute("INSERT INTO fragments VALUES (?, ?)", (fragment_id, fragment))
            connection.execute("DELETE FROM batches WHERE fragment_id = ?", (fragment_id,))


def _sample_schema(function, data_source, read_columns) -> pa.Schema:
    """The schema of what a function makes of the first row."""
    virtual = {"_rowid": "with_row_id", "_rowaddr": "with_row_address"}
    options = {virtual[name]: True for name in read_columns or () if name in virtual}
    columns = None if read_columns is None else [name for name in read_columns if name not in virtual]
    batch = next(iter(data_source.to_batches(limit=1, columns=columns, **options)))
    return _as_batch(function(batch)).schema


def normalize_transform(udf_like, data_source, read_columns=None, reader_schema=None):
    """A transform in the form that adding columns takes: a ``BatchUDF`` whose schema is known, a dict of
    expressions, or a reader.

    :param data_source: the dataset or fragment whose first row shows what a function returns
    """
    if isinstance(udf_like, BatchUDF):
        if udf_like.output_schema is None:
            udf_like.output_schema = _sample_schema(udf_like, data_source, read_columns)
        return udf_like
    if isinstance(udf_like, dict):
        for name, expression in udf_like.items():
            if not isinstance(name, str):
                raise TypeError(f"Column names must be a string. Got {type(name)}")
            if not isinstance(expression, str):
                raise TypeError(f"Column expressions must be a string. Got {type(expression)}")
        return udf_like
    if callable(udf_like):
        try:
            return BatchUDF(udf_like, output_schema=_sample_schema(udf_like, data_source, read_columns))
        except Exception as error:
            raise TypeError(
                f"transforms must be a BatchUDF, dict, map function, or ReaderLike value.  Received {type(udf_like)}, "
                f"which is callable, but gave an error when called with a batch of data: {error}"
            ) from error
    try:
        return _coerce_reader(udf_like, reader_schema)
    except TypeError as error:
        raise TypeError(
            f"transforms must be a BatchUDF, dict, map function, or ReaderLike  value.  Received {type(udf_like)}.  "
            f"Could not coerce to a reader: {error}"
        ) from error
