"""What a document holds, in plain dictionaries, and how two people's changes of it come together.

A document is a `State`: what it holds by an own number each, and of each thing its facts by path, such as
``("expiry",)`` or ``("tests", "adults", "metrics", "r2")``. Written anew from what is promised, and shared with nothing
in the package.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeAlias
from unittest import mock

from lazyscribe import _utils

Path: TypeAlias = tuple[str, ...]
Facts: TypeAlias = dict[Path, Any]
State: TypeAlias = dict[int, Facts]

NOTHING = object()


class Merge(NamedTuple):
    """What a merge gives: the state, and the path of each contradiction; ``()`` is that of a whole thing."""

    state: State
    conflicts: list[Path]


def merge(base: State, theirs: State, mine: State, prefer: str) -> Merge:
    """Bring together what two made of `base`: things of theirs first, in their order, then mine.

    One fact, or the presence of a thing, that both changed to different values is a conflict: mine stays if `prefer`
    is ``"ours"``, else theirs.
    """
    merged = Merge({}, [])
    for thing in dict.fromkeys([*theirs, *mine]):
        before, yours, own = (state.get(thing) for state in (base, theirs, mine))
        if yours is not None and own is not None:
            merged.state[thing] = _facts(before or {}, yours, own, prefer, merged.conflicts)
            continue
        present = yours if own is None else own
        if present is None or present == before:
            continue
        if before is not None:
            merged.conflicts.append(())
        if before is None or (prefer == "ours") == (yours is None):
            merged.state[thing] = dict(present)
    return merged


def _facts(base: Facts, theirs: Facts, mine: Facts, prefer: str, conflicts: list[Path]) -> Facts:
    merged = {}
    for path in dict.fromkeys([*theirs, *mine]):
        before, yours, own = (facts.get(path, NOTHING) for facts in (base, theirs, mine))
        if path in _SPECIAL:
            chosen = _SPECIAL[path](before, yours, own)
        elif own not in (yours, before) and yours != before:
            conflicts.append(path)
            chosen = own if prefer == "ours" else yours
        else:
            chosen = own if yours == before else yours
        if chosen is not NOTHING:
            merged[path] = chosen
    return merged


def _tags(before: Any, yours: Any, own: Any) -> frozenset[str]:
    """Return the tags of both, without those that either took out."""
    started = frozenset() if before is NOTHING else before
    return frozenset((yours | own) - (started - (yours & own)))


_SPECIAL: dict[Path, Callable[[Any, Any, Any], Any]] = {
    ("tags",): _tags,
    ("last_updated",): lambda before, yours, own: max(yours, own),
}
"""What is brought together otherwise than by choosing one side."""


class Row(NamedTuple):
    """One version as look-ups see it; dates are cut to the second."""

    created_at: datetime
    number: int
    expiry: datetime | None
    thing: int


def find(rows: Iterable[Row], version: int | datetime | None, match: str, now: datetime) -> Row | None:
    """Return the row that a question means, by trying each."""
    if isinstance(version, int):
        return next((row for row in rows if row.number == version), None)
    if version is not None and match == "exact":
        return max((row for row in rows if row.created_at == version), default=None)
    date = now if version is None else version
    return max(
        (row for row in rows if (version is None or row.created_at <= date) and (row.expiry or datetime.max) > date),
        default=None,
    )


def second(date: Any) -> Any:
    """Cut a date to the second; ``None`` stays what it is."""
    return date and date.replace(microsecond=0)


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, start: datetime = datetime(2025, 1, 20, 13, 23, 30)) -> None:
        self.now = start

    @property
    def second(self) -> datetime:
        """The present, cut to the second."""
        return self.now.replace(microsecond=0)

    def tick(self, seconds: float) -> None:
        """Go on."""
        self.now += timedelta(seconds=seconds)

    @contextmanager
    def ruling(self) -> Iterator[None]:
        """Let lazyscribe take its time from this clock."""
        read: Callable[[], datetime] = lambda: self.now  # noqa: E731
        with mock.patch.object(_utils, "utcnow", read):
            yield
