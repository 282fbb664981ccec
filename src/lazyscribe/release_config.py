"""What ``pyproject.toml`` says of releases. Pure: the text and the time come from the caller."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lazyscribe.exception import InvalidArgumentError


def read_config(text: str, now: datetime) -> tuple[list[str], str]:
    """Return the paths of the repositories and the tag that the text of a ``pyproject.toml`` asks for.

    The deprecated ``format`` warns; the warning names the caller's caller.

    Raises
    ------
    InvalidArgumentError
        The text is no TOML, or a table or key is missing or of the wrong type.
    """
    import tomllib

    try:
        config = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"The text is not valid TOML ({error}); mend it, or, if it is a path, pass what that file holds."
        raise InvalidArgumentError(message) from error
    table = _table(_table(config, "tool", "tool"), "lazyscribe", "tool.lazyscribe")
    paths = table.get("repositories")
    if not isinstance(paths, list) or not all(isinstance(path, str) and path for path in paths):
        what = "has no" if paths is None else f"has {paths!r:.60} as"
        message = f"[tool.lazyscribe] {what} 'repositories'; list the paths of the repositories to release there."
        raise InvalidArgumentError(message)
    project = _table(config, "project", "project", required=False)
    version = _text(project, "version", "project") or _text(table, "version", "tool.lazyscribe")
    if version is None:
        message = "The configuration has no 'version' in [project] nor in [tool.lazyscribe]; add one of them."
        raise InvalidArgumentError(message)
    form = _text(table, "format", "tool.lazyscribe")
    return paths, version if form is None else _formatted(form, version, now)


def _table(config: dict[str, Any], key: str, title: str, required: bool = True) -> dict[str, Any]:
    table = config.get(key) if required else config.get(key, {})
    if not isinstance(table, dict):
        what = "has no" if table is None else f"has {table!r:.60} in place of the"
        raise InvalidArgumentError(f"The configuration {what} table [{title}]; add it.")
    return table


def _text(table: dict[str, Any], key: str, title: str) -> str | None:
    value = table.get(key)
    if value is not None and (not isinstance(value, str) or not value):
        raise InvalidArgumentError(f"{key!r} in [{title}] is {value!r:.60}; write a text that is not empty.")
    return value


def _formatted(form: str, version: str, now: datetime) -> str:
    """Return the tag by the deprecated ``format``."""
    import warnings

    message = "'format' in [tool.lazyscribe] is deprecated: drop it, and the version itself becomes the tag"
    warnings.warn(message, DeprecationWarning, stacklevel=4)
    try:
        return form.format(version=version, year=now.year, month=now.month, day=now.day)
    except (LookupError, ValueError, AttributeError, TypeError) as error:
        message = f"'format' in [tool.lazyscribe] is {form!r:.60}, which cannot be filled ({error!r}); "
        raise InvalidArgumentError(f"{message}use only version, year, month and day.") from error
