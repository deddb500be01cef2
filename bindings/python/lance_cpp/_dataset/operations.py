"""Transactions and what they consist of: plain values, checked when made."""

from __future__ import annotations

import uuid as _uuid
import warnings
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict

import pyarrow as pa

LANCE_COMMIT_MESSAGE_KEY = "__lance_commit_message"


class AlterColumn(TypedDict, total=False):
    path: str
    name: str | None
    nullable: bool | None
    data_type: pa.DataType | None


class DeleteResult(TypedDict):
    num_deleted_rows: int


class UpdateResult(TypedDict):
    num_rows_updated: int


class ExecuteResult(TypedDict):
    num_inserted_rows: int
    num_updated_rows: int
    num_deleted_rows: int


class AutoCleanupConfig(TypedDict):
    interval: int
    older_than_seconds: int


class BulkCommitResult(TypedDict):
    dataset: object
    merged: object


@dataclass
class IndexFile:
    """A file of an index, relative to the index's folder."""

    path: str
    size_bytes: int


@dataclass
class Index:
    """One segment of an index, as a manifest lists it."""

    uuid: str
    name: str
    fields: list[int]
    dataset_version: int
    fragment_ids: set[int]
    index_version: int
    created_at: datetime | None = None
    base_id: int | None = None
    files: list[IndexFile] | None = None
    index_details: object | None = None
    covering_fields: list[int] = field(default_factory=list)


def _check_fragments(fragments):
    from lance_cpp.fragment import FragmentMetadata

    if not isinstance(fragments, list):
        raise TypeError(f"fragments must be list[FragmentMetadata], got {type(fragments)}")
    if not all(isinstance(fragment, FragmentMetadata) for fragment in fragments):
        raise TypeError(f"fragments must be list[FragmentMetadata], got {type(fragments[0])}")


class LanceOperation:
    """The kinds of change a transaction can make."""

    class BaseOperation:
        """What all operations derive from."""

    @dataclass
    class Overwrite(BaseOperation):
        """Replaces schema and data."""

        new_schema: object
        fragments: list
        initial_bases: list | None = None

        def __post_init__(self):
            _check_fragments(self.fragments)

    @dataclass
    class Append(BaseOperation):
        """Adds fragments."""

        fragments: list

        def __post_init__(self):
            _check_fragments(self.fragments)

    @dataclass
    class Delete(BaseOperation):
        """Removes rows."""

        updated_fragments: list
        deleted_fragment_ids: list
        predicate: str

        def __post_init__(self):
            _check_fragments(self.updated_fragments)

    @dataclass
    class Update(BaseOperation):
        """Changes rows."""

        removed_fragment_ids: list = field(default_factory=list)
        updated_fragments: list = field(default_factory=list)
        new_fragments: list = field(default_factory=list)
        fields_modified: list = field(default_factory=list)
        fields_for_preserving_frag_bitmap: list = field(default_factory=list)
        update_mode: str = ""
        updated_fragment_offsets: dict | None = None

        def __post_init__(self):
            _check_fragments(self.updated_fragments)
            _check_fragments(self.new_fragments)

    @dataclass
    class Merge(BaseOperation):
        """Adds columns: the same rows, more files."""

        fragments: list
        schema: object
        preserves_nullability: bool = False

        def __post_init__(self):
            if isinstance(self.schema, pa.Schema):
                warnings.warn(
                    "Merge of a pyarrow.Schema, which has no field ids, is deprecated: give a LanceSchema",
                    DeprecationWarning,
                    stacklevel=3,
                )
            _check_fragments(self.fragments)

    @dataclass
    class Project(BaseOperation):
        """Drops, renames or reorders columns."""

        schema: object
        preserves_nullability: bool = False

    @dataclass
    class Restore(BaseOperation):
        """Makes an old version the newest."""

        version: int

    @dataclass
    class Clone(BaseOperation):
        """A copy by reference."""

        is_shallow: bool
        ref_name: str | None
        ref_version: int
        ref_path: str
        branch_name: str | None

    @dataclass
    class RewriteGroup:
        """Fragments and what they were rewritten into."""

        old_fragments: list
        new_fragments: list

    @dataclass
    class RewrittenIndex:
        """An index remapped by a rewrite."""

        old_id: str
        new_id: str
        new_details_type_url: str
        new_details_value: bytes
        new_index_version: int

    @dataclass
    class Rewrite(BaseOperation):
        """Reorganizes rows without changing them."""

        groups: list
        rewritten_indices: list

        def __post_init__(self):
            for group in self.groups:
                _check_fragments([*group.old_fragments, *group.new_fragments])

    @dataclass
    class CreateIndex(BaseOperation):
        """Adds and removes index segments."""

        new_indices: list
        removed_indices: list

    @dataclass
    class DataReplacementGroup:
        """A new file for a fragment."""

        fragment_id: int
        new_file: object

    @dataclass
    class DataReplacement(BaseOperation):
        """Replaces columns, file by file."""

        replacements: list

    @dataclass
    class DataOverlayFile:
        """A file that overlays some rows."""

        data_file: object
        offsets: object
        committed_version: int | None = None

    @dataclass
    class DataOverlayGroup:
        """The overlays of a fragment."""

        fragment_id: int
        overlays: list

    @dataclass
    class DataOverlay(BaseOperation):
        """Adds overlays."""

        groups: list

    @dataclass
    class UpdateMap:
        """New entries of a map; a value of None removes a key."""

        updates: dict
        replace: bool = False

    @dataclass
    class UpdateConfig(BaseOperation):
        """Changes config and metadata."""

        config_updates: object | None = None
        table_metadata_updates: object | None = None
        schema_metadata_updates: object | None = None
        field_metadata_updates: dict | None = None


@dataclass
class Transaction:
    """An operation with the version it was made against."""

    read_version: int
    operation: LanceOperation.BaseOperation
    uuid: str = field(default_factory=lambda: str(_uuid.uuid4()))
    transaction_properties: dict = field(default_factory=dict)


def with_message(message, properties):
    """Transaction properties with the commit message among them, or None where there is neither."""
    if message is None and properties is None:
        return None
    merged = dict(properties or {})
    if message is not None:
        merged[LANCE_COMMIT_MESSAGE_KEY] = message
    return merged
