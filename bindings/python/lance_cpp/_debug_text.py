"""Structures as text, in the form that tools around Lance already read: ``Name { key: value }``."""

from __future__ import annotations

import json


class Node:
    """A named structure (fields) or a named wrapper such as ``Some(x)`` (items)."""

    def __init__(self, name, fields=None, items=None):
        self.name, self.fields, self.items = name, fields, items


def some(value):
    return None if value is None else Node("Some", items=[value])


def _parts(value):
    """(opening, [(prefix, value)], closing) of a container; None for a leaf."""
    if isinstance(value, Node):
        if value.fields is not None:
            return value.name + " {", [(f"{key}: ", inner) for key, inner in value.fields.items()], "}"
        if value.items is not None:
            return value.name + "(", [("", inner) for inner in value.items], ")"
        return None
    if isinstance(value, dict):
        return "{", [(f"{json.dumps(key)}: ", inner) for key, inner in value.items()], "}"
    if isinstance(value, (list, tuple)):
        return "[", [("", inner) for inner in value], "]"
    return None


def _leaf(value) -> str:
    if value is None:
        return "None"
    if isinstance(value, Node):
        return value.name
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def compact(value) -> str:
    """On one line."""
    parts = _parts(value)
    if parts is None:
        return _leaf(value)
    opening, members, closing = parts
    inner = ", ".join(prefix + compact(member) for prefix, member in members)
    if opening.endswith(" {") and members:
        return f"{opening} {inner} {closing}"
    return opening + inner + closing


def pretty(value, indent="") -> str:
    """One member a line, indented by four."""
    parts = _parts(value)
    if parts is None:
        return _leaf(value)
    opening, members, closing = parts
    if not members:
        return opening + closing
    deeper = indent + "    "
    lines = [f"{deeper}{prefix}{pretty(member, deeper)},\n" for prefix, member in members]
    return opening + "\n" + "".join(lines) + indent + closing
