"""Reading files of a bucket or over HTTP: what both do alike."""

from __future__ import annotations

import io
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from lazyscribe.exception import UnreachableError
from lazyscribe.progress import adding
from lazyscribe.store import keys
from lazyscribe.store.base import Store, T, Token
from lazyscribe.store.objects.client import PARALLEL, version_of
from lazyscribe.store.objects.settings import CLIENTS, Settings
from lazyscribe.store.objects.trouble import Kind

if TYPE_CHECKING:
    from lazyscribe.store.objects.client import Client

IN_MEMORY = 32 << 20
"""Bytes above which a file that is read goes to a temporary file, in parts that travel at the same time."""

_PART = 8 << 20


class ReadingStore(Store):
    """Files that are reached by requests; see `Store`. Tokens are the names that the store gives to contents.

    Parameters
    ----------
    settings
        The way to the bucket.
    folder
        Within it; ``""``: all of it.
    """

    def __init__(self, settings: Settings, folder: str) -> None:
        self._settings = settings
        self._folder = keys.join(folder)

    @cached_property
    def _client(self) -> Client:
        return CLIENTS.get(self._settings)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_client"}

    def _path(self, key: str) -> str:
        return keys.join(self._folder, keys.check_key(key))

    def describe(self, key: str) -> str:
        """Return the URL."""
        return f"{self._settings.shown}/{keys.join(self._folder, key)}"

    def read(self, key: str) -> tuple[bytes, Token] | None:
        """Ask once."""
        path = self._path(key)
        found = self._client.get(path)
        return None if found is None else (self._client.content(found, path), version_of(found.meta))

    def reread(self, key: str, known: tuple[bytes, Token]) -> tuple[bytes, Token] | None:
        """Ask once; what is unchanged does not travel again."""
        path = self._path(key)
        found = self._client.get(path, known[1])
        if found is Kind.UNCHANGED:
            return known
        return None if found is None else (self._client.content(found, path), version_of(found.meta))

    def holds(self, key: str, token: Token | None) -> bool:
        """Ask for nothing but whether it changed."""
        found = self._client.get(self._path(key), token, head=True)
        if found is None or token is None:
            return found is None and token is None
        return found is Kind.UNCHANGED or version_of(found.meta) == token

    def ahead(self, work: Callable[[], T]) -> Callable[[], T]:
        """Begin in a thread of its own, which the end of the process waits for."""
        from concurrent.futures import Future

        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)

        threading.Thread(target=run, name="lazyscribe-ahead").start()
        return future.result

    def open(self, key: str) -> BinaryIO:
        """Fetch all of it: into memory up to 32 MiB, else into a temporary file."""
        return self.open_held(key, IN_MEMORY)

    def open_held(self, key: str, limit: int) -> BinaryIO:
        """Fetch all of it: into memory up to the limit, or 32 MiB, else into a temporary file."""
        path = self._path(key)
        found = self._client.get(path)
        if found is None:
            raise FileNotFoundError(f"There is no file {self.describe(key)}.")
        if found.meta["size"] <= IN_MEMORY:
            return io.BytesIO(self._client.content(found, path))
        size = found.meta["size"]
        file = io.BytesIO(bytes(size)) if size <= limit else _temporary()
        try:
            self._keep(self._pieces(found, path), size, file)
        except BaseException:
            file.close()
            raise
        return file

    def _keep(self, pieces: Iterator[bytes], size: int, file: BinaryIO) -> None:
        """Write what comes into a file of this process alone, and take its digest while more is coming."""
        from hashlib import sha256

        digest, add = sha256(), adding(size)
        for piece in pieces:
            file.write(piece)
            digest.update(piece)
            add(len(piece))
        file.seek(0)
        file.taken_digest = digest.hexdigest(), size  # type: ignore[attr-defined]

    @abstractmethod
    def _pieces(self, found: Any, path: str) -> Iterator[bytes]:
        """Yield the content of a large file, of which only the head has come yet."""


def _temporary() -> BinaryIO:
    from tempfile import TemporaryFile

    return cast(BinaryIO, TemporaryFile(prefix="lazyscribe-"))


def parts_of(client: Client, found: Any, path: str) -> Iterator[bytes]:
    """Yield one version of a file in parts, of which several travel at the same time."""
    from collections import deque
    from concurrent.futures import Future, ThreadPoolExecutor

    size, version = found.meta["size"], version_of(found.meta)
    going: deque[Future[bytes]] = deque()
    pool = ThreadPoolExecutor(PARALLEL, "lazyscribe-fetch")
    try:
        for start in range(0, size, _PART):
            going.append(pool.submit(client.part, path, version, start, min(start + _PART, size)))
            if len(going) > PARALLEL:
                yield going.popleft().result()
        while going:
            yield going.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def stream_of(found: Any, url: str) -> Iterator[bytes]:
    """Yield what comes, in order."""
    size = 0
    for piece in found.stream(_PART):
        size += len(piece)
        yield piece
    if size != found.meta["size"]:
        raise UnreachableError(f"{url} broke off after {size} bytes; try again.", path=url)
