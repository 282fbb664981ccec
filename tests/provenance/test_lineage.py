"""Where versions come from and where artifacts went, told on both sides and followed through dependencies."""

import json
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest

from lazyscribe import Project, Repository
from lazyscribe.exception import LazyscribeError, VersionNotFoundError
from lazyscribe.registry import registry
from lazyscribe.testing.faults import KILLED, every_call, fail, kill
from lazyscribe.testing.writers import forked
from tests.clock import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture(autouse=True)
def nothing_registered() -> Iterator[None]:
    before = dict(registry.projects)
    yield
    registry.projects.clear()
    registry.projects.update(before)


def experiment(path: str, name: str, *artifacts: str, **dependencies: Any) -> Any:
    project = Project(path, mode="w+", author="root")
    with project.log(name) as run:
        run.dependencies.update(dependencies)
        for each in artifacts:
            run.log_artifact(each, name, "json")
    project.save()
    return run


def test_both_ways(clock: Clock) -> None:
    """A promoted artifact is told beside the version and beside the experiment, each by a relative path."""
    run = experiment("p/project.json", "train", "model")
    repository = Repository("r/repository.json")
    clock.tick()
    run.promote_artifact(repository, "model")
    (gone,) = Project("p/project.json", mode="r")["train"].promotions
    assert gone[:4] == ("model", "../r/repository.json", "model", 0)
    assert gone.at == "2025-01-21T13:23:30"
    lineage = Repository("r/repository.json", mode="r").lineage("model")
    assert (lineage.name, lineage.version, lineage.artifact) == ("model", 0, "model")
    found = lineage.experiment
    assert found is not None
    assert (found.slug, found.author, found.promotions) == (run.slug, "root", (gone,))
    assert found.provenance == run.provenance
    assert [set(record) for record in json.loads(Path("r/repository.json").read_bytes())] == [
        {"created_at", "expiry", "fname", "handler", "name", "version"}
    ]


def test_an_artifact_that_is_not_saved_yet(clock: Clock) -> None:
    """One that joins unsaved is told of when the repository is saved, and not before."""
    project, repository = Project("project.json"), Repository("repository.json")
    with project.log("train") as run:
        run.log_artifact("model", 1, "json")
    run.promote_artifact(repository, "model")
    assert run.promotions == []
    project.save()
    repository.save()
    assert [each.version for each in run.promotions] == [0]
    assert repository.lineage("model").experiment.name == "train"


def test_logged_versions_come_from_nowhere(clock: Clock) -> None:
    """A version that was logged to the repository has no experiment, even beside one that was promoted."""
    repository = Repository("repository.json")
    experiment("project.json", "train", "model").promote_artifact(repository, "model")
    clock.tick()
    repository.log_artifact("model", 2, "json")
    repository.save()
    assert repository.lineage("model").experiment is None
    assert "no experiment is known" in str(repository.lineage("model"))
    assert repository.lineage("model", 0).experiment is not None
    with pytest.raises(VersionNotFoundError):
        repository.lineage("model", 7)


def test_over_dependencies_and_repositories(clock: Clock) -> None:
    """The lineage goes through dependencies over projects, names what else was promoted, and tells each once."""
    raw = experiment("raw/project.json", "raw", "table")
    features = experiment("features/project.json", "features", "scaler", raw=raw)
    train = experiment("train/project.json", "train", "model", features=features, raw=raw)
    scalers, models = Repository("scalers/repository.json"), Repository("models/repository.json")
    clock.tick()
    features.promote_artifact(scalers, "scaler")
    train.promote_artifact(models, "model")
    found = models.lineage("model")
    top = found.experiment
    assert [each.name for each in top.depends_on] == ["features", "raw"]
    assert [each.seen for each in top.depends_on] == [False, True]
    (below,) = top.depends_on[0].depends_on
    assert (below.name, below.seen) == ("raw", False)
    assert [each.repository for each in top.depends_on[0].promotions] == ["../scalers/repository.json"]
    text = str(found)
    assert [line.strip()[:10] for line in text.splitlines()].count("depends on") == 3
    assert text.index("experiment train") < text.index("experiment features") < text.index("experiment raw")
    assert "artifact 'scaler' became version 0 of 'scaler' in ../scalers/repository.json" in text
    assert json.loads(json.dumps(found.to_dict()))["experiment"]["depends_on"][0]["depends_on"][0]["slug"] == raw.slug


def test_registered_projects(clock: Clock, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dependency by a registered name is found where that project is."""
    raw = experiment("raw/project.json", "raw")
    registry.add_project("data", Project("raw/project.json", mode="r"))
    train = experiment("train/project.json", "train", "model", raw=raw)
    assert json.loads(Path("train/project.json").read_bytes())[0]["dependencies"] == [f"data|{raw.slug}"]
    train.promote_artifact(repository := Repository("repository.json"), "model")
    assert repository.lineage("model").experiment.depends_on[0].name == "raw"


def test_what_is_not_there_any_more(clock: Clock) -> None:
    """Projects and experiments that are gone are named, with what keeps them from being read."""
    raw = experiment("raw/project.json", "raw")
    train = experiment("train/project.json", "train", "model", raw=raw)
    train.promote_artifact(repository := Repository("repository.json"), "model")
    shutil.rmtree("raw")
    (below,) = repository.lineage("model").experiment.depends_on
    assert "raw/project.json" in below.missing
    assert "which is not there" in str(repository.lineage("model"))
    Path("train/project.json").write_text("[]")
    assert repository.lineage("model").experiment.missing == "the file holds no such experiment"
    Path("train/project.json").write_text("{")
    assert "not valid JSON" in repository.lineage("model").experiment.missing


def test_experiments_that_depend_on_each_other(clock: Clock) -> None:
    """A circle of dependencies ends where it closes."""
    project = Project("project.json", mode="w+")
    with project.log("a") as a, project.log("b") as b:
        a.dependencies["b"], b.dependencies["a"] = b, a
        a.log_artifact("x", 1, "json")
    project.save()
    a.promote_artifact(repository := Repository("repository.json"), "x")
    (b_found,) = repository.lineage("x").experiment.depends_on
    assert [(each.name, each.seen) for each in b_found.depends_on] == [("a", True)]


def test_folders_that_are_moved_together(clock: Clock, folder: Path) -> None:
    """Paths are relative to the files that name them, so a copy of everything finds its own."""
    experiment("all/p/project.json", "train", "model").promote_artifact(Repository("all/r/repository.json"), "model")
    Path("all").rename("moved")
    found = Repository("moved/r/repository.json", mode="r").lineage("model").experiment
    assert found.name == "train"
    assert found.project == str(folder / "moved/p/project.json")


def test_other_file_systems(clock: Clock) -> None:
    """What lies elsewhere is named by a URL, and found by it."""
    run = experiment("memory://lineage/project.json", "train", "model")
    run.promote_artifact(repository := Repository("repository.json"), "model")
    assert repository.lineage("model").experiment.name == "train"
    experiment("project.json", "local", "x").promote_artifact(
        there := Repository("memory://lineage/repository.json"), "x"
    )
    assert there.lineage("x").experiment.missing is not None  # its path means nothing over there
    fsspec.filesystem("memory").store.clear()


def test_another_file_of_that_name(clock: Clock) -> None:
    """What is told of a file that has been replaced since is not told of the one that is there now."""
    run = experiment("project.json", "train")
    run.log_artifact("model", 1, "json", fname="model.json")
    run.promote_artifact(repository := Repository("repository.json"), "model")
    repository.save()
    assert repository.lineage("model").experiment is not None
    other = Repository("repository.json", mode="w")
    other.log_artifact("model", 2, "json", fname="model.json")
    other.save()
    assert other.lineage("model").experiment is None


def test_a_promotion_that_adds_nothing(clock: Clock, folder: Path) -> None:
    """What a repository leaves out because it is there already is told of nowhere."""
    repository = Repository("r/repository.json", unchanged="skip")
    repository.log_artifact("model", "train", "json")
    repository.save()
    clock.tick()
    run = experiment("p/project.json", "train", "model")
    run.promote_artifact(repository, "model")
    assert run.promotions == []
    assert not [path for path in folder.glob("r/.lazyscribe/origins/**/*.json") if path.is_file()]
    assert repository.lineage("model").experiment is None


def test_a_project_that_cannot_be_written(clock: Clock, caplog: pytest.LogCaptureFixture, folder: Path) -> None:
    """If nothing can be written beside the project the promotion holds, and that is logged."""
    run = experiment("p/project.json", "train", "model")
    (folder / "p/.lazyscribe/promoted").write_text("in the way")
    with caplog.at_level(logging.INFO):
        run.promote_artifact(repository := Repository("r/repository.json"), "model")
    assert "could not be noted beside" in caplog.text
    assert repository.lineage("model").experiment.name == "train"
    assert run.promotions == []


class _Work:
    def __init__(self, folder: Path) -> None:
        project = Project(folder / "p/project.json", mode="w+")
        with project.log("train") as run:
            run.log_artifact("model", np.zeros(3), "npy")
        project.save()
        self.folder, self.run = folder, run
        self.repository = Repository(folder / "r/repository.json")

    def promote(self) -> None:
        self.run.promote_artifact(self.repository, "model")

    def told(self) -> list[bool]:
        """Whether there is a version, and whether each side tells of it."""
        repository = Repository(self.folder / "r/repository.json", mode="r")
        there = "model" in repository
        run = Project(self.folder / "p/project.json", mode="r")["train"]
        return [there, there and repository.lineage("model").experiment is not None, bool(run.promotions)]


def test_killed_at_any_call(folder: Path) -> None:
    """Whenever a process is killed, a version tells where it comes from, and no experiment tells of one not there."""
    ends = set()
    for trial in every_call(folder, _Work, _Work.promote, kill):
        assert forked(trial.run) in (KILLED, 0)
        told = trial.subject.told()
        ends.add(tuple(told))
    assert ends == {(False, False, False), (True, True, False), (True, True, True)}


def test_failing_at_any_call(folder: Path) -> None:
    """Whatever call fails, nothing is told of a version that is not there."""
    for trial in every_call(folder, _Work, _Work.promote, fail):
        error = trial.run()
        there, origin, gone = trial.subject.told()
        assert error is None or isinstance(error, (LazyscribeError, OSError))
        assert there == origin >= gone, (trial.number, trial.name, error)
