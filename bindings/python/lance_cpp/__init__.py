"""Lance datasets, read and written by native C++ code.

    import lance_cpp as lance

    ds = lance.dataset("path/to/table.lance")
    ds.to_table(columns=["id", "price"], filter="price > 10")
    lance.write_dataset({"id": [7], "price": [12.5]}, ds, mode="append")

The names, signatures and exceptions are those of the ``pylance`` package, so ``import lance_cpp as lance`` is
enough to switch. Operations that are not there yet raise ``NotImplementedError`` and say so.

Submodules load on first use: importing this package costs a few milliseconds beyond pyarrow.
"""

from __future__ import annotations

import importlib as _importlib

from lance_cpp import _native  # noqa: F401  (says at import time when the native part does not load)

# Entered now, so that a later ``import lance_cpp.dataset`` does not put the module in place of the function
# ``dataset`` below.
from lance_cpp import dataset as _dataset_module  # noqa: F401

__version__ = "0.1.0"

_MODULES = frozenset(
    "arrow bitmap blob commit debug dependencies download file fragment hf indices io lance log mem_wal "
    "namespace optimize otel progress pydantic query sampler schema torch tracing types udf util vector".split()
)

# name -> the submodule that has it
_NAMES = {
    "Blob": "blob",
    "BlobArray": "blob",
    "BlobColumn": "blob",
    "BlobDescriptor": "blob",
    "BlobDescriptorArrayBuilder": "blob",
    "BlobFile": "blob",
    "BlobType": "blob",
    "DedicatedBlobWriter": "blob",
    "PackedBlobWriter": "blob",
    "blob_array": "blob",
    "blob_field": "blob",
    "CleanupCandidateFile": "lance",
    "CleanupExplanation": "lance",
    "CleanupReferencedBranch": "lance",
    "CleanupStats": "lance",
    "CompactedSsTable": "mem_wal",
    "DataStatistics": "dataset",
    "DatasetBasePath": "lance",
    "ExecutionPlan": "mem_wal",
    "FFILanceTableProvider": "lance",
    "FieldStatistics": "dataset",
    "FragmentMetadata": "fragment",
    "FtsToken": "lance",
    "Index": "dataset",
    "IndexFile": "dataset",
    "IndexProgress": "progress",
    "LanceDataset": "dataset",
    "LanceFragment": "fragment",
    "LanceOperation": "dataset",
    "LanceScanner": "dataset",
    "LsmPointLookupPlanner": "mem_wal",
    "LsmScanner": "mem_wal",
    "LsmVectorSearchPlanner": "mem_wal",
    "MergeInsertBuilder": "dataset",
    "ScanStatistics": "lance",
    "Session": "lance",
    "ShardSnapshot": "mem_wal",
    "ShardWriter": "mem_wal",
    "ShardingField": "mem_wal",
    "ShardingSpec": "mem_wal",
    "Transaction": "dataset",
    "batch_udf": "udf",
    "bytes_read_counter": "lance",
    "evaluate_sharding_spec": "mem_wal",
    "iops_counter": "lance",
    "json_to_schema": "schema",
    "sanitize_ts": "util",
    "schema_to_json": "schema",
    "set_logger": "log",
    "simd_info": "lance",
    "tokenize": "lance",
    "write_dataset": "dataset",
}

__all__ = ["__version__", "dataset", *_NAMES]


def dataset(
    uri=None,
    version=None,
    asof=None,
    block_size=None,
    commit_lock=None,
    index_cache_size=None,
    storage_options=None,
    default_scan_options=None,
    metadata_cache_size_bytes=None,
    index_cache_size_bytes=None,
    read_params=None,
    session=None,
    namespace_client=None,
    table_id=None,
    base_store_params=None,
):
    """Opens a dataset.

    :param uri: a local path, ``file://``, ``memory://`` or an object store URI
    :param version: a version number, a tag, or ``(branch, version)``; default: the newest
    :param asof: opens the newest version not younger than this time (``datetime``, ``date`` or text)
    :param storage_options: credentials, endpoint, region of the object store
    :param default_scan_options: options that every scan starts with
    :param session: caches to share with other datasets
    :raises ValueError: when there is no such dataset or version
    """
    from lance_cpp._dataset.opening import open_dataset

    return open_dataset(
        uri,
        version=version,
        asof=asof,
        block_size=block_size,
        commit_lock=commit_lock,
        index_cache_size=index_cache_size,
        storage_options=storage_options,
        default_scan_options=default_scan_options,
        metadata_cache_size_bytes=metadata_cache_size_bytes,
        index_cache_size_bytes=index_cache_size_bytes,
        read_params=read_params,
        session=session,
        namespace_client=namespace_client,
        table_id=table_id,
        base_store_params=base_store_params,
    )


def __getattr__(name):
    if name in _MODULES:
        return _importlib.import_module(f"lance_cpp.{name}")
    module = _NAMES.get(name)
    if module is None:
        raise AttributeError(f"module 'lance_cpp' has no attribute {name!r}")
    value = getattr(_importlib.import_module(f"lance_cpp.{module}"), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *_NAMES, *_MODULES})
