"""The journal of one manifest on its store: looking at it, and the next entry.

All files are in one folder, which stays small: an entry now and then carries those before it, whose files are then
deleted. So the newest, and what a merge of two clones has brought in, is found by listing that folder once.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

from lazyscribe.exception import SaveError, UnreadableError
from lazyscribe.facts import FOLDER
from lazyscribe.journal.entries import (
    ORDER,
    LogEntry,
    Pack,
    Summary,
    encode,
    encode_pack,
    raw_carried,
    settled,
    summarised,
)
from lazyscribe.journal.files import Files, GoneError, Listing, id_of, number_of
from lazyscribe.store.base import Store

LOOSE = 64
"""Entries that may have files of their own; the next one carries them."""

PACKS = 16
"""Packs of one level that there may be; the next one carries them."""

LEVELS = 3
"""Levels of packs: those of the highest are not carried any further."""

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
    names, turns
        Those of the files that were there.
    damaged
        Whether one of them was read and does not hold what it should: it may have told what the others do not.
    """

    entries: list[LogEntry]
    heads: list[LogEntry]
    open: list[str]
    summary: Summary
    whole: bool
    base: Summary | None = None
    names: Collection[str] = ()
    turns: Sequence[str] = ()
    damaged: bool = False

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
    since
        Its number, or the lowest of those that it calls void.
    seen
        What it follows.
    """

    key: str
    data: bytes
    entry: LogEntry
    obsolete: list[str]
    since: int
    seen: View


class Journal:
    """What is known of a manifest's journal. Many threads may use it; its files never change.

    Attributes
    ----------
    folder
        The key of where it lies.
    files
        What is there.
    """

    def __init__(self, store: Store, key: str) -> None:
        self._store = store
        self.folder = f"{FOLDER}/{key}.log"
        self._lock = threading.RLock()
        self.files = Files(store, self.folder)
        self._behind: tuple[list[str], list[LogEntry]] | None = None
        self._seen: tuple[dict[str, int], View] | None = None  # the last view, and of which names
        self._sure: set[str] = set()  # the ids of entries that were once seen to count

    @property
    def damaged(self) -> set[str]:
        """Names of files that cannot be read, or not all of them, at the last look."""
        return self.files.damaged

    # Looking

    def view(self, holds: Callable[[LogEntry], bool], whole: bool = False, listing: Listing | None = None) -> View:
        """Look at the journal; `holds` is as in `settled`. Names are listed now, if there is no `listing` yet."""

        def known(entry: LogEntry) -> bool:
            if entry.id not in self._sure and holds(entry):
                self._sure.add(entry.id)
            return entry.id in self._sure

        with self._lock:
            for turn in range(TRIES):
                with suppress(GoneError):
                    self.files.look((turn == 0 and listing) or self.files.listing())
                    return self._viewed(known, whole)
            message = f"{self._store.describe(self.folder)} changes all the time; try again later."
            raise SaveError(message, path=self._store.describe(self.folder))

    def _viewed(self, known: Callable[[LogEntry], bool], whole: bool) -> View:
        found = self._onward(known) or self._summarised(known)
        if found is None:
            entries = self._everything()
            counted = settled(entries, known)
            found = _view(entries, counted, summarised(counted), True)
        found = found._replace(names=self.files.names, turns=self.files.turns)
        self._seen = (self.files.names, found) if not self.files.damaged else None
        if whole and found.base is not None:
            found = found._replace(entries=[*self._packed(found), *found.entries], whole=True, base=None)
        return found._replace(damaged=bool(self.files.damaged))

    def _onward(self, holds: Callable[[LogEntry], bool]) -> View | None:
        """Return the last view and what has come since; ``None`` if that is more than entries behind it in one line.

        It is what looking at all of them would give: then nothing changes for those that were there.
        """
        if self._seen is None or self.files.damaged or self._seen[1].open:
            return None
        if not self._seen[0].keys() <= self.files.names.keys():
            return None
        view, names = self._seen[1], self.files.names.keys() - self._seen[0].keys()
        if not names:
            return view
        if any(self.files.names[name] for name in names):
            return None
        fresh = sorted((self.files.loose[name][0] for name in names), key=ORDER)
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

    def _summarised(self, holds: Callable[[LogEntry], bool]) -> View | None:
        """Return a view that rests on the summary of the last pack; ``None`` if that does not know all the others."""
        packs = self.files.levels()[::-1]
        if not packs:
            entries = [entry for entry, _ in self.files.loose.values()]
            counted = settled(entries, holds)
            return _view(entries, counted, summarised(counted), True)
        last = self.files.pack(packs[0])
        if last is None or not {id_of(name) for name in packs[1:]} <= set(last.covers):
            return None
        packed = set(last.packed)
        entries = [entry for entry, _ in self.files.loose.values() if entry.id not in packed] + [last.entry]
        counted = settled(entries, holds)
        view = _view(entries, counted, summarised(counted, last.summary), False)
        unknown = set(view.open) - set(last.open)  # perhaps something that is carried follows one of these
        early = (each for each in entries if each.order <= last.summary.upto)
        if last.entry not in counted or any(each in counted or each.id in unknown for each in early):
            return None
        return view._replace(base=last.summary)

    def _packed(self, view: View) -> list[LogEntry]:
        """Return, in order, what the last pack summarises, of which `view` has the others; all of it counts."""
        packs = self.files.levels()
        if self._behind is not None and self._behind[0] == packs:
            return self._behind[1]
        last = self.files.packs[packs[-1]]
        held = list(chain.from_iterable(map(self.files.load, packs)))
        if held[-1:] == [last.entry]:  # not what it summarises
            del held[-1]
        ids = {entry.id for entry in held}
        packed = set(last.packed)
        lost = packed - ids
        if lost and (spare := [entry for entry in self.files.entries() if entry.id in lost]):
            void = _void([*held, *view.entries])
            held += [entry for entry in spare if entry.id not in void]  # what carries it is damaged, or missing
            ids = {entry.id for entry in held}
        if len(ids) < len(held):
            held = list({entry.id: entry for entry in held}.values())
        loose = {entry.id for entry, _ in self.files.loose.values()} - packed | {last.entry.id}
        if not ids.isdisjoint(loose):
            held = [entry for entry in held if entry.id not in loose]
        times = [entry.at for entry in held]
        held = held if sorted(times) == times else sorted(held, key=ORDER)
        self._behind = (packs, held) if not self.files.damaged else None
        return held

    def _everything(self) -> list[LogEntry]:
        found = {entry.id: entry for entry, _ in self.files.loose.values()}
        for name in self.files.levels():
            found.update({entry.id: entry for entry in self.files.load(name)})
        return list(found.values())

    # Writing

    def ticket(self, view: View, now: datetime, author: str, parts: dict[str, Any], turn: str = "") -> Ticket:
        """Return the next entry, which follows all of `view`; `parts` are its fields beside those of its place.

        One that changes the manifest calls void what is still open: the manifest shows that it has not happened. Its id
        begins with that of the `turn`. Beside a damaged file nothing is called void: that may have told that it has.
        """
        number = max((entry.number for entry in view.heads), default=0) + 1
        at = max([now.isoformat(timespec="microseconds"), *(entry.at for entry in view.entries[-1:])])
        follows = _ids(view.heads)
        changes = parts.get("after") != parts.get("before")
        void = tuple(view.open) if changes and not view.damaged else ()
        entry = LogEntry(turn + os.urandom(8 - len(turn) // 2).hex(), number, at, author, follows, void, **parts)
        with self._lock:
            over = [name for name in self.files.names if id_of(name) in void] if void else []
            since = min(map(number_of, over), default=number)
            obsolete = [f"{self.folder}/{name}" for name in over]
            if len(self.files.loose) >= LOOSE:
                counted = {each.id for each in view.entries}
                found = ((each.order, name) for name, (each, _) in self.files.loose.items() if each.id in counted)
                if len(loose := [name for _, name in sorted(found)]) >= LOOSE:
                    key, data, gone = self._packing(entry, view, loose)
                    return Ticket(key, data, entry, [*obsolete, *gone], since, view)
        return Ticket(self._key(entry), encode(entry), entry, obsolete, since, view)

    def _packing(self, entry: LogEntry, view: View, loose: list[str]) -> tuple[str, bytes, list[str]]:
        """Return key and bytes of a pack, and the keys of what it makes superfluous.

        Of what others have created since `view` it knows nothing, even if that was listed: it stays as it is.
        """
        sound = [name for name in self.files.levels() if name in view.names and self.files.is_sound(name)]
        level, absorbed = 1, []
        while level < LEVELS and len(same := [name for name in sound if self.files.names[name] == level]) >= PACKS - 1:
            absorbed += same
            level += 1
        texts: list[bytes] = []
        for name in sorted(absorbed):
            with suppress(GoneError):  # another pack carries it, and covers what is in it
                if (carried := raw_carried(self.files.content(name))) is None:  # it would all go away with it
                    self.files.forget(name)
                    place = self._store.describe(f"{self.folder}/{name}")
                    raise UnreadableError(f"{place} cannot be read; see what is there, and save again.", path=place)
                texts += [*carried, encode(self.files.packs[name].entry)]
        texts += [self._text(*self.files.loose[name]) for name in loose]
        known = {*map(id_of, loose), *view.open}
        seen = self.files.loose.keys() & view.names
        left = self._superfluous(sorted(name for name in seen if id_of(name) not in known), view, sound)
        packed, covers = [id_of(name) for name in (*loose, *left)], [id_of(name) for name in sound]
        still = [] if view.damaged else [each for each in view.open if each not in entry.void]
        pack = Pack(entry, packed, covers, view.summary, still)
        done = {id_of(name)[:8] for name in loose}
        turns = [name for name in view.turns if name[-8:] in done]
        gone = [f"{self.folder}/{name}" for name in (*loose, *left, *absorbed, *turns)]
        return self._key(entry, level), encode_pack(pack, texts), gone

    def _superfluous(self, names: list[str], view: View, packs: list[str]) -> list[str]:
        """Return those of `names` that are void, or that one of these packs carries of which all can be read."""
        void, carried = _void(view.entries), set[str]()
        for pack in packs if any(id_of(name) not in void for name in names) else ():
            with suppress(GoneError):
                entries = self.files.load(pack)
                void |= _void(entries)
                if pack not in self.files.damaged:
                    carried |= {entry.id for entry in entries}
        return [name for name in names if id_of(name) in void | carried]

    def _text(self, entry: LogEntry, data: bytes) -> bytes:
        return encode(entry) if entry.is_note else data

    def _key(self, entry: LogEntry, level: int = 0) -> str:
        return f"{self.folder}/{entry.number:08d}-{entry.id}{f'-{level}' if level else ''}.json"

    def accept(self, ticket: Ticket) -> None:
        """Take note that an entry counts, and delete what it has made superfluous, as far as that is possible."""
        name = _name(ticket.key)
        with self._lock:
            self._sure.add(ticket.entry.id)
            self.files.add(name, ticket.entry, ticket.data)
        self._store.discard(ticket.obsolete)  # what cannot be is left; the next pack tries again


def _view(entries: Iterable[LogEntry], counted: list[LogEntry], summary: Summary, whole: bool) -> View:
    known = {entry.id for entry in counted}
    followed = {each for entry in counted for each in entry.follows}
    void = _void(counted)
    heads = [entry for entry in counted if entry.id not in followed and not entry.is_note]
    still = sorted(entry.id for entry in entries if entry.id not in known and entry.id not in void)
    return View(counted, heads, still, summary, whole)


def _void(entries: Iterable[LogEntry]) -> set[str]:
    return {each for entry in entries for each in entry.void}


def _ids(entries: Iterable[LogEntry]) -> tuple[str, ...]:
    return tuple(sorted(entry.id for entry in entries))


def _name(key: str) -> str:
    return key.rpartition("/")[2]
