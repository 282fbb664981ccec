"""project[slug], ``in``, iteration and filter."""

from types import GeneratorType

import pytest

from lazyscribe import Experiment, Project
from lazyscribe.exception import LazyscribeError
from tests.project.support import make, names, on, records, saved


def test_by_slug_and_by_short_slug() -> None:
    """An experiment is found by its slug and by its short slug, in every mode that loads and before its save."""
    project = saved(make("My name"))
    for each in (project, *(Project("project.json", mode=mode) for mode in ("r", "a", "w+"))):
        assert each["my-name"].name == "My name"
        assert each["my-name-20250120132300"] is each["my-name"]
    new = make("Not saved", 21)
    project.append(new)
    assert project["not-saved"] is new
    assert project["not-saved-20250121132300"] is new


def test_of_several_the_last_in_order() -> None:
    """Of several experiments with one short slug the last in order is found, whenever it joined."""
    project = Project("project.json", mode="w")
    for day in (22, 20, 21):
        project.append(make("one", day))
    assert project["one"].created_at == on(22)
    assert project["one-20250120132300"].created_at == on(20)
    project.save()
    for mode in ("r", "a", "w+"):
        assert Project("project.json", mode=mode)["one"].created_at == on(22)
    project.append(make("one", 23))
    assert project["one"].created_at == on(23)
    project.experiments.remove(project["one"])
    assert project["one"].created_at == on(22)


def test_a_short_slug_that_is_the_slug_of_another() -> None:
    """A text that is the slug of one experiment and the short slug of a later one finds the last in order."""
    project = Project("project.json")
    project.append(make("one", 20))
    project.append(make("one 20250120132300", 21))
    assert project["one-20250120132300"].created_at == on(21)


@pytest.mark.parametrize("key", ["two", "One", "", "one-2025", "one "])
def test_a_slug_that_is_not_there(key: str) -> None:
    """A missing slug is a KeyError of ours that names it, and is not in the project."""
    project = saved()
    assert key not in project
    with pytest.raises(KeyError) as caught:
        project[key]
    assert isinstance(caught.value, LazyscribeError)
    assert repr(key) in str(caught.value)


@pytest.mark.parametrize("key", [0, -1, None, ("one",), slice(1)])
def test_a_key_that_is_no_text(key: object) -> None:
    """Something that is no text is no slug: not in the project, and a KeyError or TypeError to look up."""
    project = saved()
    assert key not in project
    with pytest.raises((KeyError, TypeError)):
        project[key]  # type: ignore[index]


def test_in_finds_slugs() -> None:
    """``in`` knows slugs and short slugs."""
    project = saved()
    assert "one" in project
    assert "one-20250120132300" in project


def test_look_ups_follow_edits() -> None:
    """After slug or short slug were assigned, the new ones are found and the old ones are not."""
    project = saved()
    assert "one" in project
    project["one"].short_slug = "uno"
    assert "uno" in project
    assert "one" not in project
    project["uno"].slug = "uno-1"
    assert project["uno-1"] is project["uno"]
    assert "one-20250120132300" not in project


def test_the_slug_is_fixed_at_creation() -> None:
    """Renaming an experiment, or giving it another date, changes neither slug."""
    experiment = make()
    experiment.name = "two"
    experiment.created_at = on(25)
    assert (experiment.slug, experiment.short_slug) == ("one-20250120132300", "one")


def test_iteration_yields_dictionaries() -> None:
    """Iterating a project gives the records of all experiments, saved or not, as they stand in memory."""
    project = saved(make("a", 20), make("b", 21))
    project["a"].metrics["m"] = 1
    project.append(make("c", 22))
    found = list(project)
    assert [type(each) for each in found] == [dict] * 3
    assert found == [experiment.to_dict() for experiment in project.experiments]
    assert found[0]["metrics"] == {"m": 1}
    project.save()
    assert list(Project("project.json", mode="r")) == records()


def test_changing_a_yielded_dictionary_changes_no_experiment() -> None:
    """The dictionaries of an iteration are copies, down to the dates and dicts in them."""
    project = saved(make(metrics={"m": {"deep": 1}}, parameters={"p": [1]}, tags=["t"]))
    for opened in (project, Project("project.json", mode="r")):
        (found,) = opened
        found["metrics"]["m"]["deep"] = 2
        found["parameters"]["p"].append(2)
        found["tags"].append("u")
        assert next(iter(opened))["metrics"] == {"m": {"deep": 1}}
        assert next(iter(opened))["parameters"] == {"p": [1]}
        assert next(iter(opened))["tags"] == ["t"]


def test_filter_yields_experiments() -> None:
    """filter() is lazy and gives the experiments, not dictionaries, for which the function is true."""
    project = saved(make("a", 20, tags=["x"]), make("b", 21), make("c", 22, tags=["x", "y"]))
    found = project.filter(lambda experiment: "x" in experiment.tags)
    assert isinstance(found, GeneratorType)
    assert [type(each) for each in found] == [Experiment, Experiment]
    assert [each.name for each in project.filter(lambda each: each.tags)] == ["a", "c"]
    assert list(project.filter(lambda each: False)) == []


def test_an_error_in_a_filter() -> None:
    """An exception of the function comes out, and the project is what it was."""
    project = saved()
    with pytest.raises(ZeroDivisionError):
        list(project.filter(lambda each: 1 / 0 > 0))
    assert names(project) == ["one"]


def test_the_error_of_a_slug_that_is_not_there_shows_those_that_are() -> None:
    """A typing error is answered with the newest short slugs; an empty project says so."""
    with pytest.raises(KeyError, match="no experiments"):
        _ = Project("nothing.json")["one"]
    project = saved(make("One", 19), make("Two", 20))
    with pytest.raises(KeyError, match="it has: 'one', 'two'"):
        _ = project["onne"]
    for number in range(30):
        project.append(make(f"more {number}", 21))
    with pytest.raises(KeyError, match=r"of its 32 the last are: .*'more-29'") as caught:
        _ = project["onne"]
    assert "'one'" not in str(caught.value)
