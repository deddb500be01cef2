"""Compaction, and removal of what only old versions need."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta

from lance_cpp import _native
from lance_cpp._dataset import opening


class DatasetOptimizer:
    """Compaction and index upkeep."""

    def __init__(self, dataset):
        self._dataset = dataset

    def compact_files(
        self, *, target_rows_per_fragment=None, max_rows_per_group=None, max_bytes_per_file=None,
        materialize_deletions=None, materialize_deletions_threshold=None, defer_index_remap=None,
        num_threads=None, batch_size=None, compaction_mode=None, binary_copy_read_batch_bytes=None,
        max_source_fragments=None, max_source_rows=None, max_source_bytes=None,
        excluded_fragment_ids=None, data_storage_version=None
    ):  # fmt: skip
        """Rewrites small fragments into larger ones, without deleted rows.

        :returns: :class:`lance_cpp.optimize.CompactionMetrics`
        """
        from lance_cpp.optimize import Compaction

        given = {name: value for name, value in locals().items() if name not in ("self", "Compaction")}
        return Compaction.execute(self._dataset, {name: value for name, value in given.items() if value is not None})

    def optimize_indices(self, *, num_indices_to_merge=None, index_names=None, retrain=False):
        """Brings indices up to the fragments that they do not cover. Partitions of vector indices that grew past four times their
        target size are split, for which all segments are merged.

        :param num_indices_to_merge: segments to merge with the new rows; with 0 these become a segment of their own;
            default: of vector indices 0, of scalar ones 1
        :param index_names: which; default all
        :param retrain: builds anew over all rows
        """
        options = {"num_indices_to_merge": num_indices_to_merge, "index_names": index_names, "retrain": bool(retrain)}
        self._dataset._bind(_native.optimize_indices(self._dataset._ds, options))

    def enable_auto_cleanup(self, auto_cleanup_config, **kwargs):
        """Removes old versions on every so many commits."""
        self._dataset.update_config(
            {
                "lance.auto_cleanup.interval": str(auto_cleanup_config["interval"]),
                "lance.auto_cleanup.older_than": f"{auto_cleanup_config['older_than_seconds']}s",
            }
        )

    def disable_auto_cleanup(self, **kwargs):
        """Stops removing old versions on commits."""
        self._dataset.delete_config_keys(["lance.auto_cleanup.interval", "lance.auto_cleanup.older_than"])


def _cleanup_options(older_than, retain_versions, delete_unverified, error_if_tagged, delete_rate_limit, versions,
                     delete_concurrency=None) -> dict:  # fmt: skip
    if older_than is None and retain_versions is None and versions is None:
        older_than = timedelta(days=14)
    return {
        # A zero duration counts as none given.
        "older_than_us": int(older_than / timedelta(microseconds=1)) if older_than is not None else None,
        "retain_versions": retain_versions,
        "versions": None if versions is None else list(versions),
        "delete_unverified": bool(delete_unverified),
        "error_if_tagged": bool(error_if_tagged),
        "delete_rate_limit": delete_rate_limit,
        "delete_concurrency": delete_concurrency,
    }


def cleanup(dataset, **options):
    """See ``LanceDataset.cleanup_old_versions``."""
    from lance_cpp.lance import CleanupStats

    return CleanupStats(**_native.clean_up(dataset._ds, _cleanup_options(**options)))


def explain_cleanup(dataset, include_files, max_files, **options):
    """See ``LanceDataset.explain_cleanup_old_versions``."""
    from lance_cpp.lance import CleanupCandidateFile, CleanupExplanation, CleanupReferencedBranch, CleanupStats

    if max_files <= 0:
        raise ValueError("max_files must be positive")
    values = _native.explain_clean_up(dataset._ds, _cleanup_options(**options), max_files if include_files else 0)
    if not include_files:
        values["candidate_files_truncated"] = False
    values["candidate_file_limit"] = max_files
    values["stats"] = CleanupStats(**values["stats"])
    values["candidate_files"] = [CleanupCandidateFile(*file) for file in values["candidate_files"]]
    values["referenced_branches"] = [CleanupReferencedBranch(*branch) for branch in values["referenced_branches"]]
    return CleanupExplanation(**values)


def drop(base_uri, storage_options, ignore_not_found):
    """See ``LanceDataset.drop``."""
    uri = opening.to_uri(base_uri)
    store = _native.ObjectStore.open(uri, dict(storage_options or {}))
    paths = [path for path, _, _ in store.list("", True)]
    local = uri[len("file://") :] if uri.startswith("file://") else uri
    is_folder = "://" not in local and os.path.isdir(local)
    if not paths and not is_folder and not ignore_not_found:
        raise OSError(f"Not found: {uri}")
    for path in paths:
        store.delete(path)
    if is_folder:
        shutil.rmtree(local)


def migrate_manifest_paths(dataset):
    """See ``LanceDataset.migrate_manifest_paths_v2``."""
    store = dataset._ds.object_store()
    for path, _, _ in store.list("_versions", False):
        stem, _, suffix = path.rpartition("/")[2].rpartition(".")
        if suffix == "manifest" and stem.isdecimal() and len(stem) < 20:
            store.copy(path, f"_versions/{(1 << 64) - 1 - int(stem):020}.manifest")
            store.delete(path)
    dataset.checkout_latest()
