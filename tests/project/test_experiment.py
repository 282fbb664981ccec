"""Fields, equality, order, text, tags and records of experiments."""

import operator
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
import pytest
from fsspec.implementations.local import LocalFileSystem

import lazyscribe.experiment
import lazyscribe.project
import lazyscribe.test
from lazyscribe import Experiment, Project, Test
from lazyscribe.artifacts.json import JSONArtifact
from lazyscribe.experiment import ReadOnlyExperiment
from tests.project.support import make, on, saved

FIELDS = {
    "name": "other",
    "project": Path("x/other.json"),
    "dir": Path("elsewhere"),
    "fs": LocalFileSystem(auto_mkdir=True),
    "author": "grace",
    "last_updated_by": "grace",
    "metrics": {"m": 1},
    "parameters": {"p": 1},
    "created_at": on(25),
    "last_updated": on(26),
    "dependencies": {"up": make("up")},
    "short_slug": "other",
    "slug": "other-1",
    "tests": [Test(name="t")],
    "artifacts": [JSONArtifact.construct("f")],
    "tags": ["t"],
    "dirty": False,
}
NOT_COMPARED = {"project", "dir", "fs", "dependencies", "dirty"}


def test_only_name_and_project_are_required() -> None:
    """An experiment needs a name and the path of a project; the rest has defaults made of these."""
    before = datetime.now()
    experiment = Experiment(name="My one", project=Path("sub/project.json"))
    assert (experiment.dir, experiment.path) == (Path("sub"), Path("sub") / experiment.slug)
    assert (experiment.metrics, experiment.parameters, experiment.dependencies) == ({}, {}, {})
    assert (experiment.tests, experiment.artifacts, experiment.tags) == ([], [], [])
    assert experiment.last_updated_by == experiment.author
    assert experiment.last_updated == experiment.created_at
    assert experiment.short_slug == "my-one"
    assert experiment.slug == f"my-one-{experiment.created_at:%Y%m%d%H%M%S}"
    assert experiment.dirty is True
    assert isinstance(experiment.fs, LocalFileSystem)
    assert abs((experiment.created_at - before).total_seconds()) < 86400
    for given in ({"name": "x"}, {"project": Path("x")}, {}):
        with pytest.raises(TypeError):
            Experiment(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_a_keyword_and_assignable(name: str) -> None:
    """Every field can be given by keyword and assigned afterwards, and attrs knows it."""
    given: dict[str, Any] = {"name": "one", "project": Path("project.json"), name: FIELDS[name]}
    assert getattr(Experiment(**given), name) == FIELDS[name]
    experiment = make()
    setattr(experiment, name, FIELDS[name])
    assert getattr(experiment, name) == FIELDS[name]
    assert name in {field.name for field in attrs.fields(Experiment)}


@pytest.mark.parametrize("name", FIELDS)
def test_which_fields_take_part_in_equality(name: str) -> None:
    """Two experiments that differ in one field are equal exactly if it is one of the five that are not compared."""
    assert make() == make()
    other = make(slug="one-1", short_slug="one", last_updated=on(20), last_updated_by="ada")
    twin = make(slug="one-1", short_slug="one", last_updated=on(20), last_updated_by="ada")
    setattr(twin, name, FIELDS[name])
    assert (twin == other) is (name in NOT_COMPARED)
    assert (twin != other) is (name not in NOT_COMPARED)


def test_no_two_experiments_share_a_default() -> None:
    """Dicts and lists of two experiments are two."""
    one, two = make(), make()
    for name in ("metrics", "parameters", "dependencies", "tests", "artifacts", "tags"):
        assert getattr(one, name) is not getattr(two, name)


def test_experiments_equal_nothing_else() -> None:
    """An experiment equals no dictionary and no read-only twin, and comparing with other things is a TypeError."""
    experiment = make()
    frozen = ReadOnlyExperiment(name="one", project=Path("project.json"), created_at=on(20), author="ada")
    assert isinstance(frozen, Experiment)
    assert frozen != experiment
    assert experiment != frozen
    assert experiment != experiment.to_dict()
    for compare in (operator.lt, operator.le, operator.gt, operator.ge):
        with pytest.raises(TypeError):
            compare(experiment, 1)


@pytest.mark.parametrize(
    ("compare", "expected"),
    [
        (operator.lt, (True, False, False)),
        (operator.le, (True, True, False)),
        (operator.gt, (False, False, True)),
        (operator.ge, (False, True, True)),
    ],
)
def test_the_order(compare: Any, expected: tuple[bool, ...]) -> None:
    """Of one slug the last update decides, else the creation; all four comparisons agree."""
    by_update = [make(created_at=on(20), last_updated=on(day)) for day in (21, 22, 23)]
    by_creation = [make(f"e{day}", day, last_updated=on(30 - day)) for day in (21, 22, 23)]
    by_creation.insert(1, make("twin", 22, last_updated=on(30)))
    assert tuple(compare(each, make(last_updated=on(22))) for each in by_update) == expected
    first, twin, second, third = by_creation
    assert tuple(compare(each, second) for each in (first, twin, third)) == expected


def test_the_order_of_read_only_experiments() -> None:
    """Read-only experiments compare with editable ones."""
    saved(make())
    frozen = Project("project.json", mode="r")["one"]
    assert frozen < make("later", 21)
    assert make("earlier", 19) <= frozen
    assert sorted([make("later", 21), frozen])[0] is frozen


def test_str_holds_the_dotted_name() -> None:
    """str() of an experiment and of a test holds module and name of the class; repr() holds the name."""
    saved(make())
    frozen = Project("project.json", mode="r")["one"]
    for each in (make(), frozen, Test(name="t")):
        assert f"{type(each).__module__}.{type(each).__name__}" in str(each)
    assert "lazyscribe.experiment.Experiment" in str(make())
    assert "lazyscribe.experiment.ReadOnlyExperiment" in str(frozen)
    assert "lazyscribe.test.Test" in str(Test(name="t"))
    assert "'one'" in repr(make())


def test_names_in_modules() -> None:
    """The classes have one identity under all the names that the contract lists."""
    assert lazyscribe.experiment.Experiment is lazyscribe.project.Experiment is lazyscribe.Experiment
    assert lazyscribe.experiment.ReadOnlyExperiment is lazyscribe.project.ReadOnlyExperiment
    assert lazyscribe.test.Test is lazyscribe.Test
    assert issubclass(lazyscribe.test.ReadOnlyTest, Test)
    assert issubclass(ReadOnlyExperiment, Experiment)
    assert lazyscribe.project.Project is lazyscribe.Project


@pytest.mark.parametrize(
    "change",
    [
        lambda experiment: experiment.log_metric("m", 1),
        lambda experiment: experiment.log_parameter("p", 1),
        lambda experiment: experiment.tag("t"),
        lambda experiment: experiment.log_artifact("a", [1], "json"),
        lambda experiment: experiment.log_test("t").__enter__(),
    ],
)
def test_each_change_sets_last_updated_and_dirty(change: Any) -> None:
    """Every logging method moves last_updated to now and sets dirty."""
    experiment = make(dirty=False)
    change(experiment)
    assert experiment.last_updated > on(31)
    assert experiment.dirty is True


def test_log_metric_and_parameter() -> None:
    """Metrics and parameters are kept by name; a later value replaces, and any value is taken as it is."""
    experiment = make()
    value = {"deep": [1]}
    experiment.log_metric("m", 1)
    experiment.log_metric("m", 2.5)
    experiment.log_parameter("p", value)
    assert experiment.metrics == {"m": 2.5}
    assert experiment.parameters["p"] is value


def test_tags() -> None:
    """tag() adds, in order; with overwrite=True it replaces; without tags it adds none."""
    experiment = make()
    experiment.tag("a")
    experiment.tag("b", "c")
    assert experiment.tags == ["a", "b", "c"]
    experiment.tag()
    assert experiment.tags == ["a", "b", "c"]
    experiment.tag("d", overwrite=True)
    assert experiment.tags == ["d"]
    experiment.tag(overwrite=True)
    assert experiment.tags == []


def test_to_dict_has_the_keys_of_the_file() -> None:
    """to_dict() gives exactly the keys that stand in a project file."""
    assert sorted(make().to_dict()) == [
        "artifacts",
        "author",
        "created_at",
        "dependencies",
        "last_updated",
        "last_updated_by",
        "metrics",
        "name",
        "parameters",
        "short_slug",
        "slug",
        "tags",
        "tests",
    ]


def test_path_follows_dir_and_slug() -> None:
    """path is dir / slug, as they are now."""
    experiment = make()
    experiment.dir = Path("x")
    experiment.slug = "y"
    assert experiment.path == Path("x/y")
    assert type(experiment).path.__doc__


def test_paths_may_be_text() -> None:
    """Project, dir and the path of a test become paths, when they are given and when they are assigned."""
    experiment, test = Experiment(name="one", project="x/p.json", dir="y"), Test("t", path="z")  # type: ignore[arg-type]
    assert (experiment.project, experiment.dir, test.path) == (Path("x/p.json"), Path("y"), Path("z"))
    experiment.project, experiment.dir, test.path = "a", "b", "c"  # type: ignore[assignment]
    assert (experiment.project, experiment.dir, test.path) == (Path("a"), Path("b"), Path("c"))
    assert experiment.path == Path("b") / experiment.slug


def test_unknown_attributes() -> None:
    """An attribute that is not there is an AttributeError that names class and attribute."""
    with pytest.raises(AttributeError, match=r"Experiment.*metric\b"):
        make().metric  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(AttributeError, match=r"Test.*metric\b"):
        Test(name="t").metric  # type: ignore[attr-defined]  # noqa: B018
