"""The journal of one manifest on its store: looking at it, and the next entry.

All files are in one folder, which stays small: an entry now and then carries those before it, whose files are then
deleted. So the newest, and what a merge of two clones has brought in, is found by listing that folder once.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

from lazyscribe._utils import without_collections
from lazyscribe.exception import SaveError, UnreadableError
from lazyscribe.facts import FOLDER
from lazyscribe.journal.entries import (
    NAME,
    ORDER,
    LogEntry,
    Pack,
    Summary,
    decode,
    decode_pack,
    encode,
    encode_pack,
    raw_carried,
    settled,
    summarised,
    unpacked,
)
from lazyscribe.store.base import Store

Listing: TypeAlias = Callable[[], set[str]]

LOOSE = 64
"""Entries that may have files of their own; the next one carries them."""

PACKS = 16
"""Packs of one level that there may be; the next one carries them."""

LEVELS = 3
"""Levels of packs: those of the highest are not carried any further."""

TOGETHER = 16
"""Entries that are read at the same time, where answers come late."""

TRIES = 100
"""How often a folder is listed again because what it showed is gone."""


class View(NamedTuple):
    """The journal as it is.

    Attributes
    ----------
    entries
        Those that count, in order; of those that a pack summarises only the pack's own, unless all were asked for.
    heads
        Of these, the ones that nothing follows.
    open
        The ids of entries whose commits are under way or never happened.
    summary
        Of all that count.
    whole
        Whether `entries` are all there are.
    base
        If not: the summary of those before.
    """

    entries: list[LogEntry]
    heads: list[LogEntry]
    open: list[str]
    summary: Summary
    whole: bool
    base: Summary | None = None

    @property
    def started(self) -> bool:
        """Whether there is an entry, older notes aside."""
        return bool(self.heads)


class Ticket(NamedTuple):
    """An entry that is to be written.

    Attributes
    ----------
    obsolete
        The keys of files that nobody needs once this one counts.
    """

    key: str
    data: bytes
    entry: LogEntry
    obsolete: list[str]


class _GoneError(Exception):
    """A file that was listed is there no more."""


class Journal:
    """What is known of a manifest's journal. Many threads may use it; its files never change.

    Attributes
    ----------
    damaged
        Names of files that hold no entry, at the last look.
    """

    def __init__(self, store: Store, key: str) -> None:
        self._store = store
        self.folder = f"{FOLDER}/{key}.log"
        self._lock = threading.RLock()
        self._names: dict[str, int] = {}  # with their levels
        self._loose: dict[str, tuple[LogEntry, bytes]] = {}
        self._packs: dict[str, Pack] = {}
        self._loads: dict[str, list[LogEntry]] = {}
        self._behind: tuple[list[str], list[LogEntry]] | None = None
        self._seen: tuple[dict[str, int], View] | None = None  # the last view, and of which names
        self._sure: set[str] = set()  # the ids of entries that were once seen to count
        self.damaged: set[str] = set()

    # Looking

    def listing(self) -> Listing:
        """Return what gives the names of the files; where answers come late, they are on their way from now on."""
        start = len(self.folder) + 1
        return self._store.ahead(lambda: {key[start:] for key in self._store.files_in(self.folder)})

    def view(self, holds: Callable[[LogEntry], bool], whole: bool = False, listing: Listing | None = None) -> View:
        """Look at the journal; `holds` is as in `settled`. Names are listed now, if there is no `listing` yet."""

        def known(entry: LogEntry) -> bool:
            if entry.id not in self._sure and holds(entry):
                self._sure.add(entry.id)
            return entry.id in self._sure

        with self._lock:
            for turn in range(TRIES):
                with suppress(_GoneError):
                    self._look((turn == 0 and listing) or self.listing())
                    return self._viewed(known, whole)
            message = f"{self._store.describe(self.folder)} changes all the time; try again later."
            raise SaveError(message, path=self._store.describe(self.folder))

    def _viewed(self, known: Callable[[LogEntry], bool], whole: bool) -> View:
        found = self._onward(known) or self._summarised(known)
        if found is None:
            entries = self._everything()
            counted = settled(entries, known)
            found = _view(entries, counted, summarised(counted), True)
        self._seen = (self._names, found) if not self.damaged else None
        if not whole or found.base is None:
            return found
        return found._replace(entries=[*self._packed(), *found.entries], whole=True, base=None)

    def _onward(self, holds: Callable[[LogEntry], bool]) -> View | None:
        """Return the last view and what has come since; ``None`` if that is more than entries behind it in one line.

        It is what looking at all of them would give: then nothing changes for those that were there.
        """
        if self._seen is None or self.damaged or self._seen[1].open or not self._seen[0].keys() <= self._names.keys():
            return None
        view, names = self._seen[1], self._names.keys() - self._seen[0].keys()
        if not names:
            return view
        if any(self._names[name] for name in names):
            return None
        fresh = sorted((self._loose[name][0] for name in names), key=ORDER)
        heads, upto = view.heads, view.summary.upto
        for entry in fresh:
            if entry.void or entry.order <= upto or entry.follows != _ids(heads):
                return None
            heads, upto = [entry], entry.order
        if not holds(fresh[-1]):
            return None
        entries, summary = [*view.entries, *fresh], summarised(fresh, view.summary)
        return view._replace(entries=entries, heads=heads, summary=summary)

    def counts(self, view: View, entry: str) -> bool:
        """Whether the entry of that id is known to count."""
        return entry in self._sure or any(each.id == entry for each in view.entries)

    def _look(self, listing: Listing) -> None:
        listed = listing()
        names = {name: level for name, level in self._names.items() if name in listed}
        names |= {name: _level(name) for name in listed - names.keys() if NAME.fullmatch(name)}
        self._names, self.damaged = names, set()
        self._read([name for name in names.keys() - self._loose.keys() if not names[name]])
        for known in (self._loose, self._packs, self._loads):
            for name in known.keys() - names.keys():
                del known[name]

    def _read(self, names: list[str]) -> None:
        """Read entries; where answers come late, some are on their way at the same time."""
        for start in range(0, len(names), TOGETHER):
            part = names[start : start + TOGETHER]
            contents = [self._store.ahead(partial(self._content, name)) for name in part]
            for name, content in zip(part, contents, strict=True):
                data = content()
                entry = decode(data, name)
                if entry is None:
                    self.damaged.add(name)
                else:
                    self._loose[name] = entry, data

    def _content(self, name: str) -> bytes:
        """Return the bytes of a file; none where it cannot be read.

        Raises
        ------
        _GoneError
            It is there no more, since a pack carries it now.
        """
        try:
            found = self._store.read(f"{self.folder}/{name}")
        except OSError:
            return b""
        if found is None:
            raise _GoneError
        return found[0]

    def _pack(self, name: str) -> Pack | None:
        if name not in self._packs:
            pack = decode_pack(self._content(name), name)
            if pack is None:
                self.damaged.add(name)
                return None
            self._packs[name] = pack
        return self._packs[name]

    def _summarised(self, holds: Callable[[LogEntry], bool]) -> View | None:
        """Return a view that rests on the summary of the last pack; ``None`` if that does not know all the others."""
        packs = sorted((name for name, level in self._names.items() if level), reverse=True)
        if not packs:
            entries = [entry for entry, _ in self._loose.values()]
            counted = settled(entries, holds)
            return _view(entries, counted, summarised(counted), True)
        last = self._pack(packs[0])
        if last is None or not {_id(name) for name in packs[1:]} <= set(last.covers):
            return None
        packed = set(last.packed)
        entries = [entry for entry, _ in self._loose.values() if entry.id not in packed] + [last.entry]
        counted = settled(entries, holds)
        if last.entry not in counted or counted[0].order <= last.summary.upto:
            return None
        view = _view(entries, counted, summarised(counted, last.summary), False)
        return view._replace(base=last.summary)

    def _packed(self) -> list[LogEntry]:
        """Return, in order, what the last pack summarises; all of it counts."""
        packs = sorted(name for name, level in self._names.items() if level)
        if self._behind is None or self._behind[0] != packs:
            last = self._packs[packs[-1]]
            held = list(chain.from_iterable(map(self._load, packs)))
            del held[-1]  # the last pack's own entry
            ids = {entry.id for entry in held}
            if len(ids) < len(held):
                held = list({entry.id: entry for entry in held}.values())
            loose = {entry.id for entry, _ in self._loose.values()} - set(last.packed) | {last.entry.id}
            if not ids.isdisjoint(loose):
                held = [entry for entry in held if entry.id not in loose]
            times = [entry.at for entry in held]
            self._behind = packs, held if sorted(times) == times else sorted(held, key=ORDER)
        return self._behind[1]

    def _everything(self) -> list[LogEntry]:
        found = {entry.id: entry for entry, _ in self._loose.values()}
        for name in (name for name, level in self._names.items() if level):
            found.update({entry.id: entry for entry in self._load(name)})
        return list(found.values())

    def _load(self, name: str) -> list[LogEntry]:
        """Return the entries that a pack carries, and last its own."""
        if name in self._loads:
            return self._loads[name]
        with without_collections():
            entries = unpacked(self._content(name), name)
        if entries:
            self._loads[name] = entries
        else:  # perhaps it can be read the next time
            self.damaged.add(name)
        return entries

    # Writing

    def ticket(self, view: View, now: datetime, author: str, parts: dict[str, Any]) -> Ticket:
        """Return the next entry, which follows all of `view`; `parts` are its fields beside those of its place.

        One that changes the manifest calls void what is still open: the manifest shows that it has not happened.
        """
        number = max((entry.number for entry in view.heads), default=0) + 1
        at = max([now.isoformat(timespec="microseconds"), *(entry.at for entry in view.entries[-1:])])
        follows = _ids(view.heads)
        void = tuple(view.open) if parts.get("after") != parts.get("before") else ()
        entry = LogEntry(os.urandom(8).hex(), number, at, author, follows, void, **parts)
        with self._lock:
            obsolete = [f"{self.folder}/{name}" for name in self._names if _id(name) in void] if void else []
            if len(self._loose) >= LOOSE:
                counted = {each.id for each in view.entries}
                found = ((each.order, name) for name, (each, _) in self._loose.items() if each.id in counted)
                if len(loose := [name for _, name in sorted(found)]) >= LOOSE:
                    return self._packing(entry, view, loose, obsolete)
        return Ticket(self._key(entry), encode(entry), entry, obsolete)

    def _packing(self, entry: LogEntry, view: View, loose: list[str], obsolete: list[str]) -> Ticket:
        sound = [name for name, level in self._names.items() if level and self._is_sound(name)]
        level, absorbed = 1, []
        while level < LEVELS and len(same := [name for name in sound if self._names[name] == level]) >= PACKS - 1:
            absorbed += same
            level += 1
        texts: list[bytes] = []
        for name in sorted(absorbed):
            with suppress(_GoneError):  # another pack carries it, and covers what is in it
                if not (data := self._content(name)):  # what it carries would go away with it
                    place = self._store.describe(f"{self.folder}/{name}")
                    raise UnreadableError(f"{place} cannot be read; see what is there, and save again.", path=place)
                texts += [*raw_carried(data), encode(self._packs[name].entry)]
        texts += [self._text(*self._loose[name]) for name in loose]
        known = {*map(_id, loose), *view.open}
        left = [name for name in self._loose if _id(name) not in known]  # carried already, or void
        pack = Pack(entry, [_id(name) for name in (*loose, *left)], [_id(name) for name in sound], view.summary)
        gone = [f"{self.folder}/{name}" for name in (*loose, *left, *absorbed)]
        return Ticket(self._key(entry, level), encode_pack(pack, texts), entry, [*obsolete, *gone])

    def _is_sound(self, name: str) -> bool:
        """Whether a pack is there, and holds what it should; another writer's may carry it by now."""
        with suppress(_GoneError):
            return self._pack(name) is not None
        return False

    def _text(self, entry: LogEntry, data: bytes) -> bytes:
        return encode(entry) if entry.is_note else data

    def _key(self, entry: LogEntry, level: int = 0) -> str:
        return f"{self.folder}/{entry.number:08d}-{entry.id}{f'-{level}' if level else ''}.json"

    def accept(self, ticket: Ticket) -> None:
        """Take note that an entry counts, and delete what it has made superfluous, as far as that is possible."""
        name = _name(ticket.key)
        with self._lock:
            self._sure.add(ticket.entry.id)
            if not _level(name):
                self._loose[name] = ticket.entry, ticket.data
        self._store.discard(ticket.obsolete)  # what cannot be is left; the next pack tries again


def _view(entries: Iterable[LogEntry], counted: list[LogEntry], summary: Summary, whole: bool) -> View:
    known = {entry.id for entry in counted}
    followed = {each for entry in counted for each in entry.follows}
    void = {each for entry in counted for each in entry.void}
    heads = [entry for entry in counted if entry.id not in followed and not entry.is_note]
    still = sorted(entry.id for entry in entries if entry.id not in known and entry.id not in void)
    return View(counted, heads, still, summary, whole)


def _ids(entries: Iterable[LogEntry]) -> tuple[str, ...]:
    return tuple(sorted(entry.id for entry in entries))


def _name(key: str) -> str:
    return key.rpartition("/")[2]


def _level(name: str) -> int:
    found = NAME.fullmatch(name)
    return int(found[3] or 0) if found is not None else 0


def _id(name: str) -> str:
    return name.split("-")[1][:16]
