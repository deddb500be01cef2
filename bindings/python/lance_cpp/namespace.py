"""Catalogs: a folder of tables, the same behind a REST service, and that service. Needs ``lance-namespace``."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod

_HOME = {"DirectoryNamespace": "directory", "RestNamespace": "rest_client", "RestAdapter": "rest_server"}

__all__ = ["DirectoryNamespace", "RestNamespace", "RestAdapter", "DynamicContextProvider"]


class DynamicContextProvider(ABC):
    """Gives headers for each request of a catalog."""

    @abstractmethod
    def provide_context(self, info) -> dict:
        """The headers for a request described by ``info``."""


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module 'lance_cpp.namespace' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"lance_cpp._namespace.{_HOME[name]}"), name)
    globals()[name] = value
    return value
