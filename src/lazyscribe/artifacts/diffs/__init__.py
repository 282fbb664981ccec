"""What differs between two values that handlers have read: one module for each kind, found by a handler's `differ`."""

from __future__ import annotations

from typing import Any

from lazyscribe.exception import InvalidArgumentError

WIDTH = 200
"""Examples are cut to so many characters."""


def checked_examples(examples: Any) -> int:
    """Return how many examples are wanted, if it is a number of them.

    Raises
    ------
    ValueError
        It is none.
    """
    if not isinstance(examples, int) or isinstance(examples, bool) or examples < 0:
        raise InvalidArgumentError(f"examples is a number from 0, not {examples!r:.80}.", examples=examples)
    return examples


def shortened(text: str) -> str:
    """Return a line that is not too long to be read."""
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"


def left_out(shown: int, count: int) -> list[str]:
    """Return the line that says how many examples are not shown, if any."""
    return [f"  … and {count - shown} more"] if shown < count else []
