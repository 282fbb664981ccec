"""Tests of releases share a clock, and a repository in which three names have three versions each."""

from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Repository
from tests.clock import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "repository.json"


@pytest.fixture
def three(file: Path, clock: Clock) -> Path:
    """`a`, `b` and `c` in versions 0, 1, 2 of three days; the clock is a day later."""
    repository = Repository(file)
    for number in range(3):
        for name in "abc":
            repository.log_artifact(name, f"{name}{number}", "json")
        repository.save()
        clock.tick()
    return file


def opened(file: Path, mode: Any = "r") -> Repository:
    return Repository(file, mode)


def pointing(file: Path, alias: str = "production") -> dict[str, int]:
    """Return the versions that an alias means, as a new process would see it."""
    repository = opened(file)
    names = sorted({each.name for each in repository.artifacts})
    return {name: held[alias] for name in names if alias in (held := repository.aliases(name))}
