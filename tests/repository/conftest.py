"""What tests of repositories share."""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from lazyscribe import Repository
from tests.clock import Clock

_numbers = itertools.count()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the repository's file is going to be."""
    return tmp_path / "repository.json"


@pytest.fixture
def three(file: Path, clock: Clock) -> Path:
    """A repository of three saves: versions 0, 1, 2 of `x` of three days, holding 0, 1, 2; the clock is a day later."""
    repository = Repository(file)
    for number in range(3):
        repository.log_artifact("x", number, "json")
        repository.save()
        clock.tick()
    return file


@pytest.fixture
def memory() -> Iterator[str]:
    """A folder of the memory file system, as a URL."""
    folder = f"/lazyscribe-repository-{next(_numbers)}"
    yield f"memory:/{folder}"
    fs = fsspec.filesystem("memory")
    if fs.exists(folder):
        fs.rm(folder, recursive=True)


@pytest.fixture
def records(file: Path) -> Callable[[], list[dict[str, Any]]]:
    """Read the records in the file."""
    return lambda: json.loads(file.read_bytes())
