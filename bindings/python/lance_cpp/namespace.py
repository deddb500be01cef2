"""Catalogs: the classes by name. Their operations are not supported yet."""

from __future__ import annotations

from abc import ABC, abstractmethod

from lance_cpp._unsupported import unsupported

try:
    from lance_namespace import LanceNamespace
except ImportError:  # the package is optional while nothing here works without it

    class LanceNamespace:  # type: ignore[no-redef]
        """Stands for ``lance_namespace.LanceNamespace``, which is not installed."""


_WHY = "open tables by their path"


class DynamicContextProvider(ABC):
    """Gives headers for each request of a catalog."""

    @abstractmethod
    def provide_context(self, info) -> dict:
        """The headers for a request described by ``info``."""


class DirectoryNamespace(LanceNamespace):
    """A folder of tables as a catalog: not supported yet."""

    def __init__(self, session=None, context_provider=None, **properties):
        raise unsupported("DirectoryNamespace", _WHY)

    def namespace_id(self) -> str:
        raise unsupported("DirectoryNamespace.namespace_id", _WHY)


class RestNamespace(LanceNamespace):
    """A catalog behind a REST service: not supported yet."""

    def __init__(self, context_provider=None, **properties):
        raise unsupported("RestNamespace", _WHY)

    def namespace_id(self) -> str:
        raise unsupported("RestNamespace.namespace_id", _WHY)


class RestAdapter:
    """Serves a catalog over REST: not supported yet."""

    def __init__(self, namespace_client_impl, namespace_client_properties=None, session=None, host=None, port=None):
        raise unsupported("RestAdapter", _WHY)
