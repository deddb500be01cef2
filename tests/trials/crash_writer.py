"""Writes to a table until it is killed: announces each operation on standard output, then acknowledges its commit.

Run by crash.py: crash_writer.py URI SEED STATE, where STATE is JSON of what the table holds.
"""

import datetime
import json
import random
import sys

import ledger

import lance_cpp


class Writer:
    def __init__(self, uri, seed, state):
        self.uri, self.rng = uri, random.Random(seed)
        self.next_key = state["next_key"]
        self.columns = state["columns"]
        self.keys = state["keys"]  # some of those that are there
        self.stable, self.version = state["stable"], state["version"]
        self.steps = 0
        self.ds = lance_cpp.dataset(uri) if state["exists"] else None

    def say(self, **line):
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()

    def run(self):
        if self.ds is None:
            self.do("create")
        while True:
            moves = ["append"] * 4 + ["delete", "update", "merge"] * 3 + ["compact"] * 3 + ["add", "drop", "cleanup"]
            self.do(self.rng.choice(moves + (["overwrite"] if self.rng.random() < 0.2 else [])))

    def do(self, move):
        step = getattr(self, "plan_" + move)()
        if step is None:
            return
        self.say(intent={"op": move, **step})
        getattr(self, "do_" + move)(step)
        self.say(ack=self.ds.version)

    def fresh(self, most):
        first = self.next_key
        self.next_key += self.rng.randrange(1, most)
        return [first, self.next_key]

    def salt(self):
        return self.rng.randrange(1000)

    def plan_create(self):
        return {"keys": self.fresh(300), "salt": self.salt(), "next": self.next_key}

    def plan_overwrite(self):
        return self.plan_create()

    def do_create(self, step, mode="create"):
        self.ds = lance_cpp.write_dataset(ledger.rows(range(*step["keys"]), step["salt"]), self.uri, mode=mode,
                                          enable_stable_row_ids=self.stable, data_storage_version=self.version,
                                          max_rows_per_file=self.rng.choice([50, 1 << 20]))
        self.columns = []

    def do_overwrite(self, step):
        self.do_create(step, "overwrite")

    def plan_append(self):
        extra = [[name, self.rng.randrange(9)] for name in self.columns if self.rng.random() < 0.7]
        return {"keys": self.fresh(60), "salt": self.salt(), "extra": extra, "next": self.next_key}

    def do_append(self, step):
        table = ledger.rows(range(*step["keys"]), step["salt"], step["extra"])
        self.ds = lance_cpp.write_dataset(table, self.ds, mode="append", max_rows_per_file=self.rng.choice([17, 1 << 20]))

    def plan_delete(self):
        modulus = self.rng.choice([3, 7, 11, 13])
        return {"m": modulus, "r": self.rng.randrange(modulus)}

    def do_delete(self, step):
        self.ds.delete(f"k % {step['m']} = {step['r']}")

    def plan_update(self):
        return {**self.plan_delete(), "add": self.rng.randrange(1, 9)}

    def do_update(self, step):
        self.ds.update({"v": f"v + {step['add']}"}, where=f"k % {step['m']} = {step['r']}")

    def plan_merge(self):
        keys = self.rng.sample(self.keys, min(len(self.keys), 12)) + list(range(*self.fresh(12)))
        return {"keys": keys, "salt": self.salt(), "next": self.next_key}

    def do_merge(self, step):
        merge = self.ds.merge_insert("k").when_matched_update_all().when_not_matched_insert_all()
        merge.execute(ledger.rows(step["keys"], step["salt"]))

    def plan_compact(self):
        return {"target": self.rng.choice([40, 200, 1 << 20])}

    def do_compact(self, step):
        self.ds.optimize.compact_files(target_rows_per_fragment=step["target"])

    def plan_add(self):
        if len(self.columns) > 3:
            return None
        return {"name": f"c{self.rng.randrange(1 << 30)}", "factor": self.rng.randrange(1, 9)}

    def do_add(self, step):
        self.ds.add_columns({step["name"]: f"k * {step['factor']}"})
        self.columns.append(step["name"])

    def plan_drop(self):
        return {"name": self.rng.choice(self.columns)} if self.columns else None

    def do_drop(self, step):
        self.ds.drop_columns([step["name"]])
        self.columns.remove(step["name"])

    def plan_cleanup(self):
        return {}

    def do_cleanup(self, step):
        self.ds.cleanup_old_versions(older_than=datetime.timedelta(0), delete_unverified=True)


if __name__ == "__main__":
    Writer(sys.argv[1], sys.argv[2], json.loads(sys.argv[3])).run()
