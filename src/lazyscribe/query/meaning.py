"""What a condition means, as a function of a record. Pure.

*Missing* is what is not there, and null. A comparison with something missing does not hold, whichever it is, ``!=``
and ``not in`` among them; but ``x == null`` is ``x is missing`` and ``x != null`` its opposite. ``not`` is the plain
opposite of what it stands before, so ``not parameters.model == "svm"`` holds where there is no such parameter.

Things of different types are different: ``==`` does not hold, ``!=`` does, nothing is less or greater. Types are
numbers (of all kinds), texts, true and false (which are no numbers), lists and objects. Numbers and texts have an
order; nothing is less, greater or equal to NaN. Fields that hold dates are compared as moments in UTC, to the second.

``in`` looks for a member of a list, a key of an object, or a part of a text.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from lazyscribe._dates import rewritten, to_text
from lazyscribe.query.nodes import All, Compare, Either, In, Missing, Node, Not, Operand, Path, Value, paths
from lazyscribe.query.parsing import parse

Record: TypeAlias = Mapping[str, Any]
Test: TypeAlias = Callable[[Record], bool]
Get: TypeAlias = Callable[[Record], Any]

_ORDERS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Condition:
    """A condition that was understood; called with a record it says whether that holds.

    Attributes
    ----------
    text
        As it was written.
    fields
        The fields of a record that it looks at.
    test
        What calling it calls, for those who ask of very many records.
    """

    def __init__(self, text: str, node: Node) -> None:
        self.text = text
        self.fields = frozenset(str(path.steps[0]) for path in paths(node))
        self.test = _test(node)

    def __call__(self, record: Record) -> bool:
        """Say whether the condition holds for a record."""
        return self.test(record)

    def __repr__(self) -> str:
        return f"condition({self.text!r})"


def condition(text: str, fields: Collection[str] | None = None) -> Condition:
    """Return a condition that records can be asked for; see `lazyscribe.query.parsing.parse` for language and errors.

    Records are dictionaries of what JSON holds, and dates.
    """
    return Condition(text, parse(text, fields))


def getter(path: Path) -> Get:
    """Return what gives the value that `path` leads to, ``None`` where it is missing."""
    steps, dated = path.steps, path.is_date

    def walk(record: Any) -> Any:
        found = record
        for step in steps:
            if isinstance(found, Mapping):
                found = found.get(step)
            elif isinstance(found, (list, tuple)):
                found = _member(found, step)
            else:
                return None
        return _dated(found) if dated or isinstance(found, datetime) else found

    if dated or len(steps) != 2 or isinstance(steps[1], int):
        return walk
    first, second = steps

    def shortcut(record: Any) -> Any:
        try:
            found = record[first][second]
        except (KeyError, TypeError, IndexError):
            return walk(record)
        return found if type(found) is not datetime else walk(record)

    return shortcut


def _member(found: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return found[step] if step < len(found) else None
    return next((each for each in reversed(found) if isinstance(each, Mapping) and each.get("name") == step), None)


def _dated(found: Any) -> Any:
    """Return the text of a date as records have it; what is none stays as it is."""
    try:
        return to_text(found) if isinstance(found, datetime) else rewritten(found) if isinstance(found, str) else found
    except ValueError:
        return found


def _test(node: Node) -> Test:
    match node:
        case All(nodes):
            first, *more = [_test(each) for each in nodes]
            if len(more) == 1:
                (second,) = more
                return lambda record: first(record) and second(record)
            return lambda record: first(record) and all(test(record) for test in more)
        case Either(nodes):
            tests = [_test(each) for each in nodes]
            return lambda record: any(test(record) for test in tests)
        case Not(inner):
            test = _test(inner)
            return lambda record: not test(record)
        case Missing(path, negated):
            get = _get(path)
            return (lambda record: get(record) is not None) if negated else (lambda record: get(record) is None)
        case In(left, right, negated):
            return _membership(_get(left), _get(right), negated)
        case Compare():
            return _comparison(node)


def _get(operand: Operand) -> Get:
    if isinstance(operand, Path):
        return getter(operand)
    value = operand.value
    return lambda _: value


_MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _comparison(node: Compare) -> Test:
    """Return the test of a comparison, a quick one if it is of a field with a number, a text, true, false or null."""
    relation, left, right = node
    if isinstance(left, Value) and (left.value is None or not isinstance(right, Value)):
        relation, left, right = _MIRRORED[relation], right, left  # type: ignore[assignment]
    if isinstance(right, Value) and right.value is None:
        return _test(Missing(left, relation == "!=")) if relation in ("==", "!=") else lambda _: False
    get = _get(left)
    if isinstance(right, Value) and not isinstance(right.value, list):
        return _quick(relation, get, right.value)
    other = _get(right)
    if relation == "==":
        return lambda record: same(get(record), other(record))
    if relation == "!=":
        return lambda record: _different(get(record), other(record))
    order = _ORDERS[relation]
    return lambda record: _ordered(order, get(record), other(record))


def _quick(relation: str, get: Get, value: Any) -> Test:
    """Return what `same`, `_different` and `_ordered` say of a field and this number, text, true or false."""
    if relation in ("==", "!="):
        return _quick_equal(get, value) if relation == "==" else lambda record: _different(get(record), value)
    order = _ORDERS[relation]
    if isinstance(value, bool):
        return lambda _: False
    kinds: tuple[type, ...] = (str,) if isinstance(value, str) else (int, float)

    def ordered(record: Record) -> bool:
        found = get(record)
        return isinstance(found, kinds) and found is not True and found is not False and bool(order(found, value))

    return ordered


def _quick_equal(get: Get, value: Any) -> Test:
    if isinstance(value, bool):
        return lambda record: get(record) is value
    if isinstance(value, str):
        return lambda record: bool(get(record) == value)
    return lambda record: same(get(record), value)


def same(one: Any, other: Any) -> bool:
    """Whether two values are of one type and equal; what is missing is equal to nothing."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, float, str)):
        return bool(one == other)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(_alike(*pair) for pair in zip(one, other, strict=True))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    return False


def _alike(one: Any, other: Any) -> bool:
    return same(one, other) or (one is None and other is None)


def _different(one: Any, other: Any) -> bool:
    return one is not None and other is not None and not same(one, other)


def _ordered(order: Callable[[Any, Any], Any], one: Any, other: Any) -> bool:
    kind = type(one)
    if kind is bool or type(other) is bool:
        return False
    if isinstance(one, (int, float)):
        return isinstance(other, (int, float)) and bool(order(one, other))
    return isinstance(one, str) and isinstance(other, str) and bool(order(one, other))


def _membership(left: Get, right: Get, negated: bool) -> Test:
    def holds(record: Record) -> bool:
        one, other = left(record), right(record)
        if one is None or other is None:
            return False
        return _contains(other, one) is not negated

    return holds


def _contains(other: Any, one: Any) -> bool:
    if isinstance(other, (list, tuple)):
        return any(same(one, each) for each in other)
    if isinstance(one, str):
        return isinstance(other, (str, Mapping)) and one in other
    return False
