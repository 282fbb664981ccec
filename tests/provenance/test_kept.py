"""How experiments ran is kept beside the project's file, and found again wherever they go."""

import json
import os
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest

from lazyscribe import Experiment, Project
from lazyscribe.exception import LazyscribeError, SaveError
from lazyscribe.testing.faults import KILLED, every_call, kill
from lazyscribe.testing.writers import forked
from tests.clock import Clock

KEYS = {
    *("artifacts", "author", "created_at", "dependencies", "last_updated", "last_updated_by", "metrics", "name"),
    *("parameters", "short_slug", "slug", "tags", "tests"),
}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def log(project: Project, *names: str) -> Project:
    for name in names:
        with project.log(name):
            pass
    return project


def opened(mode: Any = "r", path: Any = "project.json") -> Project:
    return Project(path, mode=mode)


def test_what_is_kept(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    """Command, interpreter, machine, duration and packages come back, for read-only and editable experiments."""
    monkeypatch.setattr(sys, "argv", ["train.py", "--epochs", "3"])
    project = Project("project.json", mode="w+")
    with project.log("run") as run:
        run.log_artifact("array", np.zeros(3), "npy")
        with run.log_test("t") as test:
            test.log_artifact("b", {"x": 1}, "yaml")
    before = run.provenance
    project.save()
    for each in (run, opened()["run"], opened("w+")["run"]):
        found = each.provenance
        assert found == before
        assert found.command == ("train.py", "--epochs", "3")
        assert found.python == sys.version.split()[0]
        assert found.host == os.uname().nodename
        assert found.packages["numpy"] == np.__version__
        assert set(found.packages) == {"numpy", "yaml"}
        assert 0 < found.duration < 5
        assert "train.py --epochs 3" in str(found)
    assert [set(record) for record in json.loads(Path("project.json").read_bytes())] == [KEYS]


def test_packages_inside_of_values() -> None:
    """The packages that parts of a value come from count, however the value is put together."""
    project = Project("project.json", mode="w+")
    with project.log("run") as run:
        run.log_artifact("a", {"deep": [{"x": np.float64(1)}]}, "pickle")
    assert run.provenance is not None
    assert set(run.provenance.packages) == {"numpy"}


def test_an_artifact_that_comes_later() -> None:
    """What a later save adds to an experiment adds its packages, and changes nothing else that is known."""
    project = log(Project("project.json", mode="w+"), "run", "other")
    project.save()
    before = opened()["run"].provenance
    again = opened("w+")
    again["run"].log_artifact("a", np.zeros(3), "npy")
    again.save()
    after = opened()["run"].provenance
    assert before.packages == {}
    assert after == before._replace(packages={"numpy": np.__version__})
    assert opened()["other"].provenance._replace(duration=0) == before._replace(duration=0)


def test_nothing_is_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `capture=False`, or where the environment says so, nothing is kept, and nothing is known."""
    log(Project("project.json", mode="w+", capture=False), "a").save()
    monkeypatch.setenv("LAZYSCRIBE_CAPTURE", "off")
    project = log(opened("a"), "b")
    project.append(Experiment(name="c", project="project.json"))
    project.save()
    assert [each.provenance for each in opened().experiments] == [None] * 3
    assert not (folder / ".lazyscribe" / "runs").exists()
    monkeypatch.setenv("LAZYSCRIBE_CAPTURE", "perhaps")
    with pytest.raises(ValueError, match="LAZYSCRIBE_CAPTURE is 'perhaps'"):
        opened()


def test_unknown() -> None:
    """Of an experiment that an older lazyscribe saved, nothing is known."""
    log(opened("w+"), "a").save()
    for path in Path(".lazyscribe/runs").rglob("*/*.json"):
        path.unlink()
    assert opened()["a"].provenance is None


def test_another_experiment_of_that_slug() -> None:
    """What is kept of another date is of another experiment; what is no file of ours tells nothing."""
    log(opened("w+"), "a").save()
    (own,) = Path(".lazyscribe/runs/project.json").glob("*.json")
    text = own.read_text()
    for broken in (text.replace('"created_at": "20', '"created_at": "19'), "{", "[]", '{"runs": 3}'):
        own.write_text(broken)
        assert opened()["a"].provenance is None


def test_made_by_hand() -> None:
    """Of an experiment that was made by hand, everything but the duration is known once it is saved."""
    project = Project("project.json")
    project.append(Experiment(name="a", project="project.json"))
    project.save()
    found = opened()["a"].provenance
    assert found is not None
    assert (found.duration, found.command) == (None, tuple(sys.argv))


def test_many_at_once() -> None:
    """Those that are saved together lie in one file."""
    log(opened("w+"), "a", "b", "c").save()
    assert [path.parent.name for path in Path(".lazyscribe/runs").rglob("*/*.json")] == ["packs"]
    assert all(each.provenance.duration > 0 for each in opened().experiments)


def test_slugs_that_are_no_file_names(folder: Path) -> None:
    """A slug that is too long for a file, or has a slash in it, is kept as well."""
    project = Project("project.json", mode="w+")
    for slug in ("x" * 230, "a/b"):
        with project.log("run") as run:
            run.slug = slug
        project.save()
    assert all(each.provenance is not None for each in opened().experiments)


def test_a_slug_that_was_taken(clock: Clock) -> None:
    """Two processes that log the same name in the same second each keep their own."""
    one, two = opened("w+"), opened("w+")
    with one.log("a"):
        pass
    with two.log("a") as run:
        run.log_artifact("x", np.zeros(1), "npy")
    one.save()
    two.save()
    assert [len(each.provenance.packages) for each in opened().experiments] == [0, 1]
    assert len({each.slug for each in opened().experiments}) == 2


def test_a_new_slug(clock: Clock) -> None:
    """What is known of an experiment goes with it when its slug is changed, at once or after it was opened again."""
    project = log(opened("w+"), "a", "b")
    project.save()
    before = [each.provenance for each in project.experiments]
    project["a"].slug = "other"
    project.save()
    again = opened("w+")
    again["b"].slug = "another"
    assert again["another"].provenance == before[1]
    again.save()
    assert [opened()[slug].provenance for slug in ("other", "another")] == before


def test_taken_over_from_another_project(clock: Clock, folder: Path) -> None:
    """What is known of an experiment goes with it to another project's file; nothing of here is said of it."""
    source = Project(folder / "source" / "project.json")
    with source.log("a") as run:
        run.log_artifact("x", np.zeros(1), "npy")
    source.save()
    before = run.provenance
    log(Project(folder / "old" / "project.json", capture=False), "b").save()
    merged = opened("w+").merge(*(Project(folder / each / "project.json", mode="w+") for each in ("source", "old")))
    merged["b"].tag("changed")
    merged.save()
    assert opened()["a"].provenance == before
    assert opened()["b"].provenance is None


def test_a_save_that_fails(folder: Path) -> None:
    """If a save fails nothing of it is kept, and the next one keeps everything."""
    project = log(opened("w+"), "a")
    with project.log("b") as run:
        run.log_artifact("x", {1}, "json")
    with pytest.raises(SaveError):
        project.save()
    assert not list((folder / ".lazyscribe").rglob("*.json"))
    run.artifacts.clear()
    project.save()
    assert all(each.provenance is not None for each in opened().experiments)


class _Work:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "project.json"
        self.project = log(opened("w+", self.path), "a")
        self.project.save()
        with self.project.log("b") as run:
            run.log_artifact("x", 1, "json")
        self.project["a"].slug = "renamed"

    def save(self) -> None:
        self.project.save()


def test_killed_at_any_call(folder: Path, clock: Clock) -> None:
    """Whenever a process is killed, of every experiment that is in the file it is known how it ran."""
    ends = set()
    for trial in every_call(folder, _Work, _Work.save, kill):
        assert forked(trial.run) in (KILLED, 0)
        project = opened("r", trial.subject.path)
        assert all(each.provenance is not None for each in project.experiments)
        ends.add(len(project.experiments))
        trial.subject.save()
        assert opened("r", trial.subject.path).experiments[0].slug == "renamed"
        assert all(each.provenance is not None for each in opened("r", trial.subject.path).experiments)
    assert ends == {1, 2}


@pytest.fixture
def memory() -> Iterator[str]:
    yield "memory://provenance/project.json"
    fsspec.filesystem("memory").store.clear()


def test_in_memory(memory: str) -> None:
    """It is the same wherever the project lies."""
    log(opened("w+", memory), "a").save()
    log(opened("a", memory), "b", "c").save()
    assert all(each.provenance is not None for each in opened("r", memory).experiments)


def test_pickled() -> None:
    """An experiment that is pickled with its project is found where it is saved."""
    project = log(opened("w+"), "a")
    project.save()
    assert pickle.loads(pickle.dumps(project))["a"].provenance == project["a"].provenance


def test_nothing_is_left_over(folder: Path) -> None:
    """What is kept is no orphan, and is nothing that 2.2 would see."""
    project = log(opened("w+"), "a", "b")
    project.save()
    log(project, "c").save()
    assert opened().verify().findings == ()
    assert sorted(path.name for path in folder.iterdir()) == [".lazyscribe", "project.json"]


def test_a_folder_that_cannot_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening and asking writes nothing."""
    log(opened("w+"), "a").save()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert opened()["a"].provenance is not None
    with pytest.raises(LazyscribeError):
        opened().log("b").__enter__()
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
