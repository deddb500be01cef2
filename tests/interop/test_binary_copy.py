"""Compaction that copies pages: what comes out is read by both, and its pages are those of the sources."""

import lance
import pyarrow as pa
import pytest

import lance_cpp
import lance_cpp.file


def rows(start, count, version="2.2"):
    ids = range(start, start + count)
    gap = 4 if version != "2.0" else 1 << 30  # version 2.0 has no null structs
    return pa.table({
        "id": pa.array(ids, pa.int64()),
        "s": pa.array([None if i % 5 == 3 else f"s{i % 17}" for i in ids]),
        "p": pa.array([{"x": i, "y": str(i)} if i % gap or not i else None for i in ids], pa.struct([("x", pa.int32()), ("y", pa.string())])),
        "l": pa.array([None if i % 7 == 2 else list(range(i % 4)) for i in ids], pa.list_(pa.int32())),
        "v": pa.array([[float(i), 0.5] for i in ids], pa.list_(pa.float32(), 2)),
    })  # fmt: skip


def table_of(path, version, writer, stable=False):
    for i in range(4):
        mode = "append" if i else "create"
        writer.write_dataset(rows(i * 1000, 1000, version), path, mode=mode, data_storage_version=version, enable_stable_row_ids=stable)
    return pa.concat_tables([rows(i * 1000, 1000, version) for i in range(4)])


def pages_of(path):
    """Column -> the sizes of its pages' buffers, over all files in order; pages without bytes may become one."""
    dataset = lance_cpp.dataset(path)
    out = {}
    for fragment in dataset.get_fragments():
        (file,) = fragment.data_files()
        metadata = lance_cpp.file.LanceFileReader(f"{path}/data/{file.path}").metadata()
        for number, column in enumerate(metadata.columns):
            sizes = [[buffer.size for buffer in page.buffers] for page in column.pages]
            out.setdefault(number, []).extend(page for page in sizes if page)
    return out


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2"])
@pytest.mark.parametrize("writer", [lance, lance_cpp])
@pytest.mark.parametrize("stable", [False, True])
def test_pages_are_copied(tmp_path, version, writer, stable):
    path = str(tmp_path / "t.lance")
    wanted = table_of(path, version, writer, stable)
    pages = pages_of(path)
    metrics = lance_cpp.dataset(path).optimize.compact_files(compaction_mode="force_binary_copy")
    assert (metrics.fragments_removed, metrics.fragments_added) == (4, 1)
    assert pages_of(path) == pages
    for module in (lance, lance_cpp):
        dataset = module.dataset(path)
        assert dataset.to_table().equals(wanted)
        assert dataset.to_table(filter="id % 1000 = 7")["id"].to_pylist() == [7, 1007, 2007, 3007]
        assert dataset.take([3999, 0, 1000]).equals(wanted.take([3999, 0, 1000]))
        dataset.validate()
    # A copied file is a file like others: it can be copied again, deleted from, rewritten.
    lance.dataset(path).insert(rows(4000, 10, version))
    lance_cpp.dataset(path).optimize.compact_files(compaction_mode="force_binary_copy")
    lance_cpp.dataset(path).delete("id < 5")
    lance.dataset(path).optimize.compact_files()
    for module in (lance, lance_cpp):
        assert module.dataset(path).to_table(columns=["id"])["id"].to_pylist() == list(range(5, 4010))


def test_files_end_at_the_rows_wanted(tmp_path):
    path = str(tmp_path / "t.lance")
    wanted = table_of(path, "2.2", lance_cpp)
    lance_cpp.dataset(path).optimize.compact_files(target_rows_per_fragment=1500, compaction_mode="force_binary_copy")
    assert [f.physical_rows for f in lance.dataset(path).get_fragments()] == [2000, 2000]
    assert lance.dataset(path).to_table().equals(wanted)


@pytest.mark.parametrize("change", ["deletion", "column", "version"])
def test_what_cannot_be_copied_is_rewritten_or_refused(tmp_path, change):
    path = str(tmp_path / "t.lance")
    table_of(path, "2.1", lance_cpp)
    options = {}
    if change == "deletion":
        lance_cpp.dataset(path).delete("id = 5")
    elif change == "column":
        lance_cpp.dataset(path).add_columns({"twice": "id * 2"})
    else:
        options["data_storage_version"] = "2.2"
    wanted = lance.dataset(path).to_table()
    for module in (lance, lance_cpp):
        with pytest.raises((NotImplementedError, OSError), match="binary copy"):
            module.dataset(path).optimize.compact_files(compaction_mode="force_binary_copy", **options)
    lance_cpp.dataset(path).optimize.compact_files(compaction_mode="try_binary_copy", **options)
    assert len(lance.dataset(path).get_fragments()) == 1
    assert lance.dataset(path).to_table().equals(wanted)
