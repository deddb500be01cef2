"""The entries of a folder catalog: rows of the Lance table ``__manifest`` in its root.

One row an object: ``object_id`` is the path of names joined by ``$``, ``object_type`` is ``namespace`` or
``table``, ``location`` is a table's folder below the root, ``metadata`` the properties as JSON. Rows are found or
made by merge-insert on the id, which is the table's primary key: of two writers one gets it.
"""

from __future__ import annotations

import json
from typing import NamedTuple

import pyarrow as pa

DELIMITER = "$"
TABLE, NAMESPACE = "table", "namespace"

SCHEMA = pa.schema(
    [
        pa.field("object_id", pa.string(), nullable=False, metadata={"lance-schema:unenforced-primary-key:position": "0"}),
        pa.field("object_type", pa.string(), nullable=False),
        pa.field("location", pa.string()),
        pa.field("metadata", pa.string()),
        pa.field("base_objects", pa.list_(pa.field("object_id", pa.string()))),
    ]
)  # fmt: skip


class Entry(NamedTuple):
    """An object of a catalog."""

    object_id: str
    object_type: str
    location: str | None
    properties: dict | None


def _quoted(text) -> str:
    return "'" + text.replace("'", "''") + "'"


class Entries:
    """The table of entries below a root; made on the first write."""

    def __init__(self, root, storage_options, session):
        self._uri = f"{root}/__manifest"
        self._options = {"storage_options": storage_options, "session": session}

    def _open(self):
        """The newest version, or None when there is no table."""
        import lance_cpp

        try:
            return lance_cpp.dataset(self._uri, **self._options)
        except ValueError as error:
            if "not found" in str(error).lower():
                return None
            raise

    def _open_or_make(self):
        import lance_cpp

        while (table := self._open()) is None:
            try:
                return lance_cpp.write_dataset(SCHEMA.empty_table(), self._uri, **self._options)
            except OSError as error:  # somebody else just made it
                if "already exists" not in str(error):
                    raise
        return table

    def _select(self, predicate) -> list[Entry]:
        table = self._open()
        if table is None:
            return []
        columns = ["object_id", "object_type", "location", "metadata"]
        rows = table.to_table(columns=columns, filter=predicate).to_pylist()
        return [
            Entry(row["object_id"], row["object_type"], row["location"], json.loads(row["metadata"] or "null"))
            for row in rows
        ]

    def find(self, object_id, object_type=None) -> Entry | None:
        found = self._select(f"object_id = {_quoted(object_id)}")
        return next((entry for entry in found if object_type in (None, entry.object_type)), None)

    def children(self, parent: list[str], object_type=None) -> list[Entry]:
        """The objects directly below a namespace."""
        prefix = "".join(name + DELIMITER for name in parent)
        below = f"starts_with(object_id, {_quoted(prefix)})" if prefix else None
        found = self._select(below)
        direct = (entry for entry in found if DELIMITER not in entry.object_id[len(prefix) :])
        return [entry for entry in direct if object_type in (None, entry.object_type)]

    def add(self, entry: Entry) -> bool:
        """Adds an entry unless there is one with its id."""
        row = {
            "object_id": entry.object_id,
            "object_type": entry.object_type,
            "location": entry.location,
            "metadata": json.dumps(entry.properties, separators=(",", ":")) if entry.properties else None,
            "base_objects": None,
        }
        merge = self._open_or_make().merge_insert("object_id").when_not_matched_insert_all()
        return merge.execute(pa.Table.from_pylist([row], schema=SCHEMA))["num_inserted_rows"] == 1

    def remove(self, object_id):
        table = self._open()
        if table is not None:
            table.delete(f"object_id = {_quoted(object_id)}")
