"""What a condition is made of once it is understood: a closed set of types. Pure."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

Operator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]

DATES = ("created_at", "last_updated", "expiry")
"""Fields that hold dates, unless they stand in metrics or parameters."""


class Path(NamedTuple):
    """A field of a record, and what to look up in it step by step."""

    steps: tuple[str | int, ...]

    @property
    def is_date(self) -> bool:
        """Whether it leads to a date."""
        return self.steps[-1] in DATES and not {"metrics", "parameters"}.intersection(self.steps[:-1])


class Value(NamedTuple):
    """A number, a text, true, false, null, or a list of these."""

    value: Any


Operand: TypeAlias = Path | Value


class Compare(NamedTuple):
    """Two operands in a relation."""

    operator: Operator
    left: Operand
    right: Operand


class In(NamedTuple):
    """Whether `left` is in `right`, or is not."""

    left: Operand
    right: Operand
    negated: bool


class Missing(NamedTuple):
    """Whether a field is missing, or is not."""

    path: Operand
    negated: bool


class Not(NamedTuple):
    """The opposite."""

    node: Node


class All(NamedTuple):
    """Whether all hold."""

    nodes: tuple[Node, ...]


class Either(NamedTuple):
    """Whether any holds."""

    nodes: tuple[Node, ...]


Node: TypeAlias = Compare | In | Missing | Not | All | Either


def paths(node: Node) -> list[Path]:
    """Return every path in `node`."""
    match node:
        case All(nodes) | Either(nodes):
            return [path for each in nodes for path in paths(each)]
        case Not(inner):
            return paths(inner)
        case Missing(path, _):
            operands: tuple[Operand, ...] = (path,)
        case Compare(_, left, right) | In(left, right, _):
            operands = (left, right)
    return [each for each in operands if isinstance(each, Path)]
