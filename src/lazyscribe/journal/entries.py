"""What the journal's files hold, and which of them count. Pure.

An entry lies in ``.lazyscribe/{manifest}.log/{number}-{id}.json``. Some entries are *packs*
(``{number}-{id}-{level}.json``): beside what their own commit did they carry earlier entries, whose files go away then,
and a summary of all that came before. An older lazyscribe left notes of deletions in the same folder, which are read
as entries that follow nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from operator import attrgetter
from typing import Any, TypeAlias

import msgspec
from msgspec import Raw, Struct, structs

NAME = re.compile(r"(\d{8,})-([0-9a-f]{16})(?:-(\d))?\.json")
"""The names of the journal's files: number, id, and of a pack its level."""

Order: TypeAlias = tuple[str, int, str]
"""What entries are sorted by: time, number, id. No entry is older than one that it follows, so this order, the same
for everybody, puts each behind all that it follows."""


class Told(Struct, array_like=True, frozen=True, gc=False):
    """A record, as far as the journal tells of it.

    Attributes
    ----------
    name
        Of a version; the slug of an experiment, which has only this and `date`.
    date
        The text of a version's ``created_at``; of an experiment's ``last_updated``.
    sha256
        Of the version's file, where this commit wrote it.
    handler
        Of a version.
    """

    name: str
    fname: str = ""
    version: int = 0
    date: str = ""
    expiry: str | None = None
    sha256: str | None = None
    handler: str | None = None

    @property
    def key(self) -> str:
        """What makes two records the same one, as everywhere."""
        return f"{self.name}\0{self.fname}" if self.fname else self.name

    def same_as(self, other: Told) -> bool:
        """Whether both tell the same of one record, digests aside."""
        return (self.version, self.date, self.expiry) == (other.version, other.date, other.expiry)


class Deleted(Struct, array_like=True, frozen=True, gc=False):
    """A record that was taken out; its text, of a version, so that it can still be told what it was."""

    told: Told
    reason: str | None = None
    record: str | None = None


class Moved(Struct, array_like=True, frozen=True, gc=False):
    """An alias that points to a version from now on, or, without one, to nothing."""

    name: str
    alias: str
    version: int | None = None
    fname: str | None = None


class LogEntry(Struct, frozen=True, omit_defaults=True, gc=False):
    """What one commit did.

    Attributes
    ----------
    number
        One more than the highest that it follows.
    at
        ISO 8601 in UTC with microseconds; never before one that it follows.
    follows
        The ids of the entries that came last before: one, or several if lines of history were joined.
    void
        The ids of entries whose commits never happened.
    before, after
        Digests of the manifest, if this commit changed it: see `settled`.
    held
        In the first entry: what was in the manifest already.
    observed, missing
        What the manifest had, or had not any more, before this commit, without any entry that says so.
    files
        Digests of the files of experiments that were written, by key.
    replaced
        Everything was replaced (mode ``w``): what is deleted was not deleted by itself, numbers begin anew, and
        aliases mean nothing any more.
    notes
        What others want to tell, by kind.
    """

    id: str
    number: int
    at: str
    author: str
    follows: tuple[str, ...] = ()
    void: tuple[str, ...] = ()
    message: str | None = None
    before: str | None = None
    after: str | None = None
    held: tuple[Told, ...] = ()
    observed: tuple[Told, ...] = ()
    missing: tuple[Told, ...] = ()
    logged: tuple[Told, ...] = ()
    changed: tuple[Told, ...] = ()
    deleted: tuple[Deleted, ...] = ()
    replaced: bool = False
    aliased: tuple[Moved, ...] = ()
    files: dict[str, str] | None = None
    notes: dict[str, list[Any]] | None = None

    @property
    def order(self) -> Order:
        """What it is sorted by."""
        return (self.at, self.number, self.id)

    @property
    def is_note(self) -> bool:
        """Whether it is a note that an older lazyscribe left: of no line of entries."""
        return self.number < 0


ORDER = attrgetter("at", "number", "id")
"""Gives the order of an entry, quicker than its property."""


class Pointer(Struct, array_like=True, frozen=True, gc=False):
    """Where an alias points to, and since when."""

    version: int
    fname: str
    at: str


class Summary(Struct):
    """What is to be known of all entries together, so that nobody has to read them one by one.

    Attributes
    ----------
    upto
        The `Order` of the last of them.
    after
        The digest of the manifest after the last that changed it.
    aliases
        By name and alias.
    gone
        The keys of records that were deleted and have not come back, and their numbers.
    highest
        By name, the highest number that was ever deleted.
    deletions
        How many records were ever deleted or dropped.
    """

    upto: Order = ("", -1, "")
    after: str | None = None
    aliases: dict[str, dict[str, Pointer]] = {}
    gone: dict[str, int] = {}
    highest: dict[str, int] = {}
    deletions: int = 0

    def copy(self) -> Summary:
        """Return one that may be changed."""
        aliases = {name: dict(held) for name, held in self.aliases.items()}
        return Summary(self.upto, self.after, aliases, dict(self.gone), dict(self.highest), self.deletions)

    def is_changed_by(self, entry: LogEntry) -> bool:
        """Whether the entry changes more than `upto` and `after`."""
        if entry.missing or entry.deleted or entry.aliased or entry.replaced:
            return True
        return bool(self.gone) and any(
            told.key in self.gone for told in (*entry.observed, *entry.logged, *entry.changed)
        )

    def add(self, entry: LogEntry) -> None:
        """Take in the next entry in order."""
        self.upto = entry.order
        self.after = entry.after or self.after
        for told in entry.missing:
            self._lose(told)
        if self.gone:
            for told in (*entry.observed, *entry.logged, *entry.changed):
                self.gone.pop(told.key, None)
        if entry.replaced:
            self.highest, self.aliases = {}, {}
        for gone in entry.deleted:
            self.gone[gone.told.key] = gone.told.version
            if entry.replaced:
                self.deletions += 1
            else:
                self._lose(gone.told)
        for moved in entry.aliased:
            held = self.aliases.setdefault(moved.name, {})
            if moved.version is None or moved.fname is None:
                held.pop(moved.alias, None)
            else:
                held[moved.alias] = Pointer(moved.version, moved.fname, entry.at)

    def _lose(self, told: Told) -> None:
        self.deletions += 1
        if told.fname:
            self.highest[told.name] = max(self.highest.get(told.name, -1), told.version)


class Pack(Struct, omit_defaults=True):
    """A file that carries earlier entries.

    Attributes
    ----------
    packed
        The ids of the entries that had files of their own until then.
    covers
        The ids of all packs that came before, whether they are carried or stay.
    summary
        Of all that are carried or covered.
    open
        The ids of entries that nothing which is carried or covered follows, and that did not count yet.
    """

    entry: LogEntry
    packed: list[str] = []
    covers: list[str] = []
    summary: Summary = msgspec.field(default_factory=Summary)
    open: list[str] = []


class Load(Struct):
    """The entries that a pack carries, as they were written."""

    carried: list[Raw]


class _Load(Struct):
    entry: LogEntry
    carried: list[LogEntry]


class _Note(Struct):
    at: str
    deleted: list[str]
    author: str | None = None


_ENTRY: msgspec.json.Decoder[LogEntry] = msgspec.json.Decoder(LogEntry)
_PACK: msgspec.json.Decoder[Pack] = msgspec.json.Decoder(Pack)
_LOAD: msgspec.json.Decoder[_Load] = msgspec.json.Decoder(_Load)
_RAW: msgspec.json.Decoder[Load] = msgspec.json.Decoder(Load)
_NOTE: msgspec.json.Decoder[_Note] = msgspec.json.Decoder(_Note)
_BROKEN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def encode(entry: LogEntry) -> bytes:
    """Return the bytes of an entry's file."""
    return msgspec.json.encode(entry)


def encode_pack(pack: Pack, carried: list[bytes]) -> bytes:
    """Return the bytes of a pack's file."""
    parts = msgspec.to_builtins(pack)
    return msgspec.json.encode({**parts, "carried": [Raw(each) for each in carried]})


def decode(data: bytes, name: str) -> LogEntry | None:
    """Return the entry that a file of this name holds, or ``None`` if it holds none."""
    try:
        entry = _ENTRY.decode(data)
        return entry if name.startswith(f"{entry.number:08d}-{entry.id}") else None
    except _BROKEN:
        return _note(data, name)


def decode_pack(data: bytes, name: str) -> Pack | None:
    """Return what a pack of this name tells, without what it carries; ``None`` if it is none."""
    try:
        pack = _PACK.decode(data)
    except _BROKEN:
        return None
    return pack if name.startswith(f"{pack.entry.number:08d}-{pack.entry.id}-") else None


def unpacked(data: bytes, name: str) -> tuple[list[LogEntry], bool]:
    """Return the entries that a pack carries, and its own, without what is none; and whether that is all of them."""
    try:
        load = _LOAD.decode(data)
        return [*load.carried, load.entry], True
    except _BROKEN:
        pack = decode_pack(data, name)
        found = [entry for raw in raw_carried(data) or () if (entry := _one(raw)) is not None]
        return [*found, pack.entry] if pack is not None else found, False


def raw_carried(data: bytes) -> list[bytes] | None:
    """Return the texts of the entries that a pack carries; ``None`` if that cannot be told."""
    try:
        return [bytes(raw) for raw in _RAW.decode(data).carried]
    except _BROKEN:
        return None


def _one(raw: bytes) -> LogEntry | None:
    try:
        return _ENTRY.decode(raw)
    except _BROKEN:
        return None


def _note(data: bytes, name: str) -> LogEntry | None:
    """Return an older note of what was deleted as an entry."""
    try:
        note = _NOTE.decode(data)
    except _BROKEN:
        return None
    found = NAME.fullmatch(name)
    assert found is not None
    keys = (key.split("\0") for key in note.deleted)
    gone = tuple(Deleted(Told(key[0], key[1] if len(key) > 1 else "", -1)) for key in keys)
    return LogEntry(found[2], -1, note.at, note.author or "unknown", deleted=gone)


def settled(entries: Collection[LogEntry], holds: Callable[[LogEntry], bool]) -> list[LogEntry]:
    """Return those of `entries` whose commits have happened, in order.

    That another one follows it says so; of the last ones of each line, `holds` tells by the manifest. What one of
    these calls void does not count.
    """
    followed = {each for entry in entries for each in entry.follows}
    alive = [each for each in entries if each.is_note or each.id in followed or holds(each)]
    void = {each for entry in alive for each in entry.void}
    return sorted((entry for entry in alive if entry.id not in void), key=ORDER)


def summarised(entries: Iterable[LogEntry], start: Summary | None = None) -> Summary:
    """Return the summary of `entries`, which are in order, after those that `start` knows."""
    entries = list(entries)
    if start is not None and not any(map(start.is_changed_by, entries)):
        last = [entry.after for entry in entries if entry.after]
        return (
            structs.replace(start, upto=entries[-1].order, after=last[-1] if last else start.after)
            if entries
            else start
        )
    summary = start.copy() if start is not None else Summary()
    for entry in entries:
        summary.add(entry)
    return summary
