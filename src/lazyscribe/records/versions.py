"""The versions of a repository, found by name and by whatever tells versions apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lazyscribe._utils import EDITS, without_collections
from lazyscribe.records.base import RecordList
from lazyscribe.records.entries import Entry
from lazyscribe.store.keys import candidates, fold, join

if TYPE_CHECKING:
    from lazyscribe.artifacts.base import Artifact
    from lazyscribe.index import Selector, VersionIndex


class VersionList(RecordList["Artifact"]):
    """Versions in the order of the file."""

    def _reindex(self) -> None:
        self._groups: dict[str, list[int]] | None = None
        self._indexes: dict[str, VersionIndex] = {}
        self._keys: dict[str, int] | None = None
        self._edits = -1
        self._tried: dict[str, int] = {}

    def _table(self) -> dict[str, list[int]]:
        """Return the places of the versions of each name."""
        if self._groups is None or self._edits != EDITS.count:
            edits = EDITS.count
            groups: dict[str, list[int]] = defaultdict(list)
            for position, name in enumerate([known.name for known in self._known()]):
                groups[name].append(position)
            self._groups, self._indexes, self._keys, self._edits = dict(groups), {}, None, edits
        return self._groups

    def _index(self, name: str, positions: list[int]) -> VersionIndex:
        """Return the index of the versions of a name, which stand at `positions`; it is made when it is needed."""
        if name not in self._indexes:
            from lazyscribe.index import VersionIndex

            known = self._known(positions)
            with without_collections():
                self._indexes[name] = VersionIndex([(each.created_at, each.version, each.expiry) for each in known])
        return self._indexes[name]

    def _owned(self) -> dict[str, int]:
        """Return how many records own each file; look-ups need it not."""
        self._table()
        if self._keys is None:
            self._keys = Counter(_key_of(entry) for entry in self._entries)
        return self._keys

    def _appended(self, position: int) -> None:
        entry = self._entries[position]
        known = entry.known
        if self._groups is not None:
            self._groups.setdefault(known.name, []).append(position)
            if (index := self._indexes.get(known.name)) is not None:
                index.add(known.created_at, known.version, known.expiry)
        if self._keys is not None:
            key = _key_of(entry)
            self._keys[key] = self._keys.get(key, 0) + 1

    def _leave(self, entries: list[Entry[Artifact]]) -> None:
        if self._groups is None or self._edits != EDITS.count:
            self._reindex()
            return
        for entry in reversed(entries):
            positions = self._groups[name := entry.known.name]
            positions.pop()
            if (index := self._indexes.get(name)) is not None:
                index.cut(len(positions))
            if not positions:
                del self._groups[name]
                self._indexes.pop(name, None)
            if self._keys is not None:
                self._keys[_key_of(entry)] -= 1

    def find(self, name: str, selector: Selector, now: datetime) -> Entry[Artifact] | None:
        """Return the entry that `selector` means among the versions of `name`."""
        with self.lock:
            if (positions := self._table().get(name)) is None:
                return None
            place = self._index(name, positions).find(selector, now)
            return None if place is None else self._entry(positions[place])

    def named(self, name: str) -> list[Entry[Artifact]]:
        """Return the entries of that name in the order of the file."""
        with self.lock:
            return [self._entries[position] for position in self._table().get(name, ())]

    def span(self, name: str) -> tuple[int, Entry[Artifact], Entry[Artifact]]:
        """Return how many versions of that name there are, the first and the last; there must be one."""
        with self.lock:
            positions = self._table()[name]
            return len(positions), self._entry(positions[0]), self._entry(positions[-1])

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
            positions = self._table().get(name)
            number = self._index(name, positions).next_number() if positions is not None else 0
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
            found = {}
            for name, positions in self._table().items():
                numbers = [known.version for known in self._known(positions)]
                if len(set(numbers)) < len(numbers):
                    found[name] = sorted(number for number, count in Counter(numbers).items() if count > 1)
            return found

    def numbered(self, name: str, number: int) -> list[Entry[Artifact]]:
        """Return the entries of that name and number; more than one only where racing writers left them."""
        with self.lock:
            if (positions := self._table().get(name)) is None:
                return []
            return [self._entry(positions[place]) for place in self._index(name, positions).held(number)]

    def set_expiry(self, entry: Entry[Artifact], expiry: datetime) -> None:
        """Let the version of `entry` expire."""
        with self.lock:
            artifact = self.get(entry)
            positions = self._table()[artifact.name]
            place = [self._entries[position] for position in positions].index(entry)
            index = self._index(artifact.name, positions)
            object.__setattr__(artifact, "expiry", expiry)  # the index is told, not built again
            index.set_expiry(place, expiry)

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
