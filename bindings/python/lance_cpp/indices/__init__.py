"""Building indexes in parts: names and values; the work is not supported yet."""

from __future__ import annotations

from enum import Enum

from lance_cpp._unsupported import INDEXES, missing_class
from lance_cpp.indices.builder import IndexConfig, IndicesBuilder  # noqa: F401
from lance_cpp.indices.ivf import IvfModel  # noqa: F401
from lance_cpp.indices.pq import PqModel  # noqa: F401

IndexSegment = missing_class("IndexSegment", __name__, INDEXES)
IndexSegmentDescription = missing_class("IndexSegmentDescription", __name__, INDEXES)


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
