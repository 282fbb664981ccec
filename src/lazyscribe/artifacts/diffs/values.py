"""Values as JSON, YAML and TOML have them, compared by path."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, time
from typing import Any

from lazyscribe.exception import InvalidArgumentError


def differences(older: Any, newer: Any) -> str:
    """Return one line for each path that was added (``+``), removed (``-``) or changed (``~``).

    Lists are compared by index, dictionaries by key, whatever their order; everything else is the same if it is
    written the same, so 1, 1.0 and true are three values and NaN is one.

    Raises
    ------
    ValueError
        A value holds itself, or is nested too deeply.
    """
    try:
        return "\n".join(_changes("$", older, newer))
    except RecursionError as error:
        message = "A value holds itself or is nested too deeply to be compared by path; compare with how='lines'."
        raise InvalidArgumentError(message) from error


def _changes(path: str, older: Any, newer: Any) -> Iterator[str]:
    if isinstance(older, dict) and isinstance(newer, dict):
        before, after = ({_step(key): each for key, each in value.items()} for value in (older, newer))
    elif isinstance(older, list) and isinstance(newer, list):
        before, after = ({f"[{number}]": each for number, each in enumerate(value)} for value in (older, newer))
    else:
        old, new = written(older), written(newer)
        if old != new:
            yield f"~ {path}: {old} -> {new}"
        return
    for step, value in before.items():
        if step in after:
            yield from _changes(path + step, value, after[step])
        else:
            yield f"- {path}{step}: {written(value)}"
    for step, value in after.items():
        if step not in before:
            yield f"+ {path}{step}: {written(value)}"


def _step(key: Any) -> str:
    if isinstance(key, str) and key.isidentifier():
        return f".{key}"
    return f"[{written(key)}]"


def written(value: Any) -> str:
    """Return `value` on one line: as JSON where JSON has it, whatever the order of keys, and else readably."""
    match value:
        case str():
            return json.dumps(value, ensure_ascii=not value.isprintable())
        case None | bool() | int() | float():
            return json.dumps(value)
        case dict():
            return f"{{{', '.join(sorted(f'{written(key)}: {written(each)}' for key, each in value.items()))}}}"
        case list():
            return f"[{', '.join(map(written, value))}]"
        case set():
            return f"{{{', '.join(sorted(map(written, value)))}}}"
        case date() | time():
            return value.isoformat()
    return repr(value)
