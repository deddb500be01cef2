"""``LanceDataset``: one version of a table, open for reading."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.dataset

from lance_cpp import _native, blob  # noqa: F401  (blob registers the extension type before any schema is seen)
from lance_cpp._dataset import opening, refs, results
from lance_cpp._dataset.changes import DatasetChanges
from lance_cpp._dataset.missing import NotYetSupported
from lance_cpp._dataset.index_segments import IndexSegments
from lance_cpp._dataset.scalar_indices import ScalarIndexing
from lance_cpp._dataset.searches import Searches
from lance_cpp._dataset.scanner import LanceScanner, ScannerBuilder, apply_option, columns_to_native, filter_to_sql
from lance_cpp._dataset.vector_indices import VectorIndexing
from lance_cpp._unsupported import unsupported


class LanceDataset(DatasetChanges, IndexSegments, ScalarIndexing, VectorIndexing, NotYetSupported, pa.dataset.Dataset):
    """One version of a Lance table. A ``pyarrow.dataset.Dataset``, so DuckDB and polars can query it.

    Open one with :func:`lance_cpp.dataset`, make one with :func:`lance_cpp.write_dataset`. Methods that write
    move the object to the version they made. Pickles by reference: URI, version and options.
    """

    def __init__(
        self,
        uri,
        version=None,
        block_size=None,
        index_cache_size=None,
        metadata_cache_size=None,
        commit_lock=None,
        storage_options=None,
        serialized_manifest=None,
        default_scan_options=None,
        metadata_cache_size_bytes=None,
        index_cache_size_bytes=None,
        read_params=None,
        session=None,
        namespace_client=None,
        table_id=None,
        namespace_client_managed_versioning=False,
        base_store_params=None,
    ):
        if base_store_params:
            raise unsupported("base_store_params", "all bases are opened with the same storage options")
        self._session = opening.native_session(session, index_cache_size_bytes, metadata_cache_size_bytes)
        self._storage_options = storage_options
        self._commit_lock = commit_lock
        self._default_scan_options = default_scan_options
        self._read_params = read_params
        self._uri = opening.to_uri(uri)
        self._bind(opening.open_native(self._uri, version, storage_options, self._session))

    def _bind(self, native):
        self._ds = native
        self._schema = None
        self._searches = Searches()

    def _sibling(self, native) -> LanceDataset:
        """The same table at another version, with the same options."""
        other = LanceDataset.__new__(LanceDataset)
        other.__dict__.update(self.__dict__)
        other._bind(native)
        return other

    def __reduce__(self):
        version = (self._branch, self.version) if self._branch else self.version
        return (_reopen, (self._uri, version, self._storage_options, self._default_scan_options))

    def __getstate__(self):
        return self.__reduce__()[1]

    def __setstate__(self, state):
        self.__dict__.update(_reopen(*state).__dict__)

    def __copy__(self):
        return self._sibling(self._ds)

    def __len__(self):
        return self.count_rows()

    # ---- what it is ----

    @property
    def _branch(self):
        return self._ds.manifest()["branch"]

    @property
    def uri(self) -> str:
        """Where the dataset is, as given to ``dataset()``."""
        return self._uri

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema; with default scan options, that of a scan."""
        if self._schema is None:
            self._schema = results.to_schema(self._ds.schema())
            if self._default_scan_options:
                self._schema = self.scanner().projected_schema
        return self._schema

    @property
    def lance_schema(self):
        """The schema with field ids."""
        from lance_cpp.schema import LanceSchema

        return LanceSchema._from_native(self._ds.lance_schema())

    @property
    def version(self) -> int:
        """The version open."""
        return self._ds.version()

    @property
    def latest_version(self) -> int:
        """The newest version there is now."""
        return self._ds.latest_version()

    @property
    def max_field_id(self) -> int:
        """The largest field id of the schema."""
        return self._ds.manifest()["max_field_id"]

    @property
    def data_storage_version(self) -> str:
        """The file version of new data, such as ``"2.2"``."""
        return self._ds.data_storage_version()

    @property
    def has_stable_row_ids(self) -> bool:
        """Whether row ids outlive compactions."""
        return self._ds.manifest()["has_stable_row_ids"]

    @property
    def has_index(self) -> bool:
        """Whether any column has an index."""
        return len(self._ds.indices()) > 0

    @property
    def metadata(self) -> dict:
        """The table metadata."""
        return dict(self._ds.metadata())

    @property
    def schema_metadata(self) -> dict:
        """The schema metadata, as text."""
        return dict(self._ds.manifest()["schema_metadata"])

    def config(self) -> dict:
        """The config of the manifest."""
        return dict(self._ds.config())

    @property
    def partition_expression(self):
        """Not supported: Lance tables are not partitioned by folders."""
        raise NotImplementedError("partitioning not yet supported")

    def base_paths(self) -> dict:
        """Further storage roots by id."""
        return self._ds.base_paths()

    @property
    def initial_storage_options(self):
        """The storage options given."""
        return self._storage_options

    def latest_storage_options(self):
        """The storage options in use."""
        return self._storage_options

    @property
    def storage_options_accessor(self):
        """Not supported: no credential provider."""
        return None

    def session(self):
        """The caches in use; give them to ``dataset(session=)`` to share them."""
        return self._session

    def io_stats_snapshot(self):
        """Requests and bytes of this dataset's store so far."""
        from lance_cpp.lance import IOStats

        return IOStats(*self._ds.object_store().counters())

    def io_stats_incremental(self):
        """Requests and bytes since the last call."""
        from lance_cpp.lance import IOStats

        now = self._ds.object_store().counters()
        last = getattr(self, "_last_counters", (0, 0, 0, 0))
        self._last_counters = now
        return IOStats(*(a - b for a, b in zip(now, last)))

    def new_file_session(self):
        """File access below this dataset's root."""
        from lance_cpp.file import LanceFileSession

        return LanceFileSession(self._uri, self._storage_options)

    @property
    def stats(self):
        """Statistics."""
        from lance_cpp._dataset.statistics import LanceStats

        return LanceStats(self)

    def all_files(self) -> pa.RecordBatchReader:
        """The files present below the root: ``base_uri``, ``path``, ``size_bytes`` and ``last_modified``."""
        from lance_cpp._dataset.files import all_files

        return all_files(self)

    def tracked_files(self, *, min_version=None, progress=None) -> pa.RecordBatchReader:
        """The files that some version names: ``version``, ``base_uri``, ``path`` and ``type``.

        :param min_version: leaves older versions out
        :param progress: called with the number of versions seen and of all
        """
        from lance_cpp._dataset.files import tracked_files

        return tracked_files(self, min_version, progress)

    # ---- fragments ----

    def fragment_ids(self):
        """The ids of all fragments."""
        from lance_cpp.bitmap import Bitmap

        return Bitmap(self._ds.fragment_ids())

    def get_fragments(self, filter=None) -> list:
        """All fragments, in the order of the table."""
        from lance_cpp.fragment import LanceFragment

        if filter is not None:
            raise ValueError("get_fragments() does not support filter yet")
        return [LanceFragment._of(self, fragment_id) for fragment_id in self._ds.fragment_ids()]

    def get_fragment(self, fragment_id):
        """The fragment of that id, or None."""
        from lance_cpp.fragment import LanceFragment

        found = self._ds.fragment(fragment_id)
        return None if found is None else LanceFragment._of(self, fragment_id)

    # ---- versions ----

    def versions(self) -> list[refs.Version]:
        """All versions, oldest first; timestamps are local times."""
        return [
            {"version": number, "timestamp": refs.local_time(nanoseconds), "metadata": metadata}
            for number, nanoseconds, metadata in self._ds.versions()
        ]

    def version_refs(self) -> list[refs.VersionRef]:
        """The numbers of all versions, oldest first."""
        return [{"version": number} for number, _, _ in self._ds.versions()]

    def get_version(self) -> refs.Version:
        """What :meth:`versions` says of the version open."""
        return next(entry for entry in self.versions() if entry["version"] == self.version)

    def checkout_version(self, version) -> LanceDataset:
        """Opens another version: a number, a tag, or ``(branch, version)``."""
        return self._sibling(self._ds.checkout(**opening.to_version_arguments(version)))

    def checkout_latest(self):
        """Moves this object to the newest version."""
        arguments = {"number": None, "tag": None, "branch": self._branch}
        self._bind(self._ds.checkout(**arguments))

    @property
    def tags(self):
        """Named versions."""
        return refs.Tags(self._ds)

    @property
    def branches(self):
        """Branches."""
        return refs.Branches(self._ds)

    # ---- reading ----

    def scanner(
        self,
        columns=None,
        filter=None,
        limit=None,
        offset=None,
        nearest=None,
        batch_size=None,
        batch_size_bytes=None,
        batch_readahead=None,
        fragment_readahead=None,
        scan_in_order=None,
        fragments=None,
        index_segments=None,
        full_text_query=None,
        *,
        prefilter=None,
        with_row_id=None,
        with_row_address=None,
        use_stats=None,
        fast_search=None,
        io_buffer_size=None,
        late_materialization=None,
        blob_handling=None,
        use_scalar_index=None,
        include_deleted_rows=None,
        scan_stats_callback=None,
        strict_batch_size=None,
        order_by=None,
        disable_scoring_autoprojection=None,
        row_addr_allowlist=None,
        row_addr_blocklist=None,
    ) -> LanceScanner:
        """Plans a scan; see :class:`ScannerBuilder` for each option.

        :param columns: names (``"a"``, ``"s.member"``) in the order wanted, or a dict of name to SQL expression
        :param filter: SQL text or a pyarrow expression
        :param nearest: a dict with ``column``, ``q`` and optionally ``k``, ``metric``, ``distance_range``, ...
        """
        given = dict(locals())
        del given["self"]
        builder = ScannerBuilder(self)
        for name, value in given.items():
            apply_option(builder, name, value)
        return builder.to_scanner()

    def to_table(
        self,
        columns=None,
        filter=None,
        limit=None,
        offset=None,
        nearest=None,
        batch_size=None,
        batch_size_bytes=None,
        batch_readahead=None,
        fragment_readahead=None,
        scan_in_order=None,
        *,
        prefilter=None,
        with_row_id=None,
        with_row_address=None,
        use_stats=None,
        fast_search=None,
        full_text_query=None,
        io_buffer_size=None,
        late_materialization=None,
        blob_handling=None,
        use_scalar_index=None,
        include_deleted_rows=None,
        order_by=None,
        disable_scoring_autoprojection=None,
    ) -> pa.Table:
        """Scans into a table; options as in :meth:`scanner`."""
        given = dict(locals())
        del given["self"]
        key = None if nearest is None else Searches.key_of(given)
        if key is None:
            return self.scanner(**given).to_table()
        found = self._searches.run(key, nearest["q"])
        if found is not None:
            return found
        scanner = self.scanner(**given)
        found = scanner.to_table()
        self._searches.keep(key, nearest["q"], scanner)
        return found

    def to_batches(
        self,
        columns=None,
        filter=None,
        limit=None,
        offset=None,
        nearest=None,
        batch_size=None,
        batch_size_bytes=None,
        batch_readahead=None,
        fragment_readahead=None,
        scan_in_order=None,
        *,
        prefilter=None,
        with_row_id=None,
        with_row_address=None,
        use_stats=None,
        full_text_query=None,
        io_buffer_size=None,
        late_materialization=None,
        blob_handling=None,
        use_scalar_index=None,
        strict_batch_size=None,
        order_by=None,
        disable_scoring_autoprojection=None,
        **kwargs,
    ) -> Iterator[pa.RecordBatch]:
        """Scans batch by batch; options as in :meth:`scanner`."""
        given = dict(locals())
        del given["self"], given["kwargs"]
        return self.scanner(**given, **kwargs).to_batches()

    def to_pandas(
        self,
        columns=None,
        filter=None,
        limit=None,
        offset=None,
        nearest=None,
        batch_size=None,
        batch_readahead=None,
        fragment_readahead=None,
        scan_in_order=None,
        *,
        prefilter=None,
        with_row_id=None,
        with_row_address=None,
        use_stats=None,
        fast_search=None,
        full_text_query=None,
        io_buffer_size=None,
        late_materialization=None,
        blob_mode="lazy",
        use_scalar_index=None,
        include_deleted_rows=None,
        order_by=None,
        disable_scoring_autoprojection=None,
        **kwargs,
    ):
        """Scans into a pandas frame; ``kwargs`` go to ``pyarrow.Table.to_pandas``."""
        given = dict(locals())
        for name in ("self", "kwargs", "blob_mode"):
            del given[name]
        return self.scanner(**given).to_pandas(blob_mode=blob_mode, **kwargs)

    def count_rows(self, filter=None, **kwargs) -> int:
        """Counts rows; without a filter from metadata."""
        if kwargs:
            return self.scanner(filter=filter, **kwargs).count_rows()
        return self._ds.count_rows(filter_to_sql(filter, self.schema))

    def head(self, num_rows, **kwargs) -> pa.Table:
        """The first rows."""
        return self.scanner(limit=num_rows, **kwargs).to_table()

    def slice(self, start, end, columns=None) -> pa.Table:
        """Rows ``start`` to ``end`` (exclusive)."""
        if end < start:
            raise ValueError(f"end ({end}) must be >= start ({start})")
        return self.to_table(columns=columns, offset=start, limit=end - start)

    def _projection(self, columns) -> dict:
        return {} if columns is None else {"columns": columns_to_native(columns)}

    def take(self, indices, columns=None) -> pa.Table:
        """Rows by position, in the order given, duplicates kept."""
        if isinstance(columns, list) and len(set(columns)) < len(columns):
            unique = list(dict.fromkeys(columns))
            return self.take(indices, unique).select([unique.index(name) for name in columns])
        return results.to_table(self._ds.take(_offsets(indices), self._projection(columns)))

    def _take_rows(self, row_ids, columns=None, *, ignore_deletions=False, **kargs) -> pa.Table:
        """Rows by ``_rowid``, in the order given."""
        if ignore_deletions:
            raise unsupported("_take_rows(ignore_deletions=True)", "deleted rows are not taken")
        return results.to_table(self._ds.take_row_ids(_row_ids(row_ids), self._projection(columns)))

    def sample(self, num_rows, columns=None, randomize_order=True, **kwargs) -> pa.Table:
        """Random rows without replacement; ``random.seed`` makes it repeatable."""
        indices = random.sample(range(self.count_rows()), num_rows)
        if not randomize_order:
            indices.sort()
        return self.take(indices, columns, **kwargs)

    def sql(self, sql):
        """Prepares an SQL query, in DuckDB's dialect, over this version; its table is ``dataset``.

        Needs liblance_sql.so, which ``LANCE_SQL_LIBRARY`` may name.
        """
        from lance_cpp._dataset.sql import SqlQueryBuilder

        return SqlQueryBuilder(
            {"sql": sql, "uri": self._ds.uri(), "version": self.version, "storage_options": self._storage_options}
        )

    def take_blobs(self, blob_column, ids=None, addresses=None, indices=None, *, buffer_size=512 * 1024) -> list:
        """Blobs as lazy files, one a row (None for a null); exactly one selector must be given."""
        from lance_cpp._dataset.blobs import take_blobs

        return take_blobs(self, blob_column, ids, addresses, indices, buffer_size)

    def read_blobs(
        self, blob_column, ids=None, addresses=None, indices=None, *, io_buffer_size=None, preserve_order=None
    ) -> list:
        """Whole blobs as ``(row address, bytes)``; exactly one selector must be given."""
        from lance_cpp._dataset.blobs import read_blobs

        return read_blobs(self, blob_column, ids, addresses, indices)

    # ---- indexes, as the manifest lists them ----

    def list_indices(self) -> list[dict]:
        """One entry a segment: name, type, uuid, fields, version, fragment ids."""
        from lance_cpp._dataset.index_listing import list_indices

        return list_indices(self)

    def describe_indices(self) -> list:
        """One :class:`lance_cpp.indices.IndexDescription` an index, by name."""
        from lance_cpp._dataset.index_listing import describe_indices

        return describe_indices(self)

    def index_statistics(self, index_name) -> dict:
        """Not supported yet; see :meth:`LanceStats.index_stats`."""
        return self.stats.index_stats(index_name)

    def mem_wal_index_details(self):
        """The write-ahead log's settings, or None without one."""
        if any(index["name"] == "__lance_mem_wal" for index in self._ds.indices()):
            raise unsupported("LanceDataset.mem_wal_index_details", "the write-ahead log is not read")
        return None

    # ---- what pyarrow has and Lance does not ----

    def replace_schema(self, schema):
        """Not supported; it exists because pyarrow has it."""
        raise NotImplementedError(
            "Cannot replace the schema of a dataset; use replace_schema_metadata or replace_field_metadata"
        )

    def join(self, right_dataset, keys, right_keys=None, join_type="left outer", left_suffix=None,
             right_suffix=None, coalesce_keys=True, use_threads=True):  # fmt: skip
        """Not supported; join the tables or use DuckDB."""
        raise NotImplementedError("LanceDataset.join: scan into a pyarrow.Table and join that, or use DuckDB")


def _reopen(uri, version, storage_options, default_scan_options):
    return LanceDataset(
        uri, version, storage_options=storage_options, default_scan_options=default_scan_options
    )


def _integers(values, dtype):
    import numpy as np

    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        values = values.to_numpy(zero_copy_only=False) if isinstance(values, pa.Array) else values.to_numpy()
    elif not isinstance(values, np.ndarray):
        values = list(values)
        plain = np.empty(len(values), "int64")
        if _native.fill_integers(values, plain):
            return plain.view(dtype)
        if any(isinstance(value, float) for value in values):
            raise TypeError("'float' object cannot be interpreted as an integer")
        if any(value < 0 for value in values):
            raise OverflowError("can't convert negative int to unsigned")
        return np.array(values, dtype=dtype)
    if values.dtype.kind not in "iu" and values.size:
        raise TypeError(f"row numbers must be integers, got {values.dtype}")
    if values.dtype.kind == "i" and values.size and values.min() < 0:
        raise OverflowError("can't convert negative int to unsigned")
    return np.ascontiguousarray(values, dtype=dtype)


def _offsets(values):
    return _integers(values, "int64")


def _row_ids(values):
    return _integers(values, "uint64")
