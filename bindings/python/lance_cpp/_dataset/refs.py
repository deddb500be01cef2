"""Versions, tags and branches as the API shows them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TypedDict

from lance_cpp import _native
from lance_cpp._dataset import opening


class Version(TypedDict):
    version: int
    timestamp: int | datetime
    metadata: dict


class VersionRef(TypedDict):
    version: int


class Tag(TypedDict):
    branch: str | None
    version: int
    created_at: datetime | None
    updated_at: datetime | None
    manifest_size: int
    metadata: dict


class Branch(TypedDict):
    parent_branch: str | None
    branch_identifier: list
    parent_version: int
    create_at: int
    manifest_size: int
    metadata: dict


def local_time(nanoseconds: int) -> datetime:
    """A naive local time, to the microsecond."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return datetime.fromtimestamp(seconds) + timedelta(microseconds=rest // 1000)


def _utc_time(nanoseconds):
    if nanoseconds is None:
        return None
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=nanoseconds // 1000)


def _ordered(entries: dict, key, order):
    if order not in (None, "asc", "desc"):
        raise ValueError(f"Invalid order '{order}'. Must be 'asc' or 'desc'")
    return sorted(entries.items(), key=key, reverse=order != "asc")


class Tags:
    """Named versions of a dataset."""

    def __init__(self, dataset):
        self._ds = dataset

    def list(self) -> dict[str, Tag]:
        """All tags by name."""
        tags = self._ds.tags()
        for tag in tags.values():
            tag["created_at"] = _utc_time(tag["created_at"])
            tag["updated_at"] = _utc_time(tag["updated_at"])
        return tags

    def list_ordered(self, order=None) -> list[tuple[str, Tag]]:
        """All tags, newest version first (``order="asc"``: oldest first)."""
        return _ordered(self.list(), lambda item: (item[1]["version"], item[0]), order)

    def get_version(self, tag) -> int:
        """The version a tag names. Raises ``ValueError`` when there is no such tag."""
        found = self._ds.tags().get(tag)
        if found is None:
            raise ValueError(f"Ref not found: Ref not found error: tag {tag} does not exist")
        return found["version"]

    def create(self, tag, reference=None):
        """Names a version: a number, another tag, or ``(branch, version)``; default: the one open.

        :raises ValueError: when there is such a tag, or no such version
        """
        _native.create_tag(self._ds, tag, opening.to_reference(reference))

    def update(self, tag, reference=None):
        """Moves a tag to another version."""
        _native.update_tag(self._ds, tag, opening.to_reference(reference))

    def delete(self, tag):
        """Removes a tag."""
        _native.delete_tag(self._ds, tag)

    def replace_metadata(self, tag, metadata):
        """Replaces a tag's metadata."""
        _native.replace_tag_metadata(self._ds, tag, dict(metadata))


class Branches:
    """Lines of versions that go their own way."""

    def __init__(self, dataset):
        self._ds = dataset

    def list(self) -> dict[str, Branch]:
        """All branches by name."""
        return self._ds.branches()

    def list_ordered(self, order=None) -> list[tuple[str, Branch]]:
        """All branches by the version they start from, newest first (``order="asc"``: oldest first)."""
        return _ordered(self.list(), lambda item: (item[1]["parent_version"], item[0]), order)

    def delete(self, branch):
        """Removes a branch and its files."""
        _native.delete_branch(self._ds, branch, False)

    def replace_metadata(self, branch, metadata):
        """Replaces a branch's metadata."""
        _native.replace_branch_metadata(self._ds, branch, dict(metadata))
