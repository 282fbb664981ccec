"""Files of the local file system."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from errno import EACCES, EINVAL, EMLINK, ENOLCK, ENOSYS, ENOTSUP, EOPNOTSUPP, EPERM, EXDEV
from typing import Any, BinaryIO

from lazyscribe.store import guards, keys, oscalls
from lazyscribe.store.base import Store, Token
from lazyscribe.store.local_writers import AtHand, Batch
from lazyscribe.store.oscalls import OsCalls, durable

_OURS = ".lazyscribe"
_PIECE = 1 << 18
"""Bytes that are compared at once: a size that stays in a processor's cache."""

_NO_LINKS = frozenset({EPERM, EACCES, ENOTSUP, EOPNOTSUPP, EMLINK, ENOSYS, EXDEV, EINVAL})
_NO_LOCKS = frozenset({ENOSYS, ENOLCK, ENOTSUP, EOPNOTSUPP})


class LocalStore(Store):
    """Files under a local folder, which the first write makes. Any number of threads and processes may use it.

    ``create`` writes ``.lsc-{16 hex}.tmp`` beside the file and links it to its name; where links do not work, it
    claims the name with an empty file and renames over that, so a reader (or a kill just then) may see an empty file.
    ``swap`` renames over the file while holding ``guard``. Tokens are the bytes themselves.

    Parameters
    ----------
    root
        A path, made absolute now.
    calls
        The file-system calls; other ones than those of the system are for tests.
    """

    def __init__(self, root: str, calls: OsCalls | None = None) -> None:
        self.exclusive = True
        self._shown = root
        self._root = os.path.abspath(root)
        self._start = os.path.join(self._root, "")
        self._calls = oscalls.OS if calls is None else calls
        self._kept: set[str] = set()

    def _path(self, key: str) -> str:
        return self._start + keys.check_key(key).replace("/", os.sep)

    def describe(self, key: str) -> str:
        """Return the path, relative if the root was given so."""
        return os.path.normpath(os.path.join(self._shown, key))

    # Reading

    def read(self, key: str) -> tuple[bytes, Token] | None:
        """Return the bytes twice: they are their own token. A folder or a forbidden file is an `OSError`."""
        data = self._content(self._path(key))
        return None if data is None else (data, data)

    def holds(self, key: str, token: Token | None) -> bool:
        """Compare in pieces."""
        return self._holds(self._path(key), token)

    def _holds(self, path: str, data: bytes | None) -> bool:
        try:
            with self._calls.open_read(path) as file:
                if data is None:
                    return False
                place = 0
                while piece := file.read(_PIECE):
                    if not data.startswith(piece, place):
                        return False
                    place += len(piece)
                return place == len(data)
        except FileNotFoundError:
            return data is None

    def _content(self, path: str) -> bytes | None:
        try:
            with self._calls.open_read(path) as file:
                return file.read()
        except FileNotFoundError:
            return None

    def open(self, key: str) -> BinaryIO:
        """Open `key`; what is read stays the same while others swap it."""
        return self._calls.open_read(self._path(key))

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield temporary files, locks and dangling links too; linked folders are entered, once per branch."""
        start = keys.check_key(prefix) if keys.join(prefix) else ""
        folder = self._path(start) if start else self._root
        yield from self._walk(folder, start, frozenset())

    def files_in(self, folder: str) -> Iterator[str]:
        """Give what `keys` would, reading one folder only, now."""
        start = keys.check_key(folder) if keys.join(folder) else ""
        try:
            entries = list(self._calls.scandir(self._path(start) if start else self._root))
        except (FileNotFoundError, NotADirectoryError):
            return iter(())
        before = f"{start}/" if start else ""
        return iter([before + entry.name for entry in entries if not entry.is_dir()])

    def _walk(self, folder: str, key: str, above: frozenset[str]) -> Iterator[str]:
        real = self._calls.realpath(folder)
        if real in above:
            return
        try:
            entries = list(self._calls.scandir(folder))
        except (FileNotFoundError, NotADirectoryError):
            return
        start = f"{key}/" if key else ""
        for entry in entries:
            name = start + entry.name
            if entry.is_dir():
                yield from self._walk(entry.path, name, above | {real})
            else:
                yield name

    # Writing

    def create(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Yield the temporary file; the block may close it. Folders made on the way stay if the block fails."""
        return self._create(key, self._fsync_dir)

    @contextmanager
    def batch(self) -> Iterator[Batch]:
        """Sync each folder once, at the end."""
        batch = Batch(self)
        yield batch
        for folder in batch.folders:
            self._fsync_dir(folder)

    @contextmanager
    def at_hand(self, key: str, *folders: str) -> Iterator[AtHand]:
        """Make temporary files in the folders beforehand, for the one of `key` with its permission bits."""
        begun = AtHand(self)
        try:
            path = self._followed(self._path(key))
            begun.make(os.path.dirname(path), self._mode(path))
            for folder in folders:
                begun.make(self._path(folder), None)
            yield begun
        finally:
            begun.clear()

    @contextmanager
    def _create(self, key: str, named: Callable[[str], object], begun: AtHand | None = None) -> Iterator[BinaryIO]:
        """Do what `create` does; `named` sees to it that a folder's new name is durable."""
        path = self._path(key)
        folder = os.path.dirname(path)
        self._make_folder(folder)
        if self._taken(path):
            raise self._exists(key)
        temporary, file = self._begin(folder, None, begun)
        identity: tuple[int, int] | None = None
        try:
            if file is None:
                file = self._calls.open_new(temporary)
            yield file
            self._finish(file, temporary)
            identity = self._identity(temporary)
            self._publish(temporary, path, key, identity)
            named(folder)
        except BaseException:
            if file is not None:
                with suppress(Exception):
                    file.close()
            self._discard(temporary, path, identity)
            raise

    def _begin(self, folder: str, mode: int | None, begun: AtHand | None) -> tuple[str, BinaryIO | None]:
        """Return the path of a temporary file, which is open if one of that mode is at hand."""
        found = begun.take(folder, mode) if begun is not None else None
        return found or (os.path.join(folder, keys.temporary()), None)

    def _finish(self, file: BinaryIO, temporary: str) -> None:
        if not file.closed:
            file.flush()
        if durable():
            if file.closed:  # by the block, which flushed it
                with self._calls.open_again(temporary) as again:
                    self._calls.fsync(temporary, again.fileno())
            else:
                self._calls.fsync(temporary, file.fileno())
        file.close()

    def _publish(self, temporary: str, path: str, key: str, identity: tuple[int, int]) -> None:
        try:
            self._calls.link(temporary, path)
        except FileExistsError as error:
            # NFS repeats a request whose answer was lost: then the file that exists is ours.
            if self._identity(path) != identity:
                raise self._exists(key) from error
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            self._claim(temporary, path, key)
            return
        self._calls.unlink(temporary)

    def _claim(self, temporary: str, path: str, key: str) -> None:
        try:
            self._calls.open_new(path).close()
        except FileExistsError as error:
            raise self._exists(key) from error
        try:
            self._calls.replace(temporary, path)
        except BaseException:
            if self._taken(temporary):
                with suppress(OSError):
                    self._calls.unlink(path)
            raise

    def _discard(self, temporary: str, path: str, identity: tuple[int, int] | None) -> None:
        """Remove what a failed ``create`` leaves: the temporary file, and `path` if it is that same file."""
        with suppress(OSError):
            if identity is not None and self._identity(path) == identity:
                self._calls.unlink(path)
        with suppress(OSError):
            self._calls.unlink(temporary)

    def swap(self, key: str, data: bytes, expected: Token | None) -> Token:
        """Replace the file, or what it links to, keeping its permission bits.

        Holds ``guard(key)`` meanwhile, so `LockTimeoutError` may come from here as well. A file that is not writable
        is refused (`PermissionError`), although its folder would let it be replaced. Every other `OSError` than
        `Unsure` leaves all as it was.
        """
        with self.guard(key):
            return self._swap(key, data, expected)

    def _swap(self, key: str, data: bytes, expected: Token | None, begun: AtHand | None = None) -> Token:
        path = self._followed(self._path(key))
        folder = os.path.dirname(path)
        self._make_folder(folder)
        mode = self._mode(path)
        temporary, file = self._begin(folder, mode, begun)
        prepared = False
        try:
            self._prepare(temporary, path, data, mode, file)
            prepared = True
            if begun is not None:
                begun.settle()
            if not self._holds(path, expected):
                raise self._stale(key)
            self._calls.replace(temporary, path)
            self._fsync_dir(folder)
        except BaseException as error:
            if prepared and self._gone(temporary):  # an interrupt, too, may follow the deed
                raise self._unsure(key) from error
            with suppress(OSError):
                if file is not None:
                    file.close()
            with suppress(OSError):
                self._calls.unlink(temporary)
            raise
        return data

    def _mode(self, path: str) -> int | None:
        """Return the permission bits; ``None`` where there is no file."""
        try:
            return stat.S_IMODE(self._calls.stat(path).st_mode)
        except FileNotFoundError:
            return None

    def _prepare(self, temporary: str, path: str, data: bytes, mode: int | None, file: BinaryIO | None) -> None:
        """Write `temporary` with the permission bits of `path`, never readable by more than may read that."""
        if mode is not None and not self._calls.writable(path):
            raise PermissionError(EACCES, os.strerror(EACCES), path)
        if file is None:
            file = self._calls.open_new(temporary, 0o666 if mode is None else mode & 0o666)
        try:
            file.write(data)
            self._finish(file, temporary)
        except BaseException:
            with suppress(OSError):
                file.close()
            raise
        if mode is not None and stat.S_IMODE(self._calls.stat(temporary).st_mode) != mode:
            self._calls.chmod(temporary, mode)

    def replace(self, source: str, target: str) -> None:
        """Rename; a symbolic link at `target` is itself replaced."""
        old, new = self._path(source), self._path(target)
        folders = dict.fromkeys((os.path.dirname(new), os.path.dirname(old)))
        self._make_folder(os.path.dirname(new))
        self._calls.replace(old, new)
        for folder in folders:
            self._fsync_dir(folder)

    def delete(self, key: str) -> None:
        """Remove the file (a symbolic link itself); its folder stays."""
        path = self._path(key)
        try:
            self._calls.unlink(path)
        except (FileNotFoundError, NotADirectoryError):
            return
        self._fsync_dir(os.path.dirname(path))

    def discard(self, keys: Iterable[str]) -> None:
        """Sync nothing: a power cut may bring them back."""
        for key in keys:
            with suppress(Exception):
                self._calls.unlink(self._path(key))

    @contextmanager
    def guard(self, key: str) -> Iterator[None]:
        """Hold ``.lazyscribe/{key}.lock``, which stays; for a linked file, the one beside what it links to."""
        path = self._path(key)
        followed = self._followed(path)
        root = self._root if followed == path else os.path.dirname(followed)
        name = os.path.relpath(followed, root).removeprefix(_OURS + os.sep)
        lock = os.path.join(root, _OURS, name + ".lock")
        self._make_folder(os.path.dirname(lock))
        with guards.hold(self._calls.realpath(lock), self.describe(key), lambda left: self._lock(lock, left)):
            yield

    def _lock(self, path: str, seconds: float) -> Any:
        if not self.exclusive:
            return None
        try:
            return self._calls.lock(path, seconds)
        except (NotImplementedError, OSError) as error:
            if isinstance(error, OSError) and error.errno not in _NO_LOCKS:
                raise
        import warnings

        self.exclusive = False
        warnings.warn(
            f"File locks do not work in {self._shown or '.'}: only one process at a time may write there.",
            stacklevel=2,
        )
        return None

    # Small helpers

    def _followed(self, path: str) -> str:
        try:
            linked = stat.S_ISLNK(self._calls.lstat(path).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return path
        return self._calls.realpath(path) if linked else path

    def _taken(self, path: str) -> bool:
        try:
            self._calls.lstat(path)
        except FileNotFoundError:
            return False
        return True

    def _gone(self, temporary: str) -> bool:
        try:
            return not self._taken(temporary)
        except OSError:
            return True

    def _identity(self, path: str) -> tuple[int, int]:
        facts = self._calls.lstat(path)
        return facts.st_dev, facts.st_ino

    def _fsync_dir(self, folder: str) -> None:
        if durable():
            self._calls.fsync_dir(folder)

    def _make_folder(self, folder: str) -> None:
        """Make `folder` and its missing parents, each one durable in its own parent.

        So is one that is there, once: who made it may have been stopped before that.
        """
        parent = os.path.dirname(folder)
        try:
            self._calls.stat(folder)
            if folder in self._kept:
                return
        except FileNotFoundError:
            if parent != folder:
                self._make_folder(parent)
            with suppress(FileExistsError):
                self._calls.mkdir(folder)
        if durable():
            self._calls.fsync_dir(parent)
            self._kept.add(folder)
