"""The thin classes under the public ones, by the names that other packages reach for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import NamedTuple

from lance_cpp import _native
from lance_cpp._unsupported import INDEXES, WRITES, missing_class, not_yet, unsupported
from lance_cpp.bitmap import Bitmap  # noqa: F401

_Dataset = _native.Dataset
_Scanner = _native.Scanner


class Session:
    """Caches and worker threads that datasets share.

    :param index_cache_size_bytes: bytes of index pages kept
    :param metadata_cache_size_bytes: bytes of file metadata, manifests and deletion vectors kept
    """

    _shared_default = None

    def __init__(
        self,
        index_cache_size_bytes=None,
        metadata_cache_size_bytes=None,
        index_cache_backend=None,
        metadata_cache_backend=None,
    ):
        if index_cache_backend is not None or metadata_cache_backend is not None:
            raise unsupported("Session(..._cache_backend)", "caches are in memory")
        self._native = _native.Session.make(index_cache_size_bytes, metadata_cache_size_bytes)

    @classmethod
    def _default(cls):
        if cls._shared_default is None:
            session = cls.__new__(cls)
            session._native = _native.Session.default()
            cls._shared_default = session
        return cls._shared_default

    def size_bytes(self) -> int:
        """Bytes held in both caches."""
        return self._native.metadata_cache_bytes() + self._native.index_cache_bytes()

    def index_cache_size_bytes(self) -> int:
        """Bytes held in the index cache."""
        return self._native.index_cache_bytes()

    def index_cache_hit_rate(self) -> float:
        """The share of lookups in the index cache that found what they wanted; 0 before the first."""
        return self._native.index_cache_hit_rate()

    def is_same_as(self, other) -> bool:
        """True when both are the same caches."""
        return self._native is other._native

    def __repr__(self):
        return (
            f"Session(index_cache_size_bytes={self._native.index_cache_bytes()}, "
            f"metadata_cache_size_bytes={self._native.metadata_cache_bytes()})"
        )


_Session = Session


@dataclass
class DatasetBasePath:
    """A further storage root of a dataset."""

    path: str
    name: str | None = None
    is_dataset_root: bool = False
    id: int | None = None


class IOStats(NamedTuple):
    """Requests and bytes of a dataset's object store."""

    read_iops: int
    read_bytes: int
    write_iops: int
    written_bytes: int


@dataclass
class ScanStatistics:
    """What a finished scan did; the argument of ``scan_stats_callback``."""

    iops: int = 0
    requests: int = 0
    bytes_read: int = 0
    indices_loaded: int = 0
    parts_loaded: int = 0
    index_comparisons: int = 0
    index_cache_hits: int = 0
    index_cache_misses: int = 0
    all_counts: dict | None = None
    all_times: dict | None = None


@dataclass
class CleanupStats:
    bytes_removed: int = 0
    old_versions: int = 0
    data_files_removed: int = 0
    transaction_files_removed: int = 0
    index_files_removed: int = 0
    deletion_files_removed: int = 0
    failed_deletes: int = 0


@dataclass
class CleanupCandidateFile:
    """A file that a cleanup would remove."""

    path: str
    kind: str
    unverified: bool
    size_bytes: int


@dataclass
class CleanupReferencedBranch:
    """A branch that holds on to a version of this line."""

    name: str
    referenced_version: int
    cleanup_candidate: bool


@dataclass
class CleanupExplanation:
    """What a cleanup would do."""

    read_version: int
    stats: CleanupStats
    candidate_files: list
    candidate_files_truncated: bool
    candidate_file_limit: int
    referenced_branches: list
    warnings: list


class FtsToken(NamedTuple):
    text: str
    position: int


def iops_counter() -> int:
    """Read requests of this process so far."""
    return _native.process_io_counters()[0]


def bytes_read_counter() -> int:
    """Bytes read by this process so far."""
    return _native.process_io_counters()[1]


def stable_version() -> str:
    """The newest stable data storage version."""
    return "2.2"


def simd_info() -> dict:
    """What the native code may use of this processor."""
    import platform

    features = []
    try:
        with open("/proc/cpuinfo") as lines:
            for line in lines:
                if line.startswith(("flags", "Features")):
                    features = line.split(":", 1)[1].split()
                    break
    except OSError:
        pass
    tier = "avx512" if "avx512f" in features else "avx2" if "avx2" in features else "baseline"
    return {"tier": tier, "target_arch": platform.machine(), "host_features": features}


def language_model_home() -> str:
    return os.environ.get("LANCE_LANGUAGE_MODEL_HOME", os.path.expanduser("~/.local/share/lance/language_models"))


@not_yet("there is no text index")
def tokenize(
    query,
    *,
    analyzer=None,
    base_tokenizer=None,
    language=None,
    max_token_length=40,
    lower_case=None,
    stem=None,
    remove_stop_words=None,
    custom_stop_words=None,
    ascii_folding=None,
    min_ngram_length=None,
    max_ngram_length=None,
    prefix_only=None,
    split_identifiers=None,
    split_on_numerics=None,
    preserve_original=None,
    index_operators=None,
):
    """Splits text as a full text index would."""


def manifest_needs_migration(dataset) -> bool:
    """True when the dataset's manifest lacks what newer writers record: counts of rows and of deletions."""
    manifest = dataset._ds.manifest()
    if manifest["writer_version"] is None:
        return True

    def lacks(fragment):
        deletions = fragment["deletion_file"]
        return fragment["physical_rows"] == 0 or (deletions is not None and not deletions["num_deleted_rows"])

    return any(lacks(fragment) for fragment in dataset._ds.fragments())


def _missing(name, why):
    return missing_class(name, __name__, why)


_KMeans = _missing("_KMeans", INDEXES)
_Hnsw = _missing("_Hnsw", INDEXES)
_ShardWriter = _missing("_ShardWriter", WRITES)
FFILanceTableProvider = _missing(
    "FFILanceTableProvider", "its ABI is that of one DataFusion release; use the Arrow C stream or DuckDB"
)

_ELSEWHERE = {
    "BFloat16": "_arrow.bf16",
    "bfloat16_array": "_arrow.bf16",
    "BlobDescriptor": "blob",
    "BlobDescriptorArrayBuilder": "blob",
    "Compaction": "optimize",
    "CompactionMetrics": "optimize",
    "CompactionPlan": "optimize",
    "CompactionTask": "optimize",
    "RewriteResult": "optimize",
    "DedicatedBlobWriter": "blob",
    "DeletionFile": "fragment",
    "LanceBufferDescriptor": "file",
    "LanceColumnMetadata": "file",
    "LanceFileMetadata": "file",
    "LanceFileReader": "file",
    "LanceFileSession": "file",
    "LanceFileStatistics": "file",
    "LanceFileWriter": "file",
    "LancePageMetadata": "file",
    "LanceSchema": "schema",
    "PackedBlobWriter": "blob",
    "RowDatasetVersionMeta": "fragment",
    "RowIdMeta": "fragment",
    "RowIdSequence": "fragment",
    "TraceEvent": "tracing",
    "format_fragment": "debug",
    "format_manifest": "debug",
    "format_schema": "debug",
    "list_transactions": "debug",
}


def __getattr__(name):
    import importlib

    if name in _ELSEWHERE:
        return getattr(importlib.import_module(f"lance_cpp.{_ELSEWHERE[name]}"), name)
    raise AttributeError(f"module 'lance_cpp.lance' has no attribute {name!r}")
