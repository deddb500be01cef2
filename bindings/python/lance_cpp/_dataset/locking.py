"""Commit locks of the caller, as the native layer holds them."""

from __future__ import annotations

from contextlib import contextmanager


class CommitLockGuard:
    """A commit lock whose ``__exit__`` may fail: what it raises is raised again after the native call.

    Used as ``with locking(lock) as guard: native(..., {"commit_lock": guard})``; None stays None.
    """

    def __init__(self, lock):
        self._lock = lock
        self._failure = None

    def __call__(self, version):
        return self._held(version)

    @contextmanager
    def _held(self, version):
        context = self._lock(version)
        context.__enter__()
        yield
        try:
            context.__exit__(None, None, None)
        except BaseException as error:
            self._failure = error

    def check(self):
        if self._failure is not None:
            name = type(self._failure).__name__
            raise OSError(f"Error from commit handler: {name}: {self._failure}") from self._failure


@contextmanager
def locking(lock):
    """See :class:`CommitLockGuard`."""
    guard = None if lock is None else CommitLockGuard(lock)
    yield guard
    if guard is not None:
        guard.check()
