"""What stood in a file of records at some moment, as it was known at some moment: entries, replayed. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from lazyscribe.journal.entries import Deleted, LogEntry, Told


class Standing(NamedTuple):
    """What some entries tell.

    Attributes
    ----------
    rows
        The records that stand, by key, as they were told of last.
    gone
        The keys of those that were told of and do not stand.
    """

    rows: dict[str, Told]
    gone: dict[str, Told]


def standing(entries: Iterable[LogEntry], valid: str | None = None, names: Container[str] | None = None) -> Standing:
    """Return what stands at `valid` (the text of a second; ``None``: at the end) as `entries`, in order, tell.

    A version counts as being there from its own date on, whenever it was told of. What was taken out is away from then
    on until it is put back. Notes of an older lazyscribe tell of nothing that could stand. Of other `names` than
    these nothing is said (``None``: of all).
    """
    rows: dict[str, Told] = {}
    gone: dict[str, Told] = {}
    for entry in entries:
        if gone or entry.missing or entry.deleted or entry.number < 0:
            if not entry.is_note:
                _replay(entry, rows, gone, valid is not None and entry.at[:19] > valid)
            continue
        for told in entry.logged or chain(entry.held, entry.observed, entry.changed):  # nearly all have nothing else
            if names is not None and told.name not in names:
                continue
            rows[f"{told.name}\0{told.fname}" if told.fname else told.name] = told
        if entry.logged and (entry.held or entry.observed or entry.changed):
            _replay(entry, rows, gone, late=False)
    for key in gone:
        rows.pop(key, None)
    if names is not None:
        rows = {key: told for key, told in rows.items() if told.name in names}
    return Standing(rows, gone)


def _replay(entry: LogEntry, rows: dict[str, Told], gone: dict[str, Told], late: bool) -> None:
    """Do what one entry tells; if it is `late`, nothing comes or goes, but more is known."""
    if not late:
        gone.update({told.key: told for told in entry.missing})
    for told in chain(entry.held, entry.observed, entry.logged, entry.changed):
        rows[told.key] = told
        if not late:
            gone.pop(told.key, None)
    if not late:
        gone.update({each.told.key: each.told for each in entry.deleted})


def up_to(entries: Sequence[LogEntry], known: str | int | None) -> int:
    """Return how many of `entries`, which are in order, were there at `known`.

    Parameters
    ----------
    known
        The text of a second, or of an id; the number of an entry; ``None``: all.
    """
    if known is None:
        return len(entries)
    if isinstance(known, int):
        return max((place for place, each in enumerate(entries, 1) if each.number == known), default=0)
    if (found := next((place for place, each in enumerate(entries, 1) if each.id == known), 0)) > 0:
        return found
    from bisect import bisect_right

    return bisect_right(entries, known, key=lambda entry: entry.at[:19])


def records_of(entries: Iterable[LogEntry]) -> dict[str, Deleted]:
    """Return what was taken out, by key, as it was told of last."""
    return {each.told.key: each for entry in entries for each in entry.deleted}


def pointers(entries: Iterable[LogEntry], valid: str | None = None) -> dict[str, dict[str, LogEntry]]:
    """Return by name and alias the entry that moved it last, until `valid`."""
    found: dict[str, dict[str, LogEntry]] = {}
    for entry in entries:
        if valid is not None and entry.at[:19] > valid:
            break
        if entry.replaced:
            found.clear()
        for moved in entry.aliased:
            held = found.setdefault(moved.name, {})
            if moved.fname is None:
                held.pop(moved.alias, None)
            else:
                held[moved.alias] = entry
    return found
