"""Handlers whose library knows nothing but paths."""

import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from lazyscribe import Repository
from lazyscribe.artifacts.base import Artifact
from lazyscribe.artifacts.temporary import path_to_read, path_to_write
from lazyscribe.exception import SaveError
from tests.repository.tools import tree


class Bundle(Artifact):
    """A handler of a user's, for a library that opens files itself."""

    alias: ClassVar[str] = "tests-bundle"
    suffix: ClassVar[str] = "zip"
    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = False

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        with path_to_read(buf, "bundle.zip") as path, zipfile.ZipFile(str(path)) as archive:
            assert path.name == "bundle.zip"
            return {name: archive.read(name) for name in archive.namelist()}

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        with path_to_write(buf, "bundle.zip") as path, zipfile.ZipFile(str(path), "w") as archive:
            for name, data in obj.items():
                archive.writestr(name, data)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files, which is to be empty in the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def test_a_library_of_paths_writes_and_reads(tmp_path: Path, temporary: Path) -> None:
    """What is written under a path ends in the artifact's file, and is read under a path."""
    repository = Repository(tmp_path / "kept" / "repository.json")
    repository.log_artifact("x", {"a": b"1", "b/c": b"2"}, "tests-bundle")
    repository.save()
    assert Repository(repository.fpath, mode="r").load_artifact("x") == {"a": b"1", "b/c": b"2"}


def test_a_library_that_fails_leaves_nothing(tmp_path: Path, temporary: Path) -> None:
    """An error half-way leaves neither the temporary file nor a part of the artifact's."""
    repository = Repository(tmp_path / "kept" / "repository.json")
    repository.log_artifact("x", {"a": b"1", "b": object()}, "tests-bundle")
    with pytest.raises(SaveError):
        repository.save()
    assert tree(tmp_path) == {}


def test_a_library_that_writes_nothing_is_told(tmp_path: Path, temporary: Path) -> None:
    """A library that leaves no file under the path is an error."""
    with pytest.raises(FileNotFoundError), path_to_write(None):
        pass


class Sink:
    """Takes everything and keeps nothing."""

    def write(self, data: bytes) -> int:
        return len(data)


def test_the_content_is_not_held_in_memory(temporary: Path) -> None:
    """A file of 64 MiB passes through a few MiB."""
    tracemalloc.start()
    try:
        with path_to_write(Sink()) as path, path.open("wb") as file:
            file.truncate(64 * 2**20)
        with path.parent.parent.joinpath("x").open("wb+") as file:
            file.truncate(64 * 2**20)
            with path_to_read(file) as path:
                assert path.stat().st_size == 64 * 2**20
        temporary.joinpath("x").unlink()
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()
