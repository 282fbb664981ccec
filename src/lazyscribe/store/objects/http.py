"""Files that are read over HTTP; nothing can be written there, and listed only what the server shows as a page."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from html import unescape
from typing import Any, BinaryIO, NoReturn
from urllib.parse import quote, unquote, urljoin

from lazyscribe.exception import AccessDeniedError, InvalidNameError, ReadOnlyError, UnreachableError, UnreadableError
from lazyscribe.store import keys
from lazyscribe.store.base import Token
from lazyscribe.store.objects.fetching import Spans, Target, in_order
from lazyscribe.store.objects.reading import ReadingStore
from lazyscribe.store.objects.settings import Settings

_LINK = re.compile(rb"""<a\s[^>]*?href\s*=\s*["']([^"']+)["']""", re.IGNORECASE)
_OURS = re.compile(r"\d{8,}-[0-9a-f]{16}(-\d)?\.json")
"""The names of packs and of the journal's files, to which nothing but a list leads."""


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
    it is told what is there. Some answer for whatever is not there, too, most with their start page; so where nothing
    else tells what an answer is, they are asked for a name that cannot be there.
    """

    exclusive = True

    def __init__(self, settings: Settings, folder: str) -> None:
        super().__init__(settings, folder)
        self._honest: set[tuple[str, str]] = set()

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
        page, is_html = self._page(path)
        here = f"{self._settings.shown}/{quote(path)}/" if path else f"{self._settings.shown}/"
        links = _LINK.findall(page)
        files: list[str] = []
        folders: list[str] = []
        for link in links:
            with suppress(InvalidNameError, ValueError):  # what is no address, too
                name, is_folder = _named(here, unescape(link.decode("utf-8", "replace")))
                (folders if is_folder else files).append(keys.check_key(keys.join(folder, keys.check_key(name))))
        if not any(_OURS.fullmatch(key.rpartition("/")[2]) for key in files):
            self._refuse_if_no_list(folder, bool(links) or is_html)
        return files, folders

    def _page(self, path: str) -> tuple[bytes, bool]:
        """Return what the server shows of a folder, and whether it calls that HTML; nothing if it shows none."""
        with suppress(UnreadableError):
            if (found := self._client.get(path)) is not None:
                page = self._client.content(found, path)
                return page, bool(page) and "html" in found.attributes.get("Content-Type", "").lower()
        return b"", False

    def _refuse_if_no_list(self, folder: str, may_be_one: bool) -> None:
        """Refuse a page that leads to nothing of ours: what is no HTML, or is shown of what is not there, too."""
        if may_be_one and self._stand_in(folder) is None:
            return
        place = self.describe(folder)
        message = f"The server shows no list of what is in {place}; use the folder or the bucket that is shown there."
        raise AccessDeniedError(message, path=place)

    def confirm(self, key: str) -> None:
        """See whether the server answers for what is not there, too; then compare, before and after."""
        if (before := self._stand_in(key)) is None:
            return
        path = self._path(key)
        found = self._client.get(path)
        differs = found is not None and (
            found.meta["size"] != len(before) or self._client.content(found, path) != before
        )
        place = self.describe(key)
        if self._stand_in(key) != before:
            message = (
                f"Whether {place} is there cannot be told, since its server answers for what is not there, too, each "
                "time in another way; use the folder or the bucket that is shown there."
            )
            raise UnreadableError(message, path=place)
        if not differs:
            raise FileNotFoundError(f"There is no file {place}.")

    def _stand_in(self, key: str) -> bytes | None:
        """Return what the server answers for a name beside `key` that cannot be there; ``None``: that it is not there.

        Names of one folder that end alike are answered alike, so that the latter is not asked again.
        """
        folder, _, name = keys.join(key).rpartition("/")
        _, dot, end = name.rpartition(".")
        if (folder, dot + end) in self._honest:
            return None
        path = self._path(keys.join(folder, os.urandom(16).hex() + (dot and dot + end)))
        try:
            if (found := self._client.get(path)) is not None:
                return self._client.content(found, path)
        except UnreachableError:
            raise
        except UnreadableError:  # what is not there would be answered so as well
            pass
        self._honest.add((folder, dot + end))
        return None

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
