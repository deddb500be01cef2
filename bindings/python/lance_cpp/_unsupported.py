"""How this package says that it cannot do something: by name, never by a pretended result."""

from __future__ import annotations

import functools


def unsupported(name: str, why: str) -> NotImplementedError:
    return NotImplementedError(f"{name} is not supported yet by lance_cpp: {why}")


def not_yet(why: str):
    """Decorates the declaration of an operation that is still missing. Signature and docstring stay."""

    def decorate(function):
        name = function.__qualname__.replace("NotYetSupported.", "LanceDataset.")

        @functools.wraps(function)
        def refuse(*args, **kwargs):
            raise unsupported(name, why)

        return refuse

    return decorate


def missing_class(name: str, module: str, why: str):
    """Makes a class that exists by name (for imports and isinstance) and cannot be made."""

    def refuse(self, *args, **kwargs):
        raise unsupported(name, why)

    return type(name, (), {"__init__": refuse, "__module__": module, "__doc__": f"Not supported yet: {why}."})


WRITES = "this part of writing is not there"
INDEXES = "it needs index support, which this release lacks"
