"""Fragments: the horizontal slices of a dataset, and the metadata that names their files."""

from __future__ import annotations

import dataclasses
import os

import pyarrow as pa
import pyarrow.dataset

from lance_cpp import _native
from lance_cpp._dataset.fragment_metadata import (
    DataFile,
    DeletionFile,
    FragmentMetadata,
    RowDatasetVersionMeta,
    RowIdMeta,
    RowIdSequence,
)
from lance_cpp.types import _coerce_reader

__all__ = [
    "DataFile",
    "DeletionFile",
    "FragmentMetadata",
    "FragmentSession",
    "LanceFragment",
    "RowDatasetVersionMeta",
    "RowIdMeta",
    "RowIdSequence",
    "write_fragments",
]

DEFAULT_MAX_BYTES_PER_FILE = 90 * 1024**3


class FragmentSession:
    """Repeated takes from one fragment."""

    def __init__(self, session):
        self._fragment, self._options = session

    def take(self, indices) -> pa.Table:
        """Rows by position in the fragment."""
        return self._fragment._take(indices, self._options)


class LanceFragment(pa.dataset.Fragment):
    """One fragment of an open dataset. A ``pyarrow.dataset.Fragment``."""

    def __init__(self, dataset, fragment_id, *, fragment=None):
        if dataset._ds.fragment(fragment_id) is None:
            raise ValueError(f"fragment {fragment_id} does not exist in version {dataset.version}")
        self._ds = dataset
        self._fragment_id = fragment_id

    @staticmethod
    def _of(dataset, fragment_id) -> LanceFragment:
        """Makes one of an id that is known to exist."""
        fragment = LanceFragment.__new__(LanceFragment)
        fragment._ds = dataset
        fragment._fragment_id = fragment_id
        return fragment

    def __reduce__(self):
        return (LanceFragment, (self._ds, self._fragment_id))

    def __repr__(self):
        deletions = self.deletion_file()
        tail = "" if deletions is None else f", deletion_file={deletions!r}"
        files = [file.path for file in self.data_files()]
        return f"LanceFileFragment(id={self._fragment_id}, data_files={files}{tail})"

    @property
    def fragment_id(self) -> int:
        return self._fragment_id

    @property
    def metadata(self) -> FragmentMetadata:
        """What the manifest says of this fragment."""
        return FragmentMetadata._from_native(self._ds._ds.fragment(self._fragment_id))

    @property
    def schema(self) -> pa.Schema:
        """The dataset's schema."""
        return self._ds.schema

    @property
    def physical_schema(self) -> pa.Schema:
        """Not supported; it exists because pyarrow has it."""
        raise NotImplementedError("LanceFragment.physical_schema: use schema")

    @property
    def partition_expression(self):
        """Not supported: Lance tables are not partitioned by folders."""
        raise NotImplementedError("partitioning not yet supported")

    @property
    def physical_rows(self) -> int:
        """Rows, deleted ones included."""
        return self._ds._ds.fragment(self._fragment_id)["physical_rows"]

    @property
    def num_deletions(self) -> int:
        """Deleted rows."""
        metadata = self._ds._ds.fragment(self._fragment_id)
        deletions = metadata["deletion_file"]
        if deletions is None:
            return 0
        # Old writers did not record how many rows a deletion file holds.
        return deletions["num_deleted_rows"] or metadata["physical_rows"] - self.count_rows()

    def data_files(self) -> list[DataFile]:
        """The column files."""
        return self.metadata.files

    def deletion_file(self):
        """The path of the deletion file below the dataset's root, or None."""
        file = self.metadata.deletion_file
        return None if file is None else file.path(self._fragment_id)

    def validate(self):
        """Reads the fragment and checks its structure; raises on the first problem."""
        rows = sum(batch.num_rows for batch in self.to_batches(with_row_address=True))
        expected = self.count_rows()
        if rows != expected:
            raise OSError(f"fragment {self._fragment_id} has {rows} rows, its metadata says {expected}")

    def scanner(
        self,
        *,
        columns=None,
        batch_size=None,
        filter=None,
        limit=None,
        offset=None,
        with_row_id=False,
        with_row_address=False,
        batch_readahead=16,
        blob_handling=None,
        order_by=None,
        use_scalar_index=None,
        io_buffer_size=None,
        late_materialization=None,
        include_deleted_rows=None,
        batch_size_bytes=None,
        strict_batch_size=None,
    ):
        """Plans a scan of this fragment; options as in ``LanceDataset.scanner``."""
        given = dict(locals())
        del given["self"]
        return self._ds.scanner(fragments=[self], **given)

    def to_table(
        self,
        columns=None,
        filter=None,
        limit=None,
        offset=None,
        with_row_id=False,
        with_row_address=False,
        blob_handling=None,
        order_by=None,
        use_scalar_index=None,
        io_buffer_size=None,
        late_materialization=None,
        include_deleted_rows=None,
        batch_size_bytes=None,
        strict_batch_size=None,
    ) -> pa.Table:
        """Scans into a table."""
        given = dict(locals())
        del given["self"]
        return self.scanner(**given).to_table()

    def to_batches(
        self,
        *,
        columns=None,
        batch_size=None,
        filter=None,
        limit=None,
        offset=None,
        with_row_id=False,
        with_row_address=False,
        batch_readahead=16,
        blob_handling=None,
        order_by=None,
        use_scalar_index=None,
        io_buffer_size=None,
        late_materialization=None,
        include_deleted_rows=None,
        batch_size_bytes=None,
        strict_batch_size=None,
    ):
        """Scans batch by batch."""
        given = dict(locals())
        del given["self"]
        return self.scanner(**given).to_batches()

    def to_pandas(
        self,
        columns=None,
        filter=None,
        limit=None,
        offset=None,
        batch_size=None,
        with_row_id=False,
        with_row_address=False,
        blob_mode="lazy",
        order_by=None,
        **kwargs,
    ):
        """Scans into a pandas frame."""
        given = dict(locals())
        for name in ("self", "kwargs", "blob_mode"):
            del given[name]
        return self.scanner(**given).to_pandas(blob_mode=blob_mode, **kwargs)

    def count_rows(self, filter=None) -> int:
        """Counts live rows."""
        return self.scanner(filter=filter).count_rows()

    def head(self, num_rows) -> pa.Table:
        """The first rows."""
        return self.scanner(limit=num_rows).to_table()

    def _take(self, indices, options) -> pa.Table:
        from lance_cpp._dataset import results
        from lance_cpp._dataset.table import _offsets

        offsets = _offsets(indices)
        rows = self.count_rows()
        if offsets.size and int(offsets.max()) >= rows:
            raise OSError(
                f"Invalid user input: row {int(offsets.max())} is not in fragment {self._fragment_id}, "
                f"which has {rows} rows"
            )
        before = 0
        for other in self._ds.get_fragments():
            if other.fragment_id == self._fragment_id:
                break
            before += other.count_rows()
        return results.to_table(self._ds._ds.take(offsets + before, options))

    def take(self, indices, columns=None) -> pa.Table:
        """Rows by position in this fragment, in the order given."""
        return self._take(indices, self._ds._projection(columns))

    def open_session(self, columns=None, with_row_address=None) -> FragmentSession:
        """Prepares repeated takes."""
        options = self._ds._projection(columns)
        if with_row_address:
            options["with_row_address"] = True
        return FragmentSession((self, options))

    # ---- changes, not committed: give what they return to a ``LanceOperation`` ----

    def delete(self, predicate) -> FragmentMetadata | None:
        """Deletes rows by an SQL predicate: the metadata with a new deletion file, or None when no row is left."""
        try:
            rows = self.to_table(columns=[], filter=predicate, with_row_address=True)
        except ValueError as error:
            raise OSError(str(error)) from error
        return self.delete_rows(address & 0xFFFF_FFFF for address in rows["_rowaddr"].to_pylist())

    def delete_rows(self, offsets) -> FragmentMetadata | None:
        """As :meth:`delete`, by positions among all rows, deleted ones included."""
        rows = [int(offset) for offset in offsets]
        values = _native.fragment_delete_rows(self._ds._ds, self._fragment_id, rows)
        return None if values is None else FragmentMetadata._from_native(values)

    def merge(self, data_obj, left_on, right_on=None, schema=None):
        """Adds columns by a join: ``(FragmentMetadata, LanceSchema)``; nulls where nothing matches."""
        from lance_cpp._dataset import fragment_columns

        reader = _coerce_reader(data_obj, schema)
        return self._widened(fragment_columns.joined(self, reader, left_on, right_on or left_on))

    def merge_columns(self, value_func, columns=None, batch_size=None, reader_schema=None):
        """Adds columns, as ``LanceDataset.add_columns`` does: ``(FragmentMetadata, LanceSchema)``."""
        from lance_cpp._dataset import fragment_columns

        return self._widened(fragment_columns.computed(self, value_func, columns, batch_size, reader_schema))

    def _widened(self, values):
        from lance_cpp.schema import LanceSchema

        fragment, schema = _native.fragment_add_columns(self._ds._ds, self._fragment_id, values)
        return FragmentMetadata._from_native(fragment), LanceSchema._from_native(schema)

    def update_columns(self, data_obj, left_on="_rowid", right_on=None, schema=None, *, with_offsets=False):
        """Replaces values of columns by key: ``(FragmentMetadata, field ids modified)``.

        :param with_offsets: also gives the positions of the rows that matched, as a serialized Roaring bitmap
        """
        from lance_cpp._dataset import fragment_columns

        reader = _coerce_reader(data_obj, schema)
        values, offsets = fragment_columns.updated(self, reader, left_on, right_on or left_on)
        fragment, fields = _native.fragment_replace_columns(self._ds._ds, self._fragment_id, values)
        made = (FragmentMetadata._from_native(fragment), fields)
        return (*made, _native.roaring_bytes(offsets)) if with_offsets else made

    @staticmethod
    def create(
        dataset_uri, data, fragment_id=None, schema=None, max_rows_per_group=1024, progress=None,
        mode="append", *, data_storage_version=None, use_legacy_format=None, storage_options=None,
        namespace_client=None, table_id=None, session=None
    ) -> FragmentMetadata:  # fmt: skip
        """Writes rows as one fragment of one file.

        :param mode: ``"append"`` checks the data against the dataset's schema, others number the fields afresh
        """
        reader = _coerce_reader(data, schema)
        if len(reader.schema) == 0:
            raise OSError("Invalid user input: Input data was empty.")
        fragments = write_fragments(
            reader,
            dataset_uri,
            mode=mode,
            max_rows_per_file=(1 << 63) - 1,
            max_bytes_per_file=(1 << 63) - 1,
            progress=progress,
            data_storage_version=data_storage_version,
            use_legacy_format=use_legacy_format,
            storage_options=storage_options,
            namespace_client=namespace_client,
            table_id=table_id,
            session=session,
            _first_id=fragment_id,
        )
        if not fragments:
            raise OSError("Invalid user input: Input data was empty.")
        return dataclasses.replace(fragments[0], id=fragment_id or 0)

    @staticmethod
    def create_from_file(filename, dataset, fragment_id) -> FragmentMetadata:
        """Describes a file of the dataset's data folder that has all its columns, as a fragment."""
        file, rows = _native.describe_data_file(dataset._ds, str(filename), None)
        return FragmentMetadata(id=fragment_id, files=[DataFile(**file)], physical_rows=rows)


def write_fragments(
    data, dataset_uri, schema=None, *, return_transaction=False, mode="append", max_rows_per_file=1048576,
    max_rows_per_group=1024, max_bytes_per_file=DEFAULT_MAX_BYTES_PER_FILE, data_cache_bytes=None,
    max_page_bytes=None, progress=None, data_storage_version=None, use_legacy_format=None, storage_options=None,
    enable_stable_row_ids=False, target_bases=None, target_all_bases=None, initial_bases=None,
    base_store_params=None, external_blob_mode="reference", allow_external_blob_outside_bases=False,
    namespace_client=None, table_id=None, session=None, _first_id=0
):  # fmt: skip
    """Writes rows as data files that no version names yet; options as in :func:`lance_cpp.write_dataset`.

    :returns: a list of :class:`FragmentMetadata`, or with ``return_transaction`` a ``Transaction`` to commit
    """
    from lance_cpp._dataset import native_values, writing

    if (namespace_client is None) != (table_id is None):
        raise ValueError("Both 'namespace_client' and 'table_id' must be provided together.")
    reader = _coerce_reader(data, schema)
    known = []
    if hasattr(dataset_uri, "_ds"):
        known = list(dataset_uri.base_paths().values())
        if storage_options is None:
            storage_options = dataset_uri._storage_options
        if session is not None and not session.is_same_as(dataset_uri.session()):
            raise ValueError("The provided session is not the destination dataset's own session: omit it")
    elif not isinstance(dataset_uri, (str, os.PathLike)):
        raise TypeError(f"Unknown dataset_uri type {type(dataset_uri)}")
    writing.refuse_options(
        base_store_params=(base_store_params, {}, "all bases are opened with the same storage options"),
        external_blob_mode=(external_blob_mode, "reference", "external blobs are referred to"),
    )
    reader = writing.guarded(reader, [*known, *(initial_bases or [])], allow_external_blob_outside_bases)
    options = writing.native_options(
        mode=mode,
        max_rows_per_file=max_rows_per_file,
        max_bytes_per_file=max_bytes_per_file,
        data_cache_bytes=data_cache_bytes,
        max_page_bytes=max_page_bytes,
        data_storage_version=writing.storage_version(data_storage_version, use_legacy_format),
        storage_options=storage_options,
        enable_stable_row_ids=enable_stable_row_ids,
        session=session,
        initial_bases=initial_bases,
        target_bases=writing.target_names(target_bases, target_all_bases, [*known, *(initial_bases or [])]),
    )
    options.update(writing.ProgressReport(progress, _first_id).options())
    written = _native.write_fragments(reader, writing.destination(dataset_uri), options)
    fragments = native_values.fragments_from_native(written["fragments"])
    return native_values.transaction_from_native(written["transaction"]) if return_transaction else fragments
