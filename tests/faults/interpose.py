"""Counts the calls that change files, below any Python program, and lets one of them fail or be the last.

It imports the standard library alone and knows nothing of lazyscribe, so any release can run above it. Calls that
compiled code makes by itself are not seen; neither is `mmap`. Syncing is counted and not passed on: nobody pulls the
plug here, and what a power cut would leave is told by the events.
"""

import builtins
import errno
import functools
import io
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

KILLED = 77
"""The exit code of a process that ended at a call."""

NEEDS_SPACE = frozenset({"create", "write", "sync", "sync folder", "mkdir", "link", "symlink", "rename", "replace"})
"""Calls that a full disk refuses."""

_REAL = {name: getattr(os, name) for name in dir(os) if not name.startswith("__")}
_OPEN = io.open


class Interposer:
    """What the wrapped calls tell.

    Attributes
    ----------
    roots
        Only calls below these folders, or of them, are seen; none are while it is empty.
    at, then
        The number of the call, from 0 on, that is struck, and how: ``"kill"``, or the name of an error such as
        ``"EIO"``.
    stays
        Whether, from that call on, all fail that need space.
    made
        Name and path of each call that was about to be made.
    events
        What happened, as `lazyscribe.testing.disk` takes it.
    """

    def __init__(self) -> None:
        self.roots: tuple[str, ...] = ()
        self.at, self.then, self.stays = -1, "kill", False
        self.made: list[tuple[str, str]] = []
        self.events: list[list[Any]] = []
        self._open: dict[int, tuple[str, tuple[int, int]]] = {}

    def sees(self, path: str) -> bool:
        """Whether a call of this path is seen."""
        return any(path == root or path.startswith(root + os.sep) for root in self.roots)

    def opened(self, descriptor: int, path: str) -> None:
        """Remember where an open file lies."""
        facts = os.fstat(descriptor)
        self._open[descriptor] = path, (facts.st_dev, facts.st_ino)

    def path(self, descriptor: int) -> str | None:
        """Return where an open file that is seen lies. Closing is not seen; a number may be another file's by now."""
        path, identity = self._open.get(descriptor, ("", None))
        if not self.sees(path):
            return None
        facts = os.fstat(descriptor)
        return path if (facts.st_dev, facts.st_ino) == identity else None

    def told(self, name: str, path: str) -> None:
        """Take note of a call before it is made, and strike."""
        self.made.append((name, path))
        number = len(self.made) - 1
        if (number >= self.at >= 0 and name in NEEDS_SPACE) if self.stays else number == self.at:
            if self.then == "kill":
                os._exit(KILLED)
            code = getattr(errno, self.then)
            raise OSError(code, os.strerror(code), path)

    def content(self, path: str, descriptor: int) -> None:
        """Note what an open file holds now."""
        inode = os.fstat(descriptor).st_ino
        with _OPEN(path, "rb") as file:
            assert os.fstat(file.fileno()).st_ino == inode, f"{path} was renamed while it was written"
            self.events.append(["content", inode, file.read().decode("latin-1")])


IT = Interposer()


def _path(path: Any, dir_fd: int | None = None) -> str:
    folder = Path.cwd() if dir_fd is None else IT.path(dir_fd) or ""
    whole = Path(folder, os.fsdecode(path))
    return str(whole.parent.resolve() / whole.name)  # not the last name: a link is itself renamed and removed


def _open(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
    """Open; making a file and emptying one are calls that change something."""
    full = _path(path, dir_fd)
    if not IT.sees(full):
        return _REAL["open"](path, flags, mode, dir_fd=dir_fd)
    there = os.path.lexists(full)
    name = ""
    if flags & os.O_CREAT and not there:
        name = "create"
    elif flags & os.O_TRUNC and there and not flags & os.O_EXCL:
        name = "empty"
    if name:
        IT.told(name, full)
    descriptor: int = _REAL["open"](path, flags, mode, dir_fd=dir_fd)
    IT.opened(descriptor, full)
    if name == "create":
        IT.events.append(["create", full, os.fstat(descriptor).st_ino])
    elif name:
        IT.events.append(["content", os.fstat(descriptor).st_ino, ""])
    return descriptor


def _sync(descriptor: Any) -> None:
    """Note the call, and do nothing."""
    number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
    path = IT.path(number)
    if path is None:
        return
    facts = os.fstat(number)
    folder = stat.S_ISDIR(facts.st_mode)
    IT.told("sync folder" if folder else "sync", path)
    IT.events.append(["syncdir", path] if folder else ["sync", facts.st_ino])


def _changes_content(name: str) -> Callable[..., Any]:
    """Wrap a call that changes what an open file, or a file of that name, holds."""
    real = _REAL[name]

    def call(target: Any, *args: Any, **keywords: Any) -> Any:
        if not isinstance(target, int):
            with _opened(target, "r+b", 0) as file:
                return call(file.fileno(), *args, **keywords)
        path = IT.path(target)
        if path is None:
            return real(target, *args, **keywords)
        IT.told("write", path)
        answer = real(target, *args, **keywords)
        IT.content(path, target)
        return answer

    return call


def _changes_name(name: str, event: str | None) -> Callable[..., Any]:
    """Wrap a call whose first argument is a path."""
    real = _REAL[name]

    def call(path: Any, *args: Any, **keywords: Any) -> Any:
        full = IT.path(path) or "" if isinstance(path, int) else _path(path, keywords.get("dir_fd"))
        if not IT.sees(full):
            return real(path, *args, **keywords)
        IT.told(name, full)
        answer = real(path, *args, **keywords)
        if event is not None:
            IT.events.append([event, full])
        return answer

    return call


def _changes_two(name: str, event: str) -> Callable[..., Any]:
    """Wrap a call whose first two arguments are paths."""
    real = _REAL[name]

    def call(source: Any, target: Any, *args: Any, **keywords: Any) -> Any:
        one, two = _path(source, keywords.get("src_dir_fd")), _path(target, keywords.get("dst_dir_fd"))
        if not (IT.sees(one) or IT.sees(two)):
            return real(source, target, *args, **keywords)
        IT.told(name, two)
        answer = real(source, target, *args, **keywords)
        IT.events.append([event, one, two])
        return answer

    return call


def _in_the_kernel(name: str) -> Callable[..., Any]:
    """Refuse to copy within the kernel, as some file systems do; callers then read and write."""
    real = _REAL[name]

    def call(*args: Any, **keywords: Any) -> Any:
        if IT.roots:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        return real(*args, **keywords)

    return call


class _Raw(io.FileIO):
    """A file each of whose writes is seen; it opens through `_open`."""

    def __init__(self, file: Any, mode: str, closefd: bool, opener: Any) -> None:
        super().__init__(file, mode, closefd, opener or (lambda path, flags: _open(path, flags, 0o666)))

    def write(self, data: Any, /) -> Any:
        return self._seen(super().write, data)

    def truncate(self, size: int | None = None, /) -> int:
        return self._seen(super().truncate, size)

    def _seen(self, call: Callable[[Any], int], argument: Any) -> int:
        path = IT.path(self.fileno())
        if path is None:
            return call(argument)
        IT.told("write", path)
        answer = call(argument)
        IT.content(path, self.fileno())
        return answer


def _opened(
    file: Any,
    mode: str = "r",
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    closefd: bool = True,
    opener: Any = None,
) -> Any:
    """Open as `io.open` does, with writes that are seen."""
    seen = IT.path(file) is not None if isinstance(file, int) else IT.sees(_path(file))
    if not seen or not set(mode) & set("wax+"):
        return _OPEN(file, mode, buffering, encoding, errors, newline, closefd, opener)
    raw = _Raw(file, "".join(letter for letter in mode if letter not in "bt"), closefd, opener)
    if buffering == 0:
        return raw
    kind: Any = io.BufferedRandom if "+" in mode else io.BufferedWriter
    buffered = kind(raw, buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE)
    return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding, errors, newline, buffering == 1)


def install() -> Interposer:
    """Put the wrapped calls in place of the real ones, for the rest of this process's life."""
    if os.open is _open:
        return IT
    wrapped: dict[str, Callable[..., Any]] = {"open": _open, "fsync": _sync, "fdatasync": _sync}
    wrapped |= {name: _changes_content(name) for name in ("write", "pwrite", "writev", "truncate", "ftruncate")}
    names = {"unlink": "unlink", "remove": "unlink", "rmdir": "rmdir", "mkdir": "mkdir"}
    others = dict.fromkeys(("chmod", "fchmod", "chown", "utime", "mkfifo", "setxattr", "removexattr"))
    wrapped |= {name: _changes_name(name, event) for name, event in {**names, **others}.items() if name in _REAL}
    wrapped |= {name: _changes_two(name, "rename") for name in ("rename", "replace")}
    wrapped |= {name: _changes_two(name, name) for name in ("link", "symlink")}
    wrapped |= {name: _in_the_kernel(name) for name in ("sendfile", "copy_file_range", "splice") if name in _REAL}
    abilities = (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks)
    for name, call in wrapped.items():
        real = _REAL[name]
        shown = functools.wraps(real)(call) if call not in (_open, _sync) else call
        setattr(os, name, shown)
        for ability in abilities:
            if real in ability:
                ability.add(shown)
    builtins.open = io.open = _opened
    return IT
