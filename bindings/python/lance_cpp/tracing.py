"""What the native code does, as events: to a callback, or into a Chrome trace file."""

from __future__ import annotations

import atexit
import datetime
import json
import os
import threading
import time
from typing import NamedTuple

from lance_cpp import _native


class TraceEvent(NamedTuple):
    """An event with its target and arguments."""

    target: str
    args: dict


class _Reader:
    """A thread that hands on what a queue of the native layer gets."""

    def __init__(self, handle):
        self._queue = _native.capture_events()
        self._thread = threading.Thread(target=self._run, args=(handle,), name="lance-events", daemon=True)
        self._thread.start()

    def _run(self, handle):
        while events := self._queue.next():
            for target, values, nanoseconds in events:
                handle(target, values, nanoseconds)

    def close(self):
        self._queue.close()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=5)


_readers: list[_Reader] = []


def _start(handle):
    if not _readers:
        atexit.register(shutdown_tracing)
    _readers.append(_Reader(handle))


def trace_to_chrome(*, file=None):
    """Records events into a Chrome trace file until the process ends: for chrome://tracing or Perfetto.

    :param file: its path; by default ``./trace-<microseconds since 1970>.json``
    """
    path = file or f"./trace-{time.time_ns() // 1000}.json"
    out = open(path, "w")  # open until the process ends
    out.write("[")
    state = {"first": True}

    def record(target, values, nanoseconds):
        event = {"name": values.get("event", values.get("type", target)), "cat": target, "ph": "i", "s": "p"}
        event.update(ts=nanoseconds / 1000, pid=os.getpid(), tid=0, args=values)
        out.write(("" if state["first"] else ",") + "\n" + json.dumps(event))
        state["first"] = False

    def finish():
        shutdown_tracing()
        out.write("\n]\n")
        out.close()

    _start(record)
    atexit.register(finish)


def capture_trace_events(callback):
    """Calls back with every event, on a thread of its own: soon after it happened, not at once."""
    from lance_cpp import __version__

    def tell(target, values, nanoseconds):
        at = datetime.datetime.fromtimestamp(nanoseconds // 10**9, datetime.timezone.utc)
        args = {**values, "timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "client_version": __version__}
        callback(TraceEvent(target, args))

    _start(tell)


def shutdown_tracing():
    """Ends the recording, after what happened so far was handed on."""
    while _readers:
        _readers.pop().close()
