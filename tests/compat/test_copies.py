"""Copies and 2.2: it opens what was copied, and what it wrote is copied."""

from datetime import datetime
from pathlib import Path

import pytest

import lazyscribe
from lazyscribe import Project, Repository
from tests.compat.test_turns import Turns, add_experiment, read_project


def add_versions(first: int, author: str) -> None:
    """Save two versions of two names, one of them expired."""
    repository = Repository("repository.json", mode="w+")
    for number in (first, first + 1):
        repository.log_artifact("numbers", {"by": author, "number": number}, handler="json", fname=f"{number}.json")
        repository.log_artifact("pickled", (author, number), handler="pickle", fname=f"{number}.pkl")
        for artifact in list(repository.artifacts)[-2:]:
            artifact.created_at = datetime(2025, 1, 1 + number)
    repository.set_artifact_expiry("numbers", version=first, expiry=datetime(2030, 1, 1))
    repository.save()


def read_repository() -> list[str]:
    """Tell all that a repository holds, values loaded."""
    repository = Repository("repository.json", mode="r")
    return [
        repr(sorted(each.items())) + repr(repository.load_artifact(each["name"], version=each["version"]))
        for each in repository
    ]


def test_a_copied_repository_is_the_same_to_both(turns: Turns, tmp_path: Path) -> None:
    """What one wrote and the other added to is copied; both read it as they read the original, and go on there."""
    first, second = turns
    (tmp_path / "from").mkdir()
    first(add_versions, tmp_path / "from", first=0, author="ann")
    second(add_versions, tmp_path / "from", first=2, author="bob")
    assert lazyscribe.copy(tmp_path / "from" / "repository.json", tmp_path / "to" / "repository.json")[:2] == (8, 8)
    copied = (tmp_path / "to" / "repository.json").read_bytes()
    assert copied == (tmp_path / "from" / "repository.json").read_bytes()
    for actor in turns:
        assert actor(read_repository, tmp_path / "to") == actor(read_repository, tmp_path / "from")
    second(add_versions, tmp_path / "to", first=4, author="bob")
    assert len(first(read_repository, tmp_path / "to")) == 12


def test_a_copied_project_is_the_same_to_both(turns: Turns, tmp_path: Path) -> None:
    first, second = turns
    (tmp_path / "from").mkdir()
    first(add_experiment, tmp_path / "from", name="One: é/ü 日本", day=1, author="ann")
    second(add_experiment, tmp_path / "from", name="Two 😀", day=2, author="bob")
    assert lazyscribe.copy(tmp_path / "from" / "project.json", tmp_path / "to" / "project.json").records == 2
    assert (tmp_path / "to" / "project.json").read_bytes() == (tmp_path / "from" / "project.json").read_bytes()
    for actor in turns:
        assert actor(read_project, tmp_path / "to", mode="r") == actor(read_project, tmp_path / "from", mode="r")
    second(add_experiment, tmp_path / "to", name="three", day=3, author="bob")
    assert len(first(read_project, tmp_path / "to", mode="r")) == 3
    lazyscribe.copy(tmp_path / "to" / "project.json", tmp_path / "from" / "project.json")
    assert len(first(read_project, tmp_path / "from", mode="r")) == 3


def link() -> None:
    """Let an experiment of another project depend on the first of this one."""
    upstream = Project("project.json", mode="r").experiments[0]
    project = Project("down.json", mode="w+", author="ann")
    with project.log("down") as experiment:
        experiment.dependencies[upstream.short_slug] = upstream
    project.save()


def read_dependencies(path: str) -> list[list[str]]:
    """Tell what each experiment depends on."""
    project = Project(path, mode="r")
    return [[each.name for each in experiment.dependencies.values()] for experiment in project.experiments]


def test_dependencies_lead_where_they_led(turns: Turns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their paths are relative to the working folder, for 2.2 as for us, so a copy elsewhere leads there, too."""
    first, second = turns
    first(add_experiment, tmp_path, name="one", day=1, author="ann")
    second(link, tmp_path)
    monkeypatch.chdir(tmp_path)
    lazyscribe.copy("down.json", "sub/down.json")
    for actor in turns:
        assert actor(read_dependencies, tmp_path, path="sub/down.json") == [["one"]]
