"""Searches that differ in the vector only share a plan: checking options and planning would take longer than the search."""

from __future__ import annotations

import re

import pyarrow as pa

# Element types whose numpy arrays lie in memory as the native search takes them.
_ELEMENTS = {pa.float16(): "float16", pa.float32(): "float32", pa.float64(): "float64", pa.uint8(): "uint8"}
_MOST_PLANS = 16
# What a filter computes when it is planned, or anew each time.
_CLOCKS = re.compile(r"\b(now|today|random|current_(date|time|timestamp))\b", re.IGNORECASE)
_PLAIN = frozenset((str, int, float, bool))  # of equal values, equal plans


class _Plan:
    __slots__ = ("dtype", "schema", "shape", "native")

    def __init__(self, native, schema, dtype, shape):
        self.native, self.schema, self.dtype, self.shape = native, schema, dtype, shape


class Searches:
    """The plans of one version of a dataset, by everything but the vector. Dropped with the version."""

    def __init__(self):
        self._plans: dict = {}

    @staticmethod
    def key_of(options: dict):
        """What a plan is found by; None where an option is no plain value."""
        nearest = options["nearest"]
        if nearest.__class__ is not dict or "q" not in nearest:
            return None
        key = []
        for values in (options, nearest):
            for name, value in values.items():
                kind = value.__class__
                if value is None or name == "nearest" or name == "q":
                    continue
                if kind is list or kind is tuple:
                    value = tuple(value)
                    if not all(v.__class__ in _PLAIN for v in value):
                        return None
                elif kind not in _PLAIN or (name == "filter" and kind is str and _CLOCKS.search(value)):
                    return None
                key.append(name)
                key.append(value)
        return tuple(key)

    def run(self, key, q):
        """The result for the vector ``q``; None where there is no plan for it yet."""
        plan = self._plans.get(key)
        if plan is None or getattr(q, "dtype", None) != plan.dtype or q.shape != plan.shape:
            return None
        if not q.flags.c_contiguous:
            return None
        address = plan.native.search(q)
        if address is None:
            return plan.schema.empty_table()
        return pa.Table.from_batches((pa.RecordBatch._import_from_c(address, plan.schema),), plan.schema)

    def keep(self, key, q, scanner) -> None:
        """Keeps the plan of a scan that ran with the vector ``q``, if it can be used again."""
        from lance_cpp._dataset.nearest import _find_column, _vector_shape

        if getattr(q, "ndim", None) != 1:
            return
        element, dim, multi = _vector_shape(_find_column(scanner.dataset_schema, scanner._options["nearest"]["column"]))
        if multi or isinstance(element, pa.BaseExtensionType):
            return
        if _ELEMENTS.get(element) != str(q.dtype) or q.shape != (dim,):
            return
        if len(self._plans) >= _MOST_PLANS:
            self._plans.pop(list(self._plans)[0], None)  # one step: other threads may add plans meanwhile
        self._plans[key] = _Plan(scanner._scanner, scanner.projected_schema, q.dtype, q.shape)
