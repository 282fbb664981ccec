"""Which version of an artifact a question means, and where it stands.

Pure: no clock (callers pass `now`), no I/O, no logging. Two steps that nothing else in the package repeats:
`parse_version` turns the pair ``(version, match)`` that users write into one of five selectors, and
`VersionIndex.find` answers a selector.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeAlias

from lazyscribe._dates import parse_date, shown, to_second
from lazyscribe.exception import InvalidArgumentError, InvalidVersionError

_MATCHES = ("exact", "asof")
_NEVER = datetime.max  # greater than every date cut to the second


class _Question:
    """A selector: compares by what it asks for."""

    __slots__: tuple[str, ...] = ()
    __match_args__: tuple[str, ...] = ()

    def __init__(self, *facts: Any) -> None:
        for name, fact in zip(self.__slots__, facts, strict=True):
            setattr(self, name, fact)

    def _facts(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Question) and type(other) is type(self) and other._facts() == self._facts()

    def __hash__(self) -> int:
        return hash((type(self), self._facts()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._facts()))})"


class Latest(_Question):
    """The newest version that has not expired."""


class Number(_Question):
    """The version of this number, whatever its expiry."""

    __slots__ = __match_args__ = ("number",)
    number: int


class On(_Question):
    """The version created in this second, of several the highest number, whatever its expiry."""

    __slots__ = __match_args__ = ("date",)
    date: datetime


class AsOf(_Question):
    """The newest version created at or before this second that had not expired then."""

    __slots__ = __match_args__ = ("date",)
    date: datetime


class Alias(_Question):
    """The version that a name, written ``@name``, points to; an index does not know it."""

    __slots__ = __match_args__ = ("name",)
    name: str


Selector: TypeAlias = Latest | Number | On | AsOf | Alias
"""Every question that can be asked about the versions of one artifact."""

Row: TypeAlias = tuple[datetime, int, datetime | None]
"""``(created_at, version, expiry)`` of one version."""


def in_words(selector: Selector) -> str:
    """Return how an error names what was asked for."""
    match selector:
        case Latest():
            return "that has not expired"
        case Number(number):
            return f"numbered {number}"
        case On(date):
            return f"created at {shown(date)}"
        case AsOf(date):
            return f"that was valid at {shown(date)}"
        case Alias(name):
            return f"by the alias '@{name}'"


def parse_version(version: Any, match: Any = "exact") -> Selector:
    """Read what a user wrote as `version` and `match`.

    Dates come out as naive UTC, cut to the second.

    Raises
    ------
    InvalidArgumentError
        `match` is neither ``"exact"`` nor ``"asof"``, or is ``"asof"`` with a number.
    InvalidVersionError
        `version` is a text that is no date, or of a type that means no version.
    """
    if match not in _MATCHES:
        raise InvalidArgumentError(f'match must be "exact" or "asof", not {match!r}.', match=match)
    if version is None:
        return Latest()
    if isinstance(version, str) and version.startswith("@"):
        return Alias(version[1:])
    if isinstance(version, (str, datetime)):
        date = _to_date(version)
        return AsOf(date) if match == "asof" else On(date)
    if isinstance(version, bool) or not isinstance(version, int):
        raise InvalidVersionError(
            f"A version is None, a number, a datetime or an ISO 8601 text, not {version!r} "
            f"of type {type(version).__name__}.",
            version=version,
        )
    if match == "asof":
        raise InvalidArgumentError(
            f'match="asof" needs a date; ask for version {version} with match="exact".', version=version, match=match
        )
    return Number(int(version))


def _to_date(version: str | datetime) -> datetime:
    try:
        return to_second(parse_date(version))
    except ValueError as error:
        raise InvalidVersionError(
            f"{version!r} is no date; write a version as YYYY-MM-DDTHH:MM:SS or another ISO 8601 date or date-time "
            "(years 1 to 9999 in UTC), or a number as an int, without quotes.",
            version=version,
        ) from error


class VersionIndex:
    """The versions of one artifact, to be looked up by any selector in O(log n).

    Newest means the greatest ``(created_at, version)``; of rows equal in both, the one added last. Dates are compared
    to the second, and a version has expired from the second of its expiry on.

    Each question but a number is answered on the rows in order of age: a binary search bounds the rows created in
    time. If the last of these has expired, a tree of the latest expiry in each block of 2, 4, 8… rows leads to the last
    one that is alive, also where none is. Order and tree are built at the first look-up that needs them, and from then
    on only behind the oldest row added since: a new newest row costs O(log n).

    Not safe for several threads at once, look-ups included: the owner of the rows holds its lock.

    Parameters
    ----------
    rows
        In the order of the file; the positions that `find` returns count in it.
    """

    _keys: list[tuple[datetime, int]]
    _ends: list[datetime]
    _order: list[int]
    _dates: list[datetime]
    _levels: list[list[datetime]]
    _grown: int
    _numbers: dict[int, list[int]]
    _counted: int
    _next: int

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        rows = list(rows)
        self._keys = [(to_second(created_at), version) for created_at, version, _ in rows]  # by position
        self._ends = [_NEVER if expiry is None else to_second(expiry) for _, _, expiry in rows]  # by position
        self._order, self._dates = [], []  # by age: positions, and when those were created
        self._levels = [[]]  # by age: [h][i] is the latest expiry among the rows i * 2**h … (i + 1) * 2**h - 1
        self._grown = 0  # by age: how many rows all blocks above the first level know
        self._numbers, self._counted = {}, 0  # the positions of each number, among the first so many rows
        self._next = max([version for _, version, _ in rows], default=-1) + 1

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, created_at: datetime, version: int, expiry: datetime | None = None) -> None:
        """Append a row; its position is the length before."""
        self._keys.append((to_second(created_at), version))
        self._ends.append(_NEVER if expiry is None else to_second(expiry))
        self._next = max(self._next, version + 1)

    def cut(self, count: int) -> None:
        """Let go of all but the first `count` rows; quick where the others are the newest."""
        held = self._by_number()
        for position in range(count, len(self._keys)):
            number = self._keys[position][1]
            held[number].remove(position)
            if not held[number]:
                del held[number]
        del self._keys[count:], self._ends[count:]
        self._counted = count
        if self._next - 1 not in held:
            self._next = max(held, default=-1) + 1
        self._cut_order(count)

    def _cut_order(self, count: int) -> None:
        if len(self._order) <= count:
            return
        if min(self._order[count:]) < count:  # an older one was not added last
            self._order, self._dates, self._levels, self._grown = [], [], [[]], 0
            return
        del self._order[count:], self._dates[count:], self._levels[0][count:]
        self._grown = min(self._grown, max(count - 1, 0))

    def set_expiry(self, position: int, expiry: datetime | None) -> None:
        """Change when the row at `position` expires, in O(log n)."""
        self._sort()
        self._ends[position] = end = _NEVER if expiry is None else to_second(expiry)
        place = bisect_left(self._order, (*self._keys[position], position), key=lambda p: (*self._keys[p], p))
        self._levels[0][place] = end
        if self._grown < len(self._order):
            self._grown = min(self._grown, place)
            return
        for below, level in zip(self._levels, self._levels[1:], strict=False):
            place //= 2
            level[place] = max(below[2 * place : 2 * place + 2])

    def find(self, selector: Selector, now: datetime) -> int | None:
        """Return the position of the version that `selector` means at the time `now`, None if there is none.

        Raises
        ------
        InvalidVersionError
            The selector is an `Alias`: whoever knows what the name points to must resolve it first.
        """
        if isinstance(selector, Latest):
            self._sort()
            return self._alive(len(self._order), to_second(now))
        if isinstance(selector, Number):
            held = self._by_number().get(selector.number)
            return max(held, key=lambda p: (self._keys[p], p)) if held else None
        if isinstance(selector, Alias):
            message = f"No alias @{selector.name} is known here; ask for a version by number or date."
            raise InvalidVersionError(message, version=f"@{selector.name}")
        self._sort()
        date = to_second(selector.date)
        bound = bisect_right(self._dates, date)
        if isinstance(selector, AsOf):
            return self._alive(bound, date)
        return self._order[bound - 1] if bound and self._dates[bound - 1] == date else None

    def duplicates(self) -> dict[int, list[int]]:
        """Return the positions, ascending, of each number that several rows hold (two clones that were merged)."""
        return {number: list(held) for number, held in self._by_number().items() if len(held) > 1}

    def held(self, number: int) -> list[int]:
        """Return the positions, ascending, of the rows with that number."""
        return list(self._by_number().get(number, ()))

    def next_number(self) -> int:
        """Return the highest number plus 1; 0 without rows."""
        return self._next

    def _by_number(self) -> dict[int, list[int]]:
        for position in range(self._counted, len(self._keys)):
            self._numbers.setdefault(self._keys[position][1], []).append(position)
        self._counted = len(self._keys)
        return self._numbers

    def _sort(self) -> None:
        """Bring the rows added since into the order; everything older than the oldest of them stays as it is."""
        known, total = len(self._order), len(self._keys)
        if known == total:
            return
        key = self._keys.__getitem__
        fresh = range(known, total)
        start = bisect_right(self._order, min(map(key, fresh)), key=key) if known else 0
        tail = sorted([*self._order[start:], *fresh], key=key)  # stable: of equal rows the last stays the newest
        self._order[start:] = tail
        self._dates[start:] = [self._keys[position][0] for position in tail]
        self._levels[0][start:] = [self._ends[position] for position in tail]
        self._grown = min(self._grown, start)

    def _grow(self) -> None:
        """Compute every block that holds a row which not all blocks know, up to a level of a single block."""
        start, self._grown = self._grown, len(self._order)
        height = 0
        while len(below := self._levels[height]) > 1:
            height += 1
            if height == len(self._levels):
                self._levels.append([])
                start = 0
            start //= 2
            ends = below[2 * start :]
            pairs = list(map(max, ends[::2], ends[1::2]))
            self._levels[height][start:] = [*pairs, ends[-1]] if len(ends) % 2 else pairs
        del self._levels[height + 1 :]

    def _alive(self, bound: int, date: datetime) -> int | None:
        """Return the position of the newest of the `bound` oldest rows that has not expired at `date`."""
        if bound and self._levels[0][bound - 1] > date:  # as mostly
            return self._order[bound - 1]
        if self._grown < len(self._order):
            self._grow()
        for height, level in enumerate(self._levels):
            if bound % 2 and level[bound - 1] > date:  # the last whole block of this size within the bound
                place = bound - 1
                for below in reversed(self._levels[:height]):
                    place = 2 * place + (below[2 * place + 1] > date)
                return self._order[place]
            bound //= 2
        return None
