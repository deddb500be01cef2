"""From what a caller names (URI, version, time, catalog entry) to an open native dataset."""

from __future__ import annotations

import os
import warnings
from datetime import date, datetime, timezone

from lance_cpp import _native


def to_uri(uri) -> str:
    """The text of a path-like; ``~`` is expanded in local paths."""
    if isinstance(uri, os.PathLike):
        uri = os.fspath(uri)
    if not isinstance(uri, str):
        raise TypeError(f"uri must be a string or a path, got {type(uri)}")
    return os.path.expanduser(uri) if uri.startswith("~") else uri


def to_version_arguments(version) -> dict:
    """Splits a reference (number, tag, ``(branch, version)``) into what the native layer takes."""
    out = {"number": None, "tag": None, "branch": None}
    if isinstance(version, tuple):
        if len(version) != 2:
            raise ValueError(f"a version tuple is (branch, version), got {version!r}")
        out["branch"], version = version
    if isinstance(version, bool) or not (version is None or isinstance(version, str) or hasattr(version, "__index__")):
        raise TypeError(f"version must be an int, a tag name or (branch, version), got {type(version)}")
    if isinstance(version, str):
        out["tag"] = version
    elif version is not None:
        number = version.__index__()
        if number < 0:
            raise OverflowError("can't convert negative int to unsigned")
        out["number"] = number
    return out


def to_reference(reference) -> dict:
    """A reference that may also be None: the version at hand."""
    return to_version_arguments(reference)


def to_nanoseconds(when) -> int:
    """Nanoseconds since 1970 of a time; naive times are local, as ``datetime.timestamp`` has it."""
    if isinstance(when, str):
        try:
            when = datetime.fromisoformat(when)
        except ValueError:
            import pandas as pd

            when = pd.to_datetime(when)
    if hasattr(when, "to_pydatetime"):
        when = when.to_pydatetime(warn=False)
    if isinstance(when, date) and not isinstance(when, datetime):
        when = datetime(when.year, when.month, when.day)
    if not isinstance(when, datetime):
        raise TypeError(f"asof must be a datetime, a date or text, got {type(when)}")
    if when.tzinfo is None:
        when = when.astimezone()
    delta = when - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return (delta.days * 86_400_000_000 + delta.seconds * 1_000_000 + delta.microseconds) * 1000


def native_session(session, index_cache_size_bytes, metadata_cache_size_bytes):
    """The native session to open with, and the Python one that names it (None: the process-wide default)."""
    from lance_cpp.lance import Session

    if session is None and (index_cache_size_bytes is not None or metadata_cache_size_bytes is not None):
        session = Session(index_cache_size_bytes, metadata_cache_size_bytes)
    return session if session is not None else Session._default()


def _resolve_namespace(namespace_client, table_id, storage_options):
    from lance_namespace import DescribeTableRequest

    response = namespace_client.describe_table(DescribeTableRequest(id=table_id, version=None))
    if response.location is None:
        raise ValueError("Namespace did not return a table location")
    return response.location, {**(storage_options or {}), **(response.storage_options or {})}


def open_dataset(
    uri,
    *,
    version,
    asof,
    storage_options,
    namespace_client,
    table_id,
    index_cache_size,
    commit_lock,
    block_size,
    **options,
):
    """What ``lance.dataset()`` does."""
    from lance_cpp._dataset.table import LanceDataset

    if index_cache_size is not None:
        warnings.warn("index_cache_size is ignored, use index_cache_size_bytes", DeprecationWarning, stacklevel=3)
    if (uri is None) == (namespace_client is None and table_id is None):
        if uri is None:
            raise ValueError("Either 'uri' or both 'namespace_client' and 'table_id' must be provided")
        raise ValueError("Cannot specify both 'uri' and 'namespace_client/table_id'")
    if uri is None:
        if namespace_client is None or table_id is None:
            raise ValueError("Both 'namespace_client' and 'table_id' must be provided together")
        uri, storage_options = _resolve_namespace(namespace_client, table_id, storage_options)
    dataset = LanceDataset(
        uri,
        version,
        block_size,
        commit_lock=commit_lock,
        storage_options=storage_options,
        namespace_client=namespace_client,
        table_id=table_id,
        **options,
    )
    if version is None and asof is not None:
        dataset = _checkout_as_of(dataset, asof)
    return dataset


def _checkout_as_of(dataset, asof):
    cutoff = to_nanoseconds(asof)
    candidates = [number for number, nanoseconds, _ in dataset._ds.versions() if nanoseconds < cutoff]
    if not candidates:
        raise ValueError(f"{asof} is earlier than the first version of this dataset")
    newest = max(candidates)
    return dataset if newest == dataset.version else dataset.checkout_version(newest)


def open_native(uri, version, storage_options, session):
    return _native.Dataset.open(
        to_uri(uri),
        as_of_ns=None,
        storage_options=dict(storage_options or {}),
        session=session._native,
        **to_version_arguments(version),
    )
