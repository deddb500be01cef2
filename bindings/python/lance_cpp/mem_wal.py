"""The write-ahead log (LSM writes): its plain values; the rest is not supported yet."""

from __future__ import annotations

from dataclasses import dataclass, field

from lance_cpp._unsupported import WRITES, missing_class, not_yet


@dataclass
class ShardingField:
    """How one part of a shard's key is made."""

    field_id: str
    source_ids: list
    transform: str | None = None
    expression: str | None = None
    result_type: str = ""
    parameters: dict = field(default_factory=dict)


@dataclass
class ShardingSpec:
    """How rows are spread over shards."""

    spec_id: int
    fields: list


@dataclass
class CompactedSsTable:
    """A table of the log that has been merged into the data set."""

    shard_id: str
    generation: int


@not_yet(WRITES)
def evaluate_sharding_spec(batch, spec, schema):
    """The shard of each row."""


ExecutionPlan = missing_class("ExecutionPlan", __name__, WRITES)
LsmPointLookupPlanner = missing_class("LsmPointLookupPlanner", __name__, WRITES)
LsmScanner = missing_class("LsmScanner", __name__, WRITES)
LsmVectorSearchPlanner = missing_class("LsmVectorSearchPlanner", __name__, WRITES)
ShardSnapshot = missing_class("ShardSnapshot", __name__, WRITES)
ShardWriter = missing_class("ShardWriter", __name__, WRITES)
