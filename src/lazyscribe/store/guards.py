"""Locks that threads of one process share by name, with a time limit and safe across ``fork``."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from weakref import WeakValueDictionary

from lazyscribe.exception import InvalidArgumentError, LockTimeoutError

DEFAULT_TIMEOUT = 60.0
"""Seconds that a writer waits for another; ``LAZYSCRIBE_LOCK_TIMEOUT`` sets another number."""


class _Entry:
    """One name's lock: how deep its thread has entered, and the lock between processes while it has."""

    __slots__ = ("__weakref__", "depth", "hard", "lock")

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.depth = 0
        self.hard: Any = None


class _Table:
    """The entries in use, by name. A forked child starts with none: what its parent holds, it does not."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.lock = threading.Lock()
        self.entries: WeakValueDictionary[str, _Entry] = WeakValueDictionary()

    def entry(self, name: str) -> _Entry:
        with self.lock:
            found = self.entries.get(name)
            if found is None:
                found = self.entries[name] = _Entry()
            return found


_TABLE = _Table()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_TABLE.reset)


def timeout() -> float:
    """Return how many seconds a writer waits for another, as the environment says now.

    Raises
    ------
    InvalidArgumentError
        ``LAZYSCRIBE_LOCK_TIMEOUT`` is not a number of seconds from 0 on.
    """
    text = os.environ.get("LAZYSCRIBE_LOCK_TIMEOUT")
    if not text:
        return DEFAULT_TIMEOUT
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        raise InvalidArgumentError(f"LAZYSCRIBE_LOCK_TIMEOUT is {text!r}; set it to a number of seconds, 0 or more.")
    return min(seconds, threading.TIMEOUT_MAX)


@contextmanager
def hold(name: str, shown: str, hard: Callable[[float], Any] | None = None) -> Iterator[None]:
    """Exclude other threads that hold `name`, and, by what `hard` returns, other processes; reentrant per thread.

    Parameters
    ----------
    shown
        What is being written, for the message.
    hard
        Called on first entry with the seconds left. Returns something with a ``release``, or ``None``; a
        `TimeoutError` from it becomes `LockTimeoutError`.
    """
    entry, process, limit = _TABLE.entry(name), os.getpid(), timeout()
    start = time.monotonic()
    if not entry.lock.acquire(timeout=limit):
        raise _late(shown, limit)
    try:
        if entry.depth == 0 and hard is not None:
            try:
                entry.hard = hard(max(0.0, limit - (time.monotonic() - start)))
            except TimeoutError as error:
                raise _late(shown, limit) from error
        entry.depth += 1
        try:
            yield
        finally:
            if os.getpid() == process:
                _leave(entry)
    finally:
        if os.getpid() == process:
            entry.lock.release()


def _leave(entry: _Entry) -> None:
    entry.depth -= 1
    if entry.depth == 0 and entry.hard is not None:
        lock, entry.hard = entry.hard, None
        with suppress(OSError):  # what the block did is done; the system unlocks when the file is closed
            lock.release()


def _late(shown: str, limit: float) -> LockTimeoutError:
    return LockTimeoutError(
        f"Another writer has held the lock of {shown} for more than {limit:g} seconds; "
        "save again when it is done, or set LAZYSCRIBE_LOCK_TIMEOUT to wait longer.",
        path=shown,
    )
