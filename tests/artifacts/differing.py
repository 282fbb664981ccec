"""Differences as a user asks for them."""

import tempfile
from pathlib import Path
from typing import Any

from lazyscribe import Repository


def saved(folder: Path, older: Any, newer: Any, handlers: tuple[str, str]) -> Repository:
    """Return a repository of two saved versions of `x`."""
    repository = Repository(folder / "repository.json")
    for value, handler in zip((older, newer), handlers, strict=True):
        repository.log_artifact("x", value, handler)
    repository.save()
    return repository


def diff(older: Any, newer: Any, handler: str, to: str | None = None, **keywords: Any) -> str:
    """Return the diff of two versions, the newer one by the handler `to` if it is another."""
    with tempfile.TemporaryDirectory() as folder:
        return saved(Path(folder), older, newer, (handler, to or handler)).get_version_diff("x", 0, **keywords)
