"""What save() writes, whom it signs, and what a failed one leaves."""

import math
import os
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Experiment, Project, Test
from lazyscribe.exception import LazyscribeError, SaveError
from tests.project.support import make, names, on, records, saved, tree


def test_edits_that_set_no_flag_are_saved() -> None:
    """Whatever was changed inside an experiment is saved, although the experiment is not dirty."""
    saved(make("up", 19), make())
    project = Project("project.json", mode="w+", author="grace")
    experiment = project["one"]
    experiment.metrics["m"] = 1
    experiment.parameters["p"] = [1]
    experiment.tags.append("t")
    experiment.tests.append(Test(name="by hand", metrics={"x": 1}))
    experiment.dependencies["up"] = project["up"]
    assert experiment.dirty is False
    project.save()
    record = records()[1]
    assert record["metrics"] == {"m": 1}
    assert record["parameters"] == {"p": [1]}
    assert record["tags"] == ["t"]
    assert [test["name"] for test in record["tests"]] == ["by hand"]
    assert record["dependencies"] == ["project.json|up-20250119132300"]
    assert record["last_updated_by"] == "ada"


def test_deeper_edits_are_saved() -> None:
    """A change at any depth of a value, and inside a test, is saved, again after each save."""
    experiment = make(parameters={"p": {"list": [1]}})
    with experiment.log_test("t") as test:
        test.parameters["deep"] = {"a": []}
    project = saved(experiment)
    for number in range(3):
        experiment.parameters["p"]["list"].append(number)
        test.parameters["deep"]["a"].append(number)
        project.save()
    assert records()[0]["parameters"] == {"p": {"list": [1, 0, 1, 2]}}
    assert records()[0]["tests"][0]["parameters"] == {"deep": {"a": [0, 1, 2]}}


@pytest.mark.parametrize("mode", ["a", "w", "w+"])
def test_dirty_experiments_are_signed_in_w_plus(mode: str) -> None:
    """In w+ the dirty experiments, and only these, get last_updated_by = author; in a and w new ones keep theirs."""
    saved(make("old", 19), make("older", 18))
    project = Project("project.json", mode=mode, author="grace")
    new = make("new", 21, author="alan")
    project.append(new)
    if mode == "w+":
        project["old"].log_metric("m", 1)
    project.save()
    signed = {record["name"]: record["last_updated_by"] for record in records()}
    if mode == "w+":
        assert signed == {"older": "ada", "old": "grace", "new": "grace"}
        assert new.last_updated_by == "grace"
    else:
        assert signed["new"] == "alan"
        assert {signed.get(name, "ada") for name in ("old", "older")} == {"ada"}
    assert new.author == "alan"


def test_dirty_is_cleared_by_a_save_and_set_by_a_change() -> None:
    """A save clears dirty, of experiments and artifacts; the next change sets it."""
    project = saved(make())
    experiment = project["one"]
    experiment.log_artifact("f", [1], "json")
    assert (experiment.dirty, experiment.artifacts[0].dirty) == (True, True)
    project.save()
    assert (experiment.dirty, experiment.artifacts[0].dirty) == (False, False)
    experiment.tag("t")
    assert (experiment.dirty, experiment.artifacts[0].dirty) == (True, False)


def test_a_clean_artifact_is_neither_written_nor_needed(folder: Path) -> None:
    """Saving again leaves the file of a saved artifact alone, changed or removed."""
    experiment = make()
    experiment.log_artifact("changed", [1], "json", fname="changed.json")
    experiment.log_artifact("gone", [2], "json", fname="gone.json")
    saved(experiment)
    (experiment.path / "changed.json").write_text("other")
    (experiment.path / "gone.json").unlink()
    project = Project("project.json", mode="w+")
    project["one"].log_metric("m", 1)
    project.save()
    assert records()[0]["metrics"] == {"m": 1}
    assert (experiment.path / "changed.json").read_text() == "other"
    assert not (experiment.path / "gone.json").exists()


def test_saving_twice_changes_nothing() -> None:
    """A second save without a change leaves the file as it is, down to its time."""
    project = saved(make())
    before = (tree(), Path("project.json").stat().st_mtime_ns, Path("project.json").stat().st_ino)
    project.save()
    assert (tree(), Path("project.json").stat().st_mtime_ns, Path("project.json").stat().st_ino) == before


class Odd:
    """Nothing that JSON knows."""


class _Raises(OrderedDict[str, Any]):
    def items(self) -> Any:
        raise RuntimeError("no items today")


def _circle() -> dict[str, Any]:
    circle: dict[str, Any] = {}
    circle["self"] = circle
    return circle


def _deep() -> list[Any]:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    return deep


@pytest.mark.parametrize(
    "value",
    [Odd(), {1, 2}, b"bytes", 1j, Odd, _circle(), _deep(), {(1, 2): 3}, _Raises(a=1)],
    ids=["object", "set", "bytes", "complex", "class", "circle", "deep", "tuple key", "raises"],
)
@pytest.mark.parametrize("where", ["metrics", "parameters", "test"])
def test_a_value_that_json_cannot_hold(value: object, where: str) -> None:
    """A value that cannot be written is a SaveError that names the experiment; files and flags stay; mending helps."""
    project = saved(make("old", 19))
    experiment = make()
    experiment.log_artifact("f", [1], "json")
    with experiment.log_test("t") as test:
        pass
    project.append(experiment)
    holder = {"metrics": experiment.metrics, "parameters": experiment.parameters, "test": test.parameters}[where]
    holder["bad"] = value
    before = tree()
    with pytest.raises(SaveError, match="one"):
        project.save()
    assert tree() == before
    assert (experiment.dirty, experiment.artifacts[0].dirty) == (True, True)
    assert names(project) == ["old", "one"]
    del holder["bad"]
    project.save()
    assert [record["name"] for record in records()] == ["old", "one"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("created_at", None),
        ("last_updated", "soon"),
        ("metrics", None),
        ("tests", [None]),
        ("tests", ["t"]),
        ("tests", [Test(name=None)]),  # type: ignore[arg-type]
        ("artifacts", ["f.json"]),
        ("dependencies", {"up": "project.json|up"}),
        ("dependencies", []),
        ("tags", 5),
        ("slug", None),
        ("slug", "../escape"),
        ("slug", 5),
        ("name", 5),
        ("short_slug", None),
        ("author", 5),
        ("last_updated_by", 5),
        ("parameters", [1]),
    ],
)
def test_a_field_that_could_not_be_read_back(name: str, value: object) -> None:
    """A field of a type that no project file holds is an error of ours at the save, and the file stays readable."""
    project = saved(make("old", 19), make())
    before = tree()
    setattr(project.experiments[1], name, value)
    with pytest.raises(LazyscribeError):
        project.save()
    assert tree() == before
    assert names(Project("project.json", mode="r")) == ["old", "one"]


def test_numbers_that_json_does_not_know() -> None:
    """NaN and infinities are written in their Python spelling and come back."""
    saved(make(metrics={"nan": math.nan, "inf": math.inf, "low": -math.inf}))
    text = Path("project.json").read_text()
    assert '"nan": NaN' in text
    assert '"inf": Infinity' in text
    assert '"low": -Infinity' in text
    found = Project("project.json", mode="r")["one"].metrics
    assert math.isnan(found["nan"])
    assert (found["inf"], found["low"]) == (math.inf, -math.inf)


def test_keys_that_are_no_text() -> None:
    """Keys that JSON turns into text are written as text."""
    saved(make(metrics={1: 1, 2: 2}, parameters={1.5: 3, 2.5: {None: 1}}))
    assert records()[0]["metrics"] == {"1": 1, "2": 2}
    assert records()[0]["parameters"] == {"1.5": 3, "2.5": {"null": 1}}


class Bad:
    """Something whose pickling fails."""

    def __reduce__(self) -> Any:
        raise RuntimeError("cannot be pickled")


@pytest.mark.parametrize(("handler", "value"), [("json", {1, 2}), ("pickle", Bad()), ("pickle", lambda: 1)])
@pytest.mark.parametrize("in_test", [False, True])
def test_an_artifact_that_cannot_be_written(handler: str, value: object, in_test: bool) -> None:
    """A failing handler is a SaveError that names the artifact; nothing of the save stays, and mending helps."""
    project = saved(make("old", 19))
    before = tree()
    with project.log("one") as experiment, experiment.log_test("t") as test:
        experiment.log_artifact("good", [1], "json")
        (test if in_test else experiment).log_artifact("bad", value, handler)
    with pytest.raises(SaveError, match="bad"):
        project.save()
    assert tree() == before
    assert experiment.dirty is True
    (test if in_test else experiment).log_artifact("bad", "fine", handler, overwrite=True)
    project.save()
    assert (test if in_test else experiment).load_artifact("bad") == "fine"


def test_a_folder_that_cannot_be_made(folder: Path) -> None:
    """A file where the experiment's folder should be is a SaveError; afterwards it is still there."""
    project = saved(make("old", 19))
    experiment = make()
    experiment.log_artifact("f", [1], "json")
    project.append(experiment)
    (folder / experiment.slug).write_text("in the way")
    before = tree()
    with pytest.raises(SaveError):
        project.save()
    assert tree() == before
    (folder / experiment.slug).unlink()
    project.save()
    assert experiment.load_artifact("f") == [1]


def test_a_parent_that_is_a_file(folder: Path) -> None:
    """A project below something that is a file cannot be saved: SaveError."""
    (folder / "file").write_text("x")
    project = Project("other/project.json", mode="w")
    (folder / "other").write_text("x")
    with pytest.raises(SaveError):
        project.save()
    assert tree() == {"file": b"x", "other": b"x"}


def test_the_time_of_last_update_is_that_of_the_change() -> None:
    """A save moves last_updated of nobody."""
    project = saved(make(last_updated=on(21)))
    project["one"].metrics["m"] = 1
    project.save()
    assert records()[0]["last_updated"] == "2025-01-21T13:23:00"


def test_large_values_are_let_go_after_a_save() -> None:
    """After a save a value whose file exceeds 1 MiB is no longer in memory, a small one is, and both load again."""
    project = Project("project.json", mode="w")
    with project.log("one") as experiment, experiment.log_test("t") as test:
        experiment.log_artifact("small", b"x" * 1000, "pickle")
        experiment.log_artifact("large", b"x" * (2**20 + 1), "pickle")
        test.log_artifact("large", "x" * 2**21, "json")
    assert experiment.artifacts[1].value is not None
    project.save()
    assert [artifact.value is None for artifact in (*experiment.artifacts, *test.artifacts)] == [False, True, True]
    assert experiment.load_artifact("large") == b"x" * (2**20 + 1)
    assert test.load_artifact("large") == "x" * 2**21
    experiment.log_metric("m", 1)
    project.save()
    assert Project("project.json", mode="r")["one"].load_artifact("large") == b"x" * (2**20 + 1)


def test_a_failed_save_keeps_large_values() -> None:
    """A save that failed lets go of nothing, so that it can be tried again."""
    project = Project("project.json", mode="w")
    with project.log("one") as experiment:
        experiment.log_artifact("large", b"x" * 2**21, "pickle")
        experiment.log_artifact("bad", {1}, "json")
    with pytest.raises(SaveError):
        project.save()
    assert experiment.artifacts[0].value == b"x" * 2**21
    experiment.log_artifact("bad", [1], "json", overwrite=True)
    project.save()
    assert experiment.load_artifact("large") == b"x" * 2**21


def test_a_file_that_may_not_be_written(folder: Path) -> None:
    """A manifest whose permissions forbid writing is not replaced: SaveError, unless the user is root."""
    project = saved(make())
    (folder / "project.json").chmod(0o444)
    before = tree()
    project["one"].log_metric("m", 1)
    if os.access("project.json", os.W_OK):
        project.save()
        assert records()[0]["metrics"] == {"m": 1}
    else:
        with pytest.raises(SaveError):
            project.save()
        assert tree() == before


def test_subclasses_of_experiment_are_saved() -> None:
    """An instance of a user's subclass of Experiment is an experiment like any other."""

    class Mine(Experiment):
        pass

    saved(Mine(name="mine", project=Path("project.json"), created_at=on(20)))
    assert records()[0]["name"] == "mine"


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("parameters", {"good": 1, "bad": {1}}, "parameters / bad: a value of type set"),
        ("metrics", {"a": 1, 1: 1}, "metrics: '<' not supported"),
        ("tags", [{1}], "tags: a value of type set"),
    ],
)
def test_the_error_of_a_value_says_where_it_is(field: str, value: Any, reason: str) -> None:
    """The parameter or field at fault is named, and nothing is said of a damaged file."""
    experiment = make()
    setattr(experiment, field, value)
    project = Project("project.json", mode="w+")
    project.append(experiment)
    with pytest.raises(SaveError, match=reason) as caught:
        project.save()
    assert "good copy" not in str(caught.value)
