"""The keywords of projects and repositories, and what may be given for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lazyscribe.exception import InvalidArgumentError

MODES = ("r", "a", "w", "w+")

_KEYWORDS = ("mode", "author", "trust", "progress", "unchanged", "capture")


def choice(name: str, value: Any, allowed: tuple[str, ...]) -> Any:
    """Return the `value` of the keyword `name` if it is one of those `allowed`; refuse another."""
    if value not in allowed:
        message = f"{name} must be {' or '.join(map(repr, allowed))}, not {value!r:.80}."
        raise InvalidArgumentError(message, **{name: value})
    return value


def checked_trust(trust: Any) -> Any:
    """Return a level of trust, if it is one."""
    from lazyscribe.artifacts.trust import checked

    return checked(trust)


def refuse_typos(storage_options: Iterable[str]) -> None:
    """Refuse an option that is a keyword of ours misspelt: local file systems take any option and say nothing."""
    if not storage_options:
        return
    from difflib import get_close_matches

    for name in storage_options:
        if meant := get_close_matches(name, _KEYWORDS, n=1, cutoff=0.7):
            message = f"{name!r} is no option of a file system; did you mean {meant[0]!r}?"
            raise InvalidArgumentError(message, name=name)
