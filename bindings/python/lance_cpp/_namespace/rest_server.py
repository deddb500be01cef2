"""Serves a catalog over REST."""

from __future__ import annotations

import http.server
import json
import threading
import urllib.parse

import lance_namespace
from lance_namespace.errors import InvalidInputError, LanceNamespaceError, UnsupportedOperationError

from lance_cpp._namespace import routes


def _backend(impl, properties, session):
    from lance_cpp._namespace import directory, rest_client

    if impl == "dir":
        return directory.DirectoryNamespace(session=session, **properties)
    if impl == "rest":
        return rest_client.RestNamespace(**properties)
    return lance_namespace.connect(impl, properties)


def _match(method, path):
    """(route, id) of a request's path."""
    parts = path.strip("/").split("/")
    for route in routes.ROUTES.values():
        wanted = route.path.strip("/").split("/")
        if route.method != method or len(parts) != len(wanted):
            continue
        pairs = list(zip(wanted, parts))
        if all(want in ("{id}", part) for want, part in pairs):
            return route, urllib.parse.unquote(parts[wanted.index("{id}")])
    raise UnsupportedOperationError(f"Not supported: {method} {path}")


def _json_values(query) -> dict:
    """Query parameters: maps and truth values come as JSON."""

    def parse(value):
        return json.loads(value) if value.startswith("{") or value in ("true", "false") else value

    return {key: parse(value) for key, value in query.items()}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    backend = None  # set by the class made for a server

    def log_message(self, *args):
        pass

    def _answer(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _run(self, body):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        route, text = _match(self.command, url.path)
        delimiter = query.pop("delimiter", routes.DELIMITER)
        names = [] if text == delimiter else text.split(delimiter)
        try:
            if route.operation == "create_table" or route.method == "GET":
                values = _json_values(query)
            else:
                values = json.loads(body or b"{}")
            if "limit" in values:
                values["limit"] = int(values["limit"])
            request = route.request_class.from_dict({**values, "id": names})
        except ValueError as error:
            raise InvalidInputError(f"Invalid input: {error}") from error
        call = getattr(self.backend, route.operation)
        answer = call(request, body) if route.operation == "create_table" else call(request)
        if route.operation == "count_table_rows":
            answer = getattr(answer, "count", answer)
        if hasattr(answer, "to_json"):
            return answer.to_json().encode()
        return b"" if answer is None else json.dumps(answer).encode()

    def _serve(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        try:
            self._answer(200, self._run(body))
        except LanceNamespaceError as error:
            self._fail(routes.status_of(error), int(error.code), error)
        except Exception as error:  # of the catalog: the service goes on
            self._fail(500, int(LanceNamespaceError.code), error)

    def _fail(self, status, code, error):
        values = {"error": str(error), "code": code, "detail": str(error), "instance": self.path}
        self._answer(status, json.dumps(values).encode())

    do_GET = do_POST = _serve


class RestAdapter:
    """Serves a catalog over REST until it is stopped; a context manager. One thread a connection.

    :param namespace_client_impl: ``"dir"``, ``"rest"`` or the path of a class
    :param namespace_client_properties: its properties
    :param port: 0, the default: a free one, then in :attr:`port`
    """

    def __init__(self, namespace_client_impl, namespace_client_properties=None, session=None, host=None, port=None):
        properties = {str(key): value for key, value in (namespace_client_properties or {}).items()}
        self._backend = _backend(namespace_client_impl, properties, session)
        self._address = (host or "127.0.0.1", port or 0)
        self._server = None
        self._thread = None

    @property
    def port(self) -> int:
        return self._server.server_address[1] if self._server is not None else self._address[1]

    def start(self):
        """Listens, on threads of its own."""
        if self._server is not None:
            raise RuntimeError("the adapter is running")
        handler = type("Handler", (_Handler,), {"backend": self._backend})
        self._server = http.server.ThreadingHTTPServer(self._address, handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._listen, name="lance-rest-adapter", daemon=True)
        self._thread.start()

    def _listen(self):
        self._server.serve_forever(poll_interval=0.05)

    def stop(self):
        """Stops listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = self._thread = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, exc_type, exc_value, traceback):
        self.stop()
        return False

    def __repr__(self):
        return f"RestAdapter(host={self._address[0]!r}, port={self.port})"
