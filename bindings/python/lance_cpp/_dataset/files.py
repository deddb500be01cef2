"""Which files there are, and which ones versions name."""

from __future__ import annotations

import pyarrow as pa

_URI = pa.dictionary(pa.int32(), pa.string())
_PRESENT = pa.schema(
    [
        pa.field("base_uri", _URI, nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("size_bytes", pa.int64(), nullable=False),
        pa.field("last_modified", pa.timestamp("us", "UTC"), nullable=False),
    ]
)
_TRACKED = pa.schema(
    [
        pa.field("version", pa.int64(), nullable=False),
        pa.field("base_uri", _URI, nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("type", _URI, nullable=False),
    ]
)


def all_files(dataset) -> pa.RecordBatchReader:
    """See ``LanceDataset.all_files``."""
    found = dataset._ds.object_store().list("", True)
    columns = [[dataset.uri] * len(found), *([entry[i] for entry in found] for i in range(3))]
    arrays = [pa.array(values, field.type) for values, field in zip(columns, _PRESENT)]
    return pa.table(arrays, schema=_PRESENT).to_reader()


def _files_of(version, uri, manifests):
    """(base, path, kind) of what one version names."""
    bases = {entry["id"]: entry["path"] for entry in version.manifest()["base_paths"]}
    number = version.version()
    for name in (f"{(1 << 64) - 1 - number}.manifest", f"{number}.manifest"):
        if f"_versions/{name}" in manifests:
            yield uri, f"_versions/{name}", "manifest"
            break
    transaction = version.manifest()["transaction_file"]
    if transaction:
        yield uri, f"_transactions/{transaction}", "transaction file"
    for fragment in version.fragments():
        for file in fragment["files"]:
            yield bases.get(file["base_id"], uri), f"data/{file['path']}", "data file"
        deletions = fragment["deletion_file"]
        if deletions is not None:
            suffix = "bin" if deletions["file_type"] == "bitmap" else "arrow"
            name = f"{fragment['id']}-{deletions['read_version']}-{deletions['id']}.{suffix}"
            yield bases.get(deletions["base_id"], uri), f"_deletions/{name}", "deletion file"
    for index in version.indices():
        for path, _ in index["files"]:
            yield bases.get(index["base_id"], uri), f"_indices/{index['uuid']}/{path}", "index file"


def tracked_files(dataset, min_version, progress) -> pa.RecordBatchReader:
    """See ``LanceDataset.tracked_files``. A file is listed with each version that names it."""
    numbers = [number for number in dataset._ds.version_numbers() if number >= (min_version or 0)]
    manifests = {path for path, _, _ in dataset._ds.object_store().list("_versions", False)}
    rows = []
    for done, number in enumerate(numbers, 1):
        version = dataset._ds.checkout(number=number, tag=None, branch=dataset._branch)
        rows += [(number, *entry) for entry in _files_of(version, dataset.uri, manifests)]
        if progress is not None:
            progress(done, len(numbers))
    arrays = [pa.array([row[i] for row in rows], field.type) for i, field in enumerate(_TRACKED)]
    return pa.table(arrays, schema=_TRACKED).to_reader()
