"""Where a manifest lies: a file system, a folder, and the store that serves it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from lazyscribe.exception import InvalidArgumentError
from lazyscribe.store import absolute, file_system, is_one, open_store, protocol_of, refuse_shortened, store_of
from lazyscribe.store.base import Store
from lazyscribe.store.protocols import BUCKETS, folder_named, is_local, parted, refuse_secrets

if TYPE_CHECKING:
    from pathlib import Path

    from fsspec import AbstractFileSystem

    from lazyscribe.artifacts.trust import Trust
    from lazyscribe.progress import Followed


def split_url(fpath: str | os.PathLike[str]) -> tuple[str, Path]:
    """Return protocol and path of a path or URL; a plain path has the protocol ``"file"``.

    Raises
    ------
    InvalidArgumentError
        The URL holds a secret, or lost a slash on its way through a ``Path``.
    """
    from pathlib import Path

    protocol, path = parted(os.fspath(fpath))
    if not protocol:
        refuse_shortened(path)
        return "file", Path(path)
    refuse_secrets(protocol, path)
    return protocol, Path(path)


def split_file(fpath: str | os.PathLike[str], kind: str) -> tuple[str, Path]:
    """Return protocol and path of the file of a project or a repository, as `kind` says.

    Raises
    ------
    InvalidArgumentError
        That is no file but a folder, or as for `split_url`.
    """
    text = os.fspath(fpath)
    protocol, path = split_url(text)
    if not path.name:
        raise InvalidArgumentError(f"{text!r} names no file; give the path of the {kind}'s file.")
    if what := folder_of(text):
        example = f"{text.rstrip('/')}/{kind}.json"
        raise InvalidArgumentError(f"{text} names {what}; give the path of the file, such as {example}.")
    return protocol, path


def folder_of(path: str) -> str:
    """Return what a path names if that is no file, in words; "" of what may be one, as of all paths on local disks."""
    protocol, rest = parted(path)
    return folder_named(protocol, rest) if protocol else ""


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
    progress
        Who is told how far long work has come; see `lazyscribe.progress`. A callback is left out when this pickles.
    """

    trust: Trust | None = None
    progress: Followed = None

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
        """Whether both are one folder of one file system, as far as their paths and what reaches buckets tell."""
        if self.protocol not in BUCKETS or other.protocol not in BUCKETS:
            return self._root == other._root
        mine, theirs = self._way, other._way
        if mine == theirs:
            return True
        folders = {path.strip("/").partition("/")[2] for _, path, _ in (mine, theirs)}
        return len(folders) == 1 and is_one(mine, theirs)

    @property
    def _way(self) -> tuple[str, str, dict[str, Any]]:
        """What reaches a bucket."""
        return *self._root, self.options or getattr(self._fs, "storage_options", {})

    def reference(self, other: Place, name: str) -> str:
        """Return how the file `name` at another place is called here: relative on local disks, else by a URL."""
        from pathlib import Path

        (kind, root), (mine, start) = other._root, self._root
        if kind == mine and is_local(self.protocol):
            try:
                return Path(os.path.relpath(root, start), name).as_posix()
            except ValueError:  # on another drive
                pass
        path = (Path(root) / name).as_posix()
        return path if is_local(other.protocol) else f"{other.protocol}://{path}"

    def resolve(self, reference: str) -> tuple[Place, str]:
        """Return the place and the name of the file that `reference` means here."""
        from pathlib import Path

        if "://" not in reference and is_local(self.protocol):
            return self.at(Path(os.path.normpath(Path(self._root[1], reference))))
        return self.at(reference)

    def at(self, path: str | Path) -> tuple[Place, str]:
        """Return the place and the name of a file: a URL, or a path on the file system of this place."""
        protocol, found = split_url(path)
        if "://" not in str(path):
            protocol = self.protocol
        return Place(protocol, found.parent, self.options if protocol == self.protocol else {}), found.name

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
        state = {**self.__dict__, "_store": None}
        if callable(self.progress):
            del state["progress"]
        return state


class Placed:
    """What has a file at a place."""

    fpath: Path
    _location: Place

    @property
    def trust(self) -> Trust:
        """Which files may be loaded that can run code: ``"all"``, ``"recorded"`` or ``"none"``."""
        from lazyscribe.artifacts.trust import level_of

        return level_of(self._location.trust)

    @property
    def dir(self) -> Path:
        """The folder of the file."""
        known = self.__dict__.get("_parent")
        if known is None or known[0] is not self.fpath:  # asked for with each experiment that is built
            known = self.__dict__["_parent"] = (self.fpath, self.fpath.parent)
        folder: Path = known[1]
        return folder

    @property
    def fs(self) -> AbstractFileSystem:
        """The fsspec file system; made when it is first asked for."""
        return self._location.fs
