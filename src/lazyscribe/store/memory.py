"""Files in the memory of this process, those that ``fsspec.filesystem("memory")`` shows."""

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from lazyscribe._utils import OpenBytes
from lazyscribe.store import guards, keys
from lazyscribe.store.base import Store, Token


class _Lock:
    """One lock for all the memory there is; a forked child has its own."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.lock = threading.Lock()


_MEMORY = _Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_MEMORY.reset)


class MemoryStore(Store):
    """Files in memory: exclusive among the threads of this process, gone with it. Tokens are the bytes themselves.

    Parameters
    ----------
    root
        A folder of the memory file system, without scheme.
    fs
        The fsspec memory file system; by default the one that all share.
    """

    exclusive = True

    def __init__(self, root: str, fs: Any = None) -> None:
        if fs is None:
            import fsspec

            fs = fsspec.filesystem("memory")
        self._fs = fs
        self._root = keys.join(fs._strip_protocol(root))

    def _path(self, key: str) -> str:
        return "/" + keys.join(self._root, keys.check_key(key))

    def describe(self, key: str) -> str:
        """Return the URL."""
        return "memory://" + "/" + keys.join(self._root, key)

    # Reading

    def read(self, key: str) -> tuple[bytes, Token] | None:
        """Return the bytes twice: they are their own token."""
        path = self._path(key)
        with _MEMORY.lock:
            data = self._content(path)
        return None if data is None else (data, data)

    def _content(self, path: str) -> bytes | None:
        found = self._fs.store.get(path)
        if found is not None:
            return bytes(found.getvalue())
        if self._is_folder(path):
            raise IsADirectoryError(path)
        return None

    def _is_folder(self, path: str) -> bool:
        return path in self._fs.pseudo_dirs or any(name.startswith(path + "/") for name in tuple(self._fs.store))

    def open(self, key: str) -> BinaryIO:
        """Open a copy, so that two readers do not move each other."""
        found = self.read(key)
        if found is None:
            raise FileNotFoundError(f"There is no file {self.describe(key)}.")
        return io.BytesIO(found[0])

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys there were when the iteration began."""
        start = "/" + keys.join(self._root, prefix)
        cut = len(self._root) + 2 if self._root else 1
        for name in tuple(self._fs.store):
            if name.startswith(start.rstrip("/") + "/"):
                yield name[cut:]

    # Writing

    @contextmanager
    def create(self, key: str) -> Iterator[BinaryIO]:
        """Yield a buffer; the block may close it."""
        path = self._path(key)
        if path in self._fs.store:
            raise self._exists(key)
        buffer = OpenBytes()
        yield buffer
        data = buffer.getvalue()
        with _MEMORY.lock:
            if path in self._fs.store or self._is_folder(path):
                raise self._exists(key)
            self._put(path, data)

    def _put(self, path: str, data: bytes) -> None:
        from fsspec.implementations.memory import MemoryFile

        parent = keys.parent(path)
        while len(parent) > 1:
            if parent in self._fs.store:
                raise NotADirectoryError(f"memory://{parent} is a file, not a folder.")
            parent = keys.parent(parent)
        file = MemoryFile(self._fs, path, data)
        self._fs.store[path] = file

    def swap(self, key: str, data: bytes, expected: Token | None) -> Token:
        """Replace the content; other threads see the old or the new one."""
        path = self._path(key)
        with self.guard(key), _MEMORY.lock:
            if self._content(path) != expected:
                raise self._stale(key)
            before = self._fs.store.get(path)
            try:
                self._put(path, data)
            except BaseException as error:
                if self._fs.store.get(path) is not before:
                    raise self._unsure(key) from error
                raise
        return data

    def replace(self, source: str, target: str) -> None:
        """Move the content; `FileNotFoundError` when there is no `source`."""
        old, new = self._path(source), self._path(target)
        with _MEMORY.lock:
            found = self._fs.store.get(old)
            if found is None:
                raise FileNotFoundError(f"There is no file {self.describe(source)}.")
            if self._is_folder(new):
                raise IsADirectoryError(new)
            if old != new:
                self._put(new, found.getvalue())
                del self._fs.store[old]

    def delete(self, key: str) -> None:
        """Forget the content."""
        path = self._path(key)
        with _MEMORY.lock:
            self._fs.store.pop(path, None)

    @contextmanager
    def guard(self, key: str) -> Iterator[None]:
        """Hold a lock of this process."""
        with guards.hold("memory:" + self._path(key), self.describe(key)):
            yield
