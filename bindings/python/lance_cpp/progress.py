"""Callbacks about the progress of writes and index builds."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from dataclasses import dataclass


@dataclass
class IndexProgress:
    """A step of an index build."""

    event: str
    stage: str
    completed: int | None = None
    total: int | None = None
    unit: str = ""

    @property
    def fraction(self):
        """``completed / total`` where both are known, else None."""
        if self.completed is None or not self.total:
            return None
        return min(self.completed / self.total, 1.0)


class FragmentWriteProgress(ABC):
    """Told when a fragment's write begins and is complete."""

    def _do_begin(self, fragment_json, **kwargs):
        from lance_cpp.fragment import FragmentMetadata

        return self.begin(FragmentMetadata.from_json(fragment_json), **kwargs)

    def _do_complete(self, fragment_json, **kwargs):
        from lance_cpp.fragment import FragmentMetadata

        return self.complete(FragmentMetadata.from_json(fragment_json), **kwargs)

    @abstractmethod
    def begin(self, fragment, **kwargs):
        """A fragment is about to be written."""

    @abstractmethod
    def complete(self, fragment, **kwargs):
        """A fragment is written."""


class NoopFragmentWriteProgress(FragmentWriteProgress):
    """Ignores everything."""

    def begin(self, fragment, **kargs):
        pass

    def complete(self, fragment, **kwargs):
        pass


class FileSystemFragmentWriteProgress(FragmentWriteProgress):
    """Keeps a file per fragment in progress, so that a crashed write can be seen.

    ``fragment_<id>.in_progress`` says who writes, ``fragment_<id>.json`` what is written; the first goes when
    the fragment is complete.
    """

    PROGRESS_EXT = ".in_progress"

    def __init__(self, base_uri, metadata=None):
        from pyarrow.fs import FileSystem

        if "://" in str(base_uri):
            self._fs, self._base_path = FileSystem.from_uri(str(base_uri))
        else:
            self._fs, self._base_path = FileSystem.from_uri(os.path.abspath(base_uri))
        self._metadata = metadata or {}

    def _in_progress_path(self, fragment):
        return os.path.join(self._base_path, f"fragment_{fragment.id}{self.PROGRESS_EXT}")

    def _fragment_file(self, fragment):
        return os.path.join(self._base_path, f"fragment_{fragment.id}.json")

    def _write(self, path, value):
        with self._fs.open_output_stream(path) as stream:
            stream.write(json.dumps(value).encode())

    def begin(self, fragment, **kwargs):
        self._fs.create_dir(self._base_path, recursive=True)
        self._write(self._in_progress_path(fragment), {"fragment_id": fragment.id, "metadata": self._metadata})
        self._write(self._fragment_file(fragment), fragment.to_json())

    def complete(self, fragment, **kwargs):
        self._write(self._fragment_file(fragment), fragment.to_json())
        self._fs.delete_file(self._in_progress_path(fragment))
