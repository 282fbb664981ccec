"""What creates many files of a local store, or files that others must not wait for."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, BinaryIO

from lazyscribe.store import keys

if TYPE_CHECKING:
    from lazyscribe.store.base import Token
    from lazyscribe.store.local import LocalStore


class Batch:
    """Creates files in a local store and takes down in which folders."""

    def __init__(self, store: LocalStore) -> None:
        self._store = store
        self.folders: dict[str, None] = {}
        self.send_off, self.failed, self.again = store.send_off, store.failed, store.again

    def create(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Create a file; that its name is durable is for later."""
        return self._store._create(key, self.folders.setdefault)


class AtHand:
    """Temporary files that are open and empty, by their folders, for one thread that holds the guard."""

    def __init__(self, store: LocalStore) -> None:
        self._store = store
        self._files: dict[str, tuple[int | None, str, BinaryIO]] = {}
        self._named: dict[str, None] = {}
        self.send_off, self.failed, self.again = store.send_off, store.failed, store.again

    def make(self, folder: str, mode: int | None) -> None:
        """Make one for a file of these permission bits; if there is no such folder, whoever needs one makes both."""
        temporary = os.path.join(folder, keys.temporary())
        try:
            file = self._store._calls.open_new(temporary, 0o666 if mode is None else mode & 0o666)
        except FileNotFoundError:
            return
        except BaseException:  # perhaps it is there
            self._remove(temporary)
            raise
        self._files[folder] = mode, temporary, file
        self._store._make_folder(folder)  # durable, before others wait

    def take(self, folder: str, mode: int | None) -> tuple[str, BinaryIO] | None:
        """Return the one in `folder`, once, if it was made for a file of these permission bits."""
        if folder not in self._files or self._files[folder][0] != mode:
            return None
        _, temporary, file = self._files.pop(folder)
        return temporary, file

    def clear(self) -> None:
        """Remove what was not taken."""
        for _, temporary, file in self._files.values():
            with suppress(OSError):
                file.close()
            self._remove(temporary)
        self._files.clear()

    def _remove(self, temporary: str) -> None:
        with suppress(OSError):
            self._store._calls.unlink(temporary)

    def create(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Create a file; its name is durable before the next swap replaces anything."""
        return self._store._create(key, self._named.setdefault, self)

    def settle(self) -> None:
        """Make names durable; after the new content of what is swapped, whose sync has brought most of that along."""
        for folder in self._named:
            self._store._fsync_dir(folder)
        self._named.clear()

    def swap(self, key: str, data: bytes, expected: Token | None) -> Token:
        """Swap under the guard that the caller holds."""
        return self._store._swap(key, data, expected, self)
