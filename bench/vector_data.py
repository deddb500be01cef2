"""Seeded vectors with queries, and the exact answers to them."""

import collections
import json
import os
import pathlib

import numpy as np

OUT = pathlib.Path(__file__).resolve().parent / "out" / "vectors"
K = 10
QUERIES = 500
FRACTIONS = (0.001, 0.01, 0.1)

# `cells` of IVF, `subs`: sub-vectors of PQ with 8 bits.
Shape = collections.namedtuple("Shape", "rows dim metric cells subs")
SETS = {
    "vec128": Shape(1_000_000, 128, "l2", 1024, 16),
    "vec768": Shape(500_000, 768, "l2", 512, 96),
    "packages": Shape(None, 384, "cosine", 32, 48),
}


def shape(folder):
    return Shape(**json.loads((folder / "shape.json").read_text()))


def clustered(rows, dim, seed, centers=2000, latent=24, spread=0.62, noise=0.05):
    """Overlapping clusters in a space of few dimensions, turned into one of many: an exact IVF of 1,024 cells over a million
    rows of 128 needs about 16 probes for a recall of 0.956, much as SIFT1M does."""
    rng = np.random.default_rng(seed)
    middle = rng.standard_normal((centers, latent), dtype=np.float32)
    turn = rng.standard_normal((latent, dim), dtype=np.float32) / np.sqrt(latent)
    out = np.empty((rows, dim), np.float32)
    for start in range(0, rows, 1 << 17):
        count = min(1 << 17, rows - start)
        points = middle[rng.integers(0, centers, count)] + spread * rng.standard_normal((count, latent), dtype=np.float32)
        out[start:start + count] = points @ turn + noise * rng.standard_normal((count, dim), dtype=np.float32)
    return out


def packages():
    """Sentence embeddings of package descriptions, from the demo data; every eleventh is a query and no row."""
    import lance
    demo = pathlib.Path(__file__).resolve().parents[1] / "testdata" / "demo" / "packages.lance"
    column = lance.dataset(str(demo)).to_table(columns=["embedding"]).column("embedding").combine_chunks()
    values = column.flatten().to_numpy().reshape(len(column), -1)
    asked = np.arange(len(values)) % 11 == 0
    return np.ascontiguousarray(values[~asked]), np.ascontiguousarray(values[asked])


def nearest(base, queries, metric, k=K):
    import faiss
    if metric == "cosine":
        base, queries = base.copy(), queries.copy()
        faiss.normalize_L2(base)
        faiss.normalize_L2(queries)
    return faiss.knn(queries, base, k)[1]  # of vectors of length 1 the order is that of cosine


def prepare(name, scale):
    """Makes what is missing; returns the folder: shape.json, base.npy, queries.npy, u.npy (uniform), exact.npy and exact answers under
    `u < fraction`, and data.lance, written by pylance."""
    wanted = SETS[name]
    folder = OUT / f"{name}_{scale:g}"
    if (folder / "done").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    if name == "packages":
        base, queries = packages()
    else:
        rows = max(20_000, int(wanted.rows * scale))
        both = clustered(rows + QUERIES, wanted.dim, 1)
        base, queries = both[:rows], both[rows:]
        wanted = wanted._replace(cells=max(16, wanted.cells * rows // wanted.rows))
    wanted = wanted._replace(rows=len(base))
    (folder / "shape.json").write_text(json.dumps(wanted._asdict()))
    u = np.random.default_rng(2).random(len(base), dtype=np.float32)
    for what, values in (("base", base), ("queries", queries), ("u", u), ("exact", nearest(base, queries, wanted.metric))):
        np.save(folder / f"{what}.npy", values)
    for fraction in FRACTIONS:
        kept = np.flatnonzero(u < np.float32(fraction))
        if len(kept) >= K:
            np.save(folder / f"exact_{fraction:g}.npy", kept[nearest(base[kept], queries, wanted.metric)])
    write_lance(folder, base, u)
    os.sync()
    (folder / "done").write_text("")
    return folder


def write_lance(folder, base, u):
    import lance
    import pyarrow as pa
    column = pa.FixedSizeListArray.from_arrays(pa.array(base.reshape(-1)), base.shape[1])
    lance.write_dataset(pa.table({"v": column, "u": pa.array(u)}), str(folder / "data.lance"), mode="overwrite")


def recall(found, exact):
    """Mean share of the k nearest that were found; rows that were not returned count as missed."""
    return float(np.mean([len(set(map(int, f)) & set(map(int, e))) / len(e) for f, e in zip(found, exact)]))
