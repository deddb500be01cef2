"""References to objects outside of a table, as values of blob columns: checked before they are written."""

from __future__ import annotations

import pyarrow as pa

_NAME = "lance.blob.v2"


def _is_blob(field: pa.Field) -> bool:
    named = (field.metadata or {}).get(b"ARROW:extension:name") == _NAME.encode()
    return named or getattr(field.type, "extension_name", None) == _NAME


def _uris(field: pa.Field, values: pa.Array) -> list:
    """The URIs in a column, of members of structs too."""
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    if not pa.types.is_struct(values.type):
        return []
    if _is_blob(field):
        index = values.type.get_field_index("uri")
        return [] if index < 0 else values.flatten()[index].drop_null().unique().to_pylist()
    members = zip(values.type, values.flatten())
    return [uri for member, column in members for uri in _uris(member, column)]


def _has_blobs(field: pa.Field) -> bool:
    if _is_blob(field):
        return True
    return pa.types.is_struct(field.type) and any(_has_blobs(member) for member in field.type)


def guarded(reader: pa.RecordBatchReader, bases, allowed: bool) -> pa.RecordBatchReader:
    """Rows whose references all lie below one of the bases that are no dataset roots, unless others are allowed."""
    columns = [i for i, field in enumerate(reader.schema) if _has_blobs(field)]
    if allowed or not columns:
        return reader
    roots = [base.path.rstrip("/") + "/" for base in bases if not base.is_dataset_root]

    def checked():
        for batch in reader:
            for i in columns:
                for uri in _uris(batch.schema.field(i), batch.column(i)):
                    if not any(uri.startswith(root) for root in roots):
                        raise OSError(
                            f"Invalid user input: External blob URI '{uri}' is outside registered external bases. "
                            "Set allow_external_blob_outside_bases=True to refer to it all the same"
                        )
            yield batch

    return pa.RecordBatchReader.from_batches(reader.schema, checked())
