"""The experiments of a project, found by slug."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

from lazyscribe._utils import EDITS
from lazyscribe.records.base import Owner, RecordList
from lazyscribe.records.entries import Entry, Unmade
from lazyscribe.store.keys import fold

if TYPE_CHECKING:
    from lazyscribe.experiment import Experiment


class ExperimentList(RecordList["Experiment"]):
    """Experiments in ascending order; appending keeps it."""

    def __init__(
        self, owner: Owner[Experiment], entries: Iterable[Entry[Experiment]] | Unmade[Experiment] = ()
    ) -> None:
        self._past: list[Entry[Experiment]] = []
        super().__init__(owner, entries)

    def forget_removed(self, entries: list[Entry[Experiment]]) -> None:
        """Take note that the manifest does not hold the records of these removed entries any more."""
        self._past += [entry for entry in entries if entry.saved]
        super().forget_removed(entries)

    def past(self) -> dict[str, Experiment | None]:
        """Return the (folded) slugs of saved experiments that were taken out here, with their objects.

        No other experiment gets them: who has not seen yet that the first is gone would take one for the other.
        """
        with self.lock:
            gone = [*self._past, *(entry for entry in self._removed if entry.saved)]
            return {fold(entry.known.slug): entry.obj for entry in gone}

    def _reindex(self) -> None:
        self._by_slug: dict[str, int] | None = None
        self._edits = -1

    def _appended(self, position: int) -> None:
        if self._by_slug is not None:
            self._enter(self._by_slug, self._entries[position].known, position)

    def _leave(self, entries: list[Entry[Experiment]]) -> None:
        del entries  # their slugs lead to where they stood until they stand there again, or behind others

    @staticmethod
    def _enter(table: dict[str, int], named: Any, position: int) -> None:
        table[named.short_slug] = position
        table[named.slug] = position

    def find(self, slug: str) -> Entry[Experiment] | None:
        """Return the last entry with that slug or short slug."""
        with self.lock:
            if self._by_slug is None or self._edits != EDITS.count:
                edits = EDITS.count
                table: dict[str, int] = {}
                for position, named in enumerate(self._known()):
                    self._enter(table, named, position)
                self._by_slug, self._edits = table, edits
            place = self._by_slug.get(slug)
            return None if place is None else self._entry(place)

    def last_slugs(self) -> str:
        """Return how an error names what there is: at most twenty short slugs, the newest."""
        with self.lock:
            found = list(dict.fromkeys(known.short_slug for known in self._known()))
        if not found:
            return "it has no experiments (is this the right path?)"
        shown = ", ".join(map(repr, found[-20:]))
        return f"it has: {shown}" if len(found) <= 20 else f"of its {len(found)} the last are: {shown}"

    def _place_of(self, entry: Entry[Experiment]) -> int:
        new, low, high = self.get(entry), 0, len(self._entries)
        if not high or _begins_after(new, self._entries[-1].known) or not new < self.get(self._entries[-1]):
            return high
        while low < high:
            middle = (low + high) // 2
            if new < self.get(self._entries[middle]):
                high = middle
            else:
                low = middle + 1
        return low


def _begins_after(new: Any, last: Any) -> bool:
    """Whether it takes no closer look to tell that an experiment comes after one, or the head of one."""
    dates = new.created_at, last.created_at
    return dates[0].tzinfo is dates[1].tzinfo and dates[0] > dates[1] and new.slug != last.slug


def numbered(slug: str) -> Iterator[str]:
    """Yield `slug`, and then its numbered forms."""
    yield slug
    for number in count(1):
        yield f"{slug}-{number}"
