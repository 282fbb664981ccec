"""Three-way merge of one record that two writers changed. Pure.

``metrics``, ``parameters`` merge per key, ``tags`` and ``dependencies`` as sets, ``artifacts`` and ``tests`` by
name, a test again by its fields; ``last_updated`` and who did it come from the newest. Of every other field both may
change only one to a new value.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

Record: TypeAlias = Mapping[str, Any]

Prefer: TypeAlias = Literal["raise", "ours", "theirs"]
"""Who is right where both changed one thing."""

_MAPPINGS = ("metrics", "parameters")
_SETS = ("tags", "dependencies")
_NAMED = ("artifacts", "tests")
_NEWEST = ("last_updated", "last_updated_by")


class _Absent:
    """Stands for a value that is not there."""

    def __repr__(self) -> str:
        return "nothing"


ABSENT = _Absent()


class Conflict(NamedTuple):
    """One thing that both writers changed, each to another value.

    Attributes
    ----------
    name
        Of the experiment or artifact.
    path
        The field, and the key or name in it; empty for the record as a whole.
    base, theirs, mine
        The values; `ABSENT` where there is none.
    """

    name: str
    path: tuple[str, ...]
    base: Any
    theirs: Any
    mine: Any

    def __str__(self) -> str:
        where = " / ".join((self.name, *self.path))
        return f"{where}: {self.theirs!r:.60} (saved by somebody else) against {self.mine!r:.60} (here)"


def merge_records(base: Record, theirs: Record, mine: Record, prefer: Prefer) -> tuple[dict[str, Any], list[Conflict]]:
    """Return the record that holds the changes of both, and where they contradict each other.

    In a contradiction the record holds our value if `prefer` is ``"ours"``, else theirs.
    """
    merge = _Merge(str(mine.get("name")), prefer)
    return merge.record(base, theirs, mine, ()), merge.conflicts


class _Merge:
    def __init__(self, name: str, prefer: Prefer) -> None:
        self.name = name
        self.prefer = prefer
        self.conflicts: list[Conflict] = []

    def record(self, base: Record, theirs: Record, mine: Record, path: tuple[str, ...]) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        newest = mine if mine.get("last_updated", "") > theirs.get("last_updated", "") else theirs
        for key in dict.fromkeys((*theirs, *mine)):
            if key in _NEWEST:
                value = newest.get(key, ABSENT)
            else:
                sides = base.get(key, ABSENT), theirs.get(key, ABSENT), mine.get(key, ABSENT)
                value = self._field(key, *sides, (*path, key))
            if value is not ABSENT:
                merged[key] = value
        return merged

    def _field(self, key: str, base: Any, theirs: Any, mine: Any, path: tuple[str, ...]) -> Any:
        if key in _MAPPINGS:
            return self._mapping(_or(base, {}), _or(theirs, {}), _or(mine, {}), path)
        if key in _SETS:
            return _set(_or(base, []), _or(theirs, []), _or(mine, []))
        if key in _NAMED:
            return self._named(_or(base, []), _or(theirs, []), _or(mine, []), path)
        return self._value(base, theirs, mine, path)

    def _value(self, base: Any, theirs: Any, mine: Any, path: tuple[str, ...]) -> Any:
        if _same(mine, theirs) or _same(mine, base):
            return theirs
        if _same(theirs, base):
            return mine
        self.conflicts.append(Conflict(self.name, path, base, theirs, mine))
        return mine if self.prefer == "ours" else theirs

    def _mapping(self, base: Record, theirs: Record, mine: Record, path: tuple[str, ...]) -> dict[str, Any]:
        merged = {}
        for key in dict.fromkeys((*theirs, *mine)):
            sides = base.get(key, ABSENT), theirs.get(key, ABSENT), mine.get(key, ABSENT)
            value = self._value(*sides, (*path, key))
            if value is not ABSENT:
                merged[key] = value
        return merged

    def _named(self, base: Any, theirs: Any, mine: Any, path: tuple[str, ...]) -> list[Any]:
        merged = []
        bases, others, ours = _by_name(base), _by_name(theirs), _by_name(mine)
        for name in dict.fromkeys((*others, *ours)):
            sides = bases.get(name, ABSENT), others.get(name, ABSENT), ours.get(name, ABSENT)
            if path[-1] == "tests" and ABSENT not in sides[1:]:
                value: Any = self.record(_or(sides[0], {}), others[name], ours[name], (*path, name))
            else:
                value = self._value(*sides, (*path, name))
            if value is not ABSENT:
                merged.append(value)
        return merged


def _or(value: Any, default: Any) -> Any:
    return default if value is ABSENT or value is None else value


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same text: NaN is NaN, and 1 is not True."""
    if one is other:
        return True
    if one is ABSENT or other is ABSENT:
        return False
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _set(base: list[Any], theirs: list[Any], mine: list[Any]) -> list[Any]:
    """Return the members of `theirs` and `mine`, without those that either took out of `base`."""
    if mine == base:
        return list(theirs)
    gone = [each for each in base if each not in theirs or each not in mine]
    merged: list[Any] = []
    for each in (*theirs, *mine):  # a tag may be anything that JSON holds, so no real set
        if each not in gone and each not in merged:
            merged.append(each)
    return merged


def _by_name(items: Iterable[Record]) -> dict[str, Record]:
    """Return the items by name, the second and later ones of a name with their ordinal."""
    found: dict[str, Record] = {}
    for item in items:
        name, number = str(item.get("name")), 1
        while name in found:
            number += 1
            name = f"{item.get('name')} ({number})"
        found[name] = item
    return found
