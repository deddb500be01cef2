"""Vector indices of each engine: how they are built, opened and searched, and the settings that trade time for recall.

An engine that has no way to do something has no method for it. Ids are row numbers of base.npy.
"""

import concurrent.futures
import importlib
import os
import shutil

import numpy as np
import vector_data

THREADS = len(os.sched_getaffinity(0))


def grid(probes, refines):
    return [{"nprobes": p, "refine_factor": r} for p in probes for r in refines]


class Lance:
    """pylance and lance_cpp: one API. Each kind of index lies over links to the same data files."""

    kinds = {
        "IVF_PQ": (lambda cells, subs: {"index_type": "IVF_PQ", "num_partitions": cells, "num_sub_vectors": subs},
                   grid((4, 8, 16, 32, 64), (4, 8, 16, 32))),
        "IVF_PQ 4 bit": (lambda cells, subs: {"index_type": "IVF_PQ", "num_partitions": cells, "num_sub_vectors": 4 * subs, "num_bits": 4},
                         grid((4, 8, 16, 32, 64), (2, 4, 8, 16))),
        "IVF_RQ": (lambda cells, subs: {"index_type": "IVF_RQ", "num_partitions": cells}, grid((4, 8, 16, 32, 64), (1, 2, 4, 8))),
        "IVF_HNSW_SQ": (lambda cells, subs: {"index_type": "IVF_HNSW_SQ", "num_partitions": 1},
                        [{"nprobes": 1, "ef": ef, "refine_factor": refine} for ef in (12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384)
                         for refine in (1, 2) if ef >= 10 * refine]),
    }

    def __init__(self, module, kind):
        self.module, self.kind = module, kind
        self.arguments, self.settings = self.kinds[kind]
        self.lance = importlib.import_module(module)

    def path(self, folder):
        return folder / f"{self.module}-{self.kind.replace(' ', '-')}" / "data.lance"

    def before_build(self, folder):
        shutil.rmtree(self.path(folder), ignore_errors=True)
        shutil.copytree(folder / "data.lance", self.path(folder), ignore=shutil.ignore_patterns("data"))
        shutil.copytree(folder / "data.lance" / "data", self.path(folder) / "data", copy_function=os.link)

    def build(self, folder):
        shape = vector_data.shape(folder)
        self.lance.dataset(str(self.path(folder))).create_index("v", metric=shape.metric, **self.arguments(shape.cells, shape.subs))

    def open(self, folder):
        self.dataset = self.lance.dataset(str(self.path(folder)))

    def open_cold(self, folder):
        self.dataset = self.lance.dataset(str(self.path(folder)), session=self.lance.Session())

    def table(self, q, k, setting, **options):
        return self.dataset.to_table(columns=["_distance"], with_row_id=True, nearest={"column": "v", "q": q, "k": k, **setting}, **options)

    def one(self, q, k, setting):
        return self.table(q, k, setting).column("_rowid").to_numpy()

    def filtered(self, q, k, setting, fraction):
        found = self.table(q, k, setting, filter=f"u < {fraction:g}", prefilter=True)
        return found.column("_rowid").to_numpy()

    def threaded(self, queries, k, setting):
        with concurrent.futures.ThreadPoolExecutor(THREADS if self.module == "lance_cpp" else 2 * THREADS) as pool:
            return list(pool.map(lambda q: self.one(q, k, setting), queries))

    def many(self, queries, k, setting):
        if self.module == "lance":  # one call with many queries takes as long as so many calls, one after the other
            return self.threaded(queries, k, setting)
        table = self.table(queries, k, setting)
        numbers, ids = (table.column(c).to_numpy() for c in ("query_index", "_rowid"))
        starts = np.searchsorted(numbers, np.arange(len(queries) + 1))
        return [ids[a:b] for a, b in zip(starts, starts[1:])]

    def files(self, folder):
        return [p for p in self.path(folder).rglob("*") if p.is_file()]


class Faiss:
    kinds = {
        "IVFPQ + refine": (lambda cells, subs: f"IVF{cells},PQ{subs},RFlat", grid((4, 8, 16, 32, 64), (4, 8, 16, 32))),
        "IVFPQ fast-scan + refine": (lambda cells, subs: f"IVF{cells},PQ{4 * subs}x4fs,RFlat", grid((4, 8, 16, 32, 64), (2, 4, 8, 16))),
        "IVFFlat": (lambda cells, subs: f"IVF{cells},Flat", grid((2, 4, 8, 16, 32, 64), (None,))),
    }

    def __init__(self, kind):
        import faiss
        self.faiss, self.kind = faiss, kind
        self.recipe, self.settings = self.kinds[kind]
        faiss.omp_set_num_threads(THREADS)

    def path(self, folder):
        return folder / f"faiss-{self.kind.replace(' ', '-')}.index"

    def vectors(self, values, metric):
        values = np.ascontiguousarray(values, dtype=np.float32)
        if metric == "cosine":
            values = values.copy()
            self.faiss.normalize_L2(values)
        return values

    def before_build(self, folder):
        self.base = np.load(folder / "base.npy")

    def build(self, folder):
        shape = vector_data.shape(folder)
        base = self.vectors(self.base, shape.metric)
        self.index = self.faiss.index_factory(shape.dim, self.recipe(shape.cells, shape.subs))
        self.index.train(base)
        self.index.add(base)

    def after_build(self, folder):
        self.faiss.write_index(self.index, str(self.path(folder)))

    def open(self, folder):
        self.metric = vector_data.shape(folder).metric
        self.index = self.faiss.read_index(str(self.path(folder)))
        inner = getattr(self.index, "base_index", None)
        self.cells = self.faiss.downcast_index(inner) if inner is not None else self.index
        self.last = None

    def use(self, setting):
        if setting is not self.last:
            self.cells.nprobe = setting["nprobes"]
            if setting["refine_factor"]:
                self.index.k_factor = setting["refine_factor"]
            self.last = setting

    def one(self, q, k, setting):
        return self.many(q.reshape(1, -1), k, setting)[0]

    def many(self, queries, k, setting):
        self.use(setting)
        return self.index.search(self.vectors(queries, self.metric), k)[1]


class Hnswlib:
    settings = [{"ef": ef} for ef in (10, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384)]

    def __init__(self, kind):
        import hnswlib
        self.hnswlib = hnswlib

    def path(self, folder):
        return folder / "hnswlib.index"

    def before_build(self, folder):
        self.base = np.load(folder / "base.npy")

    def build(self, folder):
        self.index = self.hnswlib.Index(space=vector_data.shape(folder).metric, dim=self.base.shape[1])
        self.index.init_index(max_elements=len(self.base), M=16, ef_construction=100)
        self.index.set_num_threads(THREADS)
        self.index.add_items(self.base)

    def after_build(self, folder):
        self.index.save_index(str(self.path(folder)))

    def open(self, folder):
        shape = vector_data.shape(folder)
        self.index = self.hnswlib.Index(space=shape.metric, dim=shape.dim)
        self.index.load_index(str(self.path(folder)))
        self.index.set_num_threads(THREADS)

    def one(self, q, k, setting):
        self.index.set_ef(setting["ef"])
        return self.index.knn_query(q, k=k, num_threads=1)[0][0]

    def many(self, queries, k, setting):
        self.index.set_ef(setting["ef"])
        return self.index.knn_query(queries, k=k)[0]


class Usearch:
    settings = [{"ef": ef} for ef in (10, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384)]

    def __init__(self, kind):
        from usearch.index import Index
        self.make = Index

    def path(self, folder):
        return folder / "usearch.index"

    def empty(self, folder):
        shape = vector_data.shape(folder)
        return self.make(ndim=shape.dim, metric="l2sq" if shape.metric == "l2" else "cos", dtype="f32", connectivity=16, expansion_add=100)

    def before_build(self, folder):
        self.base = np.load(folder / "base.npy")

    def build(self, folder):
        self.index = self.empty(folder)
        self.index.add(np.arange(len(self.base)), self.base, threads=THREADS)

    def after_build(self, folder):
        self.index.save(str(self.path(folder)))

    def open(self, folder):
        self.index = self.empty(folder)
        self.index.load(str(self.path(folder)))

    def one(self, q, k, setting):
        self.index.expansion_search = setting["ef"]
        return self.index.search(q, k, threads=1).keys

    def many(self, queries, k, setting):
        self.index.expansion_search = setting["ef"]
        return self.index.search(queries, k, threads=THREADS).keys


MAKERS = {
    **{f"lance_cpp {kind}": (lambda kind=kind: Lance("lance_cpp", kind)) for kind in Lance.kinds},
    **{f"pylance {kind}": (lambda kind=kind: Lance("lance", kind)) for kind in Lance.kinds},
    **{f"FAISS {kind}": (lambda kind=kind: Faiss(kind)) for kind in Faiss.kinds},
    "hnswlib": lambda: Hnswlib("HNSW"),
    "usearch": lambda: Usearch("HNSW"),
}
