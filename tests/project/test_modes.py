"""Every mode against every kind of change."""

from collections.abc import Callable
from pathlib import Path

import pytest
from attrs.exceptions import FrozenInstanceError

from lazyscribe import Experiment, Project
from lazyscribe.exception import ReadOnlyError
from lazyscribe.experiment import ReadOnlyExperiment
from lazyscribe.test import ReadOnlyTest
from tests.project.support import make, names, records, saved, tree

Change = Callable[[Project], object]


def _log(project: Project) -> None:
    with project.log("new"):
        pass


def _assign_all(project: Project) -> None:
    project.experiments = [make("new", 22)]  # type: ignore[assignment]


def _extend_in_place(project: Project) -> None:
    project.experiments += [make("new", 22)]  # type: ignore[assignment]


def _set(index: int | slice, value: object) -> Change:
    return lambda project: project.experiments.__setitem__(index, value)  # type: ignore[call-overload]


ADDING: dict[str, Change] = {
    "log": _log,
    "append": lambda project: project.append(make("new", 22)),
    "experiments.append": lambda project: project.experiments.append(make("new", 22)),
    "insert": lambda project: project.experiments.insert(2, make("new", 22)),
    "extend": lambda project: project.experiments.extend([make("new", 22)]),
    "+=": _extend_in_place,
    "an empty slice": _set(slice(2, 2), [make("new", 22)]),
}

REMOVING: dict[str, Change] = {
    "del": lambda project: project.experiments.__delitem__(0),
    "del a slice": lambda project: project.experiments.__delitem__(slice(0, 1)),
    "del all": lambda project: project.experiments.__delitem__(slice(None)),
    "pop": lambda project: project.experiments.pop(),
    "remove": lambda project: project.experiments.remove(project["one"]),
    "clear": lambda project: project.experiments.clear(),
    "assign an index": _set(0, make("new", 22)),
    "assign a slice": _set(slice(0, 2), [make("new", 22)]),
    "assign a step": _set(slice(None, None, 2), [make("new", 22)]),
    "assign all": _assign_all,
}

EDITS: dict[str, Callable[[Experiment], object]] = {
    "log_metric": lambda experiment: experiment.log_metric("m", 1),
    "log_parameter": lambda experiment: experiment.log_parameter("p", 1),
    "log_artifact": lambda experiment: experiment.log_artifact("a", [1], "json"),
    "log_test": lambda experiment: experiment.log_test("t").__enter__(),
    "tag": lambda experiment: experiment.tag("best"),
    "a field": lambda experiment: setattr(experiment, "name", "other"),
    "a new attribute": lambda experiment: setattr(experiment, "anything", 1),
    "a deletion": lambda experiment: delattr(experiment, "name"),
    "dirty": lambda experiment: setattr(experiment, "dirty", True),
}


@pytest.fixture(autouse=True)
def two() -> None:
    """Save two experiments, one with a test."""
    one = make("one", 20, metrics={"m": 0})
    with one.log_test("t") as test:
        test.log_metric("x", 1)
    saved(one, make("two", 21))


@pytest.mark.parametrize("mode", ["a", "w+"])
@pytest.mark.parametrize("change", ADDING)
def test_what_adds_is_saved(mode: str, change: str) -> None:
    """In modes a and w+ whatever adds an experiment adds it, and saving keeps all three."""
    project = Project("project.json", mode=mode)
    ADDING[change](project)
    assert names(project) == ["one", "two", "new"]
    project.save()
    assert [record["name"] for record in records()] == ["one", "two", "new"]


@pytest.mark.parametrize("change", ADDING)
def test_mode_r_refuses_what_adds(change: str) -> None:
    """In mode r whatever adds an experiment is a ReadOnlyError and adds nothing."""
    project = Project("project.json", mode="r")
    with pytest.raises(ReadOnlyError, match=r"project\.json"):
        ADDING[change](project)
    assert names(project) == ["one", "two"]


@pytest.mark.parametrize("mode", ["r", "a"])
@pytest.mark.parametrize("change", REMOVING)
def test_modes_r_and_a_refuse_what_removes(mode: str, change: str) -> None:
    """In modes r and a whatever removes a saved experiment is a ReadOnlyError and removes nothing."""
    project = Project("project.json", mode=mode)
    with pytest.raises(ReadOnlyError, match=r"project\.json"):
        REMOVING[change](project)
    assert names(project) == ["one", "two"]
    if mode == "a":
        project.save()
    assert [record["name"] for record in records()] == ["one", "two"]


@pytest.mark.parametrize("change", REMOVING)
def test_mode_w_plus_removes(change: str) -> None:
    """In mode w+ whatever removes an experiment removes it from the file at the next save, and only from there."""
    project = Project("project.json", mode="w+")
    expected: list[str] = ["one", "two"]
    REMOVING[change](project)
    expected = names(project)
    assert expected != ["one", "two"]
    assert [record["name"] for record in records()] == ["one", "two"]
    project.save()
    assert [record["name"] for record in records()] == expected


@pytest.mark.parametrize("change", REMOVING)
def test_mode_a_removes_what_was_not_saved(change: str) -> None:
    """In mode a experiments that are new may be removed again."""
    project = Project("other.json", mode="a")
    project.append(make("one"))
    project.append(make("three", 21))
    REMOVING[change](project)
    assert names(project) != ["one", "three"]
    project.save()


@pytest.mark.parametrize("mode", ["r", "a"])
@pytest.mark.parametrize("edit", EDITS)
def test_existing_experiments_are_frozen(mode: str, edit: str) -> None:
    """In modes r and a every edit of an existing experiment is a FrozenInstanceError and has no effect."""
    project = Project("project.json", mode=mode)
    experiment = project["one"]
    before = experiment.to_dict()
    assert isinstance(experiment, ReadOnlyExperiment)
    with pytest.raises(FrozenInstanceError):
        EDITS[edit](experiment)
    assert experiment.to_dict() == before
    assert experiment.dirty is False


@pytest.mark.parametrize("mode", ["r", "a"])
def test_existing_tests_are_frozen(mode: str) -> None:
    """In modes r and a the tests of existing experiments are read-only too."""
    test = Project("project.json", mode=mode)["one"].tests[0]
    assert isinstance(test, ReadOnlyTest)
    for edit in (
        lambda: test.log_metric("m", 1),
        lambda: test.log_parameter("m", 1),
        lambda: test.log_artifact("a", [1], "json"),
        lambda: setattr(test, "description", "other"),
    ):
        with pytest.raises(FrozenInstanceError):
            edit()
    assert test.to_dict() == records()[0]["tests"][0]


def test_existing_experiments_are_editable_in_w_plus() -> None:
    """In mode w+ existing experiments and their tests are editable, and saving writes the edits."""
    project = Project("project.json", mode="w+", author="grace")
    experiment = project["one"]
    assert type(experiment) is Experiment
    assert experiment.dirty is False
    for edit in ("log_metric", "log_parameter", "log_artifact", "tag"):
        EDITS[edit](experiment)
    experiment.tests[0].log_metric("x", 2)
    project.save()
    record = records()[0]
    assert record["metrics"] == {"m": 1}
    assert record["parameters"] == {"p": 1}
    assert record["tags"] == ["best"]
    assert record["tests"][0]["metrics"] == {"x": 2}
    assert record["artifacts"][0]["name"] == "a"
    assert records()[1]["last_updated_by"] == "ada"


def test_new_experiments_stay_editable_in_mode_a() -> None:
    """In mode a an experiment that was logged there can be edited after its save and is saved again."""
    project = Project("project.json", mode="a")
    with project.log("new") as experiment:
        pass
    project.save()
    experiment.log_metric("late", 1)
    project.save()
    assert records()[2]["metrics"] == {"late": 1}
    assert isinstance(Project("project.json", mode="a")["new"], ReadOnlyExperiment)


def test_saving_in_mode_r() -> None:
    """save() in mode r is a ReadOnlyError, of a missing file too, and touches nothing."""
    before = tree()
    for fpath in ("project.json", "missing.json"):
        with pytest.raises(ReadOnlyError, match=fpath):
            Project(fpath, mode="r").save()
    assert tree() == before
    assert not Path("missing.json").exists()


def test_only_entering_log_is_refused_in_mode_r() -> None:
    """In mode r calling log() is silent and entering its block a ReadOnlyError, before the block runs."""
    manager = Project("project.json", mode="r").log("new")
    with pytest.raises(ReadOnlyError, match="log"):
        manager.__enter__()
    Project("project.json", mode="r").log("new")


@pytest.mark.parametrize("mode", ["r", "a", "w+"])
def test_in_place_changes_of_read_only_dicts_are_not_saved(mode: str) -> None:
    """What is changed inside the dicts and lists of a read-only experiment is not saved; in w+ it is."""
    project = Project("project.json", mode=mode)
    experiment = project["one"]
    experiment.metrics["m"] = 99
    experiment.parameters["p"] = 99
    experiment.tags.append("sneaky")
    experiment.tests[0].metrics["x"] = 99
    experiment.tests.append(ReadOnlyTest(name="more"))
    experiment.dependencies["two"] = project["two"]
    if mode == "r":
        with pytest.raises(ReadOnlyError):
            project.save()
    else:
        project.save()
    record = records()[0]
    changed = mode == "w+"
    assert record["metrics"] == {"m": 99 if changed else 0}
    assert record["parameters"] == ({"p": 99} if changed else {})
    assert record["tags"] == (["sneaky"] if changed else [])
    assert record["tests"][0]["metrics"] == {"x": 99 if changed else 1}
    assert len(record["tests"]) == (2 if changed else 1)
    assert bool(record["dependencies"]) is changed
