"""Finds stored blobs: from a row and its descriptor to bytes of a file."""

from __future__ import annotations

import functools

import pyarrow as pa

from lance_cpp import _native
from lance_cpp._dataset import results
from lance_cpp._dataset.table import _offsets, _row_ids
from lance_cpp._unsupported import unsupported
from lance_cpp.blob import BlobFile

_INLINE, _PACKED, _DEDICATED, _EXTERNAL = range(4)
_PANDAS_MODES = ("lazy", "bytes", "descriptions")


def _is_blob(field: pa.Field) -> bool:
    metadata = field.metadata or {}
    return (
        getattr(field.type, "extension_name", None) == "lance.blob.v2"
        or metadata.get(b"lance-encoding:blob") == b"true"
        or metadata.get(b"ARROW:extension:name") == b"lance.blob.v2"
    )


def _sidecar_name(blob_id: int) -> str:
    """32 binary digits of the bit-reversed id: neighbours spread over an object store's key space."""
    return f"{blob_id:032b}"[::-1] + ".blob"


class _Locator:
    """Opens the objects that hold one column's blobs; objects are shared between the files of one call."""

    def __init__(self, dataset, column):
        field = dataset.lance_schema.field(column)
        if field is None:
            raise ValueError(f"Invalid user input: No field named {column}.")
        if not _is_blob(field.to_arrow()):
            raise ValueError(f"Invalid user input: the column '{column}' is not a blob column")
        self._dataset = dataset
        self._ids = {field.id(), *(child.id() for child in field.children())}
        self._open = functools.lru_cache(maxsize=None)(self._open_object)
        self._store = functools.lru_cache(maxsize=None)(self._open_store)
        self._data_file = functools.lru_cache(maxsize=None)(self._find_data_file)

    def _base(self, base_id):
        base = self._dataset.base_paths().get(base_id)
        if base is None:
            raise OSError(f"a blob lies in base path {base_id}, which the manifest does not list")
        return base

    def _open_store(self, base_id):
        if base_id is None:
            return self._dataset._ds.object_store()
        return _native.ObjectStore.open(self._base(base_id).path, dict(self._dataset._storage_options or {}))

    def _open_object(self, base_id, path):
        """Opens what lies in the data folder of a base."""
        in_data = base_id is None or self._base(base_id).is_dataset_root
        return self._store(base_id).open_object(f"data/{path}" if in_data else path)

    def _find_data_file(self, fragment_id) -> tuple:
        """(base, path) of the file that holds the column."""
        for file in self._dataset._ds.fragment(fragment_id)["files"]:
            if not self._ids.isdisjoint(file["fields"]):
                return file["base_id"], file["path"]
        raise OSError(f"fragment {fragment_id} has no file that holds the blob column")

    def _external(self, base_id, uri):
        if base_id:  # 0: the URI is absolute
            uri = f"{self._base(base_id).path.rstrip('/')}/{uri}"
        folder, _, name = uri.rpartition("/")
        options = dict(self._dataset._storage_options or {})
        return lambda: _native.ObjectStore.open(folder, options).open_object(name)

    def locate(self, address: int, descriptor: dict):
        """(opener, offset, size) of a blob, or None for a null."""
        if descriptor is None:
            return None
        position, size = descriptor["position"], descriptor["size"]
        base, path = self._data_file(address >> 32)
        if "kind" not in descriptor:  # v1: in the data file; a null is size 0 with a position
            return None if size == 0 and position != 0 else (lambda: self._open(base, path), position, size)
        kind = descriptor["kind"]
        if kind == _INLINE:
            return (lambda: self._open(base, path), position, size)
        if kind in (_PACKED, _DEDICATED):
            sidecar = f"{path.removesuffix('.lance')}/{_sidecar_name(descriptor['blob_id'])}"
            return (lambda: self._open(base, sidecar), position, size)
        if kind == _EXTERNAL:
            return (self._external(descriptor["blob_id"], descriptor["blob_uri"]), position, size or None)
        raise unsupported(f"blobs of kind {kind}", "this release opens inline, packed, dedicated and external ones")


def _descriptors(dataset, column, ids, addresses, indices) -> pa.Table:
    if sum(selector is not None for selector in (ids, addresses, indices)) != 1:
        raise ValueError("Exactly one of ids, indices, or addresses must be specified")
    options = {"columns": [column, "_rowaddr"], "blob_handling": "blobs_descriptions"}
    if ids is not None:
        stream = dataset._ds.take_row_ids(_row_ids(ids), options)
    elif addresses is not None:
        stream = dataset._ds.take_row_addresses(_row_ids(addresses), options)
    else:
        stream = dataset._ds.take(_offsets(indices), options)
    table = results.to_table(stream)
    wanted = len(next(selector for selector in (ids, addresses, indices) if selector is not None))
    if table.num_rows != wanted:
        raise NotImplementedError(
            "A take operation that includes row addresses must not target deleted rows: "
            f"{wanted} rows were asked for, {table.num_rows} exist"
        )
    return table


def _locations(dataset, column, table) -> list:
    locator = _Locator(dataset, column)
    values = table[column]
    if isinstance(values.type, pa.BaseExtensionType):
        values = pa.chunked_array([chunk.storage for chunk in values.chunks], values.type.storage_type)
    addresses = table["_rowaddr"].to_pylist()
    return [(address, locator.locate(address, value)) for address, value in zip(addresses, values.to_pylist())]


def take_blobs(dataset, column, ids, addresses, indices, buffer_size) -> list:
    from lance_cpp.blob import _validate_buffer_size

    _validate_buffer_size(buffer_size)
    if sum(selector is not None for selector in (ids, addresses, indices)) == 1:
        _Locator(dataset, column)  # a wrong column is named before anything is read
    table = _descriptors(dataset, column, ids, addresses, indices)
    return [
        None if location is None else BlobFile(location, buffer_size)
        for _, location in _locations(dataset, column, table)
    ]


def read_blobs(dataset, column, ids, addresses, indices) -> list:
    table = _descriptors(dataset, column, ids, addresses, indices)
    out = []
    for address, location in _locations(dataset, column, table):
        out.append((address, None if location is None else BlobFile(location).readall()))
    return out


def scan_to_pandas(scanner, blob_mode, kwargs):
    """Runs a scan into pandas with blob columns as files, bytes or descriptors."""
    from lance_cpp._dataset.scanner import LanceScanner

    if blob_mode not in _PANDAS_MODES:
        raise ValueError(f"blob_mode must be one of {', '.join(_PANDAS_MODES)}, got {blob_mode!r}")
    dataset = scanner._ds
    blobs = [field.name for field in dataset.schema if _is_blob(field)]
    wanted = [name for name in scanner.projected_schema.names if name in blobs] if blobs else []
    if not wanted or blob_mode == "descriptions":
        return scanner.to_table().to_pandas(**kwargs)
    if blob_mode == "bytes":
        return LanceScanner({**scanner._options, "blob_handling": "all_binary"}, dataset).to_table().to_pandas(**kwargs)
    has_address = "_rowaddr" in scanner.projected_schema.names
    options = {**scanner._options, "with_row_address": True, "blob_handling": "blobs_descriptions"}
    table = LanceScanner(options, dataset).to_table()
    files = {
        name: [None if at is None else BlobFile(at) for _, at in _locations(dataset, name, table)] for name in wanted
    }
    frame = table.select([n for n in table.column_names if n not in wanted and (has_address or n != "_rowaddr")])
    frame = frame.to_pandas(**kwargs)
    for name in wanted:
        frame.insert(scanner.projected_schema.names.index(name), name, files[name])
    return frame
