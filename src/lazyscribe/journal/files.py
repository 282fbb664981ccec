"""The files of one journal: which there are, and what is in them."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import NoReturn, TypeAlias

from lazyscribe._utils import without_collections
from lazyscribe.exception import LazyscribeError, UnreadableError
from lazyscribe.journal.entries import NAME, LogEntry, Pack, decode, decode_pack, unpacked
from lazyscribe.store.base import Store

Listing: TypeAlias = Callable[[], set[str]]

TURN = re.compile(r"turn-\d{8,}-[0-9a-f]{8}")
"""The names of turns: a number, and what the ids of their writers' entries begin with."""

TOGETHER = 16
"""Entries that are read at the same time, where answers come late."""

QUIET = 3
"""Looks in a row that have found no new files of others: then nobody else seems to write."""


class GoneError(Exception):
    """A file that was listed is there no more."""


class Files:
    """What is known of the files in a folder, whose contents never change. For one thread at a time.

    Attributes
    ----------
    names
        Of the files, as last listed, with the levels of packs; 0: an entry of its own. Never changed but replaced.
    loose
        The entries that have files of their own, by name, and their bytes.
    packs
        Those that were read, by name.
    turns
        The names of the turns that were listed, in order: see `lazyscribe.turns`.
    damaged
        Names of files that hold no entry, or of packs that carry something that is none, at the last look: they were
        read, and are not what was written.
    mine
        The ids of entries that this process has created and of which it is not known that they count.
    """

    def __init__(self, store: Store, folder: str) -> None:
        self._store = store
        self._folder = folder
        self.names: dict[str, int] = {}
        self.loose: dict[str, tuple[LogEntry, bytes]] = {}
        self.packs: dict[str, Pack] = {}
        self.turns: list[str] = []
        self.mine: set[str] = set()
        self.damaged: set[str] = set()
        self._loads: dict[str, list[LogEntry]] = {}
        self._quiet = QUIET
        self._looked = False

    def listing(self) -> Listing:
        """Return what gives the names of the files; where answers come late, they are on their way from now on."""
        return self._store.ahead(self._listed)

    def _listed(self) -> set[str]:
        start = len(self._folder) + 1
        try:
            return {key[start:] for key in self._store.files_in(self._folder)}
        except OSError as error:
            self._fail(self._folder, error)

    def look(self, listing: Listing) -> None:
        """Take note of what is listed, and read the entries that are new.

        Raises
        ------
        GoneError
            One of them is there no more.
        UnreadableError
            They cannot be listed, or one of them cannot be read, now.
        """
        listed = listing()
        names = {name: level for name, level in self.names.items() if name in listed}
        fresh = {name: level_of(name) for name in entries_among(listed) - names.keys()}
        others = fresh.keys() - self.loose.keys() - self.packs.keys()
        names |= fresh
        damaged = self._read([name for name in names.keys() - self.loose.keys() if not names[name]])
        self._quiet = 0 if others and self._looked else self._quiet + 1
        self._looked = True
        self.names, self.damaged = names, damaged
        self.turns = sorted(filter(TURN.fullmatch, listed))
        for known in (self.loose, self.packs, self._loads):
            for name in known.keys() - self.names.keys():
                del known[name]

    def add(self, name: str, entry: LogEntry, data: bytes) -> None:
        """Take note of a file that this process has created."""
        self.mine.discard(entry.id)
        if not level_of(name):
            self.loose[name] = entry, data
        elif (pack := decode_pack(data, name)) is not None:
            self.packs[name] = pack

    @property
    def crowded(self) -> bool:
        """Whether others have created entries lately."""
        return self._quiet < QUIET

    def entries(self) -> list[LogEntry]:
        """Return the entries that have files of their own; any thread may ask, while another one looks."""
        return [entry for entry, _ in list(self.loose.values())]

    def _read(self, names: list[str]) -> set[str]:
        """Read entries, and return the names of files that hold none.

        Where answers come late, some are on their way at the same time.
        """
        damaged: set[str] = set()
        for start in range(0, len(names), TOGETHER):
            part = names[start : start + TOGETHER]
            contents = [self._store.ahead(partial(self.content, name)) for name in part]
            for name, content in zip(part, contents, strict=True):
                data = content()
                entry = decode(data, name)
                if entry is None:
                    damaged.add(name)
                else:
                    self.loose[name] = entry, data
        return damaged

    def content(self, name: str) -> bytes:
        """Return the bytes of a file.

        Raises
        ------
        GoneError
            It is there no more, since a pack carries it now.
        UnreadableError
            It cannot be read now, which tells nothing of what is in it.
        """
        key = f"{self._folder}/{name}"
        try:
            found = self._store.read(key)
        except OSError as error:
            self._fail(key, error)
        if found is None:
            raise GoneError
        return found[0]

    def _fail(self, key: str, error: OSError) -> NoReturn:
        """Tell what is not there from what cannot be read, and say what that is; stores may have said it."""
        if isinstance(error, LazyscribeError):
            raise error
        if isinstance(error, FileNotFoundError) or error.errno == errno.ESTALE:  # another host has deleted it
            raise GoneError from error
        place = self._store.describe(key)
        message = f"{place} cannot be read ({error}); see what is there, and try again."
        raise UnreadableError(message, path=place) from error

    def levels(self) -> list[str]:
        """Return the names of the packs, in order."""
        return sorted(name for name, level in self.names.items() if level)

    def pack(self, name: str) -> Pack | None:
        """Return what a pack tells; ``None`` if it holds none."""
        if name not in self.packs:
            pack = decode_pack(self.content(name), name)
            if pack is None:
                self.damaged.add(name)
                return None
            self.packs[name] = pack
        return self.packs[name]

    def forget(self, name: str) -> None:
        """Let go of what a pack told, so that it is read again when it is asked for."""
        self.packs.pop(name, None)
        self._loads.pop(name, None)

    def is_sound(self, name: str) -> bool:
        """Whether a pack is there, and holds what it should; another writer's may carry it by now."""
        with suppress(GoneError):
            return self.pack(name) is not None
        return False

    def load(self, name: str) -> list[LogEntry]:
        """Return the entries that a pack carries, and last its own."""
        if name in self._loads:
            return self._loads[name]
        with without_collections():
            entries, whole = unpacked(self.content(name), name)
        if whole:
            self._loads[name] = entries
        else:  # perhaps it can be read the next time
            self.damaged.add(name)
        return entries


def entries_among(names: set[str]) -> set[str]:
    """Return the names that entries have."""
    return {name for name in names if NAME.fullmatch(name)}


def level_of(name: str) -> int:
    """Return the level of a pack; 0 for every other name."""
    found = NAME.fullmatch(name)
    return int(found[3] or 0) if found is not None else 0


def number_of(name: str) -> int:
    """Return the number of an entry."""
    return int(name.split("-", 1)[0])


def id_of(name: str) -> str:
    """Return the id of an entry."""
    return name.split("-")[1][:16]
