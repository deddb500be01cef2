"""Compaction in parts, for many workers: declared, not supported yet."""

from __future__ import annotations

from typing import TypedDict

from lance_cpp._unsupported import WRITES, missing_class, not_yet


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


class Compaction:
    """Plans, runs and commits a compaction."""

    @staticmethod
    @not_yet(WRITES)
    def plan(dataset, options):
        """Which fragments to rewrite together."""

    @staticmethod
    @not_yet(WRITES)
    def commit(dataset, rewrites, options=None):
        """Publishes rewritten fragments."""

    @staticmethod
    @not_yet(WRITES)
    def execute(dataset, options):
        """Plans, rewrites and publishes."""


CompactionMetrics = missing_class("CompactionMetrics", __name__, WRITES)
CompactionPlan = missing_class("CompactionPlan", __name__, WRITES)
CompactionTask = missing_class("CompactionTask", __name__, WRITES)
RewriteResult = missing_class("RewriteResult", __name__, WRITES)
