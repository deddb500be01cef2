"""A set of unsigned 32-bit integers, such as fragment ids."""

from __future__ import annotations

from collections.abc import Iterable, MutableSet

_LIMIT = 1 << 32


def _checked(value) -> int:
    number = value.__index__()
    if not 0 <= number < _LIMIT:
        raise OverflowError(f"{number} is not an unsigned 32-bit integer")
    return number


class Bitmap(MutableSet):
    """A set of unsigned 32-bit integers that iterates in ascending order."""

    __slots__ = ("_values",)

    def __init__(self, values=None):
        self._values = set()
        for value in () if values is None else values:
            try:
                self._values.add(_checked(value))
            except OverflowError:
                raise ValueError(f"Bitmap values must fit in an unsigned 32-bit integer, got {value}") from None

    @staticmethod
    def _from_bytes(data) -> Bitmap:
        from lance_cpp import _native

        return Bitmap(_native.roaring_values(data))

    @classmethod
    def _from_iterable(cls, values):
        return cls(values)

    def __contains__(self, value):
        return value in self._values

    def __iter__(self):
        return iter(sorted(self._values))

    def __len__(self):
        return len(self._values)

    def __repr__(self):
        return f"Bitmap({{{', '.join(map(str, self))}}})"

    def __eq__(self, other):
        if isinstance(other, Bitmap):
            return self._values == other._values
        if isinstance(other, Iterable) and not isinstance(other, (str, bytes)):
            return self._values == set(other)
        return NotImplemented

    __hash__ = None

    def __reduce__(self):
        return (Bitmap, (list(self),))

    def add(self, value):
        self._values.add(_checked(value))

    def discard(self, value):
        self._values.discard(value)

    def copy(self) -> Bitmap:
        return Bitmap(self._values)

    def update(self, values):
        self._values.update(_checked(value) for value in values)

    def union(self, other) -> Bitmap:
        return Bitmap(self._values.union(other))

    def intersection(self, other) -> Bitmap:
        return Bitmap(self._values.intersection(other))

    def difference(self, other) -> Bitmap:
        return Bitmap(self._values.difference(other))

    def symmetric_difference(self, other) -> Bitmap:
        return Bitmap(self._values.symmetric_difference(other))

    def issubset(self, other) -> bool:
        return self._values.issubset(other)

    def issuperset(self, other) -> bool:
        return self._values.issuperset(other)
