"""What a dataset is made of, in numbers."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TypedDict

from lance_cpp._unsupported import INDEXES, unsupported


class DatasetStats(TypedDict):
    num_deleted_rows: int
    num_fragments: int
    num_small_files: int


class IndexInformation(TypedDict):
    name: str
    type: str
    uuid: str
    fields: list
    version: int
    fragment_ids: set
    base_id: int | None


@dataclass
class FieldStatistics:
    """Stored bytes of one field."""

    id: int
    bytes_on_disk: int


@dataclass
class DataStatistics:
    """Stored bytes of every field."""

    fields: list[FieldStatistics]


class LanceStats:
    """Statistics of a dataset."""

    def __init__(self, dataset):
        self._dataset = dataset

    def dataset_stats(self, max_rows_per_group=1024) -> DatasetStats:
        """Counts deleted rows, fragments, and fragments smaller than ``max_rows_per_group`` rows."""
        deleted = small = 0
        fragments = self._dataset.get_fragments()
        for fragment in fragments:
            deletions = fragment.num_deletions
            deleted += deletions
            small += fragment.physical_rows < max_rows_per_group
        return {"num_deleted_rows": deleted, "num_fragments": len(fragments), "num_small_files": small}

    def data_stats(self) -> DataStatistics:
        """Bytes on disk of each field of the schema, over all files; opens every data file."""
        stored = self._dataset._ds.bytes_per_field()
        return DataStatistics([FieldStatistics(i, stored.get(i, 0)) for i in _ids(self._dataset.lance_schema.fields())])

    def index_stats(self, index_name) -> dict:
        """Statistics of an index. Raises ``KeyError`` when there is no such index."""
        segments = [index for index in self._dataset._ds.indices() if index["name"] == index_name]
        if not segments:
            raise KeyError(f'Index "{index_name}" not found')
        if segments[0]["details_type_url"].endswith("VectorIndexDetails"):
            centroids = os.environ.get("LANCE_INCLUDE_VECTOR_CENTROIDS", "true").lower() not in ("false", "0", "no")
            return json.loads(self._dataset._ds.vector_index_statistics(index_name, centroids))
        if segments[0]["details_type_url"].endswith(".BTreeIndexDetails"):
            return json.loads(self._dataset._ds.scalar_index_statistics(index_name))
        raise unsupported("LanceStats.index_stats", INDEXES)


def _ids(fields):
    """All field ids, depth first."""
    for field in fields:
        yield field.id()
        yield from _ids(field.children())
