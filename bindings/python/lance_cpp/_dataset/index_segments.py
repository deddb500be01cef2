"""Segments of indices: merging and committing those that were built apart; reading them ahead."""

from __future__ import annotations

from lance_cpp import _native
from lance_cpp._dataset import native_values
from lance_cpp._unsupported import INDEXES, unsupported

# Joined as segments.
_SEGMENTED = {"BTREE", "BITMAP", "NGRAM", "RTREE", "ZONEMAP", "BLOOMFILTER", "LABEL_LIST", "MINHASHLSH", "VECTOR"}


def _native_segments(segments) -> list:
    from lance_cpp._dataset.operations import Index

    for segment in segments:
        if not isinstance(segment, Index):
            raise TypeError(f"an index segment is an Index as create_index_uncommitted returns it, got {type(segment)}")
    return [native_values.index_to_native(segment) for segment in segments]


class IndexSegments:
    """The part of ``LanceDataset`` for index segments that were built apart."""

    def merge_existing_index_segments(self, segments):
        """Writes one segment of the rows of several that were built over other fragments; it is not committed.

        Vector segments must share their centroids, and their codebook or rotation; graphs are built anew.

        :param segments: what :meth:`create_index_uncommitted` returned
        :returns: the new ``Index``
        """
        return native_values.index_from_native(_native.merge_index_segments(self._ds, _native_segments(segments), {}))

    def commit_existing_index_segments(self, index_name, column, segments):
        """Makes segments the index ``index_name``, or adds them to it, and moves to the version that has it.

        Segments of that index whose fragments are all among the new ones' give way; the others stay.

        :param segments: what :meth:`create_index_uncommitted` and :meth:`merge_existing_index_segments` returned
        :returns: this dataset
        """
        self._bind(_native.commit_index_segments(self._ds, index_name, column, _native_segments(segments), {}))
        return self

    def merge_index_metadata(self, index_uuid, index_type, batch_readhead=None, progress_callback=None):
        """Of inverted indices only: others are joined by :meth:`commit_existing_index_segments`."""
        kind = index_type.upper()
        if kind in _SEGMENTED or kind.startswith("IVF_"):
            raise ValueError(
                f"{kind} distributed indexing no longer supports merge_index_metadata; build segments, optionally merge "
                "groups with merge_existing_index_segments(...), and commit with commit_existing_index_segments(...)"
            )
        raise unsupported(f"merge_index_metadata of {kind}", INDEXES)

    def prewarm_index(self, name, *, with_position=False, index_segments=None):
        """Reads an index into the index cache of this dataset's session: pages of a BTREE, partitions of vectors.

        :param index_segments: uuids of segments; default all
        """
        _native.prewarm_index(self._ds, name, None if index_segments is None else [str(s) for s in index_segments])
