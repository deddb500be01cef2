"""Column types of the random histories: values, conditions and changes of each, in SQL and in Python."""

import datetime
import decimal

import pyarrow as pa

EPOCH = datetime.datetime(2020, 1, 1)


def text(rng):
    return f"v{rng.randrange(300)}" + "é" * rng.randrange(3)


def some(value, most=4):
    return lambda rng: [value(rng) for _ in range(rng.randrange(most))]


def small(rng):
    return rng.randrange(-50, 50)


def quarter(rng):
    return rng.randrange(-50, 50) / 4


def maybe(value, share):
    return lambda rng: None if rng.random() < share else value(rng)


def pair(rng):
    return {"a": maybe(small, 0.2)(rng), "b": maybe(text, 0.2)(rng)}


def nested(rng):
    return {"in": maybe(pair, 0.2)(rng), "f": quarter(rng)}


PAIR = pa.struct([("a", pa.int32()), ("b", pa.string())])

# Name: type, a value, and whether files of version 2.0 hold it.
POOL = {
    "s": (pa.string(), text, True),
    "f": (pa.float64(), quarter, True),
    "f4": (pa.float32(), quarter, True),
    "i": (pa.int32(), small, True),
    "i1": (pa.int8(), small, True),
    "u2": (pa.uint16(), lambda rng: rng.randrange(1 << 16), True),
    "u8": (pa.uint64(), lambda rng: rng.randrange(1 << 60), True),
    "b": (pa.bool_(), lambda rng: rng.random() < 0.5, True),
    "d": (pa.date32(), lambda rng: datetime.date(2020, 1, 1) + datetime.timedelta(rng.randrange(999)), True),
    "ts": (pa.timestamp("us"), lambda rng: EPOCH + datetime.timedelta(microseconds=rng.randrange(10**12)), True),
    "t": (pa.time64("us"), lambda rng: datetime.time(rng.randrange(24), rng.randrange(60), microsecond=rng.randrange(10**6)), True),
    "dur": (pa.duration("ms"), lambda rng: datetime.timedelta(milliseconds=rng.randrange(10**6)), True),
    "dec": (pa.decimal128(12, 3), lambda rng: decimal.Decimal(rng.randrange(-10**6, 10**6)).scaleb(-3), True),
    "ss": (pa.large_string(), text, True),
    "bin": (pa.binary(), lambda rng: rng.randbytes(rng.randrange(9)), True),
    "big": (pa.large_binary(), lambda rng: rng.randbytes(rng.randrange(3000)), True),
    "fsb": (pa.binary(5), lambda rng: rng.randbytes(5), True),
    "l": (pa.list_(pa.int32()), some(maybe(small, 0.1)), True),
    "lt": (pa.large_list(pa.string()), some(maybe(text, 0.1)), True),
    "ll": (pa.list_(pa.list_(pa.int16())), some(some(small)), True),
    "v": (pa.list_(pa.float32(), 4), lambda rng: [quarter(rng) for _ in range(4)], True),
    "st": (PAIR, pair, False),
    "n": (pa.struct([("in", PAIR), ("f", pa.float64())]), nested, False),
    "lst": (pa.list_(PAIR), some(pair), False),
    "dict": (pa.dictionary(pa.int8(), pa.string()), lambda rng: f"w{rng.randrange(5)}", True),
}


def random_columns(rng, version):
    """A schema of `k` and some others, and how to make a value of each."""
    names = [name for name in POOL if version != "2.0" or POOL[name][2]]
    chosen = rng.sample(names, rng.randrange(3, 8))
    if "s" not in chosen:
        chosen.append("s")
    rng.shuffle(chosen)
    schema = pa.schema([pa.field("k", pa.int64())] + [pa.field(name, POOL[name][0]) for name in chosen])
    return schema, {name: POOL[name][1] for name in chosen}


def condition(rng, schema, next_key):
    """A random condition: SQL, and the same as a function of a row to true, false or None."""
    bound = rng.randrange(max(next_key, 1))
    keys = [rng.randrange(next_key + 1) for _ in range(5)]

    def of(name, test):
        return lambda row: None if row[name] is None else test(row[name])

    out = [
        (f"k < {bound}", of("k", lambda v: v < bound)),
        (f"k % 7 = {bound % 7}", of("k", lambda v: v % 7 == bound % 7)),
        (f"k IN ({', '.join(map(str, keys))})", of("k", lambda v: v in keys)),
        (f"k BETWEEN {bound} AND {bound + 20}", of("k", lambda v: bound <= v <= bound + 20)),
    ]
    for field in schema:
        name = field.name
        if pa.types.is_floating(field.type):
            out.append((f"{name} >= {bound % 13}", of(name, lambda v: v >= bound % 13)))
        elif field.type == pa.string():
            out.append((f"{name} IS NULL", lambda row, name=name: row[name] is None))
            out.append((f"{name} LIKE 'v1%' OR k = {bound}",
                        lambda row, name=name: _or(None if row[name] is None else row[name].startswith("v1"),
                                                   None if row["k"] is None else row["k"] == bound)))
        elif field.type in (pa.int32(), pa.int8()):
            out.append((f"{name} > {bound % 40} AND k > 3", _both(of(name, lambda v: v > bound % 40), of("k", lambda v: v > 3))))
        elif field.type == pa.bool_():
            out.append((f"{name}", of(name, lambda v: v)))
            out.append((f"NOT {name}", of(name, lambda v: not v)))
        elif field.type == PAIR:
            out.append((f"{name}.a < {bound % 5}",
                        lambda row, name=name: None if row[name] is None or row[name]["a"] is None else row[name]["a"] < bound % 5))
    return rng.choice(out)


def _or(a, b):
    return True if a or b else None if a is None or b is None else False


def _both(a, b):
    def test(row):
        x, y = a(row), b(row)
        return False if x is False or y is False else None if x is None or y is None else True

    return test


def update(rng, schema):
    """A random change of a column: its name, SQL, and the same as a function of a row."""
    out = []
    for field in schema:
        name = field.name
        if name == "k":
            continue
        if field.nullable and not pa.types.is_nested(field.type) and not pa.types.is_dictionary(field.type):
            out.append((name, "NULL", lambda row: None))
        if field.type == pa.string():
            out.append((name, "concat('u', cast(k as string))", lambda row: "u" if row["k"] is None else f"u{row['k']}"))
            out.append((name, "'x'", lambda row: "x"))
        elif field.type == pa.float64():
            out.append((name, f"{name} * 2", lambda row, name=name: None if row[name] is None else row[name] * 2))
            out.append((name, "k", lambda row: None if row["k"] is None else float(row["k"])))
        elif field.type == pa.int32():
            out.append((name, f"{name} + 1", lambda row, name=name: None if row[name] is None else row[name] + 1))
        elif field.type == pa.bool_():
            out.append((name, f"NOT {name}", lambda row, name=name: None if row[name] is None else not row[name]))
    return rng.choice(out)


# Types that a column can be changed to.
WIDER = {
    pa.int8(): pa.int32(),
    pa.int32(): pa.int64(),
    pa.uint16(): pa.uint64(),
    pa.float32(): pa.float64(),
    pa.string(): pa.large_string(),
    pa.large_string(): pa.string(),
    pa.binary(): pa.large_binary(),
}
