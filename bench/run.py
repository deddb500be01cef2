"""Measures lance_cpp beside its peers in one interleaved run: see README.md."""

import argparse
import multiprocessing
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import data  # noqa: E402
import worker  # noqa: E402
import write_cases  # noqa: E402
from cases import LANCE, make_cases  # noqa: E402


def short_time(seconds):
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} us"
    return f"{seconds * 1e3:.2f} ms" if seconds < 1 else f"{seconds:.2f} s"


class Workers:
    def __init__(self, cores):
        self.cores = cores
        self.pipes = {}
        self.processes = {}

    def ask(self, engine, request):
        if engine not in self.pipes:
            ours, theirs = multiprocessing.Pipe()
            process = multiprocessing.get_context("spawn").Process(target=worker.serve, args=(engine, theirs, self.cores), daemon=True)
            process.start()
            theirs.close()
            self.pipes[engine], self.processes[engine] = ours, process
        try:
            self.pipes[engine].send(request)
            return self.pipes[engine].recv()
        except (EOFError, OSError):
            del self.pipes[engine]
            return {"error": "the process died"}

    def close(self):
        for pipe in self.pipes.values():
            pipe.send(None)
        for process in self.processes.values():
            process.join()


def fresh_memory(engine, case, paths, cores):
    """Peak memory above the idle process of a case's first run in a process of its own. In a process that ran other cases the
    figure would be too small by what its allocator kept of them."""
    workers = Workers(cores)
    got = workers.ask(engine, (case[4], paths, case[6], case[7]))
    workers.close()
    return got.get("memory")


def measure(workers, case, paths, rounds, seconds):
    name, group, _, bar, method, engines, args, options = case
    runs = {engine: [] for engine in engines}
    errors = {}
    deadline = time.time() + seconds
    for turn in range(rounds + 1):  # the first turn warms caches and is dropped
        for engine in engines:
            if engine in errors:
                continue
            got = workers.ask(engine, (method, paths, args, options))
            if "error" in got:
                errors[engine] = got["error"]
            elif turn > 0:
                runs[engine].append(got)
        if turn >= 1 and time.time() > deadline:
            break
    results = {int(r[0]["result"]) for engine, r in runs.items() if r and engine != "limit"}
    if len(results) > 1:
        errors["results differ"] = str({e: r[0]["result"] for e, r in runs.items() if r})
    medians = {engine: {key: statistics.median(run[key] for run in r) for key in ("seconds", "cpu", "faults", "requests", "bytes")}
               for engine, r in runs.items() if r}
    for engine in medians.keys() & set(LANCE):
        medians[engine]["memory"] = fresh_memory(engine, case, paths, workers.cores)
    return medians, errors


ENGINES = ("lance_cpp", "pylance", "parquet", "duckdb", "vortex", "faiss")


def pair(medians, key, text):
    return " / ".join("-" if engine not in medians or medians[engine][key] is None else text(medians[engine][key]) for engine in LANCE)


def row(case, medians, errors):
    name, bar = case[0], case[3]
    ours, theirs, limit = (medians.get(engine) for engine in ("lance_cpp", "pylance", "limit"))
    cells = [short_time(medians[engine]["seconds"]) if engine in medians else "-" for engine in ENGINES]
    cells.append(f"**{theirs['seconds'] / ours['seconds']:.1f}x**" if ours and theirs else "-")
    cells.append(f"{bar}x")
    cells.append(f"{short_time(limit['seconds'])}, we take {ours['seconds'] / limit['seconds']:.1f}x" if ours and limit else "-")
    cells.append(pair(medians, "cpu", short_time))
    cells.append(pair(medians, "faults", lambda n: f"{n:.0f}"))
    cells.append(pair(medians, "memory", lambda n: f"{n / 1e6:.0f} MB"))
    cells.append(pair(medians, "requests", lambda n: f"{n:.0f}") + ", " + pair(medians, "bytes", lambda n: f"{n / 1e6:.1f} MB"))
    cells.append("; ".join(f"{k}: {v}" for k, v in errors.items()))
    return f"| {name} | {' | '.join(cells)} |"


HEAD = ("| Case | lance_cpp | pylance | Parquet (pyarrow) | DuckDB on Parquet | Vortex (no cache) | FAISS flat | ours vs pylance | bar | "
        "limit of the machine | processor time, ours / pylance | page faults | peak memory of a first run | read calls, bytes | notes |\n|"
        + "---|" * 15)


def import_cost():
    """Milliseconds and MB that importing adds after pyarrow, median of 7 processes."""
    code = ("import pyarrow, time; rss=lambda: int(open('/proc/self/statm').read().split()[1]) * 4096 / 1e6; m=rss(); t=time.perf_counter(); "
            "import {0}; print((time.perf_counter()-t)*1e3, rss()-m)")
    out = {}
    for module in ("lance_cpp", "lance"):
        runs = [tuple(map(float, subprocess.run([sys.executable, "-c", code.format(module)], capture_output=True, text=True).stdout.split()))
                for _ in range(7)]
        runs = [r for r in runs if len(r) == 2]
        if runs:
            out[module] = tuple(statistics.median(r[i] for r in runs) for i in range(2))
    return out


def write_report(options, lines, sizes, notes):
    if not options.write:
        return
    import lance
    import pyarrow
    text = ["# Performance", "",
            f"Made by `bench/run.py --scale {options.scale:g} --rounds {options.rounds}` on {options.cores} cores; medians, warm page cache, engines interleaved,",
            f"each at its defaults, on files that pylance {lance.__version__} wrote at its default version; pyarrow {pyarrow.__version__}. Machines differ: read the ratios.", "",
            HEAD, *lines, "", *([write_cases.SIZE_HEAD, *sizes, ""] if sizes else []), *[f"- {n}" for n in notes], ""]
    path = pathlib.Path(options.write)
    mark = "\n## Vector search\n"  # that section is made by vectors.py
    kept = path.read_text().partition(mark)[1:] if path.exists() else ()
    path.write_text("\n".join(text) + "".join(kept))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=0.1)
    parser.add_argument("--only", default="", help="groups or parts of case names, comma separated")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=30, help="time limit of a case, at least one measured round")
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    parser.add_argument("--write", help="also write the report to this file")
    options = parser.parse_args()
    wanted = [w for w in options.only.split(",") if w]
    lines, sizes = [], []
    workers, group = Workers(set(range(options.cores))), None
    print(HEAD, flush=True)
    for case in make_cases(lambda name: data.rows_of(name, options.scale)):
        if wanted and not any(w == case[1] or w in case[0] for w in wanted):
            continue
        if case[1] != group:  # what a group's cases keep in memory is not the next one's
            workers.close()
            workers, group = Workers(set(range(options.cores))), case[1]
        name = case[2]
        paths = data.prepare_table(name) if name in data.TABLES else data.prepare(name, options.scale)
        medians, errors = measure(workers, case, paths, options.rounds, options.seconds)
        lines.append(row(case, medians, errors))
        print(lines[-1], flush=True)
        if size := write_cases.size_line(case, paths):
            sizes.append(size)
        write_report(options, lines, sizes, [])
    workers.close()
    if sizes:
        print("\n".join(["", write_cases.SIZE_HEAD, *sizes]))
    notes = [f"import {m} after pyarrow: {ms:.1f} ms, {mb:.1f} MB" for m, (ms, mb) in import_cost().items()]
    print("\n" + "\n".join(notes))
    write_report(options, lines, sizes, notes)


if __name__ == "__main__":
    main()
