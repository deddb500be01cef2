"""Writing rows: ``write_dataset`` and what it shares with ``write_fragments`` and ``commit``."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import warnings

import pyarrow as pa

from lance_cpp import _native
from lance_cpp._dataset import native_values
from lance_cpp._dataset.external_blobs import guarded
from lance_cpp._dataset.locking import locking
from lance_cpp._dataset.operations import with_message
from lance_cpp._unsupported import unsupported
from lance_cpp.types import _coerce_reader

DEFAULT_MAX_BYTES_PER_FILE = 90 * 1024**3


def storage_version(data_storage_version, use_legacy_format):
    """The version asked for, with the older way of asking."""
    if use_legacy_format is not None:
        warnings.warn(
            "use_legacy_format is deprecated, use data_storage_version instead", DeprecationWarning, stacklevel=3
        )
        return "legacy" if use_legacy_format else "stable"
    return data_storage_version


def check_metadata(schema: pa.Schema):
    """Schema metadata is text."""
    for key, value in (schema.metadata or {}).items():
        try:
            value.decode()
        except UnicodeDecodeError:
            raise ValueError(
                f"Metadata key {key} is not valid utf8. Consider base64 encode for generic binary metadata."
            ) from None


def destination(target, name="dest"):
    """What the native layer writes to: an open dataset, or a URI."""
    from lance_cpp._dataset import opening
    from lance_cpp._dataset.table import LanceDataset

    if isinstance(target, LanceDataset):
        return target._ds
    if isinstance(target, (str, os.PathLike)):
        return opening.to_uri(target)
    raise TypeError(f"{name} must be a str, Path, or LanceDataset. Got {type(target)}")


def check_lock(commit_lock):
    if commit_lock is not None and not callable(commit_lock):
        raise TypeError(f"commit_lock must be a function, got {type(commit_lock)}")
    return commit_lock


def opened(native, storage_options=None, session=None):
    """The ``LanceDataset`` of a version that the native layer made."""
    from lance_cpp._dataset import opening
    from lance_cpp._dataset.table import LanceDataset

    dataset = LanceDataset.__new__(LanceDataset)
    dataset._session = opening.native_session(session, None, None)
    dataset._storage_options = storage_options
    dataset._commit_lock = None
    dataset._default_scan_options = None
    dataset._read_params = None
    dataset._uri = native.uri()
    dataset._bind(native)
    return dataset


def fresh_in_memory(target, mode):
    """A place of its own for a new table in memory: each ``memory://`` write by URI has one at the reference."""
    if mode.lower() != "create" or not isinstance(target, str) or not target.startswith("memory://"):
        return target
    names = (target if number == 0 else f"{target}~{number}" for number in itertools.count())
    return next(name for name in names if not _native.ObjectStore.open(name, {}).list("_versions", False))


def refuse_options(**given):
    """Refuses, by name, what is asked for and not there yet."""
    for name, (value, neutral, why) in given.items():
        if value is not None and value != neutral:
            raise unsupported(f"{name}={value!r}", why)


def target_names(target_bases, target_all_bases, bases):
    """The bases to spread files over. ``bases`` are those registered, or about to be."""
    if target_bases and target_all_bases is not None:
        raise ValueError("target_bases and target_all_bases cannot be used together")
    if target_all_bases is None:
        return list(target_bases or [])
    names = [str(base.id) if base.id else base.name or base.path for base in bases]
    return ["0", *names] if target_all_bases else names  # 0 is the table's own folder


def native_options(
    *, mode, max_rows_per_file, max_bytes_per_file, data_cache_bytes, max_page_bytes, data_storage_version,
    storage_options, enable_stable_row_ids, session, initial_bases, target_bases, enable_v2_manifest_paths=True,
    auto_cleanup_options=None, properties=None,
) -> dict:  # fmt: skip
    """The options dict of the native writer."""
    for name, value in (("max_rows_per_file", max_rows_per_file), ("max_bytes_per_file", max_bytes_per_file)):
        if value is not None and value < 0:
            raise OverflowError(f"{name}: can't convert negative int to unsigned")
    return {
        "mode": mode.lower(),
        "max_rows_per_file": max_rows_per_file,
        "max_bytes_per_file": max_bytes_per_file,
        "data_cache_bytes": data_cache_bytes,
        "max_page_bytes": max_page_bytes,
        "data_storage_version": data_storage_version,
        "storage_options": dict(storage_options or {}),
        "stable_row_ids": bool(enable_stable_row_ids),
        "v2_manifest_names": bool(enable_v2_manifest_paths),
        "session": None if session is None else session._native,
        "initial_bases": [native_values.base_to_native(base) for base in initial_bases or []],
        "target_bases": target_bases,
        "auto_cleanup": None if auto_cleanup_options is None else dict(auto_cleanup_options),
        "properties": properties or {},
    }


class ProgressReport:
    """Tells a ``FragmentWriteProgress`` of a write, while it goes on: of each fragment when its file is begun, and
    when it is complete. Fragments are numbered from ``first_id``: the commit gives them their ids.
    """

    def __init__(self, progress, first_id=0):
        self._progress, self._next_id = progress, first_id or 0

    def options(self) -> dict:
        """What the native writer calls."""
        if self._progress is None:
            return {}
        return {"on_begin": self._begin, "on_complete": self._complete}

    def _begin(self):
        from lance_cpp.fragment import FragmentMetadata

        self._progress._do_begin(json.dumps(FragmentMetadata(self._next_id, [], 0).to_json()))

    def _complete(self, values):
        from lance_cpp.fragment import FragmentMetadata

        fragment = dataclasses.replace(FragmentMetadata._from_native(values), id=self._next_id)
        self._next_id += 1
        self._progress._do_complete(json.dumps(fragment.to_json()))


def _from_namespace(namespace_client, table_id, mode, storage_options):
    from lance_namespace import DeclareTableRequest, DescribeTableRequest

    if mode == "create":
        response = namespace_client.declare_table(DeclareTableRequest(id=table_id, location=None))
    elif mode in ("append", "overwrite"):
        response = namespace_client.describe_table(DescribeTableRequest(id=table_id, version=None))
    else:
        raise ValueError(f"Invalid mode: {mode}")
    if not response.location:
        raise ValueError(f"Namespace did not return a table location in {mode} response")
    if getattr(response, "managed_versioning", None) is True:
        raise unsupported("write_dataset(namespace_client=...)", "the catalog keeps the table's versions itself")
    if response.storage_options is not None:
        storage_options = {**(storage_options or {}), **response.storage_options}
    return response.location, storage_options


def _resolve(uri, namespace_client, table_id, mode, storage_options):
    named = namespace_client is not None or table_id is not None
    if uri is not None and named:
        raise ValueError(
            "Cannot specify both 'uri' and 'namespace_client/table_id'. "
            "Please provide either 'uri' or both 'namespace_client' and 'table_id'."
        )
    if uri is None and not named:
        raise ValueError("Must specify either 'uri' or both 'namespace_client' and 'table_id'.")
    if not named:
        return uri, storage_options
    if namespace_client is None or table_id is None:
        raise ValueError("Both 'namespace_client' and 'table_id' must be provided together.")
    return _from_namespace(namespace_client, table_id, mode, storage_options)


def write_dataset(
    data_obj, uri=None, schema=None, mode="create", *, max_rows_per_file=1024 * 1024, max_rows_per_group=1024,
    max_bytes_per_file=DEFAULT_MAX_BYTES_PER_FILE, data_cache_bytes=None, max_page_bytes=None, commit_lock=None,
    progress=None, storage_options=None, data_storage_version=None, use_legacy_format=None,
    enable_v2_manifest_paths=True, enable_stable_row_ids=False, auto_cleanup_options=None,
    commit_message=None, transaction_properties=None, initial_bases=None, target_bases=None,
    target_all_bases=None, base_store_params=None, external_blob_mode="reference",
    allow_external_blob_outside_bases=False, blob_pack_file_size_threshold=None, namespace_client=None,
    table_id=None, session=None
):  # fmt: skip
    """Writes rows to a new or existing dataset and returns the new version.

    :param data_obj: a table, batch, reader, scanner, dataset, frame, dict, list of dicts or models, or an iterable
        of batches with ``schema``
    :param uri: where to; an open :class:`LanceDataset` lends its session
    :param mode: ``"create"`` (``OSError`` when it exists), ``"append"`` (makes it if need be) or ``"overwrite"``
    :param max_rows_per_file: rows a data file has at most
    :param max_bytes_per_file: a soft bound of a data file's bytes
    :param data_storage_version: file version of new data: ``"2.0"``, ``"2.1"``, ``"2.2"`` or ``"stable"``
    :param enable_stable_row_ids: of a new dataset: row ids outlive compactions
    :param allow_external_blob_outside_bases: blobs may refer to objects anywhere, not only below ``initial_bases`` or
        bases of the dataset that are no dataset roots
    :param progress: told of each fragment when it is begun and when it is complete
    """
    from lance_cpp._dataset.table import LanceDataset

    uri, storage_options = _resolve(uri, namespace_client, table_id, mode, storage_options)
    refuse_options(
        base_store_params=(base_store_params, {}, "all bases are opened with the same storage options"),
        external_blob_mode=(external_blob_mode, "reference", "external blobs are referred to"),
        blob_pack_file_size_threshold=(blob_pack_file_size_threshold, None, "blob files are not written"),
    )
    if mode.lower() not in ("create", "append", "overwrite"):
        raise ValueError(f"Invalid mode {mode}")
    data_storage_version = storage_version(data_storage_version, use_legacy_format)
    reader = _coerce_reader(data_obj, schema)
    check_metadata(reader.schema)
    target = destination(uri)
    known = list(uri.base_paths().values()) if isinstance(uri, LanceDataset) else []
    reader = guarded(reader, [*known, *(initial_bases or [])], allow_external_blob_outside_bases)
    options = native_options(
        mode=mode,
        max_rows_per_file=max_rows_per_file,
        max_bytes_per_file=max_bytes_per_file,
        data_cache_bytes=data_cache_bytes,
        max_page_bytes=max_page_bytes,
        data_storage_version=data_storage_version,
        storage_options=storage_options,
        enable_stable_row_ids=enable_stable_row_ids,
        enable_v2_manifest_paths=enable_v2_manifest_paths,
        session=session,
        initial_bases=initial_bases,
        target_bases=target_names(target_bases, target_all_bases, [*known, *(initial_bases or [])]),
        auto_cleanup_options=auto_cleanup_options,
        properties=with_message(commit_message, transaction_properties),
    )
    if commit_lock is None and isinstance(uri, LanceDataset):
        commit_lock = uri._commit_lock
    options.update(ProgressReport(progress).options())
    with locking(check_lock(commit_lock)) as options["commit_lock"]:
        native = _native.write_dataset(reader, fresh_in_memory(target, mode), options)
    if isinstance(uri, LanceDataset):
        dataset = uri._sibling(native)
        dataset._storage_options = storage_options if storage_options is not None else uri._storage_options
        dataset._default_scan_options = None
    else:
        dataset = opened(native, storage_options, session)
    return dataset
