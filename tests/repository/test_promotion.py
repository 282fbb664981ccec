"""Artifacts of experiments become versions."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Project, Repository
from lazyscribe.exception import (
    ArtifactLoadError,
    ArtifactLogError,
    CorruptArtifactError,
    LazyscribeError,
    ReadOnlyError,
)
from tests.clock import START, Clock
from tests.repository.tools import opened, tree, values

Records = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def project(tmp_path: Path, clock: Clock) -> Project:
    """A saved project whose experiment holds `x` (JSON) and `p` (pickle), and which a day later is open still."""
    project = Project(tmp_path / "project" / "project.json", mode="w+")
    with project.log("one") as experiment:
        experiment.log_artifact("x", {"from": "experiment"}, "json")
        experiment.log_artifact("p", [1, 2], "pickle", fname="chosen/name.bin")
    project.save()
    clock.tick()
    return project


@pytest.mark.parametrize("mode", ["a", "w", "w+"])
def test_saved(project: Project, file: Path, records: Records, mode: Any) -> None:
    """A saved artifact is copied and the repository saved at once; it keeps its date and its file name."""
    project["one"].promote_artifact(Repository(file, mode), "x")
    project["one"].promote_artifact(opened(file, "w+"), "p")
    source = project["one"].artifacts
    assert [(each["name"], each["version"], each["fname"], each["created_at"]) for each in records()] == [
        ("x", 0, source[0].fname, "2025-01-20T13:23:30"),
        ("p", 0, "chosen/name.bin", "2025-01-20T13:23:30"),
    ]
    assert "python_version" in records()[1]
    assert opened(file).load_artifact("x") == {"from": "experiment"}
    assert opened(file).load_artifact("p") == [1, 2]
    for each in source:
        copied = (file.parent / each.name / each.fname).read_bytes()
        assert copied == (project["one"].path / each.fname).read_bytes()
    assert project["one"].load_artifact("x") == {"from": "experiment"}


@pytest.mark.parametrize("mode", ["r", "a"])
def test_from_a_read_only_experiment(project: Project, file: Path, mode: Any) -> None:
    """A read-only experiment promotes, too, and stays as it is; only where it went is noted beside."""
    before = tree(project.dir)
    experiment = Project(project.fpath, mode=mode)["one"]
    experiment.promote_artifact(Repository(file), "x")
    assert opened(file).load_artifact("x") == {"from": "experiment"}
    after = tree(project.dir)
    assert {key: data for key, data in after.items() if not key.startswith(".lazyscribe/promoted/")} == before
    assert len(after) == len(before) + 1


def test_unsaved(tmp_path: Path, file: Path, clock: Clock) -> None:
    """An unsaved artifact joins as if logged there; nothing is written until the user saves."""
    project = Project(tmp_path / "project.json", mode="w+")
    with project.log("one") as experiment:
        experiment.log_artifact("x", "value", "json", fname="f.json", indent=2)
    clock.tick()
    repository = Repository(file)
    project["one"].promote_artifact(repository, "x")
    assert tree(tmp_path) == {}
    assert [(each["version"], each["fname"], each["created_at"]) for each in repository] == [
        (0, "f.json", "2025-01-20T13:23:30")
    ]
    assert repository["x"].dirty
    repository.save()
    assert values(opened(file)) == ["value"]
    assert project["one"].artifacts[0].dirty, "the experiment's own is not saved yet"
    project.save()
    assert Project(project.fpath, mode="r")["one"].load_artifact("x") == "value"


def test_inside_the_block(tmp_path: Path, file: Path, clock: Clock) -> None:
    """An experiment that is still being logged promotes."""
    with Project(tmp_path / "project.json").log("one") as experiment:
        experiment.log_artifact("x", 1, "json")
        repository = Repository(file)
        experiment.promote_artifact(repository, "x")
    repository.save()
    assert values(opened(file)) == [1]


def test_number_follows_the_highest(project: Project, file: Path, clock: Clock, records: Records) -> None:
    """Its number is the highest of the name plus 1, not the count."""
    clock.now = START.replace(year=2024)
    repository = Repository(file)
    for _ in range(3):
        repository.log_artifact("x", 0, "json")
        repository.log_artifact("y", 0, "json")
    del repository.artifacts[0]
    repository.save()
    project["one"].promote_artifact(repository, "x")
    assert [each["version"] for each in records() if each["name"] == "x"] == [1, 2, 3]
    assert opened(file).load_artifact("x") == {"from": "experiment"}


def test_number_that_somebody_took(project: Project, file: Path, clock: Clock) -> None:
    """A number that somebody took meanwhile makes the promoted version move."""
    repository, other = Repository(file), Repository(file)
    clock.now = START.replace(year=2024)
    other.log_artifact("x", "theirs", "json")
    other.save()
    project["one"].promote_artifact(repository, "x")
    assert values(opened(file)) == ["theirs", {"from": "experiment"}]


@pytest.mark.parametrize("saved", [False, True])
def test_not_newer(project: Project, three: Path, clock: Clock, saved: bool) -> None:
    """One that is not newer than the newest there is an `ArtifactLogError`; memory and disk stay."""
    if not saved:
        clock.now = START
        project["one"].log_artifact("x", "unsaved", "json", overwrite=True)
    repository, before = opened(three, "w+"), tree(three.parent)
    with pytest.raises(ArtifactLogError, match="not newer"):
        project["one"].promote_artifact(repository, "x")
    assert len(repository.artifacts) == 3
    assert tree(three.parent) == before


def test_not_newer_than_an_unsaved_one(project: Project, file: Path) -> None:
    """A version that is logged and not saved counts as well."""
    repository = Repository(file)
    repository.log_artifact("x", "newer", "json")
    with pytest.raises(ArtifactLogError, match="not newer"):
        project["one"].promote_artifact(repository, "x")
    assert [each.value for each in repository.artifacts] == ["newer"]


def test_twice(project: Project, file: Path) -> None:
    """The same artifact is not newer than itself, in this handle and in another one."""
    repository = Repository(file)
    project["one"].promote_artifact(repository, "x")
    before = tree(file.parent)
    for each in (repository, opened(file, "a"), opened(file, "w+")):
        with pytest.raises(ArtifactLogError, match="not newer"):
            project["one"].promote_artifact(each, "x")
        assert len(each.artifacts) == 1
    assert tree(file.parent) == before


def test_newest_counts_when_expired(project: Project, three: Path) -> None:
    """The newest there counts, expired or not."""
    repository = opened(three, "w+")
    repository.set_artifact_expiry("x", version=2, expiry="2025-01-22T14:00:00")
    with pytest.raises(ArtifactLogError, match="not newer"):
        project["one"].promote_artifact(repository, "x")


def test_unknown(project: Project, file: Path) -> None:
    """A name that the experiment does not have is an `ArtifactLoadError`, and nothing is written."""
    repository = Repository(file)
    with pytest.raises(ArtifactLoadError, match="nothing"):
        project["one"].promote_artifact(repository, "nothing")
    assert len(repository.artifacts) == 0
    assert not file.exists()


def test_read_only_repository(project: Project, three: Path) -> None:
    """A repository in mode `r` is a `ReadOnlyError`, for unknown names as well."""
    before = tree(three.parent)
    for name in ("x", "p", "nothing"):
        with pytest.raises(ReadOnlyError):
            project["one"].promote_artifact(opened(three, "r"), name)
    assert tree(three.parent) == before


@pytest.mark.parametrize("direction", ["file to memory", "memory to file", "memory to memory"])
@pytest.mark.parametrize("mode", ["r", "w+"])
def test_across_file_systems(tmp_path: Path, memory: str, clock: Clock, direction: str, mode: Any) -> None:
    """Across file systems it is streamed over, byte for byte."""
    source, target = (memory if each == "memory" else str(tmp_path) for each in direction.split(" to "))
    project = Project(f"{source}/p/project.json", mode="w+")
    with project.log("one") as experiment:
        experiment.log_artifact("p", b"\0\xff" * 700_000, "pickle", fname="sub/p.bin")
        experiment.log_artifact("x", "é\r\n", "json", ensure_ascii=False)
    project.save()
    clock.tick()
    repository = Repository(f"{target}/r/repository.json")
    experiment = Project(f"{source}/p/project.json", mode=mode)["one"]
    for name in "px":
        experiment.promote_artifact(repository, name)
    again = Repository(f"{target}/r/repository.json", mode="r")
    assert again.load_artifact("p") == b"\0\xff" * 700_000
    assert again.load_artifact("x") == "é\r\n"
    for each in experiment.artifacts:
        stored = f"{experiment.path}/{each.fname}"
        copied = f"{again.dir}/{each.name}/{each.fname}"
        assert again.fs.cat_file(copied) == experiment.fs.cat_file(stored)


def test_facts_go_along(project: Project, file: Path) -> None:
    """The copy has facts of its own: a flipped byte is found."""
    project["one"].promote_artifact(Repository(file), "x")
    name = project["one"].artifacts[0].fname
    facts = json.loads((file.parent / ".lazyscribe" / "facts" / "x" / f"{name}.json").read_bytes())
    source = json.loads((next(project.dir.glob(".lazyscribe/facts/*")) / f"{name}.json").read_bytes())
    assert (facts["sha256"], facts["size"]) == (source["sha256"], source["size"])
    (file.parent / "x" / name).write_text("{}")
    with pytest.raises(CorruptArtifactError):
        opened(file).load_artifact("x")


@pytest.mark.parametrize("fname", [None, "same.json"])
def test_file_name_that_is_taken(tmp_path: Path, file: Path, clock: Clock, fname: str | None) -> None:
    """A file name that a version there has gets a suffix: two versions are two files."""
    repository = Repository(file)
    repository.log_artifact("x", "there", "json", fname=fname)
    repository.save()
    clock.tick(seconds=0.5 if fname is None else 60)
    project = Project(tmp_path / "project.json", mode="w+")
    with project.log("one") as experiment:
        experiment.log_artifact("x", "promoted", "json", fname=fname)
    project.save()
    experiment.promote_artifact(repository, "x")
    assert values(opened(file)) == ["there", "promoted"]
    assert len({each["fname"] for each in opened(file)}) == 2


def test_expiry_and_environment(project: Project, file: Path) -> None:
    """Everything else in the record is that of the experiment's artifact."""
    artifact = project["one"].artifacts[0]
    artifact.expiry = datetime(2030, 1, 1)
    artifact.dirty = True
    project.save()
    project["one"].promote_artifact(Repository(file), "x")
    assert opened(file).get_artifact_metadata("x")["expiry"] == "2030-01-01T00:00:00"


def test_handler_that_is_missing(project: Project, file: Path) -> None:
    """An artifact whose handler is not installed is copied all the same."""
    text = project.fpath.read_text().replace('"handler": "json"', '"handler": "weird"')
    project.fpath.write_text(text)
    Project(project.fpath, mode="r")["one"].promote_artifact(Repository(file), "x")
    assert json.loads(file.read_bytes())[0]["handler"] == "weird"
    with pytest.raises(ArtifactLoadError, match="weird"):
        opened(file).load_artifact("x")
    file.write_text(file.read_text().replace('"weird"', '"json"'))
    assert opened(file).load_artifact("x") == {"from": "experiment"}


def test_every_error_is_ours(project: Project, three: Path) -> None:
    """What promotion raises derives from `LazyscribeError`."""
    for name, repository in (("nothing", opened(three, "w+")), ("x", opened(three, "w+")), ("x", opened(three, "r"))):
        with pytest.raises(LazyscribeError):
            project["one"].promote_artifact(repository, name)
