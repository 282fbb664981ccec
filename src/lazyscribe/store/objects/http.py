"""Files that are read over HTTP; nothing can be written there, and listed only what the server shows as a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from html import unescape
from typing import Any, BinaryIO, NoReturn
from urllib.parse import quote, unquote, urljoin

from lazyscribe.exception import AccessDeniedError, InvalidNameError, ReadOnlyError, UnreadableError
from lazyscribe.store import keys
from lazyscribe.store.base import Token
from lazyscribe.store.objects.fetching import Spans, Target, in_order
from lazyscribe.store.objects.reading import ReadingStore

_LINK = re.compile(rb"""<a\s[^>]*?href\s*=\s*["']([^"']+)["']""", re.IGNORECASE)


def _named(here: str, link: str) -> tuple[str, bool]:
    """Return the name that a link on the page of a folder leads to right there, or ``""``, and whether of a folder.

    Names are told apart before they are unquoted, since they may hold whatever has a meaning in an address.
    """
    target = urljoin(here, link)
    above, found = here.split("/")[:-1], target.split("/")
    names = [unquote(each) for each in found[len(above) :]]
    is_there = [unquote(each) for each in found[: len(above)]] == [unquote(each) for each in above]
    if not is_there or not names or names[1:] not in ([], [""]) or "/" in names[0] or not set("?#").isdisjoint(target):
        return "", False
    return names[0], len(names) == 2


class HttpStore(ReadingStore):
    """A folder that a web server shows. Every write is refused, before anything happens.

    HTTP has no listing of folders. Many servers show a folder that has no page of its own as a page of links; from that
    it is told what is there.
    """

    exclusive = True

    def _fetch(self, found: Any, path: str, target: Target) -> Spans:
        return in_order(self._client, found, path, target)

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield what the pages of the folder, and of those below it, link to; refuse where the server shows none."""
        files, folders = self._linked(prefix)
        yield from files
        for folder in folders:
            yield from self.keys(folder)

    def files_in(self, folder: str) -> Iterator[str]:
        """Yield what the page of the folder links to; refuse where the server shows none."""
        yield from self._linked(folder)[0]

    def _linked(self, folder: str) -> tuple[list[str], list[str]]:
        """Return the keys of the files and the folders that the page of a folder links to."""
        path = self._path(folder) if keys.join(folder) else self._folder
        page = b""
        with suppress(UnreadableError):
            if (found := self._client.get(path)) is not None:
                page = self._client.content(found, path)
        if not page:
            place = self.describe(folder)
            message = (
                f"The server shows no list of what is in {place}; use the folder or the bucket that is shown there."
            )
            raise AccessDeniedError(message, path=place)
        here = f"{self._settings.shown}/{quote(path)}/" if path else f"{self._settings.shown}/"
        files: list[str] = []
        folders: list[str] = []
        for link in _LINK.findall(page):
            with suppress(InvalidNameError, ValueError):  # what is no address, too
                name, is_folder = _named(here, unescape(link.decode("utf-8", "replace")))
                (folders if is_folder else files).append(keys.check_key(keys.join(folder, keys.check_key(name))))
        return files, folders

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
