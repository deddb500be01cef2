"""Batches kept on disk, so that a stream can be gone through again."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pyarrow as pa


class CachedDataset:
    """A stream that is written to a file the first time and read from it afterwards.

    :param cache: a folder; True or None: a temporary one
    """

    def __init__(self, stream, cache=None):
        self.stream = stream
        self._folder = tempfile.TemporaryDirectory() if not isinstance(cache, (str, Path)) else None
        self._path = os.path.join(self._folder.name if self._folder else str(cache), "lance_cache.arrow")
        self._complete = False

    def __iter__(self):
        if self._complete:
            with pa.OSFile(self._path) as file, pa.ipc.open_stream(file) as reader:
                yield from reader
            return
        writer = None
        with pa.OSFile(self._path, "wb") as file:
            for batch in self.stream:
                writer = writer or pa.ipc.new_stream(file, batch.schema)
                writer.write(batch)
                yield batch
            if writer is None:
                return
            writer.close()
        self._complete = True

    def close(self):
        """Removes the temporary folder."""
        if self._folder is not None:
            self._folder.cleanup()
