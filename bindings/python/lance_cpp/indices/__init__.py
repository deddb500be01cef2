"""Building indexes in parts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from lance_cpp import _native
from lance_cpp._unsupported import INDEXES, missing_class
from lance_cpp.indices.builder import IndexConfig, IndicesBuilder  # noqa: F401
from lance_cpp.indices.ivf import IvfModel  # noqa: F401
from lance_cpp.indices.pq import PqModel  # noqa: F401

IndexSegment = missing_class("IndexSegment", __name__, INDEXES)


@dataclass
class IndexSegmentDescription:
    """One segment of an index."""

    uuid: str
    dataset_version_at_last_update: int
    fragment_ids: object
    index_version: int
    created_at: datetime | None
    size_bytes: int | None
    base_id: int | None
    covering_fields: list


@dataclass(repr=False)
class IndexDescription:
    """An index as the manifest describes it, all its segments together."""

    name: str
    type_url: str
    index_type: str
    num_rows_indexed: int
    fields: list
    field_names: list
    segments: list
    total_size_bytes: int | None
    _details: bytes = b""

    @property
    def details(self) -> dict:
        """What the index was made with."""
        if self.type_url.endswith("VectorIndexDetails"):
            return _native.vector_index_details(self._details)
        return {}

    def __repr__(self):
        names = ", ".join(f'"{name}"' for name in self.field_names)
        return (
            f"IndexDescription(name='{self.name}', type_url='{self.type_url}', "
            f"num_rows_indexed={self.num_rows_indexed}, fields={self.fields}, field_names=[{names}], "
            f"num_segments={len(self.segments)}, total_size_bytes={self.total_size_bytes})"
        )


class IndexFileVersion(str, Enum):
    """The format of index files."""

    LEGACY = "Legacy"
    V3 = "V3"


class SupportedDistributedIndices(str, Enum):
    """Index types that can be built in parts."""

    BTREE = "BTREE"
    INVERTED = "INVERTED"
    IVF_FLAT = "IVF_FLAT"
    IVF_PQ = "IVF_PQ"
    IVF_SQ = "IVF_SQ"
    VECTOR = "VECTOR"
