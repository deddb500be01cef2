"""Update-or-insert by a key."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from lance_cpp import _native
from lance_cpp._dataset import native_values
from lance_cpp._dataset.commits import milliseconds
from lance_cpp._dataset.locking import locking
from lance_cpp._unsupported import unsupported
from lance_cpp.types import _coerce_reader


class MergeInsertBuilder:
    """Says what a merge does with matched and unmatched rows, then runs it.

    Matched rows are in both, by the key columns; unmatched ones only in the source (new data), or only in the
    target (this dataset).
    """

    def __init__(self, dataset, on=None):
        if on is None:
            keys = []
        elif isinstance(on, str):
            keys = [on]
        elif isinstance(on, Iterable):
            keys = list(on)
            if not all(isinstance(key, str) for key in keys):
                raise TypeError("The `on` argument to merge_insert must be a str or iterable of str")
        else:
            raise TypeError("The `on` argument to merge_insert must be a str or iterable of str")
        schema = dataset.lance_schema
        for key in keys:
            if schema.field(key) is None:
                raise ValueError(f"Invalid user input: Merge insert key column '{key}' does not exist in schema")
        if not keys and not schema.unenforced_primary_key():
            raise ValueError(
                "Invalid user input: A merge insert operation requires join keys: specify `on` columns explicitly "
                "or configure a primary key in the dataset schema"
            )
        self._dataset = dataset
        self._options = {"on": keys}
        self._mutate = {"conflict_retries": 10, "retry_timeout_ms": 30_000}

    def _with(self, **options):
        self._options.update(options)
        return self

    def when_matched_update_all(self, condition=None):
        """Replaces matched rows; with an SQL condition over ``source.x`` and ``target.x`` only where it is true."""
        return self._with(when_matched="update", update_if=condition or "")

    def when_matched_delete(self):
        """Deletes matched rows."""
        return self._with(when_matched="delete", update_if="")

    def when_matched_fail(self):
        """Makes a match an error."""
        return self._with(when_matched="fail", update_if="")

    def when_not_matched_insert_all(self):
        """Adds source rows without a match."""
        return self._with(insert=True)

    def when_not_matched_by_source_delete(self, expr=None):
        """Deletes target rows without a match; with an SQL condition only where it is true."""
        return self._with(delete_unmatched=True, delete_if=expr or "")

    def conflict_retries(self, max_retries):
        """How often to start over when other writers change the same rows."""
        self._mutate["conflict_retries"] = max_retries
        return self

    def retry_timeout(self, timeout: timedelta):
        """How long to go on starting over."""
        self._mutate["retry_timeout_ms"] = milliseconds(timeout)
        return self

    def data_storage_version(self, version):
        """The file version of new rows."""
        self._mutate["data_storage_version"] = version
        return self

    def use_index(self, use_index):
        """Whether an index on the key may be used."""
        return self._with(use_index=bool(use_index))

    def write_mode(self, mode):
        """How updated rows are written.

        ``"auto"`` and ``"rewrite_rows"`` write them whole into new fragments. ``"rewrite_columns"`` leaves them
        where they are and writes files with the columns of the source for their fragments: only for merges that
        update matched rows and do nothing else, from a source without some of the columns.
        """
        if mode not in ("auto", "rewrite_rows", "rewrite_columns"):
            raise ValueError(f"Invalid write_mode: {mode}. Valid values are auto, rewrite_rows and rewrite_columns")
        return self._with(rewrite_columns=mode == "rewrite_columns")

    def target_bases(self, bases):
        """Where new files go."""
        raise unsupported("MergeInsertBuilder.target_bases", "new files go to the table's own folder")

    def target_all_bases(self, include_primary=True):
        """Spreads new files over all bases."""
        raise unsupported("MergeInsertBuilder.target_all_bases", "new files go to the table's own folder")

    def mark_sstables_as_compacted(self, sstables):
        """Marks tables of the write-ahead log."""
        raise unsupported("MergeInsertBuilder.mark_sstables_as_compacted", "there is no write-ahead log")

    def _native_options(self):
        acts = self._options.get("insert") or self._options.get("delete_unmatched")
        if not acts and self._options.get("when_matched") is None:
            raise ValueError(
                "Invalid user input: The merge insert job is not configured to change the data in any way"
            )
        return {**self._options, "mutate": self._mutate}

    def execute(self, data_obj, *, schema=None) -> dict:
        """Runs the merge, commits it and moves the dataset to the new version.

        :returns: ``num_inserted_rows``, ``num_updated_rows`` and ``num_deleted_rows``
        """
        reader = _coerce_reader(data_obj, schema)
        options = self._native_options()
        with locking(self._dataset._commit_lock) as guard:
            if guard is not None:
                options["mutate"] = {**options["mutate"], "commit_lock": guard}
            native, stats = _native.merge_insert(self._dataset._ds, reader, options)
        self._dataset._bind(native)
        return stats

    def execute_uncommitted(self, data_obj, *, schema=None):
        """Runs the merge without the commit: ``(Transaction, statistics)``."""
        values, stats, _, _ = self._uncommitted(data_obj, schema)
        return native_values.transaction_from_native(values), stats

    def _uncommitted(self, data_obj, schema):
        reader = _coerce_reader(data_obj, schema)
        return _native.merge_insert_uncommitted(self._dataset._ds, reader, self._native_options())

    def explain_plan(self, schema=None, verbose=False) -> str:
        """What a merge of a source of that schema (default: the dataset's) would do, as text."""
        options = self._native_options()
        keys = options["on"] or [field.name() for field in self._dataset.lance_schema.unenforced_primary_key()]
        names = (schema or self._dataset.schema).names
        matched = {None: "DoNothing", "update": "UpdateAll", "delete": "Delete", "fail": "Fail"}
        by_source = "Keep"
        if options.get("delete_unmatched"):
            by_source = f"DeleteIf({options['delete_if']})" if options["delete_if"] else "Delete"
        when_matched = matched[options.get("when_matched")]
        if options.get("update_if"):
            when_matched = f"UpdateIf({options['update_if']})"
        on = ", ".join(keys)
        return (
            f"MergeInsert: on=[{on}], when_matched={when_matched}, "
            f"when_not_matched={'InsertAll' if options.get('insert') else 'DoNothing'}, "
            f"when_not_matched_by_source={by_source}\n"
            f"  HashJoin: on=[{on}]\n"
            f"    LanceScan: uri={self._dataset.uri}, projection=[{on}]\n"
            f"    Source: projection=[{', '.join(names)}]\n"
        )

    def analyze_plan(self, data_obj, *, schema=None) -> str:
        """Runs the merge without the commit, removes what it wrote, and describes plan and figures."""
        reader = _coerce_reader(data_obj, schema)
        plan = self.explain_plan(reader.schema)
        values, stats, bytes_written, num_files = self._uncommitted(reader, None)
        store = self._dataset._ds.object_store()
        for fragment in values["operation"].get("new_fragments", []):
            for file in fragment["files"]:
                store.delete(f"data/{file['path']}")
        figures = {**stats, "bytes_written": bytes_written, "num_files_written": num_files}
        first, rest = plan.split("\n", 1)
        return f"{first}, metrics=[{', '.join(f'{key}={value}' for key, value in figures.items())}]\n{rest}"
