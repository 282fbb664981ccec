"""Hard locks between processes: ``flock`` on an open file, which the system lets go when its holder ends.

Who waits looks every millisecond, which costs a system call, not a file opened anew: so the lock is taken up soon
after it is free, and everyone who waits has the same chance each time. Where the system has no ``flock`` (Windows),
filelock knows how.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from typing import Any

if sys.platform != "win32":
    import fcntl

LOOK = 0.001
"""Seconds between two looks."""

_ours: set[int] = set()
"""The descriptors of locks that this process holds or waits for."""


class Held:
    """A held lock."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go. In a child that was forked meanwhile it does nothing: the lock is its parent's."""
        if sys.platform != "win32" and self._descriptor in _ours:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)  # for whoever inherited it without knowing
        _close(self._descriptor)


def acquire(path: str, seconds: float) -> Any:
    """Return a held lock on the file `path`, which is created when missing and never removed; it has a ``release``.

    Raises
    ------
    TimeoutError
        Another process held it for longer than `seconds`.
    OSError
        Locks do not work there, or the file cannot be opened.
    """
    if sys.platform == "win32":
        return _by_filelock(path, seconds)
    end = time.monotonic() + seconds
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        _ours.add(descriptor)
        try:
            _wait(descriptor, end)
            if _is_at(path, descriptor):
                return Held(descriptor)
        except BaseException:
            _close(descriptor)
            raise
        _close(descriptor)  # somebody removed the file while we waited for it; others may lock the new one


def _wait(descriptor: int, end: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError from None
            time.sleep(min(LOOK, left))
        else:
            return


def _is_at(path: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _close(descriptor: int) -> None:
    if descriptor in _ours:
        _ours.discard(descriptor)
        os.close(descriptor)


def _forget() -> None:
    """Close what was inherited; that does not unlock it for the parent."""
    for descriptor in list(_ours):
        with suppress(OSError):
            _close(descriptor)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _by_filelock(path: str, seconds: float) -> Any:  # pragma: no cover - Windows
    """Return what `acquire` does, on any system."""
    import filelock

    # Older versions of filelock have no such option: some of them fall back, which shows in the type.
    options: Any = {"fallback_to_soft": False} if hasattr(filelock.FileLock, "fallback_to_soft") else {}
    lock: Any = filelock.FileLock(path, **options)
    lock.acquire(timeout=seconds, poll_interval=0.005)
    if isinstance(lock, filelock.SoftFileLock):
        lock.release()
        raise NotImplementedError("only soft locks work here")
    return lock
