"""What a vector index holds: the rows of its partitions, and its centroids."""

from __future__ import annotations

import json

import pyarrow as pa


def vector_statistics(dataset, index_name: str, centroids: bool = False) -> dict:
    """The statistics of a vector index; KeyError where there is no index, ValueError where it is of another kind."""
    known = {index["name"]: index for index in dataset._ds.indices()}
    if index_name not in known:
        raise KeyError(f'Index "{index_name}" not found')
    statistics = dataset.stats.index_stats(index_name)
    if not statistics["index_type"].startswith("IVF"):
        raise ValueError(f"Index {index_name} is not vector index")
    return json.loads(dataset._ds.vector_index_statistics(index_name, True)) if centroids else statistics


class VectorIndexReader:
    """Reads the partitions of a vector index, of all its segments.

    :param dataset: the version whose index is read
    :param index_name: as ``list_indices`` gives it
    :raises KeyError: there is no such index
    :raises ValueError: it is no vector index
    """

    def __init__(self, dataset, index_name: str):
        self.dataset = dataset
        self.index_name = index_name
        self.stats = vector_statistics(dataset, index_name)

    def num_partitions(self) -> int:
        """How many partitions the index has."""
        return self.stats["indices"][0]["num_partitions"]

    def read_partition(self, partition_id: int, *, with_vector: bool = False) -> pa.Table:
        """The row ids of a partition, and with ``with_vector`` the codes as the file has them: those of PQ lie column
        after column of the partition, also where the type says otherwise."""
        from lance_cpp.file import LanceFileReader

        if not 0 <= partition_id < self.num_partitions():
            raise IndexError(
                f"Partition id {partition_id} is out of range, expected 0 <= partition_id < {self.num_partitions()}"
            )
        parts = []
        for segment in self.stats["indices"]:
            sizes = [partition["size"] for partition in segment["partitions"]]
            path = segment["uri"].removesuffix("index.idx") + "auxiliary.idx"
            reader = LanceFileReader(
                path, storage_options=self.dataset._storage_options, columns=None if with_vector else ["_rowid"]
            )
            start, count = sum(sizes[:partition_id]), sizes[partition_id]
            # A range of no rows has no batches.
            whole = reader.read_range(start, count) if count else reader.read_range(0, 0)
            parts.append(whole.to_table())
        return pa.concat_tables(parts)


def centroids_of(dataset, index_name: str) -> pa.FixedSizeListArray:
    """The centroids of a vector index, as float32."""
    try:
        values = vector_statistics(dataset, index_name, centroids=True)["indices"][0]["centroids"]
    except KeyError as error:
        raise ValueError(error.args[0]) from error
    return pa.array(values, pa.list_(pa.float32(), len(values[0])))


def name_of_index_on(dataset, column: str) -> str:
    """The vector index on a column; KeyError where there is none."""
    for index in dataset.list_indices():
        if index["fields"] == [column] and index["type"].startswith("IVF"):
            return index["name"]
    raise KeyError(f"No IVF index for column '{column}'")
