"""One operation on a table, in a process of its own: prints the memory that it took above what the process had before.

Run by memory.py: memory_worker.py URI OPERATION ARGUMENTS, the last as JSON.
"""

import datetime
import json
import sys
import threading
import time

import numpy as np
import pyarrow as pa

import lance_cpp

WIDTH = 768
SCHEMA = pa.schema([("id", pa.int64()), ("tag", pa.string()), ("vec", pa.list_(pa.float32(), WIDTH))])


def memory_bytes(name):
    with open("/proc/self/status") as lines:
        for line in lines:
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
    return 0


class Peak:
    """The most memory while it is open: of the process, and what of it is no file's page that the system may drop."""

    def __enter__(self):
        with open("/proc/self/clear_refs", "w") as out:
            out.write("5")  # forgets VmHWM
        self.idle, self.idle_anonymous = memory_bytes("VmRSS"), memory_bytes("RssAnon")
        self.anonymous, self.stop = 0, False
        self.thread = threading.Thread(target=self.sample)
        self.thread.start()
        return self

    def sample(self):
        while not self.stop:
            self.anonymous = max(self.anonymous, memory_bytes("RssAnon"))
            time.sleep(0.003)

    def __exit__(self, *_):
        self.stop = True
        self.thread.join()

    def report(self):
        return {"all": memory_bytes("VmHWM") - self.idle, "anonymous": self.anonymous - self.idle_anonymous}


def batch(first, rows):
    """Vectors that do not compress, cheap to make."""
    random = np.random.default_rng(first)
    ids = np.arange(first, first + rows)
    vectors = pa.array(random.random(rows * WIDTH, np.float32))
    tags = pa.array([f"tag {i % 1000}" for i in ids])
    return pa.record_batch([pa.array(ids), tags, pa.FixedSizeListArray.from_arrays(vectors, WIDTH)], schema=SCHEMA)


def make(uri, rows, rows_per_file):
    batches = (batch(first, min(2048, rows - first)) for first in range(0, rows, 2048))
    lance_cpp.write_dataset(pa.RecordBatchReader.from_batches(SCHEMA, batches), uri, max_rows_per_file=rows_per_file)


def compact(uri):
    print(lance_cpp.dataset(uri).optimize.compact_files(), file=sys.stderr)


def merge(uri, first, rows):
    source = pa.Table.from_batches([batch(first, rows)])
    merge = lance_cpp.dataset(uri).merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
    print(merge.execute(source), file=sys.stderr)


def merge_some_columns(uri, first, rows):
    """The vectors of the matched rows are copied."""
    ids = np.arange(first, first + rows)
    source = pa.table({"id": ids, "tag": pa.array([f"new {i}" for i in ids])})
    merge = lance_cpp.dataset(uri).merge_insert("id").when_matched_update_all("target.vec IS NOT NULL")
    print(merge.execute(source), file=sys.stderr)


def update(uri):
    print(lance_cpp.dataset(uri).update({"tag": "'updated'"}, where="id % 4 = 1"), file=sys.stderr)


def add_column(uri):
    lance_cpp.dataset(uri).add_columns({"double": "id * 2", "copy": "tag"})


def overwrite(uri):
    lance_cpp.write_dataset(lance_cpp.dataset(uri).scanner(), uri, mode="overwrite", max_rows_per_file=100_000)


def main():
    uri, operation, arguments = sys.argv[1:]
    with Peak() as peak:
        start = time.monotonic()
        globals()[operation](uri, **json.loads(arguments))
        seconds = time.monotonic() - start
    print(json.dumps({**peak.report(), "seconds": seconds}))
    if operation != "make":
        lance_cpp.dataset(uri).cleanup_old_versions(older_than=datetime.timedelta(0), delete_unverified=True)


if __name__ == "__main__":
    main()
