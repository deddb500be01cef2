"""A folder of tables as a catalog."""

from __future__ import annotations

import os
import uuid

import pyarrow as pa
from lance_namespace import (
    CountTableRowsRequest,
    CountTableRowsResponse,
    CreateNamespaceRequest,
    CreateNamespaceResponse,
    CreateTableRequest,
    CreateTableResponse,
    DeclareTableRequest,
    DeclareTableResponse,
    DeregisterTableRequest,
    DeregisterTableResponse,
    DescribeNamespaceRequest,
    DescribeNamespaceResponse,
    DescribeTableRequest,
    DescribeTableResponse,
    DropNamespaceRequest,
    DropNamespaceResponse,
    DropTableRequest,
    DropTableResponse,
    LanceNamespace,
    ListNamespacesRequest,
    ListNamespacesResponse,
    ListTablesRequest,
    ListTablesResponse,
    NamespaceExistsRequest,
    RegisterTableRequest,
    RegisterTableResponse,
    TableExistsRequest,
)
from lance_namespace.errors import (
    InvalidInputError,
    NamespaceAlreadyExistsError,
    NamespaceNotEmptyError,
    NamespaceNotFoundError,
    TableAlreadyExistsError,
    TableNotFoundError,
    UnsupportedOperationError,
)

from lance_cpp import _native
from lance_cpp._dataset import maintenance, opening
from lance_cpp._namespace.entries import DELIMITER, NAMESPACE, TABLE, Entries, Entry

_RESERVED = ".lance-reserved"  # in the folder of a table that is declared and not written yet


def _is_true(text) -> bool:
    return str(text).strip().lower() == "true"


def _page(names, request):
    """(names of this page, token of the next)."""
    names = sorted(names)
    if request.page_token:
        names = [name for name in names if name > request.page_token]
    if request.limit is None or request.limit >= len(names):
        return names, None
    page = names[: max(request.limit, 0)]
    return page, page[-1] if page else None


class DirectoryNamespace(LanceNamespace):
    """A folder of tables, and of namespaces that exist only by name, as a catalog.

    :param session: shares caches between the tables
    :param context_provider: not supported
    :param properties: ``root``, the folder; ``storage.<name>``, options of the object store; ``manifest_enabled``
        (default true): objects are rows of the table ``__manifest`` in the root; ``dir_listing_enabled`` (default
        true): folders ``<name>.lance`` in the root are tables too
    """

    def __init__(self, session=None, context_provider=None, **properties):
        if context_provider is not None or "dynamic_context_provider.impl" in properties:
            raise UnsupportedOperationError("Not supported: context providers of a directory namespace")
        if not properties.get("root"):
            raise InvalidInputError("Invalid input: Missing required property 'root' for directory namespace")
        self._root = os.fspath(properties["root"]).rstrip("/")
        self._session = session
        self._storage = {
            name.removeprefix("storage."): value for name, value in properties.items() if name.startswith("storage.")
        }
        self._by_entries = _is_true(properties.get("manifest_enabled", "true"))
        self._by_folders = _is_true(properties.get("dir_listing_enabled", "true"))
        self._entries = Entries(self._root, self._storage or None, session)
        self._store = _native.ObjectStore.open(opening.to_uri(self._root), self._storage)

    def namespace_id(self) -> str:
        return f'DirectoryNamespace {{ root: "{self._root}" }}'

    def __repr__(self):
        return self.namespace_id()

    # ---- namespaces ----

    def _need_entries(self, what):
        if not self._by_entries:
            raise UnsupportedOperationError(f"Not supported: {what} needs manifest_enabled")

    def _need_namespace(self, names, what="Namespace not found: "):
        object_id = DELIMITER.join(names)
        if names and (not self._by_entries or self._entries.find(object_id, NAMESPACE) is None):
            raise NamespaceNotFoundError(what + object_id)
        return object_id

    def create_namespace(self, request: CreateNamespaceRequest) -> CreateNamespaceResponse:
        names = _names_of(request.id)
        if not names:
            raise NamespaceAlreadyExistsError("Namespace already exists: root namespace")
        self._need_entries("a child namespace")
        if len(names) > 1:
            parent = DELIMITER.join(names[:-1])
            if self._entries.find(parent, NAMESPACE) is None:
                raise NamespaceNotFoundError(f"Namespace not found: parent namespace '{parent}'")
        object_id = DELIMITER.join(names)
        if not self._entries.add(Entry(object_id, NAMESPACE, None, request.properties)):
            raise NamespaceAlreadyExistsError(f"Namespace already exists: {object_id}")
        return CreateNamespaceResponse(properties=request.properties)

    def list_namespaces(self, request: ListNamespacesRequest) -> ListNamespacesResponse:
        names = _names_of(request.id)
        found = self._entries.children(names, NAMESPACE) if self._by_entries else []
        page, token = _page([entry.object_id.rpartition(DELIMITER)[2] for entry in found], request)
        return ListNamespacesResponse(namespaces=page, page_token=token)

    def describe_namespace(self, request: DescribeNamespaceRequest) -> DescribeNamespaceResponse:
        names = _names_of(request.id)
        if not names:
            return DescribeNamespaceResponse(properties={})
        object_id = self._need_namespace(names)
        return DescribeNamespaceResponse(properties=self._entries.find(object_id, NAMESPACE).properties or {})

    def drop_namespace(self, request: DropNamespaceRequest) -> DropNamespaceResponse:
        names = _names_of(request.id)
        if not names:
            raise InvalidInputError("Invalid input: Root namespace cannot be dropped")
        object_id = self._need_namespace(names)
        children = len(self._entries.children(names))
        if children:
            raise NamespaceNotEmptyError(f"Namespace not empty: '{object_id}' (contains {children} child objects)")
        self._entries.remove(object_id)
        return DropNamespaceResponse()

    def namespace_exists(self, request: NamespaceExistsRequest) -> None:
        self._need_namespace(_names_of(request.id))

    # ---- tables ----

    def _uri_of(self, location) -> str:
        return f"{self._root}/{location}"

    def _has_folder(self, location) -> bool:
        return bool(self._store.list(f"{location}/_versions", False)) or self._is_declared(location)

    def _is_declared(self, location) -> bool:
        return any(path.endswith("/" + _RESERVED) for path, _, _ in self._store.list(location, False))

    def _find_table(self, names) -> Entry | None:
        if not names:
            raise InvalidInputError("Invalid input: Table ID cannot be empty")
        object_id = DELIMITER.join(names)
        if self._by_entries:
            entry = self._entries.find(object_id, TABLE)
            if entry is not None:
                return entry
        location = f"{object_id}.lance"
        if self._by_folders and len(names) == 1 and self._has_folder(location):
            return Entry(object_id, TABLE, location, None)
        return None

    def _need_table(self, names) -> Entry:
        entry = self._find_table(names)
        if entry is None:
            raise TableNotFoundError(f"Table not found: table id '{DELIMITER.join(names)}'")
        return entry

    def _new_location(self, names) -> str:
        object_id = DELIMITER.join(names)
        if len(names) == 1 and self._by_folders:
            return f"{object_id}.lance"
        self._need_entries("a table in a child namespace")
        return f"{uuid.uuid4().hex[:8]}_{object_id}"

    def _enter(self, names, location, properties=None):
        if self._by_entries and not self._entries.add(Entry(DELIMITER.join(names), TABLE, location, properties)):
            raise TableAlreadyExistsError(f"Table already exists: {DELIMITER.join(names)}")

    def list_tables(self, request: ListTablesRequest) -> ListTablesResponse:
        names = _names_of(request.id)
        entries = self._entries.children(names, TABLE) if self._by_entries else []
        found = {entry.object_id.rpartition(DELIMITER)[2]: entry.location for entry in entries}
        if self._by_folders and not names:
            known = set(found.values())
            tables = (name for name in self._store.list_folders("") if name.endswith(".lance") and name not in known)
            found.update({name.removesuffix(".lance"): name for name in tables if self._has_folder(name)})
        if request.include_declared is False:
            found = {name: location for name, location in found.items() if not self._is_declared(location)}
        page, token = _page(found, request)
        return ListTablesResponse(tables=page, page_token=token)

    def describe_table(self, request: DescribeTableRequest) -> DescribeTableResponse:
        names = _names_of(request.id)
        entry = self._need_table(names)
        uri = self._uri_of(entry.location)
        version = None
        if request.load_detailed_metadata and not self._is_declared(entry.location):
            version = self._open(uri, request.version).version
        return DescribeTableResponse(
            table=names[-1], namespace=names[:-1], location=uri, table_uri=uri, version=version,
            storage_options=self._storage or None, properties=entry.properties,
        )  # fmt: skip

    def table_exists(self, request: TableExistsRequest) -> None:
        self._need_table(_names_of(request.id))

    def create_table(self, request: CreateTableRequest, request_data: bytes) -> CreateTableResponse:
        names = _names_of(request.id)
        mode = (request.mode or "create").lower().replace("_", "")
        if mode not in ("create", "existok", "overwrite"):
            raise InvalidInputError(f"Invalid input: Unknown create_table mode: {request.mode}")
        existing = self._find_table(names)
        if not request_data:
            raise InvalidInputError("Invalid input: Request data (Arrow IPC stream) is required for create_table")
        if existing is not None and mode == "create" and not self._is_declared(existing.location):
            raise TableAlreadyExistsError(f"Table already exists: {names[-1]}")
        if existing is not None and mode == "existok":
            return CreateTableResponse(location=self._uri_of(existing.location))
        try:
            rows = pa.ipc.open_stream(request_data)
        except pa.ArrowInvalid as error:
            raise InvalidInputError(f"Invalid input: Invalid Arrow IPC stream: {error}") from error
        location = self._new_location(names) if existing is None else existing.location
        written = self._write(rows, self._uri_of(location), "create" if existing is None else "overwrite")
        if existing is None:
            self._enter(names, location, request.properties)
        elif self._is_declared(location):
            self._store.delete(f"{location}/{_RESERVED}")
        return CreateTableResponse(
            location=self._uri_of(location), version=written.version, storage_options=self._storage or None,
            properties=request.properties,
        )  # fmt: skip

    def _write(self, rows, uri, mode):
        import lance_cpp

        return lance_cpp.write_dataset(
            rows, uri, mode=mode, storage_options=self._storage or None, session=self._session
        )

    def _open(self, uri, version=None):
        import lance_cpp

        return lance_cpp.dataset(uri, version=version, storage_options=self._storage or None, session=self._session)

    def declare_table(self, request: DeclareTableRequest) -> DeclareTableResponse:
        names = _names_of(request.id)
        if self._find_table(names) is not None:
            raise TableAlreadyExistsError(f"Table already exists: {DELIMITER.join(names)}")
        location = self._new_location(names)
        if request.location and request.location.rstrip("/") != self._uri_of(location):
            raise InvalidInputError(
                f"Invalid input: Cannot declare table at location {request.location}, must be at location "
                f"{self._uri_of(location)}"
            )
        self._store.create(f"{location}/{_RESERVED}").close()
        self._enter(names, location, request.properties)
        return DeclareTableResponse(location=self._uri_of(location), storage_options=self._storage or None)

    def register_table(self, request: RegisterTableRequest) -> RegisterTableResponse:
        names = _names_of(request.id)
        location = request.location
        inside = "Location must be a relative path within the root directory: "
        if "://" in location:
            raise InvalidInputError(
                f"Invalid input: Absolute URIs are not allowed for register_table. {inside}{location}"
            )
        if location.startswith("/"):
            raise InvalidInputError(
                f"Invalid input: Absolute paths are not allowed for register_table. {inside}{location}"
            )
        if ".." in location.split("/"):
            raise InvalidInputError(f"Invalid input: Path traversal is not allowed. {inside}{location}")
        self._need_entries("register_table")
        if not names:
            raise InvalidInputError("Invalid input: Table ID cannot be empty")
        self._enter(names, location, request.properties)
        return RegisterTableResponse(location=location, properties=request.properties)

    def deregister_table(self, request: DeregisterTableRequest) -> DeregisterTableResponse:
        names = _names_of(request.id)
        self._need_entries("deregister_table")
        entry = self._entries.find(DELIMITER.join(names), TABLE)
        if entry is None:
            raise TableNotFoundError(f"Table not found: {DELIMITER.join(names)}")
        self._entries.remove(entry.object_id)
        return DeregisterTableResponse(
            id=names, location=self._uri_of(entry.location), properties=entry.properties
        )

    def drop_table(self, request: DropTableRequest) -> DropTableResponse:
        names = _names_of(request.id)
        entry = self._find_table(names)
        if entry is None:
            raise TableNotFoundError(f"Table not found: {names[-1]}")
        uri = self._uri_of(entry.location)
        # The entry first: a table that is half gone must not be found.
        if self._by_entries:
            self._entries.remove(entry.object_id)
        maintenance.drop(uri, self._storage, ignore_not_found=True)
        return DropTableResponse(id=names, location=uri, properties=entry.properties)

    def count_table_rows(self, request: CountTableRowsRequest) -> CountTableRowsResponse:
        entry = self._need_table(_names_of(request.id))
        dataset = self._open(self._uri_of(entry.location), request.version)
        return CountTableRowsResponse(count=dataset.count_rows(request.predicate))


def _names_of(object_id) -> list[str]:
    names = list(object_id or [])
    for name in names:
        if not name or DELIMITER in name or "/" in name:
            raise InvalidInputError(f"Invalid input: '{name}' is no name of an object")
    return names
