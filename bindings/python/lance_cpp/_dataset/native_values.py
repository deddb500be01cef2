"""Operations, fragments and schemas as the plain dicts that cross to the native layer, and back."""

from __future__ import annotations

from datetime import datetime, timezone

import pyarrow as pa

from lance_cpp import _native
from lance_cpp._unsupported import unsupported


def schema_to_native(schema) -> dict:
    """Of a ``LanceSchema``, with its ids; of a ``pyarrow.Schema``, numbered afresh."""
    from lance_cpp.schema import LanceSchema

    if isinstance(schema, pa.Schema):
        schema = LanceSchema.from_pyarrow(schema)
    if not isinstance(schema, LanceSchema):
        raise TypeError(f"schema must be pyarrow.Schema or LanceSchema, got {type(schema)}")
    return schema._to_native()


def data_file_to_native(file) -> dict:
    return file._asdict()


def fragment_to_native(fragment) -> dict:
    from lance_cpp._dataset.fragment_metadata import ColumnLineage

    if fragment.overlays:
        raise unsupported("FragmentMetadata.overlays", "data overlays are an unstable feature of the format")

    def lineage(meta):
        if meta is None:
            return None
        return "column" if isinstance(meta, ColumnLineage) else bytes(meta.inline)

    return {
        "id": fragment.id,
        "files": [data_file_to_native(file) for file in fragment.files],
        "physical_rows": fragment.physical_rows,
        "deletion_file": None if fragment.deletion_file is None else fragment.deletion_file.asdict(),
        "row_id_meta": lineage(fragment.row_id_meta),
        "created_at_version_meta": lineage(fragment.created_at_version_meta),
        "last_updated_at_version_meta": lineage(fragment.last_updated_at_version_meta),
    }


def fragments_to_native(fragments) -> list:
    return [fragment_to_native(fragment) for fragment in fragments]


def fragments_from_native(values) -> list:
    from lance_cpp.fragment import FragmentMetadata

    return [FragmentMetadata._from_native(value) for value in values]


def base_to_native(base) -> dict:
    return {"id": base.id, "name": base.name, "is_dataset_root": base.is_dataset_root, "path": base.path}


def base_from_native(values):
    from lance_cpp.lance import DatasetBasePath

    return DatasetBasePath(values["path"], values["name"], values["is_dataset_root"], values["id"])


def index_to_native(index) -> dict:
    url, details = index.index_details if isinstance(index.index_details, tuple) else ("", index.index_details or b"")
    created = index.created_at
    if created is not None and created.tzinfo is None:
        created = created.replace(tzinfo=timezone.utc)
    return {
        "uuid": str(index.uuid),
        "name": index.name,
        "fields": list(index.fields),
        "dataset_version": index.dataset_version,
        "fragment_ids": None if index.fragment_ids is None else sorted(index.fragment_ids),
        "details_type_url": url,
        "details": bytes(details),
        "index_version": index.index_version,
        "created_at_ms": None if created is None else int(created.timestamp() * 1000),
        "base_id": index.base_id,
        "files": [(file.path, file.size_bytes) for file in index.files or []],
        "covering_fields": list(index.covering_fields or []),
    }


def index_from_native(values):
    from lance_cpp._dataset.operations import Index, IndexFile
    from lance_cpp.bitmap import Bitmap

    created, bitmap = values["created_at_ms"], values["fragment_bitmap"]
    return Index(
        uuid=values["uuid"],
        name=values["name"],
        fields=list(values["fields"]),
        dataset_version=values["dataset_version"],
        fragment_ids=Bitmap() if bitmap is None else Bitmap(_native.roaring_values(bitmap)),
        index_version=values["index_version"] or 0,
        created_at=None if created is None else datetime.fromtimestamp(created / 1000, timezone.utc),
        base_id=values["base_id"],
        files=[IndexFile(path, size) for path, size in values["files"]] or None,
        index_details=(values["details_type_url"], values["details"]),
        covering_fields=list(values["covering_fields"]),
    )


def _update_map_to_native(update):
    if update is None:
        return None
    return {"updates": dict(update.updates), "replace": bool(update.replace)}


def _update_map_from_native(values):
    from lance_cpp._dataset.operations import LanceOperation

    return None if values is None else LanceOperation.UpdateMap(values["updates"], values["replace"])


def _overwrite(operation) -> dict:
    return {
        "fragments": fragments_to_native(operation.fragments),
        "new_schema": schema_to_native(operation.new_schema),
        "config_upserts": {},
        "initial_bases": [base_to_native(base) for base in operation.initial_bases or []],
    }


def _update(operation) -> dict:
    mode = operation.update_mode or "rewrite_rows"
    if mode not in ("rewrite_rows", "rewrite_columns"):
        raise ValueError(f"Invalid UpdateMode: {mode}. Valid options are: rewrite_rows, rewrite_columns")
    return {
        "removed_fragment_ids": list(operation.removed_fragment_ids),
        "updated_fragments": fragments_to_native(operation.updated_fragments),
        "new_fragments": fragments_to_native(operation.new_fragments),
        "fields_modified": list(operation.fields_modified),
        "fields_for_preserving_frag_bitmap": list(operation.fields_for_preserving_frag_bitmap),
        "update_mode": mode,
        "updated_fragment_offsets": {k: bytes(v) for k, v in (operation.updated_fragment_offsets or {}).items()},
    }


def _rewrite(operation) -> dict:
    return {
        "groups": [
            {
                "old_fragments": fragments_to_native(group.old_fragments),
                "new_fragments": fragments_to_native(group.new_fragments),
            }
            for group in operation.groups
        ],
        "rewritten_indices": [
            {**vars(index), "new_details_value": bytes(index.new_details_value)}
            for index in operation.rewritten_indices
        ],
    }


def _update_config(operation) -> dict:
    fields = operation.field_metadata_updates or {}
    return {
        "config_updates": _update_map_to_native(operation.config_updates),
        "table_metadata_updates": _update_map_to_native(operation.table_metadata_updates),
        "schema_metadata_updates": _update_map_to_native(operation.schema_metadata_updates),
        "field_metadata_updates": {key: _update_map_to_native(value) for key, value in fields.items()},
    }


_TO_NATIVE = {
    "Append": lambda op: {"fragments": fragments_to_native(op.fragments)},
    "Overwrite": _overwrite,
    "Delete": lambda op: {
        "updated_fragments": fragments_to_native(op.updated_fragments),
        "deleted_fragment_ids": list(op.deleted_fragment_ids),
        "predicate": op.predicate,
    },
    "Update": _update,
    "Merge": lambda op: {
        "fragments": fragments_to_native(op.fragments),
        "schema": schema_to_native(op.schema),
        "preserves_nullability": op.preserves_nullability,
    },
    "Project": lambda op: {
        "schema": schema_to_native(op.schema),
        "preserves_nullability": op.preserves_nullability,
    },
    "Restore": lambda op: {"version": op.version},
    "Clone": lambda op: dict(vars(op)),
    "Rewrite": _rewrite,
    "CreateIndex": lambda op: {
        "new_indices": [index_to_native(index) for index in op.new_indices],
        "removed_indices": [index_to_native(index) for index in op.removed_indices],
    },
    "DataReplacement": lambda op: {
        "replacements": [
            {"fragment_id": group.fragment_id, "new_file": data_file_to_native(group.new_file)}
            for group in op.replacements
        ]
    },
    "UpdateConfig": _update_config,
    "UpdateBases": lambda op: {"new_bases": [base_to_native(base) for base in op.new_bases]},
}


def operation_to_native(operation) -> dict:
    """The dict of a ``LanceOperation``. Overlays are refused: the reference has them behind a switch."""
    kind = type(operation).__name__
    if kind == "DataOverlay":
        raise unsupported("LanceOperation.DataOverlay", "data overlays are an unstable feature of the format")
    if kind not in _TO_NATIVE:
        raise ValueError(f"Unsupported operation: {kind}")
    return {"kind": kind, **_TO_NATIVE[kind](operation)}


def _rewrite_from_native(operations, values):
    return operations.Rewrite(
        [
            operations.RewriteGroup(
                fragments_from_native(group["old_fragments"]), fragments_from_native(group["new_fragments"])
            )
            for group in values["groups"]
        ],
        [operations.RewrittenIndex(**index) for index in values["rewritten_indices"]],
    )


def operation_from_native(values):
    """A ``LanceOperation`` of its dict; kinds without a class of their own give a plain ``BaseOperation``."""
    from lance_cpp._dataset.operations import LanceOperation
    from lance_cpp.fragment import DataFile
    from lance_cpp.schema import LanceSchema

    kind = values["kind"]
    rest = {key: value for key, value in values.items() if key != "kind"}
    for key in ("fragments", "updated_fragments", "new_fragments"):
        if key in rest:
            rest[key] = fragments_from_native(rest[key])
    for key in ("schema", "new_schema"):
        if key in rest:
            rest[key] = LanceSchema._from_native(rest[key])
    if kind == "Overwrite":
        rest["initial_bases"] = [base_from_native(base) for base in rest["initial_bases"]] or None
    elif kind == "Update":
        rest["updated_fragment_offsets"] = rest["updated_fragment_offsets"] or None
    elif kind == "Rewrite":
        return _rewrite_from_native(LanceOperation, values)
    elif kind == "CreateIndex":
        rest = {key: [index_from_native(index) for index in found] for key, found in rest.items()}
    elif kind == "DataReplacement":
        rest["replacements"] = [
            LanceOperation.DataReplacementGroup(group["fragment_id"], DataFile(**group["new_file"]))
            for group in rest["replacements"]
        ]
    elif kind == "UpdateConfig":
        fields = rest["field_metadata_updates"]
        rest = {key: _update_map_from_native(value) for key, value in rest.items() if key != "field_metadata_updates"}
        rest["field_metadata_updates"] = {key: _update_map_from_native(value) for key, value in fields.items()} or None
    elif kind == "UpdateBases":
        rest["new_bases"] = [base_from_native(base) for base in rest["new_bases"]]
    made = getattr(LanceOperation, kind, None)
    return LanceOperation.BaseOperation() if made is None else made(**rest)


def transaction_to_native(transaction) -> dict:
    return {
        "read_version": transaction.read_version,
        "uuid": transaction.uuid,
        "properties": dict(transaction.transaction_properties or {}),
        "operation": operation_to_native(transaction.operation),
    }


def transaction_from_native(values):
    from lance_cpp._dataset.operations import Transaction

    return Transaction(
        read_version=values["read_version"],
        operation=operation_from_native(values["operation"]),
        uuid=values["uuid"],
        transaction_properties=dict(values["properties"]),
    )
