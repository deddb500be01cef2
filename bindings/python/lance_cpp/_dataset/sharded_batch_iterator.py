"""One worker's share of a dataset as batches."""

from __future__ import annotations


class ShardedBatchIterator:
    """Iterates the batches of one of ``world_size`` workers.

    :param granularity: ``"fragment"``: whole fragments are dealt out; ``"batch"``: runs of ``batch_size`` rows
    """

    def __init__(self, data, rank, world_size, *, columns=None, batch_size=10240, granularity="fragment",
                 batch_readahead=8, with_row_id=False):  # fmt: skip
        from lance_cpp import dataset

        if granularity not in ("fragment", "batch"):
            raise ValueError(f"granularity must be 'fragment' or 'batch', got {granularity!r}")
        self._ds = data if hasattr(data, "get_fragments") else dataset(data)
        self._rank, self._world_size = rank, world_size
        self._granularity, self._batch_size = granularity, batch_size
        self._options = {
            "columns": columns,
            "batch_size": batch_size,
            "batch_readahead": batch_readahead,
            "with_row_id": with_row_id,
        }

    @staticmethod
    def from_torch(data, *, columns=None, batch_size=10240, granularity="fragment", batch_readahead=8,
                   with_row_id=False):  # fmt: skip
        """Takes rank and world size from torch."""
        from lance_cpp.torch.dist import get_global_rank, get_global_world_size

        return ShardedBatchIterator(data, get_global_rank(), get_global_world_size(), columns=columns,
                                    batch_size=batch_size, granularity=granularity,
                                    batch_readahead=batch_readahead, with_row_id=with_row_id)  # fmt: skip

    def __iter__(self):
        return self._iter_over_fragments() if self._granularity == "fragment" else self._iter_over_batches()

    def _iter_over_fragments(self):
        for fragment in self._ds.get_fragments()[self._rank :: self._world_size]:
            yield from fragment.to_batches(**self._options)

    def _iter_over_batches(self):
        total = self._ds.count_rows()
        for start in range(self._rank * self._batch_size, total, self._world_size * self._batch_size):
            yield from self._ds.to_batches(
                offset=start, limit=self._batch_size, strict_batch_size=True, **self._options
            )
