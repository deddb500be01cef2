"""Kills a process that writes, at random moments, and looks at what is left of its table."""

import collections
import datetime
import json
import os
import random
import subprocess
import tempfile
import time

import lance
import ledger

import lance_cpp

KINDS = [("2.1", False), ("2.2", True), ("2.2", False), ("2.1", True)]
KILLS_PER_TABLE = 25
KILLS_PER_CLEANUP = 5


class Table:
    """A table and what was acknowledged of it."""

    def __init__(self, uri, seed, version, stable):
        self.uri, self.rng = str(uri), random.Random(seed)
        self.version, self.stable = version, stable
        self.model = ledger.Model()
        self.acknowledged = 0  # version; 0: no table yet
        self.counts = collections.Counter()

    def kill_one(self):
        """Starts a writer, kills it and checks the table."""
        seed = self.rng.randrange(1 << 30)
        keys = sorted(self.model.rows)
        state = {"next_key": self.model.next_key, "columns": self.model.columns, "exists": self.acknowledged > 0,
                 "keys": self.rng.sample(keys, min(len(keys), 200)), "stable": self.stable, "version": self.version}
        with tempfile.TemporaryFile() as errors:
            process = ledger.start("crash_writer.py", self.uri, seed, json.dumps(state), stdout=subprocess.PIPE, stderr=errors)
            lines = self.run_and_kill(process, errors)
        pending = self.follow(lines)
        self.check(pending)

    def run_and_kill(self, process, errors):
        """Kills the process a random while after one of its first operations began; all lines that it wrote."""
        lines = []
        for _ in range(self.rng.randrange(2, 14)):
            line = process.stdout.readline()
            if not line:
                break
            lines.append(line)
        # Most operations take 1 to 15 ms.
        time.sleep(self.rng.choice([0.002, 0.006, 0.02]) * self.rng.random())
        died = process.poll()
        process.kill()
        lines += process.stdout.read().splitlines()  # not communicate(), which skips what is buffered
        process.stdout.close()
        process.wait()
        errors.seek(0)
        assert died is None, f"the writer failed: {errors.read().decode()}"
        return [json.loads(line) for line in lines if line.strip().endswith(b"}")]

    def follow(self, lines):
        """Applies what was acknowledged; the operation that was going on, or None."""
        pending = None
        for line in lines:
            if "intent" in line:
                pending = line["intent"]
                self.model.next_key = max(self.model.next_key, pending.get("next", 0))
                continue
            self.model.apply(pending)
            self.counts[pending["op"]] += 1
            self.acknowledged = line["ack"]
            pending = None
        self.counts["kill"] += 1
        self.counts["killed in " + (pending["op"] if pending else "none")] += 1
        return pending

    def check(self, pending):
        if self.acknowledged == 0 and not self.exists():
            return
        ours, theirs = lance_cpp.dataset(self.uri), lance.dataset(self.uri)
        assert ours.version == theirs.version >= self.acknowledged
        mine, other = ledger.by_key(ours.to_table()), ledger.by_key(theirs.to_table())
        assert mine == other, "the readers differ"
        before = self.model
        after = before.copy()
        if pending:
            after.apply(pending)
        versions = {before: [self.acknowledged], after: [self.acknowledged + 1]}
        if pending and pending["op"] == "compact":
            versions[before] += [self.acknowledged + 1]  # it reserves fragment ids first
            versions[after] += [self.acknowledged + 2]
        if pending and pending["op"] == "cleanup":
            versions[after] = [self.acknowledged]
        found = [model for model in versions if ours.version in versions[model] and self.same(mine, model)]
        assert found, (
            f"version {ours.version} of a table acknowledged at {self.acknowledged} holds neither what was "
            f"acknowledged nor the whole of {pending}: {self.difference(mine, before)}")
        if ours.version > self.acknowledged:
            self.counts["found committed, not acknowledged"] += 1
        self.model, self.acknowledged = found[0], ours.version
        theirs.validate()
        ids = ours.to_table(columns=["_rowid"])["_rowid"].to_pylist()
        assert len(set(ids)) == len(ids)
        report = ledger.fsck(self.uri)
        self.counts["leftover files"] += report["unreferenced_files"]

    def same(self, found, model):
        names = [*ledger.SCHEMA.names, *model.columns]
        wanted = [{name: values[name] for name in names} for values in model.as_list()]
        return found == wanted

    def difference(self, found, model):
        there = collections.Counter(values["k"] for values in found)
        twice = [key for key, count in there.items() if count > 1]
        lost = [key for key in model.rows if key not in there]
        strange = [key for key in there if key not in model.rows]
        return f"twice {twice[:5]}, lost {lost[:5]}, strange {strange[:5]}; columns {list(found[0]) if found else []}"

    def exists(self):
        try:
            lance.dataset(self.uri)
        except ValueError:
            return False
        return True

    def clean(self, module):
        """One more version, and a cleanup by one of the engines: nothing may be left but what the version names."""
        if self.acknowledged == 0:
            return
        step = {"op": "append", "keys": [self.model.next_key, self.model.next_key + 3], "salt": 1, "extra": []}
        module.write_dataset(ledger.rows(range(*step["keys"]), 1), self.uri, mode="append")
        self.model.apply({**step, "next": step["keys"][1]})
        module.dataset(self.uri).cleanup_old_versions(older_than=datetime.timedelta(0), delete_unverified=True)
        theirs = lance.dataset(self.uri)
        self.acknowledged = theirs.version
        left = ledger.files_of(self.uri) - ledger.named_files(theirs)
        manifests = {name for name in left if name.startswith("_versions/")}
        transactions = {name for name in left if name.startswith("_transactions/")}
        assert len(manifests) == 1 and len(transactions) <= 1 and left == manifests | transactions, (
            f"after {module.__name__} cleaned up there are {sorted(left)}")
        assert ledger.named_files(theirs) <= ledger.files_of(self.uri)
        assert ledger.fsck(self.uri)["unreferenced_files"] == 0
        assert self.same(ledger.by_key(theirs.to_table()), self.model)
        self.counts["cleaned by " + module.__name__] += 1


def run(folder, kills, seed=1, say=lambda text: None):
    """Kills writers `kills` times; how often what happened."""
    counts = collections.Counter()
    for first in range(0, kills, KILLS_PER_TABLE):
        version, stable = KINDS[first // KILLS_PER_TABLE % len(KINDS)]
        table_seed = f"{seed}-{first}"
        table = Table(os.path.join(folder, f"crash-{first}"), table_seed, version, stable)
        for number in range(first, min(kills, first + KILLS_PER_TABLE)):
            try:
                table.kill_one()
                if number % KILLS_PER_CLEANUP == KILLS_PER_CLEANUP - 1:
                    table.clean(lance if number % 2 else lance_cpp)
            except Exception as error:
                raise AssertionError(f"kill {number - first} of the table of seed {table_seed}, files {version}, "
                                     f"stable row ids {stable}, in {table.uri}: {error!r}") from error
        counts += table.counts
        say(f"{min(kills, first + KILLS_PER_TABLE)} kills")
    return counts
