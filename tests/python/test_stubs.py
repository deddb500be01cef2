"""Type stubs: the modules that load their names on first use say to type checkers which names there are."""

import ast
import importlib
import inspect
import pathlib

import pytest


def stub_of(module):
    return ast.parse(pathlib.Path(module.__file__).with_suffix(".pyi").read_text())


def names_of(stub):
    """Name -> (module, name there) of what a stub exports; functions and variables of its own have None."""
    out = {}
    for node in stub.body:
        if isinstance(node, ast.ImportFrom):
            out.update({a.asname: (node.module, a.name) for a in node.names if a.asname})
        elif isinstance(node, ast.FunctionDef):
            out[node.name] = None
        elif isinstance(node, ast.AnnAssign):
            out[node.target.id] = None
    return out


@pytest.mark.parametrize("name", ["lance_cpp", "lance_cpp.dataset"])
def test_stubs_have_the_names_of_their_modules(name):
    module = importlib.import_module(name)
    if name == "lance_cpp":
        lazy = {"__version__", *module._NAMES, *module._MODULES, "dataset"}
    else:
        lazy = {*module._HOME, *module._ELSEWHERE}
    assert set(names_of(stub_of(module))) == lazy


@pytest.mark.parametrize("name", ["lance_cpp", "lance_cpp.dataset"])
def test_stubs_name_things_where_they_are(name):
    module = importlib.import_module(name)
    for exported, place in names_of(stub_of(module)).items():
        if place is None or place[0] == "lance_cpp":
            continue
        assert getattr(importlib.import_module(place[0]), place[1]) is getattr(module, exported)


def test_the_stub_of_dataset_has_its_parameters():
    module = importlib.import_module("lance_cpp")
    (stub,) = [n for n in stub_of(module).body if isinstance(n, ast.FunctionDef)]
    assert [a.arg for a in stub.args.args] == list(inspect.signature(module.dataset).parameters)


def test_write_methods_are_visible_to_type_checkers():
    import lance_cpp

    for method in "insert delete update merge_insert add_columns alter_columns drop_columns restore commit".split():
        assert inspect.isfunction(inspect.getattr_static(lance_cpp.LanceDataset, method)) or isinstance(
            inspect.getattr_static(lance_cpp.LanceDataset, method), staticmethod
        )
