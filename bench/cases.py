"""What is measured: a case prepares its data and gives each engine a function to time.

An engine that has no way to do a case is absent from it. Functions return something whose size proves the work was done.
"""

import numpy as np
import write_cases


class Case:
    def __init__(self, name, group, data, bar, **engines):
        self.name, self.group, self.data, self.bar, self.engines = name, group, data, bar, engines


def lance_like(module):
    """The same call sequence for pylance and lance_cpp: their API is the same."""

    class Engine(write_cases.Lance):
        engine = module

        def __init__(self):
            import importlib
            self.lance = importlib.import_module(module)
            self.open_datasets = {}

        def dataset(self, paths):
            path = paths["lance"]
            if path not in self.open_datasets:
                self.open_datasets[path] = self.lance.dataset(path)
            return self.open_datasets[path]

        def table(self, paths, **options):
            return self.dataset(paths).to_table(**options).num_rows

        def stream(self, paths, **options):
            return sum(b.num_rows for b in self.dataset(paths).to_batches(**options))

        def take(self, paths, picks, columns):
            return self.dataset(paths).take(picks, columns=columns).num_rows

        def blobs(self, paths, picks):
            found = self.dataset(paths).take(picks, columns=["img"])
            return found.num_rows

        def count(self, paths, where):
            return self.dataset(paths).count_rows(filter=where)

        def knn(self, paths, queries, k):
            ds = self.dataset(paths)
            if module == "lance_cpp":
                return ds.to_table(columns=[], nearest={"column": "v", "q": queries, "k": k, "use_index": False}).num_rows
            return sum(ds.to_table(columns=[], nearest={"column": "v", "q": q, "k": k, "use_index": False}).num_rows for q in queries)

        def knn_one(self, paths, query, k):
            return self.dataset(paths).to_table(columns=[], nearest={"column": "v", "q": query, "k": k, "use_index": False}).num_rows

        def open_count(self, paths):
            return self.lance.dataset(paths["lance"]).count_rows()

        def open_read(self, paths):
            return self.lance.dataset(paths["lance"]).to_table().num_rows

    return Engine


class Parquet(write_cases.Parquet):
    def table(self, paths, columns=None, filter=None):
        import pyarrow.compute as pc
        import pyarrow.parquet as pq
        expression = None
        if filter:
            name, value = filter.split(" < ")
            expression = pc.field(name) < float(value)
        return pq.read_table(paths["parquet"], columns=columns, filters=expression).num_rows

    def stream(self, paths):
        import pyarrow.parquet as pq
        return sum(b.num_rows for b in pq.ParquetFile(paths["parquet"]).iter_batches(batch_size=8192))


class DuckDB(write_cases.DuckDB):
    def table(self, paths, columns=None, filter=None):
        import duckdb
        what = ", ".join(columns) if columns else "*"
        where = f" WHERE {filter}" if filter else ""
        return duckdb.sql(f"SELECT {what} FROM '{paths['parquet']}'{where}").to_arrow_table().num_rows

    def count(self, paths, where):
        import duckdb
        return duckdb.sql(f"SELECT count(*) FROM '{paths['parquet']}' WHERE {where}").fetchall()[0][0]


class Vortex(write_cases.Vortex):
    def __init__(self):
        self.files = {}

    def open(self, paths):
        import vortex
        return vortex.open(paths["vortex"], without_segment_cache=True)

    def table(self, paths, columns=None, filter=None):
        import vortex.expr as ve
        expression = None
        if filter:
            name, value = filter.split(" < ")
            expression = ve.column(name) < (float(value) if "." in value else int(value))
        return self.open(paths).scan(columns, expr=expression).read_all().to_arrow_table().num_rows

    def take(self, paths, picks, columns):
        import vortex
        return self.open(paths).scan(columns, indices=vortex.array(picks)).read_all().to_arrow_table().num_rows


class Faiss:
    """Exact search over vectors that lie in memory already: reading the file is not counted, to its favour."""

    def __init__(self):
        self.indexes = {}

    def knn(self, paths, queries, k):
        import faiss
        import pyarrow.parquet as pq
        if paths["parquet"] not in self.indexes:
            column = pq.read_table(paths["parquet"]).column("v").combine_chunks()
            data = column.values.to_numpy().reshape(len(column), -1)
            index = faiss.IndexFlatL2(data.shape[1])
            index.add(data)
            self.indexes[paths["parquet"]] = index
        return self.indexes[paths["parquet"]].search(np.asarray(queries), k)[1].size


class Limit(write_cases.Limit):
    """What the machine's memory allows: the bytes of the vector column copied (for a scan) or read (for a search) on all cores,
    from memory to memory that has been touched before."""

    def __init__(self):
        import concurrent.futures
        import os
        self.cores = len(os.sched_getaffinity(0))
        self.threads = concurrent.futures.ThreadPoolExecutor(self.cores)
        self.source = self.target = None

    def parts(self, paths):
        if self.source is None:
            import pyarrow.parquet as pq
            column = pq.ParquetFile(paths["parquet"])
            rows, dim = column.metadata.num_rows, len(next(column.iter_batches(batch_size=1)).column(0)[0])
            self.source = np.ones(rows * dim // 2, dtype=np.int64)
            self.target = np.zeros_like(self.source)
        step = 1 << 20
        return [slice(at, at + step) for at in range(0, len(self.source), step)]

    def table(self, paths, columns):
        return len(list(self.threads.map(lambda part: np.copyto(self.target[part], self.source[part]), self.parts(paths))))

    def knn_one(self, paths, query, k):
        return len(list(self.threads.map(lambda part: self.source[part].max(), self.parts(paths))))


ENGINES = {"lance_cpp": lance_like("lance_cpp"), "pylance": lance_like("lance"), "parquet": Parquet, "duckdb": DuckDB,
           "vortex": Vortex, "faiss": Faiss, "limit": Limit}

LANCE = ("lance_cpp", "pylance")
ALL = (*LANCE, "parquet", "duckdb", "vortex")


def picks(rows, count):
    return np.sort(np.random.default_rng(count).choice(rows, min(count, rows), replace=False)).tolist()


def make_cases(rows_of):
    cases = []

    def add(name, group, data, bar, method, engines, *args, **options):
        cases.append((name, group, data, bar, method, engines, args, options))

    for label, data, columns, bar in (("int64", "narrow", ["i"], 3), ("string", "narrow", ["s"], 3), ("list<struct>", "narrow", ["n"], 3),
                                      ("all columns", "narrow", ["i", "s", "n"], 3), ("768 x f32", "vec768", ["v"], 3)):
        add(f"take 100 {label}", "take", data, bar, "take", (*LANCE, "vortex"), picks(rows_of(data), 100), columns)
    add("take 100 blobs (35 KB)", "take", "blob", 3, "blobs", LANCE, picks(rows_of("blob"), 100))
    for label, columns, bar in (("int64", ["i"], 1), ("string", ["s"], 6), ("list<struct>", ["n"], 6), ("all columns", ["i", "s", "n"], 6)):
        add(f"take 10,000 {label}", "take", "narrow", bar, "take", (*LANCE, "vortex"), picks(rows_of("narrow"), 10_000), columns)

    add("scan to table, 16 columns", "scan", "lineitem", 3, "table", ALL)
    add("scan as stream", "scan", "lineitem", 3, "stream", (*LANCE, "parquet"))
    for column in ("l_orderkey", "l_extendedprice", "l_shipmode", "l_comment"):
        add(f"scan {column}", "scan", "lineitem", 3, "table", ALL, columns=[column])
    add("scan 768 x f32", "scan", "vec768", 2, "table", (*LANCE, "limit"), columns=["v"])

    wanted = ["l_orderkey", "l_extendedprice", "l_comment"]
    for share in (0.001, 0.01, 0.1, 0.5):
        add(f"filter u < {share}", "filter", "lineitem", 4, "table", ALL, columns=wanted, filter=f"u < {share}")
    sorted_bound = int(rows_of("lineitem") * 0.001)
    add("filter sorted < 0.1 %", "filter", "lineitem", 4, "table", ALL, columns=wanted, filter=f"l_orderkey < {sorted_bound}")
    add("count u < 0.1", "filter", "lineitem", 4, "count", (*LANCE, "duckdb"), "u < 0.1")

    queries = np.random.default_rng(5).standard_normal((100, 128), dtype=np.float32)
    add("exact kNN, 100 queries, 128", "knn", "vec128", 20, "knn", (*LANCE, "faiss"), queries, 10)
    add("exact kNN, 1 query, 768", "knn", "vec768", 1, "knn_one", (*LANCE, "limit"),
        np.random.default_rng(6).standard_normal(768, dtype=np.float32), 10)

    write_cases.add_cases(add, LANCE, ALL)

    add("open + count, 1,000 fragments", "open", "many", 1.5, "open_count", LANCE)
    add("open + read, 1,000 fragments", "open", "many", 3, "open_read", LANCE)
    return cases
