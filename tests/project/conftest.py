"""Every test of projects runs in an empty folder of its own, with nothing registered and nothing in memory://."""

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from lazyscribe.registry import registry


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in an empty folder; leave nothing in what processes share."""
    monkeypatch.chdir(tmp_path)
    before = dict(registry.projects)
    yield tmp_path
    registry.projects.clear()
    registry.projects.update(before)
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]
