"""Catalogs: folders and REST services of ours and of pylance's, used by the other."""

import io

import pyarrow as pa
import pytest

import lance_cpp
import lance_cpp.namespace

lance = pytest.importorskip("lance")
lance_namespace = pytest.importorskip("lance_namespace")
import lance.namespace  # noqa: E402
from lance_namespace import (  # noqa: E402
    CountTableRowsRequest,
    CreateNamespaceRequest,
    CreateTableRequest,
    DeclareTableRequest,
    DeregisterTableRequest,
    DescribeNamespaceRequest,
    DescribeTableRequest,
    DropNamespaceRequest,
    DropTableRequest,
    ListNamespacesRequest,
    ListTablesRequest,
    NamespaceExistsRequest,
    RegisterTableRequest,
    TableExistsRequest,
)

ROWS = pa.table({"id": [1, 2, 3], "name": ["a", "b", "c"]})


def ipc(table):
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def directory(package, root):
    return package.namespace.DirectoryNamespace(root=str(root))


def outcome(call, *arguments):
    """What a call gives, or which error it is and its text; without what is random or differs by type only."""
    try:
        answer = call(*arguments)
    except Exception as error:
        return type(error).__name__, str(error)
    values = answer.to_dict() if hasattr(answer, "to_dict") else {}
    return {key: value for key, value in values.items() if value is not None and key not in ("location", "table_uri")}


STEPS = [
    ("create_namespace", CreateNamespaceRequest(id=["ws"], properties={"owner": "me"})),
    ("create_namespace", CreateNamespaceRequest(id=["ws"])),
    ("create_namespace", CreateNamespaceRequest(id=["ws", "inner"])),
    ("create_namespace", CreateNamespaceRequest(id=["no", "inner"])),
    ("create_namespace", CreateNamespaceRequest(id=[])),
    ("describe_namespace", DescribeNamespaceRequest(id=["ws"])),
    ("describe_namespace", DescribeNamespaceRequest(id=["no"])),
    ("list_namespaces", ListNamespacesRequest(id=[])),
    ("list_namespaces", ListNamespacesRequest(id=["ws"])),
    ("create_table", CreateTableRequest(id=["ws", "t1"]), ipc(ROWS)),
    ("create_table", CreateTableRequest(id=["ws", "t1"]), ipc(ROWS)),
    ("create_table", CreateTableRequest(id=["ws", "t1"], mode="overwrite"), ipc(ROWS)),
    ("create_table", CreateTableRequest(id=["ws", "t1"], mode="exist_ok"), ipc(ROWS)),
    ("create_table", CreateTableRequest(id=["ws", "t2"]), b""),
    ("create_table", CreateTableRequest(id=[]), ipc(ROWS)),
    ("create_table", CreateTableRequest(id=["top"]), ipc(ROWS)),
    ("declare_table", DeclareTableRequest(id=["ws", "later"])),
    ("describe_table", DescribeTableRequest(id=["ws", "t1"])),
    ("describe_table", DescribeTableRequest(id=["ws", "no"])),
    ("list_tables", ListTablesRequest(id=["ws"])),
    ("list_tables", ListTablesRequest(id=["ws"], limit=1)),
    ("list_tables", ListTablesRequest(id=["ws"], limit=1, page_token="later")),
    ("list_tables", ListTablesRequest(id=[])),
    ("register_table", RegisterTableRequest(id=["ws", "alias"], location="top.lance")),
    ("register_table", RegisterTableRequest(id=["ws", "alias"], location="top.lance")),
    ("register_table", RegisterTableRequest(id=["ws", "bad"], location="s3://elsewhere/t.lance")),
    ("register_table", RegisterTableRequest(id=["ws", "bad"], location="/elsewhere/t.lance")),
    ("register_table", RegisterTableRequest(id=["ws", "bad"], location="../t.lance")),
    ("deregister_table", DeregisterTableRequest(id=["ws", "alias"])),
    ("deregister_table", DeregisterTableRequest(id=["ws", "alias"])),
    ("table_exists", TableExistsRequest(id=["ws", "t1"])),
    ("table_exists", TableExistsRequest(id=["ws", "no"])),
    ("drop_table", DropTableRequest(id=["ws", "no"])),
    ("namespace_exists", NamespaceExistsRequest(id=["no"])),
    ("drop_namespace", DropNamespaceRequest(id=["ws"])),
    ("drop_namespace", DropNamespaceRequest(id=["no"])),
    ("drop_namespace", DropNamespaceRequest(id=[])),
    ("drop_namespace", DropNamespaceRequest(id=["ws", "inner"])),
    ("drop_table", DropTableRequest(id=["ws", "t1"])),
    ("list_tables", ListTablesRequest(id=["ws"])),
]


def test_answers_and_errors_are_those_of_the_reference(tmp_path):
    ours, theirs = directory(lance_cpp, tmp_path / "ours"), directory(lance, tmp_path / "theirs")
    for name, *arguments in STEPS:
        assert outcome(getattr(ours, name), *arguments) == outcome(getattr(theirs, name), *arguments), arguments[0]


@pytest.mark.parametrize("first, second", [(lance_cpp, lance), (lance, lance_cpp)])
def test_one_folder_is_the_same_catalog_to_both(tmp_path, first, second):
    maker, user = directory(first, tmp_path), directory(second, tmp_path)
    maker.create_namespace(CreateNamespaceRequest(id=["ws"], properties={"a": "b"}))
    maker.create_table(CreateTableRequest(id=["ws", "t"]), ipc(ROWS))
    maker.create_table(CreateTableRequest(id=["top"]), ipc(ROWS))
    assert user.describe_namespace(DescribeNamespaceRequest(id=["ws"])).properties == {"a": "b"}
    assert user.list_tables(ListTablesRequest(id=["ws"])).tables == ["t"]
    assert user.list_tables(ListTablesRequest(id=[])).tables == ["top"]
    location = user.describe_table(DescribeTableRequest(id=["ws", "t"])).location
    assert second.dataset(location).to_table().equals(ROWS)
    user.create_table(CreateTableRequest(id=["ws", "u"]), ipc(ROWS))
    user.drop_table(DropTableRequest(id=["ws", "t"]))
    assert maker.list_tables(ListTablesRequest(id=["ws"])).tables == ["u"]
    entries = first.dataset(str(tmp_path / "__manifest")).to_table()
    assert entries.schema.equals(second.dataset(str(tmp_path / "__manifest")).schema)
    assert sorted(entries["object_id"].to_pylist()) == ["top", "ws", "ws$u"]


@pytest.mark.parametrize("server, client", [(lance_cpp, lance), (lance, lance_cpp), (lance_cpp, lance_cpp)])
def test_rest_services_and_their_clients(tmp_path, server, client):
    with server.namespace.RestAdapter("dir", {"root": str(tmp_path)}, port=0) as adapter:
        rest = client.namespace.RestNamespace(uri=f"http://127.0.0.1:{adapter.port}")
        rest.create_namespace(CreateNamespaceRequest(id=["ws"], properties={"a": "b"}))
        assert rest.describe_namespace(DescribeNamespaceRequest(id=["ws"])).properties == {"a": "b"}
        made = rest.create_table(CreateTableRequest(id=["ws", "t"]), ipc(ROWS))
        assert made.version == 1
        assert lance_cpp.dataset(made.location).to_table().equals(ROWS)
        rest.create_table(CreateTableRequest(id=["ws", "t"], mode="overwrite"), ipc(ROWS.slice(1)))
        assert rest.count_table_rows(CountTableRowsRequest(id=["ws", "t"])).count == 2
        assert rest.list_tables(ListTablesRequest(id=["ws"], limit=5)).tables == ["t"]
        assert rest.list_namespaces(ListNamespacesRequest(id=[])).namespaces == ["ws"]
        rest.table_exists(TableExistsRequest(id=["ws", "t"]))
        for name, request in [
            ("create_namespace", CreateNamespaceRequest(id=["ws"])),
            ("describe_table", DescribeTableRequest(id=["ws", "no"])),
            ("drop_namespace", DropNamespaceRequest(id=["ws"])),
            ("table_exists", TableExistsRequest(id=["ws", "no"])),
        ]:
            kind, _ = outcome(getattr(rest, name), request)
            assert kind == outcome(getattr(directory(lance_cpp, tmp_path), name), request)[0]
        rest.drop_table(DropTableRequest(id=["ws", "t"]))
        rest.drop_namespace(DropNamespaceRequest(id=["ws"]))
        assert rest.list_namespaces(ListNamespacesRequest(id=[])).namespaces == []


def test_tables_are_written_and_opened_by_their_names(tmp_path):
    catalog = directory(lance_cpp, tmp_path)
    lance_cpp.write_dataset(ROWS, namespace_client=catalog, table_id=["top"], mode="create")
    lance_cpp.write_dataset(ROWS, namespace_client=catalog, table_id=["top"], mode="append")
    assert lance_cpp.dataset(namespace_client=catalog, table_id=["top"]).count_rows() == 6
    assert lance.dataset(namespace_client=directory(lance, tmp_path), table_id=["top"]).count_rows() == 6


def test_of_two_who_make_a_table_one_gets_the_name(tmp_path):
    import concurrent.futures

    def make(number):
        kind = outcome(
            directory(lance_cpp, tmp_path).create_namespace, CreateNamespaceRequest(id=["ws"], properties={"n": str(number)})
        )
        return kind[0] if isinstance(kind, tuple) else "made"

    directory(lance_cpp, tmp_path).create_namespace(CreateNamespaceRequest(id=["other"]))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(make, range(8)))
    assert sorted(results) == ["NamespaceAlreadyExistsError"] * 7 + ["made"]
