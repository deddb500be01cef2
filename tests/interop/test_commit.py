"""Tables that lance-cpp committed to, opened, scanned and written on by pylance.

The commits are made by a C++ test (src/lance/table/commit_interop_test.cc), so that the table layer is
tested without what stands above it.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pyarrow as pa
import pytest

lance = pytest.importorskip("lance")

ROOT = Path(__file__).resolve().parents[2]


def find_program():
    if given := os.environ.get("LANCE_TABLE_TEST"):
        return Path(given)
    for build in ("release", "debug", "asan"):
        program = ROOT / "build" / build / "bin" / "table_test"
        if program.exists():
            return program
    return None


def rows(start, count):
    return pa.table(
        {
            "id": pa.array(range(start, start + count), pa.int64()),
            "name": pa.array([f"n{i}" for i in range(start, start + count)]),
            "extra": pa.array([i * 0.5 for i in range(start, start + count)]),
        }
    )


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    program = find_program()
    assert program is not None, "table_test is not built"
    folder = tmp_path_factory.mktemp("commit")
    for name, options in {
        "plain": {},
        "stable": {"enable_stable_row_ids": True},
        "v1names": {"enable_v2_manifest_paths": False},
        "moves": {"enable_stable_row_ids": True},
        "refs": {},
    }.items():
        lance.write_dataset(rows(0, 10), folder / name, **options)
        lance.write_dataset(rows(10, 5), folder / name, mode="append")
    lance.write_dataset(rows(0, 20_000), folder / "long")
    race = lance.write_dataset(rows(0, 20), folder / "race")
    race.delete("id = 5")
    lance.write_dataset(rows(20, 2), folder / "race", mode="append")
    # Opened before the commits below: pylance has to rebase over them.
    stale = [lance.dataset(folder / "long") for _ in range(2)]
    for made in ("made", "made_stable"):
        (folder / made).mkdir()
        shutil.copytree(folder / "plain" / "data", folder / made / "data")
    done = subprocess.run(
        [program, "--gtest_filter=CommitInterop.*"],
        env={**os.environ, "LANCE_COMMIT_TABLES": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    STALE.extend(stale)
    return folder


STALE = []


def continue_with_pylance(dataset, expected_rows):
    """pylance writes on: append, delete, update, index, compact."""
    uri = dataset.uri
    lance.write_dataset(rows(1000, 3), uri, mode="append")
    dataset = lance.dataset(uri)
    assert dataset.count_rows() == expected_rows + 3
    dataset.delete("id = 1000")
    dataset.update({"name": "'changed'"}, where="id = 1001")
    dataset.create_scalar_index("id", "BTREE")
    assert dataset.to_table(filter="id = 1001")["name"].to_pylist() == ["changed"]
    dataset.optimize.compact_files()
    dataset = lance.dataset(uri)
    assert dataset.count_rows() == expected_rows + 2
    dataset.validate()


@pytest.mark.parametrize("name", ["plain", "stable", "v1names"])
def test_changed_table(tables, name):
    uri = str(tables / name)
    dataset = lance.dataset(uri)
    assert dataset.version == 7
    assert [v["version"] for v in dataset.versions()] == list(range(1, 8))
    expected = [i for i in range(15) if i not in (0, 2)] + list(range(15))
    assert dataset.to_table()["id"].to_pylist() == expected
    assert dataset.schema.names == ["id", "name", "extra"]
    assert lance.dataset(uri, version=6).schema.names == ["id", "name"]
    assert lance.dataset(uri, version=6).to_table()["id"].to_pylist() == expected
    assert dataset.config()["written.by"] == "us"
    assert dataset.schema.metadata[b"schema"] == b"ours"
    assert dataset.has_stable_row_ids == (name == "stable")
    # Tables of versions: the operations can be read.
    operations = [type(t.operation).__name__ for t in dataset.get_transactions(7)]
    assert operations == ["Restore", "Project", "UpdateConfig", "Delete", "Append", "Append", "Overwrite"] or (
        len(operations) == 7
    )
    if name == "stable":
        table = dataset.scanner(
            columns=["_rowid", "_row_created_at_version", "_row_last_updated_at_version"]
        ).to_table()
        ids = table["_rowid"].to_pylist()
        assert ids == [i for i in range(15) if i not in (0, 2)] + list(range(15, 30))
        assert table["_row_created_at_version"].to_pylist() == [1] * 8 + [2] * 5 + [3] * 15
        assert table["_row_last_updated_at_version"].to_pylist() == [1] * 8 + [2] * 5 + [3] * 15
    names = sorted(p.name for p in (tables / name / "_versions").glob("*.manifest"))
    assert names[-1].startswith("7." if name == "v1names" else "1844674407")
    hint = json.loads((tables / name / "_versions" / "latest_version_hint.json").read_text())
    assert hint == {"version": 7}
    continue_with_pylance(dataset, 28)


def test_bitmap_deletions(tables):
    dataset = lance.dataset(str(tables / "long"))
    expected = [i for i in range(20_000) if i % 3 != 0]
    assert dataset.to_table(columns=["id"])["id"].to_pylist() == expected
    assert dataset.count_rows() == len(expected)
    assert [p.suffix for p in (tables / "long" / "_deletions").iterdir()] == [".bin"]
    # From handles that were opened before our commit: another row, then one that we deleted.
    STALE[0].delete("id = 1")
    assert lance.dataset(dataset.uri).count_rows() == len(expected) - 1
    STALE[1].delete("id = 3 or id = 2")
    assert lance.dataset(dataset.uri).to_table(columns=["id"])["id"].to_pylist() == expected[2:]


def test_rebased_over_pylance(tables):
    dataset = lance.dataset(str(tables / "race"))
    assert dataset.version == 4
    assert dataset.to_table()["id"].to_pylist() == [i for i in range(22) if i not in (5, 7, 8)]


@pytest.mark.parametrize("name", ["made", "made_stable"])
def test_made_table(tables, name):
    dataset = lance.dataset(str(tables / name))
    assert dataset.version == 2
    assert dataset.to_table().slice(0, 15).equals(rows(0, 15).combine_chunks()) or (
        dataset.to_table()["id"].to_pylist() == list(range(15)) * 2
    )
    assert dataset.config() == {"made.by": "us"}
    assert dataset.has_stable_row_ids == (name == "made_stable")
    assert dataset.data_storage_version == lance.dataset(str(tables / "plain")).data_storage_version
    if name == "made_stable":
        table = dataset.scanner(columns=["_rowid", "_row_created_at_version"]).to_table()
        assert table["_rowid"].to_pylist() == list(range(30))
        assert table["_row_created_at_version"].to_pylist() == [1] * 15 + [2] * 15
    continue_with_pylance(dataset, 30)


def test_moved_rows(tables):
    dataset = lance.dataset(str(tables / "moves"))
    table = dataset.scanner(
        columns=["id", "_rowid", "_row_created_at_version", "_row_last_updated_at_version"]
    ).to_table()
    # Fragment 1 (ids 10 to 14) is now the ten rows of fragment 0's file: five moved, five new.
    assert table["id"].to_pylist() == list(range(10)) * 2
    assert table["_rowid"].to_pylist() == list(range(20))
    assert table["_row_created_at_version"].to_pylist() == [1] * 10 + [2] * 5 + [3] * 5
    assert table["_row_last_updated_at_version"].to_pylist() == [1] * 10 + [3] * 10


def test_refs(tables):
    uri = str(tables / "refs")
    dataset = lance.dataset(uri)
    tags = dataset.tags.list()
    assert tags["first"]["version"] == 1
    assert tags["on-branch"]["branch"] == "feat/x"
    branches = dataset.branches.list()
    assert branches["feat/x"]["parent_version"] == 1
    assert branches["child"]["parent_branch"] == "feat/x"
    assert dataset.checkout_version("first").count_rows() == 10
    branch = dataset.checkout_version(("feat/x", None))
    assert branch.version == 2
    assert branch.to_table()["id"].to_pylist() == list(range(10)) * 2
    child = dataset.checkout_version(("child", None))
    assert child.to_table()["id"].to_pylist() == list(range(10)) * 2
    clone = lance.dataset(str(tables / "cloned"))
    assert clone.version == 2
    assert clone.to_table()["id"].to_pylist() == list(range(15))
    lance.write_dataset(rows(50, 1), clone.uri, mode="append")
    assert lance.dataset(clone.uri).count_rows() == 16
    dataset.tags.update("first", 2)
    dataset.tags.delete("on-branch")
    dataset.branches.delete("child")
    dataset.create_branch("theirs", ("feat/x", 2))
    assert set(dataset.branches.list()) == {"feat/x", "theirs"}
