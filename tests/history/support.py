"""Small things that tests of history do."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from lazyscribe import Repository
from lazyscribe.store.oscalls import OsCalls


def saved(file: Path, *values: Any, name: str = "model") -> Repository:
    """Save a version of each value, each by itself, and return the repository."""
    repository = Repository(file)
    for value in values:
        repository.log_artifact(name, value, "json")
        repository.save()
    return repository


def entries_of(file: Path) -> list[Path]:
    """Return the files of the journal."""
    return sorted(file.parent.glob(f".lazyscribe/{file.name}.log/*"))


def numbers(repository: Repository, name: str = "model") -> list[int]:
    return [each.version for each in repository.artifacts if each.name == name]


def by_another_program(file: Path, change: Any) -> None:
    """Let a program that knows nothing of ours change the records of a file."""
    records = json.loads(file.read_bytes())
    change(records)
    file.write_text(json.dumps(records, indent=4, sort_keys=True))


def foreign(name: str, version: int, created_at: str) -> dict[str, Any]:
    """Return a record as another program writes it."""
    return {
        "created_at": created_at,
        "expiry": None,
        "fname": f"{name}-{version}.json",
        "handler": "json",
        "name": name,
        "version": version,
    }


class Failing(OsCalls):
    """Calls of the system; reading a file whose path ends so fails with this error."""

    end = ""
    error = 5

    def open_read(self, path: str) -> BinaryIO:
        if self.end and path.endswith(self.end):
            raise OSError(self.error, os.strerror(self.error), path)
        return super().open_read(path)

    @contextmanager
    def at(self, end: str, error: int = 5) -> Iterator[None]:
        """Fail while the block runs."""
        self.end, self.error = end, error
        try:
            yield
        finally:
            self.end = ""
