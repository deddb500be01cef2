"""Events: to callbacks, Chrome traces and the log that the environment asks for."""

import json
import os
import re
import subprocess
import sys

import pytest


def run(script, **environment):
    """Runs a script in a process of its own: what listens to events listens until the process ends."""
    keep = {name: os.environ[name] for name in ("PYTHONPATH", "PATH") if name in os.environ}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env={**keep, **environment})
    assert done.returncode == 0, done.stderr
    return done


WRITE = "import lance_cpp, pyarrow as pa; lance_cpp.write_dataset(pa.table({'x': range(100)}), 'memory://t')"

CAPTURE = """
import json, sys
import lance_cpp, pyarrow as pa
from lance_cpp.tracing import capture_trace_events, shutdown_tracing
events = []
capture_trace_events(events.append)
"""


def test_a_write_tells_what_it_does(tmp_path):
    script = CAPTURE + f"""
uri = {str(tmp_path / "t.lance")!r}
lance_cpp.write_dataset(pa.table({{'x': range(100)}}), uri)
dataset = lance_cpp.write_dataset(pa.table({{'x': range(100)}}), uri, mode='append')
dataset.delete('x = 3')
shutdown_tracing()
print(json.dumps([[event.target, event.args] for event in events]))
"""
    events = json.loads(run(script).stdout)
    kinds = [args.get("event") or f"{args['mode']} {args['type']}" for _, args in events]
    assert kinds == [
        "loading", "writing", "create data", "loading", "create manifest", "committed",
        "loading", "writing", "create data", "create manifest", "committed",
        "create deletion", "create deletion", "create manifest", "committed",
    ]  # fmt: skip
    assert {target for target, _ in events} == {"lance::dataset_events", "lance::file_audit"}
    import lance_cpp

    for _, args in events:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", args["timestamp"])
        assert args["client_version"] == lance_cpp.__version__
    committed = [args for _, args in events if args.get("event") == "committed"]
    assert [(c["operation"], c["read_version"], c["committed_version"]) for c in committed] == [
        ("Overwrite", "0", "1"), ("Append", "1", "2"), ("Delete", "2", "3")]  # fmt: skip
    assert [args["mode"] for _, args in events if args.get("event") == "writing"] == ["Create", "Append"]


def test_the_events_of_a_write_are_those_of_the_reference(reference):
    ours = CAPTURE + WRITE + "\nshutdown_tracing()"
    theirs = (CAPTURE + WRITE + "\nimport time; time.sleep(0.5)").replace("lance_cpp", "lance").replace(", shutdown_tracing", "")
    found = []
    for script in (ours, theirs):
        script += "\nprint(json.dumps([[event.target, sorted(event.args)] for event in events]))"
        found.append(json.loads(run(script).stdout))
    assert [target for target, _ in found[0]] == [target for target, _ in found[1]]
    for (_, mine), (_, other) in zip(*found):
        assert set(mine) >= set(other) - {"target_ref"}


def test_a_trace_is_json(tmp_path):
    path = tmp_path / "trace.json"
    run(f"from lance_cpp.tracing import trace_to_chrome; trace_to_chrome(file={str(path)!r})\n" + WRITE)
    events = json.loads(path.read_text())
    assert [event["name"] for event in events][:2] == ["loading", "writing"]
    assert all(event["ph"] == "i" and event["ts"] > 0 for event in events)


@pytest.mark.parametrize("precision, digits", [("s", ""), ("ms", r"\.\d{3}"), ("us", r"\.\d{6}"), ("ns", r"\.\d{9}")])
def test_the_log_has_times_as_exact_as_asked_for(precision, digits):
    lines = run(WRITE, LANCE_LOG="debug", LANCE_LOG_TS_PRECISION=precision).stderr.splitlines()
    assert re.match(rf"^\[\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d{digits}Z INFO  lance::dataset_events\] event=loading", lines[0])


def test_the_log_goes_to_a_file(tmp_path):
    path = tmp_path / "logs" / "nested" / "lance.log"
    done = run(WRITE, LANCE_LOG="info", LANCE_LOG_FILE=str(path))
    assert done.stderr == ""
    assert "event=committed" in path.read_text()


@pytest.mark.parametrize("level, shown", [("", []), ("warn", []), ("off", []), ("lance::file_audit=info", ["create"] * 2)])
def test_the_log_is_as_loud_as_asked_for(level, shown):
    lines = run(WRITE, LANCE_LOG=level).stderr.splitlines()
    assert [re.search(r"mode=(\w+)", line)[1] for line in lines] == shown


def test_nothing_is_logged_unless_asked_for():
    assert run(WRITE).stderr == ""
