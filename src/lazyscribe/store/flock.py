"""Locks of files by ``flock``, waited for in the kernel, which hands them on about in turn; nobody polls.

``flock`` knows no time limit and cannot be interrupted, so a thread waits there. If the limit comes first, that thread
is left behind, and the next one of this process who asks for the same file takes its place in the queue over. What it
gets when nobody took it over it gives back at once. Other programs that lock the file with ``flock``, such as
:mod:`filelock`, are excluded as well.

A forked child holds nothing of this: its copies of the open files are closed, which unlocks nothing.
"""

import os
import threading
import time
from contextlib import suppress
from errno import EACCES, EAGAIN, EWOULDBLOCK

with suppress(ImportError):  # Windows has none
    import fcntl

AVAILABLE = "fcntl" in globals()
"""Whether this system has such locks."""

POLL = 0.005
"""Seconds between two looks where no thread can be started."""

_BUSY = frozenset({EACCES, EAGAIN, EWOULDBLOCK})
_FLAGS = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0)


class _Open:
    """The descriptors in use, so that a forked child can close its copies, and the waiters that were left behind."""

    def __init__(self) -> None:
        self.lock = threading.RLock()  # a signal's handler may save, too
        self.descriptors: set[int] = set()
        self.left: dict[str, _Waiter] = {}

    def open(self, path: str) -> int:
        with self.lock:  # no fork comes between opening and the note of it
            try:
                descriptor = os.open(path, _FLAGS)
            except FileNotFoundError:
                descriptor = os.open(path, _FLAGS | os.O_CREAT, 0o666)
            self.descriptors.add(descriptor)
        return descriptor

    def close(self, descriptor: int) -> None:
        with self.lock:
            self.descriptors.discard(descriptor)
            os.close(descriptor)

    # Around a fork: nobody opens or closes meanwhile, and the child closes its copies.

    def forking(self) -> None:
        self.lock.acquire()

    def forked(self) -> None:
        self.lock.release()

    def born(self) -> None:
        for descriptor in self.descriptors:
            with suppress(OSError):
                os.close(descriptor)
        self.__init__()  # type: ignore[misc]


_OPEN = _Open()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_OPEN.forking, after_in_parent=_OPEN.forked, after_in_child=_OPEN.born)


class Flock:
    """A lock that is held."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Unlock; a second time does nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            _give_back(descriptor)


class _Waiter(threading.Thread):
    """Waits for a lock in the kernel."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(name="lazyscribe-lock", daemon=True)
        self._descriptor = descriptor
        self._mutex = threading.Lock()
        self._left = False
        self._error: OSError | None = None
        self._done = threading.Event()

    def run(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        except OSError as error:
            self._error = error
        with self._mutex:
            self._done.set()
            if self._left:
                _give_back(self._descriptor)

    def take_over(self) -> bool:
        """Become the one for whom it waits; false if it has given back what it got."""
        with self._mutex:
            self._left = self._done.is_set()
        return not self._left

    def wait(self, path: str, seconds: float) -> int:
        """Return the descriptor, locked; on any error it is left behind."""
        try:
            if not self._done.wait(seconds):
                raise TimeoutError
            if self._error is not None:
                raise self._error
        except BaseException:
            with self._mutex:
                self._left = True
                if self._done.is_set():
                    _give_back(self._descriptor)
                else:
                    _OPEN.left[path] = self
            raise
        return self._descriptor


def acquire(path: str, seconds: float) -> Flock:
    """Return a held lock on the file `path`, which is created when missing and never removed.

    Threads of one process must not ask for the same `path` at once.

    Raises
    ------
    TimeoutError
        Somebody else held it longer than `seconds`.
    OSError
        The file cannot be opened, or locks do not work there.
    """
    limit = time.monotonic() + seconds
    while True:
        descriptor = _locked(path, limit)
        if os.fstat(descriptor).st_nlink:
            return Flock(descriptor)
        _give_back(descriptor)  # somebody removed the file meanwhile: that lock excludes nobody


def _locked(path: str, limit: float) -> int:
    waiter = _OPEN.left.pop(path, None)
    if waiter is None or not waiter.take_over():
        descriptor = _OPEN.open(path)
        try:
            if _try(descriptor):
                return descriptor
            if limit <= time.monotonic():
                raise TimeoutError
            waiter = _started(descriptor)
            if waiter is None:
                _poll(descriptor, limit)
                return descriptor
        except BaseException:
            _OPEN.close(descriptor)
            raise
    return waiter.wait(path, max(0.0, limit - time.monotonic()))


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _BUSY:
            return False
        raise
    return True


def _started(descriptor: int) -> _Waiter | None:
    waiter = _Waiter(descriptor)
    try:
        waiter.start()
    except RuntimeError:  # too many threads, or the interpreter is ending
        return None
    return waiter


def _poll(descriptor: int, limit: float) -> None:
    while not _try(descriptor):
        if limit <= time.monotonic():
            raise TimeoutError
        time.sleep(POLL)


def _give_back(descriptor: int) -> None:
    """Unlock, which also frees it where a program that is just being started has a copy, and close."""
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    _OPEN.close(descriptor)
