"""Seeded random Arrow columns over every type that Lance stores: types x value patterns x null patterns.

A column is a pure function of (type name, value pattern, null pattern, rows, seed), so a failing case can be made again
from its name.
"""

import datetime
import decimal

import numpy as np
import pyarrow as pa

NULLS = ("none", "all", "tenth", "most", "alternate", "first", "last", "runs")
VALUES = ("random", "constant", "runs", "few", "ascending", "extreme")


def null_mask(pattern, rows, rng):
    """True where the value is null."""
    mask = np.zeros(rows, dtype=bool)
    if pattern == "all":
        mask[:] = True
    elif pattern == "tenth":
        mask = rng.random(rows) < 0.1
    elif pattern == "most":
        mask = rng.random(rows) < 0.9
    elif pattern == "alternate":
        mask[::2] = True
    elif pattern == "first" and rows:
        mask[0] = True
    elif pattern == "last" and rows:
        mask[-1] = True
    elif pattern == "runs":
        mask = (np.arange(rows) // 100) % 3 == 1
    return mask


def spread(pattern, rows, rng):
    """Which of an endless list of distinct values each row takes."""
    if pattern == "constant":
        return np.full(rows, 7)
    if pattern == "runs":
        return np.arange(rows) // 37
    if pattern == "few":
        return rng.integers(0, 5, rows)
    if pattern == "ascending":
        return np.arange(rows)
    return rng.integers(0, 1 << 40, rows)


def integers(dtype):
    def make(pattern, rows, rng):
        info = np.iinfo(dtype)
        if pattern == "extreme":
            return rng.choice(np.array([info.min, info.max, 0, 1], dtype=dtype), rows)
        if pattern == "random":
            return rng.integers(info.min, info.max, rows, dtype=dtype, endpoint=True)
        return (spread(pattern, rows, rng) % min(int(info.max) + 1, 1 << 50)).astype(dtype)
    return make


def floats(dtype):
    def make(pattern, rows, rng):
        if pattern == "extreme":
            return rng.choice(np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 1.5], dtype=dtype), rows)
        if pattern == "random":
            return rng.standard_normal(rows).astype(dtype)
        return (spread(pattern, rows, rng) % 1000).astype(dtype) / dtype(4)
    return make


WORDS = ["", "a", "lance", "ünïcödé ☃", "x" * 40, "the quick brown fox", "0", " padded "]


def texts(pattern, rows, rng):
    if pattern == "extreme":
        return [["", "y" * 5000, "\0", "日本語"][i] for i in rng.integers(0, 4, rows)]
    which = spread(pattern, rows, rng)
    if pattern == "few":
        return [WORDS[i % len(WORDS)] for i in which]
    return [f"{WORDS[int(i) % len(WORDS)]}{int(i)}" for i in which]


def column(kind, values, nulls, rows, seed):
    """Makes one pa.Array."""
    rng = np.random.default_rng([seed, *kind.encode(), *values.encode(), *nulls.encode()])
    return KINDS[kind](values, nulls, rows, rng)


def numeric(arrow_type, make):
    def build(values, nulls, rows, rng):
        data = make(values, rows, rng)
        return pa.array(data, mask=null_mask(nulls, rows, rng)).cast(arrow_type, safe=False)
    return build


def view_as(arrow_type, storage, make):
    """A type that Arrow stores as another's bits: date, time, timestamp, duration."""
    def build(values, nulls, rows, rng):
        data = make(values, rows, rng)
        return pa.array(data, type=storage, mask=null_mask(nulls, rows, rng)).view(arrow_type)
    return build


def below(dtype, bound):
    """Non-negative integers under a bound (times of day have one)."""
    base = integers(dtype)
    return lambda pattern, rows, rng: (np.abs(base(pattern, rows, rng).astype(np.int64)) % bound).astype(dtype)


def with_nulls(items, nulls, rows, rng, arrow_type):
    mask = null_mask(nulls, rows, rng)
    return pa.array([None if m else v for v, m in zip(items, mask)], type=arrow_type)


def strings(arrow_type, encode=False):
    def build(values, nulls, rows, rng):
        items = texts(values, rows, rng)
        return with_nulls([t.encode() for t in items] if encode else items, nulls, rows, rng, arrow_type)
    return build


def booleans(values, nulls, rows, rng):
    return pa.array(spread(values, rows, rng) % 2 == 1, mask=null_mask(nulls, rows, rng))


def decimals(arrow_type):
    def build(values, nulls, rows, rng):
        items = [decimal.Decimal(int(i) - 50).scaleb(-2) for i in spread(values, rows, rng) % 10**9]
        return with_nulls(items, nulls, rows, rng, arrow_type)
    return build


def fixed_binary(width):
    def build(values, nulls, rows, rng):
        items = [int(i).to_bytes(8, "little")[:width].ljust(width, b"\1") for i in spread(values, rows, rng)]
        return with_nulls(items, nulls, rows, rng, pa.binary(width))
    return build


def vectors(element, width, inner_nulls=False):
    def build(values, nulls, rows, rng):
        inner = KINDS[element](values, "tenth" if inner_nulls else "none", rows * width, rng)
        return pa.FixedSizeListArray.from_arrays(inner, width, mask=pa.array(null_mask(nulls, rows, rng)))
    return build


def lists(element, large=False, longest=5, inner_nulls="tenth"):
    def build(values, nulls, rows, rng):
        mask = null_mask(nulls, rows, rng)
        sizes = rng.integers(0, longest, rows)
        sizes[mask] = 0
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        inner = KINDS[element](values, inner_nulls, int(offsets[-1]), rng)
        kind, cls = (pa.int64(), pa.LargeListArray) if large else (pa.int32(), pa.ListArray)
        return cls.from_arrays(pa.array(offsets, kind), inner, mask=pa.array(mask))
    return build


def structs(**members):
    def build(values, nulls, rows, rng):
        arrays = [KINDS[kind](values, "tenth", rows, rng) for kind in members.values()]
        return pa.StructArray.from_arrays(arrays, list(members), mask=pa.array(null_mask(nulls, rows, rng)))
    return build


def maps(values, nulls, rows, rng):
    mask = null_mask(nulls, rows, rng)
    sizes = rng.integers(0, 4, rows)
    sizes[mask] = 0
    total = int(sizes.sum())
    keys = pa.array([f"k{i % 9}" for i in range(total)])
    items = KINDS["int32"](values, "tenth", total, rng)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).tolist()
    offsets = [None if i < rows and mask[i] else o for i, o in enumerate(offsets)]
    return pa.MapArray.from_arrays(pa.array(offsets, pa.int32()), keys, items)


def dictionaries(index):
    def build(values, nulls, rows, rng):
        names = pa.array(WORDS[:6])
        codes = pa.array(spread(values, rows, rng) % 6, mask=null_mask(nulls, rows, rng)).cast(index)
        return pa.DictionaryArray.from_arrays(codes, names)
    return build


def dates(values, nulls, rows, rng):
    days = spread(values, rows, rng) % 40000
    items = [datetime.date(1970, 1, 1) + datetime.timedelta(days=int(d)) for d in days]
    return with_nulls(items, nulls, rows, rng, pa.date64())


KINDS = {
    "null": lambda values, nulls, rows, rng: pa.nulls(rows),
    "bool": booleans,
    **{t: numeric(getattr(pa, t)(), integers(getattr(np, t)))
       for t in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")},
    "float16": numeric(pa.float16(), floats(np.float16)),
    "float32": numeric(pa.float32(), floats(np.float32)),
    "float64": numeric(pa.float64(), floats(np.float64)),
    "decimal128": decimals(pa.decimal128(20, 2)),
    "decimal256": decimals(pa.decimal256(40, 2)),
    "date32": view_as(pa.date32(), pa.int32(), below(np.int32, 60000)),
    "date64": dates,
    "time32s": view_as(pa.time32("s"), pa.int32(), below(np.int32, 86400)),
    "time32ms": view_as(pa.time32("ms"), pa.int32(), below(np.int32, 86400000)),
    "time64us": view_as(pa.time64("us"), pa.int64(), below(np.int64, 86400 * 10**6)),
    "time64ns": view_as(pa.time64("ns"), pa.int64(), below(np.int64, 86400 * 10**9)),
    **{f"timestamp_{u}": view_as(pa.timestamp(u), pa.int64(), below(np.int64, 10**9)) for u in ("s", "ms", "us", "ns")},
    "timestamp_tz": view_as(pa.timestamp("us", "Europe/Berlin"), pa.int64(), below(np.int64, 10**15)),
    "timestamp_offset": view_as(pa.timestamp("ms", "+05:30"), pa.int64(), below(np.int64, 10**12)),
    **{f"duration_{u}": view_as(pa.duration(u), pa.int64(), below(np.int64, 10**12)) for u in ("s", "ms", "us", "ns")},
    "string": strings(pa.string()),
    "large_string": strings(pa.large_string()),
    "binary": strings(pa.binary(), encode=True),
    "large_binary": strings(pa.large_binary(), encode=True),
    "fsb4": fixed_binary(4),
    "fsb16": fixed_binary(16),
    "fsl_f32_4": vectors("float32", 4),
    "fsl_f32_4_nulls": vectors("float32", 4, inner_nulls=True),
    "fsl_f32_100": vectors("float32", 100),
    "fsl_f16_16": vectors("float16", 16),
    "fsl_u8_8": vectors("uint8", 8),
    "fsl_bool_9": vectors("bool", 9),
    "fsl_fsl": vectors("fsl_f32_4", 2),
    "dict_i8": dictionaries(pa.int8()),
    "dict_i32": dictionaries(pa.int32()),
    "list_i32": lists("int32"),
    "list_string": lists("string"),
    "large_list_i64": lists("int64", large=True),
    "list_list": lists("list_i32"),
    "list_fsl": lists("fsl_f32_4"),
    "struct": structs(a="int32", b="string"),
    "struct_deep": structs(a="struct", c="float64"),
    "list_struct": lists("struct"),
    "struct_list": structs(a="list_i32", b="int64"),
    "list_struct_list": lists("struct_list"),
    "list_of_long": lists("string", longest=60),
    "map": maps,
}


def table(rows, seed, kinds=None, nulls=None):
    """One column of each kind, value and null patterns drawn by the seed; plus `id`, the row number."""
    fixed = nulls
    columns = {"id": pa.array(np.arange(rows), pa.int64())}
    for kind in kinds or KINDS:
        rng = np.random.default_rng([seed, rows, *kind.encode()])
        values = VALUES[rng.integers(0, len(VALUES))]
        nulls = fixed or NULLS[rng.integers(0, len(NULLS))]
        columns[f"{kind}__{values}__{nulls}"] = column(kind, values, nulls, rows, seed)
    return pa.table(columns)
