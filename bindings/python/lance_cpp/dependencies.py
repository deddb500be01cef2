"""Optional packages, loaded when first used, and tests whether an object is of one of them."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType


class _LazyModule(ModuleType):
    """Stands for a module until an attribute is asked for."""

    def __init__(self, module_name, *, module_available):
        super().__init__(module_name)
        self._module_name = module_name
        self._module_available = module_available

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        if not self._module_available:
            raise ModuleNotFoundError(f"{self._module_name} is needed for this and is not installed")
        return getattr(importlib.import_module(self._module_name), name)


def _lazy_import(module_name):
    """(module or its stand-in, whether it is installed)."""
    if module_name in sys.modules and sys.modules[module_name] is not None:
        return sys.modules[module_name], True
    try:
        available = importlib.util.find_spec(module_name) is not None
    except (ImportError, ValueError):
        available = False
    return _LazyModule(module_name, module_available=available), available


numpy, _NUMPY_AVAILABLE = _lazy_import("numpy")
pandas, _PANDAS_AVAILABLE = _lazy_import("pandas")
polars, _POLARS_AVAILABLE = _lazy_import("polars")
torch, _TORCH_AVAILABLE = _lazy_import("torch")
datasets, _HUGGING_FACE_AVAILABLE = _lazy_import("datasets")
_, _PYDANTIC_AVAILABLE = _lazy_import("pydantic")


def _might_be(cls, package) -> bool:
    """Whether a class, or one it derives from, is of a package; imports nothing."""
    return any(base.__module__.split(".", 1)[0] == package for base in getattr(cls, "__mro__", ()))


def _check(obj, package, check_type) -> bool:
    return package in sys.modules and _might_be(type(obj) if check_type else obj, package)


def _check_for_numpy(obj, *, check_type=True) -> bool:
    return _check(obj, "numpy", check_type)


def _check_for_pandas(obj, *, check_type=True) -> bool:
    return _check(obj, "pandas", check_type)


def _check_for_polars(obj, *, check_type=True) -> bool:
    return _check(obj, "polars", check_type)


def _check_for_torch(obj, *, check_type=True) -> bool:
    return _check(obj, "torch", check_type)


def _check_for_hugging_face(obj, *, check_type=True) -> bool:
    return _check(obj, "datasets", check_type)


def _check_for_pydantic(obj, *, check_type=True) -> bool:
    return _check(obj, "pydantic", check_type)


def _is_pydantic_base_model_class(obj) -> bool:
    return isinstance(obj, type) and hasattr(obj, "model_fields") and _might_be(obj, "pydantic")


def _is_pydantic_base_model(obj) -> bool:
    return _is_pydantic_base_model_class(type(obj))


def model_to_dict(obj) -> dict:
    """The fields of a pydantic model."""
    return obj.model_dump()


def _validate_pydantic_list(data, model_class):
    for index, item in enumerate(data):
        if not isinstance(item, model_class):
            raise TypeError(f"item {index} is a {type(item).__name__}, not a {model_class.__name__}")


__all__ = ["datasets", "model_to_dict", "numpy", "pandas", "polars", "torch"]
