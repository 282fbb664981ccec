"""Where a manifest lies: a file system, a folder, and the store that serves it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from lazyscribe.store import absolute, file_system, open_store, protocol_of, store_of
from lazyscribe.store.base import Store
from lazyscribe.store.protocols import refuse_secrets

if TYPE_CHECKING:
    from pathlib import Path

    from fsspec import AbstractFileSystem

    from lazyscribe.artifacts.trust import Trust


def split_url(fpath: str | os.PathLike[str]) -> tuple[str, Path]:
    """Return protocol and path of a path or URL; a plain path has the protocol ``"file"``.

    Raises
    ------
    InvalidArgumentError
        The URL holds a secret.
    """
    from pathlib import Path

    text = os.fspath(fpath)
    protocol, separator, path = text.partition("://")
    if separator:
        refuse_secrets(protocol, path)
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

    Attributes
    ----------
    trust
        Which of the files here may be loaded that can run code; ``None``: as the environment says.
    """

    trust: Trust | None = None

    def __init__(
        self, protocol: str, folder: Path, options: dict[str, Any] | None = None, fs: AbstractFileSystem | None = None
    ) -> None:
        self.protocol = protocol
        self.options = options or {}
        self._fs = fs
        self._store: Store | None = None
        self._root = self.absolute(folder)

    def absolute(self, path: Path | str) -> tuple[str, str]:
        """Return what tells two files apart: on this kind of file system their paths, on others the kind as well."""
        return absolute(self.protocol, path)

    def same_as(self, other: Place) -> bool:
        """Whether both are one folder of one file system, as far as their paths tell."""
        return self._root == other._root

    @classmethod
    def of(cls, fs: AbstractFileSystem, folder: Path) -> Place:
        """Return the place of `folder` on `fs`."""
        return cls(protocol_of(fs), folder, fs=fs)

    @property
    def fs(self) -> AbstractFileSystem:
        """The fsspec file system."""
        if self._fs is None:
            self._fs = file_system(self.protocol, self._root[1], self.options)
        return self._fs

    @property
    def store(self) -> Store:
        """The store rooted at the folder."""
        if self._store is None:
            if self._fs is not None:
                self._store = store_of(self._fs, self._root[1])
            else:
                self._store = open_store(self.protocol, self._root[1], self.options)
        return self._store

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_store": None}
