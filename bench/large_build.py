"""A vector index over a column that is larger than the memory it may take: writes the column once, builds each kind in a process of its own
and prints time and peak memory. Anonymous memory is the build's; pages of mapped files belong to the page cache and are given back under pressure."""

import argparse
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "build" / "release" / "python"))
DIM = 1024

BUILD = """
import sys
sys.path.insert(0, sys.argv[1])
import lance_cpp
dataset = lance_cpp.dataset(sys.argv[2])
options = {"num_sub_vectors": 64} if "PQ" in sys.argv[3] else {}
dataset.create_index("v", sys.argv[3], replace=True, **options)
print(dataset.stats.index_stats("v_idx")["num_indexed_rows"])
"""


def write(path, gigabytes):
    import lance_cpp
    import numpy as np
    import pyarrow as pa

    rows, step = int(gigabytes * 1e9) // (4 * DIM), 50_000
    schema = pa.schema({"id": pa.int64(), "v": pa.list_(pa.float32(), DIM)})
    middle = np.random.default_rng(1).standard_normal((500, DIM), dtype=np.float32)

    def batches():
        random = np.random.default_rng(2)
        for first in range(0, rows, step):
            count = min(step, rows - first)
            values = middle[random.integers(0, 500, count)]
            values += random.standard_normal((count, DIM), dtype=np.float32) * np.float32(0.5)
            vectors = pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), DIM)
            yield pa.record_batch([pa.array(np.arange(first, first + count)), vectors], schema=schema)

    lance_cpp.write_dataset(pa.RecordBatchReader.from_batches(schema, batches()), path)
    return rows


def build(path, kind):
    """Seconds, peak of anonymous memory, peak of all resident pages, and the rows in the index."""
    start = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-c", BUILD, str(ROOT / "build" / "release" / "python"), path, kind], stdout=subprocess.PIPE)
    anonymous = resident = 0
    while child.poll() is None:
        try:
            lines = dict(line.split(":", 1) for line in open(f"/proc/{child.pid}/status") if ":" in line)
            anonymous = max(anonymous, int(lines["RssAnon"].split()[0]))
            resident = max(resident, int(lines["VmHWM"].split()[0]))
        except (OSError, KeyError):
            pass
        time.sleep(0.02)
    assert child.returncode == 0, kind
    return time.perf_counter() - start, anonymous / 1024, resident / 1024, int(child.stdout.read())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=10)
    parser.add_argument("--kinds", default="IVF_PQ,IVF_RQ,IVF_SQ")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "bench" / "out" / "large")
    options = parser.parse_args()
    path = options.folder / f"{options.gigabytes:g}.lance"
    if not path.exists():
        write(str(path), options.gigabytes)
    print("| Index | time | anonymous memory | resident, with mapped files | rows |\n|---|---|---|---|---|")
    for kind in options.kinds.split(","):
        seconds, anonymous, resident, rows = build(str(path), kind)
        print(f"| {kind} | {seconds:.0f} s | {anonymous:.0f} MiB | {resident:.0f} MiB | {rows:,} |", flush=True)


if __name__ == "__main__":
    main()
