"""Writes data files with pylance 14.0.2 and, next to each, its values as an Arrow IPC file.

Run: python testdata/generate_files.py [folder]. Seeded; the bytes differ from run to run only where pylance's do.
"""

import random
import shutil
import sys
import tempfile
from pathlib import Path

import lance
import pyarrow as pa
from lance.blob import blob_array, blob_field
from lance.file import LanceFileWriter

SEED = 20251120


def maybe(rng, make, nulls):
    return None if rng.random() < nulls else make()


def word(rng, low=0, high=12):
    return "".join(rng.choice("abcdefghij") for _ in range(rng.randint(low, high)))


def column(rng, rows, type_, make, nulls=0.2):
    return pa.array([maybe(rng, make, nulls) for _ in range(rows)], type_)


def items(rng, make, high=4, nulls=0.15):
    return [maybe(rng, make, nulls) for _ in range(rng.randint(0, high))]


def flat(rng, rows):
    int32, utf8 = pa.int32(), pa.utf8()
    out = {
        "required": column(rng, rows, pa.int64(), lambda: rng.randint(-(2**62), 2**62), 0),
        "int32": column(rng, rows, int32, lambda: rng.randint(0, 1000)),
        "uint8": column(rng, rows, pa.uint8(), lambda: rng.randint(0, 255)),
        "double": column(rng, rows, pa.float64(), rng.random),
        "half": column(rng, rows, pa.uint16(), lambda: rng.randint(0, 30000)).view(pa.float16()),
        "bool": column(rng, rows, pa.bool_(), lambda: rng.random() < 0.5),
        "string": column(rng, rows, utf8, lambda: word(rng)),
        "large_binary": column(rng, rows, pa.large_binary(), lambda: word(rng).encode()),
        "few": column(rng, rows, utf8, lambda: rng.choice(["red", "green", "blue"])),
        "fixed": column(rng, rows, pa.binary(3), lambda: word(rng, 3, 3).encode()),
        "decimal": column(rng, rows, pa.decimal128(20, 3), lambda: rng.randint(0, 10**6)).cast(pa.decimal128(20, 3)),
        "time": column(rng, rows, pa.timestamp("us", "+08:00"), lambda: rng.randint(0, 10**15)),
        "date": column(rng, rows, pa.date32(), lambda: rng.randint(0, 20000)),
        "nothing": pa.nulls(rows),
        "no_value": pa.nulls(rows, int32),
        "constant": pa.array([7] * rows, int32),
        "constant_or_null": column(rng, rows, utf8, lambda: "always the same"),
        "dictionary": column(rng, rows, utf8, lambda: rng.choice(["x", "y", "z"])).dictionary_encode(),
        "vector": column(rng, rows, pa.list_(pa.float32(), 4), lambda: [rng.random() for _ in range(4)]),
        "vector_nulls": column(
            rng, rows, pa.list_(int32, 3), lambda: [maybe(rng, lambda: rng.randint(0, 9), 0.2) for _ in range(3)]
        ),
        "matrix": column(
            rng, rows, pa.list_(pa.list_(pa.int16(), 2), 2), lambda: [[1, rng.randint(0, 9)], [rng.randint(0, 9), 4]]
        ),
    }
    return out


def nested(rng, rows, version):
    int32, utf8 = pa.int32(), pa.utf8()
    number = lambda: rng.randint(0, 99)  # noqa: E731
    point = pa.struct([("x", int32), ("name", utf8)])
    make_point = lambda: {"x": maybe(rng, number, 0.2), "name": maybe(rng, lambda: word(rng), 0.2)}  # noqa: E731
    make_list = lambda: items(rng, number)  # noqa: E731
    deep = pa.struct([("p", point), ("l", pa.list_(int32)), ("ps", pa.list_(point))])
    make_deep = lambda: {  # noqa: E731
        "p": maybe(rng, make_point, 0.2),
        "l": maybe(rng, make_list, 0.2),
        "ps": maybe(rng, lambda: items(rng, make_point), 0.2),
    }
    out = {
        "struct": column(rng, rows, point, make_point),
        "struct_required": column(rng, rows, point, make_point, 0),
        "list": column(rng, rows, pa.list_(int32), make_list),
        "list_full": column(rng, rows, pa.list_(int32), lambda: [number() for _ in range(rng.randint(1, 3))], 0),
        "list_empty": column(rng, rows, pa.list_(int32), lambda: [number() for _ in range(rng.randint(0, 2))], 0),
        "list_none": column(rng, rows, pa.list_(int32), list, 0.5),
        "large_list": column(rng, rows, pa.large_list(utf8), lambda: items(rng, lambda: word(rng))),
        "list_bool": column(rng, rows, pa.list_(pa.bool_()), lambda: items(rng, lambda: rng.random() < 0.5)),
        "list_list": column(rng, rows, pa.list_(pa.list_(int32)), lambda: items(rng, make_list, 3)),
        "list_list_list": column(
            rng, rows, pa.list_(pa.list_(pa.list_(utf8))),
            lambda: items(rng, lambda: items(rng, lambda: items(rng, lambda: word(rng, 0, 3), 2), 2), 3),
        ),
        "list_struct": column(rng, rows, pa.list_(point), lambda: items(rng, make_point)),
        "list_vector": column(
            rng, rows, pa.list_(pa.list_(pa.float32(), 2)), lambda: items(rng, lambda: [rng.random(), 1.0])
        ),
        "deep": column(rng, rows, deep, make_deep),
        "list_deep": column(rng, rows, pa.list_(deep), lambda: items(rng, make_deep, 3)),
        "list_long_binary": column(
            rng, rows, pa.list_(pa.binary()), lambda: items(rng, lambda: (word(rng) * 40).encode(), 2), 0.9
        ),
        "list_nothing": column(rng, rows, pa.list_(pa.null()), lambda: [None] * rng.randint(0, 3)),
        "empty_struct": pa.array([{}] * rows, pa.struct([])),
    }
    if version != "2.1":
        pair = pa.list_(point, 2)
        make_pair = lambda: [maybe(rng, make_point, 0.2), maybe(rng, make_point, 0.2)]  # noqa: E731
        out["map"] = column(
            rng, rows, pa.map_(utf8, int32), lambda: [(word(rng), maybe(rng, number, 0.2)) for _ in range(rng.randint(0, 3))]
        )
        out["list_map"] = column(
            rng, rows, pa.list_(pa.map_(utf8, int32)), lambda: items(rng, lambda: [(word(rng), number())], 2)
        )
        out["fixed_struct"] = column(rng, rows, pair, make_pair)
        out["struct_fixed_struct"] = column(
            rng, rows, pa.struct([("f", pair), ("x", int32)]),
            lambda: {"f": maybe(rng, make_pair, 0.3), "x": maybe(rng, number, 0.2)},
        )
    return out


def wide(rng, rows, version):
    packed = {"lance-encoding:packed": "true"}
    pair = pa.struct([("a", pa.int32()), ("b", pa.float64())])
    mixed = pa.struct([("a", pa.int32()), ("s", pa.utf8()), ("c", pa.int8())])
    make_pair = lambda: {"a": rng.randint(0, 99), "b": rng.random()}  # noqa: E731
    make_mixed = lambda: {"a": rng.randint(0, 99), "s": word(rng), "c": rng.randint(0, 9)}  # noqa: E731
    fields = [
        (pa.field("vector128", pa.list_(pa.float32(), 80)), lambda: [rng.random() for _ in range(80)], 0),
        (pa.field("vector_null", pa.list_(pa.float32(), 80)),
         lambda: [maybe(rng, rng.random, 0.1) for _ in range(80)], 0.2),
        (pa.field("long", pa.utf8()), lambda: word(rng, 5, 12) * 30, 0.2),
        (pa.field("packed", pair, metadata=packed), make_pair, 0.2),
    ]
    if version != "2.1":
        fields.append((pa.field("packed_strings", mixed, metadata=packed), make_mixed, 0.2))
    schema = pa.schema([f for f, _, _ in fields])
    return pa.table([column(rng, rows, f.type, make, nulls) for f, make, nulls in fields], schema=schema)


def blobs(rng, rows):
    field = pa.field("blob", pa.large_binary(), metadata={"lance-encoding:blob": "true"})
    inside = pa.field("inside", pa.struct([field]))
    values = column(rng, rows, pa.large_binary(), lambda: (word(rng, 0, 12) * rng.randint(0, 9)).encode())
    member = column(rng, rows, pa.large_binary(), lambda: word(rng).encode())
    full = column(rng, rows, pa.large_binary(), lambda: word(rng, 1, 9).encode(), 0)
    structs = pa.StructArray.from_arrays([member], fields=[field])
    return pa.table([values, full, structs],
                    schema=pa.schema([field, field.with_name("full"), inside]))


def write(folder, name, version, table, rows_per_write=None, cache=None):
    with LanceFileWriter(str(folder / f"{name}_{version}.lance"), table.schema, version=version,
                         data_cache_bytes=cache) as writer:
        step = rows_per_write or table.num_rows
        for start in range(0, table.num_rows, step):
            # Through IPC, because pylance fails on some slices that do not start at 0.
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, table.schema) as out:
                out.write_table(table.slice(start, step).combine_chunks())
            writer.write_batch(pa.ipc.open_stream(sink.getvalue()).read_all())


def write_expected(folder, name, table):
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(str(folder / f"{name}.arrow"), table.schema, options=options) as out:
        for batch in table.combine_chunks().to_batches():
            out.write_batch(batch)


def write_blobs_v2(folder):
    """A data file with blobs inside, in a packed sidecar and in sidecars of their own; sidecars lie in the
    folder that is named like the file."""
    rng = random.Random(SEED)
    field = blob_field("blob", inline_size_threshold=20, dedicated_size_threshold=200)
    values = [maybe(rng, lambda: word(rng, 1, 1).encode() * rng.choice([0, 3, 20, 21, 100, 150, 200, 201, 300]), 0.2)
              for _ in range(30)]
    table = pa.table([blob_array(values), pa.array(range(30))], schema=pa.schema([field, pa.field("i", pa.int64())]))
    with tempfile.TemporaryDirectory() as scratch:
        lance.write_dataset(table, scratch + "/t", data_storage_version="2.2")
        for path in Path(scratch, "t", "data").iterdir():
            if path.is_dir():
                shutil.rmtree(folder / "blobs_2.2", ignore_errors=True)
                shutil.copytree(path, folder / "blobs_2.2")
            else:
                shutil.copy(path, folder / "blobs_2.2.lance")
    write_expected(folder, "blobs_v2", pa.table({"blob": pa.array(values, pa.large_binary())}))


def write_seeds(folder):
    """Files of a few rows and columns, to be mutated by the fuzz targets of src/lance/file."""
    for version in ("2.1", "2.2"):
        rng = random.Random(SEED)
        everything = {**flat(rng, 5), **nested(rng, 5, version)}
        groups = {
            "values": ["int32", "bool", "string", "constant", "vector_nulls"],
            "nested": ["struct", "list", "list_list", "list_struct", "empty_struct"],
            "deep": ["list_deep"],
        }
        if version != "2.1":
            groups["maps"] = ["map", "fixed_struct"]
        for name, columns in groups.items():
            target = folder / "file_fuzz"
            target.mkdir(parents=True, exist_ok=True)
            write(target, name, version, pa.table({c: everything[c] for c in columns}))
        write(target, "wide", version, wide(rng, 2, version))
        target = folder / "footer_fuzz"
        target.mkdir(parents=True, exist_ok=True)
        write(target, "one", version, pa.table({"int32": everything["int32"]}))
    write(folder / "file_fuzz", "blobs", "2.1", blobs(rng, 3))


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    topics = {
        "flat": (lambda rng, version: pa.table(flat(rng, 120)), None),
        "nested": (lambda rng, version: pa.table(nested(rng, 50, version)), None),
        "wide": (lambda rng, version: wide(rng, 16, version), None),
        # A page for every write: rows of a read come from several pages, some with nulls and some without.
        "flat_pages": (lambda rng, version: pa.table(flat(rng, 45)), 15),
        "nested_pages": (lambda rng, version: pa.table(nested(rng, 36, version)), 12),
    }
    for name, (make, rows_per_write) in topics.items():
        for version in ("2.1", "2.2"):
            table = make(random.Random(SEED), version)
            write(folder, name, version, table, rows_per_write, table.num_columns if rows_per_write else None)
        # 2.1 files hold the first of these columns: the later ones need 2.2.
        write_expected(folder, name, table)
    table = blobs(random.Random(SEED), 40)
    write(folder, "blobs", "2.1", table)
    write_expected(folder, "blobs", table)
    write_blobs_v2(folder)
    write_seeds(Path(__file__).parent.parent / "fuzz" / "seeds")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "pylance-14.0.2" / "files")
