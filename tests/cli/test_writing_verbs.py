"""The verbs that write, judged by the reference implementation, which reads what they made."""

import datetime
import json
import os
import re
import signal
import subprocess

import lance
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.feather as feather
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest

ROWS = pa.table({
    "id": pa.array(range(100), pa.int64()),
    "price": pa.array([i / 4 for i in range(100)], pa.float64()),
    "name": pa.array([None if i % 10 == 3 else f"n{i}" for i in range(100)], pa.string()),
})


@pytest.fixture
def ok(run):
    """Runs a verb that must succeed and returns its JSON report."""

    def call(*args, **kwargs):
        result = run(*args, **kwargs)
        assert result.code == 0, result.err
        assert result.err == ""
        return json.loads(result.out)

    return call


@pytest.fixture
def table(tmp_path):
    """100 rows in four fragments of 25, with stable row ids."""
    uri = str(tmp_path / "t.lance")
    lance.write_dataset(ROWS, uri, max_rows_per_file=25, enable_stable_row_ids=True)
    return uri


def write(rows, folder, extension, name="rows"):
    path = folder / f"{name}.{extension}"
    if extension == "parquet":
        pq.write_table(rows, path)
    elif extension == "csv":
        pa_csv.write_csv(rows, path)
    elif extension == "arrow":
        feather.write_feather(rows, path, compression="uncompressed")
    elif extension == "arrows":
        with ipc.new_stream(path, rows.schema) as writer:
            writer.write_table(rows)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows.to_pylist()))
    return path


@pytest.mark.parametrize("extension", ["parquet", "csv", "jsonl", "arrow", "arrows"])
def test_import_makes_what_pylance_reads(ok, tmp_path, extension):
    uri = tmp_path / "t.lance"
    report = ok("import", uri, write(ROWS, tmp_path, extension))
    assert (report["version"], report["rows"], report["rows_written"], report["columns"]) == (1, 100, 100, 3)
    assert lance.dataset(uri).to_table().equals(ROWS)


@pytest.mark.parametrize("extension", ["parquet", "csv", "tsv", "jsonl", "arrow", "arrows"])
def test_export_and_import_are_inverse(ok, run, table, tmp_path, extension):
    file = tmp_path / f"out.{extension}"
    report = ok("export", table, file)
    assert (report["rows"], report["version"], report["bytes"]) == (100, 1, file.stat().st_size)
    ok("import", tmp_path / "copy.lance", file)
    assert lance.dataset(tmp_path / "copy.lance").to_table().equals(ROWS)
    again = run("export", table, file)
    assert again.code == 1
    assert "--overwrite" in again.err
    ok("export", table, file, "--overwrite", "-w", "id < 5")
    assert ok("import", tmp_path / "copy.lance", file, "--mode", "overwrite")["rows"] == 5


def test_export_to_a_pipe_is_rows_and_nothing_else(run, table):
    result = run("export", table, "-", "--to", "csv", "-c", "id", "-n", "2")
    assert (result.code, result.out, result.err) == (0, "id\n0\n1\n", "")
    unknown = run("export", table, "file.xyz")
    assert unknown.code == 1
    assert "--to" in unknown.err


def test_modes_of_import(ok, run, tmp_path):
    uri, file = tmp_path / "t.lance", write(ROWS, tmp_path, "parquet")
    ok("import", uri, file)
    again = run("import", uri, file)
    assert again.code == 1
    assert "--mode append" in again.err and "--mode overwrite" in again.err
    assert ok("import", uri, file, "--mode", "append")["rows"] == 200
    assert ok("import", uri, write(ROWS.select(["id"]), tmp_path, "csv"), "--mode", "overwrite")["columns"] == 1
    dataset = lance.dataset(uri)
    assert dataset.version == 3
    assert dataset.schema.names == ["id"]
    assert dataset.checkout_version(2).count_rows() == 200


def test_several_files_are_one_version(ok, run, tmp_path):
    files = [write(ROWS.slice(i * 40, 40), tmp_path, "csv", f"part{i}") for i in range(3)]
    report = ok("import", tmp_path / "t.lance", *files)
    assert (report["rows"], report["version"]) == (100, 1)
    assert lance.dataset(tmp_path / "t.lance").to_table().equals(ROWS)
    odd = write(ROWS.select(["id", "name"]), tmp_path, "csv", "odd")
    result = run("import", tmp_path / "u.lance", files[0], odd)
    assert result.code == 1
    assert "odd.csv has no column price" in result.err
    assert not (tmp_path / "u.lance" / "_versions").exists()


def test_types_are_chosen_and_vectors_made_of_lists(ok, run, tmp_path):
    path = tmp_path / "v.jsonl"
    path.write_text("".join(json.dumps({"id": i, "v": [i, i + 0.5], "d": "2024-02-03"}) + "\n" for i in range(4)))
    ok("import", tmp_path / "t.lance", path, "--type", "id=int16", "--type", "v=float[2]", "--type", "d=string")
    found = lance.dataset(tmp_path / "t.lance")
    assert found.schema.field("id").type == pa.int16()
    assert found.schema.field("v").type == pa.list_(pa.float32(), 2)
    assert found.schema.field("d").type == pa.string()
    assert found.to_table()["v"].to_pylist() == [[i, i + 0.5] for i in range(4)]
    wrong = run("import", tmp_path / "u.lance", path, "--type", "v=float[3]")
    assert wrong.code == 1
    assert "column v" in wrong.err
    nonsense = run("import", tmp_path / "u.lance", path, "--type", "v=flaot[2]")
    assert nonsense.code == 1
    assert "flaot" in nonsense.err and "list<float>" in nonsense.err


def test_csv_variants(ok, run, tmp_path):
    path = tmp_path / "x.txt"
    path.write_text('1;NA;""\n2;b;\n')
    ok("import", tmp_path / "t.lance", path, "--from", "csv", "--delimiter", ";", "--no-header", "--null", "NA")
    assert lance.dataset(tmp_path / "t.lance").to_table().to_pylist() == [
        {"f0": 1, "f1": None, "f2": ""}, {"f0": 2, "f1": "b", "f2": None}]
    report = ok("import", tmp_path / "u.lance", "-", "--from", "csv", stdin="a,b\n1,x\n")
    assert report["rows"] == 1
    assert "--from" in run("import", tmp_path / "w.lance", path).err


def test_append_takes_the_types_of_the_dataset(ok, run, tmp_path):
    uri = tmp_path / "t.lance"
    lance.write_dataset(pa.table({"id": pa.array([1], pa.int32()), "at": pa.array([datetime.date(2024, 1, 1)]),
                                  "v": pa.array([[1, 2]], pa.list_(pa.float32(), 2)), "s": ["x"]}), uri)
    path = tmp_path / "more.jsonl"
    path.write_text('{"id": 2, "at": "2024-01-02", "v": [3, 4]}\n')
    assert ok("append", uri, path)["rows"] == 2
    assert lance.dataset(uri).to_table().to_pylist()[1] == {
        "id": 2, "at": datetime.date(2024, 1, 2), "v": [3.0, 4.0], "s": None}
    (tmp_path / "extra.csv").write_text("id,unknown\n1,2\n")
    extra = run("append", uri, tmp_path / "extra.csv")
    assert extra.code == 1
    assert "no column unknown" in extra.err and "--columns" in extra.err
    assert ok("append", uri, tmp_path / "extra.csv", "--columns", "id")["rows"] == 3
    missing = run("append", tmp_path / "none.lance", path)
    assert missing.code == 4
    assert "lance import" in missing.err


def test_an_interrupted_import_leaves_nothing(program, tmp_path):
    uri = tmp_path / "t.lance"
    process = subprocess.Popen([str(program), "import", str(uri), "-", "--from", "csv"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(b"a,b\n" + b"1,x\n" * (8 << 20))
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert b"as it was" in err
    assert [path for path in uri.rglob("*") if path.is_file()] == []


def test_messages_are_kept(ok, tmp_path):
    uri = tmp_path / "t.lance"
    ok("import", uri, write(ROWS, tmp_path, "parquet"), "-m", "first load", "--stable-row-ids")
    transaction = lance.dataset(uri).read_transaction(1)
    assert transaction.transaction_properties["__lance_commit_message"] == "first load"
    assert lance.dataset(uri).has_stable_row_ids


def test_delete(ok, run, table):
    assert ok("delete", table, "-w", "id >= 90", "--dry-run")["rows_to_delete"] == 10
    report = ok("delete", table, "-w", "id >= 90")
    assert (report["version"], report["rows_deleted"], report["rows"]) == (2, 10, 90)
    assert lance.dataset(table).count_rows() == 90
    assert "--where" in run("delete", table).err
    assert "nothing" in run("delete", table, "-w", "nothing = 1").err
    assert ok("delete", table, "--all")["rows"] == 0
    assert lance.dataset(table).count_rows() == 0


def test_update(ok, run, table):
    assert ok("update", table, "--set", "price=price + 1", "-w", "id < 10", "--dry-run")["rows_to_update"] == 10
    report = ok("update", table, "--set", "price=price + 1", "--set", "name='new'", "-w", "id < 10")
    assert (report["version"], report["rows_updated"]) == (2, 10)
    rows = lance.dataset(table).to_table().sort_by("id").to_pylist()
    assert [row["price"] for row in rows[:12]] == [i / 4 + (i < 10) for i in range(12)]
    assert [row["name"] for row in rows[:12]].count("new") == 10
    assert "no expression" in run("update", table, "--set", "name=").err
    assert run("update", table, "--set", "nothing=1").code == 1
    assert run("update", table).code == 2


def test_compact_and_cleanup(ok, run, table):
    plan = ok("compact", table, "--dry-run")
    assert (plan["fragments"], plan["fragments_to_rewrite"]) == (4, 4)
    report = ok("compact", table)
    assert (report["fragments_removed"], report["fragments_added"], report["fragments"]) == (4, 1, 1)
    assert lance.dataset(table).to_table().equals(ROWS)
    newest = lance.dataset(table).version
    would = ok("cleanup", table, "--older-than", "0s", "--dry-run")
    assert would["versions"] == newest - 1
    assert would["data_files"] == 4
    assert len(lance.dataset(table).versions()) == newest
    done = ok("cleanup", table, "--older-than", "0s")
    assert (done["versions"], done["data_files"], done["bytes"]) == (newest - 1, 4, would["bytes"])
    assert [v["version"] for v in lance.dataset(table).versions()] == [newest]
    assert lance.dataset(table).to_table().equals(ROWS)
    assert "14d" in run("cleanup", table, "--older-than", "soon").err


def test_cleanup_keeps_tagged_versions(ok, run, table):
    ok("tag", "create", table, "first")
    ok("delete", table, "-w", "id = 1")
    result = run("cleanup", table, "--older-than", "0s")
    assert result.code == 1
    assert "--skip-tagged" in result.err
    ok("cleanup", table, "--older-than", "0s", "--skip-tagged")
    assert lance.dataset(table, version="first").count_rows() == 100


def test_tags(ok, run, table):
    ok("delete", table, "-w", "id = 1")
    assert ok("tag", "create", table, "v1", "--version", "1") == {"tag": "v1", "version": 1}
    assert lance.dataset(table).tags.list()["v1"]["version"] == 1
    again = run("tag", "create", table, "v1")
    assert again.code == 1
    assert "lance tag update" in again.err
    assert ok("tag", "update", table, "v1")["version"] == 2
    rows = [json.loads(line) for line in run("tag", "list", table, "-F", "jsonl").out.splitlines()]
    assert [(row["tag"], row["version"], row["branch"]) for row in rows] == [("v1", 2, None)]
    assert ok("tag", "delete", table, "v1") == {"deleted_tag": "v1", "version": 2}
    assert lance.dataset(table).tags.list() == {}
    assert run("tag", "delete", table, "v1").code == 4
    assert run("tag", "create", table, "v9", "--version", "99").code == 4
    assert run("tag").code == 2


def test_branches(ok, run, table, tmp_path):
    ok("branch", "create", table, "experiment")
    ok("append", table, write(ROWS, tmp_path, "parquet"), "--branch", "experiment")
    assert run("count", table, "--version", "experiment:").out == "200\n"
    assert run("count", table).out == "100\n"
    assert lance.dataset(table).checkout_version(("experiment", None)).count_rows() == 200
    ok("delete", table, "-w", "id < 50", "--branch", "experiment")
    assert run("count", table, "--version", "experiment:").out == "100\n"
    rows = [json.loads(line) for line in run("branch", "list", table, "-F", "jsonl").out.splitlines()]
    assert [(row["branch"], row["parent"], row["parent_version"]) for row in rows] == [("experiment", "main", 1)]
    ok("branch", "delete", table, "experiment")
    assert lance.dataset(table).branches.list() == {}
    assert run("append", table, write(ROWS, tmp_path, "parquet"), "--branch", "experiment").code == 4


def test_restore(ok, run, table):
    ok("delete", table, "--all")
    report = ok("restore", table, "--version", "1")
    assert (report["version"], report["restored_version"], report["rows"]) == (3, 1, 100)
    assert lance.dataset(table).to_table().equals(ROWS)
    assert "--version" in run("restore", table).err


def test_columns(ok, run, table):
    assert ok("add-column", table, "twice=id * 2", "big=price > 20")["columns"] == 5
    dataset = lance.dataset(table)
    assert dataset.to_table()["twice"].to_pylist() == [i * 2 for i in range(100)]
    assert dataset.schema.field("big").type == pa.bool_()
    ok("add-column", table, "--null", "v=float[4]")
    assert lance.dataset(table).schema.field("v").type == pa.list_(pa.float32(), 4)
    ok("alter-column", table, "twice", "--rename", "double", "--type", "int32")
    ok("alter-column", table, "double", "--not-null")
    field = lance.dataset(table).schema.field("double")
    assert (field.type, field.nullable) == (pa.int32(), False)
    assert lance.dataset(table).to_table()["double"].to_pylist() == [i * 2 for i in range(100)]
    ok("drop-column", table, "double", "big,v")
    assert lance.dataset(table).to_table().equals(ROWS)
    assert "nothing to change" in run("alter-column", table, "id").err
    assert run("alter-column", table, "name", "--not-null").code == 1
    assert run("alter-column", table, "id", "--not-null", "--nullable").code == 2
    assert run("drop-column", table, "nothing").code == 1
    assert run("add-column", table, "id=1").code == 1
    assert run("add-column", table).code == 1


@pytest.mark.parametrize("text,type_", [
    ("int8", pa.int8()), ("halffloat", pa.float16()), (" double ", pa.float64()), ("large_string", pa.large_string()),
    ("date32[day]", pa.date32()), ("date64[ms]", pa.date64()), ("decimal128(12, 2)", pa.decimal128(12, 2)),
    ("decimal256(60, 5)", pa.decimal256(60, 5)), ("timestamp[us, tz=Europe/Paris]", pa.timestamp("us", "Europe/Paris")),
    ("timestamp[ns, UTC]", pa.timestamp("ns", "UTC")), ("timestamp[s]", pa.timestamp("s")), ("time64[ns]", pa.time64("ns")),
    ("duration[ms]", pa.duration("ms")), ("fixed_size_binary[7]", pa.binary(7)), ("list<item: int32>", pa.list_(pa.int32())),
    ("list< string >", pa.list_(pa.string())), ("fixed_size_list<item: float>[16]", pa.list_(pa.float32(), 16)),
    ("float[3]", pa.list_(pa.float32(), 3)),
    ("struct<x: int32, y: list<item: string>>", pa.struct([("x", pa.int32()), ("y", pa.list_(pa.string()))])),
])
def test_types_are_read_as_arrow_prints_them(ok, table, text, type_):
    ok("add-column", table, "--null", f"new={text}")
    assert lance.dataset(table).schema.field("new").type == type_


@pytest.mark.parametrize("text", ["", "flaot", "list<", "list<int8", "float[", "float[x]", "int8 int8", "time32[ns]",
                                  "duration[us, UTC]", "timestamp[day]", "decimal128(99, 2)", "struct<x>", "struct<>",
                                  "list<" * 1000])
def test_wrong_types_are_errors(run, table, text):
    result = run("add-column", table, "--null", f"new={text}")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("error: ")
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize("text", ["d", "3", "-3d", "3 d", "3y", "99999999999999d", "3dd"])
def test_wrong_lengths_of_time_are_errors(run, table, text):
    assert "length of time" in run("cleanup", table, f"--older-than={text}").err


def test_diff(ok, run, table, tmp_path):
    ok("update", table, "--set", "price=0", "-w", "id < 2")
    ok("append", table, write(ROWS.slice(0, 3), tmp_path, "parquet"))
    ok("delete", table, "-w", "id = 50")
    ok("add-column", table, "twice=id * 2")
    ok("config", "set", table, "a.b=c")
    last = lance.dataset(table).version
    assert last == 6
    diff = ok("diff", table, 1)
    assert (diff["from_version"], diff["to_version"]) == (1, last)
    assert diff["rows"] == {"from": 100, "to": 102}
    assert diff["columns"] == {"twice": "added: int64"}
    assert diff["config"]["a.b"] == "set to c"
    newest = ok("diff", table)
    assert (newest["from_version"], newest["columns"]) == (5, {})

    def rows(kind):
        result = run("diff", table, "1", "4", "--rows", kind, "-F", "jsonl")
        assert result.code == 0, result.err
        return [json.loads(line) for line in result.out.splitlines()]

    assert sorted(row["id"] for row in rows("inserted")) == [0, 1, 2]
    assert sorted(row["id"] for row in rows("updated")) == [0, 1]
    assert rows("deleted") == [{"_rowid": 50}]
    assert run("diff", table, "99").code == 4


def test_config(ok, run, table):
    report = ok("config", "set", table, "lance.auto_cleanup.interval=20", "x=a=b")
    assert report["config"]["x"] == "a=b"
    assert lance.dataset(table).config()["lance.auto_cleanup.interval"] == "20"
    assert ok("config", "get", table, "x") == {"x": "a=b"}
    assert run("config", "get", table, "y").code == 4
    ok("config", "unset", table, "x")
    assert "x" not in ok("config", "get", table)
    ok("config", "set", table, "owner=ann", "--scope", "table")
    assert lance.dataset(table).metadata["owner"] == "ann"
    ok("config", "set", table, "note=hi", "--scope", "schema")
    assert lance.dataset(table).schema.metadata == {b"note": b"hi"}
    assert ok("config", "get", table, "--scope", "schema") == {"note": "hi"}


def test_fsck(ok, run, table):
    report = ok("fsck", table, "--data")
    assert (report["versions"], report["problems"], report["unreferenced_files"]) == (1, 0, 0)
    stray = os.path.join(table, "data", "0123.lance")
    with open(stray, "wb") as file:
        file.write(b"x" * 10)
    report = ok("fsck", table)
    assert (report["unreferenced_files"], report["unreferenced_bytes"]) == (1, 10)
    lost = lance.dataset(table).get_fragments()[0].data_files()[0].path
    os.remove(os.path.join(table, "data", lost))
    result = run("fsck", table)
    assert result.code == 3
    found = json.loads(result.out)
    assert found["problems"] > 0
    assert lost in json.dumps(found["found"])


def test_repair_goes_back_to_the_newest_whole_version(ok, run, table, tmp_path):
    assert ok("repair", table, "--dry-run")["repair"] == "nothing to do"
    ok("append", table, write(ROWS, tmp_path, "parquet"))
    lost = lance.dataset(table).get_fragments()[-1].data_files()[0].path
    os.remove(os.path.join(table, "data", lost))
    plan = run("repair", table, "--dry-run")
    assert plan.code == 3
    assert json.loads(plan.out)["repair"] == "restore version 1"
    assert lost in plan.out
    assert ok("repair", table, "--apply")["new_version"] == 3
    assert lance.dataset(table).to_table().equals(ROWS)
    assert "--apply" in run("repair", table).err
    for file in lance.dataset(table).get_fragments():
        os.remove(os.path.join(table, "data", file.data_files()[0].path))
    hopeless = run("repair", table, "--apply")
    assert hopeless.code == 3
    assert "no older version is whole" in hopeless.out


def test_repair_drops_only_what_is_damaged(ok, run, table):
    dataset = lance.dataset(table)
    before = dataset.version
    first, *others = dataset.get_fragments()
    lost = [file.path for file in first.data_files()]
    kept = sorted(file.path for fragment in others for file in fragment.data_files())
    os.remove(os.path.join(table, "data", lost[0]))
    plan = run("repair", table, "--dry-run", "--drop-fragments")
    assert plan.code == 3
    assert json.loads(plan.out)["repair"] == f"drop 1 of {1 + len(others)} fragments (0)"
    assert lance.dataset(table).version == before
    done = ok("repair", table, "--apply", "--drop-fragments")
    assert (done["repair"], done["problems_left"]) == (f"dropped 1 of {1 + len(others)} fragments (0)", 0)
    assert done["new_version"] == before + 1
    rows = sum(fragment.count_rows() for fragment in others)
    assert lance.dataset(table).to_table().equals(ROWS.slice(len(ROWS) - rows))
    assert sorted(os.listdir(os.path.join(table, "data"))) == kept  # nothing was deleted
    assert lance.dataset(table, version=before).count_rows() == len(ROWS)  # and the history is there
    with open(os.path.join(table, "data", kept[0]), "r+b") as file:
        file.truncate(100)
    assert ok("repair", table, "--apply", "--drop-fragments")["new_version"] == before + 2
    assert len(lance.dataset(table).get_fragments()) == len(others) - 1


def test_reports_for_people(run, table, tmp_path):
    text = run("delete", table, "-w", "id = 1", "--format", "table").out
    assert re.search(r"^rows_deleted  1$", text, re.MULTILINE)
    assert run("tag", "list", table, "--format", "table").out.startswith("┌")


@pytest.mark.parametrize("verb", ["import", "append", "delete", "update", "compact", "cleanup", "tag", "branch", "restore",
                                  "add-column", "drop-column", "alter-column", "export", "diff", "config", "fsck", "repair"])
def test_help_teaches(run, verb):
    text = run(verb, "--help").out
    assert text.count("Examples:") == 1
    assert verb in run("--help").out


@pytest.mark.parametrize("args,code,words", [
    (["import", "N", "/no/such.csv"], 4, ["/no/such.csv"]),
    (["import", "N", "/"], 1, ["folder"]),
    (["import", "N"], 2, ["files is required"]),
    (["import", "N", "-"], 1, ["--from"]),
    (["delete", "/no/such.lance", "-w", "x = 1"], 4, ["/no/such.lance"]),
    (["update", "T", "--set", "id"], 1, ["name=value"]),
    (["compact", "T", "--threshold", "7"], 2, ["--threshold"]),
    (["config", "set", "T", "x"], 1, ["name=value"]),
    (["append", "T", "-m"], 2, []),
])
def test_errors_are_one_line_with_the_right_exit_code(run, table, tmp_path, args, code, words):
    places = {"T": table, "N": tmp_path / "new.lance"}
    result = run(*[places.get(a, a) for a in args])
    assert result.code == code, result.err
    assert result.out == ""
    assert result.err.startswith("error: ")
    assert len(result.err.splitlines()) == (2 if code == 2 else 1)
    for word in words:
        assert word in result.err
