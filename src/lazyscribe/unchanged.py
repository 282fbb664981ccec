"""New versions that hold what the newest one does: ``unchanged="skip"``.

The bytes are known once a save has staged them, and which version is the newest once the manifest is read under the
guard. So the files are staged as always; what turns out to add nothing is left out of the merge, its files are taken
back after the swap, and its number goes to the next one. A kill between leaves files that no record names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from lazyscribe import _utils
from lazyscribe._dates import parse_date, to_second, to_text, to_utc
from lazyscribe.codec.text import Record, decode
from lazyscribe.facts import digest_of, read_facts
from lazyscribe.reconcile import keyed
from lazyscribe.store.keys import join

if TYPE_CHECKING:
    from datetime import datetime

    from lazyscribe.document import Document
    from lazyscribe.records.entries import Entry
    from lazyscribe.rows import Row

T = TypeVar("T")

_OWN = ("created_at", "fname", "version")
"""Keys by which records of equal versions differ; the others are the handler, its environment and the expiry."""


class _Version(NamedTuple):
    """A version that a new one may be equal to.

    Attributes
    ----------
    known
        Its head or its object: when it was created and whether it has expired.
    record
        Gives its record.
    row
        Of one that is new itself.
    """

    known: Any
    record: Callable[[], Record]
    row: Row[Any] | None = None

    def age(self) -> tuple[datetime, int]:
        return to_second(self.known.created_at), self.known.version

    def is_valid(self, now: datetime) -> bool:
        return self.known.expiry is None or to_utc(self.known.expiry) > now


class NewVersions(Generic[T]):
    """Which of the new versions in a save join.

    Attributes
    ----------
    entries, rows
        Of the document, without those that do not join.
    """

    def __init__(self, document: Document[T], entries: list[Entry[T]], rows: list[Row[T]]) -> None:
        self._document = document
        self._all = entries, rows
        self._digests: dict[str, str | None] = {}
        self._equal: list[tuple[Row[T], _Version]] = []
        self.entries, self.rows = entries, rows

    def look_ahead(self) -> None:
        """Read the files that will have to be compared if nobody saves meanwhile; nobody has to wait for that."""
        self.choose(self._document._manifest.data)

    def choose(self, data: bytes | None) -> None:
        """Decide which new versions join the manifest `data`; has no effect but on what is here and on their rows."""
        if self._document.unchanged != "skip":
            return
        entries, rows = self._all
        fresh: dict[str, list[Row[T]]] = {}
        for row in rows:
            if not row.entry.saved and row.record is not None and row.drafts:
                fresh.setdefault(row.record["name"], []).append(row)
        self._equal = []
        theirs = self._theirs(data, set(fresh)) if fresh else None
        for name, group in fresh.items():
            self._choose_among(name, group, theirs)
        gone = {id(row.entry) for row, _ in self._equal}
        self.entries = [entry for entry in entries if id(entry) not in gone]
        self.rows = [row for row in rows if id(row.entry) not in gone]

    def _theirs(self, data: bytes | None, names: set[str]) -> dict[str, tuple[Any, bytes]] | None:
        """Return heads and texts of these names in the manifest, by key; ``None`` if memory holds the same."""
        if data == self._document._manifest.data or self._document._replacing:
            return None
        found = keyed(self._document, data)
        return {key: (head, found.texts[key]) for key, head in found.heads.items() if head.name in names}

    def _choose_among(self, name: str, fresh: list[Row[T]], theirs: dict[str, tuple[Any, bytes]] | None) -> None:
        standing = self._standing(name, theirs)
        for row in fresh:
            assert row.record is not None
            standing.pop(self._document._identify(row.record), None)  # it was committed, and the answer lost
        now = _utils.utcnow()
        newest = max((each for each in standing.values() if each.is_valid(now)), key=_Version.age, default=None)
        given_back = 0
        for row in fresh:
            artifact: Any = row.entry.obj
            record: Any = row.record
            record["version"] = artifact.version - given_back
            committed = theirs is not None and self._document._identify(record) in theirs
            mine = _Version(artifact, partial(_the_same, record), row)
            if newest is not None and not committed and self._is_equal(mine, newest):
                row.drafts[0].lost = True
                self._equal.append((row, newest))
                given_back += 1
            elif mine.is_valid(now) and (newest is None or mine.age() >= newest.age()):
                newest = mine

    def _standing(self, name: str, theirs: dict[str, tuple[Any, bytes]] | None) -> dict[str, _Version]:
        """Return the versions of `name` that are saved and stay, by their keys."""
        document: Any = self._document
        found: dict[str, _Version] = {}
        for entry in document._records.named(name) if not document._replacing else ():
            if not entry.saved:
                continue
            key = f"{entry.known.name}\0{entry.known.fname}"
            if theirs is not None and key not in theirs:
                continue  # somebody has taken it out; if it is put back, the new one is saved as well
            if theirs is None or theirs[key][1] == entry.text:
                found[key] = _Version(entry.known, partial(document._record_of, entry))
        removed = set(map(document._identify, map(self._decoded, document._records.removed())))
        for key, (head, text) in (theirs or {}).items():
            if head.name == name and key not in found and key not in removed:
                found[key] = _Version(head, partial(self._decoded, text))
        return found

    def _decoded(self, text: bytes) -> Record:
        return decode(text, self._document._manifest.place)

    def _is_equal(self, mine: _Version, newest: _Version) -> bool:
        assert mine.row is not None
        if mine.age()[0] < newest.age()[0]:
            return False
        record, other = mine.record(), newest.record()
        if any(record.get(key) != other.get(key) for key in (record.keys() | other.keys()).difference(_OWN)):
            return False
        digest = mine.row.drafts[0].sha256
        if newest.row is not None:
            return newest.row.drafts[0].sha256 == digest
        return self._holds(other, digest)

    def _holds(self, record: Record, digest: str) -> bool:
        """Whether the file of a version that is saved has this digest; it is read, since it may be damaged."""
        store, key = self._document._manifest.store, join(record["name"], record["fname"])
        facts = read_facts(store, key, to_text(parse_date(record["created_at"])), record["handler"])
        if facts is not None and facts.sha256 != digest:
            return False
        if key not in self._digests:
            try:
                with store.open(key) as buf:
                    self._digests[key] = digest_of(buf)[0]
            except OSError:
                self._digests[key] = None
        return self._digests[key] == digest

    def instead(self, entry: Entry[T]) -> Record | None:
        """Return the record of the version that holds what one does that does not join; ``None`` if it joins."""
        for row, equal in self._equal:
            if row.entry is entry:
                return equal.record()
        return None

    @contextmanager
    def taken_out(self) -> Iterator[None]:
        """Let memory forget what did not join, while and after it takes in what was written; say so at the end."""
        if not self._equal:
            yield
            return
        records: Any = self._document._records
        with records.lock:
            records.replace_entries(self.entries, self._all[0])
            yield
            self._renumber_later_ones(records)
            records.forget_tables()
        import logging

        place = self._document._manifest.place
        for row, equal in self._equal:
            assert row.record is not None
            message = "%r was not saved to %s again: it holds what version %d does."
            logging.getLogger("lazyscribe").info(message, row.record["name"], place, equal.known.version)

    def _renumber_later_ones(self, records: Any) -> None:
        """Give the numbers that became free to versions that were logged while the save ran."""
        known = {id(entry) for entry in self.entries}
        free = Counter(row.record["name"] for row, _ in self._equal if row.record is not None)
        for entry in records.snapshot():
            if not entry.saved and id(entry) not in known and (count := free[entry.obj.name]):
                number = entry.obj.version - count
                if not records.numbered(entry.obj.name, number):
                    entry.obj.version = number


def _the_same(record: Record) -> Record:
    return record
