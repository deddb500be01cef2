"""A catalog behind a REST service."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request

from lance_namespace import CountTableRowsResponse, LanceNamespace
from lance_namespace.errors import InvalidInputError, ServiceUnavailableError

from lance_cpp._namespace import routes

_TIMEOUT_S = 60


class RestNamespace(LanceNamespace):
    """A catalog behind a REST service.

    :param context_provider: gives ``headers.<name>`` for each request
    :param properties: ``uri``, where the service is; ``header.<name>``, headers of every request; ``delimiter``
        between names (default ``$``)
    """

    def __init__(self, context_provider=None, **properties):
        if not properties.get("uri"):
            raise InvalidInputError("Invalid input: Missing required property 'uri' for REST namespace")
        self._uri = properties["uri"].rstrip("/")
        self._delimiter = properties.get("delimiter", routes.DELIMITER)
        self._headers = {
            name.split(".", 1)[1]: value
            for name, value in properties.items()
            if name.startswith(("header.", "headers."))
        }
        self._provider = context_provider

    def namespace_id(self) -> str:
        return f'RestNamespace {{ endpoint: "{self._uri}", delimiter: "{self._delimiter}" }}'

    def __repr__(self):
        return self.namespace_id()

    def _headers_of(self, operation, object_id) -> dict:
        headers = dict(self._headers)
        if self._provider is not None:
            context = self._provider.provide_context({"operation": operation, "object_id": object_id})
            headers.update({k.removeprefix("headers."): v for k, v in context.items() if k.startswith("headers.")})
        return headers

    def _call(self, route, request, body=None):
        object_id = self._delimiter.join(request.id or []) or self._delimiter
        values = {key: value for key, value in request.to_dict().items() if value is not None}
        for name in ("id", "identity", "context"):
            values.pop(name, None)
        query = {"delimiter": self._delimiter}
        headers = self._headers_of(route.operation, object_id)
        if body is not None:
            headers["Content-Type"] = routes.ARROW
            query.update({k: v if isinstance(v, str) else json.dumps(v) for k, v in values.items()})
        elif route.method == "GET":
            query.update({k: v if isinstance(v, str) else json.dumps(v) for k, v in values.items()})
        else:
            headers["Content-Type"] = "application/json"
            body = json.dumps(values).encode()
        path = route.path.replace("{id}", urllib.parse.quote(object_id, safe=""))
        url = f"{self._uri}{path}?{urllib.parse.urlencode(query)}"
        sent = urllib.request.Request(url, data=body, headers=headers, method=route.method)
        try:
            with urllib.request.urlopen(sent, timeout=_TIMEOUT_S) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            raise _error_in(error.read(), error) from None
        except urllib.error.URLError as error:
            raise ServiceUnavailableError(f"{self._uri} cannot be reached: {error.reason}") from error


def _error_in(body, error):
    try:
        values = json.loads(body)
        message = values.get("detail") or values.get("error") or str(error)
        return routes.error_of(values["code"], message)
    except (ValueError, KeyError, TypeError):
        return routes.error_of(None, f"{error}: {body[:200]!r}")


def _method(route):
    def call(self, request):
        answer = self._call(route, request)
        kind = route.response_class
        return None if kind is None else kind.from_dict(json.loads(answer or b"{}"))

    def create_table(self, request, request_data):
        return route.response_class.from_dict(json.loads(self._call(route, request, bytes(request_data))))

    def count_table_rows(self, request):
        return CountTableRowsResponse(count=int(json.loads(self._call(route, request))))

    method = {"create_table": create_table, "count_table_rows": count_table_rows}.get(route.operation, call)
    method.__name__ = route.operation
    method.__doc__ = f"``{route.method} {route.path}``."
    return method


for _route in routes.ROUTES.values():
    setattr(RestNamespace, _route.operation, _method(_route))
