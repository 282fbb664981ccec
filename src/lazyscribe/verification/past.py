"""The files that only the journal names: of versions that were deleted, or that another program dropped.

`repository.at` loads them still, so they are nobody's leftovers. Nothing loads those of deleted experiments.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from msgspec.structs import replace

from lazyscribe.exception import UnreadableError
from lazyscribe.journal.entries import LogEntry, Told
from lazyscribe.journal.files import Files, Listing, id_of, level_of
from lazyscribe.journal.log import Journal
from lazyscribe.manifest import Digests
from lazyscribe.store.base import Store
from lazyscribe.store.keys import fold, join

DROPPED = "which another program dropped"
"""What is said of a version that is not in the manifest, without anybody having deleted it."""


class Gone(NamedTuple):
    """A version as the journal told of it last, and what is said of it if no record holds it any more."""

    told: Told
    why: str


class Past(NamedTuple):
    """What a journal tells of files.

    Attributes
    ----------
    versions
        Those that were ever told of, by the keys of their files; the living ones are among them.
    experiments
        Digests of the files that were written for experiments, by their keys.
    damaged
        Keys of the journal's files that hold no entry.
    trouble
        Why the journal cannot be read; empty if it can.
    missing
        The ids of entries that others follow and that are nowhere.
    listed
        The keys of what lay in the journal's folder; ``None`` where that cannot be listed.
    """

    versions: dict[str, Gone]
    experiments: dict[str, str]
    damaged: list[str]
    trouble: str = ""
    missing: Collection[str] = ()
    listed: Collection[str] | None = None

    @property
    def gap(self) -> str:
        """Why it does not tell of everything; empty if it does."""
        if self.trouble:
            return self.trouble
        if self.missing:
            return "entries are missing"
        return "entries are damaged" if self.damaged else ""

    def folded(self) -> set[str]:
        """Return the folded keys of all files."""
        return {fold(key) for key in chain(self.versions, self.experiments)}


def read_past(store: Store, key: str, data: bytes | None) -> Past:
    """Return what the journal of the manifest `key` tells, which is `data`; reads all of it once, and never raises.

    An entry that may have happened counts: only of one whose manifest still is the one before is that known not to be.
    """
    journal = Journal(store, key)
    listed = list_log(store, key)
    digest = Digests().of(data) if data is not None else ""

    def holds(entry: LogEntry) -> bool:
        return entry.after in (None, digest) or entry.before != digest

    try:
        entries = journal.view(holds, whole=True, listing=_given(listed, journal)).entries
    except Exception as error:  # whatever a file system may raise
        return Past({}, {}, [], _reason(error), listed=listed)
    written = {key: sha256 for entry in entries for key, sha256 in (entry.files or {}).items()}
    damaged = [f"{journal.folder}/{name}" for name in sorted(journal.damaged)]
    missing = _missing(entries, journal.files) if not any(map(level_of, journal.damaged)) else ()
    return Past(_versions(entries), written, damaged, "", missing, listed)


def _reason(error: Exception) -> str:
    """Return what cannot be read, and why."""
    cause, path = error.__cause__, getattr(error, "path", None)
    if isinstance(error, UnreadableError) and cause is not None and path is not None:
        return f"{path}: {str(cause) or type(cause).__name__}"
    return str(error).rstrip(".") or type(error).__name__


def list_log(store: Store, key: str) -> frozenset[str] | None:
    """Return the names in the folder of the journal of `key`; ``None`` where it cannot be listed."""
    try:
        return frozenset(Journal(store, key).files.listing()())
    except Exception:  # whatever a file system may raise
        return None


def _given(listed: frozenset[str] | None, journal: Journal) -> Listing:
    """Return what gives the names that were listed."""
    return (lambda: set(listed)) if listed is not None else journal.files.listing()


def _missing(entries: Sequence[LogEntry], files: Files) -> list[str]:
    """Return the ids of entries that are nowhere, though some that count follow them.

    Whoever calls one void deletes it, and another one may have followed it before: it is not missed.
    """
    known = {id_of(name) for name in files.names}
    known.update(entry.id for entry in entries)
    known.update(each for entry in chain(entries, files.entries()) for each in entry.void)
    return sorted({each for entry in entries for each in entry.follows} - known)


def _versions(entries: Iterable[LogEntry]) -> dict[str, Gone]:
    found: dict[str, Gone] = {}
    for entry in entries:
        if entry.is_note:  # of what it deleted nothing is known that could be loaded
            continue
        for told in chain(entry.held, entry.observed, entry.logged, entry.changed):
            _take(found, told, DROPPED)
        for each in entry.deleted:
            _take(found, each.told, f"which {entry.author} deleted{f' ({each.reason})' if each.reason else ''}")
    return found


def _take(found: dict[str, Gone], told: Told, why: str) -> None:
    """Take in what is told of a version; the digest of its file was told when that was written."""
    if not told.fname:
        return
    key = join(told.name, told.fname)
    before = found.get(key)
    if before is not None and told.sha256 is None and before.told.date == told.date:
        told = replace(told, sha256=before.told.sha256)
    found[key] = Gone(told, why)
