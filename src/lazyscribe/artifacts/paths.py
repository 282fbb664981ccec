"""What the handlers of files and folders share: which path is meant, reading it, and where it comes back to."""

from __future__ import annotations

import errno
import os
import stat
from abc import abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any, ClassVar, TypeAlias

from attrs import define

from lazyscribe.artifacts.base import Artifact, refuse_keywords
from lazyscribe.exception import ArtifactLoadError, ArtifactLogError, InvalidArgumentError

CHUNK = 1 << 20
"""Bytes that are held at a time."""

State: TypeAlias = tuple[int, ...]
"""What changes when a file is written to or another one takes its place."""

_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)  # a pipe would block before it is told
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR)


@define
class PathArtifact(Artifact):
    """What lies under a path; the path is the value. It is read when it is saved, not when it is logged."""

    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = False
    _reads = "little"

    @classmethod
    def construct(cls, name: str, value: Any | None = None, *args: Any, **kwargs: Any) -> Artifact:
        """Make an artifact; a path is made absolute, so that it stays the same one if the working folder changes.

        Raises
        ------
        ArtifactLogError
            Nothing that the handler takes lies under the path.
        """
        if isinstance(value, Path):
            value = value.absolute()
            cls.check(value)
        return super().construct(name, value, *args, **kwargs)

    @classmethod
    @abstractmethod
    def check(cls, path: Path) -> None:
        """Raise an `ArtifactLogError` if something else, or nothing, lies under `path`."""

    @classmethod
    @abstractmethod
    def bring(cls, buf: Any, path: Path) -> None:
        """Make anew under `path` what the open file `buf` holds."""

    @classmethod
    def read(cls, buf: Any, to: Any = None, **kwargs: Any) -> Any:
        """Write what was logged to the new path `to`, and return it.

        It appears there whole or not at all: a process that is killed leaves at most a folder ``.lazyscribe-…`` beside
        it. Without `to` it comes into a temporary folder of its own, under a name that says nothing. That folder is
        removed when the process ends, and you may remove it before; a killed process leaves it.

        Raises
        ------
        ValueError
            There is something under `to`, or no folder to hold it.
        ArtifactLoadError
            It cannot be written there, or the file is none of this handler's; as `CorruptArtifactError` if a part of
            it is damaged.
        """
        refuse_keywords(cls, kwargs)
        if to is None:
            return _bring_to_temporary(cls.alias, lambda path: cls.bring(buf, path))
        return _bring_to(Path(to), lambda path: cls.bring(buf, path))

    @classmethod
    def refuse_others(cls, obj: Any) -> Path:
        """Return `obj` if it is a path under which the right thing lies."""
        if not isinstance(obj, Path):
            message = f"The handler {cls.alias!r} takes a pathlib.Path, not a {type(obj).__name__}; make one of it."
            raise ArtifactLogError(message)
        cls.check(obj)
        return obj


def kind_of(path: Path) -> str:
    """Return what lies under a path: ``"file"``, ``"folder"``, ``"nothing"`` or ``"special"``; links are followed."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "nothing"
    except (OSError, ValueError) as error:
        message = f"{path} cannot be looked at ({error}); mend that, or give another path."
        raise ArtifactLogError(message, path=str(path)) from error
    if stat.S_ISREG(mode):
        return "file"
    return "folder" if stat.S_ISDIR(mode) else "special"


def state_of(status: os.stat_result) -> State:
    """Return the state that a file has."""
    return status.st_dev, status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns


def changed(path: Path) -> ArtifactLogError:
    """Return the error of what does not hold still."""
    message = f"{path} was changed or removed while it was read; let nobody write there, and save again."
    return ArtifactLogError(message, path=str(path))


def pieces(path: Path, expected: State | None = None) -> Iterator[bytes]:
    """Yield the content of a regular file, which must stay what it is until its end.

    Parameters
    ----------
    expected
        The state that it was found in; then no link is followed.

    Raises
    ------
    ArtifactLogError
        It changes, is gone, or is no regular file.
    """
    try:
        descriptor = os.open(path, _FLAGS | (getattr(os, "O_NOFOLLOW", 0) if expected else 0))
    except OSError as error:
        if error.errno in _GONE:
            raise changed(path) from error
        raise
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        before = os.fstat(descriptor)
        state = state_of(before)
        if not stat.S_ISREG(before.st_mode) or (expected is not None and state != expected):
            raise changed(path)
        length = 0
        while piece := file.read(CHUNK):
            length += len(piece)
            if length > before.st_size:
                break  # a file that grows as fast as it is read has no end
            yield piece
        if length != before.st_size or state_of(os.fstat(descriptor)) != state:
            raise changed(path)


def write_new(path: Path, content: Iterator[bytes], executable: bool = False) -> None:
    """Create the file `path`, which must not be there, of these pieces."""
    descriptor = os.open(path, _NEW, 0o777 if executable else 0o666)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        for piece in content:
            view = memoryview(piece)
            while view:
                view = view[file.write(view) :]


def _bring_to(target: Path, make: Callable[[Path], None]) -> Path:
    _refuse_taken(target)
    if not target.parent.is_dir():
        message = f"There is no folder {target.parent} to hold {target.name!r}; make it first."
        raise InvalidArgumentError(message, to=str(target))
    try:
        with TemporaryDirectory(prefix=".lazyscribe-", dir=target.parent) as folder:
            made = Path(folder, "made")
            make(made)
            _refuse_taken(target)
            _move(made, target)
    except OSError as error:
        raise _not_brought(target, error) from error
    return target


def _refuse_taken(target: Path) -> None:
    if os.path.lexists(target):  # a link that leads nowhere counts
        message = f"There is something under {target} already; load to a new path."
        raise InvalidArgumentError(message, to=str(target))


def _move(made: Path, target: Path) -> None:
    """Let `made` appear under `target`; a file that somebody put there meanwhile is not replaced."""
    if made.is_dir():
        made.rename(target)  # replaces an empty folder at most
        return
    try:
        target.hardlink_to(made)
    except FileExistsError:
        _refuse_taken(target)
    except OSError:  # a file system without hard links
        made.rename(target)


def _bring_to_temporary(name: str, make: Callable[[Path], None]) -> Path:
    # Works at the end of workers, too, which run nothing of atexit's; and not in children that were forked.
    from multiprocessing.util import Finalize

    folder = Path(mkdtemp(prefix="lazyscribe-"))
    remove = Finalize(None, rmtree, (folder, True), exitpriority=0)
    target = folder / name
    try:
        make(target)
    except OSError as error:
        remove()
        raise _not_brought(target, error) from error
    except BaseException:
        remove()
        raise
    return target


def _not_brought(target: Path, error: OSError) -> ArtifactLoadError:
    message = f"The value could not be brought to {target} ({error}); mend the cause, or load it to another path."
    return ArtifactLoadError(message, to=str(target))
