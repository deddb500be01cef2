"""Scalar indices of a dataset: building."""

from __future__ import annotations

import uuid as _uuid

import pyarrow as pa

from lance_cpp import _native
from lance_cpp._unsupported import INDEXES, unsupported

_TYPES = ["BTREE", "BITMAP", "NGRAM", "ZONEMAP", "LABEL_LIST", "INVERTED", "FTS", "BLOOMFILTER", "RTREE",
          "MINHASHLSH"]  # fmt: skip
# Built over fragments by create_index_uncommitted, not by create_scalar_index.
_SEGMENTED = {"BTREE", "BITMAP", "NGRAM", "RTREE", "ZONEMAP", "BLOOMFILTER", "LABEL_LIST", "MINHASHLSH"}


def _name_of(index_type):
    name = index_type if isinstance(index_type, str) else getattr(index_type, "index_type", None)
    if not isinstance(name, str):
        raise TypeError("index_type must be str or IndexConfig")
    return name.upper()


def is_scalar(index_type) -> bool:
    return not isinstance(index_type, str) or index_type.upper() in _TYPES


def _check_column(dataset, column):
    """The path of a column that a BTREE can index; errors as the API raises them."""
    columns = [column] if isinstance(column, str) else list(column)
    if len(columns) > 1:
        raise NotImplementedError("Scalar indices currently only support a single column")
    schema = dataset.lance_schema
    field = schema.field(columns[0])
    path = columns[0]
    if field is None:
        same = [name for name in dataset.schema.names if name.lower() == path.lower()]
        if len(same) != 1:
            raise KeyError(f"{path} not found in schema")
        path, field = same[0], schema.field(same[0])
    kind = field.to_arrow().type
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    types = pa.types
    if not any(
        test(kind)
        for test in (
            types.is_integer, types.is_floating, types.is_boolean, types.is_string, types.is_large_string,
            types.is_binary, types.is_large_binary, types.is_temporal, types.is_decimal128, types.is_decimal256,
            types.is_fixed_size_binary,
        )
    ):  # fmt: skip
        raise TypeError(
            f"BTREE/BITMAP index column {path} must be int, float, bool, str, large_str, binary, large_binary, "
            "decimal, fixed-size-binary, or temporal"
        )
    return path


def options_of(dataset, column, index_type, *, name, replace, train, fragment_ids, index_uuid, progress_callback,
               further):  # fmt: skip
    from lance_cpp._dataset.vector_indices import _progress

    kind = _name_of(index_type)
    if isinstance(index_type, str) and kind not in _TYPES:
        raise NotImplementedError(
            'Only "BTREE", "BITMAP", "NGRAM", "ZONEMAP", "LABEL_LIST", "INVERTED", "BLOOMFILTER", "RTREE" or '
            f'"MINHASHLSH" are supported for scalar columns.  Received {kind}'
        )
    if kind != "BTREE":
        raise unsupported(f"an index of type {kind}", INDEXES)
    parameters = {} if isinstance(index_type, str) else dict(index_type.parameters)
    parameters.update(further)
    parameters.pop("document_granularity", None)
    options = {
        "type": kind, "name": name, "replace": bool(replace), "train": bool(train),
        "page_rows": parameters.pop("zone_size", None),
        "memory_budget_bytes": parameters.pop("memory_budget_bytes", None),
        "fragments": None if fragment_ids is None else sorted({int(i) for i in fragment_ids}),
        "uuid": None if index_uuid is None else str(_uuid.UUID(str(index_uuid))),
    }  # fmt: skip
    if parameters:
        raise unsupported(f"create_scalar_index({next(iter(parameters))}=...)", "a BTREE has no such parameter")
    if progress_callback is not None:
        options["progress"] = _progress(progress_callback)
    return _check_column(dataset, column), options


class ScalarIndexing:
    """The part of ``LanceDataset`` that builds scalar indices."""

    def create_scalar_index(
        self, column, index_type, name=None, *, replace=True, train=True, fragment_ids=None,
        index_uuid=None, progress_callback=None, format_version=None, document_granularity=None,
        **kwargs
    ):  # fmt: skip
        """Builds a scalar index over a column and moves to the version that has it.

        Filters, counts, vector searches with a filter and merges by key use it from then on.

        :param index_type: ``BTREE`` (or ``IndexConfig("btree", {"zone_size": 4096})``); others are not there yet
        :param name: default ``<column>_idx``
        :param replace: takes the place of an index of that name
        :param train: False: an index over no rows; ``optimize_indices`` adds them later
        :param progress_callback: called with :class:`lance_cpp.progress.IndexProgress`
        :param kwargs: ``memory_budget_bytes``: rows held while they are sorted; more goes to a temporary file
        """
        if fragment_ids is not None and _name_of(index_type) in _SEGMENTED:
            raise ValueError(
                f"{_name_of(index_type)} distributed indexing uses create_index_uncommitted(..., "
                f'index_type="{_name_of(index_type)}", fragment_ids=...)'
            )
        path, options = options_of(
            self, column, index_type, name=name, replace=replace, train=train, fragment_ids=fragment_ids,
            index_uuid=index_uuid, progress_callback=progress_callback, further=kwargs
        )  # fmt: skip
        self._bind(_native.create_scalar_index(self._ds, path, options))
