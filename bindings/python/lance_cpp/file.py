"""Single Lance files: reading and writing them, and what lies beside them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import pyarrow as pa

from lance_cpp import _native
from lance_cpp._dataset import results
from lance_cpp._unsupported import WRITES, not_yet
from lance_cpp.lance import stable_version

__all__ = [
    "LanceFileReader",
    "LanceFileSession",
    "LanceFileWriter",
    "ListResult",
    "ReaderResults",
    "stable_version",
]


@dataclass
class LanceBufferDescriptor:
    """Where a buffer lies in the file."""

    position: int
    size: int


@dataclass
class LancePageMetadata:
    """A page: its buffers and a description of its encoding."""

    buffers: list[LanceBufferDescriptor]
    encoding: str


@dataclass
class LanceColumnMetadata:
    """A column: buffers of its own, and pages."""

    column_buffers: list[LanceBufferDescriptor]
    pages: list[LancePageMetadata]


@dataclass
class LanceFileMetadata:
    """What a file is made of."""

    schema: pa.Schema
    num_rows: int
    num_data_bytes: int
    num_column_metadata_bytes: int
    num_global_buffer_bytes: int
    global_buffers: list[LanceBufferDescriptor]
    columns: list[LanceColumnMetadata]
    major_version: int = 0
    minor_version: int = 0


@dataclass
class LanceColumnStatistics:
    """Pages and stored bytes of a column."""

    num_pages: int
    size_bytes: int


@dataclass
class LanceFileStatistics:
    """Statistics of every column."""

    columns: list[LanceColumnStatistics] = field(default_factory=list)


@dataclass
class ListResult:
    """One level of a listing: sub-folders and objects."""

    common_prefixes: list[str]
    objects: list[str]


class ReaderResults:
    """Rows on their way out of a file."""

    def __init__(self, reader):
        self._reader = reader

    def to_batches(self) -> pa.RecordBatchReader:
        """The rows as a record batch reader."""
        return self._reader

    def to_table(self) -> pa.Table:
        """The rows as a table."""
        return self._reader.read_all()


def _split_uri(path):
    path = os.fspath(path)
    if "://" not in path:
        path = os.path.abspath(path)
    folder, _, name = path.rpartition("/")
    return folder or "/", name


def _footer_version(major, minor):
    """The numbers a file of that version carries: 2.0 was written as 0.3."""
    return (0, 3) if (major, minor) == (2, 0) else (major, minor)


def _buffers(pairs) -> list[LanceBufferDescriptor]:
    return [LanceBufferDescriptor(position, size) for position, size in pairs]


class LanceFileReader:
    """An open Lance data file.

    :param path: a local path or URI
    :param columns: names or paths of the columns to read; default all
    """

    def __init__(
        self, path, storage_options=None, columns=None, *, namespace_client=None, table_id=None, _inner_reader=None
    ):
        if _inner_reader is not None:
            self._reader = _inner_reader
            return
        if namespace_client is not None or table_id is not None:
            raise NotImplementedError("LanceFileReader(namespace_client=...): give the path and storage_options")
        folder, name = _split_uri(path)
        store = _native.ObjectStore.open(folder, dict(storage_options or {}))
        self._reader = _native.FileReader.open(store, name, columns)

    def read_all(self, *, batch_size=1024, batch_readahead=16) -> ReaderResults:
        """All rows."""
        return self.read_range(0, self.num_rows(), batch_size=batch_size, batch_readahead=batch_readahead)

    def read_range(self, start, num_rows, *, batch_size=1024, batch_readahead=16) -> ReaderResults:
        """``num_rows`` rows from ``start``."""
        return ReaderResults(results.to_reader(self._reader.read_range(start, num_rows, batch_size)))

    def take_rows(self, indices, *, batch_size=1024, batch_readahead=16) -> ReaderResults:
        """Rows by position; positions must ascend."""
        rows = indices.to_pylist() if isinstance(indices, pa.Array) else [int(index) for index in indices]
        for previous, current in zip(rows, rows[1:]):
            if previous > current:
                raise ValueError(
                    f"Indices must be sorted in ascending order for file API, got {previous} > {current}"
                )
        return ReaderResults(results.to_reader(self._reader.take_rows(rows)))

    def num_rows(self) -> int:
        return self._reader.num_rows()

    def metadata(self) -> LanceFileMetadata:
        """Schema, sizes, columns, pages and encodings; reads every column's metadata."""
        values = self._reader.metadata()
        columns = [
            LanceColumnMetadata(
                _buffers(buffers), [LancePageMetadata(_buffers(page), encoding) for page, encoding in pages]
            )
            for buffers, pages in values["columns"]
        ]
        global_buffers = _buffers(values["global_buffers"])
        starts = [buffer.position for buffer in global_buffers]
        major, minor = _footer_version(*values["version"])
        return LanceFileMetadata(
            schema=results.to_schema(values["schema"]),
            num_rows=values["num_rows"],
            num_data_bytes=min(starts, default=0),
            num_column_metadata_bytes=values["column_metadata_bytes"] + 16 * len(columns),  # and the offset table
            num_global_buffer_bytes=sum(buffer.size for buffer in global_buffers),
            global_buffers=global_buffers,
            columns=columns,
            major_version=major,
            minor_version=minor,
        )

    def file_statistics(self) -> LanceFileStatistics:
        """Pages and bytes of each column."""
        return LanceFileStatistics(
            [
                LanceColumnStatistics(len(pages), sum(size for page, _ in pages for _, size in page))
                for _, pages in self._reader.metadata()["columns"]
            ]
        )

    def read_global_buffer(self, index) -> bytes:
        """The bytes of a global buffer; 0 is the schema."""
        return self._reader.read_global_buffer(index)


class LanceFileSession:
    """Access to the files below a path.

    :param base_path: a local folder or URI; paths given to the methods are relative to it
    """

    def __init__(self, base_path, storage_options=None, namespace_client=None, table_id=None):
        if namespace_client is not None or table_id is not None:
            raise NotImplementedError("LanceFileSession(namespace_client=...): give the path and storage_options")
        self._base_path = os.fspath(base_path)
        self._store = _native.ObjectStore.open(self._base_path, dict(storage_options or {}))

    def open_reader(self, path, columns=None) -> LanceFileReader:
        """Opens a file."""
        return LanceFileReader(path, _inner_reader=_native.FileReader.open(self._store, path, columns))

    def contains(self, path) -> bool:
        """Whether there is an object of that path."""
        return self._store.exists(path)

    def list(self, path=None) -> list[str]:
        """All objects below a folder."""
        return sorted(found for found, _, _ in self._store.list(path or "", True))

    def list_with_delimiter(self, path=None) -> ListResult:
        """One level below a folder."""
        prefix = (path or "").rstrip("/")
        folders = self._store.list_folders(prefix)
        return ListResult(
            common_prefixes=sorted(f"{prefix}/{name}" if prefix else name for name in folders),
            objects=sorted(found for found, _, _ in self._store.list(prefix, False)),
        )

    def read_range(self, path, offset, length) -> bytes:
        """Bytes of an object."""
        return self._store.open_object(path).read_range(offset, length)

    def download_file(self, remote_path, local_path):
        """Copies an object to a local file, a piece at a time."""
        source = self._store.open_object(remote_path)
        size, piece = source.size(), 8 << 20
        with open(local_path, "wb") as target:
            for start in range(0, size, piece):
                target.write(source.read_range(start, min(piece, size - start)))

    def open_writer(
        self,
        path,
        *,
        schema=None,
        data_cache_bytes=None,
        version=None,
        keep_original_array=None,
        max_page_bytes=None,
    ) -> LanceFileWriter:
        """Opens a file for writing; options as in :class:`LanceFileWriter`."""
        return LanceFileWriter(
            path,
            schema,
            data_cache_bytes=data_cache_bytes,
            version=version,
            max_page_bytes=max_page_bytes,
            _inner_writer=(self._store, path),
        )

    @not_yet(WRITES)
    def open_packed_blob_writer(self, path, blob_id):
        """Opens a file of many blobs for writing."""

    @not_yet(WRITES)
    def open_dedicated_blob_writer(self, path, blob_id):
        """Opens a file of one blob for writing."""

    def upload_file(self, local_path, remote_path):
        """Copies a local file into the store, a piece at a time."""
        target = self._store.create(remote_path)
        try:
            with open(local_path, "rb") as source:
                while piece := source.read(8 << 20):
                    target.write(piece)
        except BaseException:
            target.abort()
            raise
        target.close()

    def delete_file(self, path):
        """Removes an object; ``OSError`` when there is none."""
        if not self._store.exists(path):
            raise OSError(f"Not found: {self._store.full_path(path)}")
        self._store.delete(path)


class LanceFileWriter:
    """Writes a Lance data file. A context manager: leaving it closes the file.

    :param path: a local path or URI
    :param schema: default: that of the first batch
    :param data_cache_bytes: bytes held back before pages are made, over all columns; default 8 MiB a column
    :param version: ``"2.0"``, ``"2.1"``, ``"2.2"`` or ``"stable"``
    :param max_page_bytes: larger pages are split; default 32 MiB
    """

    def __init__(
        self,
        path,
        schema=None,
        *,
        data_cache_bytes=None,
        version=None,
        storage_options=None,
        namespace_client=None,
        table_id=None,
        max_page_bytes=None,
        _inner_writer=None,
        **kwargs,
    ):
        unknown = set(kwargs) - {"keep_original_array"}  # a matter of memory at the reference
        if unknown:
            raise TypeError(f"LanceFileWriter() got an unexpected keyword argument {sorted(unknown)[0]!r}")
        if namespace_client is not None or table_id is not None:
            raise NotImplementedError("LanceFileWriter(namespace_client=...): give the path and storage_options")
        if _inner_writer is None:
            folder, name = _split_uri(path)
            _inner_writer = (_native.ObjectStore.open(folder, dict(storage_options or {})), name)
        self._store, self._name = _inner_writer
        self._options = (version or "stable", data_cache_bytes, max_page_bytes)
        self._pending: list = []  # what is told before the schema is known
        self._buffers = 0
        self._writer = None
        self.closed = False
        self.size_bytes = None
        if schema is not None:
            self._start(schema)

    def _start(self, schema):
        self._writer = _native.FileWriter.make(self._store, self._name, schema, *self._options)
        for method, arguments in self._pending:
            getattr(self._writer, method)(*arguments)
        self._pending = []

    def _tell(self, method, *arguments):
        if self._writer is None:
            self._pending.append((method, arguments))
        else:
            getattr(self._writer, method)(*arguments)

    def write_batch(self, batch):
        """Adds the rows of a batch or a table."""
        batches = batch.to_batches() if isinstance(batch, pa.Table) else [batch]
        for rows in batches:
            if self._writer is None:
                self._start(rows.schema)
            self._writer.write_batch(rows)

    def add_schema_metadata(self, key, value):
        """Adds an entry to the schema metadata."""
        self._tell("add_schema_metadata", key, value)

    def add_global_buffer(self, data) -> int:
        """Adds bytes of the caller's own; their index, from 1."""
        self._buffers += 1
        self._tell("add_global_buffer", bytes(data))
        return self._buffers

    def close(self):
        """Finishes the file; the number of rows. ``size_bytes`` is known then."""
        if self.closed:
            return None
        self.closed = True
        if self._writer is None:
            raise ValueError(
                "Invalid user input: No schema provided on writer open and no data provided.  Schema is unknown and "
                "file cannot be created"
            )
        num_rows, self.size_bytes = self._writer.finish()
        return num_rows

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc_value, traceback):
        self.close()
