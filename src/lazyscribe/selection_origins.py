"""Where selections of a project's experiments and of a repository's versions have their records from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

from lazyscribe._utils import without_collections
from lazyscribe.codec.text import EXPERIMENT_FIELDS, Record
from lazyscribe.codec.texts import piece_of
from lazyscribe.query.selection import Origin
from lazyscribe.records.base import RecordList
from lazyscribe.records.entries import Entry

T = TypeVar("T")

Dicts: TypeAlias = Callable[[Any], Iterator[Record]]
"""Gives the whole records of entries."""


class Entries(Origin[T], Generic[T]):
    """The entries of a project or a repository, known by their records."""

    def __init__(self, records: RecordList[T], dicts: Dicts) -> None:
        self._list = records
        self._dicts = dicts

    def get(self, item: Entry[T]) -> T:
        """Return the object of an entry."""
        return self._list.get(item)


class Experiments(Entries[T]):
    """Experiments: only what is asked for is read of their records."""

    def fields(self, items: Sequence[Any]) -> Collection[str]:
        """Return the keys of an experiment's record."""
        del items
        return EXPERIMENT_FIELDS

    def records(self, items: Sequence[Any], fields: Collection[str] | None = None) -> Iterable[Mapping[str, Any]]:
        """Return the records of experiments, or some fields of them; those that were made say how they are now."""
        if fields is None:
            return list(self._dicts(items))
        with without_collections():
            return self._parts(items, fields)

    def _parts(self, items: Sequence[Entry[T]], fields: Collection[str]) -> list[Record]:
        from lazyscribe.codec.parts import parts_of_experiments

        if (texts := Entry.beginning(items)) is not None:  # mostly it is the whole file, which need not be cut then
            every = parts_of_experiments(texts, fields)
            if len(every) == len(items):
                return every
        there = [entry for entry in items if entry.obj is None]
        found = iter(parts_of_experiments([piece_of(entry.source()) for entry in there], fields))
        if len(there) == len(items):
            return list(found)
        unmade = {id(entry) for entry in there}
        return [next(found) if id(entry) in unmade else next(self._dicts([entry])) for entry in items]


class Versions(Entries[T]):
    """Versions: their records are read once, for the names of the fields are only in them."""

    def __init__(self, records: RecordList[T], dicts: Dicts) -> None:
        super().__init__(records, dicts)
        self._read: dict[int, tuple[Any, Record]] = {}

    def fields(self, items: Sequence[Any]) -> Collection[str] | None:
        """Return the keys of all records; ``None`` if there are none."""
        return set().union(*self.records(items)) or None

    def records(self, items: Sequence[Any], fields: Collection[str] | None = None) -> Iterable[Mapping[str, Any]]:
        """Return the records of versions."""
        del fields
        new = [entry for entry in items if id(entry) not in self._read]
        with without_collections():
            for entry, record in zip(new, self._dicts(new), strict=True):
                self._read[id(entry)] = entry, record
        return [self._read[id(entry)][1] for entry in items]


ORIGINS: dict[str, type[Entries[Any]]] = {"project": Experiments, "repository": Versions}
"""By the kind of document."""
