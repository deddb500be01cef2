"""Runs every snippet of README.md's "Use it", in a folder that looks like a checkout."""

import os
import pathlib
import re
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LANCE_BUILD", ROOT / "build/release"))

# What the snippets take for granted.
PYTHON_BEFORE = """
import pyarrow as pa, pyarrow.parquet as pq
query = pq.read_table("testdata/demo/queries.parquet")["embedding"][0].as_py()
changes = pa.table({"package": ["new"], "section": ["fonts"]})
"""


def snippets():
    """Name of a part of "Use it" -> its indented lines, block after block."""
    text = (ROOT / "README.md").read_text().split("## Use it")[1].split("\n## ")[0]
    found = {}
    for part in re.split(r"^\*\*", text, flags=re.M)[1:]:
        lines = [line for line in part.splitlines()[1:] if line.startswith("    ") or not line]
        found[part.split("**")[0]] = "\n".join(line[4:] for line in lines).strip() + "\n"
    return found


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "testdata").symlink_to(ROOT / "testdata")
    (tmp_path / "build").mkdir()
    (tmp_path / "build/release").symlink_to(BUILD)
    (tmp_path / "folder").mkdir()
    pq.write_table(pa.table({"price": [1.0, 2.0, 3.0], "kind": ["a", "b", "a"]}), tmp_path / "data.parquet")
    return tmp_path


def sh(*args, **kwargs):
    done = subprocess.run([str(a) for a in args], capture_output=True, text=True, **kwargs)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_all_borders_are_shown():
    assert {name.split(" ")[0] for name in snippets()} == {"Shell", "SQL", "Python", "C++"}


def test_shell(checkout):
    out = sh("bash", "-euo", "pipefail", "-c", snippets()["Shell"], cwd=checkout)
    assert "fonts" in out or "libs" in out
    prices = sh(checkout / "build/release/bin/lance", "scan", "fresh.lance", "--format", "csv", cwd=checkout)
    assert "1.1,a" in prices and "2,b" in prices.replace("2.0", "2")


def test_sql(checkout):
    (checkout / "readme.sql").write_text(snippets()["SQL"])
    out = sh(checkout / "build/release/bin/lance", "sql", "--file", "readme.sql", cwd=checkout)
    assert "_distance" in out
    assert (checkout / "folder/fonts.lance/_versions").is_dir()


def test_python(checkout):
    check = "\nassert fresh.count_rows('package = \\'new\\'') == 1 and len(fresh.get_fragments()) == 1\n"
    sh(sys.executable, "-c", PYTHON_BEFORE + snippets()["Python"] + check, cwd=checkout,
       env={**os.environ, "PYTHONPATH": str(BUILD / "python")})


def test_cpp(checkout):
    lines = snippets()["C++"].splitlines()
    includes = [line for line in lines if line.startswith("#include")]
    body = [line for line in lines if not line.startswith("#include")]
    (checkout / "readme.cc").write_text("#include <arrow/api.h>\n" + "\n".join(includes) + "\nint main() {\n" + "\n".join(body) +
                                        "\nreturn table->num_rows() > 0 && deleted.num_deleted_rows > 0 ? 0 : 1;\n}\n")
    (checkout / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.20)\nproject(readme LANGUAGES CXX)\nfind_package(lance REQUIRED)\n"
                                             "add_executable(readme readme.cc)\ntarget_link_libraries(readme PRIVATE lance::lance)\n")
    sh("cmake", "--install", BUILD, "--prefix", checkout / "prefix")
    sh("cmake", "-G", "Ninja", "-S", checkout, "-B", checkout / "out", f"-DCMAKE_PREFIX_PATH={checkout / 'prefix'}")
    sh("cmake", "--build", checkout / "out")
    sh(checkout / "out/readme", cwd=checkout)
