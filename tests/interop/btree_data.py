"""Random columns of every type that a BTREE indexes."""

import decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MAKERS = {
    "int8": lambda v, r: pa.array(v, pa.int8()),
    "int16": lambda v, r: pa.array(v * 300, pa.int16()),
    "int32": lambda v, r: pa.array(v * 70_000, pa.int32()),
    "int64": lambda v, r: pa.array(r.integers(-(2**63), 2**63 - 1, len(v))),
    "uint8": lambda v, r: pa.array(abs(v), pa.uint8()),
    "uint16": lambda v, r: pa.array(abs(v) * 600, pa.uint16()),
    "uint32": lambda v, r: pa.array(abs(v) * 70_000_000, pa.uint32()),
    "uint64": lambda v, r: pa.array(r.integers(0, 2**64 - 1, len(v), dtype=np.uint64)),
    "float16": lambda v, r: pa.array(_floats(v, r).astype(np.float16)),
    "float32": lambda v, r: pa.array(_floats(v, r).astype(np.float32)),
    "float64": lambda v, r: pa.array(_floats(v, r)),
    "bool": lambda v, r: pa.array(v > 0),
    "string": lambda v, r: pa.array([("k%d" % (x % 60)) * (1 + x % 3) if x % 7 else "" for x in v], pa.string()),
    "large_string": lambda v, r: pa.array(["é%d" % x for x in v], pa.large_string()),
    "binary": lambda v, r: pa.array([bytes([x % 256, 0, (x * 3) % 256]) for x in v], pa.binary()),
    "large_binary": lambda v, r: pa.array([bytes([x % 256]) * 12 for x in v], pa.large_binary()),
    "fixed_size_binary": lambda v, r: pa.array([bytes([x % 256, 1, 0]) for x in v], pa.binary(3)),
    "date32": lambda v, r: pa.array(v, pa.int32()).cast(pa.date32()),
    "date64": lambda v, r: pa.array(v * 86_400_000, pa.int64()).cast(pa.date64()),
    "time32": lambda v, r: pa.array(abs(v), pa.int32()).cast(pa.time32("ms")),
    "time64": lambda v, r: pa.array(abs(v), pa.int64()).cast(pa.time64("us")),
    "timestamp": lambda v, r: pa.array(v, pa.int64()).cast(pa.timestamp("us")),
    "timestamp_utc": lambda v, r: pa.array(v, pa.int64()).cast(pa.timestamp("ns", "UTC")),
    "duration": lambda v, r: pa.array(v, pa.int64()).cast(pa.duration("s")),
    "decimal128": lambda v, r: pa.array([decimal.Decimal(int(x)) / 100 for x in v], pa.decimal128(20, 2)),
    "decimal256": lambda v, r: pa.array([decimal.Decimal(int(x)) for x in v], pa.decimal256(40, 2)),
}


def _floats(values, random):
    out = values / 4.0
    for special in (np.nan, -0.0, 0.0, np.inf, -np.inf):
        out[random.random(len(out)) < 0.05] = special
    return out


def column(kind, rows, nulls, seed):
    random = np.random.default_rng(seed)
    values = MAKERS[kind](random.integers(-50, 50, rows), random)
    missing = pa.array(random.random(rows) < nulls)
    return pc.if_else(missing, pa.scalar(None, values.type), values) if nulls > 0 else values


def bits(values):
    """Values so that two are equal when their bits are."""
    if pa.types.is_floating(values.type):
        width = {2: np.uint16, 4: np.uint32, 8: np.uint64}[values.type.bit_width // 8]
        numbers = np.asarray(values.fill_null(0).to_numpy(zero_copy_only=False)).view(width)
        return [int(n) if valid else None for n, valid in zip(numbers, values.is_valid().to_pylist())]
    if pa.types.is_temporal(values.type):
        values = values.cast(pa.int32() if values.type.bit_width == 32 else pa.int64())
    return values.to_pylist()
