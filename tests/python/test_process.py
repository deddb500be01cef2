"""What the package does to its process: imports, threads, forks."""

import multiprocessing
import os
import subprocess
import sys
import threading

import lance_cpp as lance


def run_python(code):
    package = os.path.dirname(os.path.dirname(lance.__file__))
    env = {**os.environ, "PYTHONPATH": package}
    out = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    return out.stdout.split()


def test_import_is_small_beyond_pyarrow():
    """The bar is 30 ms and 15 MB; the best of five leaves out what other processes do to the machine."""
    code = """
import pyarrow, time
def resident(): return int(open('/proc/self/statm').read().split()[1]) * 4096
memory, start = resident(), time.perf_counter()
import lance_cpp
print((time.perf_counter() - start) * 1000, (resident() - memory) / 1e6)
import sys
print(sum(name in sys.modules for name in ('pandas', 'pyarrow.dataset', 'pydantic', 'torch', 'polars')))
"""
    runs = [run_python(code) for _ in range(5)]
    assert min(float(run[0]) for run in runs) < 30
    assert min(float(run[1]) for run in runs) < 15
    assert runs[0][2] == "0"


def test_native_work_releases_the_gil(basic):
    """Another thread goes on counting while one scans."""
    stop, ticks = threading.Event(), [0]

    def count():
        while not stop.is_set():
            ticks[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    threads = [threading.Thread(target=lambda: basic.to_table()) for _ in range(4)]
    for other in threads:
        other.start()
    for other in threads:
        other.join()
    stop.set()
    thread.join()
    assert ticks[0] > 0


def _child(path, queue):
    queue.put(lance.dataset(path).to_table(columns=["i"]).num_rows)


def _child_of_open(dataset, queue):
    queue.put(dataset.to_table(columns=["i", "s", "v"]).num_rows)


def test_survives_fork_after_use(basic):
    rows = basic.to_table(columns=["i"]).num_rows
    context = multiprocessing.get_context("fork")
    for target, argument in ((_child, basic.uri), (_child_of_open, basic)):
        queue = context.Queue()
        process = context.Process(target=target, args=(argument, queue))
        process.start()
        assert queue.get(timeout=30) == rows
        process.join(timeout=30)
        assert process.exitcode == 0


def test_readers_outlive_their_dataset(basic_path):
    reader = lance.dataset(basic_path).scanner(columns=["i"]).to_reader()
    assert sum(batch.num_rows for batch in reader) == 2970


def test_dropping_a_reader_early_is_fine(basic):
    for _ in range(20):
        reader = basic.scanner(columns=["i"], batch_size=10).to_reader()
        reader.read_next_batch()
        del reader


def test_sessions_are_shared_or_not(basic):
    session = lance.Session(metadata_cache_size_bytes=1 << 20)
    one, two = lance.dataset(basic.uri, session=session), lance.dataset(basic.uri, session=session)
    assert one.session().is_same_as(two.session())
    assert not one.session().is_same_as(basic.session())
    one.to_table()
    assert 0 < session.size_bytes() <= 1 << 20
