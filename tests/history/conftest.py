"""What tests of history share."""

from pathlib import Path

import pytest

from tests.clock import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the repository's file is going to be."""
    return tmp_path / "repository.json"
