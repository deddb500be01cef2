"""What of the caller runs inside of writes: progress and commit locks; and commits over versions that are gone."""

import contextlib
import json

import pyarrow as pa
import pytest

import lance_cpp


class Progress:
    """Notes what it is told, when the table's versions are looked at too."""

    def __init__(self):
        self.told = []

    def _do_begin(self, text):
        self.told.append(("begin", json.loads(text)["id"]))

    def _do_complete(self, text):
        fragment = json.loads(text)
        self.told.append(("complete", fragment["id"], len(fragment["files"]), fragment["physical_rows"]))


def test_progress_is_told_while_the_write_goes_on(tmp_path):
    progress = Progress()

    def batches():
        for start in range(0, 30, 10):
            yield pa.record_batch({"x": range(start, start + 10)})
            seen.append(len(progress.told))

    seen = []
    reader = pa.RecordBatchReader.from_batches(pa.schema([("x", pa.int64())]), batches())
    lance_cpp.write_dataset(reader, tmp_path / "t", max_rows_per_file=10, progress=progress)
    each = [[("begin", i), ("complete", i, 1, 10)] for i in range(3)]
    assert progress.told == [event for events in each for event in events]
    assert seen == [2, 4, 6]
    progress = Progress()
    fragments = lance_cpp.fragment.write_fragments(pa.table({"x": range(25)}), tmp_path / "t", max_rows_per_file=10, progress=progress)
    assert len(fragments) == 3 and [event[0] for event in progress.told] == ["begin", "complete"] * 3


def test_a_progress_that_fails_ends_the_write(tmp_path):
    class Failing(Progress):
        def _do_complete(self, text):
            raise RuntimeError("enough")

    with pytest.raises(OSError, match="enough"):
        lance_cpp.write_dataset(pa.table({"x": range(25)}), tmp_path / "t", max_rows_per_file=10, progress=Failing())
    assert [path for path in (tmp_path / "t").rglob("*") if path.is_file()] == []


def test_small_files_end_at_the_batch_that_fills_them(tmp_path):
    batch = pa.record_batch({"a": ["0" * 1024] * 8192})
    reader = pa.RecordBatchReader.from_batches(batch.schema, [batch, batch, batch])
    assert len(lance_cpp.write_dataset(reader, tmp_path / "t", max_bytes_per_file=1024).get_fragments()) == 3


def test_every_commit_takes_the_lock(tmp_path):
    versions = []

    @contextlib.contextmanager
    def lock(version):
        versions.append(version)
        yield

    lance_cpp.write_dataset(pa.table({"x": range(4)}), tmp_path / "t", max_rows_per_file=2)
    dataset = lance_cpp.dataset(tmp_path / "t", commit_lock=lock)
    dataset.optimize.compact_files()
    assert versions == [2, 3] and len(dataset.get_fragments()) == 1
    dataset.restore()
    assert versions == [2, 3, 4]


def test_config_changes_outlive_versions_that_are_gone(tmp_path):
    rows = pa.table({"x": range(4)})
    old = lance_cpp.write_dataset(rows, tmp_path / "t")
    for _ in range(3):
        newest = lance_cpp.write_dataset(rows, tmp_path / "t", mode="append")
    newest.cleanup_old_versions(retain_versions=1)
    old.update_config({"a": "1"})
    assert old.version == 5 and old.count_rows() == 16 and old.config() == {"a": "1"}
    stale = lance_cpp.dataset(tmp_path / "t")
    for value in ("2", "3"):
        newest = lance_cpp.dataset(tmp_path / "t")
        newest.update_config({"a": value})
    newest.cleanup_old_versions(retain_versions=1)
    with pytest.raises(OSError, match="cleaned up"):
        stale.update_config({"a": "4"})  # somebody changed the same key
