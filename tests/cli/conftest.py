"""A folder with a project and a repository, made once and copied."""

import shutil
from pathlib import Path

import pytest

from tests.cli.support import make


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    make(folder)
    return folder


@pytest.fixture
def here(made: Path, tmp_path: Path) -> Path:
    """A folder of one's own with a project and a repository."""
    shutil.copytree(made, tmp_path / "here")
    return tmp_path / "here"
