"""One of several processes that change a table at once; at the end it writes down what was acknowledged to it.

Run by writers.py: mixed_writer.py URI MODULE ROLE NUMBER SEED SECONDS LEDGER. Each process changes rows of its own keys, which
lie among all others in the same fragments, and rows that all of them share.
"""

import collections
import datetime
import importlib
import json
import random
import sys
import time

import pyarrow as pa

OWN_KEYS = 10_000_000  # keys from number * OWN_KEYS are one process's
COUNTERS = [-1, -2, -3]  # keys of rows that updaters count up
SHARED = -1000  # keys below are upserted by all mergers
SCHEMA = pa.schema([
    pa.field("k", pa.int64(), nullable=False, metadata={"lance-schema:unenforced-primary-key": "true"}),
    pa.field("v", pa.int64()),
    pa.field("s", pa.string()),
])


def table(values):
    """Rows of {key: v}."""
    return pa.Table.from_pydict({"k": list(values), "v": list(values.values()), "s": [f"s{v}" for v in values.values()]},
                                schema=SCHEMA)


def is_conflict(error):
    text = str(error).lower()
    return "conflict" in type(error).__name__.lower() or "conflict" in text or "too many concurrent writers" in text


class Writer:
    def __init__(self, uri, module, role, number, seed):
        self.uri, self.module, self.role = uri, importlib.import_module(module), role
        self.rng = random.Random(seed)
        self.first = self.next = number * OWN_KEYS
        self.mine = {}
        self.increments = collections.Counter()
        self.shared = set()
        self.stats = collections.Counter()
        self.ds = self.module.dataset(uri)

    def run(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.rng.random() < 0.5:  # else from a version that is old by now
                self.ds = self.module.dataset(self.uri)
            start = time.monotonic()
            try:
                getattr(self, self.role)()
                self.stats["done"] += 1
            except Exception as error:
                if not is_conflict(error):
                    raise
                self.stats["conflicts"] += 1
                self.ds = self.module.dataset(self.uri)
            self.stats["slowest_ms"] = max(self.stats["slowest_ms"], int(1000 * (time.monotonic() - start)))

    def fresh(self, most):
        keys = range(self.next, self.next + self.rng.randrange(1, most))
        self.next = keys.stop  # not used again, also when the commit fails
        return {key: key % 1000 for key in keys}

    def some(self, most):
        keys = sorted(self.mine)
        return self.rng.sample(keys, min(len(keys), self.rng.randrange(1, most)))

    def appender(self):
        values = self.fresh(30)
        self.ds = self.module.write_dataset(table(values), self.ds, mode="append")
        self.mine.update(values)

    def deleter(self):
        if len(self.mine) < 20 or self.rng.random() < 0.3:
            return self.appender()
        keys = self.some(8)
        found = self.ds.delete(f"k IN ({', '.join(map(str, keys))})")
        assert found["num_deleted_rows"] == len(keys), (found, keys)
        for key in keys:
            del self.mine[key]

    def updater(self):
        if self.rng.random() < 0.3:
            key = self.rng.choice(COUNTERS)
            found = self.ds.update({"v": "v + 1"}, where=f"k = {key}")
            assert found["num_rows_updated"] == 1, (found, key)
            self.increments[key] += 1
        elif len(self.mine) < 20 or self.rng.random() < 0.2:
            self.appender()
        else:
            keys = self.some(8)
            found = self.ds.update({"v": "v + 7"}, where=f"k IN ({', '.join(map(str, keys))})")
            assert found["num_rows_updated"] == len(keys), (found, keys)
            for key in keys:
                self.mine[key] += 7

    def merger(self):
        values = self.fresh(6)
        values.update({key: self.mine[key] + 100 for key in (self.some(6) if self.mine else [])})
        shared = {SHARED - self.rng.randrange(400): 1 for _ in range(2)}
        merge = self.ds.merge_insert("k").when_matched_update_all().when_not_matched_insert_all()
        found = merge.execute(table({**values, **shared}))
        assert found["num_inserted_rows"] + found["num_updated_rows"] == len(values) + len(shared), found
        self.mine.update(values)
        self.shared |= set(shared)

    def compactor(self):
        time.sleep(0.1 * self.rng.random())
        metrics = self.ds.optimize.compact_files(target_rows_per_fragment=self.rng.choice([300, 3000, 1 << 20]))
        self.stats["fragments_removed"] += metrics.fragments_removed
        self.stats["compactions"] += metrics.fragments_removed > 0

    def cleaner(self):
        time.sleep(2)
        self.ds = self.module.dataset(self.uri)
        # Longer than any commit takes: pylance 14.0.2 does not notice conflicts with versions that are gone.
        removed = self.ds.cleanup_old_versions(older_than=datetime.timedelta(seconds=90))
        self.stats["versions_removed"] += removed.old_versions


def main():
    uri, module, role, number, seed, seconds, path = sys.argv[1:]
    writer = Writer(uri, module, role, int(number), seed)
    writer.run(float(seconds))
    with open(path, "w") as out:
        json.dump({"mine": writer.mine, "shared": sorted(writer.shared), "increments": writer.increments,
                   "first": writer.first, "stats": writer.stats}, out)


if __name__ == "__main__":
    main()
