"""Full text queries: their tree. Running them needs a text index, which is not supported yet."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from enum import Enum


class DocumentGranularity(str, Enum):
    """What counts as one document."""

    ROW = "row"
    LIST_ELEMENT = "list_element"


class FullTextOperator(Enum):
    """How the terms of a query combine."""

    AND = "AND"
    OR = "OR"


class FullTextQueryType(Enum):
    """The kinds of query."""

    MATCH = "match"
    MATCH_PHRASE = "match_phrase"
    BOOST = "boost"
    MULTI_MATCH = "multi_match"
    COMBINED_FIELDS = "combined_fields"
    BOOLEAN = "boolean"


class Occur(Enum):
    """How a clause of a boolean query counts."""

    SHOULD = "SHOULD"
    MUST = "MUST"
    MUST_NOT = "MUST_NOT"


@dataclass(frozen=True)
class MinHashQuery:
    """A near-duplicate search."""

    text: str
    column: str


class FullTextQuery(abc.ABC):
    """A node of a query. ``&`` and ``|`` combine nodes."""

    _inner: dict

    @property
    def inner(self) -> dict:
        """The node as plain values."""
        return self._inner

    @abc.abstractmethod
    def query_type(self) -> FullTextQueryType:
        """The kind of this node."""

    def __and__(self, other):
        return BooleanQuery([(Occur.MUST, self), (Occur.MUST, other)])

    def __or__(self, other):
        return BooleanQuery([(Occur.SHOULD, self), (Occur.SHOULD, other)])

    def __repr__(self):
        inner = ", ".join(f"{key}={value!r}" for key, value in self._inner.items())
        return f"{type(self).__name__}({inner})"


def _plain(values) -> dict:
    return {key: value for key, value in values.items() if key not in ("self", "__class__")}


class MatchQuery(FullTextQuery):
    """Rows whose column holds the terms."""

    def __init__(self, query, column, *, boost=1.0, fuzziness=0, max_expansions=50, operator=FullTextOperator.OR,
                 prefix_length=0, document_granularity=None):  # fmt: skip
        self._inner = _plain(locals())

    def query_type(self):
        return FullTextQueryType.MATCH


class PhraseQuery(FullTextQuery):
    """Rows whose column holds the terms in order."""

    def __init__(self, query, column, *, slop=0, document_granularity=None):
        self._inner = _plain(locals())

    def query_type(self):
        return FullTextQueryType.MATCH_PHRASE


class BoostQuery(FullTextQuery):
    """Rows of one query, those of another pushed down."""

    def __init__(self, positive, negative, *, negative_boost=0.5):
        self._inner = _plain(locals())

    def query_type(self):
        return FullTextQueryType.BOOST


class MultiMatchQuery(FullTextQuery):
    """A match in any of several columns; the best one counts."""

    def __init__(self, query, columns, *, boosts=None, operator=FullTextOperator.OR):
        self._inner = _plain(locals())

    def query_type(self):
        return FullTextQueryType.MULTI_MATCH


class CombinedFieldsQuery(FullTextQuery):
    """A match over several columns seen as one document."""

    def __init__(self, query, columns, *, boosts=None, operator=FullTextOperator.OR):
        self._inner = _plain(locals())

    def query_type(self):
        return FullTextQueryType.COMBINED_FIELDS


class BooleanQuery(FullTextQuery):
    """Clauses that must, should or must not match."""

    def __init__(self, queries):
        self._inner = {"queries": list(queries)}

    def query_type(self):
        return FullTextQueryType.BOOLEAN
