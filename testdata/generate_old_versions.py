"""Writes the fixtures of file versions 2.0 and 0.1 with the reference implementation.

Usage: python testdata/generate_old_versions.py      (needs pylance 14.0.2; overwrites the folder below)

Every case is a pair in testdata/pylance-14.0.2/old_versions/: `<case>.lance`, one data file, and
`<case>.arrow`, what pylance reads from it (Arrow IPC). Cases of version 0.1 have `<case>.manifest` as well,
the table's manifest, which holds the dictionaries. Blob cases have `<case>.bytes.arrow`.
"""

import decimal
import glob
import os
import random
import shutil
import tempfile

import lance
import lance.file
import pyarrow as pa

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pylance-14.0.2", "old_versions")
random.seed(20)


def with_nulls(values, pattern):
    if pattern == "none":
        return values
    if pattern == "all":
        return [None] * len(values)
    return [None if random.random() < 0.3 else v for v in values]


def words(n, low=0, high=12):
    return ["".join(random.choices("abcdeé", k=random.randint(low, high))) for _ in range(n)]


def scalar_columns(n):
    """name -> (type, values)"""
    ints = {f"int{b}": (getattr(pa, f"int{b}")(), [random.randint(-(2 ** (b - 1)), 2 ** (b - 1) - 1) for _ in range(n)])
            for b in (8, 16, 32, 64)}
    uints = {f"uint{b}": (getattr(pa, f"uint{b}")(), [random.randint(0, 2**b - 1) for _ in range(n)])
             for b in (8, 16, 32, 64)}
    count = [random.randint(0, 80000) for _ in range(n)]
    days = [86400000 * random.randint(-1000, 20000) for _ in range(n)]
    return {
        **ints, **uints,
        "bool": (pa.bool_(), [random.random() < 0.5 for _ in range(n)]),
        "half": (pa.float16(), [random.randint(-100, 100) / 4 for _ in range(n)]),
        "float": (pa.float32(), [random.randint(-100, 100) / 4 for _ in range(n)]),
        "double": (pa.float64(), [random.random() for _ in range(n)]),
        "decimal128": (pa.decimal128(20, 2), [decimal.Decimal(random.randint(-(10**15), 10**15)).scaleb(-2) for _ in range(n)]),
        "decimal256": (pa.decimal256(50, 3), [decimal.Decimal(random.randint(-(10**15), 10**15)).scaleb(-3) for _ in range(n)]),
        "date32": (pa.date32(), count),
        "date64": (pa.date64(), days),
        "time32": (pa.time32("ms"), count),
        "time64": (pa.time64("ns"), count),
        "timestamp": (pa.timestamp("us", "Europe/Paris"), count),
        "duration": (pa.duration("s"), count),
        "string": (pa.string(), words(n)),
        "large_string": (pa.large_string(), words(n)),
        "binary": (pa.binary(), [w.encode() for w in words(n)]),
        "large_binary": (pa.large_binary(), [w.encode() for w in words(n)]),
        "fixed_binary": (pa.binary(5), [random.randbytes(5) for _ in range(n)]),
        "vector": (pa.list_(pa.float32(), 4), [[random.randint(0, 9) for _ in range(4)] for _ in range(n)]),
        "bool_vector": (pa.list_(pa.bool_(), 3), [[random.random() < 0.5 for _ in range(3)] for _ in range(n)]),
        "nested_vector": (pa.list_(pa.list_(pa.int16(), 2), 2), [[[1, i % 7], [3, 4]] for i in range(n)]),
    }


def nested_columns(n, structs):
    def some(make, p=0.25):
        return None if random.random() < p else make()

    def lst(make, top=4):
        return lambda: [make() for _ in range(random.randint(0, top))]

    integer = lambda: some(lambda: random.randint(0, 999))  # noqa: E731
    text = lambda: some(lambda: words(1)[0])  # noqa: E731
    point = lambda: {"x": integer(), "name": text()}  # noqa: E731
    deep = lambda: {"p": point(), "tags": some(lst(text)), "v": [1.0, 2.0]}  # noqa: E731
    point_type = pa.struct([("x", pa.int32()), ("name", pa.string())])
    deep_type = pa.struct([("p", point_type), ("tags", pa.list_(pa.string())), ("v", pa.list_(pa.float32(), 2))])
    columns = {
        "list": (pa.list_(pa.int32()), [some(lst(integer)) for _ in range(n)]),
        "large_list": (pa.large_list(pa.string()), [some(lst(text)) for _ in range(n)]),
        "list_of_lists": (pa.list_(pa.list_(pa.int64())), [some(lst(lambda: some(lst(integer)))) for _ in range(n)]),
        "list_of_vectors": (pa.list_(pa.list_(pa.float32(), 2)), [some(lst(lambda: [1, 2])) for _ in range(n)]),
        "list_all_null": (pa.list_(pa.int8()), [None] * n),
        "list_all_empty": (pa.list_(pa.int8()), [[]] * n),
        "point": (point_type, [point() for _ in range(n)]),
        "deep": (deep_type, [deep() for _ in range(n)]),
        "list_of_structs": (pa.list_(point_type), [some(lst(point)) for _ in range(n)]),
    }
    if structs:
        columns["list_of_deep"] = (pa.large_list(deep_type), [some(lst(deep)) for _ in range(n)])
        columns["empty_struct"] = (pa.struct([]), [{}] * n)
    return columns


def dictionary_columns(n):
    keys = [random.randint(0, 4) for _ in range(n)]
    nulls = with_nulls(keys, "some")
    return {
        "dict": pa.DictionaryArray.from_arrays(pa.array(nulls, pa.int32()), pa.array(["a", "bb", "", "dddd", "e"])),
        "dict_u8_int": pa.DictionaryArray.from_arrays(pa.array(keys, pa.uint8()), pa.array([5, 4, 3, 2, 1], pa.int64())),
        "dict_null_item": pa.DictionaryArray.from_arrays(pa.array(keys, pa.int16()), pa.array(["a", None, "c", "dd", "e"])),
        "dict_binary": pa.DictionaryArray.from_arrays(pa.array(nulls, pa.int64()), pa.array([b"1", b"22", b"3", b"", b"5"])),
        "dict_all_null": pa.DictionaryArray.from_arrays(pa.array([None] * n, pa.int8()), pa.array(["a", "b"])),
    }


def scalar_table(n, patterns=("none", "some", "all")):
    arrays = {}
    for name, (type_, values) in scalar_columns(n).items():
        for pattern in patterns:
            arrays[f"{name}_{pattern}"] = pa.array(with_nulls(values, pattern), type_)
    arrays["null"] = pa.nulls(n)
    return pa.table(arrays)


def save(name, table):
    path = os.path.join(OUT, name)
    # One batch: the test compares arrays, and dictionaries of several batches would have to be unified.
    table = table.combine_chunks()
    if any(pa.types.is_dictionary(f.type) for f in table.schema):
        table = table.unify_dictionaries().combine_chunks()
    with pa.OSFile(path, "wb") as sink, pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        for batch in table.to_batches(max_chunksize=1 << 30):
            writer.write_batch(batch)


def file_v2_0(case, tables, **options):
    path = os.path.join(OUT, f"{case}.lance")
    with lance.file.LanceFileWriter(path, tables[0].schema, version="2.0", **options) as writer:
        for table in tables:
            for batch in table.to_batches():
                writer.write_batch(batch)
    save(f"{case}.arrow", lance.file.LanceFileReader(path).read_all(batch_size=1 << 20).to_table())


def with_metadata(table, metadata):
    fields = [f.with_metadata(metadata.get(f.name, {})) for f in table.schema]
    return table.cast(pa.schema(fields))


def v2_0():
    file_v2_0("v2_0_scalars", [scalar_table(35)])
    file_v2_0("v2_0_one_row", [scalar_table(1, ("some",))])
    nested = {k: pa.array(v, t) for k, (t, v) in nested_columns(60, True).items()}
    file_v2_0("v2_0_nested", [pa.table(nested)])
    file_v2_0("v2_0_dictionaries", [pa.table(dictionary_columns(40))])

    # Small pages: reads cross page borders, list pages have items before them.
    def chunk(n):
        columns = {k: pa.array(v, t) for k, (t, v) in nested_columns(n, True).items()}
        scalars = scalar_columns(n)
        for name in ("int32", "bool", "string", "large_binary", "vector"):
            type_, values = scalars[name]
            columns[name] = pa.array(with_nulls(values, random.choice(["none", "some", "all"])), type_)
        columns["low"] = pa.array(with_nulls([random.choice(["red", "green", "", "a" * 40]) for _ in range(n)], "some"))
        columns["dict"] = dictionary_columns(n)["dict"]
        return pa.table(columns)

    file_v2_0("v2_0_pages", [chunk(n) for n in (21, 1, 33, 7)], data_cache_bytes=1)

    # Low-cardinality strings go through a page dictionary from 100 rows on.
    low = {
        "low": ["ant", "bee", "", "c" * 50], "one": ["same"], "empty": [""],
    }
    columns = {}
    for name, choices in low.items():
        for pattern in ("none", "some", "all"):
            columns[f"{name}_{pattern}"] = pa.array(with_nulls(random.choices(choices, k=120), pattern), pa.string())
    file_v2_0("v2_0_low_cardinality", [pa.table(columns)])

    # Field metadata asks for the rest: whole-buffer compression, FSST, packed structs.
    packed = pa.struct([("x", pa.uint32()), ("v", pa.list_(pa.float32(), 3)), ("y", pa.int64()), ("b", pa.binary(3))])
    table = pa.table({
        "zstd_string": pa.array(with_nulls(words(110, 5, 30), "some")),
        "zstd_binary": pa.array([w.encode() for w in words(110, 5, 30)], pa.large_binary()),
        "zstd_int": pa.array(with_nulls(list(range(110)), "some"), pa.int64()),
        "lz4_string": pa.array(words(110, 0, 30)),
        "fsst": pa.array(with_nulls(["https://example.com/" + w for w in words(3000)], "some")[:110]),
        "packed": pa.array([{"x": i, "v": [i, 2, 3], "y": -i, "b": b"%03d" % i} for i in range(110)], packed),
        "packed_old_key": pa.array([{"x": i, "v": [i, 2, 3], "y": -i, "b": b"%03d" % i} for i in range(110)], packed),
    })
    key = "lance-encoding:compression"
    file_v2_0("v2_0_metadata", [with_metadata(table, {
        "zstd_string": {key: "zstd"}, "zstd_binary": {key: "zstd"}, "zstd_int": {key: "zstd"},
        "lz4_string": {key: "lz4"}, "fsst": {key: "fsst"},
        "packed": {"lance-encoding:packed": "true"}, "packed_old_key": {"packed": "true"},
    })])
    # FSST leaves short inputs alone: a page above 32 KiB is compressed.
    fsst = pa.table({"fsst": pa.array(with_nulls(["https://example.com/%d/%s" % (i % 50, "abcdefgh" * (i % 9)) for i in range(900)], "some"))})
    file_v2_0("v2_0_fsst", [with_metadata(fsst, {"fsst": {key: "fsst"}})])
    blobs()


def data_file(folder):
    (path,) = glob.glob(os.path.join(folder, "data", "*.lance"))
    return path


def blobs():
    values = [None if i % 7 == 3 else b"" if i % 5 == 1 else random.randbytes(random.randint(1, 200)) for i in range(40)]
    field = pa.field("blob", pa.large_binary(), metadata={"lance-encoding:blob": "true"})
    table = pa.table([pa.array(values, pa.large_binary()), pa.array(range(40), pa.int32())],
                     schema=pa.schema([field, pa.field("id", pa.int32())]))
    with tempfile.TemporaryDirectory() as folder:
        dataset = lance.write_dataset(table, os.path.join(folder, "t"), data_storage_version="2.0")
        shutil.copy(data_file(os.path.join(folder, "t")), os.path.join(OUT, "v2_0_blob.lance"))
        save("v2_0_blob.arrow", dataset.to_table())
    save("v2_0_blob.bytes.arrow", pa.table({"blob": table["blob"], "id": table["id"]}))


def table_v0_1(case, table, **options):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "t")
        lance.write_dataset(table, path, data_storage_version="legacy", **options)
        shutil.copy(data_file(path), os.path.join(OUT, f"{case}.lance"))
        (manifest,) = glob.glob(os.path.join(path, "_versions", "*.manifest"))
        shutil.copy(manifest, os.path.join(OUT, f"{case}.manifest"))
        save(f"{case}.arrow", lance.dataset(path).to_table())


def v0_1():
    table_v0_1("v0_1_scalars", scalar_table(35, ("some",)))
    nested = {k: pa.array(v, t) for k, (t, v) in nested_columns(50, False).items()}
    table_v0_1("v0_1_nested", pa.table(nested))
    table_v0_1("v0_1_dictionaries", pa.table(dictionary_columns(40)))
    # Several batches a file, and strings that may not be null.
    nested = {k: pa.array(v, t) for k, (t, v) in nested_columns(70, False).items()}
    nested["dict"] = dictionary_columns(70)["dict"]
    nested["bool"] = pa.array([random.random() < 0.5 for _ in range(70)])
    nested["text"] = pa.array(words(70, 0, 3))
    table = pa.table(nested)
    table = table.cast(pa.schema([f.with_nullable(f.name != "text") for f in table.schema]))
    table_v0_1("v0_1_batches", table, max_rows_per_group=16)


if __name__ == "__main__":
    shutil.rmtree(OUT, ignore_errors=True)
    os.makedirs(OUT)
    v2_0()
    v0_1()
    for path in sorted(glob.glob(os.path.join(OUT, "*"))):
        print(f"{os.path.getsize(path):8} {os.path.basename(path)}")
    print(sum(os.path.getsize(p) for p in glob.glob(os.path.join(OUT, "*"))))
