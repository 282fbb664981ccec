"""Where a manifest lies: a file system, a folder, and the store that serves it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from lazyscribe.store import open_store, store_of
from lazyscribe.store.base import Store

if TYPE_CHECKING:
    from pathlib import Path

    from fsspec import AbstractFileSystem

LOCAL = ("file", "local")


def split_url(fpath: str | os.PathLike[str]) -> tuple[str, Path]:
    """Return protocol and path of a path or URL; a plain path has the protocol ``"file"``."""
    from pathlib import Path

    text = os.fspath(fpath)
    protocol, separator, path = text.partition("://")
    return (protocol, Path(path)) if separator else ("file", Path(text))


class Place:
    """A folder on a file system. The fsspec file system and the store are made when they are first needed.

    Parameters
    ----------
    folder
        On local disks a relative folder means the one it was at that time, later changes of the working directory
        notwithstanding.
    fs
        An fsspec file system to use; default: made of `protocol` and `options`.
    """

    def __init__(
        self, protocol: str, folder: Path, options: dict[str, Any] | None = None, fs: AbstractFileSystem | None = None
    ) -> None:
        self.protocol = protocol
        self.options = options or {}
        self._fs = fs
        self._store: Store | None = None
        self._root = (
            os.path.abspath(os.path.expanduser(folder))  # noqa: PTH100, PTH111 - symbolic links stay as they are
            if protocol in LOCAL
            else folder.as_posix()
        )

    def absolute(self, path: Path | str) -> str:
        """Return what tells two files on this kind of file system apart."""
        return os.path.abspath(os.path.expanduser(path)) if self.protocol in LOCAL else str(path)  # noqa: PTH100, PTH111

    def same_as(self, other: Place) -> bool:
        """Whether both are one folder of one file system, as far as their paths tell."""
        return (self.protocol in LOCAL, self._root) == (other.protocol in LOCAL, other._root) and (
            self.protocol in LOCAL or self.protocol == other.protocol
        )

    @classmethod
    def of(cls, fs: AbstractFileSystem, folder: Path) -> Place:
        """Return the place of `folder` on `fs`."""
        protocol = fs.protocol if isinstance(fs.protocol, str) else fs.protocol[0]
        return cls(protocol, folder, fs=fs)

    @property
    def fs(self) -> AbstractFileSystem:
        """The fsspec file system."""
        if self._fs is None:
            import fsspec

            self._fs = fsspec.filesystem(self.protocol, **self.options)
        return self._fs

    @property
    def store(self) -> Store:
        """The store rooted at the folder."""
        if self._store is None:
            if self._fs is not None:
                self._store = store_of(self._fs, self._root)
            else:
                self._store = open_store(self.protocol, self._root, self.options)
        return self._store

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_store": None}
