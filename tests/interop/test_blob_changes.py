"""Tables with blob columns, made, changed and compacted by pylance or by ours: both must read the same bytes."""

import lance
import lance.blob
import lance.fragment
import pyarrow as pa
import pytest

import lance_cpp
import lance_cpp.blob
import lance_cpp.fragment

BIG, HUGE = bytes(range(256)) * 400, bytes(range(251)) * 22_000  # packed, dedicated
VALUES = [b"a", BIG, HUGE, None, b""]
OLD = {"lance-encoding:blob": "true"}

both_ways = pytest.mark.parametrize("writer, changer", [(lance, lance_cpp), (lance_cpp, lance), (lance_cpp, lance_cpp)])
versions = pytest.mark.parametrize("version", ["2.0", "2.1", "2.2"])


def old_table(ids, values):
    """Blobs as bytes, marked by metadata: blob v1, or what becomes blob v2."""
    schema = pa.schema([pa.field("id", pa.int64()), pa.field("b", pa.large_binary(), metadata=OLD), pa.field("x", pa.int64())])
    return pa.table([pa.array(ids), pa.array(values, pa.large_binary()), pa.array([i * 10 for i in ids])], schema=schema)


def new_table(module, ids, values):
    """Blobs of the extension type."""
    schema = pa.schema([pa.field("id", pa.int64()), module.blob.blob_field("b"), pa.field("x", pa.int64())])
    return pa.table([pa.array(ids), module.blob.blob_array(values), pa.array([i * 10 for i in ids])], schema=schema)


def contents(path, columns=("id", "x"), readers=(lance, lance_cpp)):
    """id -> (x, bytes), the same by every way of reading, of both."""
    found = []
    for module in readers:
        dataset = module.dataset(path)
        rows = dataset.to_table(columns=[*columns], with_row_address=True)
        blobs = dict(dataset.read_blobs("b", addresses=rows["_rowaddr"].to_pylist()))
        got = {}
        for row in rows.to_pylist():
            got[row["id"]] = (row["x"], blobs.get(row["_rowaddr"]))
        found.append(got)
        scanned = dataset.to_table(columns=[*columns, "b"], blob_handling="all_binary").to_pylist()
        found.append({row["id"]: (row["x"], row["b"]) for row in scanned})
    assert all(other == found[0] for other in found[1:])
    lance.dataset(path).validate()
    return found[0]


def expected(ids, values):
    return {i: (i * 10, value) for i, value in zip(ids, values)}


@versions
@both_ways
def test_bytes_become_the_blobs_of_the_file_version(tmp_path, version, writer, changer):
    path = str(tmp_path / "t.lance")
    writer.write_dataset(old_table(range(5), VALUES), path, data_storage_version=version)
    changer.dataset(path).insert(old_table([5, 6], [HUGE, None]))
    changer.write_dataset(old_table([7], [b"last"]), path, mode="append")
    theirs, ours = lance.dataset(path), lance_cpp.dataset(path)
    assert ours.schema.field("b").type.equals(theirs.schema.field("b").type) or version == "2.2"
    kind = getattr(ours.schema.field("b").type, "extension_name", "bytes")
    assert kind == ("lance.blob.v2" if version == "2.2" else "bytes")
    assert contents(path) == expected(range(8), [*VALUES, HUGE, None, b"last"])


@both_ways
def test_nested_bytes_become_blobs(tmp_path, writer, changer):
    path = str(tmp_path / "t.lance")
    inner = pa.field("b", pa.large_binary(), metadata=OLD)
    kind = pa.struct([pa.field("n", pa.int32()), inner])
    table = pa.table({"s": pa.array([{"n": 1, "b": b"one"}, {"n": 2, "b": None}, None], kind)}, schema=pa.schema([pa.field("s", kind)]))
    writer.write_dataset(table, path)
    changer.dataset(path).insert(table)
    for module in (lance, lance_cpp):
        rows = module.dataset(path).to_table(blob_handling="all_binary")["s"].to_pylist()
        assert [None if row is None else row["b"] for row in rows] == [b"one", None, None] * 2


@versions
@both_ways
def test_update_keeps_blobs(tmp_path, version, writer, changer):
    path = str(tmp_path / "t.lance")
    writer.write_dataset(old_table(range(5), VALUES), path, data_storage_version=version)
    changer.dataset(path).update({"x": "x + 1"}, where="id IN (1, 2, 3)")
    assert contents(path) == {i: (i * 10 + (i in (1, 2, 3)), value) for i, value in enumerate(VALUES)}
    if version == "2.2":
        with pytest.raises((ValueError, NotImplementedError), match="Direct updates to column 'b'"):
            changer.dataset(path).update({"b": "X'00'"}, where="id = 1")


@versions
@both_ways
def test_compaction_keeps_blobs(tmp_path, version, writer, changer):
    path = str(tmp_path / "t.lance")
    for start in range(0, 15, 5):
        rows = old_table(range(start, start + 5), VALUES)
        writer.write_dataset(rows, path, mode="append" if start else "create", data_storage_version=version)
    changer.dataset(path).delete("id IN (1, 7)")
    changer.dataset(path).optimize.compact_files()
    assert len(lance.dataset(path).get_fragments()) == 1
    wanted = expected(range(15), VALUES * 3)
    del wanted[1], wanted[7]
    assert contents(path) == wanted
    changer.dataset(path).cleanup_old_versions(retain_versions=1)
    assert contents(path) == wanted


@versions
@both_ways
def test_merge_insert_takes_and_keeps_blobs(tmp_path, version, writer, changer):
    path = str(tmp_path / "t.lance")
    writer.write_dataset(old_table(range(5), VALUES), path, data_storage_version=version)
    dataset = changer.dataset(path)
    merge = dataset.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
    assert merge.execute(old_table([1, 9], [b"new", HUGE])) == {
        "num_inserted_rows": 1, "num_updated_rows": 1, "num_deleted_rows": 0}  # fmt: skip
    wanted = expected([0, 1, 2, 3, 4, 9], [b"a", b"new", HUGE, None, b"", HUGE])
    assert contents(path) == wanted
    # A source without the blobs leaves them as they are.
    dataset = changer.dataset(path)
    dataset.merge_insert("id").when_matched_update_all().execute(pa.table({"id": [2, 9], "x": [1, 2]}))
    wanted.update({2: (1, HUGE), 9: (2, HUGE)})
    assert contents(path) == wanted
    if version == "2.2":
        dataset.merge_insert("id").when_matched_update_all().execute(new_table(changer, [0, 3], [BIG, b"three"]))
        wanted.update({0: (0, BIG), 3: (30, b"three")})
        assert contents(path) == wanted


@both_ways
def test_references_to_other_objects_stay_references(tmp_path, writer, changer):
    outside = tmp_path / "outside.bin"
    outside.write_bytes(b"0123456789" * 10)
    uri = f"file://{outside}"
    blob = writer.blob.Blob
    values = [blob.from_uri(uri), blob.from_uri(uri, position=3, size=4), b"inside"]
    path = str(tmp_path / "t.lance")
    writer.write_dataset(new_table(writer, [0, 1, 2], values), path, allow_external_blob_outside_bases=True)
    wanted = expected([0, 1, 2], [b"0123456789" * 10, b"3456", b"inside"])
    assert contents(path) == wanted
    changer.dataset(path).update({"x": "5"}, where="id = 1")
    changer.dataset(path).merge_insert("id").when_matched_update_all().execute(pa.table({"id": [0], "x": [6]}))
    changer.dataset(path).optimize.compact_files()
    wanted.update({0: (6, wanted[0][1]), 1: (5, wanted[1][1])})
    assert contents(path) == wanted
    described = lance.dataset(path).to_table(columns=["id", "b"]).to_pylist()
    places = {row["id"]: (row["b"]["kind"], row["b"]["blob_uri"], row["b"]["position"], row["b"]["size"]) for row in described}
    assert places[0] == (3, uri, 0, 0) and places[1] == (3, uri, 3, 4)


@pytest.mark.parametrize("module", [lance, lance_cpp])
def test_references_leave_the_bases_only_when_allowed(tmp_path, module):
    (tmp_path / "base").mkdir()
    for name in ("base/in.bin", "out.bin"):
        (tmp_path / name).write_bytes(b"0123456789")
    inside, outside = f"file://{tmp_path}/base/in.bin", f"file://{tmp_path}/out.bin"
    base = module.DatasetBasePath(f"file://{tmp_path}/base", "b", False, 1)
    path = str(tmp_path / "t.lance")
    rows = {uri: new_table(module, [1], [module.blob.Blob.from_uri(uri)]) for uri in (inside, outside)}
    for options in ({}, {"initial_bases": [base]}):
        with pytest.raises(OSError, match="is outside registered external bases"):
            module.write_dataset(rows[outside], path, **options)
    module.write_dataset(rows[inside], path, initial_bases=[base])
    assert contents(path) == expected([1], [b"0123456789"])
    lance_cpp.dataset(path).update({"x": "1"})
    assert contents(path) == {1: (1, b"0123456789")}
    with pytest.raises(OSError, match="is outside registered external bases"):
        module.fragment.write_fragments(rows[outside], path)
    module.write_dataset(rows[outside], path, mode="append", allow_external_blob_outside_bases=True)


@versions
@pytest.mark.parametrize("module", [lance, lance_cpp])
def test_blobs_of_a_clone_lie_in_its_source(tmp_path, version, module):
    path, clone = str(tmp_path / "t.lance"), str(tmp_path / "clone.lance")
    source = module.write_dataset(old_table(range(5), VALUES), path, data_storage_version=version)
    source.shallow_clone(clone, 1)
    # pylance looks for the files of blob v1 columns in the clone itself.
    readers = (lance, lance_cpp) if version == "2.2" else (lance_cpp,)
    assert contents(clone, readers=readers) == expected(range(5), VALUES)
    lance_cpp.dataset(clone).update({"x": "0"}, where="id = 2")
    lance_cpp.dataset(clone).optimize.compact_files()
    assert contents(clone) == {**expected(range(5), VALUES), 2: (0, HUGE)}


def test_bytes_without_the_mark_are_no_blobs(tmp_path):
    path = str(tmp_path / "t.lance")
    lance_cpp.write_dataset(old_table([0], [b"a"]), path)
    plain = pa.table({"id": [1], "b": pa.array([b"b"], pa.large_binary()), "x": [1]})
    for module in (lance, lance_cpp):
        with pytest.raises(OSError, match="should have type struct but type was large_binary"):
            module.dataset(path).insert(plain)
        with pytest.raises(OSError, match="should have type struct but type was large_binary"):
            module.dataset(path).merge_insert("id").when_matched_update_all().execute(plain)


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2"])
@pytest.mark.parametrize("writer, reader", [(lance, lance_cpp), (lance_cpp, lance), (lance_cpp, lance_cpp)])
def test_single_files_have_blobs_as_bytes(tmp_path, version, writer, reader):
    import lance.file
    import lance_cpp.file

    table = old_table(range(5), VALUES)
    path = str(tmp_path / "x.lance")
    with writer.file.LanceFileWriter(path, table.schema, version=version) as file:
        file.write_batch(table)
    assert reader.file.LanceFileReader(path).read_all().to_table()["b"].to_pylist() == VALUES
