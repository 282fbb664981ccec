"""Records in order: by several fields, the best first, what is missing last. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from lazyscribe.query.meaning import Get, Record, getter
from lazyscribe.query.parsing import parse_path

T = TypeVar("T")


class By(NamedTuple):
    """A field to order by.

    Attributes
    ----------
    field
        The first step of its path.
    falling
        Whether the greatest comes first.
    """

    field: str
    get: Get
    falling: bool


def by(text: str, fields: Collection[str] | None = None) -> By:
    """Understand ``"metrics.auc"`` or, for the greatest first, ``"-metrics.auc"``; errors as of a condition."""
    falling = str(text).lstrip().startswith("-")
    path = parse_path(str(text).replace("-", " ", 1) if falling else text, fields)
    return By(str(path.steps[0]), getter(path), falling)


def arranged(pairs: Iterable[tuple[Record, T]], keys: Sequence[By]) -> list[tuple[Record, T]]:
    """Return records, each with what belongs to it, in the order of `keys`, the first of which counts most.

    Equal ones keep their order. What is missing comes last, whichever way; NaN counts as missing. Things of different
    types are ordered by type: numbers, texts, false and true, all else.
    """
    found = list(pairs)
    for key in reversed(keys):
        there, missing = [], []
        for pair in found:
            rank = _rank(key.get(pair[0]))
            (missing.append(pair) if rank is None else there.append((rank, pair)))
        there.sort(key=lambda each: each[0], reverse=key.falling)
        found = [pair for _, pair in there] + missing
    return found


def is_missing(value: Any) -> bool:
    """Whether a value has no place in an order."""
    return _rank(value) is None


def _rank(value: Any) -> tuple[int, Any] | None:
    if value is None or value != value:  # noqa: PLR0124 - that is how NaN is told
        return None
    if isinstance(value, bool):
        return 2, value
    if isinstance(value, (int, float)):
        return 0, value
    return (1, value) if isinstance(value, str) else (3, 0)
