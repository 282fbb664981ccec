"""Many new files on their way at the same time."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from types import TracebackType
from typing import BinaryIO, Self, cast

from lazyscribe.exception import Exists
from lazyscribe.progress import current, wait_telling
from lazyscribe.store.objects.outgoing import Outgoing

WORKERS = 16
"""Files that travel at the same time."""

WAITING = 64 << 20
"""Bytes that may wait to travel; who stages more waits, too."""


class Batch:
    """Creates files in the background; when the block ends well, all of them are there.

    For one thread only.

    Parameters
    ----------
    stage
        Returns where the content of a file waits; refuses keys that cannot be.
    put
        Creates a file of what is staged.
    """

    def __init__(self, stage: Callable[[str], Outgoing], put: Callable[[str, Outgoing], None]) -> None:
        self._stage = stage
        self._put = put
        self._pool: ThreadPoolExecutor | None = None
        self._going: dict[str, tuple[Future[None], Outgoing]] = {}
        self._arrived = threading.Condition()
        self._waiting = 0
        self._taken: dict[str, Outgoing] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        failed: dict[str, BaseException] = {}
        try:
            failed = self.failed()
        finally:
            for staged in self._taken.values():
                staged.dispose()
            if self._pool is not None:
                self._pool.shutdown()
        if failed and error is None:
            raise next(iter(failed.values()))

    @contextmanager
    def create(self, key: str) -> Iterator[BinaryIO]:
        """Yield a local temporary file that is sent off when the block ends well; see `failed`."""
        staged = self._stage(key)
        try:
            yield cast(BinaryIO, staged)
            size = self._wait_for_room(staged)
        except BaseException:
            staged.dispose()
            raise
        self._send(key, staged, size)

    def _wait_for_room(self, staged: Outgoing) -> int:
        """Return the size of what is staged, once so much may wait to travel."""
        size = staged.seek(0, os.SEEK_END)
        with self._arrived:
            self._arrived.wait_for(lambda: self._waiting == 0 or self._waiting + size <= WAITING)
            self._waiting += size
        return size

    def _send(self, key: str, staged: Outgoing, size: int) -> None:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(WORKERS, "lazyscribe-put")
        self._going[key] = self._pool.submit(self._put_one, key, staged, size), staged

    def _put_one(self, key: str, staged: Outgoing, size: int) -> None:
        """Create one file; what was staged is kept if the name is taken, to be tried under another."""
        kept = False
        try:
            self._put(key, staged)
        except Exists:
            kept = True
            raise
        finally:
            if not kept:
                staged.dispose()
            with self._arrived:
                self._waiting -= size
                self._arrived.notify()

    def failed(self) -> dict[str, BaseException]:
        """Wait for all files, and return why those that are not there since the last call are not."""
        waiting = [future for future, _ in self._going.values()]
        wait_telling(current(), lambda seconds: not wait(waiting, seconds).not_done)
        # an interrupt until here leaves what is known as it was
        going, self._going = self._going, {}
        found: dict[str, BaseException] = {}
        for key, (future, staged) in going.items():
            if (error := future.exception()) is not None:
                found[key] = error
                if isinstance(error, Exists):
                    self._taken[key] = staged
        return found

    def again(self, taken: str, key: str) -> None:
        """Send off as `key` what was to be `taken`, a name that others had."""
        staged = self._taken[taken]
        size = self._wait_for_room(staged)
        del self._taken[taken]
        self._send(key, staged, size)
