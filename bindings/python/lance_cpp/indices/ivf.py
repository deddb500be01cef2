"""The partitions of a vector index."""

from __future__ import annotations

import pyarrow as pa


class IvfModel:
    """Centroids (a fixed size list array) and the distance they were trained with."""

    def __init__(self, centroids, distance_type):
        self.centroids = centroids
        self.distance_type = distance_type

    @property
    def num_partitions(self) -> int:
        return len(self.centroids)

    def save(self, uri, *, storage_options=None):
        """Writes the model to a Lance file."""
        from lance_cpp.file import LanceFileWriter

        schema = pa.schema(
            [pa.field("centroids", self.centroids.type)], metadata={"distance_type": self.distance_type}
        )
        with LanceFileWriter(str(uri), schema, storage_options=storage_options) as writer:
            writer.write_batch(pa.table([self.centroids], schema=schema))

    @classmethod
    def load(cls, uri, *, storage_options=None) -> IvfModel:
        """Reads a model that was saved."""
        from lance_cpp.file import LanceFileReader

        reader = LanceFileReader(str(uri), storage_options=storage_options)
        distance_type = (reader.metadata().schema.metadata or {})[b"distance_type"].decode()
        return cls(reader.read_all().to_table().column(0).combine_chunks(), distance_type)
