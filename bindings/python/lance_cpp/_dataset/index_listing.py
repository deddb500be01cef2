"""Indexes as the manifest lists them, in the API's words."""

from __future__ import annotations

import json
from datetime import datetime, timezone

from lance_cpp import _native
from lance_cpp._dataset.results import to_schema
from lance_cpp.bitmap import Bitmap

# The last word of the details' type URL names the kind.
_TYPES = {
    "BTreeIndexDetails": "BTree",
    "BitmapIndexDetails": "Bitmap",
    "LabelListIndexDetails": "LabelList",
    "InvertedIndexDetails": "Inverted",
    "NGramIndexDetails": "NGram",
    "ZoneMapIndexDetails": "ZoneMap",
    "BloomFilterIndexDetails": "BloomFilter",
    "RTreeIndexDetails": "RTree",
    "JsonIndexDetails": "Json",
    "FMIndexDetails": "FM",
    "FragmentReuseIndexDetails": "FragmentReuse",
    "MemWalIndexDetails": "MemWal",
}


# Field numbers of VectorIndexDetails that say how vectors are stored, and whether there is a graph.
_HNSW_FIELD = 3
_VECTOR_STORAGE = {4: "PQ", 5: "SQ", 6: "RQ", 8: "FLAT"}


def _varint(data, at):
    value = shift = 0
    while at < len(data):
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise OSError("Encountered corrupt data: the details of an index end within a number")


def _field_numbers(data) -> set[int]:
    """The numbers of the fields present in a protobuf message."""
    numbers, at = set(), 0
    while at < len(data):
        tag, at = _varint(data, at)
        numbers.add(tag >> 3)
        if tag & 7 == 0:
            _, at = _varint(data, at)
        elif tag & 7 == 2:
            length, at = _varint(data, at)
            at += length
        elif tag & 7 in (1, 5):
            at += 8 if tag & 7 == 1 else 4
        else:
            raise OSError(f"Encountered corrupt data: wire type {tag & 7} in the details of an index")
    return numbers


def _vector_type(dataset, index) -> str:
    """Such as ``IVF_PQ``: from the details, or for older indexes, whose details are empty, from the file."""
    numbers = _field_numbers(index["details"])
    storage = next((name for number, name in _VECTOR_STORAGE.items() if number in numbers), None)
    if storage is not None:
        return ("IVF_HNSW_" if _HNSW_FIELD in numbers else "IVF_") + storage
    try:
        reader = _native.FileReader.open(dataset._ds.object_store(), f"_indices/{index['uuid']}/index.idx", [])
        described = (to_schema(reader.metadata()["schema"]).metadata or {})[b"lance:index"]
        return json.loads(described)["type"]
    except (OSError, ValueError, KeyError, NotImplementedError):
        return "Vector"  # an index of before these files: of some vector type


def _type_of(dataset, index) -> str:
    details = index["details_type_url"].rsplit(".", 1)[-1]
    if details == "VectorIndexDetails":
        return _vector_type(dataset, index)
    return _TYPES.get(details, details or "Unknown")


def _field_paths(fields, prefix="") -> dict[int, str]:
    out = {}
    for field in fields:
        path = prefix + field["name"]
        out[field["id"]] = path
        out.update(_field_paths(field["children"], path + "."))
    return out


def list_indices(dataset) -> list[dict]:
    indices = dataset._ds.indices()
    if not indices:
        return []
    paths = _field_paths(dataset._ds.lance_schema()["fields"])
    out = []
    for index in sorted(indices, key=lambda index: index["name"]):
        bitmap = index["fragment_bitmap"]
        out.append(
            {
                "name": index["name"],
                "type": _type_of(dataset, index),
                "uuid": index["uuid"],
                "fields": [paths.get(field, str(field)) for field in index["fields"]],
                "version": index["dataset_version"],
                "fragment_ids": Bitmap() if bitmap is None else Bitmap._from_bytes(bitmap),
                "base_id": index["base_id"],
            }
        )
    return out


def describe_indices(dataset) -> list:
    from lance_cpp.indices import IndexDescription, IndexSegmentDescription

    paths = _field_paths(dataset._ds.lance_schema()["fields"])
    rows = {fragment.fragment_id: fragment.count_rows() for fragment in dataset.get_fragments()}
    by_name = {}
    for index in dataset._ds.indices():
        if index["name"].startswith("__lance_"):
            continue  # serves the table, not queries
        by_name.setdefault(index["name"], []).append(index)
    out = []
    for name, indices in sorted(by_name.items()):
        segments = []
        for index in indices:
            created, bitmap = index["created_at_ms"], index["fragment_bitmap"]
            segments.append(
                IndexSegmentDescription(
                    uuid=index["uuid"],
                    dataset_version_at_last_update=index["dataset_version"],
                    fragment_ids=Bitmap() if bitmap is None else Bitmap._from_bytes(bitmap),
                    index_version=index["index_version"] or 0,
                    created_at=None if created is None else datetime.fromtimestamp(created / 1000, timezone.utc),
                    size_bytes=sum(size for _, size in index["files"]) if index["files"] else None,
                    base_id=index["base_id"],
                    covering_fields=list(index["covering_fields"]),
                )
            )
        covered = {int(fragment) for segment in segments for fragment in segment.fragment_ids}
        sizes = [segment.size_bytes for segment in segments]
        out.append(
            IndexDescription(
                name=name,
                type_url=indices[0]["details_type_url"],
                index_type=_type_of(dataset, indices[0]),
                num_rows_indexed=sum(count for fragment, count in rows.items() if fragment in covered),
                fields=list(indices[0]["fields"]),
                field_names=[paths.get(field, str(field)) for field in indices[0]["fields"]],
                segments=segments,
                total_size_bytes=None if None in sizes else sum(sizes),
                _details=indices[0]["details"],
            )
        )
    return out
