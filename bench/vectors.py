"""Vector search side by side: recall against time of every index of every engine, builds, filters and cold starts.

    bench/vectors.py                                       a twentieth of the size, prints tables
    bench/vectors.py --scale 1 --write docs/performance.md  also plots, in docs/plots

Recall is measured for every setting; searches of one core are then timed setting after setting, engine after engine, in rounds.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import numpy as np  # noqa: E402
import vector_data  # noqa: E402
import vector_report  # noqa: E402
import worker  # noqa: E402
from vector_engines import MAKERS  # noqa: E402

LEVELS = (0.90, 0.95, 0.99)
BATCH = 250  # queries timed at a time


class Engine:
    """An engine in a process of its own, on some cores."""

    def __init__(self, name, cores):
        self.name = name
        self.pipe, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("spawn").Process(target=serve, args=(name, theirs, cores), daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, what, *args):
        try:
            self.pipe.send((what, args))
            got = self.pipe.recv()
        except (EOFError, OSError):
            raise RuntimeError(f"{self.name}: the process died in {what}") from None
        if isinstance(got, str):
            raise RuntimeError(f"{self.name}: {what}: {got}")
        return got

    def close(self):
        try:
            self.pipe.send(None)
        except OSError:
            pass
        self.process.join()


def drop_page_cache(paths):
    os.sync()
    for path in paths:
        with open(path, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


class Requests:
    """What the process of an engine answers."""

    def __init__(self, name):
        self.engine = MAKERS[name]()

    def settings(self):
        return self.engine.settings

    def can(self, what):
        return hasattr(self.engine, what)

    def build(self, folder):
        self.engine.before_build(folder)
        idle = worker.reset_memory_high()
        start, used = time.perf_counter(), sum(os.times()[:2])
        self.engine.build(folder)
        seconds, cpu = time.perf_counter() - start, sum(os.times()[:2]) - used
        memory = worker.memory_high() - idle
        if hasattr(self.engine, "after_build"):
            self.engine.after_build(folder)
        return {"seconds": seconds, "cpu": cpu, "memory": memory}

    def open(self, folder):
        self.queries = np.load(folder / "queries.npy")
        self.engine.open(folder)
        return True

    def answers(self, setting):
        return [np.asarray(ids) for ids in self.engine.many(self.queries, vector_data.K, setting)]

    def times(self, setting, first, count):
        out = []
        for i in range(count):
            query = self.queries[(first + i) % len(self.queries)]
            start = time.perf_counter()
            self.engine.one(query, vector_data.K, setting)
            out.append(time.perf_counter() - start)
        return out

    def rate(self, how, setting, seconds):
        """Queries a second of calls that answer all queries each."""
        search = getattr(self.engine, how)
        search(self.queries, vector_data.K, setting)
        done, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            search(self.queries, vector_data.K, setting)
            done += len(self.queries)
        return done / (time.perf_counter() - start)

    def filtered(self, setting, fraction, count):
        ids, times = [], []
        for query in self.queries[:count]:
            start = time.perf_counter()
            ids.append(np.asarray(self.engine.filtered(query, vector_data.K, setting, fraction)))
            times.append(time.perf_counter() - start)
        return ids, times

    def cold(self, folder, setting, count):
        """Each query on an open data set whose index nobody has touched, with nothing of the files in the page cache."""
        runs = []
        for query in self.queries[:count]:
            self.engine.open_cold(folder)
            drop_page_cache(self.engine.files(folder))
            calls, read = worker.io_counts()
            start = time.perf_counter()
            self.engine.one(query, vector_data.K, setting)
            seconds = time.perf_counter() - start
            calls2, read2 = worker.io_counts()
            runs.append((seconds, calls2 - calls - 1, read2 - read))
        return runs


def serve(name, pipe, cores):
    os.sched_setaffinity(0, cores)
    os.environ.setdefault("LANCE_LOG", "error")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that spin disturb who is measured next
    requests = None
    while True:
        message = pipe.recv()
        if message is None:
            os._exit(0)
        what, args = message
        try:
            requests = requests or Requests(name)
            pipe.send(getattr(requests, what)(*args))
        except BaseException as error:
            pipe.send(f"{type(error).__name__}: {error}".splitlines()[0][:200])


def choose(points, level):
    """The quickest setting whose recall is at least this."""
    good = [p for p in points if p["recall"] >= level and "p50" in p]
    return min(good, key=lambda p: p["p50"]) if good else None


class Bench:
    def __init__(self, options, name):
        self.options, self.name = options, name
        self.folder = vector_data.prepare(name, options.scale)
        self.results = self.folder / "results.json"
        self.out = json.loads(self.results.read_text()) if self.results.exists() else {}
        self.exact = np.load(self.folder / "exact.npy")
        self.names = [n for n in MAKERS if not options.engines or any(e in n for e in options.engines)]
        self.every = set(range(options.cores))

    def save(self):
        self.results.write_text(json.dumps(self.out, indent=1))

    def engine_out(self, name):
        return self.out.setdefault(name, {})

    def say(self, text):
        print(f"{self.name}: {text}", flush=True)

    def build(self):
        for name in self.names:
            got = self.engine_out(name)
            if "build" in got and not (self.options.rebuild and any(r in name for r in self.options.rebuild)):
                continue
            engine = Engine(name, self.every)
            try:
                got["build"] = engine.ask("build", self.folder)
                got["build"]["load"] = os.getloadavg()[0]
                self.say(f"build {name}: {got['build']['seconds']:.1f} s, {got['build']['memory'] / 1e6:.0f} MB")
            except RuntimeError as error:
                got["error"] = str(error)
                self.say(str(error))
            engine.close()
            self.save()

    def opened(self, cores):
        out = {}
        for name in self.names:
            if "build" not in self.engine_out(name):
                continue
            engine = Engine(name, cores)
            try:
                engine.ask("open", self.folder)
                out[name] = engine
            except RuntimeError as error:
                self.say(str(error))
        return out

    def recalls(self):
        engines = self.opened(self.every)
        for name, engine in engines.items():
            points = []
            for setting in engine.ask("settings"):
                found = engine.ask("answers", setting)
                points.append({"setting": setting, "recall": vector_data.recall(found, self.exact)})
            self.engine_out(name)["points"] = points
        for engine in engines.values():
            engine.close()

    def times(self):
        engines = self.opened({self.options.cores - 1})
        samples = {}
        for turn in range(self.options.rounds + 1):
            for name, engine in engines.items():
                for number, point in enumerate(self.engine_out(name)["points"]):
                    count = 20 if turn == 0 else BATCH
                    got = engine.ask("times", point["setting"], turn * BATCH, count)
                    if turn > 0:
                        samples.setdefault((name, number), []).extend(got)
        for (name, number), times in samples.items():
            point = self.engine_out(name)["points"][number]
            point["p50"], point["p99"] = (float(v) for v in np.percentile(times, (50, 99)))
        for engine in engines.values():
            engine.close()
        for name in engines:
            best = choose(self.engine_out(name)["points"], 0.95)
            if best:
                self.say(f"{name}: {best['p50'] * 1e6:.0f} us at {best['recall']:.3f} with {best['setting']}")
        self.save()

    def rates(self):
        engines = self.opened(self.every)
        for turn in range(2):
            for name, engine in engines.items():
                best = choose(self.engine_out(name)["points"], 0.95)
                if best is None:
                    continue
                for how in ("threaded", "many"):
                    if engine.ask("can", how):
                        rate = engine.ask("rate", how, best["setting"], self.options.seconds)
                        rates = self.engine_out(name).setdefault("rates", {})
                        rates[how] = max(rate, rates.get(how, 0)) if turn else rate
        for engine in engines.values():
            engine.close()
        self.save()

    def filters(self):
        engines = {n: e for n, e in self.opened({self.options.cores - 1}).items() if e.ask("can", "filtered")}
        for fraction in vector_data.FRACTIONS:
            path = self.folder / f"exact_{fraction:g}.npy"
            if not path.exists():
                continue
            exact = np.load(path)
            for name, engine in engines.items():
                points, count = [], 60
                for point in sorted(self.engine_out(name)["points"], key=lambda p: p["recall"]):
                    ids, times = engine.ask("filtered", point["setting"], fraction, count)
                    points.append({"setting": point["setting"], "recall": vector_data.recall(ids, exact[:count]),
                                   "p50": float(np.median(times)), "least": min(map(len, ids))})
                    if len([p for p in points if p["recall"] >= 0.95]) >= 3:
                        break
                best = choose(points, 0.95) or max(points, key=lambda p: p["recall"])
                self.engine_out(name).setdefault("filtered", {})[f"{fraction:g}"] = best
                self.say(f"{name}, {fraction:.1%} of the rows: {best['p50'] * 1e6:.0f} us at {best['recall']:.3f}")
        for engine in engines.values():
            engine.close()
        self.save()

    def colds(self):
        engines = {n: e for n, e in self.opened(self.every).items() if e.ask("can", "open_cold")}
        for name, engine in engines.items():
            best = choose(self.engine_out(name)["points"], 0.95)
            if best is None:
                continue
            runs = engine.ask("cold", self.folder, best["setting"], 15)
            plain = engine.ask("cold", self.folder, {**best["setting"], "refine_factor": None}, 15)
            self.engine_out(name)["cold"] = {"p50": float(np.median([r[0] for r in runs])), "requests": int(np.median([r[1] for r in runs])),
                                             "bytes": int(np.median([r[2] for r in runs])),
                                             "before_refine": int(np.median([r[1] for r in plain])), "plain_p50": float(np.median([r[0] for r in plain]))}
            self.say(f"{name} cold: {self.engine_out(name)['cold']}")
        for engine in engines.values():
            engine.close()
        self.save()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.05)
    parser.add_argument("--sets", default=",".join(vector_data.SETS), help="data sets, comma separated")
    parser.add_argument("--engines", type=lambda s: s.split(","), default=[], help="parts of names, comma separated")
    parser.add_argument("--steps", default="build,search,rates,filters,colds", help="parts to measure anew")
    parser.add_argument("--rebuild", type=lambda s: s.split(","), default=[], help="build these again, though they lie in bench/out")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=2, help="time for each measurement of throughput")
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    parser.add_argument("--write", type=pathlib.Path, help="put the section on vector search into this file, and plots beside it")
    options = parser.parse_args()
    done = {}
    for name in options.sets.split(","):
        bench = Bench(options, name)
        steps = options.steps.split(",")
        if "build" in steps:
            bench.build()
        if "search" in steps:
            bench.recalls()
            bench.times()
        if "rates" in steps:
            bench.rates()
        if "filters" in steps:
            bench.filters()
        if "colds" in steps:
            bench.colds()
        done[name] = (vector_data.shape(bench.folder), bench.out)
        lines = vector_report.tables(done, LEVELS, choose)
        if options.write:
            vector_report.write(options.write, lines, done, options)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
