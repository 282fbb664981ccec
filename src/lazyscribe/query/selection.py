"""Some of the things that records stand for, to be narrowed down and put in order. Pure."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar, overload

from lazyscribe.exception import InvalidArgumentError
from lazyscribe.query.meaning import condition
from lazyscribe.query.ordering import arranged, by, is_missing

T = TypeVar("T")


class Origin(Generic[T]):
    """Where a selection has its records from; it knows each by an item of its own."""

    @abstractmethod
    def fields(self, items: Sequence[Any]) -> Collection[str] | None:
        """Return the names of all fields that records may have; ``None``: any."""

    @abstractmethod
    def records(self, items: Sequence[Any], fields: Collection[str] | None = None) -> Iterable[Mapping[str, Any]]:
        """Return the records of items, or of each what it holds in `fields`."""

    @abstractmethod
    def get(self, item: Any) -> T:
        """Return what a record stands for."""


class Selection(Sequence[T], Generic[T]):
    """Experiments, versions or dictionaries, in order; made once, and not changed by what is saved later.

    Like a list that cannot be changed; a slice is a selection again. What a record stands for is made when it is asked
    for.
    """

    def __init__(self, origin: Origin[T], items: Sequence[Any]) -> None:
        self._origin = origin
        self._items = items

    def where(self, text: str) -> Selection[T]:
        """Return those for which a condition holds; its language is that of `lazyscribe.query.parsing`.

        Raises
        ------
        ValueError
            As `QueryError`: it is no condition, or speaks of a field that there is not.
        """
        holds = condition(text, self._origin.fields(self._items))
        return self.only(holds.test, holds.fields)

    def only(self, holds: Callable[[Mapping[str, Any]], bool], fields: Collection[str] | None = None) -> Selection[T]:
        """Return those for whose records `holds` is true; with `fields` it gets only these of each record."""
        records = self._origin.records(self._items, fields)
        return self._only([item for item, record in zip(self._items, records, strict=True) if holds(record)])

    def sort(self, *keys: str) -> Selection[T]:
        """Return them ordered by fields, such as ``"-metrics.auc"``; ``-`` for the greatest first.

        The first key counts most, and equal ones stay in their order. What lacks a field comes last, whichever way.

        Raises
        ------
        ValueError
            As `QueryError`: a key is no field.
        """
        known = self._origin.fields(self._items)
        understood = [by(key, known) for key in keys]
        records = self._origin.records(self._items, {key.field for key in understood})
        return self._only([item for _, item in arranged(zip(records, self._items, strict=True), understood)])

    def top(self, number: int, by: str | None = None) -> Selection[T]:
        """Return the `number` with the greatest `by`, the greatest first; with ``by="-metrics.loss"`` the least.

        What lacks that field is left out. Without `by`: the first ones.

        Raises
        ------
        ValueError
            A negative number; as `QueryError`: `by` is no field.
        """
        if number < 0:
            raise InvalidArgumentError(f"There are no {number} best ones; give a number from 0 on.", number=number)
        if by is None:
            return self._only(self._items[:number])
        return self._best(number, by)

    def _best(self, number: int, key: str) -> Selection[T]:
        understood = by(key, self._origin.fields(self._items))
        understood = understood._replace(falling=not understood.falling)
        records = self._origin.records(self._items, {understood.field})
        pairs = zip(records, self._items, strict=True)
        there = [pair for pair in pairs if not is_missing(understood.get(pair[0]))]
        return self._only([item for _, item in arranged(there, [understood])[:number]])

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the whole records."""
        return [dict(record) for record in self._origin.records(self._items)]

    def _only(self, items: Sequence[Any]) -> Selection[T]:
        return Selection(self._origin, items)

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Selection[T]: ...
    def __getitem__(self, index: int | slice) -> T | Selection[T]:
        if isinstance(index, slice):
            return self._only(self._items[index])
        return self._origin.get(self._items[index])

    def __iter__(self) -> Iterator[T]:
        return map(self._origin.get, self._items)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (list, Selection)):
            return NotImplemented
        return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(self))


class _Dictionaries(Origin[Mapping[str, Any]]):
    def fields(self, items: Sequence[Any]) -> None:
        del items

    def records(self, items: Sequence[Any], fields: Collection[str] | None = None) -> Iterable[Mapping[str, Any]]:
        del fields
        return items

    def get(self, item: Any) -> Mapping[str, Any]:
        record: Mapping[str, Any] = item
        return record


def select(records: Iterable[Mapping[str, Any]]) -> Selection[Mapping[str, Any]]:
    """Return a selection of plain dictionaries; what one of them does not have is missing in it, and no error."""
    return Selection(_Dictionaries(), list(records))
