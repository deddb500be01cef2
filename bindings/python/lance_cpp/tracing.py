"""Traces of the native code: not recorded yet."""

from __future__ import annotations

from typing import NamedTuple

from lance_cpp._unsupported import not_yet

_WHY = "the native code records no spans"


class TraceEvent(NamedTuple):
    """An event with its target and arguments."""

    target: str
    args: dict


@not_yet(_WHY)
def trace_to_chrome(*, file=None):
    """Records spans into a Chrome trace file until the process ends."""


@not_yet(_WHY)
def capture_trace_events(callback):
    """Calls back with every event."""


@not_yet(_WHY)
def shutdown_tracing():
    """Ends the recording."""
