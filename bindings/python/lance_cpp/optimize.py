"""Compaction in parts, for many workers: plan, run each task anywhere, commit the results together."""

from __future__ import annotations

import json as _json
from dataclasses import dataclass
from typing import TypedDict

from lance_cpp import _native


class CompactionOptions(TypedDict, total=False):
    """Options of a compaction."""

    target_rows_per_fragment: int | None
    max_rows_per_group: int | None
    max_bytes_per_file: int | None
    materialize_deletions: bool | None
    materialize_deletions_threshold: float | None
    defer_index_remap: bool | None
    num_threads: int | None
    batch_size: int | None
    compaction_mode: str | None
    binary_copy_read_batch_bytes: int | None
    max_source_fragments: int | None
    max_source_rows: int | None
    max_source_bytes: int | None
    excluded_fragment_ids: list | None
    data_storage_version: str | None
    io_buffer_size: int | None


@dataclass
class CompactionMetrics:
    """What a compaction removed and added. Deletion files count as files."""

    fragments_removed: int = 0
    fragments_added: int = 0
    files_removed: int = 0
    files_added: int = 0


def _fragments(values):
    from lance_cpp._dataset import native_values

    return native_values.fragments_from_native(values)


class _Travelling:
    """Equality, pickling and JSON for what goes from process to process."""

    _NATIVE: type

    def __init__(self, native):
        self._native = native

    def json(self) -> str:
        """The value as JSON text; readable by equal releases of this package."""
        return self._native.json()

    @classmethod
    def from_json(cls, json):
        """The inverse of ``json``."""
        return cls(cls._NATIVE.from_json(json))

    def __eq__(self, other):
        return type(other) is type(self) and _json.loads(self.json()) == _json.loads(other.json())

    __hash__ = None

    def __reduce__(self):
        return (type(self).from_json, (self.json(),))

    def __repr__(self):
        return f"{type(self).__name__}({self.json()})"


class RewriteResult(_Travelling):
    """What a task wrote: files that no version names yet."""

    _NATIVE = _native.CompactionResult

    @property
    def metrics(self) -> CompactionMetrics:
        return CompactionMetrics(*self._native.metrics())

    @property
    def read_version(self) -> int:
        return self._native.read_version

    @property
    def original_fragments(self) -> list:
        """The fragments rewritten."""
        return _fragments(self._native.original_fragments())

    @property
    def new_fragments(self) -> list:
        """The fragments written."""
        return _fragments(self._native.new_fragments())

    def __repr__(self):
        return (
            f"RewriteResult(read_version={self.read_version}, new_fragments={self.new_fragments}, "
            f"old_fragments={self.original_fragments})"
        )


class CompactionTask(_Travelling):
    """Neighbouring fragments that become one or a few."""

    _NATIVE = _native.CompactionTask

    @property
    def read_version(self) -> int:
        return self._native.read_version

    @property
    def fragments(self) -> list:
        """Metadata of the fragments to rewrite."""
        return _fragments(self._native.fragments())

    def __repr__(self):
        return f"CompactionTask(read_version={self.read_version}, fragments={self.fragments})"

    def execute(self, dataset) -> RewriteResult:
        """Writes the new files; nothing is committed."""
        return RewriteResult(_native.execute_compaction(dataset._ds, self._native))


class CompactionPlan(_Travelling):
    """The tasks of a compaction."""

    _NATIVE = _native.CompactionPlan

    @property
    def read_version(self) -> int:
        return self._native.read_version

    @property
    def tasks(self) -> list[CompactionTask]:
        return [CompactionTask(task) for task in self._native.tasks]

    def __repr__(self):
        return f"CompactionPlan(read_version={self.read_version}, tasks=<{self.num_tasks()} compaction tasks>)"

    def num_tasks(self) -> int:
        return len(self._native.tasks)


class Compaction:
    """Plans, runs and commits a compaction."""

    @staticmethod
    def plan(dataset, options) -> CompactionPlan:
        """Which fragments to rewrite together."""
        return CompactionPlan(_native.plan_compaction(dataset._ds, dict(options)))

    @staticmethod
    def commit(dataset, rewrites, options=None) -> CompactionMetrics:
        """Publishes rewritten fragments and moves the dataset to the new version."""
        results = [rewrite._native for rewrite in rewrites]
        return CompactionMetrics(*dataset._move(_native.commit_compaction, results, **(options or {})))

    @staticmethod
    def execute(dataset, options) -> CompactionMetrics:
        """Plans, rewrites and publishes."""
        return CompactionMetrics(*dataset._move(_native.compact, **options))
