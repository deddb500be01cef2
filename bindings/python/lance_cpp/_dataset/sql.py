"""SQL over one dataset, run by DuckDB: its dialect, in this process, loaded on first use."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa

from lance_cpp import _native
from lance_cpp._dataset import results

_LIBRARY = "liblance_sql.so"
_BLOBS = {"all_binary": "bytes", "blobs_descriptions": "descriptors"}


def _library() -> str:
    """The library that holds DuckDB: named by LANCE_SQL_LIBRARY, beside this package, or where the loader looks."""
    named = os.environ.get("LANCE_SQL_LIBRARY")
    if named:
        return named
    package = Path(_native.__file__).resolve().parent
    for folder in (package, package.parent.parent / "lib"):
        if (folder / _LIBRARY).exists():
            return str(folder / _LIBRARY)
    return _LIBRARY


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


class SqlQuery:
    """A query ready to run."""

    def __init__(self, query):
        self._setup, self._text = query

    def _run(self) -> pa.Table:
        return results.to_table(_native.run_sql(_library(), self._setup, self._text))

    def to_batch_records(self) -> list[pa.RecordBatch]:
        """Runs the query; a list of record batches."""
        return self._run().to_batches()

    def to_stream_reader(self) -> pa.RecordBatchReader:
        """Runs the query into memory; a record batch reader over the result."""
        return self._run().to_reader()


class SqlQueryBuilder:
    """Collects the options of a query."""

    def __init__(self, builder):
        self._options = dict(builder)

    def _with(self, **options) -> SqlQueryBuilder:
        return SqlQueryBuilder({**self._options, **options})

    def table_name(self, table_name) -> SqlQueryBuilder:
        """The name of the dataset in the query; default ``dataset``."""
        return self._with(table_name=table_name)

    def with_row_id(self, with_row_id=True) -> SqlQueryBuilder:
        """Offers the column ``_rowid``."""
        return self._with(with_row_id=with_row_id)

    def with_row_addr(self, with_row_addr=True) -> SqlQueryBuilder:
        """Offers the column ``_rowaddr``."""
        return self._with(with_row_addr=with_row_addr)

    def blob_handling(self, blob_handling) -> SqlQueryBuilder:
        """How blob columns are read."""
        return self._with(blob_handling=blob_handling)

    def batch_size(self, batch_size) -> SqlQueryBuilder:
        """Rows of a batch at most."""
        return self._with(batch_size=batch_size)

    def batch_size_bytes(self, batch_size_bytes) -> SqlQueryBuilder:
        """Bytes of a batch, about; DuckDB cuts batches by rows, so it has no effect on the result."""
        return self._with(batch_size_bytes=batch_size_bytes)

    def build(self) -> SqlQuery:
        """The query as far as it can be checked without running it."""
        options = self._options
        arguments = [_quoted(options["uri"]), f"version => {options['version']}"]
        if options.get("storage_options"):
            pairs = ", ".join(f"{_quoted(k)}: {_quoted(v)}" for k, v in options["storage_options"].items())
            arguments.append(f"storage_options => MAP {{{pairs}}}")
        blobs = options.get("blob_handling")
        if blobs is not None:
            if blobs not in _BLOBS:
                raise ValueError(f"blob_handling of an SQL query is one of {', '.join(_BLOBS)}, not {blobs!r}")
            arguments.append(f"blobs => {_quoted(_BLOBS[blobs])}")
        if options.get("batch_size"):
            arguments.append(f"batch_rows => {int(options['batch_size'])}")
        columns = ["*"]
        columns += ["_rowid"] if options.get("with_row_id") else []
        columns += ["_rowaddr"] if options.get("with_row_addr") else []
        name = options.get("table_name", "dataset").replace('"', '""')
        setup = f'CREATE TEMP VIEW "{name}" AS SELECT {", ".join(columns)} FROM lance_scan({", ".join(arguments)})'
        return SqlQuery((setup, options["sql"]))
