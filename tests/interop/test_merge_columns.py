"""Merge inserts that rewrite columns: rows stay where they are, their fragments get files with the new values."""

import lance
import pyarrow as pa
import pytest

import lance_cpp


@pytest.fixture(params=[False, True], ids=["plain", "stable"])
def path(request, tmp_path):
    table = pa.table({
        "id": range(20),
        "a": range(20),
        "s": [f"s{i}" for i in range(20)],
        "l": pa.array([[i] * (i % 3) for i in range(20)], pa.list_(pa.int64())),
    })  # fmt: skip
    uri = str(tmp_path / "t.lance")
    lance.write_dataset(table, uri, max_rows_per_file=5, enable_stable_row_ids=request.param)
    lance.dataset(uri).delete("id IN (1, 12)")
    return uri


SOURCE = pa.table({"id": [2, 3, 14, 77], "a": [200, None, 1400, 7700], "l": [[7, 7], None, [], [1]]})


def merged(module, path, source=SOURCE, condition=None):
    dataset = module.dataset(path)
    merge = dataset.merge_insert("id").when_matched_update_all(condition).write_mode("rewrite_columns")
    return merge.execute(source), dataset


@pytest.mark.parametrize("condition", [None, "source.a > 500", "target.a < 5"])
def test_the_outcome_is_that_of_the_reference(path, tmp_path, condition):
    import shutil

    other = str(tmp_path / "other.lance")
    shutil.copytree(path, other)
    stats, ours = merged(lance_cpp, path, condition=condition)
    expected, theirs = merged(lance, other, condition=condition)
    assert stats == expected
    assert lance.dataset(path).to_table().equals(theirs.to_table())
    assert ours.to_table().equals(theirs.to_table())
    mine, reference = (lance.dataset(uri) for uri in (path, other))
    operations = [dataset.read_transaction(dataset.version).operation for dataset in (mine, reference)]
    for name in ("removed_fragment_ids", "new_fragments", "update_mode"):
        assert getattr(operations[0], name) == getattr(operations[1], name)
    assert sorted(operations[0].fields_modified) == sorted(operations[1].fields_modified)
    assert [[f.fields for f in fragment.files] for fragment in operations[0].updated_fragments] == [
        [f.fields for f in fragment.files] for fragment in operations[1].updated_fragments
    ]
    if mine.has_stable_row_ids:
        columns = ["id", "_row_last_updated_at_version", "_row_created_at_version"]
        assert mine.to_table(columns=columns, with_row_id=True).equals(reference.to_table(columns=columns, with_row_id=True))
    mine.validate()


def test_both_can_go_on_with_the_table(path):
    merged(lance_cpp, path)
    merged(lance, path, pa.table({"id": [4], "s": ["new"]}))
    merged(lance_cpp, path, pa.table({"id": [4, 5], "a": [-4, -5]}))
    lance.dataset(path).optimize.compact_files()
    for module in (lance, lance_cpp):
        rows = {row["id"]: row for row in module.dataset(path).to_table().to_pylist()}
        assert len(rows) == 18
        assert rows[2] == {"id": 2, "a": 200, "s": "s2", "l": [7, 7]}
        assert rows[4] == {"id": 4, "a": -4, "s": "new", "l": [4]}
        assert rows[14]["l"] == []


def test_what_it_cannot_express_is_refused(path):
    whole = pa.table({"id": [2], "a": [1], "s": ["x"], "l": [[1]]})
    keys = pa.table({"id": [2]})

    def fails(module, source, build):
        with pytest.raises(OSError) as error:
            build(module.dataset(path).merge_insert("id")).write_mode("rewrite_columns").execute(source)
        return str(error.value)

    for source, build, ours in [
        (whole, lambda m: m.when_matched_update_all(), "has all columns"),
        (keys, lambda m: m.when_matched_update_all(), "no column besides the keys"),
        (SOURCE, lambda m: m.when_matched_update_all().when_not_matched_insert_all(), "rows are inserted"),
        (SOURCE, lambda m: m.when_matched_delete(), "matched rows are not updated"),
        (SOURCE, lambda m: m.when_matched_update_all().when_not_matched_by_source_delete(), "are deleted"),
    ]:
        assert ours in fails(lance_cpp, source, build)
        assert "cannot express" in fails(lance, source, build)
    assert lance.dataset(path).version == 2
