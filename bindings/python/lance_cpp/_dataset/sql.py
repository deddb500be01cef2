"""SQL over one dataset: the builder's interface; running it is not supported yet."""

from __future__ import annotations

from lance_cpp._unsupported import not_yet

_WHY = "query the dataset with DuckDB, which reads it as an Arrow dataset, or with `lance sql`"


class SqlQuery:
    """A query ready to run."""

    def __init__(self, query):
        self._query = query

    @not_yet(_WHY)
    def to_batch_records(self):
        """Runs the query; a list of record batches."""

    @not_yet(_WHY)
    def to_stream_reader(self):
        """Runs the query; a record batch reader."""


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
        """Bytes of a batch, about."""
        return self._with(batch_size_bytes=batch_size_bytes)

    def build(self) -> SqlQuery:
        return SqlQuery(self._options)
