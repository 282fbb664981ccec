"""Files of any other fsspec file system, where only one writer is safe."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, cast

from lazyscribe.progress import counted
from lazyscribe.store import guards, keys
from lazyscribe.store.base import Store, Token
from lazyscribe.store.protocols import protocol_of

_CHUNK = 4 << 20


class FsspecStore(Store):
    """Files behind an fsspec file system, which promises neither exclusive creation nor conditional writes.

    Content is staged on this machine, streamed to a temporary key ``.lsc-{16 hex}.tmp`` beside the file and moved into
    place. The checks before the move exclude other threads of this process; two processes that write the same keys at
    once may overwrite each other. The first write of each store warns of that. Tokens are the bytes themselves.

    Parameters
    ----------
    fs
        The fsspec file system.
    root
        A folder, with or without the scheme.
    """

    def __init__(self, fs: Any, root: str) -> None:
        self.exclusive = False
        self._fs = fs
        self._protocol = protocol_of(fs)
        self._root = str(fs._strip_protocol(root)).rstrip("/")
        self._absolute = root.startswith("/") or self._root.startswith("/")
        self._warned = False

    def _path(self, key: str) -> str:
        return self._full(keys.check_key(key))

    def _full(self, key: str) -> str:
        return f"{self._root}/{key}" if self._root or self._absolute else key

    def describe(self, key: str) -> str:
        """Return the URL."""
        return str(self._fs.unstrip_protocol(self._full(keys.join(key))))

    # Reading

    def read(self, key: str) -> tuple[bytes, Token] | None:
        """Return the bytes twice: they are their own token."""
        data = self._content(self._path(key))
        return None if data is None else (data, data)

    def _content(self, path: str) -> bytes | None:
        self._forget(path)
        try:
            with self._fs.open(path, "rb") as file:
                return cast(bytes, file.read())
        except FileNotFoundError:
            return None

    def open(self, key: str) -> BinaryIO:
        """Open as the file system does: usually by blocks, fetched when asked for."""
        path = self._path(key)
        self._forget(path)
        return cast(BinaryIO, self._fs.open(path, "rb"))

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield what the file system finds now, temporary keys too."""
        yield from self._found(prefix)

    def files_in(self, folder: str) -> Iterator[str]:
        """Yield as `keys` does, asking for one folder only."""
        yield from self._found(folder, maxdepth=1)

    def _found(self, prefix: str, **options: Any) -> Iterator[str]:
        start = keys.check_key(prefix) if keys.join(prefix) else ""
        folder = self._full(start) if start else self._root
        self._fs.invalidate_cache()
        try:
            found = self._fs.find(folder, **options)
        except (FileNotFoundError, NotADirectoryError):
            return
        root = keys.join(self._root)
        for name in found:
            plain = keys.join(str(name))
            key = plain[len(root) + 1 :] if root else plain
            if not start or key.startswith(start + "/"):
                yield key

    def _forget(self, path: str) -> None:
        """Drop listings that the file system remembers: others may have written since."""
        self._fs.invalidate_cache(keys.parent(path))
        self._fs.invalidate_cache(path)

    def _taken(self, path: str) -> bool:
        # Not `fs.exists`: that answers "no" to every error, a lost connection too.
        self._forget(path)
        try:
            self._fs.info(path)
        except FileNotFoundError:
            return False
        return True

    # Writing

    @contextmanager
    def create(self, key: str) -> Iterator[BinaryIO]:
        """Yield a local temporary file (in memory up to 8 MiB); the block may close it."""
        from lazyscribe.store.staging import Staging

        path = self._path(key)
        self._warn()
        self._refuse(path, key)
        staged = Staging()
        try:
            yield cast(BinaryIO, staged)
            with self._uploaded(path, counted(staged)) as temporary, self._alone(path, key):
                self._refuse(path, key)
                try:
                    self._move(temporary, path)
                except FileExistsError as error:
                    raise self._exists(key) from error
                except BaseException:
                    with suppress(Exception):
                        self._remove(path)
                    raise
        finally:
            staged.dispose()

    def _refuse(self, path: str, key: str) -> None:
        if self._taken(path):
            raise self._exists(key)

    @contextmanager
    def _uploaded(self, path: str, source: Any) -> Iterator[str]:
        """Stream `source` to a temporary key beside `path`, which is removed at the end if it is still there."""
        folder = keys.parent(path)
        temporary = path[: -len(path.rpartition("/")[2])] + keys.temporary()
        moved = False
        try:
            self._make_folder(folder)
            with self._fs.open(temporary, "wb") as target:
                while chunk := source.read(_CHUNK):
                    target.write(chunk)
            yield temporary
            moved = True
        finally:
            if not moved:
                with suppress(Exception):
                    self._remove(temporary)

    def _make_folder(self, folder: str) -> None:
        # Whoever may write into a bucket may not always ask for it; if the folder is missing, the upload will say so.
        if folder:
            with suppress(OSError, NotImplementedError):
                self._fs.makedirs(folder, exist_ok=True)

    def _move(self, source: str, target: str) -> None:
        """Move a file by its literal name, over what is there.

        fsspec's own ``mv`` is copy and remove, and takes ``[``, ``*`` and ``?`` in names for patterns; it is used only
        where the file system has one that renames.
        """
        from fsspec import AbstractFileSystem

        if getattr(type(self._fs), "mv", None) is not AbstractFileSystem.mv:
            self._fs.mv(source, target)
        else:
            self._fs.cp_file(source, target)
            with suppress(OSError):  # the content is in place; a temporary key is all that stays
                self._fs.rm_file(source)
        self._forget(source)
        self._forget(target)

    def _remove(self, path: str) -> None:
        self._fs.rm_file(path)
        self._forget(path)

    def swap(self, key: str, data: bytes, expected: Token | None) -> Token:
        """Replace the content; after an error of the move, look which content is there now."""
        import io

        path = self._path(key)
        self._warn()
        with self._alone(path, key), self._uploaded(path, io.BytesIO(data)) as temporary:
            if self._content(path) != expected:
                raise self._stale(key)
            try:
                self._move(temporary, path)
            except BaseException as error:
                if self._unchanged(path, expected):
                    raise
                raise self._unsure(key) from error
        return data

    def _unchanged(self, path: str, expected: Token | None) -> bool:
        try:
            return bool(self._content(path) == expected)
        except Exception:
            return False

    def replace(self, source: str, target: str) -> None:
        """Move by rename where the file system can, else by copy and removal."""
        old, new = self._path(source), self._path(target)
        self._warn()
        if self._fs.info(old) and old != new:
            self._make_folder(keys.parent(new))
            self._move(old, new)

    def delete(self, key: str) -> None:
        """Remove the file."""
        path = self._path(key)
        with suppress(FileNotFoundError):
            self._remove(path)

    @contextmanager
    def guard(self, key: str) -> Iterator[None]:
        """Hold a lock of this process only."""
        with self._alone(self._path(key), key):
            yield

    def _alone(self, path: str, key: str) -> Any:
        return guards.hold(f"{self._protocol}:{path}", self.describe(key))

    def _warn(self) -> None:
        if self._warned:
            return
        self._warned = True
        import warnings

        warnings.warn(
            f"{self._protocol}:// has no locks that lazyscribe could use: only a single writer is safe under "
            f"{self.describe('')}.",
            stacklevel=3,
        )
