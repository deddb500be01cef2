"""What a manifest says of fragments and their files, as values."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass, field

import pyarrow as pa

from lance_cpp import _native
from lance_cpp._unsupported import unsupported


class _JsonValue:
    """Equality, pickling and JSON for small values that are defined by their fields."""

    _FIELDS: tuple = ()

    def asdict(self) -> dict:
        return {name: getattr(self, name) for name in self._FIELDS}

    def json(self) -> str:
        """The value as JSON text."""
        return json.dumps(self.asdict())

    @classmethod
    def from_json(cls, json_text):
        """The inverse of ``json``."""
        return cls(**json.loads(json_text))

    def __eq__(self, other):
        return type(other) is type(self) and self.asdict() == other.asdict()

    __hash__ = None

    def __reduce__(self):
        return (type(self).from_json, (self.json(),))

    def __repr__(self):
        inner = ", ".join(f"{name}={value!r}" for name, value in self.asdict().items())
        return f"{type(self).__name__}({inner})"


class DeletionFile(_JsonValue):
    """The file that lists a fragment's deleted rows. ``file_type`` is ``array`` or ``bitmap``."""

    _FIELDS = ("read_version", "id", "file_type", "num_deleted_rows", "base_id")

    def __init__(self, read_version, id, file_type, num_deleted_rows, base_id=None):
        if file_type not in ("array", "bitmap"):
            raise ValueError(f"Invalid deletion file type: {file_type}")
        self.read_version = read_version
        self.id = id
        self.file_type = file_type
        self.num_deleted_rows = num_deleted_rows
        self.base_id = base_id

    def __repr__(self):
        return f"DeletionFile(type={self.file_type!r}, num_deleted_rows={self.num_deleted_rows})"

    def path(self, fragment_id, base_uri=None) -> str:
        """The file's path, below ``base_uri`` when given."""
        suffix = "arrow" if self.file_type == "array" else "bin"
        path = f"_deletions/{fragment_id}-{self.read_version}-{self.id}.{suffix}"
        return path if base_uri is None else f"{str(base_uri).rstrip('/')}/{path}"


class RowIdMeta(_JsonValue):
    """Where a fragment's stable row ids are: inline bytes."""

    def __init__(self, Inline):
        self.inline = list(Inline)

    def asdict(self) -> dict:
        return {"Inline": self.inline}  # the spelling of the reference, which differs from the next class

    @staticmethod
    def from_dict(dict):
        return RowIdMeta(**dict)


class RowDatasetVersionMeta(_JsonValue):
    """Where the versions that made or changed a fragment's rows are: inline bytes."""

    _FIELDS = ("inline",)

    def __init__(self, inline):
        self.inline = list(inline)


class ColumnLineage:
    """Stands for row ids or versions that a column of the fragment's data files holds."""

    def asdict(self) -> dict:
        raise unsupported("JSON of a fragment whose row lineage is a column", "the reference writes no such fragments")

    def __eq__(self, other):
        return isinstance(other, ColumnLineage)

    __hash__ = None


class RowIdSequence:
    """The stable row ids of a fragment, in the order of its rows."""

    def __init__(self, row_ids):
        import numpy as np

        values = row_ids.to_numpy(zero_copy_only=False) if isinstance(row_ids, pa.Array) else list(row_ids)
        self._ids = pa.array(np.array(values, dtype="uint64"))

    def to_pyarrow(self) -> pa.Array:
        """The ids as a uint64 array."""
        return self._ids

    def to_inline_metadata(self) -> RowIdMeta:
        """The ids as they are stored in a manifest."""
        return RowIdMeta(_native.row_ids_to_inline(self._ids.to_numpy()) if len(self) else b"")

    @staticmethod
    def from_inline_metadata(metadata) -> RowIdSequence:
        """The ids that a manifest stores inline."""
        return RowIdSequence(_native.row_ids_from_inline(bytes(metadata.inline)))

    def __len__(self):
        return len(self._ids)

    def __iter__(self):
        return iter(self._ids.to_pylist())

    def __eq__(self, other):
        return isinstance(other, RowIdSequence) and self._ids.equals(other._ids)

    __hash__ = None

    def __reduce__(self):
        return (RowIdSequence, (self._ids.to_pylist(),))

    def __repr__(self):
        return f"RowIdSequence({self._ids.to_pylist()})"


class _CallablePath(str):
    """A path that older callers may call."""

    def __call__(self):
        warnings.warn(
            "DataFile.path() is deprecated, use DataFile.path instead", DeprecationWarning, stacklevel=2
        )
        return self

    def __reduce__(self):
        return (str, (str(self),))


@dataclass
class DataFile:
    """A file that holds some columns of a fragment."""

    _path: str
    fields: list[int]
    column_indices: list[int] = field(default_factory=list)
    file_major_version: int = 0
    file_minor_version: int = 0
    file_size_bytes: int | None = None
    base_id: int | None = None

    def __init__(
        self,
        path,
        fields,
        column_indices=None,
        file_major_version=0,
        file_minor_version=0,
        file_size_bytes=None,
        base_id=None,
    ):
        self._path = str(path)
        self.fields = fields
        self.column_indices = column_indices or []
        self.file_major_version = file_major_version
        self.file_minor_version = file_minor_version
        self.file_size_bytes = file_size_bytes
        self.base_id = base_id

    @property
    def path(self) -> str:
        """Relative to the ``data`` folder of its base."""
        return _CallablePath(self._path)

    def field_ids(self) -> list[int]:
        """Deprecated: ``fields``."""
        warnings.warn(
            "DataFile.field_ids is deprecated, use DataFile.fields instead", DeprecationWarning, stacklevel=2
        )
        return self.fields

    @classmethod
    def create(cls, dataset, path, *, base_id=None):
        """Describes a file that lies in the dataset's data folder: its columns, by the fields of their names."""
        file, _ = _native.describe_data_file(dataset._ds, str(path), base_id)
        return cls(**file)

    def _asdict(self) -> dict:
        return {
            "fields": self.fields,
            "column_indices": self.column_indices,
            "file_major_version": self.file_major_version,
            "file_minor_version": self.file_minor_version,
            "file_size_bytes": self.file_size_bytes,
            "base_id": self.base_id,
            "path": self._path,
        }

    def __repr__(self):
        base = "" if self.base_id is None else f", base_id={self.base_id}"
        return (
            f"DataFile(path={self._path!r}, fields={self.fields}, column_indices={self.column_indices}, "
            f"file_major_version={self.file_major_version}, file_minor_version={self.file_minor_version}, "
            f"file_size_bytes={self.file_size_bytes}{base})"
        )


@dataclass
class FragmentMetadata:
    """What a manifest says of a fragment."""

    id: int
    files: list[DataFile]
    physical_rows: int
    deletion_file: DeletionFile | None = None
    row_id_meta: RowIdMeta | None = None
    created_at_version_meta: RowDatasetVersionMeta | None = None
    last_updated_at_version_meta: RowDatasetVersionMeta | None = None
    overlays: list = field(default_factory=list)

    @property
    def num_deletions(self) -> int:
        """Deleted rows."""
        return 0 if self.deletion_file is None else self.deletion_file.num_deleted_rows

    @property
    def num_rows(self) -> int:
        """Live rows."""
        return self.physical_rows - self.num_deletions

    def data_files(self) -> list[DataFile]:
        """Deprecated: ``files``."""
        warnings.warn(
            "FragmentMetadata.data_files is deprecated. Use .files instead.", DeprecationWarning, stacklevel=2
        )
        return self.files

    def to_json(self) -> dict:
        """A JSON-ready dict."""

        def of(value):
            return None if value is None else value.asdict()

        return {
            "id": self.id,
            "files": [file._asdict() for file in self.files],
            "overlays": list(self.overlays),
            "physical_rows": self.physical_rows,
            "deletion_file": of(self.deletion_file),
            "row_id_meta": of(self.row_id_meta),
            "created_at_version_meta": of(self.created_at_version_meta),
            "last_updated_at_version_meta": of(self.last_updated_at_version_meta),
        }

    @staticmethod
    def from_json(json_data) -> FragmentMetadata:
        """The inverse of :meth:`to_json`; takes the dict's JSON text."""
        values = json.loads(json_data) if isinstance(json_data, (str, bytes)) else dict(json_data)

        def made(kind, value):
            return None if value is None else kind(**value)

        return FragmentMetadata(
            id=values["id"],
            files=[DataFile(**file) for file in values["files"]],
            physical_rows=values["physical_rows"],
            deletion_file=made(DeletionFile, values.get("deletion_file")),
            row_id_meta=made(RowIdMeta, values.get("row_id_meta")),
            created_at_version_meta=made(RowDatasetVersionMeta, values.get("created_at_version_meta")),
            last_updated_at_version_meta=made(RowDatasetVersionMeta, values.get("last_updated_at_version_meta")),
            overlays=values.get("overlays") or [],
        )

    @staticmethod
    def _from_native(values) -> FragmentMetadata:
        def lineage(kind, value):
            if value is None:
                return None
            return kind(value) if isinstance(value, bytes) else ColumnLineage()

        deletions = values["deletion_file"]
        return FragmentMetadata(
            id=values["id"],
            files=[DataFile(**file) for file in values["files"]],
            physical_rows=values["physical_rows"],
            deletion_file=None if deletions is None else DeletionFile(**deletions),
            row_id_meta=lineage(RowIdMeta, values["row_id_meta"]),
            created_at_version_meta=lineage(RowDatasetVersionMeta, values["created_at_version_meta"]),
            last_updated_at_version_meta=lineage(RowDatasetVersionMeta, values["last_updated_at_version_meta"]),
        )
