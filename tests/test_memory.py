"""A project or repository that nobody holds is gone at once, and what it has read with it; a list keeps its owner."""

import copy
import gc
import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from weakref import ref

import pytest

from lazyscribe import Project, Repository


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a repository and a project of three records each."""
    repository, project = Repository(tmp_path / "repository.json"), Project(tmp_path / "project.json", author="ann")
    for number in range(3):
        repository.log_artifact("x", number, "json")
        with project.log(f"experiment {number}") as experiment:
            experiment.log_metric("m", number)
    repository.save()
    project.save()
    return tmp_path


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    """What is gone here is gone without the garbage collector."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


USES: dict[str, Callable[[Any], object]] = {
    "nothing": lambda _: None,
    "dictionaries": list,
    "a question": lambda it: list(it.sort("created_at").top(2)),
}
OF_REPOSITORIES: dict[str, Callable[[Repository], object]] = {
    "a look-up": lambda it: it.get_artifact_metadata("x", "2100-01-01", match="asof"),
    "loading": lambda it: it.load_artifact("x"),
    "a first version": lambda it: it["x"],
    "logging": lambda it: it.log_artifact("x", 1, "json"),
}
OF_PROJECTS: dict[str, Callable[[Project], object]] = {
    "a slug": lambda it: it["experiment-1"].metrics["m"],
    "filtering": lambda it: list(it.filter(lambda experiment: experiment.metrics["m"] > 1)),
}


@pytest.mark.parametrize("use", {**USES, **OF_REPOSITORIES})
def test_a_repository_is_gone_at_once(folder: Path, use: str) -> None:
    """A repository goes with its last reference, whatever was looked up in it."""
    repository = Repository(folder / "repository.json")
    there = ref(repository)
    {**USES, **OF_REPOSITORIES}[use](repository)
    del repository
    assert there() is None


@pytest.mark.parametrize("use", {**USES, **OF_PROJECTS})
def test_a_project_is_gone_at_once(folder: Path, use: str) -> None:
    """A project goes with its last reference, whatever was looked up in it."""
    project = Project(folder / "project.json")
    there = ref(project)
    {**USES, **OF_PROJECTS}[use](project)
    del project
    assert there() is None


def _by_place(held: Any) -> list[Any]:
    return [held[place] for place in range(3)]


LISTS: dict[str, Callable[[Path], list[Any]]] = {
    "artifacts": lambda folder: [each.fname for each in Repository(folder / "repository.json").artifacts],
    "by place": lambda folder: _by_place(Project(folder / "project.json").experiments),
    "an iterator": lambda folder: list(iter(Project(folder / "project.json").experiments)),
    "filtering": lambda folder: list(Project(folder / "project.json").filter(bool)),
    "a selection": lambda folder: list(Project(folder / "project.json").where("metrics.m >= 0")),
    "a pickled list": lambda folder: list(pickle.loads(pickle.dumps(Repository(folder / "repository.json").artifacts))),
    "a shallow copy": lambda folder: list(copy.copy(Repository(folder / "repository.json")).artifacts),
    "a look back": lambda folder: list(Repository(folder / "repository.json").at(valid="2100-01-01").artifacts),
    "a part": lambda folder: list(
        Repository(folder / "repository.json", mode="r").filter([("x", n) for n in range(3)]).artifacts
    ),
    "merging": lambda folder: list(Project(folder / "project.json").merge().experiments),
}


@pytest.mark.parametrize("what", LISTS)
def test_what_is_held_alone_works(folder: Path, what: str) -> None:
    """A list, an iterator or a selection works on where nobody holds the project or repository it came from."""
    assert len(LISTS[what](folder)) == 3


def test_a_list_held_alone_can_be_added_to(folder: Path) -> None:
    """A list that is held alone asks its owner whether something may join."""
    held = Repository(folder / "repository.json", mode="r").artifacts
    with pytest.raises(Exception, match="mode='r'"):
        held.append(held[0])
    assert len(json.loads((folder / "repository.json").read_bytes())) == 3
