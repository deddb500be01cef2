"""Readable dumps of a dataset's structure, for bug reports."""

from __future__ import annotations

import dataclasses

from lance_cpp._debug_text import Node, pretty, some


def format_schema(dataset) -> str:
    """The schema with field ids."""
    return pretty(dataset.lance_schema._debug())


def _data_file(file) -> Node:
    size = file.file_size_bytes
    return Node(
        "DataFile",
        {
            "path": file.path,
            "fields": file.fields,
            "column_indices": file.column_indices,
            "file_major_version": file.file_major_version,
            "file_minor_version": file.file_minor_version,
            "file_size_bytes": Node("CachedFileSize", items=[0 if size is None else size]),
            "base_id": some(file.base_id),
        },
    )


def _deletion_file(file):
    if file is None:
        return None
    return some(
        Node(
            "DeletionFile",
            {
                "read_version": file.read_version,
                "id": file.id,
                "file_type": Node(file.file_type.capitalize()),
                "num_deleted_rows": some(file.num_deleted_rows),
                "base_id": some(file.base_id),
            },
        )
    )


def _lineage(meta):
    if meta is None:
        return None
    return some(Node("Inline", items=[meta.inline]) if hasattr(meta, "inline") else Node("Column"))


def _fragment(metadata) -> Node:
    return Node(
        "Fragment",
        {
            "id": metadata.id,
            "files": [_data_file(file) for file in metadata.files],
            "overlays": metadata.overlays,
            "deletion_file": _deletion_file(metadata.deletion_file),
            "row_id_meta": _lineage(metadata.row_id_meta),
            "physical_rows": some(metadata.physical_rows),
            "last_updated_at_version_meta": _lineage(metadata.last_updated_at_version_meta),
            "created_at_version_meta": _lineage(metadata.created_at_version_meta),
        },
    )


def format_manifest(dataset) -> str:
    """The manifest of the version open."""
    manifest = dataset._ds.manifest()
    writer = manifest["writer_version"]
    return pretty(
        Node(
            "Manifest",
            {
                "schema": dataset.lance_schema._debug(),
                "version": manifest["version"],
                "branch": some(manifest["branch"]),
                "writer_version": None if writer is None else some(Node("WriterVersion", _optional(writer))),
                "fragments": [_fragment(fragment.metadata) for fragment in dataset.get_fragments()],
                "reader_feature_flags": manifest["reader_feature_flags"],
                "writer_feature_flags": manifest["writer_feature_flags"],
                "max_fragment_id": some(manifest["max_fragment_id"]),
                "transaction_file": some(manifest["transaction_file"] or None),
                "next_row_id": manifest["next_row_id"],
                "data_storage_format": dataset.data_storage_version,
                "config": dataset.config(),
                "table_metadata": dataset.metadata,
                "base_paths": [dict(base) for base in manifest["base_paths"]],
            },
        )
    )


def _optional(writer) -> dict:
    return {
        "library": writer["library"],
        "version": writer["version"],
        "prerelease": some(writer["prerelease"]),
        "build_metadata": some(writer["build_metadata"]),
    }


def format_fragment(fragment, dataset) -> str:
    """A fragment with the fields of each of its files."""
    fields = dataset.lance_schema.fields()

    def file_node(file) -> Node:
        held = set(file.fields)

        def holds(field):
            return field.id() in held or any(holds(child) for child in field.children())

        node = _data_file(file)
        node.name = "PrettyPrintableDataFile"
        inner = [field._debug() for field in fields if holds(field)]
        node.fields["schema"] = Node("Schema", {"fields": inner, "metadata": {}})
        return node

    return pretty(
        Node(
            "PrettyPrintableFragment",
            {
                "id": fragment.id,
                "files": [file_node(file) for file in fragment.files],
                "deletion_file": _deletion_file(fragment.deletion_file),
                "row_id_meta": _lineage(fragment.row_id_meta),
                "physical_rows": some(fragment.physical_rows),
            },
        )
    )


def _node_of(value):
    """The structure of an operation's member."""
    from lance_cpp.fragment import DataFile, FragmentMetadata
    from lance_cpp.schema import LanceSchema

    if isinstance(value, FragmentMetadata):
        return _fragment(value)
    if isinstance(value, DataFile):
        return _data_file(value)
    if isinstance(value, LanceSchema):
        return value._debug()
    if isinstance(value, list):
        return [_node_of(member) for member in value]
    if isinstance(value, dict):
        return {key: _node_of(member) for key, member in value.items()}
    if dataclasses.is_dataclass(value):
        members = {field.name: _node_of(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return Node(type(value).__name__, members)
    return value


def list_transactions(dataset, max_transactions=10) -> list[str]:
    """The newest transactions as text, newest first."""
    out = []
    for transaction in dataset.get_transactions(max_transactions):
        if transaction is None:
            continue
        operation = _node_of(transaction.operation)
        members = {
            "read_version": transaction.read_version,
            "uuid": transaction.uuid,
            "operation": operation if isinstance(operation, Node) else Node(type(transaction.operation).__name__),
            "tag": None,
            "transaction_properties": some(transaction.transaction_properties or None),
        }
        out.append(pretty(Node("Transaction", members)))
    return out
