"""Which names are given away, so that of those who stage into one folder at once no two take one file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from lazyscribe.store.keys import fold


class Claims:
    """Keys that have been given to files; any number of threads may ask. Spellings that differ in case are one."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._tried: dict[str, threading.Lock] = {}
        self._given: set[str] = set()

    @contextmanager
    def trying(self, key: str) -> Iterator[bool]:
        """Yield whether a key is still free; others who want it wait for the end of the block."""
        key = fold(key)
        with self._mutex:
            lock = self._tried.setdefault(key, threading.Lock())
        with lock:
            yield key not in self._given

    def give(self, key: str) -> None:
        """Give a key away for good; called while it is tried."""
        self._given.add(fold(key))
