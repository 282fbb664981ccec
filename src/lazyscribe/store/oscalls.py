"""The file-system calls of :class:`~lazyscribe.store.local.LocalStore`, all of them, in one place.

A fault harness subclasses :class:`OsCalls` and hands an instance to the store: every call that can fail, block or be
the last one before a crash goes through a method here.
"""

import io
import os
from collections.abc import Iterator
from errno import EACCES, EBADF, EINVAL, ENOTSUP, EOPNOTSUPP
from typing import Any, BinaryIO, cast

_O_BINARY = getattr(os, "O_BINARY", 0)
_O_DIRECTORY = getattr(os, "O_DIRECTORY", 0)


def durable() -> bool:
    """Whether writes are to be fsynced: yes, unless ``LAZYSCRIBE_DURABILITY`` is ``relaxed`` at this moment."""
    return os.environ.get("LAZYSCRIBE_DURABILITY") != "relaxed"


class OsCalls:
    """One method per system call; stateless, picklable, safe from many threads."""

    def open_read(self, path: str) -> BinaryIO:
        """Open for reading, buffered; follows symbolic links."""
        return open(path, "rb")

    def open_new(self, path: str, mode: int = 0o666) -> BinaryIO:
        """Create `path` exclusively, readable and writable; `mode` is narrowed by the umask."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _O_BINARY, mode)
        return cast(BinaryIO, io.BufferedRandom(_Raw(self, descriptor), 1 << 17))

    def open_again(self, path: str) -> BinaryIO:
        """Open an existing file for reading and writing."""
        return open(path, "r+b")

    def write(self, descriptor: int, data: Any) -> int:
        """Write some of `data` (a buffer); returns how many bytes."""
        return os.write(descriptor, data)

    def fsync(self, path: str, descriptor: int) -> None:  # noqa: ARG002
        """Bring the content of an open file to the disk; `path` is for the harness."""
        os.fsync(descriptor)

    def fsync_dir(self, path: str) -> None:
        """Bring the names in a folder to the disk.

        Where the system has no such call for folders (Windows, some network and FUSE file systems) it does nothing:
        PostgreSQL ignores the same errors.
        """
        if os.name == "nt":
            return
        try:
            descriptor = os.open(path, os.O_RDONLY | _O_DIRECTORY)
        except PermissionError as error:
            if error.errno == EACCES:  # a folder one may write but not list
                return
            raise
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (EINVAL, EBADF, ENOTSUP, EOPNOTSUPP):
                raise
        finally:
            os.close(descriptor)

    def link(self, source: str, target: str) -> None:
        """Give the file `source` the further name `target`, which must be free."""
        os.link(source, target)

    def replace(self, source: str, target: str) -> None:
        """Rename `source` to `target`, whatever file is there."""
        os.replace(source, target)

    def unlink(self, path: str) -> None:
        """Remove a file's name."""
        os.unlink(path)

    def mkdir(self, path: str) -> None:
        """Make one folder."""
        os.mkdir(path)

    def chmod(self, path: str, mode: int) -> None:
        """Set the permission bits."""
        os.chmod(path, mode)

    def stat(self, path: str) -> os.stat_result:
        """Return the facts of what `path` leads to."""
        return os.stat(path)

    def lstat(self, path: str) -> os.stat_result:
        """Return the facts of `path` itself, even when it is a symbolic link."""
        return os.lstat(path)

    def writable(self, path: str) -> bool:
        """Whether the permission bits let this process write the file."""
        return os.access(path, os.W_OK)

    def realpath(self, path: str) -> str:
        """Return `path` with all symbolic links followed, also where the last name does not exist."""
        return os.path.realpath(path)

    def scandir(self, path: str) -> Iterator["os.DirEntry[str]"]:
        """Give the entries of a folder, read at once."""
        with os.scandir(path) as entries:
            return iter(list(entries))

    def lock(self, path: str, seconds: float) -> Any:
        """Return a held hard lock on the file `path` (created when missing, never removed), with a ``release``.

        Raises
        ------
        TimeoutError
            Another process held it longer than `seconds`.
        NotImplementedError, OSError
            Locks do not work there.
        """
        from lazyscribe.store import flock

        return flock.acquire(path, seconds)


class _Raw(io.FileIO):
    """A file whose writes go through :class:`OsCalls`."""

    def __init__(self, calls: OsCalls, descriptor: int) -> None:
        super().__init__(descriptor, "r+b")
        self._calls = calls

    def write(self, data: Any, /) -> int:
        return self._calls.write(self.fileno(), data)


OS: OsCalls = OsCalls()
"""The calls of every local store that is made without others."""
