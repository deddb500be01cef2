"""The same calls at pylance and here: signatures, results, exception classes."""

import inspect

import lance_cpp
import pyarrow as pa
import pytest

CLASSES = {
    "LanceDataset": "dataset",
    "ScannerBuilder": "dataset",
    "LanceScanner": "dataset",
    "Tags": "dataset",
    "Branches": "dataset",
    "LanceStats": "dataset",
    "SqlQueryBuilder": "dataset",
    "LanceFragment": "fragment",
    "FragmentMetadata": "fragment",
    "DataFile": "fragment",
    "LanceFileReader": "file",
    "LanceFileSession": "file",
    "BlobFile": "blob",
    "Bitmap": "bitmap",
}
# Spelled differently on purpose: an annotation object or sentinel in place of a plain default.
EXCEPTIONS = {("LanceDataset", "create_scalar_index")}


def parameters(function):
    """Names and defaults, as text: the defaults may be objects of either package."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    return [f"{p.name}={p.default}" for p in signature.parameters.values()]


def unwrapped(cls, name):
    for base in cls.__mro__:
        if name in vars(base):
            found = vars(base)[name]
            return found.__func__ if isinstance(found, (staticmethod, classmethod)) else found
    return None


@pytest.mark.parametrize("name, module", CLASSES.items())
def test_public_members_and_signatures_match(reference, name, module):
    import importlib

    theirs = getattr(importlib.import_module(f"lance.{module}"), name)
    ours = getattr(importlib.import_module(f"lance_cpp.{module}"), name)
    missing, different = [], []
    for member in vars(theirs):
        if member.startswith("_"):
            continue
        found = unwrapped(ours, member)
        if found is None and not hasattr(ours, member) and member not in getattr(ours, "__dataclass_fields__", {}):
            missing.append(member)
        elif callable(found) and (name, member) not in EXCEPTIONS:
            expected = parameters(unwrapped(theirs, member))
            if expected and parameters(found) != expected:
                different.append((member, expected, parameters(found)))
    assert missing == []
    assert different == []


def test_open_has_the_same_signature(reference):
    assert parameters(lance_cpp.dataset) == parameters(reference.dataset)


SCANS = [
    {},
    {"columns": ["i", "s"]},
    {"columns": ["s", "i"], "limit": 10, "offset": 5},
    {"columns": ["n.b", "i"]},
    {"columns": ["i"], "with_row_id": True},
    {"columns": ["i"], "with_row_address": True, "offset": 2965},
    {"columns": ["_rowid", "i"], "limit": 3},
    {"columns": ["i"], "filter": "i > 100 AND s IS NOT NULL", "limit": 20},
    {"columns": ["i", "s"], "filter": "s = 's5'"},
    {"columns": {"twice": "i * 2", "s": "s"}, "limit": 4},
    {"columns": ["f", "i"], "order_by": ["f"], "limit": 7},
    {"columns": ["i", "_distance"], "nearest": {"column": "v", "q": [1.0, 2.0, 3.0, 4.0], "k": 3}},
    {"nearest": {"column": "v", "q": [1.0, 0.0, 0.0, 1.0], "k": 4, "metric": "cosine"}, "columns": ["v"]},
    {"columns": [], "with_row_id": True, "limit": 2},
]


@pytest.mark.parametrize("options", SCANS, ids=[str(i) for i in range(len(SCANS))])
def test_scans_equal_the_reference(reference, basic_path, basic, options):
    expected = reference.dataset(basic_path).to_table(**options)
    found = basic.to_table(**options)
    assert found.schema == expected.schema
    if "nearest" in options:
        assert found["_distance"].to_pylist() == pytest.approx(expected["_distance"].to_pylist(), rel=1e-5)
    else:
        assert found.combine_chunks() == expected.combine_chunks()


WRONG = [
    lambda ds: ds.to_table(columns=["nope"]),
    lambda ds: ds.to_table(columns="i"),
    lambda ds: ds.to_table(filter="nope > 1"),
    lambda ds: ds.to_table(filter="i >"),
    lambda ds: ds.to_table(filter="i + 1"),
    lambda ds: ds.count_rows("nope > 1"),
    lambda ds: ds.take([10**6]),
    lambda ds: ds.take([-1]),
    lambda ds: ds._take_rows([77 << 32]),
    lambda ds: ds._take_rows([1, 77 << 32]),
    lambda ds: ds._take_rows([5000]),
    lambda ds: ds.to_table(limit=-1),
    lambda ds: ds.to_table(offset=-1),
    lambda ds: ds.to_table(batch_size=-1),
    lambda ds: ds.to_table(batch_size=0),
    lambda ds: ds.to_table(order_by=["nope"]),
    lambda ds: ds.to_table(include_deleted_rows=True),
    lambda ds: ds.to_table(blob_handling="nope"),
    lambda ds: ds.to_table(late_materialization="nope"),
    lambda ds: ds.scanner(fragments=[1]),
    lambda ds: ds.checkout_version(99),
    lambda ds: ds.checkout_version("nope"),
    lambda ds: ds.tags.get_version("nope"),
    lambda ds: ds.stats.index_stats("nope"),
    lambda ds: ds.take_blobs("i", indices=[0]),
    lambda ds: ds.take_blobs("i"),
    lambda ds: ds.get_fragments(filter=1),
    lambda ds: ds.scanner().take([1]),
    lambda ds: ds.sample(10**6),
    lambda ds: ds.replace_schema(pa.schema([])),
    lambda ds: ds.partition_expression,
]


@pytest.mark.parametrize("call", WRONG, ids=[str(i) for i in range(len(WRONG))])
def test_wrong_calls_raise_the_class_of_the_reference(reference, basic_path, basic, call):
    with pytest.raises(Exception) as expected:
        call(reference.dataset(basic_path))
    with pytest.raises(Exception) as found:
        call(basic)
    assert isinstance(found.value, expected.type.__mro__[0]) or found.type in expected.type.__mro__


def test_metadata_equals_the_reference(reference, basic_path, basic):
    theirs = reference.dataset(basic_path)
    assert basic.versions() == theirs.versions()
    assert basic.schema == theirs.schema
    assert repr(basic.lance_schema) == repr(theirs.lance_schema)
    assert basic.stats.dataset_stats() == theirs.stats.dataset_stats()
    for ours, other in zip(basic.get_fragments(), theirs.get_fragments()):
        assert ours.metadata.to_json() == other.metadata.to_json()
        assert repr(ours) == repr(other)
        assert ours.deletion_file() == other.deletion_file()
    for name in ("config", "get_version", "version_refs"):
        assert getattr(basic, name)() == getattr(theirs, name)()
    for name in ("metadata", "schema_metadata", "max_field_id", "data_storage_version", "has_stable_row_ids", "uri"):
        assert getattr(basic, name) == getattr(theirs, name)
    assert [f.bytes_on_disk for f in basic.stats.data_stats().fields] == [
        f.bytes_on_disk for f in theirs.stats.data_stats().fields
    ]
