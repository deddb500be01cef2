"""A table much larger than the memory that may be used is compacted, merged into, updated and written anew."""

import json
import subprocess

import ledger

import lance_cpp

ROW_BYTES = 768 * 4 + 20


def operations(rows):
    """Each with its arguments and the rows that the table has after it."""
    some, many = rows // 100, rows // 8
    yield "compact", {}, rows
    yield "merge", {"first": rows - some, "rows": 2 * some}, rows + some
    yield "merge_some_columns", {"first": 1000, "rows": many}, rows + some
    yield "update", {}, rows + some
    yield "add_column", {}, rows + some
    yield "overwrite", {}, rows + some


def work(uri, operation, arguments, limit_bytes):
    # As in a container of that size; what the process takes is measured all the same.
    process = ledger.start("memory_worker.py", uri, operation, json.dumps(arguments), stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, environment={"LANCE_MEMORY_LIMIT": str(limit_bytes)})
    out, errors = process.communicate()
    assert process.returncode == 0, f"{operation} failed: {errors.decode()[-2000:]}"
    return json.loads(out)


def run(folder, table_bytes, limit_bytes, say=lambda text: None):
    """Raises for operations that take more than the limit above what the idle process has; all figures."""
    uri, rows = f"{folder}/large", table_bytes // ROW_BYTES
    figures, over = {}, []
    for operation, arguments, left in [("make", {"rows": rows, "rows_per_file": max(rows // 40, 1)}, rows), *operations(rows)]:
        found = work(uri, operation, arguments, limit_bytes)
        figures[operation] = found
        say(f"  {operation:20} {found['seconds']:7.1f} s  {found['anonymous'] >> 20:5} MiB  {found['all'] >> 20:5} MiB with mapped files")
        if found["anonymous"] > limit_bytes:
            over.append(f"{operation} took {found['anonymous'] >> 20} MiB")
        assert lance_cpp.dataset(uri).count_rows() == left, operation
    ledger.fsck(uri)
    assert not over, f"of a table of {table_bytes >> 20} MiB under a limit of {limit_bytes >> 20} MiB: {over}"
    return figures
