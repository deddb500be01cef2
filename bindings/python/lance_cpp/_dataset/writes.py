"""Operations that change a dataset or need an index: declared with their signatures, refused by name.

The bodies are empty on purpose: the decorator ``not_yet`` raises before they would run.
"""

from __future__ import annotations

from datetime import timedelta

from lance_cpp._unsupported import INDEXES, WRITES, not_yet

HISTORY = "it needs transaction files, which this release does not read"


class NotYetSupported:
    """The part of ``LanceDataset`` that is still missing."""

    @not_yet(WRITES)
    def add_bases(self, new_bases, transaction_properties=None):
        """Adds storage roots."""

    @not_yet(WRITES)
    def add_columns(self, transforms, read_columns=None, reader_schema=None, batch_size=None):
        """Adds columns: SQL expressions, a batch UDF, a reader, or null fields."""

    @not_yet(WRITES)
    def alter_columns(self, *alterations):
        """Renames columns, changes their types or nullability."""

    @not_yet(WRITES)
    def cleanup_old_versions(
        self, older_than=None, retain_versions=None, *, delete_unverified=False,
        error_if_tagged_old_versions=True, delete_rate_limit=None, versions=None,
        delete_concurrency=None
    ):  # fmt: skip
        """Removes files that only old versions need."""

    @not_yet(WRITES)
    def explain_cleanup_old_versions(
        self, older_than=None, retain_versions=None, *, delete_unverified=False,
        error_if_tagged_old_versions=True, delete_rate_limit=None, versions=None, include_files=False,
        max_files=1000
    ):  # fmt: skip
        """Says what a cleanup would remove."""

    @not_yet(INDEXES)
    def commit_existing_index_segments(self, index_name, column, segments):
        """Publishes index segments."""

    @not_yet(WRITES)
    def create_branch(self, branch, reference=None, storage_options=None):
        """Starts a branch."""

    @not_yet(INDEXES)
    def create_index(
        self, column, index_type, name=None, metric="L2", replace=False, num_partitions=None,
        ivf_centroids=None, pq_codebook=None, num_sub_vectors=None, accelerator=None,
        index_cache_size=None, shuffle_partition_batches=None, shuffle_partition_concurrency=None,
        ivf_centroids_file=None, precomputed_partition_dataset=None, storage_options=None,
        filter_nan=True, train=True, fragment_ids=None, index_uuid=None, *,
        target_partition_size=None, streaming_sample_rate=None, streaming_coreset_rate=None,
        streaming_refine_passes=None, skip_transpose=False, progress_callback=None, **kwargs
    ):  # fmt: skip
        """Builds a vector index."""

    @not_yet(INDEXES)
    def create_index_uncommitted(
        self, column, index_type, name=None, metric="L2", replace=False, num_partitions=None,
        ivf_centroids=None, pq_codebook=None, num_sub_vectors=None, accelerator=None,
        index_cache_size=None, shuffle_partition_batches=None, shuffle_partition_concurrency=None,
        ivf_centroids_file=None, precomputed_partition_dataset=None, storage_options=None,
        filter_nan=True, train=True, fragment_ids=None, index_uuid=None, *,
        target_partition_size=None, streaming_sample_rate=None, streaming_coreset_rate=None,
        streaming_refine_passes=None, skip_transpose=False, rabitq_model=None, **kwargs
    ):  # fmt: skip
        """Builds an index segment without publishing it."""

    @not_yet(INDEXES)
    def create_scalar_index(
        self, column, index_type, name=None, *, replace=True, train=True, fragment_ids=None,
        index_uuid=None, progress_callback=None, format_version=None, document_granularity=None,
        **kwargs
    ):  # fmt: skip
        """Builds a scalar index."""

    @not_yet(WRITES)
    def deep_clone(self, target_path, reference, storage_options=None, **kwargs):
        """Copies the dataset with its files."""

    @not_yet(WRITES)
    def shallow_clone(self, target_path, reference, storage_options=None, **kwargs):
        """Copies the dataset by reference."""

    @not_yet(WRITES)
    def delete(self, predicate, *, conflict_retries=10, retry_timeout=timedelta(seconds=30)):
        """Deletes the rows where a predicate is true."""

    @not_yet(WRITES)
    def delete_config_keys(self, keys):
        """Removes config entries."""

    @not_yet(WRITES)
    def drop_columns(self, columns):
        """Removes columns."""

    @not_yet(INDEXES)
    def drop_index(self, name):
        """Removes an index."""

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

    @not_yet(WRITES)
    def insert(self, data, *, mode="append", **kwargs):
        """Adds rows."""

    @not_yet(WRITES)
    def merge(self, data_obj, left_on, right_on=None, schema=None):
        """Adds columns by a join."""

    @not_yet(INDEXES)
    def merge_existing_index_segments(self, segments):
        """Merges index segments."""

    @not_yet(INDEXES)
    def merge_index_metadata(self, index_uuid, index_type, batch_readhead=None, progress_callback=None):
        """Finishes a distributed index build."""

    @not_yet(WRITES)
    def migrate_manifest_paths_v2(self):
        """Renames manifests to the newer scheme."""

    @not_yet(INDEXES)
    def prewarm_index(self, name, *, with_position=False, index_segments=None):
        """Loads an index into the cache."""

    @not_yet(WRITES)
    def replace_field_metadata(self, field_name, new_metadata):
        """Replaces the metadata of a field."""

    @not_yet(WRITES)
    def replace_schema_metadata(self, new_metadata):
        """Replaces the schema metadata."""

    @not_yet(WRITES)
    def restore(self):
        """Makes this version the newest."""

    @not_yet(WRITES)
    def truncate_table(self):
        """Deletes all rows."""

    @not_yet(WRITES)
    def update(
        self, updates, where=None, conflict_retries=10, retry_timeout=timedelta(seconds=30),
        data_storage_version=None
    ):  # fmt: skip
        """Sets columns of rows."""

    @not_yet(WRITES)
    def update_config(self, values, *, replace=False):
        """Changes config entries."""

    @not_yet(WRITES)
    def update_field_metadata(self, field_updates, *, replace=False):
        """Changes field metadata."""

    @not_yet(WRITES)
    def update_metadata(self, values, *, replace=False):
        """Changes table metadata."""

    @not_yet(WRITES)
    def update_schema_metadata(self, values, *, replace=False):
        """Changes schema metadata."""

    @not_yet(INDEXES)
    def centroids(self, *, index_name=None, column=None):
        """The centroids of a vector index."""

    @not_yet(INDEXES)
    def get_ivf_model(self, index_name):
        """The partitions of a vector index."""

    @not_yet(HISTORY)
    def delta(self, compared_against=None, *, begin_version=None, end_version=None):
        """Changes between versions."""

    @not_yet(HISTORY)
    def get_transactions(self, recent_transactions=10):
        """The newest transactions."""

    @not_yet(HISTORY)
    def read_transaction(self, version):
        """The transaction that made a version."""

    @not_yet(HISTORY)
    def remap_row_addrs(self, addrs):
        """Row addresses after compactions."""

    @not_yet(HISTORY)
    def tracked_files(self, *, min_version=None, progress=None):
        """Files that some version names."""

    @not_yet(HISTORY)
    def read_blob_ranges(self, blob_column, requests, *, selector, io_buffer_size=None, preserve_order=None):
        """Reads ranges within blobs."""

    @not_yet(INDEXES)
    def describe_indices(self):
        """Describes indexes."""

    @staticmethod
    @not_yet(WRITES)
    def commit(
        base_uri, operation, read_version=None, commit_lock=None, storage_options=None,
        enable_v2_manifest_paths=None, detached=False, max_retries=20, *, commit_message=None,
        enable_stable_row_ids=None, namespace_client=None, table_id=None,
        namespace_client_managed_versioning=False, base_store_params=None,
        commit_timeout=timedelta(seconds=1800)
    ):  # fmt: skip
        """Commits an operation."""

    @staticmethod
    @not_yet(WRITES)
    def commit_batch(
        dest, transactions, commit_lock=None, storage_options=None, enable_v2_manifest_paths=None,
        detached=False, max_retries=20, base_store_params=None, commit_timeout=timedelta(seconds=1800)
    ):  # fmt: skip
        """Commits several appends at once."""

    @staticmethod
    @not_yet(WRITES)
    def drop(base_uri, storage_options=None, ignore_not_found=None):
        """Removes a dataset."""


class DatasetOptimizer:
    """Compaction and index upkeep."""

    def __init__(self, dataset):
        self._dataset = dataset

    @not_yet(WRITES)
    def compact_files(
        self, *, target_rows_per_fragment=None, max_rows_per_group=None, max_bytes_per_file=None,
        materialize_deletions=None, materialize_deletions_threshold=None, defer_index_remap=None,
        num_threads=None, batch_size=None, compaction_mode=None, binary_copy_read_batch_bytes=None,
        max_source_fragments=None, max_source_rows=None, max_source_bytes=None,
        excluded_fragment_ids=None, data_storage_version=None
    ):  # fmt: skip
        """Rewrites small fragments into larger ones."""

    @not_yet(WRITES)
    def optimize_indices(self, **kwargs):
        """Adds new rows to indexes."""

    @not_yet(WRITES)
    def enable_auto_cleanup(self, auto_cleanup_config, **kwargs):
        """Cleans up old versions on commit."""

    @not_yet(WRITES)
    def disable_auto_cleanup(self, **kwargs):
        """Stops cleaning up on commit."""


class MergeInsertBuilder:
    """Update-or-insert by a key."""

    @not_yet(WRITES)
    def __init__(self, /, *args, **kwargs):
        """Not supported yet."""

    @not_yet(WRITES)
    def execute(self, data_obj, *, schema=None):
        """Runs the merge."""

    @not_yet(WRITES)
    def execute_uncommitted(self, data_obj, *, schema=None):
        """Runs the merge without committing."""

    @not_yet(WRITES)
    def when_matched_update_all(self, condition=None):
        """Updates matched rows."""

    @not_yet(WRITES)
    def when_matched_delete(self):
        """Deletes matched rows."""

    @not_yet(WRITES)
    def when_matched_fail(self):
        """Fails on a match."""

    @not_yet(WRITES)
    def when_not_matched_insert_all(self):
        """Inserts unmatched source rows."""

    @not_yet(WRITES)
    def when_not_matched_by_source_delete(self, expr=None):
        """Deletes target rows without match."""

    @not_yet(WRITES)
    def conflict_retries(self, max_retries):
        """How often to retry."""

    @not_yet(WRITES)
    def retry_timeout(self, timeout):
        """How long to retry."""

    @not_yet(WRITES)
    def data_storage_version(self, version):
        """The version of new files."""

    @not_yet(WRITES)
    def use_index(self, use_index):
        """Whether to use an index on the key."""

    @not_yet(WRITES)
    def write_mode(self, mode):
        """How rows are rewritten."""

    @not_yet(WRITES)
    def target_bases(self, bases):
        """Where new files go."""

    @not_yet(WRITES)
    def target_all_bases(self, include_primary=True):
        """Spreads new files over all bases."""

    @not_yet(WRITES)
    def explain_plan(self, schema=None, verbose=False):
        """The plan as text."""

    @not_yet(WRITES)
    def analyze_plan(self, data_obj, *, schema=None):
        """Runs and describes the plan."""

    @not_yet(WRITES)
    def mark_sstables_as_compacted(self, sstables):
        """Marks tables of the write-ahead log."""


class DatasetDelta:
    """Changes between two versions."""

    @not_yet(HISTORY)
    def __init__(self, delta):
        """Not supported yet."""

    @not_yet(HISTORY)
    def list_transactions(self):
        """Transactions between the versions."""

    @not_yet(HISTORY)
    def get_inserted_rows(self):
        """Rows inserted."""

    @not_yet(HISTORY)
    def get_updated_rows(self):
        """Rows updated."""

    @not_yet(HISTORY)
    def get_deleted_row_ids(self):
        """Row ids deleted."""


class VectorIndexReader:
    """Raw access to the partitions of a vector index."""

    @not_yet(INDEXES)
    def __init__(self, dataset, index_name):
        """Not supported yet."""

    @not_yet(INDEXES)
    def num_partitions(self):
        """How many partitions the index has."""

    @not_yet(INDEXES)
    def read_partition(self, partition_id, *, with_vector=False):
        """The rows of a partition."""


@not_yet(WRITES)
def write_dataset(
    data_obj, uri=None, schema=None, mode="create", *, max_rows_per_file=1048576, max_rows_per_group=1024,
    max_bytes_per_file=96636764160, data_cache_bytes=None, max_page_bytes=None, commit_lock=None,
    progress=None, storage_options=None, data_storage_version=None, use_legacy_format=None,
    enable_v2_manifest_paths=True, enable_stable_row_ids=False, auto_cleanup_options=None,
    commit_message=None, transaction_properties=None, initial_bases=None, target_bases=None,
    target_all_bases=None, base_store_params=None, external_blob_mode="reference",
    allow_external_blob_outside_bases=False, blob_pack_file_size_threshold=None, namespace_client=None,
    table_id=None, session=None
):  # fmt: skip
    """Writes rows to a new or existing dataset."""
