"""The versions of a repository, found by name and by whatever tells versions apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lazyscribe._utils import EDITS
from lazyscribe.records.base import RecordList
from lazyscribe.records.entries import Entry
from lazyscribe.store.keys import candidates, fold, join

if TYPE_CHECKING:
    from lazyscribe.artifacts.base import Artifact
    from lazyscribe.index import Selector, VersionIndex


class _Group:
    """The versions of one name, and their index once it is needed."""

    def __init__(self) -> None:
        self.entries: list[Entry[Artifact]] = []
        self._index: VersionIndex | None = None

    def add(self, entry: Entry[Artifact]) -> None:
        self.entries.append(entry)
        if self._index is not None:
            self._index.add(*_row(entry))

    def cut(self, count: int) -> None:
        """Let go of all but the first `count` versions."""
        del self.entries[count:]
        if self._index is not None:
            self._index.cut(count)

    def index(self) -> VersionIndex:
        if self._index is None:
            from lazyscribe.index import VersionIndex

            self._index = VersionIndex([_row(entry) for entry in self.entries])
        return self._index


def _row(entry: Entry[Artifact]) -> tuple[datetime, int, datetime | None]:
    known = entry.known
    return known.created_at, known.version, known.expiry


class VersionList(RecordList["Artifact"]):
    """Versions in the order of the file."""

    def _reindex(self) -> None:
        self._groups: dict[str, _Group] | None = None
        self._keys: dict[str, int] | None = None
        self._edits = -1
        self._tried: dict[str, int] = {}

    def _table(self) -> dict[str, _Group]:
        if self._groups is None or self._edits != EDITS.count:
            edits = EDITS.count
            groups: dict[str, _Group] = {}
            for entry in self._entries:
                groups.setdefault(entry.known.name, _Group()).add(entry)
            self._groups, self._keys, self._edits = groups, None, edits
        return self._groups

    def _owned(self) -> dict[str, int]:
        """Return how many records own each file; look-ups need it not."""
        self._table()
        if self._keys is None:
            self._keys = Counter(_key_of(entry) for entry in self._entries)
        return self._keys

    def _appended(self, entry: Entry[Artifact]) -> None:
        if self._groups is not None:
            self._groups.setdefault(entry.known.name, _Group()).add(entry)
        if self._keys is not None:
            key = _key_of(entry)
            self._keys[key] = self._keys.get(key, 0) + 1

    def _leave(self, entries: list[Entry[Artifact]]) -> None:
        if self._groups is None or self._edits != EDITS.count:
            self._reindex()
            return
        for entry in reversed(entries):
            group = self._groups[entry.known.name]
            if len(group.entries) > 1:
                group.cut(len(group.entries) - 1)
            else:
                del self._groups[entry.known.name]
            if self._keys is not None:
                self._keys[_key_of(entry)] -= 1

    def find(self, name: str, selector: Selector, now: datetime) -> Entry[Artifact] | None:
        """Return the entry that `selector` means among the versions of `name`."""
        with self.lock:
            if (group := self._table().get(name)) is None:
                return None
            position = group.index().find(selector, now)
            return None if position is None else group.entries[position]

    def named(self, name: str) -> list[Entry[Artifact]]:
        """Return the entries of that name in the order of the file."""
        with self.lock:
            group = self._table().get(name)
            return list(group.entries) if group is not None else []

    def span(self, name: str) -> tuple[int, Entry[Artifact], Entry[Artifact]]:
        """Return how many versions of that name there are, the first and the last; there must be one."""
        with self.lock:
            entries = self._table()[name].entries
            return len(entries), entries[0], entries[-1]

    def has(self, name: str) -> bool:
        """Whether there is a version of that name."""
        with self.lock:
            return name in self._table()

    def names(self) -> list[str]:
        """Return the names in the order of their first version."""
        with self.lock:
            return list(self._table())

    def next_number(self, name: str) -> int:
        """Return the number after the highest that a version of that name has or had."""
        with self.lock:
            group = self._table().get(name)
            number = group.index().next_number() if group is not None else 0
            gone = (entry.known for entry in self._removed if entry.saved)
            burnt = max((known.version for known in gone if known.name == name), default=-1)
            return max(number, burnt + 1, self.burnt.get(name, -1) + 1)

    def stay_above(self, fresh: Iterable[dict[str, Any]], highest: Mapping[str, int]) -> None:
        """Give new records, of names of which versions were deleted, numbers above the `highest` of these."""
        free: dict[str, int] = {}
        for record in fresh:
            if (name := record["name"]) in highest:
                if name not in free:
                    saved = (entry.known.version for entry in self.named(name) if entry.saved)
                    free[name] = max([highest[name], *saved]) + 1
                record["version"] = max(free[name], record["version"])
                free[name] = record["version"] + 1

    def forget_removed(self, entries: list[Entry[Artifact]]) -> None:
        """Take note, and of the numbers, which are not used again."""
        with self.lock:
            super().forget_removed(entries)
            for known in (entry.known for entry in entries if entry.saved):
                self.burnt = {**self.burnt, known.name: max(known.version, self.burnt.get(known.name, -1))}

    def take_out(self, entry: Entry[Artifact]) -> None:
        """Remove an entry, without making its object."""
        with self.lock:
            del self[self._entries.index(entry)]

    def duplicates(self) -> dict[str, list[int]]:
        """Return the numbers that more than one version of a name holds."""
        with self.lock:
            found = {name: sorted(group.index().duplicates()) for name, group in self._table().items()}
        return {name: numbers for name, numbers in found.items() if numbers}

    def numbered(self, name: str, number: int) -> list[Entry[Artifact]]:
        """Return the entries of that name and number; more than one only where racing writers left them."""
        with self.lock:
            group = self._table().get(name)
            return [group.entries[position] for position in group.index().held(number)] if group is not None else []

    def set_expiry(self, entry: Entry[Artifact], expiry: datetime) -> None:
        """Let the version of `entry` expire."""
        with self.lock:
            artifact = self.get(entry)
            group = self._table()[artifact.name]
            object.__setattr__(artifact, "expiry", expiry)  # the index is told, not built again
            group.index().set_expiry(group.entries.index(entry), expiry)

    def free_name(self, name: str, fname: str) -> str:
        """Return the first of `fname` and its numbered forms that no version has for a file.

        A version that was taken out has it until the next save.
        """
        with self.lock:
            saved = (entry.known for entry in self._removed if entry.saved)
            gone = {fold(join(known.name, known.fname)) for known in saved}
            wanted = fold(join(name, fname))
            start = self._tried.get(wanted, 1)
            for number, free in enumerate(candidates(fname, start), start - 1):
                if not self.owners(key := join(name, free)) and fold(key) not in gone:
                    self._tried[wanted] = max(number, 1)
                    return free
            raise AssertionError("candidates never end")  # pragma: no cover

    def owners(self, key: str) -> int:
        """Return how many records own the file `key`; spellings that one file system takes for the same count."""
        with self.lock:
            return self._owned().get(fold(key), 0)


def _key_of(entry: Entry[Artifact]) -> str:
    known = entry.known
    return fold(join(known.name, known.fname))
