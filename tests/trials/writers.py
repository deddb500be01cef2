"""Many processes change one table at once, half of them with pylance; every acknowledged row is there exactly once."""

import collections
import json
import os
import time

import lance
import ledger
import mixed_writer
import pyarrow.compute as pc

import lance_cpp

ROLES = ["appender", "deleter", "updater", "merger", "compactor"]


def start_all(folder, uri, seconds, seed, cleaners):
    roles = [(module, role) for role in ROLES for module in ("lance_cpp", "lance")]
    roles += [(module, "cleaner") for module in cleaners]
    running = []
    for number, (module, role) in enumerate(roles, 1):
        path = os.path.join(folder, f"ledger-{number}.json")
        # A file, not a pipe: pylance tells each conflict of a compaction, and a full pipe would stop it.
        with open(path + ".errors", "wb") as errors:
            process = ledger.start("mixed_writer.py", uri, module, role, number, f"{seed}-{number}", seconds, path,
                                   stderr=errors)
        running.append((process, module, role, path))
    return running


def look(uri, module):
    """A reader in the middle of it all: the rows of no version are there twice or half."""
    keys = module.dataset(uri).to_table(columns=["k"])["k"]
    assert pc.count_distinct(keys).as_py() == len(keys), f"{module.__name__} sees rows twice"
    assert set(mixed_writer.COUNTERS) <= set(keys.to_pylist()), f"{module.__name__} misses rows"


def watch(uri, running):
    """Reads on while they write; then what each of them wrote down."""
    looks = 0
    while any(process.poll() is None for process, *_ in running):
        look(uri, (lance_cpp, lance)[looks % 2])
        looks += 1
        time.sleep(0.3)
    ledgers = []
    for process, module, role, path in running:
        if process.returncode != 0:
            with open(path + ".errors", errors="replace") as errors:
                raise AssertionError(f"the {role} with {module} failed: {errors.read()[-3000:]}")
        with open(path) as lines:
            ledgers.append((module, role, json.load(lines)))
    return looks, ledgers


def check(uri, ledgers):
    ours, theirs = lance_cpp.dataset(uri), lance.dataset(uri)
    assert ours.version == theirs.version
    columns = ["k", "v", "s", "_rowid"]
    mine = ours.to_table(columns=columns)
    assert mine.equals(theirs.to_table(columns=columns)), "the readers differ"
    found = mine.to_pylist()
    assert len({row["_rowid"] for row in found}) == len(found)
    there = collections.Counter(row["k"] for row in found)
    twice = [key for key, count in there.items() if count > 1]
    assert not twice, f"rows {twice[:9]} are there more than once"
    values = {row["k"]: row["v"] for row in found}
    increments = collections.Counter()
    for module, role, written in ledgers:
        who = f"{role} with {module}"
        own = {int(key): value for key, value in written["mine"].items()}
        lost = sorted(set(own) - set(values))
        assert not lost, f"rows {lost[:9]} of the {who} are lost, {len(lost)} of {len(own)}"
        wrong = {key: (value, values[key]) for key, value in own.items() if values[key] != value}
        assert not wrong, f"rows of the {who} have other values: {list(wrong.items())[:9]}"
        strange = [key for key in values
                   if written["first"] <= key < written["first"] + mixed_writer.OWN_KEYS and key not in own]
        assert not strange, f"rows {strange[:9]} of the {who} were never acknowledged or are deleted"
        assert set(written["shared"]) <= set(values), f"rows that the {who} upserted are lost"
        increments.update({int(key): count for key, count in written["increments"].items()})
    counted = {key: values[key] for key in mixed_writer.COUNTERS}
    assert counted == {key: increments[key] for key in mixed_writer.COUNTERS}, (
        f"counters say {counted}, acknowledged were {increments}")
    theirs.validate()
    ledger.fsck(uri)


def run(folder, seconds, stable, seed=1, cleaners=()):
    """One table under all roles of both engines: (rows, versions, reads, statistics by engine and role)."""
    uri = os.path.join(folder, f"writers-{'stable' if stable else 'plain'}")
    first = {**{key: 0 for key in mixed_writer.COUNTERS}, **{-500 - i: 0 for i in range(50)}}
    lance.write_dataset(mixed_writer.table(first), uri, enable_stable_row_ids=stable)
    running = start_all(folder, uri, seconds, seed, cleaners)
    try:
        looks, ledgers = watch(uri, running)
        check(uri, ledgers)
    except Exception as error:
        raise AssertionError(f"mixed writers of seed {seed}, stable row ids {stable}, in {uri}: {error!r}") from error
    finally:
        for process, *_ in running:
            process.kill()
    dataset = lance_cpp.dataset(uri)
    return dataset.count_rows(), dataset.version, looks, {(module, role): written["stats"] for module, role, written in ledgers}
