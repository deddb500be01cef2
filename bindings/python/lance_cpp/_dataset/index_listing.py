"""Indexes as the manifest lists them, in the API's words."""

from __future__ import annotations

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
    "VectorIndexDetails": "Vector",
    "FragmentReuseIndexDetails": "FragmentReuse",
    "MemWalIndexDetails": "MemWal",
}


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
    for index in indices:
        details = index["details_type_url"].rsplit(".", 1)[-1]
        bitmap = index["fragment_bitmap"]
        out.append(
            {
                "name": index["name"],
                "type": _TYPES.get(details, details or "Unknown"),
                "uuid": index["uuid"],
                "fields": [paths.get(field, str(field)) for field in index["fields"]],
                "version": index["dataset_version"],
                "fragment_ids": set() if bitmap is None else set(Bitmap._from_bytes(bitmap)),
                "base_id": index["base_id"],
            }
        )
    return out
