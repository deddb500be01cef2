"""Operations that need an index or a write-ahead log: declared with their signatures, refused by name.

The bodies are empty on purpose: the decorator ``not_yet`` raises before they would run.
"""

from __future__ import annotations

from lance_cpp._unsupported import WRITES, not_yet

HISTORY = "it is not there yet"


class NotYetSupported:
    """The part of ``LanceDataset`` that is still missing."""

    @not_yet(WRITES)
    def initialize_mem_wal(
        self, *, maintained_indexes=None, bucket_column=None, num_buckets=None, identity_column=None,
        unsharded=False, durable_write=None, max_wal_buffer_size=None, max_wal_flush_interval_ms=None,
        max_memtable_size=None, max_memtable_rows=None, max_memtable_batches=None,
        max_unflushed_memtable_bytes=None, manifest_scan_batch_size=None,
        backpressure_log_interval_ms=None, stats_log_interval_ms=None, hnsw_params=None
    ):  # fmt: skip
        """Turns on the write-ahead log."""

    @not_yet(WRITES)
    def mem_wal_writer(
        self, shard_id, *, durable_write=None, max_wal_buffer_size=None,
        max_wal_flush_interval_ms=None, max_memtable_size=None, max_memtable_rows=None,
        max_memtable_batches=None, max_unflushed_memtable_bytes=None, manifest_scan_batch_size=None,
        backpressure_log_interval_ms=None, stats_log_interval_ms=None, hnsw_params=None
    ):  # fmt: skip
        """Opens a writer of one shard."""

    @not_yet(HISTORY)
    def remap_row_addrs(self, addrs):
        """Row addresses after compactions."""

    @not_yet(HISTORY)
    def read_blob_ranges(self, blob_column, requests, *, selector, io_buffer_size=None, preserve_order=None):
        """Reads ranges within blobs."""
