"""Promotions that fail leave nothing."""

import errno
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Project, Repository
from lazyscribe.exception import ArtifactLogError, CorruptArtifactError, LazyscribeError, SaveError
from lazyscribe.store.oscalls import OsCalls
from tests.clock import START, Clock
from tests.repository.tools import opened, tree, values


@pytest.fixture
def project(tmp_path: Path, clock: Clock) -> Project:
    """A saved project whose experiment holds `x`."""
    project = Project(tmp_path / "project" / "project.json", mode="w+")
    with project.log("one") as experiment:
        experiment.log_artifact("x", "good", "json")
    project.save()
    clock.tick()
    return project


def stored(project: Project) -> Path:
    return project["one"].path / project["one"].artifacts[0].fname


@pytest.fixture
def half(tmp_path: Path, clock: Clock) -> Repository:
    """A repository with an older saved version of `x`, and unsaved ones of `x` and `y`."""
    repository = Repository(tmp_path / "repository" / "repository.json")
    now, clock.now = clock.now, START.replace(year=2024)
    repository.log_artifact("x", "saved", "json")
    repository.save()
    repository.log_artifact("x", "unsaved", "json")
    repository.log_artifact("y", "unsaved y", "json")
    clock.now = now
    return repository


def state(repository: Repository) -> list[Any]:
    return [(id(each), each.name, each.version, each.fname, each.dirty, each.value) for each in repository.artifacts]


@pytest.mark.parametrize("unchanged", ["add", "skip"])
def test_interrupted_when_it_is_done(project: Project, tmp_path: Path, unchanged: Any, monkeypatch: Any) -> None:
    """A version that is saved stays, whatever interrupts what comes after; a later save does not take it out."""
    repository = Repository(tmp_path / "repository.json", unchanged=unchanged)
    repository.log_artifact("x", "good" if unchanged == "skip" else "older", "json")
    repository.artifacts[0].created_at = START.replace(year=2024)
    repository.save()

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("lazyscribe.repository.Repository._saved", interrupt)
        with pytest.raises(KeyboardInterrupt):
            project["one"].promote_artifact(repository, "x")
    repository.log_artifact("y", 1, "json")
    repository.save()
    for each in (repository, Repository(tmp_path / "repository.json")):
        assert each.load_artifact("x") == "good"
        assert [one.name for one in each.artifacts] == (["x", "y"] if unchanged == "skip" else ["x", "x", "y"])


def test_damaged_source(project: Project, half: Repository) -> None:
    """A damaged source is a `CorruptArtifactError` that names it, and nothing of it stays."""
    stored(project).write_text('"evil"')
    before, memory = tree(half.dir), state(half)
    with pytest.raises(CorruptArtifactError) as caught:
        project["one"].promote_artifact(half, "x")
    assert caught.value.path == str(stored(project))
    assert caught.value.expected in str(caught.value)
    assert caught.value.found in str(caught.value)
    assert tree(half.dir) == before
    assert state(half) == memory


def test_source_that_is_gone(project: Project, half: Repository) -> None:
    """A source that is not there is a `FileNotFoundError`, and nothing of it stays."""
    stored(project).unlink()
    before, memory = tree(half.dir), state(half)
    with pytest.raises(FileNotFoundError) as caught:
        project["one"].promote_artifact(half, "x")
    assert isinstance(caught.value, LazyscribeError)
    assert tree(half.dir) == before
    assert state(half) == memory


def test_target_that_cannot_be_written(project: Project, half: Repository) -> None:
    """A target that cannot be written is both `ArtifactLogError` and `SaveError`; the other unsaved versions stay."""
    half.artifacts[1].name = "z"
    (half.dir / "x").rename(half.dir / "aside")
    (half.dir / "x").write_text("a file where the folder should be")
    before, memory = tree(half.dir), state(half)
    with pytest.raises(ArtifactLogError) as caught:
        project["one"].promote_artifact(half, "x")
    assert isinstance(caught.value, SaveError)
    assert "'x'" in str(caught.value)
    assert tree(half.dir) == before
    assert state(half) == memory
    (half.dir / "x").unlink()
    (half.dir / "aside").rename(half.dir / "x")
    half.save()
    assert values(opened(half.fpath)) == ["saved"]
    assert opened(half.fpath).load_artifact("z", version=1) == "unsaved"
    assert opened(half.fpath).load_artifact("y") == "unsaved y"


def test_folder_that_is_a_file(project: Project, tmp_path: Path) -> None:
    """So is a repository's folder that has become a file."""
    folder = tmp_path / "repository"
    repository = Repository(folder / "repository.json")
    folder.write_text("in the way")
    with pytest.raises(ArtifactLogError) as caught:
        project["one"].promote_artifact(repository, "x")
    assert isinstance(caught.value, SaveError)
    assert len(repository.artifacts) == 0
    folder.unlink()
    project["one"].promote_artifact(repository, "x")
    assert values(opened(repository.fpath)) == ["good"]


def test_another_version_that_cannot_be_written(project: Project, half: Repository) -> None:
    """If another unsaved version makes the save fail, the promoted one is taken back and the others stay."""
    half.log_artifact("bad", {1, 2}, "json")
    before, memory = tree(half.dir), state(half)
    with pytest.raises(ArtifactLogError, match="bad") as caught:
        project["one"].promote_artifact(half, "x")
    assert isinstance(caught.value, SaveError)
    assert tree(half.dir) == before
    assert state(half) == memory
    half.artifacts.pop()
    project["one"].promote_artifact(half, "x")
    assert values(opened(half.fpath)) == ["saved", "unsaved", "good"]
    assert opened(half.fpath).load_artifact("y") == "unsaved y"


@pytest.mark.parametrize("mode", ["a", "w+"])
@pytest.mark.parametrize("space", [0, 3, 10, 100, 400])
def test_full_disk(project: Project, half: Repository, monkeypatch: pytest.MonkeyPatch, space: int, mode: Any) -> None:
    """A disk that runs full at any byte leaves memory and disk as they were."""
    half.artifacts.pop()
    half.artifacts.pop()
    repository = opened(half.fpath, mode)
    before, memory, left = tree(half.dir), state(repository), space
    write = OsCalls.write

    def full(self: OsCalls, descriptor: int, data: Any) -> int:
        nonlocal left
        if left <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        done = write(self, descriptor, memoryview(data)[:left])
        left -= done
        return done

    with monkeypatch.context() as patch:
        patch.setattr(OsCalls, "write", full)
        with pytest.raises(ArtifactLogError, match="No space left") as caught:
            project["one"].promote_artifact(repository, "x")
    assert isinstance(caught.value, SaveError)
    assert tree(half.dir) == before
    assert state(repository) == memory
    project["one"].promote_artifact(repository, "x")
    assert values(opened(half.fpath)) == ["saved", "good"]


def test_file_name_that_does_not_fit(tmp_path: Path, project: Project) -> None:
    """A promotion to the very place of the repository's file is refused, and nothing of it stays."""
    with project.log("two") as experiment:
        experiment.log_artifact(".", 1, "json", fname="repository.json")
    project.save()
    repository = Repository(tmp_path / "repository.json")
    with pytest.raises(ArtifactLogError):
        project["two"].promote_artifact(repository, ".")
    assert len(repository.artifacts) == 0
    assert not repository.fpath.exists()
