"""Ways to go through a dataset for training: samples, and shards over workers."""

from __future__ import annotations

import heapq
import math
import random
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import pyarrow as pa

T = TypeVar("T")


@dataclass(order=True)
class PrioritizedItem(Generic[T]):
    """An item that sorts by its priority alone."""

    priority: int
    item: T = field(compare=False)


def reservoir_sampling(stream: Iterable[T], k: int) -> list[T]:
    """``k`` random items of a stream, every one equally likely."""
    heap: list[PrioritizedItem] = []
    for index, item in enumerate(stream):
        # The counter breaks ties, so that equal priorities never compare items.
        entry = PrioritizedItem((random.random(), index), item)
        if len(heap) < k:
            heapq.heappush(heap, entry)
        else:
            heapq.heappushpop(heap, entry)
    return [entry.item for entry in heap]


def _to_one_batch(table: pa.Table) -> pa.RecordBatch:
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], table.schema)


def _efficient_sample(dataset, n, columns, batch_size, max_takes) -> Iterator[pa.RecordBatch]:
    """``n`` rows as ``max_takes`` runs at even distances: few, longer reads."""
    total = len(dataset)
    stride = max(total // max_takes, 1)
    run = max(n // max_takes, 1)
    left, parts, rows = n, [], 0
    for start in range(0, total, stride):
        if left <= 0:
            break
        indices = list(range(start, min(start + min(run, left), total)))
        parts.append(dataset.take(indices, columns))
        left -= len(indices)
        rows += len(indices)
        if rows >= batch_size:
            yield _to_one_batch(pa.concat_tables(parts))
            parts, rows = [], 0
    if parts:
        yield _to_one_batch(pa.concat_tables(parts))


def _filtered_sample(dataset, n, columns, batch_size, filt) -> Iterator[pa.RecordBatch]:
    """``n`` rows that pass a filter: their ids are sampled first."""
    ids = dataset.to_table(columns=[], filter=filt, with_row_id=True)["_rowid"].to_numpy()
    chosen = sorted(random.sample(range(len(ids)), min(n, len(ids))))
    for start in range(0, len(chosen), batch_size):
        yield _to_one_batch(dataset._take_rows(ids[chosen[start : start + batch_size]], columns))


def maybe_sample(dataset, n, columns, batch_size=10240, max_takes=2048, filt=None) -> Iterator[pa.RecordBatch]:
    """``n`` random rows, or all when there are not more.

    :param columns: names
    :param batch_size: rows of a batch at most
    :param max_takes: above this many rows, runs of rows are read instead of single ones
    :param filt: SQL text; only rows that pass count
    """
    from lance_cpp import dataset as open_dataset

    if not hasattr(dataset, "take"):
        dataset = open_dataset(dataset)
    if isinstance(columns, str):
        columns = [columns]
    if filt is not None:
        yield from _filtered_sample(dataset, n, columns, batch_size, filt)
        return
    total = len(dataset)
    if n >= total:
        yield _to_one_batch(dataset.to_table(columns=columns))
        return
    if n > max_takes:
        yield from _efficient_sample(dataset, n, columns, batch_size, max_takes)
        return
    indices = sorted(random.sample(range(total), n))
    for start in range(0, n, batch_size):
        yield _to_one_batch(dataset.take(indices[start : start + batch_size], columns))


class Sampler(ABC):
    """Goes through a dataset as batches."""

    @abstractmethod
    def __call__(self, dataset, *args, batch_size=128, columns=None, filter=None, batch_readahead=16,
                 with_row_id=None, **kwargs) -> Iterator[pa.RecordBatch]:  # fmt: skip
        """Yields batches."""


class FragmentSampler(Sampler):
    """Goes through chosen fragments."""

    def __call__(self, dataset, *args, batch_size=128, columns=None, filter=None, batch_readahead=16,
                 with_row_id=None, **kwargs):  # fmt: skip
        for fragment in self.iter_fragments(dataset, **kwargs):
            yield from fragment.to_batches(
                batch_size=batch_size,
                columns=columns,
                filter=filter,
                with_row_id=bool(with_row_id),
                batch_readahead=batch_readahead,
            )

    @abstractmethod
    def iter_fragments(self, ds, *args, **kwargs):
        """Yields the fragments to read, in order."""


class FullScanSampler(FragmentSampler):
    """Every fragment once."""

    def iter_fragments(self, dataset, **kwargs):
        yield from dataset.get_fragments()


def _torch_rank():
    from lance_cpp.torch.dist import get_global_rank, get_global_world_size

    return get_global_rank(), get_global_world_size()


class ShardedFragmentSampler(FragmentSampler):
    """Every ``world_size``-th fragment, from ``rank`` on."""

    def __init__(self, rank, world_size, randomize=False, seed=0):
        self._rank, self._world_size = rank, world_size
        self._randomize, self._seed = randomize, seed
        self._epoch = 0

    @staticmethod
    def from_torch(randomize=False, seed=0):
        """Takes rank and world size from torch."""
        return ShardedFragmentSampler(*_torch_rank(), randomize=randomize, seed=seed)

    def set_epoch(self, epoch):
        """Gives another order, the same on every worker."""
        self._epoch = epoch

    def iter_fragments(self, dataset, **kwargs):
        fragments = dataset.get_fragments()
        if self._randomize:
            random.Random(self._seed + self._epoch).shuffle(fragments)
        yield from fragments[self._rank :: self._world_size]


class ShardedBatchSampler(Sampler):
    """Every ``world_size``-th batch of rows, from ``rank`` on."""

    def __init__(self, rank, world_size, randomize=False, seed=0):
        self._rank, self._world_size = rank, world_size
        self._randomize, self._seed = randomize, seed
        self._epoch = 0

    @staticmethod
    def from_torch(randomize=False, seed=0):
        """Takes rank and world size from torch."""
        return ShardedBatchSampler(*_torch_rank(), randomize=randomize, seed=seed)

    def set_epoch(self, epoch):
        """Gives another order, the same on every worker."""
        self._epoch = epoch

    def __len__(self):
        raise TypeError("the number of batches depends on the dataset")

    def __call__(self, dataset, *args, batch_size=128, columns=None, filter=None, batch_readahead=16,
                 with_row_id=None, **kwargs):  # fmt: skip
        if filter is not None:
            batches = self._sample_filtered(dataset, batch_size, columns, batch_readahead, filter)
        else:
            batches = self._sample_all(dataset, batch_size, columns, batch_readahead)
        for batch in batches:
            yield batch if with_row_id else batch.drop_columns(
                ["_rowid"] if "_rowid" in batch.schema.names else []
            )

    def _sample_all(self, dataset, batch_size, columns, batch_readahead):
        starts = list(range(0, len(dataset), batch_size))[self._rank :: self._world_size]
        if self._randomize:
            random.Random(self._seed + self._epoch).shuffle(starts)
        for start in starts:
            yield from dataset.to_batches(columns=columns, offset=start, limit=batch_size, batch_size=batch_size,
                                          strict_batch_size=True, with_row_id=True)  # fmt: skip

    def _sample_filtered(self, dataset, batch_size, columns, batch_readahead, filter):
        batches = self._shard_scan(dataset, batch_size, columns, batch_readahead, filter)
        if self._randomize:
            batches = list(batches)
            random.Random(self._seed + self._epoch).shuffle(batches)
        yield from batches

    def _shard_scan(self, dataset, batch_size, columns, batch_readahead, filter):
        """Every ``world_size``-th row that passes, regrouped into whole batches."""
        kept, rows, position = [], 0, 0
        scan = dataset.to_batches(columns=columns, filter=filter, batch_size=batch_size * self._world_size,
                                  with_row_id=True)  # fmt: skip
        for batch in scan:
            first = (self._rank - position) % self._world_size
            position += batch.num_rows
            mine = batch.take(pa.array(range(first, batch.num_rows, self._world_size), pa.int64()))
            kept.append(mine)
            rows += mine.num_rows
            while rows >= batch_size:
                table = pa.Table.from_batches(kept)
                yield _to_one_batch(table.slice(0, batch_size))
                kept, rows = table.slice(batch_size).to_batches(), rows - batch_size
        if rows > 0:
            yield _to_one_batch(pa.Table.from_batches(kept))


class ShardedFixedBatchSampler(ShardedBatchSampler):
    """As :class:`ShardedBatchSampler`; iterated by itself it yields lists of row numbers for torch's loader.

    Each worker has one contiguous block of rows, cut into batches.
    """

    def __init__(self, rank, world_size, randomize=False, seed=0, batch_size=0, total_num_rows=0):
        super().__init__(rank, world_size, randomize, seed)
        self.batch_size, self.total_num_rows = batch_size, total_num_rows

    @staticmethod
    def from_torch(batch_size, total_num_rows, randomize=False, seed=0):
        """Takes rank and world size from torch."""
        rank, world_size = _torch_rank()
        return ShardedFixedBatchSampler(rank, world_size, randomize, seed, batch_size, total_num_rows)

    def _block(self) -> range:
        each = math.ceil(self.total_num_rows / self._world_size)
        start = min(self._rank * each, self.total_num_rows)
        return range(start, min(start + each, self.total_num_rows))

    def _compute_length(self) -> int:
        return math.ceil(len(self._block()) / self.batch_size)

    def __len__(self):
        return self._compute_length()

    def __iter__(self):
        block = self._block()
        batches = [list(block[at : at + self.batch_size]) for at in range(0, len(block), self.batch_size)]
        if self._randomize:
            random.Random(self._seed + self._epoch).shuffle(batches)
        yield from batches
