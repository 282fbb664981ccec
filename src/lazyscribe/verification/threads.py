"""The same work on many files, in several threads, with what is done told to one callback."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import TypeAlias, TypeVar

T = TypeVar("T")
R = TypeVar("R")

Progress: TypeAlias = Callable[[int, int], object]
"""Called as ``progress(done_bytes, total_bytes)``."""

INTERVAL = 0.1
"""Seconds between two calls of a progress callback."""


class Cancelled(Exception):  # noqa: N818 - it is no error: the caller's own goes up
    """The caller's thread was interrupted; nobody waits for the result."""


def default_workers() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


class Meter:
    """How many bytes are done and how many there will be; any thread may add.

    The callback is called by `tell` alone, so in the thread of whoever asked for the check.
    """

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._lock = threading.Lock()
        self._stopped = False
        self._told = (-1, -1)
        self.done = 0
        self.total = 0

    def expect(self, number: int) -> None:
        """Raise the total."""
        self.total += number

    def add(self, number: int) -> None:
        """Note bytes that are done.

        Raises
        ------
        Cancelled
            `stop` was called.
        """
        with self._lock:
            self.done += number
        if self._stopped:
            raise Cancelled

    def stop(self) -> None:
        """Let the threads that add end soon."""
        self._stopped = True

    def tell(self) -> None:
        """Call the callback if there is anything new."""
        state = (self.done, self.total)
        if self._progress is not None and state != self._told:
            self._told = state
            self._progress(*state)


def in_threads(work: Callable[[T], R], items: Iterable[T], workers: int, meter: Meter) -> list[R]:
    """Return the results of `work` for all `items`, in no order. The first error of `work` ends it.

    Items are begun in their order, so long ones go first.
    """
    waiting, results = deque(items), deque[R]()

    def run() -> None:
        while True:
            try:
                item = waiting.popleft()
            except IndexError:
                return
            results.append(work(item))

    from concurrent.futures import ThreadPoolExecutor, wait

    with ThreadPoolExecutor(workers, "lazyscribe-verify") as pool:
        running = {pool.submit(run) for _ in range(min(workers, len(waiting)))}
        try:
            while running:
                done, running = wait(running, timeout=INTERVAL)
                for each in done:
                    each.result()
                meter.tell()
        except BaseException:
            waiting.clear()
            meter.stop()
            raise
    return list(results)
