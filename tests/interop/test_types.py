"""Every type x value pattern x null pattern x size x file version, written by the oracle, read by both.

Scan, projections, limits, take, filters and ordering must give the same rows. What the oracle refuses to write or read is
left out and counted, so the count of compared cases is honest.
"""

import collections
import os

import lance
import numpy as np
import pytest
import random_data
from compare import table_difference
from lance.dataset import Session

import lance_cpp

SIZES = (0, 1, 2, 3, 63, 64, 65, 1023, 1024, 1025, 4095, 4096, 4097, 5000, 8193)
VERSIONS = ("legacy", "2.0", "2.1", "2.2")
SEEDS = tuple(range(int(os.environ.get("LANCE_INTEROP_SEEDS", "2"))))
CASES = collections.Counter()
_refused = {}


@pytest.fixture(scope="module", autouse=True)
def report_cases(request):
    yield
    reporter = request.config.pluginmanager.getplugin("terminalreporter")
    if reporter:
        reporter.write_line(f"\ninterop cases compared: {sum(CASES.values())} {dict(CASES)}")


def writable(version, rows, tmp):
    """The kinds that the oracle can write and read back in this version."""
    key = (version, min(rows, 1))
    if key not in _refused:
        refused = set()
        for kind in random_data.KINDS:
            table = random_data.table(min(rows, 10), 1, [kind], nulls="none")
            try:
                lance.write_dataset(table, tmp / f"probe_{version}_{key[1]}_{kind}", data_storage_version=version).to_table()
            except BaseException:  # a panic of the oracle is not an Exception
                refused.add(kind)
        _refused[key] = refused
    return [k for k in random_data.KINDS if k not in _refused[key]]


def oracle_dataset(tmp_path_factory, version, rows, seed):
    tmp = tmp_path_factory.mktemp("types")
    kinds = writable(version, rows, tmp)
    while True:
        table = random_data.table(rows, seed, kinds)
        try:
            uri = str(tmp / "all")
            lance.write_dataset(table, uri, data_storage_version=version, max_rows_per_file=3000, mode="overwrite")
            # Opened anew: what write_dataset returns still has the dictionaries of legacy columns as they were given,
            # while whoever reads them from the manifest gets null for an empty string.
            return uri, lance.dataset(uri), table
        except BaseException:
            # One pattern of one kind: find it by writing the columns one by one.
            kept = []
            for kind in kinds:
                one = [c for c in table.column_names if c.startswith(kind + "__")]
                try:
                    lance.write_dataset(table.select(one), tmp / f"one_{kind}", data_storage_version=version).to_table()
                    kept.append(kind)
                except BaseException:
                    CASES["refused by the oracle"] += 1
            assert kept != kinds, "the oracle refuses the table but none of its columns"
            kinds = kept


def ask_oracle(function):
    try:
        return function()
    except BaseException:
        CASES["oracle fails"] += 1
        return None


def same(what, name, ours, theirs):
    if theirs is None:
        return
    difference = table_difference(ours, theirs)
    assert difference is None, f"{name}, {what}: {difference}"
    CASES[what] += max(1, len(ours.column_names))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("rows", SIZES)
@pytest.mark.parametrize("version", VERSIONS)
def test_reads_like_the_oracle(tmp_path_factory, version, rows, seed):
    uri, theirs, written = oracle_dataset(tmp_path_factory, version, rows, seed)
    ours = lance_cpp.dataset(uri)
    name = f"version {version}, {rows} rows, seed {seed}"
    assert ours.schema.equals(theirs.schema, check_metadata=True), name
    assert ours.count_rows() == rows
    expected = theirs.to_table()
    same("scan", name, ours.to_table(), expected)

    rng = np.random.default_rng([seed, rows])
    columns = [str(c) for c in rng.choice(written.column_names, 5, replace=False)]
    same("projection", name, ours.to_table(columns=columns), theirs.to_table(columns=columns))
    for limit, offset in ((0, 0), (1, 0), (7, max(rows - 3, 0)), (rows + 5, rows // 2), (3, rows + 10)):
        got = ask_oracle(lambda: theirs.to_table(limit=limit, offset=offset))
        if got is not None:
            same("limit", f"{name} limit {limit} offset {offset}", ours.to_table(limit=limit, offset=offset), got)
    if rows:
        picks = rng.integers(0, rows, 25).tolist() + [0, rows - 1, 0]
        same("take", name, ours.take(picks), ask_oracle(lambda: theirs.take(picks)))
        bound = int(rng.integers(0, rows + 1))
        for text in (f"id < {bound}", f"id % 7 = 3 AND id >= {bound}", "id = -1"):
            got = ask_oracle(lambda: theirs.to_table(filter=text))
            if got is not None:
                same("filter", f"{name} {text}", ours.to_table(filter=text), got)
        got = ask_oracle(lambda: theirs.to_table(columns=["id"], order_by=[lance.dataset.ColumnOrdering("id", False)], limit=9))
        if got is not None:
            order = [lance_cpp.dataset.ColumnOrdering("id", False)] if hasattr(lance_cpp.dataset, "ColumnOrdering") else None
            if order:
                same("order", name, ours.to_table(columns=["id"], order_by=order, limit=9), got)
    for batch in ours.to_batches(batch_size=1000, columns=["id"]):
        assert batch.num_rows <= 1000
