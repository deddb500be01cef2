"""Writes testdata/pylance-14.0.2/encodings: single Lance files of versions 2.1 and 2.2 whose columns make the
writer use every page encoding, and the same values as Arrow IPC files, all packed with zstd. Needs pylance 14.0.2 and
the zstd program. `--scale 20` makes a larger set, for a check by hand (LANCE_ENCODINGS=folder encoding_test)."""

import argparse
import decimal
import pathlib
import random
import subprocess

import numpy as np
import pyarrow as pa
import pyarrow.ipc
from lance.file import LanceFileWriter

WORDS = ["ash", "birch", "cedar", "elder", "fir", "hazel", "juniper", "larch", "maple", "oak", "pine", "rowan", "yew"]


def field(name, type, **metadata):
    return pa.field(name, type, metadata={f"lance-encoding:{k.replace('_', '-')}": v for k, v in metadata.items()} or None)


class Columns:
    def __init__(self, rows, seed):
        self.rows = rows
        self.fields, self.arrays = [], []
        self.random = random.Random(seed)
        self.numpy = np.random.default_rng(seed)

    def add(self, name, array, **metadata):
        assert len(array) == self.rows, (name, len(array))
        self.fields.append(field(name, array.type, **metadata))
        self.arrays.append(array)

    def maybe(self, values, share=0.2):
        return [None if self.random.random() < share else v for v in values]

    def text(self, words):
        return " ".join(self.random.choice(WORDS) for _ in range(words))

    def table(self):
        return pa.Table.from_arrays(self.arrays, schema=pa.schema(self.fields))


def fixed(rows):
    c = Columns(rows, 1)
    n = c.numpy
    for bits in (8, 16, 32, 64):
        c.add(f"int{bits}", pa.array(n.integers(0, 100, rows), getattr(pa, f"int{bits}")()))
        c.add(f"uint{bits}_nulls", pa.array(c.maybe([int(v) for v in n.integers(0, 90, rows)]), getattr(pa, f"uint{bits}")()))
    c.add("ascending", pa.array(range(rows), pa.int32()))
    c.add("negative", pa.array(n.integers(-50, 50, rows), pa.int16()))
    c.add("full_range", pa.array(n.integers(-(2**63), 2**63 - 1, rows)))
    c.add("bool", pa.array(n.integers(0, 2, rows).astype(bool)))
    c.add("bool_nulls", pa.array(c.maybe([bool(v) for v in n.integers(0, 2, rows)])))
    c.add("half", pa.array(n.integers(0, 50, rows).astype(np.float16)))
    c.add("float", pa.array(n.integers(0, 1000, rows).astype(np.float32) / 8))
    c.add("double_nulls", pa.array(c.maybe([float(v) / 4 for v in n.integers(0, 1000, rows)])))
    c.add("decimal128", pa.array([decimal.Decimal(int(v)) for v in n.integers(0, 10**6, rows)], pa.decimal128(30, 0)))
    c.add("decimal256_nulls", pa.array(c.maybe([decimal.Decimal(int(v)) for v in n.integers(0, 9, rows)], 0.5), pa.decimal256(60, 0)))
    c.add("timestamp", pa.array(n.integers(10**15, 10**15 + 10**6, rows), pa.timestamp("us", "Europe/Berlin")))
    c.add("date32", pa.array(n.integers(0, 20000, rows).astype(np.int32), pa.date32()))
    c.add("time64", pa.array(n.integers(0, 10**9, rows), pa.time64("us")))
    c.add("duration", pa.array(n.integers(0, 10**5, rows), pa.duration("ms")))
    c.add("fsb3", pa.array([bytes(n.integers(0, 256, 3, dtype=np.uint8)) for _ in range(rows)], pa.binary(3)))
    c.add("runs", pa.array([i // 100 for i in range(rows)], pa.int32()))
    c.add("runs_nulls", pa.array([None if i % 300 < 40 else i // 100 for i in range(rows)], pa.int64()))
    c.add("null_runs", pa.array([None if i < rows // 2 else int(v) for i, v in enumerate(n.integers(0, 99, rows))], pa.int32()))
    c.add("constant", pa.array([7] * rows, pa.int64()))
    c.add("constant_nulls", pa.array(c.maybe([7] * rows), pa.int64()))
    c.add("constant_bool", pa.array([True] * rows))
    c.add("all_null", pa.array([None] * rows, pa.float32()))
    c.add("null_type", pa.nulls(rows))
    c.add("bss_lz4", pa.array(n.integers(0, 1000, rows).astype(np.float32)), bss="on", compression="lz4")
    c.add("bss_plain", pa.array(n.integers(0, 1000, rows).astype(np.float64)), bss="on", compression="none")
    c.add("zstd64", pa.array(n.integers(0, 2**40, rows) * 3), compression="zstd")
    c.add("many_i64", pa.array(n.choice(n.integers(0, 2**62, 30), rows)))
    return c.table()


def strings(rows):
    c = Columns(rows, 2)
    c.add("short", pa.array([f"s{i % 1000}" for i in range(rows)]))
    c.add("short_nulls", pa.array(c.maybe([c.text(1) + str(i) for i in range(rows)])))
    c.add("fsst", pa.array([c.text(6) + str(i) for i in range(rows)]))
    c.add("fsst_nulls", pa.array(c.maybe([c.text(6) + str(i) for i in range(rows)], 0.1), pa.large_string()))
    c.add("few", pa.array([c.random.choice(WORDS[:5]) for _ in range(rows)]))
    c.add("few_nulls", pa.array(c.maybe([c.random.choice(WORDS) for _ in range(rows)]), pa.large_string()))
    c.add("few_runs", pa.array([WORDS[i // 150 % 13] for i in range(rows)]))
    c.add("dictionary8", pa.array([c.random.choice(WORDS) for _ in range(rows)]).dictionary_encode().cast(pa.dictionary(pa.int8(), pa.string())))
    c.add("dictionary16_nulls", pa.array(c.maybe([c.random.choice(WORDS) for _ in range(rows)])).dictionary_encode().cast(pa.dictionary(pa.int16(), pa.string())))
    c.add("dictionary32_int", pa.array([c.random.randrange(300) * 1000 for _ in range(rows)], pa.int64()).dictionary_encode())
    c.add("binary", pa.array([bytes([i % 256]) * (i % 7) for i in range(rows)], pa.binary()))
    c.add("large_binary", pa.array(c.maybe([bytes([i % 256]) * (i % 7) for i in range(rows)]), pa.large_binary()))
    c.add("constant", pa.array(["a constant string that is longer than thirty-two bytes"] * rows))
    c.add("constant_nulls", pa.array(c.maybe(["c6"] * rows)))
    c.add("empty", pa.array([""] * rows))
    c.add("all_null", pa.array([None] * rows, pa.string()))
    c.add("zstd", pa.array([c.text(3) for _ in range(rows)]), compression="zstd")
    c.add("lz4", pa.array([c.text(3) for _ in range(rows)]), compression="lz4")
    c.add("fsb16", pa.array([bytes([c.random.randrange(64)]) * 16 for _ in range(rows)], pa.binary(16)))
    return c.table()


def lists(rows):
    c = Columns(rows, 3)
    r = c.random

    def values(make, most=5):
        return [[make() for _ in range(r.randrange(most))] for _ in range(rows)]

    c.add("ints", pa.array(values(lambda: r.randrange(100)), pa.list_(pa.int32())))
    c.add("ints_nulls", pa.array(c.maybe([c.maybe(v) for v in values(lambda: r.randrange(100))]), pa.list_(pa.int32())))
    c.add("never_empty", pa.array([[1] * (1 + i % 3) for i in range(rows)], pa.list_(pa.int64())))
    c.add("bools", pa.array(values(lambda: r.random() < 0.5), pa.list_(pa.bool_())))
    c.add("texts", pa.array(c.maybe([c.maybe(v) for v in values(lambda: c.text(1))]), pa.list_(pa.string())))
    c.add("nested", pa.array(c.maybe([c.maybe(values(lambda: r.randrange(9))[:r.randrange(4)]) for _ in range(rows)]), pa.list_(pa.list_(pa.int8()))))
    c.add("long_rows", pa.array([list(range(3000)) if i == 10 and rows > 100 else [i] for i in range(rows)], pa.list_(pa.int32())))
    c.add("only_null_items", pa.array([[None] * (i % 3) for i in range(rows)], pa.list_(pa.int32())))
    c.add("only_empty", pa.array([None if i % 3 == 0 else [] for i in range(rows)], pa.list_(pa.int32())))
    c.add("constant_items", pa.array(c.maybe([[5] * (i % 4) for i in range(rows)]), pa.list_(pa.int32())))
    c.add("binary400", pa.array([None if i % 11 == 3 else [bytes([i % 256, j]) * 200 for j in range(i % 3)] if i % 9 == 0 else [] for i in range(rows)], pa.list_(pa.binary())))
    c.add("vectors", pa.array([[[float(i % 5)] * 80] * (i % 2) if i % 7 == 0 else None for i in range(rows)], pa.list_(pa.list_(pa.float32(), 80))))
    c.add("structs", pa.array(c.maybe([{"a": r.randrange(9), "b": c.text(1)} for _ in range(rows)]), pa.struct([("a", pa.int32()), ("b", pa.string())])))
    c.add("struct_lists", pa.array(c.maybe([c.maybe([{"x": i, "y": None if i % 2 else [i]} for i in range(r.randrange(3))]) for _ in range(rows)]), pa.list_(pa.struct([("x", pa.int16()), ("y", pa.list_(pa.int16()))]))))
    c.add("nested_structs", pa.array(c.maybe([{"s": None if r.random() < 0.2 else {"v": r.choice([None, 3, 4])}} for _ in range(rows)]), pa.struct([("s", pa.struct([("v", pa.int32())]))])))
    c.add("struct_all_null", pa.array(c.maybe([{"v": None} for _ in range(rows)]), pa.struct([("v", pa.int32())])))
    return c.table()


def vectors(rows):
    c = Columns(rows, 4)
    r = c.random

    def vector(dim, item=lambda: float(r.randrange(8))):
        return [item() for _ in range(dim)]

    c.add("f32x16", pa.array([vector(16) for _ in range(rows)], pa.list_(pa.float32(), 16)))
    c.add("f32x4_nulls", pa.array(c.maybe([c.maybe(vector(4)) for _ in range(rows)]), pa.list_(pa.float32(), 4)))
    c.add("f32x128", pa.array([vector(128) for _ in range(rows)], pa.list_(pa.float32(), 128)))
    c.add("f32x128_nulls", pa.array(c.maybe([vector(128) for _ in range(rows)]), pa.list_(pa.float32(), 128)))
    c.add("f32x100_item_nulls", pa.array(c.maybe([c.maybe(vector(100)) for _ in range(rows)]), pa.list_(pa.float32(), 100)))
    c.add("boolx7_nulls", pa.array(c.maybe([c.maybe(vector(7, lambda: r.random() < 0.5)) for _ in range(rows)]), pa.list_(pa.bool_(), 7)))
    c.add("nested", pa.array([[vector(3), vector(3)] for _ in range(rows)], pa.list_(pa.list_(pa.int16(), 3), 2)))
    c.add("nested_nulls", pa.array(c.maybe([c.maybe([c.maybe(vector(3)), c.maybe(vector(3))]) for _ in range(rows)]), pa.list_(pa.list_(pa.int16(), 3), 2)))
    c.add("null_items", pa.array([[None] * 5 for _ in range(rows)], pa.list_(pa.int32(), 5)))
    c.add("fsb300", pa.array(c.maybe([bytes([r.randrange(4)]) * 300 for _ in range(rows)]), pa.binary(300)))
    c.add("long_text", pa.array([c.text(60) for _ in range(rows)]))
    c.add("long_text_nulls", pa.array(c.maybe([c.text(60) if i % 9 else "" for i in range(rows)]), pa.large_string()))
    c.add("long_binary", pa.array(c.maybe([bytes([i % 256]) * 400 for i in range(rows)]), pa.binary()))
    c.add("huge_zstd", pa.array([c.text(2) * (3000 if i % 20 == 0 else 1) for i in range(rows)]))
    c.add("long_lz4", pa.array([c.text(60) for _ in range(rows)]), compression="lz4")
    c.add("int_fullzip", pa.array(c.maybe(range(rows)), pa.int32()), structural_encoding="fullzip")
    c.add("bool_fullzip", pa.array(c.maybe([i % 3 == 0 for i in range(rows)])), structural_encoding="fullzip")
    c.add("packed", pa.array(c.maybe([{"a": i, "b": i / 2} for i in range(rows)]), pa.struct([("a", pa.int32()), ("b", pa.float64())])), packed="true")
    return c.table()


def packed(rows):
    """What only 2.2 can store."""
    c = Columns(rows, 5)
    c.add("int_text", pa.array(c.maybe([{"a": i, "b": c.text(i % 4)} for i in range(rows)]), pa.struct([("a", pa.int32()), ("b", pa.string())])), packed="true")
    c.add("texts", pa.array([{"a": c.text(30), "b": b"x" * (i % 5), "c": i % 7} for i in range(rows)], pa.struct([("a", pa.string()), ("b", pa.large_binary()), ("c", pa.uint8())])), packed="true")
    return c.table()


def blobs(rows):
    c = Columns(rows, 6)
    c.add("blob", pa.array([None if i % 5 == 1 else bytes([i % 256]) * (i % 4 * 10) for i in range(rows)], pa.large_binary()), blob="true")
    return c.table()


def write(folder, name, table, version):
    path = folder / f"{name}_{version}.lance"
    path.unlink(missing_ok=True)
    with LanceFileWriter(str(path), table.schema, version=version) as writer:
        writer.write_batch(table)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=pathlib.Path,
                        default=pathlib.Path(__file__).parent / "pylance-14.0.2" / "encodings")
    parser.add_argument("--scale", type=int, default=1, help="rows, times this")
    arguments = parser.parse_args()
    folder = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, make, rows, versions in (
        ("fixed", fixed, 1100, ("2.1", "2.2")),
        ("strings", strings, 1100, ("2.2",)),
        ("lists", lists, 700, ("2.1", "2.2")),
        ("vectors", vectors, 60, ("2.1", "2.2")),
        ("packed", packed, 300, ("2.2",)),
        ("blobs", blobs, 60, ("2.1",)),
    ):
        table = make(rows * arguments.scale)
        with pa.ipc.new_file(str(folder / f"{name}.arrow"), table.schema) as out:
            out.write_table(table)
        for version in versions:
            write(folder, name, table, version)
    for path in sorted(folder.glob("*.lance")) + sorted(folder.glob("*.arrow")):
        subprocess.run(["zstd", "-q", "-f", "--ultra", "-22" if arguments.scale == 1 else "-1", "--rm", str(path)], check=True)


if __name__ == "__main__":
    main()
