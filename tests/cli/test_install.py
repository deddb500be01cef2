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
    sh("cmake", "-G", "Ninja", "-S", ROOT / "examples/consumer", "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Release")
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


def make_package(root, name, targets, requires=""):
    """An installed CMake package whose imported targets are the libraries of the pyarrow wheel."""
    wheel = pathlib.Path(pa.__file__).parent
    folder = root / "lib/cmake" / name
    folder.mkdir(parents=True)
    text = "include(CMakeFindDependencyMacro)\n" + requires
    for target, library in targets.items():
        (found,) = wheel.glob(f"{library}.so.*")
        text += f"if(NOT TARGET {target})\n  add_library({target} SHARED IMPORTED)\n"
        text += f"  set_target_properties({target} PROPERTIES IMPORTED_LOCATION {found}\n"
        text += f"    INTERFACE_INCLUDE_DIRECTORIES {root}/include)\nendif()\n"
    (folder / f"{name}Config.cmake").write_text(text)
    (folder / f"{name}ConfigVersion.cmake").write_text(
        'set(PACKAGE_VERSION "26.0.0")\nset(PACKAGE_VERSION_COMPATIBLE TRUE)\n')


@pytest.fixture(scope="module")
def installed_arrow(tmp_path_factory):
    """What an Arrow installation looks like to CMake: a package for the core, one for the kernels, one for Parquet."""
    root = tmp_path_factory.mktemp("arrow")
    (root / "include").symlink_to(pa.get_include())
    make_package(root, "Arrow", {"Arrow::arrow_shared": "libarrow"})
    make_package(root, "ArrowCompute", {"ArrowCompute::arrow_compute_shared": "libarrow_compute"},
                 "find_dependency(Arrow)\n")
    make_package(root, "Parquet", {"Parquet::parquet_shared": "libparquet"}, "find_dependency(Arrow)\n")
    return root


@pytest.fixture(scope="module")
def built_with_installed_arrow(installed_arrow, tmp_path_factory):
    build = tmp_path_factory.mktemp("build")
    off = [f"-DLANCE_BUILD_{part}=OFF" for part in ("TESTS", "FUZZ", "PYTHON", "SQL", "EXAMPLES")]
    sh("cmake", "-G", "Ninja", "-S", ROOT, "-B", build, "-DCMAKE_BUILD_TYPE=Debug", f"-DCMAKE_PREFIX_PATH={installed_arrow}",
       "-DLANCE_VENV=/nowhere", *off)
    return build


def test_an_installed_arrow_is_used(built_with_installed_arrow, installed_arrow):
    build = built_with_installed_arrow
    commands = (build / "compile_commands.json").read_text()
    assert f"{installed_arrow}/include" in commands
    assert "site-packages" not in commands
    sh("ninja", "-C", build, "lance_base")
    links = (build / "build.ninja").read_text()
    for library in ("libarrow.so", "libarrow_compute.so", "libparquet.so"):
        assert library in links


def test_consumers_find_the_installed_arrow(built_with_installed_arrow, installed_arrow, prefix, vectors, tmp_path):
    config = (built_with_installed_arrow / "lance-config.cmake").read_text()
    moved = tmp_path / "prefix"
    sh("cp", "-r", prefix, moved)
    (next(moved.rglob("lance-config.cmake"))).write_text(config)
    build = tmp_path / "build"
    sh("cmake", "-G", "Ninja", "-S", ROOT / "examples/consumer", "-B", build, f"-DCMAKE_PREFIX_PATH={moved};{installed_arrow}")
    sh("cmake", "--build", build)
    assert "version 1, 2000 rows" in sh(build / "consumer", vectors[0], "g = 3", "v")
    alone = subprocess.run(["cmake", "-G", "Ninja", "-S", str(ROOT / "examples/consumer"), "-B", str(tmp_path / "alone"),
                            f"-DCMAKE_PREFIX_PATH={moved}"], capture_output=True, text=True)
    assert alone.returncode != 0
    assert "Arrow" in alone.stderr


def test_an_installed_duckdb_is_used(tmp_path):
    installed = tmp_path / "duckdb"
    installed.mkdir()
    for part in ("include", "lib"):
        (installed / part).symlink_to(ROOT / ".cache/duckdb" / part)
    off = [f"-DLANCE_BUILD_{part}=OFF" for part in ("TESTS", "FUZZ", "PYTHON", "EXAMPLES")]
    configure = ["cmake", "-G", "Ninja", "-S", str(ROOT), *off]
    sh(*configure, "-B", tmp_path / "build", f"-DLANCE_DUCKDB={installed}")
    commands = (tmp_path / "build/compile_commands.json").read_text()
    assert f"{installed}/include" in commands
    assert f"{ROOT}/.cache/duckdb" not in commands
    assert f"{installed}/lib/libduckdb.so" in (tmp_path / "build/build.ninja").read_text()
    missing = subprocess.run([*configure, "-B", str(tmp_path / "other"), f"-DLANCE_DUCKDB={tmp_path / 'nowhere'}"],
                             capture_output=True, text=True)
    assert missing.returncode != 0
    assert "duckdb.hpp is not there" in " ".join(missing.stderr.split())
