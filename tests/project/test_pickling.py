"""Pickling: experiments, tests, projects, and work that comes back from other processes."""

import copy
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from attrs.exceptions import FrozenInstanceError

from lazyscribe import Experiment, Project, Test
from lazyscribe.exception import LazyscribeError, ReadOnlyError
from lazyscribe.experiment import ReadOnlyExperiment
from lazyscribe.test import ReadOnlyTest
from tests.project.support import make, names, records, saved

FIELDS = {
    *("name", "project", "dir", "fs", "author", "last_updated_by", "metrics", "parameters", "created_at", "dirty"),
    *("last_updated", "dependencies", "short_slug", "slug", "tests", "artifacts", "tags"),
}


def _full(name: str = "one", day: int = 20) -> Experiment:
    experiment = make(name, day, metrics={"m": 1}, parameters={"p": (1, [2])}, tags=["t"])
    experiment.log_artifact("f", {"a": 1}, "json", fname="f.json")
    experiment.log_artifact("p", (1, {2}), "pickle", fname="p.pkl")
    with experiment.log_test("t", description="d") as test:
        test.log_artifact("f", [1], "json", fname="f.json")
    return experiment


def _again(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


def test_an_experiment_pickles_before_and_after_its_save() -> None:
    """A pickled experiment comes back equal, with values, tests, flags and a lock of its own."""
    experiment = _full()
    for _ in range(2):
        found = _again(experiment)
        assert type(found) is Experiment
        assert found == experiment
        assert (found.project, found.dir, found.dirty) == (experiment.project, experiment.dir, experiment.dirty)
        assert found.to_dict() == experiment.to_dict()
        assert [artifact.value for artifact in found.artifacts] == [{"a": 1}, (1, {2})]
        assert found.mutex_ is not experiment.mutex_
        with found.log_test("another"):
            pass
        saved(experiment)
    assert found.load_artifact("p") == (1, {2})
    assert found.tests[0].load_artifact("f") == [1]


def test_the_state_is_a_dict_of_the_fields() -> None:
    """The pickled state of an experiment is a dict of its fields, without the lock; that of a test likewise."""
    state = _full().__getstate__()
    assert type(state) is dict
    assert set(state) == FIELDS
    assert sorted(Test("t").__getstate__()) == sorted(
        ["name", "description", "metrics", "parameters", "artifacts", "path", "fs"]
    )
    for cls in (Experiment, Test):
        assert {"__getstate__", "__setstate__"} <= vars(cls).keys()


def test_setstate_takes_that_dict() -> None:
    """A state dict, as another version wrote it, makes an experiment that logs and compares."""
    experiment = _full()
    found = Experiment.__new__(Experiment)
    found.__setstate__(experiment.__getstate__())
    assert found == experiment
    found.log_metric("m", 2)
    with found.log_test("more"):
        pass
    test = Test.__new__(Test)
    test.__setstate__(Test("t", metrics={"m": 1}).__getstate__())
    assert test == Test("t", metrics={"m": 1})


def test_a_test_pickles() -> None:
    """A pickled test comes back equal, with path and unsaved values."""
    test = _full().tests[0]
    found = _again(test)
    assert found == test
    assert (found.path, found.artifacts[0].value) == (test.path, [1])


@pytest.mark.parametrize("mode", ["r", "a"])
def test_read_only_experiments_pickle(mode: str) -> None:
    """A read-only experiment and its tests come back read-only, equal, and able to load."""
    saved(_full())
    experiment = Project("project.json", mode=mode)["one"]
    found = _again(experiment)
    assert type(found) is ReadOnlyExperiment
    assert type(found.tests[0]) is ReadOnlyTest
    assert found == experiment
    assert found.load_artifact("f") == {"a": 1}
    assert _again(experiment.tests[0]).load_artifact("f") == [1]
    for frozen in (found, found.tests[0], _again(experiment.tests[0])):
        with pytest.raises(FrozenInstanceError):
            frozen.log_metric("m", 2)
        with pytest.raises(FrozenInstanceError):
            frozen.name = "x"


@pytest.mark.parametrize("make_copy", [copy.copy, copy.deepcopy])
def test_experiments_can_be_copied(make_copy: Any) -> None:
    """copy and deepcopy give another experiment that is equal and logs by itself."""
    experiment = _full()
    found = make_copy(experiment)
    assert found is not experiment
    assert found == experiment
    found.name = "other"
    assert experiment.name == "one"


@pytest.mark.parametrize("mode", ["r", "a", "w", "w+"])
def test_projects_pickle(mode: str) -> None:
    """A pickled project comes back with path, mode, author and experiments, and keeps to its mode."""
    saved(_full())
    project = Project("project.json", mode=mode, author="grace")
    found = _again(project)
    assert (found.fpath, found.mode, found.author) == (Path("project.json"), mode, "grace")
    assert (found.protocol, found.storage_options) == ("file", {})
    assert found.experiments == project.experiments
    if mode == "r":
        with pytest.raises(ReadOnlyError):
            found.append(make())
    else:
        found.append(make("new", 25))
        found.save()
        assert records()[-1]["name"] == "new"


def test_unsaved_work_pickles_with_its_project() -> None:
    """Unsaved experiments and the values of their artifacts travel with a project and are saved there."""
    project = Project("project.json", mode="w", author="ada")
    project.append(_full())
    _again(project).save()
    found = Project("project.json", mode="r")["one"]
    assert (found.load_artifact("p"), found.tests[0].load_artifact("f")) == ((1, {2}), [1])


def test_objects_of_one_project_stay_one_after_pickling() -> None:
    """The experiment that was handed out and the one in the list are the same object in the copy."""
    project = saved(make(), make("two", 21))
    project["two"].dependencies["one"] = project["one"]
    found, one = _again((project, project["one"]))
    assert found["one"] is one
    assert found["two"].dependencies["one"] is one
    one.log_metric("m", 1)
    found.save()
    assert records()[0]["metrics"] == {"m": 1}


def test_circles_pickle() -> None:
    """Experiments that depend on each other pickle."""
    one, two = make(), make("two", 21)
    one.dependencies["two"], two.dependencies["one"] = two, one
    found = _again(one)
    assert found.dependencies["two"].dependencies["one"] is found


def test_errors_pickle() -> None:
    """Errors of ours come back from another process as what they are, with what they tell."""
    with pytest.raises(LazyscribeError) as caught:
        Project("project.json", mode="x")  # type: ignore[arg-type]
    found = _again(caught.value)
    assert (type(found), str(found)) == (type(caught.value), str(caught.value))


def log_in_worker(project: Project, number: int) -> Project:
    """Log one experiment with files; runs in another process."""
    with project.log(f"worker {number}") as experiment:
        experiment.log_metric("number", number)
        experiment.log_artifact("f", [number], "json")
        with experiment.log_test("t") as test:
            test.log_artifact("p", (number,), "pickle")
    return project


def log_test_in_worker(experiment: Experiment, number: int) -> Test:
    """Log one test and return it; runs in another process."""
    with experiment.log_test(f"t{number}") as test:
        test.log_metric("number", number)
    return test


def save_in_worker(folder: str, number: int) -> None:
    """Open, log and save in one go; runs in another process."""
    project = Project(Path(folder) / "project.json", mode="a", author=f"w{number}")
    for turn in range(3):
        with project.log("same name") as experiment:
            experiment.log_metric("id", 10 * number + turn)
            experiment.log_artifact("f", 10 * number + turn, "json")
        project.save()


def test_projects_come_back_from_spawned_processes(folder: Path) -> None:
    """A project sent to spawned processes, logged into there and merged back saves everything."""
    project = saved(make("first", 1))
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        parts = list(pool.map(log_in_worker, [project] * 4, range(4)))
        tests = list(pool.map(log_test_in_worker, [project["first"]] * 2, range(2)))
    project["first"].tests += tests
    merged = project.merge(*parts)
    assert sorted(names(merged)) == ["first", "worker 0", "worker 1", "worker 2", "worker 3"]
    merged.save()
    found = Project(folder / "project.json", mode="r")
    for number in range(4):
        experiment = found[f"worker-{number}"]
        assert experiment.metrics == {"number": number}
        assert experiment.load_artifact("f") == [number]
        assert experiment.tests[0].load_artifact("p") == (number,)
    assert [test.metrics for test in found["first"].tests] == [{"number": 0}, {"number": 1}]


def test_processes_save_side_by_side(folder: Path) -> None:
    """Spawned processes that log one name into one file at once lose nothing: every record and file is there."""
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=save_in_worker, args=(str(folder), number)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
        assert worker.exitcode == 0
    found = Project("project.json", mode="r")
    expected = sorted(10 * number + turn for number in range(4) for turn in range(3))
    assert sorted(each.metrics["id"] for each in found.experiments) == expected
    assert sorted(each.load_artifact("f") for each in found.experiments) == expected
    assert len({each.slug for each in found.experiments}) == 12
