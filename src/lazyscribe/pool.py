"""Threads that share work, as long as there are threads to be had."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

NO_THREADS = ("cannot schedule new futures", "can't start new thread", "can't create new thread")
"""What Python says when a pool takes nothing, or when there are no more threads."""


class Pool(ThreadPoolExecutor):
    """A pool of threads; what none of them takes, whoever submits it does at once.

    That is so once the main thread has ended, from when on no pool takes work, and where a machine has no more threads.
    """

    def submit(self, work: Callable[..., Any], /, *arguments: Any) -> Future[Any]:  # type: ignore[override]
        """Have it done once; an interrupt of this thread goes up from here."""
        future: Future[Any] = Future()
        free = threading.Lock()

        def run() -> None:
            if free.acquire(blocking=False):  # it may be in the queue even if `submit` fails
                _do(future, work, *arguments)

        try:
            super().submit(run)
        except RuntimeError as error:
            if not str(error).startswith(NO_THREADS):  # what a signal handler raises
                raise
            run()
        return future


def _do(future: Future[Any], work: Callable[..., Any], *arguments: Any) -> None:
    try:
        future.set_result(work(*arguments))
    except BaseException as error:
        future.set_exception(error)
        del future  # which holds the error, which holds this frame
        if not isinstance(error, Exception):
            raise
