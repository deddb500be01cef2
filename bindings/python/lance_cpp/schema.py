"""Lance schemas: Arrow fields with ids that outlive renames."""

from __future__ import annotations

import json

import pyarrow as pa

from lance_cpp import _native
from lance_cpp._debug_text import Node, compact, some
from lance_cpp._unsupported import unsupported


class LanceField:
    """A field of a :class:`LanceSchema`."""

    __slots__ = ("_values",)

    def __init__(self, values):
        self._values = values

    def name(self) -> str:
        return self._values["name"]

    def id(self) -> int:
        return self._values["id"]

    def children(self) -> list[LanceField]:
        return [LanceField(child) for child in self._values["children"]]

    @property
    def metadata(self) -> dict:
        return dict(self._values["metadata"])

    def _to_native(self) -> dict:
        children = [child._to_native() for child in self.children()]
        return {**{key: value for key, value in self._values.items() if key != "arrow"}, "children": children}

    def to_arrow(self) -> pa.Field:
        """The Arrow field. Raises ``NotImplementedError`` for a type that this release does not know."""
        if self._values["arrow"] is None:
            raise unsupported(f"logical type {self._values['logical_type']}", "it is unknown to this release")
        if not isinstance(self._values["arrow"], pa.Field):
            self._values["arrow"] = pa.Schema._import_from_c_capsule(self._values["arrow"]).field(0)
        return self._values["arrow"]

    def is_unenforced_primary_key(self) -> bool:
        return self._values["primary_key_position"] is not None

    def unenforced_primary_key_position(self):
        return self._values["primary_key_position"]

    def is_unenforced_clustering_key(self) -> bool:
        return self._values["clustering_key_position"] is not None

    def unenforced_clustering_key_position(self):
        return self._values["clustering_key_position"]

    def _debug(self) -> Node:
        values = self._values
        encoding = values["encoding"]
        return Node(
            "Field",
            {
                "name": values["name"],
                "id": values["id"],
                "parent_id": values["parent_id"],
                "logical_type": Node("LogicalType", items=[values["logical_type"]]),
                "metadata": values["metadata"],
                "encoding": None if encoding is None else some(Node(encoding)),
                "nullable": values["nullable"],
                "children": [child._debug() for child in self.children()],
                "dictionary": None,
                "unenforced_primary_key_position": some(values["primary_key_position"]),
                "unenforced_clustering_key_position": some(values["clustering_key_position"]),
            },
        )

    def _plain(self) -> dict:
        plain = {key: value for key, value in self._values.items() if key not in ("arrow", "children")}
        return {**plain, "children": [child._plain() for child in self.children()]}

    def __eq__(self, other):
        return isinstance(other, LanceField) and self._plain() == other._plain()

    __hash__ = None

    def __repr__(self):
        return compact(self._debug())


class LanceSchema:
    """The fields of a dataset with their ids. Compares and pickles by value."""

    __slots__ = ("_fields", "_metadata")

    def __init__(self):
        raise TypeError("No constructor defined for LanceSchema: use LanceSchema.from_pyarrow")

    @staticmethod
    def _from_native(values) -> LanceSchema:
        schema = object.__new__(LanceSchema)
        schema._fields = [LanceField(field) for field in values["fields"]]
        schema._metadata = dict(values["metadata"])
        return schema

    def _to_native(self) -> dict:
        return {"fields": [field._to_native() for field in self._fields], "metadata": self._metadata}

    @staticmethod
    def from_pyarrow(schema: pa.Schema) -> LanceSchema:
        """Numbers the fields of an Arrow schema."""
        return LanceSchema._from_native(_native.schema_from_arrow(schema))

    def to_pyarrow(self) -> pa.Schema:
        """The Arrow schema."""
        metadata = {key.encode(): value.encode() for key, value in self._metadata.items()}
        return pa.schema([field.to_arrow() for field in self._fields], metadata or None)

    @property
    def metadata(self) -> dict:
        return dict(self._metadata)

    def fields(self) -> list[LanceField]:
        """The top-level fields."""
        return list(self._fields)

    def _find(self, path, same):
        parts = _native.split_path(path)
        fields, found = self._fields, None
        for part in parts:
            found = next((field for field in fields if same(field.name(), part)), None)
            if found is None:
                return None
            fields = found.children()
        return found

    def field(self, name):
        """The field of a path such as ``"a.b"``, or None."""
        return self._find(name, lambda a, b: a == b)

    def field_case_insensitive(self, name):
        """As :meth:`field`, whatever the case; an exact match wins."""
        return self.field(name) or self._find(name, lambda a, b: a.lower() == b.lower())

    def _keyed(self, position) -> list[LanceField]:
        found = []

        def visit(field):
            if position(field) is not None:
                found.append(field)
            for child in field.children():
                visit(child)

        for field in self._fields:
            visit(field)
        return sorted(found, key=lambda field: (position(field) or 1 << 32, field.id()))

    def unenforced_primary_key(self) -> list[LanceField]:
        return self._keyed(LanceField.unenforced_primary_key_position)

    def unenforced_clustering_key(self) -> list[LanceField]:
        return self._keyed(LanceField.unenforced_clustering_key_position)

    def __reduce__(self):
        for field in self._fields:
            _materialize(field._values)
        return (LanceSchema._from_native, ({"fields": [f._values for f in self._fields], "metadata": self._metadata},))

    def __eq__(self, other):
        return isinstance(other, LanceSchema) and self._fields == other._fields and self._metadata == other._metadata

    __hash__ = None

    def _debug(self) -> Node:
        return Node("Schema", {"fields": [field._debug() for field in self._fields], "metadata": self._metadata})

    def __repr__(self):
        return compact(self._debug())


def _materialize(values):
    """Turns Arrow capsules, which do not pickle, into pyarrow fields."""
    if values["arrow"] is not None:
        LanceField(values).to_arrow()
    for child in values["children"]:
        _materialize(child)


# ---- Lance's JSON form of an Arrow schema ----

_NAMES = {
    pa.null(): "null",
    pa.bool_(): "bool",
    pa.float16(): "halffloat",
    pa.float32(): "float",
    pa.float64(): "double",
    pa.string(): "string",
    pa.large_string(): "large_string",
    pa.binary(): "binary",
    pa.large_binary(): "large_binary",
    pa.date32(): "date32:day",
    pa.date64(): "date64:ms",
    **{getattr(pa, f"{sign}int{bits}")(): f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
    **{kind(unit): f"{name}:{unit}" for kind, name, units in (
        (pa.time32, "time32", ("s", "ms")), (pa.time64, "time64", ("us", "ns")),
        (pa.duration, "duration", ("s", "ms", "us", "ns"))) for unit in units},
}  # fmt: skip
_TYPES = {name: kind for kind, name in _NAMES.items()}
_LISTS = {"list": pa.list_, "large_list": pa.large_list}


def _type_to_json(kind: pa.DataType) -> dict:
    if kind in _NAMES:
        return {"type": _NAMES[kind]}
    if pa.types.is_timestamp(kind):
        return {"type": f"timestamp:{kind.unit}:{kind.tz or '-'}"}
    if pa.types.is_decimal(kind):
        return {"type": f"decimal:{kind.bit_width}:{kind.precision}:{kind.scale}"}
    if pa.types.is_dictionary(kind):
        value, index = _NAMES.get(kind.value_type), _NAMES[kind.index_type]
        return {"type": f"dict:{value}:{index}:{str(kind.ordered).lower()}"}
    if pa.types.is_fixed_size_binary(kind):
        return {"type": "fixed_size_binary", "length": kind.byte_width}
    if pa.types.is_struct(kind):
        return {"type": "struct", "fields": [_field_to_json(kind.field(i)) for i in range(kind.num_fields)]}
    if pa.types.is_fixed_size_list(kind):
        return {"type": "fixed_size_list", "fields": [_field_to_json(kind.value_field)], "length": kind.list_size}
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        name = "list" if pa.types.is_list(kind) else "large_list"
        return {"type": name, "fields": [_field_to_json(kind.value_field)]}
    raise ValueError(f"Failed to convert schema to json: unsupported type {kind}")


def _field_to_json(field: pa.Field) -> dict:
    kind, metadata = field.type, dict(field.metadata or {})
    if isinstance(kind, pa.BaseExtensionType):
        metadata[b"ARROW:extension:name"] = kind.extension_name.encode()
        serialized = kind.__arrow_ext_serialize__() if hasattr(kind, "__arrow_ext_serialize__") else b""
        metadata[b"ARROW:extension:metadata"] = serialized
        kind = kind.storage_type
    out = {"name": field.name, "type": _type_to_json(kind), "nullable": field.nullable}
    if metadata:
        out["metadata"] = {key.decode(): value.decode() for key, value in metadata.items()}
    return out


def _type_from_json(values: dict) -> pa.DataType:
    name = values["type"]
    if name in _TYPES:
        return _TYPES[name]
    if name == "struct":
        return pa.struct([_field_from_json(field) for field in values["fields"]])
    if name == "fixed_size_list":
        return pa.list_(_field_from_json(values["fields"][0]), values["length"])
    if name in _LISTS:
        return _LISTS[name](_field_from_json(values["fields"][0]))
    if name == "fixed_size_binary":
        return pa.binary(values["length"])
    kind, *parts = name.split(":")
    if kind == "timestamp":
        zone = ":".join(parts[1:])
        return pa.timestamp(parts[0], None if zone == "-" else zone)
    if kind == "decimal":
        bits, precision, scale = map(int, parts)
        return (pa.decimal128 if bits == 128 else pa.decimal256)(precision, scale)
    if kind == "dict":
        return pa.dictionary(_TYPES[parts[1]], _TYPES[parts[0]], parts[2] == "true")
    raise ValueError(f"Failed to convert json to schema: unsupported type {name}")


def _field_from_json(values: dict) -> pa.Field:
    return pa.field(values["name"], _type_from_json(values["type"]), values["nullable"], values.get("metadata"))


def schema_to_json(schema: pa.Schema) -> dict:
    """An Arrow schema as a JSON-ready dict."""
    out = {"fields": [_field_to_json(field) for field in schema]}
    if schema.metadata:
        out["metadata"] = {key.decode(): value.decode() for key, value in schema.metadata.items()}
    return out


def json_to_schema(schema_json) -> pa.Schema:
    """The inverse of :func:`schema_to_json`; takes the dict or its text."""
    values = json.loads(schema_json) if isinstance(schema_json, str) else schema_json
    return pa.schema([_field_from_json(field) for field in values["fields"]], values.get("metadata"))
