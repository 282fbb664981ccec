"""What every command does that changes something: shows it, asks, does it, and tells what was done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from lazyscribe.cli.console import Console, plain
from lazyscribe.cli.options import Consent


class Change(NamedTuple):
    """What is to be changed.

    Attributes
    ----------
    lines
        It in words, before it is done; nothing is asked without any.
    save
        Does it.
    told
        From what `save` gave, ``None`` where nothing was done, the answer as data.
    done
        From what `save` gave, it in words afterwards; ``None``: in the same words.
    """

    lines: list[str]
    save: Callable[[], Any]
    told: Callable[[Any], dict[str, Any]]
    done: Callable[[Any], list[str]] | None = None


def carry_out(console: Console, change: Change, consent: Consent, question: str = "Save this?") -> None:
    """Show a change, ask, and do it; what was not done is told as what would be."""
    found = None
    if not consent.dry_run:
        if not consent.yes or change.done is not None:
            for line in change.lines:
                console.tell(line)
        if change.lines:
            console.confirm(question, consent.yes)
        found = change.save()

    def text() -> str:
        if not change.lines:
            return "nothing to change"
        if consent.dry_run:
            return "\n".join(f"would be: {plain(line)}" for line in change.lines)
        return "\n".join(map(plain, change.lines if change.done is None else change.done(found)))

    console.answer(lambda: {**change.told(found), "done": not consent.dry_run}, text)
