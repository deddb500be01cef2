"""The methods of ``LanceDataset`` that make new versions. Each moves the object to the version it made."""

from __future__ import annotations

import os
import re
import warnings
from datetime import timedelta

import pyarrow as pa

from lance_cpp import _native
from lance_cpp._dataset import columns, native_values, opening
from lance_cpp._dataset.commits import DEFAULT_COMMIT_TIMEOUT, milliseconds
from lance_cpp._dataset.locking import locking
from lance_cpp._dataset.scanner import filter_to_sql
from lance_cpp.types import _coerce_reader


class DatasetChanges:
    """The part of ``LanceDataset`` that writes."""

    def _move(self, change, *args, **options):
        """Runs a native change under the dataset's commit lock, and moves to the version it made."""
        with locking(self._commit_lock) as guard:
            if guard is not None:
                options["commit_lock"] = guard
            native = change(self._ds, *args, options)
        native, *rest = native if isinstance(native, tuple) else (native,)
        self._bind(native)
        return rest[0] if rest else None

    # ---- rows ----

    def insert(self, data, *, mode="append", **kwargs):
        """Adds rows; options as in :func:`lance_cpp.write_dataset`."""
        from lance_cpp._dataset.writing import write_dataset

        self._bind(write_dataset(data, self, mode=mode, **kwargs)._ds)

    def delete(self, predicate, *, conflict_retries=10, retry_timeout=timedelta(seconds=30)) -> dict:
        """Deletes the rows where a predicate (SQL or a pyarrow expression) is true: ``{"num_deleted_rows"}``."""
        options = {"conflict_retries": conflict_retries, "retry_timeout_ms": milliseconds(retry_timeout)}
        count = self._move(_native.delete_rows, filter_to_sql(predicate, self.schema), **options)
        return {"num_deleted_rows": count}

    def truncate_table(self):
        """Deletes all rows."""
        self._move(_native.truncate)

    def update(
        self, updates, where=None, conflict_retries=10, retry_timeout=timedelta(seconds=30),
        data_storage_version=None
    ) -> dict:  # fmt: skip
        """Sets columns to SQL expressions over the old row: ``{"num_rows_updated"}``.

        :param updates: column to expression
        :param where: SQL or a pyarrow expression; default: every row
        """
        options = {
            "conflict_retries": conflict_retries,
            "retry_timeout_ms": milliseconds(retry_timeout),
            "data_storage_version": data_storage_version,
        }
        where = filter_to_sql(where, self.schema) or ""
        count = self._move(_native.update_rows, dict(updates), where, **options)
        return {"num_rows_updated": count}

    def merge_insert(self, on=None):
        """Starts an update-or-insert by the key columns ``on``; default: the schema's unenforced primary key."""
        from lance_cpp._dataset.merge_insert import MergeInsertBuilder

        return MergeInsertBuilder(self, on)

    @classmethod
    def from_pydantic_model(cls, model_class, data, uri=None, mode="create", **kwargs):
        """Writes a list of pydantic models; ``uri`` defaults to the class's name in snake case."""
        from lance_cpp._dataset.writing import write_dataset
        from lance_cpp.dependencies import _is_pydantic_base_model_class, _validate_pydantic_list, model_to_dict
        from lance_cpp.pydantic import pydantic_to_schema

        if not _is_pydantic_base_model_class(model_class):
            raise TypeError(f"`model_class` must be a Pydantic BaseModel subclass, got {model_class!r}")
        _validate_pydantic_list(data, model_class)
        if not data:
            raise ValueError("`data` must be a non-empty list of Pydantic model instances.")
        if uri is None:
            uri = re.sub(r"(?<!^)(?=[A-Z])", "_", model_class.__name__).lower()
        table = pa.Table.from_pylist([model_to_dict(model) for model in data], pydantic_to_schema(model_class))
        return write_dataset(table, uri, mode=mode, **kwargs)

    # ---- columns ----

    def add_columns(self, transforms, read_columns=None, reader_schema=None, batch_size=None):
        """Adds columns.

        :param transforms: a dict of name to SQL expression, a :func:`lance_cpp.batch_udf` or plain function from
            batch to batch, anything that counts as data with as many rows, or fields (then all null)
        :param read_columns: what a function gets to see; default all
        :param batch_size: rows a batch of a function
        """
        columns.add_columns(self, transforms, read_columns, reader_schema, batch_size)

    def alter_columns(self, *alterations):
        """Changes columns: dicts of ``path`` and ``name``, ``nullable`` and/or ``data_type``."""
        self._move(_native.alter_columns, columns.alterations_to_native(alterations))

    def drop_columns(self, columns):
        """Removes columns, by path. Metadata only."""
        self._move(_native.drop_columns, list(columns))

    def merge(self, data_obj, left_on, right_on=None, schema=None):
        """Adds the columns of ``data_obj`` where ``left_on`` equals ``right_on``; nulls where nothing matches."""
        reader = _coerce_reader(data_obj, schema)
        self._move(_native.merge_columns, reader, left_on, right_on or left_on)

    # ---- metadata ----

    def _update_metadata(self, kind, values, replace):
        self._move(_native.update_metadata, {kind: dict(values)}, replace)

    def update_config(self, values, *, replace=False) -> dict:
        """Sets config entries, or removes those of value None; the config after it."""
        self._update_metadata("config", values, replace)
        return self.config()

    def delete_config_keys(self, keys):
        """Removes config entries."""
        self._update_metadata("config", dict.fromkeys(keys), False)

    def update_metadata(self, values, *, replace=False) -> dict:
        """Sets table metadata, or removes entries of value None; the metadata after it."""
        self._update_metadata("table", values, replace)
        return self.metadata

    def update_schema_metadata(self, values, *, replace=False) -> dict:
        """Sets schema metadata, or removes entries of value None; the metadata after it."""
        self._update_metadata("schema", values, replace)
        return self.schema_metadata

    def update_field_metadata(self, field_updates, *, replace=False):
        """Sets metadata of fields, by path; entries of value None go."""
        self._update_metadata("fields", field_updates, replace)

    def replace_schema_metadata(self, new_metadata):
        """Deprecated: :meth:`update_schema_metadata` with ``replace=True``."""
        warnings.warn(
            "replace_schema_metadata is deprecated. Use update_schema_metadata(metadata, replace=True) instead.",
            DeprecationWarning,
            stacklevel=2,
        )
        self.update_schema_metadata(new_metadata, replace=True)

    def replace_field_metadata(self, field_name, new_metadata):
        """Deprecated: :meth:`update_field_metadata` with ``replace=True``."""
        warnings.warn(
            "replace_field_metadata is deprecated. Use update_field_metadata with field paths and replace=True "
            "instead.",
            DeprecationWarning,
            stacklevel=2,
        )
        self.update_field_metadata({field_name: new_metadata}, replace=True)

    def add_bases(self, new_bases, transaction_properties=None):
        """Registers further storage roots."""
        bases = [native_values.base_to_native(base) for base in new_bases]
        self._move(_native.add_bases, bases, properties=dict(transaction_properties or {}))
        return self

    # ---- versions ----

    def restore(self):
        """Makes the version open the newest one again."""
        self._move(_native.restore)

    def create_branch(self, branch, reference=None, storage_options=None):
        """Starts a line of versions at a version (default: this one), and opens it."""
        return self._sibling(_native.create_branch(self._ds, branch, opening.to_reference(reference)))

    def _clone(self, make, target_path, reference, storage_options, kwargs):
        from lance_cpp._dataset.table import LanceDataset

        target = opening.to_uri(os.fspath(target_path))
        options = storage_options if storage_options is not None else self._storage_options
        make(self._ds, target, opening.to_reference(reference), dict(options or {}))
        return LanceDataset(target, storage_options=options, **kwargs)

    def shallow_clone(self, target_path, reference, storage_options=None, **kwargs):
        """Makes a dataset elsewhere that refers to the files of this one."""
        return self._clone(_native.shallow_clone, target_path, reference, storage_options, kwargs)

    def deep_clone(self, target_path, reference, storage_options=None, **kwargs):
        """Copies a version with its files."""
        return self._clone(_native.deep_clone, target_path, reference, storage_options, kwargs)

    def migrate_manifest_paths_v2(self):
        """Renames the manifests of an older dataset to names that list newest first.

        Nobody else may write meanwhile. The object moves to the newest version.
        """
        from lance_cpp._dataset.maintenance import migrate_manifest_paths

        migrate_manifest_paths(self)

    def cleanup_old_versions(
        self, older_than=None, retain_versions=None, *, delete_unverified=False,
        error_if_tagged_old_versions=True, delete_rate_limit=None, versions=None,
        delete_concurrency=None
    ):  # fmt: skip
        """Removes old versions and the files that only they need.

        :param older_than: a ``timedelta``; default two weeks, when no other condition is given
        :param retain_versions: the newest so many stay
        :param versions: only these may go
        :param delete_unverified: also removes files younger than a week that no version names
        """
        from lance_cpp._dataset.maintenance import cleanup

        return cleanup(
            self,
            older_than=older_than,
            retain_versions=retain_versions,
            delete_unverified=delete_unverified,
            error_if_tagged=error_if_tagged_old_versions,
            delete_rate_limit=delete_rate_limit,
            versions=versions,
            delete_concurrency=delete_concurrency,
        )

    def explain_cleanup_old_versions(
        self, older_than=None, retain_versions=None, *, delete_unverified=False,
        error_if_tagged_old_versions=True, delete_rate_limit=None, versions=None, include_files=False,
        max_files=1000
    ):  # fmt: skip
        """Says what :meth:`cleanup_old_versions` would remove."""
        from lance_cpp._dataset.maintenance import explain_cleanup

        return explain_cleanup(
            self,
            include_files,
            max_files,
            older_than=older_than,
            retain_versions=retain_versions,
            delete_unverified=delete_unverified,
            error_if_tagged=error_if_tagged_old_versions,
            delete_rate_limit=delete_rate_limit,
            versions=versions,
        )

    @property
    def optimize(self):
        """Compaction and index upkeep."""
        from lance_cpp._dataset.maintenance import DatasetOptimizer

        return DatasetOptimizer(self)

    # ---- transactions ----

    @staticmethod
    def commit(
        base_uri, operation, read_version=None, commit_lock=None, storage_options=None,
        enable_v2_manifest_paths=None, detached=False, max_retries=20, *, commit_message=None,
        enable_stable_row_ids=None, namespace_client=None, table_id=None,
        namespace_client_managed_versioning=False, base_store_params=None,
        commit_timeout=DEFAULT_COMMIT_TIMEOUT
    ):  # fmt: skip
        """Commits an operation (or a whole transaction) computed elsewhere, and opens the new version.

        :param read_version: the version that the operation was computed from
        :param commit_lock: called with the version about to be written, gives a context manager
        :raises lance_cpp.commit.CommitConflictError: when others changed the same things since
        """
        from lance_cpp._dataset import commits

        return commits.commit(**locals_without(locals(), "commits"))

    @staticmethod
    def commit_batch(
        dest, transactions, commit_lock=None, storage_options=None, enable_v2_manifest_paths=None,
        detached=False, max_retries=20, base_store_params=None, commit_timeout=DEFAULT_COMMIT_TIMEOUT
    ):  # fmt: skip
        """Commits several appends as one: ``{"dataset", "merged"}``."""
        from lance_cpp._dataset import commits

        return commits.commit_batch(**locals_without(locals(), "commits"))

    @staticmethod
    def _commit(base_uri, operation, read_version=None, commit_lock=None):
        warnings.warn(
            "LanceDataset._commit() is deprecated, use LanceDataset.commit() instead",
            DeprecationWarning,
            stacklevel=2,
        )
        return DatasetChanges.commit(base_uri, operation, read_version, commit_lock)

    @staticmethod
    def drop(base_uri, storage_options=None, ignore_not_found=None):
        """Removes a dataset with all its files and versions.

        :raises OSError: when there is none, unless ``ignore_not_found``
        """
        from lance_cpp._dataset.maintenance import drop

        drop(base_uri, storage_options, bool(ignore_not_found))

    def read_transaction(self, version):
        """The transaction that made a version, or None when it is no longer there."""
        from lance_cpp._dataset.commits import read_transaction

        return read_transaction(self, version)

    def get_transactions(self, recent_transactions=10) -> list:
        """The newest transactions, newest first."""
        from lance_cpp._dataset.commits import get_transactions

        return get_transactions(self, recent_transactions)

    def delta(self, compared_against=None, *, begin_version=None, end_version=None):
        """What changed since (or until) a version, or between two. Rows need stable row ids."""
        from lance_cpp._dataset.commits import delta

        return delta(self, compared_against, begin_version, end_version)

    def validate(self):
        """Checks the version's structure; raises on the first problem."""
        _native.validate(self._ds)


def locals_without(values, *names) -> dict:
    return {key: value for key, value in values.items() if key not in names}
