"""Files that are read over HTTP; nothing can be written or listed there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, BinaryIO, NoReturn

from lazyscribe.exception import AccessDeniedError, ReadOnlyError
from lazyscribe.store import keys
from lazyscribe.store.base import Token
from lazyscribe.store.objects.reading import ReadingStore, stream_of


class HttpStore(ReadingStore):
    """A folder that a web server shows. Every write is refused, before anything happens, and so is every listing."""

    exclusive = True

    def _pieces(self, found: Any, path: str) -> Iterator[bytes]:
        return stream_of(found, self._client.url(path))

    def keys(self, prefix: str) -> Iterator[str]:
        """Refuse."""
        if keys.join(prefix):
            keys.check_key(prefix)
        place = self.describe(prefix)
        raise AccessDeniedError(
            "HTTP has no listing of folders; use the folder or the bucket that is shown there.", path=place
        )

    def files_in(self, folder: str) -> Iterator[str]:
        """Refuse."""
        return self.keys(folder)

    def _refuse(self, key: str) -> NoReturn:
        if key:
            keys.check_key(key)
        message = (
            f"{self.describe(key)} can only be read, since HTTP has no safe way of writing; open it with mode='r', and "
            "write to the folder or the bucket that is shown there."
        )
        raise ReadOnlyError(message, path=self.describe(key))

    def create(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Refuse."""
        self._refuse(key)

    def batch(self) -> AbstractContextManager[Any]:
        """Refuse."""
        self._refuse("")

    def swap(self, key: str, data: bytes, expected: Token | None) -> Token:  # noqa: ARG002
        """Refuse."""
        self._refuse(key)

    def replace(self, source: str, target: str) -> None:
        """Refuse."""
        keys.check_key(source)
        self._refuse(target)

    def delete(self, key: str) -> None:
        """Refuse."""
        self._refuse(key)

    def guard(self, key: str) -> AbstractContextManager[None]:
        """Refuse."""
        self._refuse(key)
