"""Datasets: opening, scanning, versions. The classes live in ``lance_cpp._dataset``; they load on first use."""

from __future__ import annotations

import importlib as _importlib

_HOME = {
    "LanceDataset": "table",
    "LanceScanner": "scanner",
    "ScannerBuilder": "scanner",
    "ColumnOrdering": "scanner",
    "VectorSearchQuery": "nearest",
    "Tags": "refs",
    "Branches": "refs",
    "Tag": "refs",
    "Branch": "refs",
    "Version": "refs",
    "VersionRef": "refs",
    "LanceStats": "statistics",
    "DataStatistics": "statistics",
    "FieldStatistics": "statistics",
    "DatasetStats": "statistics",
    "IndexInformation": "statistics",
    "LanceOperation": "operations",
    "Transaction": "operations",
    "Index": "operations",
    "IndexFile": "operations",
    "BulkCommitResult": "operations",
    "AutoCleanupConfig": "operations",
    "AlterColumn": "operations",
    "DeleteResult": "operations",
    "UpdateResult": "operations",
    "ExecuteResult": "operations",
    "LANCE_COMMIT_MESSAGE_KEY": "operations",
    "MergeInsertBuilder": "merge_insert",
    "DatasetOptimizer": "maintenance",
    "DatasetDelta": "commits",
    "VectorIndexReader": "vector_index_reader",
    "write_dataset": "writing",
    "serialize_row_addrs": "scanner",
    "SqlQuery": "sql",
    "SqlQueryBuilder": "sql",
}

# Names of other modules that people import from here.
_ELSEWHERE = {
    "BatchUDF": "udf",
    "BatchUDFCheckpoint": "udf",
    "Bitmap": "bitmap",
    "BlobFile": "blob",
    "CleanupExplanation": "lance",
    "CleanupStats": "lance",
    "Compaction": "optimize",
    "CompactionMetrics": "optimize",
    "DEFAULT_BLOB_BUFFER_SIZE": "blob",
    "DataFile": "fragment",
    "DatasetBasePath": "lance",
    "DocumentGranularity": "query",
    "FragmentMetadata": "fragment",
    "FullTextQuery": "query",
    "IOStats": "lance",
    "IndexConfig": "indices",
    "IndexSegment": "indices",
    "LOGGER": "log",
    "LanceFragment": "fragment",
    "LanceSchema": "schema",
    "MinHashQuery": "query",
    "ScanStatistics": "lance",
    "Session": "lance",
    "SupportedDistributedIndices": "indices",
    "_Dataset": "lance",
    "_Scanner": "lance",
    "_coerce_reader": "types",
    "batch_udf": "udf",
    "normalize_transform": "udf",
}

__all__ = [name for name in (*_HOME, *_ELSEWHERE) if not name.startswith("_")]


def __getattr__(name):
    if name in _HOME:
        value = getattr(_importlib.import_module(f"lance_cpp._dataset.{_HOME[name]}"), name)
    elif name in _ELSEWHERE:
        value = getattr(_importlib.import_module(f"lance_cpp.{_ELSEWHERE[name]}"), name)
    else:
        raise AttributeError(f"module 'lance_cpp.dataset' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *_HOME, *_ELSEWHERE})
