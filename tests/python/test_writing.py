"""What lance_cpp writes: read by it, read by pylance, and written on top of what pylance wrote."""

import json
import pickle
from datetime import timedelta

import lance_cpp as lance
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from lance_cpp.file import LanceFileReader, LanceFileSession, LanceFileWriter
from lance_cpp.fragment import DataFile, FragmentMetadata, LanceFragment, RowIdSequence, write_fragments

TABLE = pa.table(
    {
        "id": pa.array(range(100), pa.int64()),
        "name": [None if i % 7 == 0 else f"name {i}" for i in range(100)],
        "vector": pa.array([[float(i), 0.5] for i in range(100)], pa.list_(pa.float32(), 2)),
        "tags": [[f"t{j}" for j in range(i % 3)] for i in range(100)],
        "point": [{"x": i, "y": {"z": str(i)}} for i in range(100)],
    }
)


def rows(dataset, **options):
    return dataset.to_table(**options).sort_by("id").to_pylist()


@pytest.fixture
def uri(tmp_path):
    return str(tmp_path / "table.lance")


@pytest.fixture
def dataset(uri):
    return lance.write_dataset(TABLE, uri, max_rows_per_file=40)


# ---- rows in ----


@pytest.mark.parametrize("version", ["2.1", "2.2", "stable"])
def test_the_reference_reads_what_we_write(reference, uri, version):
    ours = lance.write_dataset(TABLE, uri, data_storage_version=version, max_rows_per_file=40)
    assert (ours.version, len(ours.get_fragments()), ours.to_table()) == (1, 3, TABLE)
    theirs = reference.dataset(uri)
    theirs.validate()
    assert theirs.data_storage_version == ("2.2" if version == "stable" else version)
    assert theirs.to_table() == TABLE and theirs.schema == TABLE.schema


def test_both_write_the_same_table_in_turn(reference, uri):
    first, second, third = (TABLE.take(list(range(start, start + 10))) for start in (0, 10, 20))
    reference.write_dataset(first, uri)  # not slices: pylance 14.0.2 panics on those of nested structs
    lance.write_dataset(second, uri, mode="append")
    reference.write_dataset(third, uri, mode="append")
    ours = lance.dataset(uri)
    ours.delete("id = 3")
    theirs = reference.dataset(uri)
    theirs.update({"name": "'x'"}, where="id = 12")
    ours.checkout_latest()
    ours.update({"name": "'y'"}, where="id = 25")
    expected = [row for row in TABLE.slice(0, 30).to_pylist() if row["id"] != 3]
    expected[11]["name"], expected[24]["name"] = "x", "y"
    assert rows(ours) == expected and rows(reference.dataset(uri)) == expected
    assert ours.version == 6


def inputs():
    plain = pa.table({"id": pa.array([1, 2], pa.int64()), "text": ["a", "b"]})
    yield "table", plain, None
    yield "batch", plain.to_batches()[0], None
    yield "reader", plain.to_reader(), None
    yield "dict", {"id": [1, 2], "text": ["a", "b"]}, None
    yield "dicts", plain.to_pylist(), None
    yield "iterable", iter(plain.to_batches()), plain.schema
    yield "cast", iter(plain.set_column(0, "id", pa.array([1, 2], pa.int32())).to_batches()), plain.schema
    yield "dataset", pa.dataset.dataset(plain), None
    yield "scanner", pa.dataset.dataset(plain).scanner(), None
    yield "lance", lance.write_dataset(plain, "memory://inputs", mode="overwrite"), None


@pytest.mark.parametrize("kind, data, schema", list(inputs()), ids=[entry[0] for entry in inputs()])
def test_all_kinds_of_data_give_the_same_rows(uri, kind, data, schema):
    written = lance.write_dataset(data, uri, schema=schema)
    assert written.to_table().to_pydict() == {"id": [1, 2], "text": ["a", "b"]}
    assert written.schema.field("id").type == pa.int64()


def test_frames_and_models_are_data(uri, tmp_path):
    pandas, pydantic = pytest.importorskip("pandas"), pytest.importorskip("pydantic")
    frame = pandas.DataFrame({"id": [1, 2]})
    assert lance.write_dataset(frame, uri).to_table()["id"].to_pylist() == [1, 2]

    class SmallRow(pydantic.BaseModel):
        id: int
        text: str

    written = lance.LanceDataset.from_pydantic_model(SmallRow, [SmallRow(id=1, text="a")], str(tmp_path / "models"))
    assert written.to_table().to_pylist() == [{"id": 1, "text": "a"}]


def test_wrong_calls_raise_what_the_reference_raises(uri, dataset):
    with pytest.raises(OSError, match="Dataset already exists"):
        lance.write_dataset(TABLE, uri)
    with pytest.raises(OSError, match="Append with different schema"):
        lance.write_dataset(pa.table({"other": [1]}), uri, mode="append")
    with pytest.raises(ValueError, match="Invalid mode"):
        lance.write_dataset(TABLE, uri, mode="upsert")
    with pytest.raises(TypeError, match="dest must be"):
        lance.write_dataset(TABLE, 1)
    with pytest.raises(ValueError, match="Must provide schema"):
        lance.write_dataset(iter([]), uri, mode="append")
    with pytest.raises(TypeError, match="Unknown data type"):
        lance.write_dataset(3, uri, mode="append")
    with pytest.raises(ValueError, match="not valid utf8"):
        lance.write_dataset(TABLE.replace_schema_metadata({b"a": b"\xff"}), uri, mode="append")
    assert lance.dataset(uri).version == 1


def test_an_error_of_the_data_ends_the_write_without_a_version(uri, dataset):
    def batches():
        yield TABLE.to_batches()[0]
        raise RuntimeError("the source broke")

    with pytest.raises(OSError, match="the source broke"):
        lance.write_dataset(batches(), uri, schema=TABLE.schema, mode="append")
    assert lance.dataset(uri).latest_version == 1


def test_insert_moves_the_dataset(dataset):
    dataset.insert(TABLE.slice(0, 1))
    assert (dataset.version, dataset.count_rows()) == (2, 101)
    assert lance.write_dataset(TABLE, dataset, mode="overwrite").version == 3


def test_the_message_and_properties_are_kept(reference, uri):
    lance.write_dataset(TABLE, uri, commit_message="first", transaction_properties={"by": "me"})
    expected = {"__lance_commit_message": "first", "by": "me"}
    assert reference.dataset(uri).read_transaction(1).transaction_properties == expected
    assert lance.dataset(uri).read_transaction(1).transaction_properties == expected


# ---- rows changed ----


def test_delete_update_and_truncate(dataset, reference, uri):
    assert dataset.delete(pc.field("id") >= 90) == {"num_deleted_rows": 10}
    assert dataset.delete("false") == {"num_deleted_rows": 0} and dataset.version == 3
    assert dataset.update({"name": "concat(name, '!')"}, where="id = 1") == {"num_rows_updated": 1}
    assert rows(reference.dataset(uri), columns=["id", "name"])[1]["name"] == "name 1!"
    with pytest.raises(OSError, match="No field named"):
        dataset.delete("nope = 1")
    with pytest.raises(ValueError, match="nope"):
        dataset.update({"nope": "1"})
    dataset.truncate_table()
    assert dataset.count_rows() == 0 == reference.dataset(uri).count_rows()


def test_merge_insert_updates_inserts_and_deletes(dataset, reference, uri):
    source = pa.table({"id": pa.array([1, 2, 500], pa.int64()), "name": ["one", "two", "new"]})
    full = pa.concat_tables([TABLE.slice(1, 2), TABLE.slice(99, 1)])
    full = full.set_column(0, "id", source["id"]).set_column(1, "name", source["name"])
    stats = dataset.merge_insert("id").when_matched_update_all().when_not_matched_insert_all().execute(full)
    assert stats == {"num_inserted_rows": 1, "num_updated_rows": 2, "num_deleted_rows": 0}
    found = rows(reference.dataset(uri), columns=["id", "name"])
    assert [found[1]["name"], found[2]["name"], found[-1]["name"]] == ["one", "two", "new"]
    stats = dataset.merge_insert("id").when_not_matched_by_source_delete("id > 50").execute(full)
    assert stats["num_deleted_rows"] == 49 and dataset.count_rows() == 52


def test_merge_insert_refuses_what_makes_no_sense(dataset):
    with pytest.raises(ValueError, match="not configured to change the data"):
        dataset.merge_insert("id").execute(TABLE)
    with pytest.raises(ValueError, match="does not exist in schema"):
        dataset.merge_insert("nope")
    with pytest.raises(TypeError, match="str or iterable of str"):
        dataset.merge_insert(3)
    with pytest.raises(OSError, match="Ambiguous merge insert"):
        twice = pa.concat_tables([TABLE.slice(1, 1), TABLE.slice(1, 1)])
        dataset.merge_insert("id").when_matched_update_all().execute(twice)
    assert dataset.version == 1


def test_an_uncommitted_merge_is_committed_as_a_transaction(dataset, uri):
    builder = dataset.merge_insert("id").when_matched_update_all()
    transaction, stats = builder.execute_uncommitted(TABLE.slice(0, 5))
    assert stats["num_updated_rows"] == 5 and dataset.latest_version == 1
    committed = lance.LanceDataset.commit(uri, transaction)
    assert (committed.version, committed.count_rows()) == (2, 100)


# ---- fragments and transactions ----


def test_fragments_are_committed_later(uri, reference):
    fragments = write_fragments(TABLE, uri, mode="create", max_rows_per_file=60)
    assert [fragment.num_rows for fragment in fragments] == [60, 40]
    sent = [FragmentMetadata.from_json(json.dumps(fragment.to_json())) for fragment in fragments]
    assert sent == fragments == pickle.loads(pickle.dumps(fragments))
    made = lance.LanceDataset.commit(uri, lance.LanceOperation.Overwrite(TABLE.schema, sent), commit_message="hi")
    assert made.to_table() == TABLE == reference.dataset(uri).to_table()
    more = lance.LanceOperation.Append(write_fragments(TABLE, made))
    assert lance.LanceDataset.commit(made, more, read_version=1).count_rows() == 200


def test_a_transaction_of_the_writer_can_be_sent(uri):
    transaction = write_fragments(TABLE, uri, mode="create", return_transaction=True)
    assert type(transaction.operation).__name__ == "Overwrite"
    assert lance.LanceDataset.commit(uri, pickle.loads(pickle.dumps(transaction))).to_table() == TABLE


def test_the_fragments_of_one_side_suit_the_other(uri, reference):
    reference.write_dataset(TABLE, uri)
    theirs = reference.fragment.write_fragments(TABLE.slice(0, 5), uri)
    ours = FragmentMetadata.from_json(json.dumps(theirs[0].to_json()))
    lance.LanceDataset.commit(uri, lance.LanceOperation.Append([ours]), read_version=1)
    text = json.dumps(write_fragments(TABLE.slice(5, 5), uri)[0].to_json())
    back = reference.fragment.FragmentMetadata.from_json(text)
    reference.LanceDataset.commit(uri, reference.LanceOperation.Append([back]), read_version=2)
    assert lance.dataset(uri).count_rows() == 110 == reference.dataset(uri).count_rows()


def test_transactions_read_back_as_they_were_made(dataset, uri, reference):
    dataset.delete("id < 10")
    dataset.update_config({"a": "b", "c": None})
    dataset.drop_columns(["tags"])
    ours, theirs = dataset.get_transactions(), reference.dataset(uri).get_transactions()
    kinds = ["Project", "UpdateConfig", "Delete", "Overwrite"]
    assert [type(transaction.operation).__name__ for transaction in ours] == kinds
    assert [transaction.uuid for transaction in ours] == [transaction.uuid for transaction in theirs]
    assert ours[2].operation.predicate == "id < 10"
    assert ours[2].operation.updated_fragments[0].num_deletions == 10
    assert ours[1].operation.config_updates.updates == {"a": "b", "c": None}
    assert ours[0].operation.schema.to_pyarrow() == dataset.schema


def test_conflicts_say_whether_to_try_again(uri, dataset):
    stale = lance.dataset(uri)
    dataset.delete("id = 1")
    gone = lance.LanceOperation.Delete([], [stale.get_fragments()[0].fragment_id], "id < 40")
    with pytest.raises(lance.commit.CommitConflictError, match="conflict") as caught:
        lance.LanceDataset.commit(stale, gone, read_version=1)
    assert isinstance(caught.value, OSError) and isinstance(caught.value.retryable, bool)


def test_the_commit_lock_is_held_around_the_commit(uri, dataset):
    from contextlib import contextmanager

    seen = []

    @contextmanager
    def lock(version):
        seen.append(("enter", version))
        yield
        seen.append(("leave", version))

    append = lance.LanceOperation.Append(write_fragments(TABLE, uri))
    lance.LanceDataset.commit(uri, append, read_version=1, commit_lock=lock)
    assert seen == [("enter", 2), ("leave", 2)]


def test_fragments_change_without_a_commit(dataset, uri, reference):
    fragment = dataset.get_fragments()[0]
    assert fragment.delete("id < 5").num_deletions == 5
    assert fragment.delete("id >= 0") is None and fragment.delete_rows(range(40)) is None
    assert fragment.delete_rows([1, 1, 2]).num_deletions == 2
    widened = [part.merge_columns({"twice": "id * 2"}) for part in dataset.get_fragments()]
    merge = lance.LanceOperation.Merge([part for part, _ in widened], widened[0][1])
    made = lance.LanceDataset.commit(uri, merge, read_version=1)
    assert made.to_table()["twice"].to_pylist() == [2 * i for i in range(100)]
    changed, fields, offsets = made.get_fragment(0).update_columns(
        pa.table({"id": pa.array([3], pa.int64()), "name": ["three"]}), left_on="id", with_offsets=True
    )
    update = lance.LanceOperation.Update(updated_fragments=[changed], fields_modified=fields)
    lance.LanceDataset.commit(uri, update, read_version=2)
    names = reference.dataset(uri).to_table()["name"].to_pylist()
    assert names[3] == "three" and names[4] == "name 4" and len(offsets) > 0


def test_a_single_fragment_and_a_found_file(dataset, uri):
    fragment = LanceFragment.create(uri, TABLE, fragment_id=7)
    assert (fragment.id, fragment.num_rows, len(fragment.files)) == (7, 100, 1)
    found = LanceFragment.create_from_file(fragment.files[0].path, dataset, 9)
    assert (found.id, found.num_rows) == (9, 100)
    described = DataFile.create(dataset, fragment.files[0].path)
    assert described.fields == fragment.files[0].fields
    assert described.file_size_bytes == fragment.files[0].file_size_bytes


def test_row_ids_have_the_bytes_of_the_reference(reference):
    for ids in ([0, 1, 2], [5, 9, 1], [1, 2, 3, 7, 8], []):
        ours, theirs = RowIdSequence(ids), reference.fragment.RowIdSequence(ids)
        assert ours.to_inline_metadata().json() == theirs.to_inline_metadata().json().replace(",", ", ").replace(
            ":", ": "
        )
        assert list(RowIdSequence.from_inline_metadata(ours.to_inline_metadata())) == ids


# ---- columns and metadata ----


def test_columns_come_and_go(dataset, uri, reference):
    dataset.add_columns({"twice": "id * 2"})
    dataset.add_columns(lambda batch: pa.record_batch({"thrice": pc.multiply(batch["id"], 3)}), read_columns=["id"])
    dataset.add_columns(pa.table({"four": pa.array(range(100), pa.int32())}))
    dataset.add_columns(pa.field("nothing", pa.string()))
    dataset.merge(pa.table({"id": pa.array([4], pa.int64()), "joined": ["j"]}), "id")
    dataset.alter_columns({"path": "four", "name": "vier", "data_type": pa.int64()}, {"path": "point.x", "name": "X"})
    dataset.drop_columns(["tags", "point.y"])
    table = reference.dataset(uri).to_table()
    names = ["id", "name", "vector", "point", "twice", "thrice", "vier", "nothing", "joined"]
    assert sorted(table.column_names) == sorted(names)
    row = table.filter(pc.field("id") == 4).to_pylist()[0]
    assert (row["twice"], row["thrice"], row["vier"], row["nothing"], row["joined"]) == (8, 12, 4, None, "j")
    assert row["point"] == {"X": 4} and table.schema.field("vier").type == pa.int64()
    assert dataset.to_table() == table.select(dataset.schema.names)


def test_a_function_goes_on_from_its_checkpoint(dataset, tmp_path):
    calls, failing = [], [True]
    checkpoint = tmp_path / "udf.sqlite"

    @lance.batch_udf(output_schema=pa.schema({"plus": pa.int64()}), checkpoint_file=checkpoint)
    def plus(batch):
        calls.append(batch.num_rows)
        if failing[0] and batch["id"][0].as_py() >= 40:
            raise RuntimeError("interrupted")
        return pa.record_batch({"plus": pc.add(batch["id"], 1)})

    with pytest.raises(OSError, match="interrupted"):
        dataset.add_columns(plus, read_columns=["id"], batch_size=20)
    assert checkpoint.exists()
    failing[0] = False
    before = len(calls)
    dataset.add_columns(plus, read_columns=["id"], batch_size=20)
    assert len(calls) - before == 3 and not checkpoint.exists()
    assert dataset.to_table()["plus"].to_pylist() == list(range(1, 101))


def test_wrong_column_changes_are_refused(dataset):
    for wrong, error in [
        (lambda: dataset.add_columns({"id": "1"}), OSError),
        (lambda: dataset.add_columns({"x": 1}), TypeError),
        (lambda: dataset.add_columns(1), TypeError),
        (lambda: dataset.drop_columns(["nope"]), ValueError),
        (lambda: dataset.alter_columns({"path": "nope", "name": "x"}), OSError),
        (lambda: dataset.alter_columns({"name": "x"}), ValueError),
        (lambda: dataset.alter_columns({"path": "id"}), ValueError),
    ]:
        with pytest.raises(error):
            wrong()
    assert dataset.version == 1


def test_metadata_of_all_kinds(dataset, uri, reference):
    assert dataset.update_config({"a": "1", "b": "2"}) == {"a": "1", "b": "2"}
    dataset.delete_config_keys(["a"])
    assert dataset.update_metadata({"t": "x"}) == {"t": "x"}
    assert dataset.update_schema_metadata({"s": "y"}) == {"s": "y"}
    dataset.update_field_metadata({"point.x": {"f": "z"}})
    theirs = reference.dataset(uri)
    assert theirs.config() == {"b": "2"} and theirs.metadata == {"t": "x"} and theirs.schema_metadata == {"s": "y"}
    assert theirs.lance_schema.field("point.x").metadata["f"] == "z"


# ---- versions ----


def test_tags_branches_restore_and_clones(dataset, uri, tmp_path, reference):
    dataset.insert(TABLE)
    dataset.tags.create("first", 1)
    with pytest.raises(ValueError, match="already exists"):
        dataset.tags.create("first", 2)
    with pytest.raises(ValueError, match="does not exist"):
        dataset.tags.delete("nope")
    assert reference.dataset(uri, version="first").count_rows() == 100
    branch = dataset.create_branch("side", 1)
    branch.insert(TABLE.slice(0, 3))
    assert (branch.count_rows(), dataset.count_rows()) == (103, 200)
    assert reference.dataset(uri).checkout_version(("side", None)).count_rows() == 103
    old = dataset.checkout_version("first")
    old.restore()
    assert (old.version, old.count_rows()) == (3, 100)
    shallow = dataset.shallow_clone(tmp_path / "shallow.lance", 1)
    deep = dataset.deep_clone(tmp_path / "deep.lance", "first")
    assert shallow.to_table() == deep.to_table() == TABLE
    assert reference.dataset(shallow.uri).to_table() == TABLE


def test_compaction_and_cleanup(dataset, uri, reference):
    for i in range(3):
        dataset.insert(TABLE.slice(10 * i, 10))
    dataset.delete("id = 99")
    metrics = dataset.optimize.compact_files()
    assert (metrics.fragments_removed, metrics.fragments_added) == (6, 1)
    assert len(reference.dataset(uri).get_fragments()) == 1 and dataset.count_rows() == 129
    would = dataset.explain_cleanup_old_versions(older_than=timedelta(0), delete_unverified=True)
    stats = dataset.cleanup_old_versions(older_than=timedelta(0), delete_unverified=True)
    assert stats.old_versions == would.stats.old_versions > 0 and stats.bytes_removed > 0
    assert len(dataset.versions()) == 1 and reference.dataset(uri).count_rows() == 129


def test_compaction_in_parts(dataset, uri):
    from lance_cpp.optimize import Compaction, CompactionPlan, RewriteResult

    plan = pickle.loads(pickle.dumps(Compaction.plan(dataset, {"target_rows_per_fragment": 1000})))
    assert isinstance(plan, CompactionPlan) and plan.num_tasks() == 1 and plan.read_version == 1
    assert [fragment.id for fragment in plan.tasks[0].fragments] == [0, 1, 2]
    results = [RewriteResult.from_json(task.execute(dataset).json()) for task in plan.tasks]
    assert dataset.version == 1 and results[0].metrics.fragments_removed == 3
    metrics = Compaction.commit(dataset, results)
    assert metrics.fragments_added == 1 and dataset.to_table() == TABLE


def test_changes_between_versions(uri):
    dataset = lance.write_dataset(TABLE, uri, enable_stable_row_ids=True)
    dataset.insert(TABLE.slice(0, 2).set_column(0, "id", pa.array([500, 501], pa.int64())))
    dataset.update({"name": "'u'"}, where="id = 7")
    dataset.delete("id = 8")
    delta = dataset.delta(compared_against=1)
    assert [type(entry.operation).__name__ for entry in delta.list_transactions()] == ["Append", "Update", "Delete"]
    assert sorted(delta.get_inserted_rows().read_all()["id"].to_pylist()) == [500, 501]
    assert delta.get_updated_rows().read_all()["id"].to_pylist() == [7]
    assert delta.get_deleted_row_ids().read_all()["_rowid"].to_pylist() == [8]


def test_drop_removes_everything(uri, dataset, tmp_path):
    lance.LanceDataset.drop(uri)
    assert not (tmp_path / "table.lance").exists()
    lance.LanceDataset.drop(uri, ignore_not_found=True)
    with pytest.raises(OSError, match="Not found"):
        lance.LanceDataset.drop(uri)


# ---- single files ----


@pytest.mark.parametrize("version", ["2.1", "2.2"])
def test_files_of_ours_are_files_of_the_reference(tmp_path, reference, version):
    from lance.file import LanceFileReader as TheirReader

    path = str(tmp_path / "one.lance")
    with LanceFileWriter(path, version=version) as writer:
        assert writer.add_global_buffer(b"bytes") == 1
        writer.add_schema_metadata("key", "value")
        writer.write_batch(TABLE)
    assert writer.size_bytes == (tmp_path / "one.lance").stat().st_size
    for reader in (LanceFileReader(path), TheirReader(path)):
        table = reader.read_all().to_table()
        assert table.replace_schema_metadata(None) == TABLE
        assert reader.read_global_buffer(1) == b"bytes"
        assert reader.metadata().schema.metadata == {b"key": b"value"}


def test_file_writers_check_what_they_get(tmp_path):
    with pytest.raises(ValueError, match="[Ss]chema"):
        LanceFileWriter(tmp_path / "empty.lance").close()
    writer = LanceFileWriter(tmp_path / "typed.lance", pa.schema({"a": pa.int64()}))
    with pytest.raises(ValueError, match="a"):
        writer.write_batch(pa.record_batch({"b": [1]}))
    assert (writer.close(), writer.close()) == (0, None)
    with pytest.raises(ValueError, match="9.9"):
        LanceFileWriter(tmp_path / "x.lance", pa.schema({"a": pa.int64()}), version="9.9")


def test_sessions_write_upload_and_delete(tmp_path):
    session = LanceFileSession(tmp_path / "files")
    with session.open_writer("a/b.lance", schema=TABLE.schema) as writer:
        writer.write_batch(TABLE)
    session.upload_file(tmp_path / "files" / "a" / "b.lance", "copy.lance")
    assert session.open_reader("copy.lance").num_rows() == 100 and session.list() == ["a/b.lance", "copy.lance"]
    session.delete_file("copy.lance")
    with pytest.raises(OSError):
        session.delete_file("copy.lance")
