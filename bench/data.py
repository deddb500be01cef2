"""Seeded bench data, written once per scale by each peer at its defaults."""

import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

OUT = pathlib.Path(__file__).resolve().parent / "out"
SIZES = {"lineitem": 6_000_000, "narrow": 2_000_000, "vec768": 500_000, "vec128": 1_000_000, "blob": 10_000}


def rows_of(name, scale):
    return max(1000, int(SIZES[name] * scale))


def words(rng, rows, count):
    vocabulary = np.array(["carefully", "final", "deposits", "detect", "slyly", "agai", "furiously", "even", "packages",
                           "ironic", "requests", "sleep", "quickly", "blithely", "regular", "accounts"])
    parts = vocabulary[rng.integers(0, len(vocabulary), (rows, count))]
    return pa.array([" ".join(p) for p in parts])


def pick(rng, rows, *names):
    return pa.DictionaryArray.from_arrays(pa.array(rng.integers(0, len(names), rows), pa.int32()), list(names)).cast(pa.string())


def lineitem(rows, rng):
    order = np.sort(rng.integers(1, max(2, rows), rows))
    date = rng.integers(8000, 10500, rows)
    quantity = rng.integers(1, 51, rows).astype(float)
    comments = words(rng, 50_000, 4)
    return pa.table({
        "l_orderkey": pa.array(order, pa.int64()),
        "l_partkey": pa.array(rng.integers(1, 200_000, rows), pa.int64()),
        "l_suppkey": pa.array(rng.integers(1, 10_000, rows), pa.int64()),
        "l_linenumber": pa.array(rng.integers(1, 8, rows), pa.int32()),
        "l_quantity": quantity,
        "l_extendedprice": np.round(quantity * rng.integers(90_000, 110_000, rows) / 100, 2),
        "l_discount": rng.integers(0, 11, rows) / 100,
        "l_tax": rng.integers(0, 9, rows) / 100,
        "l_returnflag": pick(rng, rows, "A", "N", "R"),
        "l_linestatus": pick(rng, rows, "O", "F"),
        "l_shipdate": pa.array(date, pa.int32()).cast(pa.date32()),
        "l_commitdate": pa.array(date + rng.integers(-30, 60, rows), pa.int32()).cast(pa.date32()),
        "l_receiptdate": pa.array(date + rng.integers(1, 30, rows), pa.int32()).cast(pa.date32()),
        "l_shipinstruct": pick(rng, rows, "DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"),
        "l_shipmode": pick(rng, rows, "AIR", "FOB", "MAIL", "RAIL", "REG AIR", "SHIP", "TRUCK"),
        "l_comment": comments.take(pa.array(rng.integers(0, len(comments), rows))),
        "u": pa.array(rng.random(rows)),
    })


def narrow(rows, rng):
    text = pa.array([rng.bytes(50).hex() for _ in range(min(rows, 100_000))]).take(pa.array(rng.integers(0, min(rows, 100_000), rows)))
    offsets = np.concatenate([[0], np.cumsum(rng.integers(0, 6, rows))]).astype(np.int32)
    total = int(offsets[-1])
    inner = pa.StructArray.from_arrays([pa.array(rng.integers(0, 1 << 30, total)), pa.array(rng.random(total))], ["a", "b"])
    return pa.table({"i": pa.array(rng.integers(0, 1 << 60, rows)), "s": text,
                     "n": pa.ListArray.from_arrays(pa.array(offsets), inner)})


def vectors(rows, dim, rng):
    centers = rng.standard_normal((256, dim), dtype=np.float32)
    data = centers[rng.integers(0, 256, rows)] + 0.3 * rng.standard_normal((rows, dim), dtype=np.float32)
    return pa.table({"v": pa.FixedSizeListArray.from_arrays(pa.array(data.reshape(-1)), dim)})


def blobs(rows, rng):
    return pa.table({"img": pa.array([rng.bytes(int(n)) for n in rng.integers(20_000, 50_000, rows)], pa.large_binary())})


MAKERS = {
    "lineitem": lineitem, "narrow": narrow, "blob": blobs,
    "vec768": lambda rows, rng: vectors(rows, 768, rng),
    "vec128": lambda rows, rng: vectors(rows, 128, rng),
}


def prepare(name, scale):
    """Returns {format: path}, making what is missing."""
    folder = OUT / f"{name}_{scale}"
    paths = {"lance": folder / "data.lance", "parquet": folder / "data.parquet", "vortex": folder / "data.vortex"}
    if not (folder / "done").exists():
        import lance

        folder.mkdir(parents=True, exist_ok=True)
        table = MAKERS[name](rows_of(name, scale), np.random.default_rng(7))
        lance.write_dataset(table, str(paths["lance"]), mode="overwrite")
        pq.write_table(table, paths["parquet"])
        try:
            import vortex

            vortex.io.write(vortex.array(table), str(paths["vortex"]))
        except Exception as error:
            print(f"no vortex file of {name}: {error}")
        (folder / "done").write_text("")
    return {k: str(v) for k, v in paths.items()}


def append_small(path, versions):
    import lance

    rng = np.random.default_rng(3)
    for version in range(versions):
        table = pa.table({"a": pa.array(rng.integers(0, 1000, 100)), "b": pa.array(rng.random(100))})
        lance.write_dataset(table, path, mode="append" if version else "overwrite")


def write_people(path):
    import lance

    import write_cases

    lance.write_dataset(write_cases.people(1_000_000, np.random.default_rng(9)), path, mode="overwrite")


TABLES = {
    "many": lambda path: append_small(path, 1000),  # 1,000 fragments in 1,000 versions
    "first": lambda path: append_small(path, 1),
    "people": write_people,
}


def prepare_table(name):
    folder = OUT / name
    path = str(folder / "data.lance")
    if not (folder / "done").exists():
        TABLES[name](path)
        (folder / "done").write_text("")
    return {"lance": path}
