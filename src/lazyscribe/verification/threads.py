"""The same work on many files, in several threads, with what is done told to one callback.

The threads see the meter of whoever asked for the work.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import copy_context
from typing import TypeVar

from lazyscribe.progress import INTERVAL, Meter

T = TypeVar("T")
R = TypeVar("R")


def default_workers() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


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
            try:
                results.append(work(item))
            except BaseException:
                waiting.clear()
                raise

    from concurrent.futures import wait

    from lazyscribe.pool import Pool

    with Pool(workers, "lazyscribe") as pool:
        try:
            running = {pool.submit(copy_context().run, run) for _ in range(min(workers, len(waiting)))}
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
