"""The files of versions as they are, without a handler."""

from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Repository
from lazyscribe.exception import ArtifactFileMissingError, CorruptArtifactError, VersionNotFoundError


class Bomb:
    """Cannot be unpickled in peace."""

    def __reduce__(self) -> Any:
        return (exec, ("raise AssertionError('it ran')",))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "repository.json", trust="none")
    repository.log_artifact("bomb", Bomb(), "pickle")
    repository.log_artifact("text", "a", "text")
    repository.log_artifact("text", "b", "text")
    repository.save()
    return repository


def test_the_bytes_are_given_and_nothing_is_run(repository: Repository) -> None:
    with repository.open_artifact("bomb") as file:
        assert b"it ran" in file.read()
    with repository.open_artifact("text", version=0) as file:
        assert file.read() == b"a"


def test_a_damaged_file_is_not_given(repository: Repository) -> None:
    name = repository.get_artifact_metadata("text", 0)["fname"]
    (repository.dir / "text" / name).write_bytes(b"other")
    with pytest.raises(CorruptArtifactError), repository.open_artifact("text", version=0):
        raise AssertionError("it was opened")


def test_what_is_not_there_is_said(repository: Repository) -> None:
    repository.log_artifact("new", "a", "text")
    with pytest.raises(ArtifactFileMissingError, match="save"), repository.open_artifact("new"):
        pass
    with pytest.raises(VersionNotFoundError), repository.open_artifact("text", version=9):
        pass
