import io
import json

import lance
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest


def test_count_with_versions_tags_and_filters(run, history):
    assert run("count", history).out == "5\n"
    assert run("count", history, "--version", "1").out == "3\n"
    assert run("count", history, "--version", "six").out == "6\n"
    assert run("count", history, "-w", "x > 3").out == "3\n"
    assert run("count", history, "-w", "name IS NULL").out == "1\n"


def test_info_is_json_on_a_pipe_and_text_as_table(run, history):
    info = json.loads(run("info", history).out)
    assert info["version"] == 3
    assert info["latest_version"] == 3
    assert info["rows"] == 5
    assert info["deleted_rows"] == 1
    assert info["fragments"] == 2
    assert info["columns"] == 2
    assert info["storage_version"] == "2.2"
    assert info["tags"] == {"six": 2}
    assert info["data_bytes"] > 0
    text = run("info", history, "--format", "table").out
    assert "rows             5\n" in text
    assert "  six  2\n" in text


def test_info_of_an_old_version(run, history):
    info = json.loads(run("info", history, "-v", "1").out)
    assert (info["version"], info["latest_version"], info["rows"]) == (1, 3, 3)


def test_schema_lists_columns_and_members(run, pair):
    rows = [json.loads(line) for line in run("schema", pair.lance, "--nested", "--format", "jsonl").out.splitlines()]
    types = {row["column"]: row["type"] for row in rows}
    assert types["i8"] == "int8"
    assert types["st.x"] == "int32"
    assert types["tz"] == "timestamp[us, tz=UTC]"
    assert [row["column"] for row in rows if "." not in row["column"]] == pair.table.column_names


def test_versions(run, history):
    lines = run("versions", history).out.splitlines()
    assert lines[0] == "version,written_at,rows,fragments,tags"
    assert [line.split(",")[0] for line in lines[1:]] == ["1", "2", "3"]
    assert [line.split(",")[2] for line in lines[1:]] == ["3", "6", "5"]
    assert lines[2].endswith(",six")


def test_head_golden_table(run, history):
    assert run("head", history, "-n", "3", "--format", "table").out == (
        "┌───────┬────────┐\n"
        "│     x │ name   │\n"
        "│ int64 │ string │\n"
        "├───────┼────────┤\n"
        "│     1 │ a      │\n"
        "│     3 │ NULL   │\n"
        "│     4 │ d      │\n"
        "└───────┴────────┘\n"
        "3 rows\n")


def test_scan_csv_and_jsonl(run, history):
    assert run("scan", history, "-w", "x > 2", "--order-by", "x desc", "-n", "2").out == "x,name\n6,f\n5,e\n"
    assert run("scan", history, "-c", "name", "-n", "2", "-F", "jsonl").out == '{"name":"a"}\n{"name":null}\n'
    assert run("scan", history, "-c", "x, twice=x * 2", "-n", "1", "--no-header").out == "1,2\n"
    assert run("scan", history, "-c", "name,x", "--offset", "4").out == "name,x\nf,6\n"


@pytest.mark.parametrize("extension", ["parquet", "arrow", "arrows"])
def test_binary_outputs_hold_what_pylance_reads(run, pair, tmp_path, extension):
    path = tmp_path / f"out.{extension}"
    result = run("scan", pair.lance, "-o", path)
    assert result.code == 0, result.err
    if extension == "parquet":
        table = pq.read_table(path)
    elif extension == "arrow":
        table = ipc.open_file(path).read_all()
    else:
        table = ipc.open_stream(path).read_all()
    expected = lance.dataset(pair.lance).to_table()
    assert table.column_names == expected.column_names
    for name in expected.column_names:
        assert table[name].combine_chunks().cast(expected[name].type).to_pylist().__repr__() == \
            expected[name].to_pylist().__repr__(), name


def test_scan_agrees_with_pylance_on_the_wire(run, pair):
    result = run("scan", pair.lance, "-w", "i32 > 10 AND s LIKE 'a%'", "-c", "id,s,i32", "-F", "arrows")
    table = ipc.open_stream(io.BytesIO(result.out_bytes)).read_all()
    expected = lance.dataset(pair.lance).to_table(columns=["id", "s", "i32"], filter="i32 > 10 AND s LIKE 'a%'")
    assert table.equals(expected.cast(table.schema))
    assert table.num_rows > 10


def test_failed_output_leaves_no_file(run, pair, tmp_path):
    path = tmp_path / "out.parquet"
    result = run("scan", pair.lance, "-w", "nothing = 1", "-o", path)
    assert result.code != 0
    assert list(tmp_path.iterdir()) == []


def test_nearest_by_vector_and_by_row(run, vectors):
    uri, values = vectors
    by_row = run("scan", uri, "--nearest", "v", "--query-row", "42", "-k", "5", "-c", "id").out.splitlines()
    by_vector = run("scan", uri, "--nearest", "v", "--query", str(values[42].tolist()), "-k", "5", "-c", "id").out.splitlines()
    assert by_row[0] == "id,_distance"
    assert by_row[1] == "42,0.0"
    assert by_row == by_vector
    distances = ((values - values[42])**2).sum(axis=1)
    assert [int(line.split(",")[0]) for line in by_row[1:]] == distances.argsort()[:5].tolist()


def test_nearest_with_prefilter(run, vectors):
    uri, values = vectors
    lines = run("scan", uri, "--nearest", "v", "--query-row", "42", "-k", "4", "-c", "id", "-w", "g = 3", "--prefilter").out.splitlines()
    distances = ((values - values[42])**2).sum(axis=1)
    expected = [i for i in distances.argsort() if i % 10 == 3][:4]
    assert [int(line.split(",")[0]) for line in lines[1:]] == expected


def test_pages_add_up_to_the_file(run, pair):
    rows = [json.loads(line) for line in run("pages", pair.lance, "-F", "jsonl").out.splitlines()]
    assert {"id", "s", "st.x", "st.y"} <= {row["column"] for row in rows}
    assert abs(sum(row["percent"] for row in rows) - 100) < 1
    assert all(row["encoding"] for row in rows)
    file = lance.dataset(pair.lance).get_fragments()[0].data_files()[0].path
    path = f"{pair.lance}/data/{file}"
    every = [json.loads(line) for line in run("encodings", path, "--every", "-F", "jsonl").out.splitlines()]
    assert sum(page["rows"] for page in every if page["column"] == "id") == 1700
    assert {page["column"] for page in every} == {row["column"] for row in rows}


def test_verify_finds_nothing_in_good_data(run, pair, history, vectors):
    for uri in (pair.lance, history, vectors[0]):
        result = run("verify", uri)
        assert result.code == 0, result.out + result.err
        assert json.loads(result.out)["problems"] == 0


def test_verify_names_the_place_of_damage(run, tmp_path):
    uri = tmp_path / "t.lance"
    lance.write_dataset(pa.table({"x": list(range(10000)), "s": [f"value {i}" for i in range(10000)]}), str(uri),
                        max_rows_per_file=5000)
    broken, whole = sorted((uri / "data").iterdir())
    broken.write_bytes(broken.read_bytes()[:-100])
    result = run("verify", uri)
    assert result.code == 3, result.out + result.err
    report = json.loads(result.out)
    assert report["problems"] >= 1
    assert broken.name in " ".join(report["found"])
    assert whole.name not in " ".join(report["found"])
    broken.unlink()
    result = run("verify", uri)
    assert result.code == 3
    assert "NotFound" in result.out


def graft_second_column(target, source):
    """Two columns of the same numbers differ in the same way between the files: puts the second's into `target`."""
    mine, other = bytearray(target.read_bytes()), source.read_bytes()
    assert len(mine) == len(other)
    different = [i for i in range(len(mine)) if mine[i] != other[i]]
    assert different and len(different) % 2 == 0
    for i in different[len(different) // 2 :]:
        mine[i] = other[i]
    target.write_bytes(mine)


@pytest.mark.parametrize("kind", ["list", "struct", "map"])
def test_verify_compares_sibling_columns(run, tmp_path, kind):
    members = pa.struct([("a", pa.int32()), ("b", pa.int32())])
    if kind == "list":
        type, rows = pa.list_(members), [[{"a": 1, "b": 1}] * n for n in (2, 1)]
    elif kind == "map":
        type, rows = pa.map_(pa.int32(), pa.int32()), [[(i, i) for i in range(n)] for n in (2, 1)]
    else:
        type, rows = members, [{"a": 1, "b": 1}, None]
    for name, order in (("good", rows), ("other", rows[::-1])):
        table = pa.table({"x": pa.array(order * 40, type)})
        lance.write_dataset(table, str(tmp_path / name), data_storage_version="2.2")
    assert run("verify", tmp_path / "good").code == 0
    (target,), (source,) = (list((tmp_path / name / "data").iterdir()) for name in ("good", "other"))
    graft_second_column(target, source)
    result = run("verify", tmp_path / "good")
    assert result.code == 3, result.out + result.err
    assert "disagree" in result.out, result.out


def test_verify_finds_repeated_row_ids(run, tmp_path):
    uri = tmp_path / "t"
    dataset = lance.write_dataset(pa.table({"x": range(80)}), str(uri), max_rows_per_file=40, enable_stable_row_ids=True)
    dataset.update({"x": "x + 1000"}, where="x = 3")  # the row moves and keeps its id
    assert run("verify", uri).code == 0
    manifest = max((uri / "_versions").glob("*.manifest"), key=lambda path: path.stat().st_mtime_ns)
    good = manifest.read_bytes()
    ids = b"\x08\x28\x10\x50"  # the range [40, 80)
    assert good.count(ids) == 1
    manifest.write_bytes(good.replace(ids, b"\x08\x00\x10\x28"))
    result = run("verify", uri)
    assert result.code == 3, result.out + result.err
    assert "live rows have the id of another row, such as 0" in result.out
    manifest.write_bytes(good.replace(ids, b"\x08\x50\x10\x78"))
    result = run("verify", uri)
    assert result.code == 3
    assert "not below the next row id" in result.out


def test_explain_and_analyze(run, pair):
    assert "LanceRead" in run("scan", pair.lance, "-w", "i32 > 3", "--explain").out
    assert "output_rows" in run("scan", pair.lance, "-w", "i32 > 3", "--analyze").out
