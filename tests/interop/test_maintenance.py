"""Changes of columns, compaction, cleanup, tags, branches, clones and deltas: the same calls are made on two copies of
a table, by pylance on one and by ours on the other; both readers must then see the same in both."""

import datetime
import pathlib
import shutil

import lance
import lance.optimize
import pyarrow as pa
import pytest
from compare import table_difference

import lance_cpp


def rows(start, count):
    ids = list(range(start, start + count))
    return pa.table({
        "a": pa.array(ids, pa.int64()),
        "s": pa.array([None if i % 5 == 3 else f"s{i}" for i in ids]),
        "f": pa.array([i / 4 for i in ids], pa.float32()),
        "p": pa.array([{"x": i, "y": str(i)} for i in ids], pa.struct([("x", pa.int32()), ("y", pa.string())])),
        "l": pa.array([None if i % 7 == 2 else list(range(i % 4)) for i in ids], pa.list_(pa.int32())),
    })


@pytest.fixture(params=["plain", "stable", "2.1"])
def pair(request, tmp_path):
    """Two copies of one table of five fragments with deletions."""
    options = {"enable_stable_row_ids": request.param == "stable"}
    if request.param.startswith("2."):
        options["data_storage_version"] = request.param
    path = tmp_path / "theirs.lance"
    for i in range(5):
        lance.write_dataset(rows(i * 100, 100), path, mode="append" if i else "create", **options)
    lance.dataset(path).delete("a % 10 = 3")
    shutil.copytree(path, tmp_path / "ours.lance")
    return tmp_path


def check_same(folder, columns=None):
    """Every reader sees the same in both tables."""
    wanted = lance.dataset(folder / "theirs.lance").to_table(columns=columns)
    for module in (lance, lance_cpp):
        for name in ("theirs", "ours"):
            found = module.dataset(folder / f"{name}.lance").to_table(columns=columns)
            assert table_difference(wanted, found) is None, (module.__name__, name)
    assert lance.dataset(folder / "ours.lance").schema == lance.dataset(folder / "theirs.lance").schema
    lance.dataset(folder / "ours.lance").validate()


def both(folder, change):
    """Makes a change with each module on its table and returns what it gave."""
    return change(lance.dataset(folder / "theirs.lance")), change(lance_cpp.dataset(folder / "ours.lance"))


def fails_alike(folder, change):
    errors = []
    for module, name in ((lance, "theirs"), (lance_cpp, "ours")):
        with pytest.raises(Exception) as caught:
            change(module.dataset(folder / f"{name}.lance"))
        errors.append(caught.value)
    assert type(errors[0]) is type(errors[1]), errors
    return errors


def test_add_columns_by_expression(pair):
    both(pair, lambda ds: ds.add_columns({"b": "a * 2", "c": "upper(s)", "one": "1", "n": "s is null", "x": "p.x + 1"}))
    check_same(pair)
    both(pair, lambda ds: ds.add_columns({"nothing": "cast(null as int)"}))
    check_same(pair)
    fails_alike(pair, lambda ds: ds.add_columns({"a": "f"}))
    fails_alike(pair, lambda ds: ds.add_columns({"z": "nope + 1"}))


def test_add_columns_from_reader(pair):
    live = lance.dataset(pair / "theirs.lance").count_rows()
    values = pa.table({"v": pa.array(range(live), pa.int32()), "w": pa.array([str(i) for i in range(live)])})
    both(pair, lambda ds: ds.add_columns(values.to_reader(max_chunksize=37)))
    check_same(pair)
    fails_alike(pair, lambda ds: ds.add_columns(pa.table({"q": [1, 2]}).to_reader()))


def test_add_columns_by_function(pair):
    def add(module, ds):
        @module.batch_udf(output_schema=pa.schema([("double", pa.int64())]))
        def double(batch):
            return pa.record_batch([pa.compute.multiply(batch["a"], 2)], ["double"])

        ds.add_columns(double, read_columns=["a"], batch_size=17)

    add(lance, lance.dataset(pair / "theirs.lance"))
    add(lance_cpp, lance_cpp.dataset(pair / "ours.lance"))
    check_same(pair)


def test_merge(pair):
    right = pa.table({"k": pa.array([5, 7, 401, 5], pa.int64()), "w": ["x", "y", "z", "x"]})
    both(pair, lambda ds: ds.merge(right, "a", "k"))
    check_same(pair)


def test_alter_columns(pair):
    both(pair, lambda ds: ds.alter_columns({"path": "a", "name": "id"}, {"path": "f", "data_type": pa.float64()}))
    check_same(pair)
    both(pair, lambda ds: ds.alter_columns({"path": "p.x", "data_type": pa.int64()}))
    check_same(pair)
    both(pair, lambda ds: ds.alter_columns({"path": "l", "data_type": pa.large_list(pa.int64())}))
    check_same(pair)
    both(pair, lambda ds: ds.alter_columns({"path": "id", "nullable": False}))
    check_same(pair)
    fails_alike(pair, lambda ds: ds.alter_columns({"path": "s", "nullable": False}))
    fails_alike(pair, lambda ds: ds.alter_columns({"path": "f", "data_type": pa.string()}))


def test_drop_columns(pair):
    both(pair, lambda ds: ds.drop_columns(["s", "p.y"]))
    check_same(pair)
    fails_alike(pair, lambda ds: ds.drop_columns(["nope"]))
    fails_alike(pair, lambda ds: ds.drop_columns(["a", "f", "p", "l"]))


def test_metadata(pair):
    def change(ds):
        ds.update_config({"k": "v", "l": "w"})
        ds.delete_config_keys(["l"])
        ds.update_metadata({"t": "u"})
        ds.update_schema_metadata({"m": "n"})
        ds.update_field_metadata({"a": {"unit": "m"}, "p.x": {"deep": "yes"}})

    both(pair, change)
    check_same(pair)
    ours, theirs = lance.dataset(pair / "ours.lance"), lance.dataset(pair / "theirs.lance")
    assert ours.config() == theirs.config() and ours.metadata == theirs.metadata
    assert ours.schema.field("a").metadata == theirs.schema.field("a").metadata
    assert ours.schema.metadata == theirs.schema.metadata and ours.version == theirs.version


@pytest.mark.parametrize("options", [{}, {"target_rows_per_fragment": 150}, {"target_rows_per_fragment": 40},
                                     {"materialize_deletions": False}, {"max_source_fragments": 3},
                                     {"excluded_fragment_ids": [2]}])
def test_compaction(pair, options):
    both(pair, lambda ds: ds.add_columns({"b": "a * 2"}))
    theirs, ours = both(pair, lambda ds: ds.optimize.compact_files(**options))
    for name in ("fragments_removed", "fragments_added", "files_removed", "files_added"):
        assert getattr(theirs, name) == getattr(ours, name), name
    check_same(pair)
    stable = lance.dataset(pair / "theirs.lance").has_stable_row_ids
    if stable:
        check_same(pair, ["a", "_rowid", "_row_created_at_version", "_row_last_updated_at_version"])
    counts = [[f.count_rows() for f in lance.dataset(pair / f"{n}.lance").get_fragments()] for n in ("theirs", "ours")]
    assert counts[0] == counts[1]
    assert lance.dataset(pair / "ours.lance").version == lance.dataset(pair / "theirs.lance").version
    # What is written afterwards goes on from there.
    both(pair, lambda ds: ds.delete("a < 50"))
    check_same(pair)


def test_compaction_in_parts(pair):
    from lance_cpp.optimize import Compaction, CompactionTask, RewriteResult

    ds = lance_cpp.dataset(pair / "ours.lance")
    plan = Compaction.plan(ds, {"target_rows_per_fragment": 150})
    wanted = lance.optimize.Compaction.plan(lance.dataset(pair / "theirs.lance"), {"target_rows_per_fragment": 150})
    assert [[f.id for f in t.fragments] for t in plan.tasks] == [[f.id for f in t.fragments] for t in wanted.tasks]
    results = [CompactionTask.from_json(task.json()).execute(ds) for task in plan.tasks]
    results = [RewriteResult.from_json(result.json()) for result in results]
    Compaction.commit(ds, results)
    lance.dataset(pair / "theirs.lance").optimize.compact_files(target_rows_per_fragment=150)
    check_same(pair)


def versions_of(path):
    return sorted(v["version"] for v in lance.dataset(path).versions())


@pytest.mark.parametrize("options", [{"older_than": datetime.timedelta(0)}, {"retain_versions": 2}, {"versions": [2, 3, 99]},
                                     {"older_than": datetime.timedelta(0), "delete_unverified": True}])
def test_cleanup(pair, options):
    for name in ("theirs", "ours"):
        ds = lance.dataset(pair / f"{name}.lance")
        ds.tags.create("kept", 4)
        ds.add_columns({"b": "a * 2"})
        ds.optimize.compact_files()
        ds.create_branch("side", 5)
        (pair / f"{name}.lance" / "data" / "orphan.lance").write_bytes(b"x" * 10)
    options = {"error_if_tagged_old_versions": False, **options}
    theirs, ours = both(pair, lambda ds: ds.cleanup_old_versions(**options))
    for name in ("old_versions", "data_files_removed", "transaction_files_removed", "deletion_files_removed"):
        assert getattr(theirs, name) == getattr(ours, name), name
    assert versions_of(pair / "ours.lance") == versions_of(pair / "theirs.lance")
    check_same(pair)
    for name in ("theirs", "ours"):
        path = pair / f"{name}.lance"
        assert lance.dataset(path, version="kept").count_rows() > 0
        assert lance.dataset(path).checkout_version(("side", None)).count_rows() > 0


def test_cleanup_refuses_tagged_versions(pair):
    for name in ("theirs", "ours"):
        lance.dataset(pair / f"{name}.lance").tags.create("kept", 2)
    errors = fails_alike(pair, lambda ds: ds.cleanup_old_versions(older_than=datetime.timedelta(0)))
    assert "tagged version(s) have been marked for cleanup" in str(errors[1])


def test_refs(pair):
    def change(ds):
        ds.tags.create("first", 1)
        ds.tags.create("moved", 2)
        ds.tags.update("moved", 3)
        ds.tags.replace_metadata("first", {"who": "me"})
        branch = ds.create_branch("dev/one", "moved")
        branch.insert(rows(1000, 10))
        branch.create_branch("two", ("dev/one", 4))
        return branch.to_table(columns=["a"])

    theirs, ours = both(pair, change)
    assert theirs == ours
    seen = []
    for module in (lance, lance_cpp):
        for name in ("theirs", "ours"):
            ds = module.dataset(pair / f"{name}.lance")
            tags = {k: (v["version"], v["branch"], v["metadata"]) for k, v in ds.tags.list().items()}
            branches = {k: (v["parent_branch"], v["parent_version"]) for k, v in ds.branches.list().items()}
            seen.append((tags, branches, ds.checkout_version(("two", None)).count_rows()))
    assert seen[0] == seen[1] == seen[2] == seen[3]
    fails_alike(pair, lambda ds: ds.tags.create("first", 1))
    fails_alike(pair, lambda ds: ds.tags.create("no/slash", 1))
    fails_alike(pair, lambda ds: ds.tags.delete("absent"))
    fails_alike(pair, lambda ds: ds.branches.delete("dev/one"))
    both(pair, lambda ds: ds.branches.delete("two"))
    both(pair, lambda ds: ds.branches.delete("dev/one"))
    assert not lance.dataset(pair / "ours.lance").branches.list()


@pytest.mark.parametrize("kind", ["shallow_clone", "deep_clone"])
def test_clones(pair, kind):
    theirs, ours = both(pair, lambda ds: getattr(ds, kind)(f"{ds.uri}.clone", 5))
    assert theirs.version == ours.version == 5
    for module in (lance, lance_cpp):
        wanted = module.dataset(str(pair / "theirs.lance") + ".clone").to_table()
        assert table_difference(wanted, module.dataset(str(pair / "ours.lance") + ".clone").to_table()) is None
    if kind == "deep_clone":
        shutil.rmtree(pair / "ours.lance")
    clone = lance.dataset(str(pair / "ours.lance") + ".clone")
    clone.insert(rows(5000, 3))
    assert clone.count_rows() == 503


def test_restore(pair):
    for module, name in ((lance, "theirs"), (lance_cpp, "ours")):
        old = module.dataset(pair / f"{name}.lance", version=2)
        old.restore()
    check_same(pair)
    assert lance.dataset(pair / "ours.lance").version == lance.dataset(pair / "theirs.lance").version


def test_delta(tmp_path):
    path = tmp_path / "table.lance"
    lance.write_dataset(rows(0, 50), path, enable_stable_row_ids=True)
    lance.write_dataset(rows(50, 50), path, mode="append")
    ds = lance.dataset(path)
    ds.update({"f": "f + 1"}, where="a < 5")
    ds.delete("a >= 95")

    def changes(module):
        delta = module.dataset(path).delta(begin_version=1, end_version=4)
        readers = (delta.get_inserted_rows(), delta.get_updated_rows(), delta.get_deleted_row_ids())
        return [pa.Table.from_batches(list(reader), reader.schema).to_pydict() for reader in readers]

    def in_order(tables):
        return [sorted(zip(*t.values()), key=str) if t else [] for t in tables]

    wanted, found = changes(lance), changes(lance_cpp)
    assert [list(t) for t in wanted] == [list(t) for t in found]
    assert in_order(wanted) == in_order(found)


def test_statistics(pair):
    theirs, ours = both(pair, lambda ds: ds.stats.data_stats())
    assert [(f.id, f.bytes_on_disk) for f in theirs.fields] == [(f.id, f.bytes_on_disk) for f in ours.fields]


def test_no_file_of_ours_is_left_when_a_change_fails(pair):
    path = pathlib.Path(pair / "ours.lance" / "data")
    before = sorted(f.name for f in path.iterdir())
    ds = lance_cpp.dataset(pair / "ours.lance")
    with pytest.raises(Exception, match="Stream ended"):
        ds.add_columns(pa.table({"q": list(range(150))}).to_reader())
    assert sorted(f.name for f in path.iterdir()) == before


@pytest.mark.parametrize("kind", [
    pa.list_(pa.float16(), 2), pa.list_(pa.float64(), 2), pa.list_(pa.int32(), 2), pa.list_(pa.float32()),
    pa.large_list(pa.float32()), pa.list_(pa.float32(), 3),
], ids=str)  # fmt: skip
def test_vectors_become_other_vectors_or_lists(tmp_path, kind):
    outcomes = []
    for module in (lance, lance_cpp):
        uri = str(tmp_path / module.__name__)
        values = pa.array([[1.5, 2.0], None, [3.0, 4.0]], pa.list_(pa.float32(), 2))
        dataset = module.write_dataset(pa.table({"v": values}), uri)
        try:
            dataset.alter_columns({"path": "v", "data_type": kind})
        except OSError as error:
            assert "Cannot cast column" in str(error)
        outcomes.append(lance.dataset(uri).to_table())
        assert lance_cpp.dataset(uri).to_table().equals(outcomes[-1])
    assert outcomes[0].equals(outcomes[1])
