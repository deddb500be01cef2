"""Schemas from pydantic models."""

from __future__ import annotations

import types
import typing
from abc import ABC, abstractmethod
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

import pyarrow as pa
import pydantic
from pydantic_core import core_schema


class FixedSizeListMixin(ABC):
    """What the types made by :func:`Vector` and :func:`MultiVector` share."""

    @staticmethod
    @abstractmethod
    def dim() -> int:
        """The number of values."""

    @staticmethod
    @abstractmethod
    def value_arrow_type() -> pa.DataType:
        """The type of a value."""



def Vector(dim, value_type=pa.float32(), nullable=True):
    """A pydantic type of vectors of one length.

    :param nullable: whether the vector may be missing
    """
    is_nullable = nullable

    class FixedSizeList(list, FixedSizeListMixin):
        def __repr__(self):
            return f"FixedSizeList(dim={dim})"

        @staticmethod
        def nullable() -> bool:
            return is_nullable

        @staticmethod
        def dim() -> int:
            return dim

        @staticmethod
        def value_arrow_type() -> pa.DataType:
            return value_type

        @classmethod
        def __get_pydantic_core_schema__(cls, source_type, handler):
            return core_schema.no_info_after_validator_function(
                cls, core_schema.list_schema(core_schema.float_schema(), min_length=dim, max_length=dim)
            )

    return FixedSizeList


def MultiVector(dim, value_type=pa.float32(), nullable=True):
    """A pydantic type of lists of vectors of one length."""
    is_nullable = nullable

    class MultiVectorList(list, FixedSizeListMixin):
        def __repr__(self):
            return f"MultiVectorList(dim={dim})"

        @staticmethod
        def nullable() -> bool:
            return is_nullable

        @staticmethod
        def is_multi_vector() -> bool:
            return True

        @staticmethod
        def dim() -> int:
            return dim

        @staticmethod
        def value_arrow_type() -> pa.DataType:
            return value_type

        @classmethod
        def __get_pydantic_core_schema__(cls, source_type, handler):
            inner = core_schema.list_schema(core_schema.float_schema(), min_length=dim, max_length=dim)
            return core_schema.no_info_after_validator_function(cls, core_schema.list_schema(inner))

    return MultiVectorList


_TYPES = {
    int: pa.int64(),
    float: pa.float64(),
    str: pa.utf8(),
    bytes: pa.binary(),
    bool: pa.bool_(),
    date: pa.date32(),
    datetime: pa.timestamp("us"),
}


def _without_none(annotation):
    """(the type of an Optional, whether it was one)."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        rest = [arg for arg in typing.get_args(annotation) if arg is not type(None)]
        if len(rest) == 1 and len(rest) < len(typing.get_args(annotation)):
            return rest[0], True
    return annotation, False


def is_nullable(field) -> bool:
    """Whether a field of a model may be missing."""
    annotation = field.annotation
    if isinstance(annotation, type) and issubclass(annotation, FixedSizeListMixin):
        return annotation.nullable()
    return _without_none(annotation)[1]


def get_extras(field, key):
    """An extra that a field was declared with, or None."""
    extras = field.json_schema_extra or {}
    return extras.get(key) if isinstance(extras, dict) else None


def _to_arrow_type(annotation, field) -> pa.DataType:
    annotation, _ = _without_none(annotation)
    if isinstance(annotation, type):
        if issubclass(annotation, FixedSizeListMixin):
            vector = pa.list_(annotation.value_arrow_type(), annotation.dim())
            return pa.list_(vector) if hasattr(annotation, "is_multi_vector") else vector
        if issubclass(annotation, pydantic.BaseModel):
            return pa.struct(_model_fields(annotation))
        if issubclass(annotation, Enum):
            return _TYPES[type(next(iter(annotation)).value)]
        if annotation is Decimal:
            return pa.decimal128(38, 38)
        if annotation is datetime:
            return pa.timestamp("us", tz=get_extras(field, "tz"))
        if annotation in _TYPES:
            return _TYPES[annotation]
    origin = typing.get_origin(annotation)
    if origin in (list, tuple, set, frozenset):
        arguments = [argument for argument in typing.get_args(annotation) if argument is not Ellipsis]
        if len(arguments) == 1:
            return pa.list_(_to_arrow_type(arguments[0], field))
    if origin is dict:
        key, value = typing.get_args(annotation)
        return pa.map_(_to_arrow_type(key, field), _to_arrow_type(value, field))
    raise TypeError(f"Converting pydantic type {annotation} to an Arrow type is not supported")


def _model_fields(model) -> list[pa.Field]:
    return [
        pa.field(name, _to_arrow_type(field.annotation, field), is_nullable(field))
        for name, field in model.model_fields.items()
    ]


def pydantic_to_schema(model) -> pa.Schema:
    """The Arrow schema of a pydantic model."""
    return pa.schema(_model_fields(model))
