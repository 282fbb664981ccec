"""Reading files of a bucket or over HTTP: what both do alike."""

from __future__ import annotations

import io
from abc import abstractmethod
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any, BinaryIO

from lazyscribe.progress import adding
from lazyscribe.store import keys
from lazyscribe.store.base import Store, T, Token
from lazyscribe.store.objects import fetching
from lazyscribe.store.objects.asking import version_of
from lazyscribe.store.objects.settings import CLIENTS, Settings
from lazyscribe.store.objects.trouble import Kind

if TYPE_CHECKING:
    from lazyscribe.store.objects.client import Client
    from lazyscribe.store.objects.fetching import Spans, Target

IN_MEMORY = 32 << 20
"""Bytes above which a file that is read goes to a temporary file, in parts that travel at the same time."""


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
        self._reached: Client | None = None

    @property
    def _client(self) -> Client:
        """What makes the requests: another one if it was denied something and the environment has changed."""
        known = self._reached
        if known is None or known.is_stale:
            known = self._reached = CLIENTS.get(self._settings)
        return known

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_reached": None}

    def _path(self, key: str) -> str:
        return keys.check_sent(keys.join(self._folder, keys.check_key(key)))

    def describe(self, key: str) -> str:
        """Return the URL."""
        return f"{self._settings.shown}/{keys.join(self._folder, key)}"

    def read(self, key: str) -> tuple[bytes, Token] | None:
        """Ask once."""
        path, client = self._path(key), self._client
        found = client.get(path)
        return None if found is None else (client.content(found, path), version_of(found.meta))

    def reread(self, key: str, known: tuple[bytes, Token]) -> tuple[bytes, Token] | None:
        """Ask once; what is unchanged does not travel again."""
        path, client = self._path(key), self._client
        found = client.get(path, known[1])
        if found is Kind.UNCHANGED:
            return known
        return None if found is None else (client.content(found, path), version_of(found.meta))

    def holds(self, key: str, token: Token | None) -> bool:
        """Ask for nothing but whether it changed."""
        found = self._client.get(self._path(key), token, head=True)
        if found is None or token is None:
            return found is None and token is None
        return found is Kind.UNCHANGED or version_of(found.meta) == token

    def ahead(self, work: Callable[[], T]) -> Callable[[], T]:
        """Begin in a thread of its own, which the end of the process waits for."""
        from lazyscribe.pool import Pool

        pool = Pool(1, "lazyscribe-ahead")
        future = pool.submit(work)
        pool.shutdown(wait=False)
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
        target = fetching.InMemory(size) if size <= limit else fetching.OnDisk()
        try:
            with closing(self._fetch(found, path, target)) as arrived:
                return _landed(arrived, target, size)
        except BaseException:
            target.give_up()
            raise

    @abstractmethod
    def _fetch(self, found: Any, path: str, target: Target) -> Spans:
        """Put the content of a large file, of which only the head has come yet, into its place; yield what is there."""


def _landed(arrived: Spans, target: Target, size: int) -> BinaryIO:
    """Return a file of this process alone when all of it has come; its digest is taken while more is coming."""
    from hashlib import sha256

    digest, add = sha256(), adding(size)
    for start, end in arrived:
        digest.update(target.get(start, end))
        add(end - start)
    file = target.finish()
    file.taken_digest = digest.hexdigest(), size  # type: ignore[attr-defined]
    return file
