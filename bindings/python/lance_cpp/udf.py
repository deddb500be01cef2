"""Functions from batch to batch, with results kept for a resume."""

from __future__ import annotations

import functools
import pickle
import sqlite3
from contextlib import closing
from typing import NamedTuple

import pyarrow as pa

from lance_cpp._unsupported import WRITES, not_yet


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
        """Calls the function and checks what it returns."""
        result = self.func(batch)
        if type(result).__module__.split(".")[0] == "pandas":
            result = pa.RecordBatch.from_pandas(result, schema=self.output_schema)
        if self.output_schema is None:
            self.output_schema = result.schema
        if result.schema != self.output_schema:
            raise ValueError(f"UDF returned the schema {result.schema}, expected {self.output_schema}")
        if result.num_rows != batch.num_rows:
            raise ValueError(f"UDF returned {result.num_rows} rows for {batch.num_rows}")
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
        """Drops everything kept."""
        with closing(self._connect()) as connection, connection:
            connection.execute("DROP TABLE batches")
            connection.execute("DROP TABLE fragments")

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


@not_yet(WRITES)
def normalize_transform(udf_like, data_source, read_columns=None, reader_schema=None):
    """A transform in the form that adding columns takes."""
