"""Commit locks and conflicts."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Callable

CommitLock = Callable[[int], AbstractContextManager]


class CommitConflictError(OSError):
    """Another writer committed first. ``retryable`` tells whether the operation may be tried again as it is."""

    def __init__(self, message="", retryable=True):
        super().__init__(message)
        self.retryable = retryable
