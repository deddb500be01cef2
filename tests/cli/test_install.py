"""An outside project finds the installed library, builds against it and runs."""

import os
import pathlib
import subprocess

import lance
import pyarrow as pa
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LANCE_BUILD", ROOT / "build/release"))


def sh(*args, **kwargs):
    done = subprocess.run([str(a) for a in args], capture_output=True, text=True, **kwargs)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("prefix")
    sh("cmake", "--install", BUILD, "--prefix", prefix)
    return prefix


def test_find_package_consumer(prefix, vectors, tmp_path):
    build = tmp_path / "build"
    sh("cmake", "-S", ROOT / "examples/consumer", "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Release")
    sh("cmake", "--build", build)
    out = sh(build / "consumer", vectors[0], "g = 3", "v")
    assert "version 1, 2000 rows" in out
    assert "200 rows where g = 3" in out
    assert "took 2 rows of 3 columns" in out
    assert "nearest to row 0: 3 rows" in out


def test_pkg_config(prefix, vectors, tmp_path):
    env = {**os.environ, "PKG_CONFIG_PATH": ":".join(str(p.parent) for p in prefix.rglob("lance.pc"))}
    flags = sh("pkg-config", "--cflags", "--libs", "lance", env=env).split()
    cflags = [f for f in flags if f.startswith(("-I", "-std"))]
    libs = [f for f in flags if f not in cflags]
    program = tmp_path / "quickstart"
    library = next(prefix.rglob("liblance.so")).parent
    sh("g++", *cflags, ROOT / "examples/quickstart.cc", "-o", program, *libs, f"-Wl,-rpath,{library}")
    assert "id: int64" in sh(program, vectors[0])


def test_public_headers_compile_alone(prefix, tmp_path):
    include = prefix / "include"
    for header in sorted((include / "lance").rglob("*.h")):
        source = tmp_path / "alone.cc"
        source.write_text(f'#include "{header.relative_to(include)}"\n')
        sh("g++", "-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{include}", f"-isystem{pa.get_include()}", source)


def test_installed_program(prefix, vectors):
    program = prefix / "bin/lance"
    assert program.exists(), "the program is not built"
    assert sh(program, "count", vectors[0]) == "2000\n"
    assert sh(program, "sql", f"SELECT count(*) AS n FROM '{vectors[0]}' WHERE g = 1") == "n\n200\n"


def test_only_promised_symbols_are_exported():
    sh("bash", ROOT / "tools/check_symbols.sh", BUILD / "lib/liblance.so")
