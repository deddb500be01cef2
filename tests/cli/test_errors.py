import lance
import pyarrow as pa
import pytest


@pytest.mark.parametrize("args,code,words", [
    (["count", "/no/such/place.lance"], 4, ["/no/such/place.lance"]),
    (["count"], 2, ["dataset is required", "lance count --help"]),
    (["nonsense"], 2, ["lance --help"]),
    (["scan", "T", "--format", "excel"], 2, ["--format"]),
    (["count", "T", "--version", "99"], 4, ["99"]),
    (["count", "T", "--version", "no-such-tag"], 4, ["no-such-tag"]),
    (["count", "T", "--version", "1", "--as-of", "2020-01-01"], 1, ["exclude"]),
    (["count", "T", "--as-of", "yesterday"], 1, ["yesterday"]),
    (["count", "T", "-w", "nothing = 1"], 1, ["nothing"]),
    (["count", "T", "-w", "x ="], 1, []),
    (["scan", "T", "-c", "nothing"], 1, ["nothing"]),
    (["scan", "T", "--query", "[1]"], 1, ["--nearest"]),
    (["scan", "T", "--nearest", "x", "--query", "[1]"], 1, ["x", "not a vector"]),
    (["scan", "T", "--nearest", "nothing", "--query", "[1]"], 1, ["nothing"]),
    (["scan", "T", "--order-by", "x sideways"], 1, ["sideways"]),
    (["sql", "SELEC 1"], 1, ["syntax error", "SELEC"]),
    (["sql", "SELECT nothing FROM 'T'"], 1, ["nothing"]),
    (["sql", "SELECT * FROM 'missing.lance'"], 1, ["missing.lance"]),
    (["sql", "SELECT * FROM lance_scan('T', version => 99)"], 1, ["99"]),
    (["sql", "SELECT * FROM lance_scan('T', version => 1, tag => 'x')"], 1, ["one of"]),
    (["sql", "SELECT * FROM lance_vector_search('T', 'x', [1.0])"], 1, ["not a vector"]),
    (["sql", "SELECT * FROM lance_vector_search('T', 'nope', [1.0])"], 1, ["nope"]),
    (["sql", "--file", "/no/such.sql"], 1, ["/no/such.sql"]),
])
def test_errors_are_one_line_with_the_right_exit_code(run, history, args, code, words):
    result = run(*[a.replace("'T'", f"'{history}'") if a != "T" else history for a in args])
    assert result.code == code, result.err
    assert result.out == ""
    assert result.err.startswith("error: ")
    lines = result.err.splitlines()
    assert len(lines) == (2 if code == 2 else 1)
    for word in words:
        assert word in result.err


def test_damage_is_exit_code_3(run, tmp_path):
    uri = tmp_path / "t.lance"
    lance.write_dataset(pa.table({"x": list(range(1000))}), str(uri))
    file, = (uri / "data").iterdir()
    file.write_bytes(b"\0" * file.stat().st_size)
    result = run("scan", uri)
    assert result.code == 3, result.err
    assert file.name in result.err


def test_help_teaches(run):
    result = run("--help")
    assert result.code == 0
    for verb in ("info", "schema", "versions", "head", "count", "scan", "pages", "verify", "sql"):
        assert verb in result.out
        assert run(verb, "--help").out.count("Examples:") == 1
    assert run("--version").out.startswith("lance 0.")
