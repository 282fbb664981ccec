"""project.log and project.append."""

from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Experiment, Project
from lazyscribe.exception import ArtifactLogError, InvalidNameError, LazyscribeError
from tests.project.support import make, names, records, saved, tree


class Boom(BaseException):
    """Raised in blocks."""


def test_log_yields_an_experiment_that_joins_at_the_end() -> None:
    """The block gets an Experiment that is not in the project until the block has ended."""
    project = Project("project.json", author="ada")
    with project.log("My first") as experiment:
        assert type(experiment) is Experiment
        assert project.experiments == []
        assert "my-first" not in project
    assert project.experiments[0] is experiment
    assert project["my-first"] is experiment
    assert (experiment.name, experiment.author, experiment.last_updated_by) == ("My first", "ada", "ada")
    assert (experiment.project, experiment.dir) == (Path("project.json"), Path())
    assert experiment.dirty is True


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit, Boom, StopIteration])
def test_an_error_in_the_block(error: type[BaseException]) -> None:
    """An experiment whose block ends with an exception, of any kind, does not join, and the exception comes out."""
    project = Project("project.json")
    raised = error("stop")
    with pytest.raises(BaseException, match="stop") as caught, project.log("one") as experiment:
        experiment.log_metric("m", 1)
        raise raised
    assert caught.value is raised or caught.value.__cause__ is raised
    assert project.experiments == []
    project.save()
    assert records() == []


def test_leaving_the_block_early_joins() -> None:
    """A block that is left by return, break or continue has ended without an exception."""
    project = Project("project.json")
    for number in range(3):
        with project.log(f"e{number}"):
            if number == 0:
                continue
            break
    assert sorted(names(project)) == ["e0", "e1"]


def test_blocks_may_nest() -> None:
    """Two blocks in each other give two experiments, ordered by creation and not by joining."""
    project = Project("project.json")
    with project.log("outer") as outer, project.log("inner") as inner:
        pass
    assert list(project.experiments) == [outer, inner]


def test_nothing_is_written_before_save(folder: Path) -> None:
    """Logging anything at all writes no file, no folder and no lock."""
    project = Project("sub/project.json")
    with project.log("one") as experiment:
        experiment.log_metric("m", 1)
        experiment.log_artifact("a", [1], "json")
        with experiment.log_test("t") as test:
            test.log_artifact("b", [1], "pickle")
    project.append(make())
    assert experiment.fs is not None
    assert list(folder.iterdir()) == []


def test_a_logged_experiment_round_trips() -> None:
    """What was logged stands in the file and comes back when the project is opened."""
    project = Project("project.json", author="ada")
    with project.log("one") as experiment:
        experiment.log_metric("auroc", 0.75)
        experiment.log_parameter("features", ["a", "b"])
        experiment.tag("best")
        with experiment.log_test("slice", description="one of them") as test:
            test.log_metric("auroc", 0.5)
            test.log_parameter("rows", 10)
    project.save()
    assert records() == [experiment.to_dict()]
    found = Project("project.json", mode="r")["one"]
    assert found.to_dict() == experiment.to_dict()
    again = Project("project.json", mode="w+")["one"]
    again.created_at, again.last_updated = experiment.created_at, experiment.last_updated
    assert again == experiment


def test_append_keeps_the_order() -> None:
    """An experiment that is appended stands where its creation date puts it."""
    project = Project("project.json")
    for day in (21, 23, 20, 22, 22):
        project.append(make(f"e{day}", day))
    assert names(project) == ["e20", "e21", "e22", "e22", "e23"]


def test_equals_go_after() -> None:
    """Of experiments that are equal in order the one that joined later stands after."""
    project = Project("project.json")
    for name in "dacb":
        project.append(make(name, 20))
    assert names(project) == ["d", "a", "c", "b"]
    project.experiments.append(make("e", 20))
    assert names(project) == ["d", "a", "c", "b", "e"]


@pytest.mark.parametrize("value", [None, "one", {"name": "one"}, 1])
def test_only_experiments_join(value: object) -> None:
    """Something that is no Experiment is refused with an error that is ours."""
    project = Project("project.json")
    with pytest.raises(LazyscribeError, match="Experiment"):
        project.append(value)  # type: ignore[arg-type]
    assert project.experiments == []


@pytest.mark.parametrize(
    "name", ["../../escape", "/abs", "con", "a/b", ".", "..", "", "!!!", "trailing.", "ü" * 100, "x" * 200]
)
def test_any_name_that_has_a_slug_can_be_saved(name: str, folder: Path) -> None:
    """Names are turned into slugs, so whatever they hold, the files stay below the project's folder."""
    project = Project("sub/project.json", mode="w")
    with project.log(name) as experiment:
        experiment.log_artifact("f", [1], "json", fname="f.json")
    project.save()
    assert Project("sub/project.json", mode="r").experiments[0].load_artifact("f") == [1]
    assert [path.name for path in folder.iterdir()] == ["sub"]


def test_a_name_that_is_too_long_for_a_folder() -> None:
    """A name whose slug no folder can have is saved and opened; only an artifact of it is refused."""
    project = Project("project.json", mode="w")
    with project.log("x" * 300) as experiment:
        with pytest.raises(ArtifactLogError, match="longer than 255 bytes"):
            experiment.log_artifact("f", [1], "json")
        with experiment.log_test("y" * 300) as test:
            pass
    project.save()
    for mode in ("r", "a", "w+"):
        found = Project("project.json", mode=mode)["x" * 300]
        assert (found.slug, found.tests[0].name) == (experiment.slug, test.name)


def test_an_experiment_of_no_project_can_be_appended() -> None:
    """An experiment made by hand, with the path of another file, is saved in the folder of the project it joins."""
    experiment = make(project=Path("elsewhere/other.json"))
    experiment.log_artifact("f", [1], "json", fname="f.json")
    project = Project("sub/project.json", mode="w")
    project.append(experiment)
    project.save()
    assert set(tree()) == {"sub/project.json", f"sub/{experiment.slug}/f.json"}
    assert experiment.load_artifact("f") == [1]
    assert Project("sub/project.json", mode="r")["one"].load_artifact("f") == [1]


def test_the_same_experiment_twice() -> None:
    """An experiment that is appended twice is saved as two records, and later saves lose neither."""
    project = saved()
    project.append(project["one"])
    assert project.experiments[0] is project.experiments[1]
    for _ in range(3):
        project.save()
        found = Project("project.json", mode="r")
        assert names(found) == ["one", "one"]


@pytest.mark.parametrize("name", [3, None, b"x"])
def test_names_that_are_no_text(name: Any) -> None:
    """The name of an experiment or an artifact that is no text is refused where it is given."""
    project = Project("project.json")
    with pytest.raises(InvalidNameError, match="must be text"), project.log(name):
        pass
    with project.log("x") as experiment, pytest.raises(InvalidNameError, match="must be text"):
        experiment.log_artifact(name, 1, "json")
    assert experiment.artifacts == []
