"""The REST form of catalog operations, as the Lance namespace specification has it.

A route is a path, a method of the catalog, and its request class; ``{id}`` stands for the names of an object,
joined by the delimiter (which alone means the root). Requests are JSON without the id, except that lists take
query parameters and that ``create_table`` takes rows as an Arrow IPC stream.
"""

from __future__ import annotations

from typing import NamedTuple

import lance_namespace as models
from lance_namespace import errors

DELIMITER = "$"
ARROW = "application/vnd.apache.arrow.stream"


class Route(NamedTuple):
    """One operation."""

    operation: str
    path: str
    method: str = "POST"
    response: str | None = None  # a class, none: no content

    @property
    def request_class(self):
        return getattr(models, _camel(self.operation) + "Request")

    @property
    def response_class(self):
        return None if self.response is None else getattr(models, self.response)


def _camel(name) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _route(operation, path, method="POST", response=True):
    return Route(operation, path, method, _camel(operation) + "Response" if response else None)


ROUTES = {
    route.operation: route
    for route in (
        _route("create_namespace", "/v1/namespace/{id}/create"),
        _route("list_namespaces", "/v1/namespace/{id}/list", "GET"),
        _route("describe_namespace", "/v1/namespace/{id}/describe"),
        _route("drop_namespace", "/v1/namespace/{id}/drop"),
        _route("namespace_exists", "/v1/namespace/{id}/exists", response=False),
        _route("list_tables", "/v1/namespace/{id}/table/list", "GET"),
        _route("describe_table", "/v1/table/{id}/describe"),
        _route("register_table", "/v1/table/{id}/register"),
        _route("table_exists", "/v1/table/{id}/exists", response=False),
        _route("drop_table", "/v1/table/{id}/drop"),
        _route("deregister_table", "/v1/table/{id}/deregister"),
        _route("create_table", "/v1/table/{id}/create"),
        _route("declare_table", "/v1/table/{id}/declare"),
        _route("count_table_rows", "/v1/table/{id}/count_rows", response=False),  # answers a number
    )
}

# HTTP status of an error code; others are 500.
_STATUS = {
    errors.ErrorCode.UNSUPPORTED: 406,
    errors.ErrorCode.NAMESPACE_NOT_FOUND: 404,
    errors.ErrorCode.NAMESPACE_ALREADY_EXISTS: 409,
    errors.ErrorCode.NAMESPACE_NOT_EMPTY: 409,
    errors.ErrorCode.TABLE_NOT_FOUND: 404,
    errors.ErrorCode.TABLE_ALREADY_EXISTS: 409,
    errors.ErrorCode.INVALID_INPUT: 400,
    errors.ErrorCode.CONCURRENT_MODIFICATION: 409,
}


def status_of(error) -> int:
    return _STATUS.get(getattr(error, "code", None), 500)


def error_of(code, message):
    """The exception that stands for an error code."""
    for kind in vars(errors).values():
        is_error = isinstance(kind, type) and issubclass(kind, errors.LanceNamespaceError)
        if is_error and kind is not errors.LanceNamespaceError and kind.code == code:
            return kind(message)
    return errors.LanceNamespaceError(message)
