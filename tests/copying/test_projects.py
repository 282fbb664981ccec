"""Copies of projects: experiments with their files, tests and dependencies."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import lazyscribe
from lazyscribe import Project
from lazyscribe.artifacts.json import JSONArtifact
from lazyscribe.exception import ConflictError, DependencyFileMissingError, UnknownNameError
from lazyscribe.registry import registry
from lazyscribe.testing.writers import quiet
from tests.copying.sources import START, day, project, version
from tests.repository.tools import tree

NOTHING = (0, 0, 0)


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    project("from/project.json")
    return Path("from/project.json")


@pytest.fixture
def target() -> Path:
    return Path("to/project.json")


def artifacts(folder: Path) -> dict[str, bytes]:
    """Return the artifacts' files of a folder."""
    return {name: data for name, data in tree(folder).items() if "/" in name and not name.startswith(".lazyscribe")}


def edit(file: Path, slug: str, days: int, **metrics: float) -> Any:
    """Log metrics, a tag and an artifact of each name into an experiment that is there, and date that."""
    opened = Project(file, mode="w+", author="bob")
    experiment = opened[slug]
    for name, value in metrics.items():
        experiment.log_metric(name, value)
        experiment.log_artifact(name, value, handler="json")
        experiment.artifacts[-1].created_at = day(days)
        experiment.tag(name)
    experiment.last_updated = day(days)
    opened.save()
    return opened


@pytest.mark.parametrize("there", ["to/project.json", "memory://to{}/project.json"])
def test_a_copy_holds_what_was_there(source: Path, tmp_path: Path, there: str) -> None:
    """Metrics, tests, artifacts, files and digests; dependencies lead to the copy; copying again changes nothing."""
    there = there.format(tmp_path)
    with quiet():
        assert lazyscribe.copy(source, there)[:2] == (3, 6)
        here, made = Project(source, mode="r"), Project(there, mode="r")
        assert made.experiments == here.experiments
        for mine, theirs in zip(made.experiments, here.experiments, strict=True):
            assert mine.load_artifact("weights") == theirs.load_artifact("weights")
            assert mine.tests[0].load_artifact("confusion") == theirs.tests[0].load_artifact("confusion")
        assert made["ridge"].dependencies["features"] is made["features"]
        report = made.verify()
        assert (report.ok, report.findings, report.checked["verified"]) == (True, (), 6)
        before = made._manifest.data
        assert lazyscribe.copy(source, there) == NOTHING
        assert Project(there, mode="r")._manifest.data == before


def test_files_have_their_names_and_bytes(source: Path, target: Path) -> None:
    lazyscribe.copy(source, target)
    assert artifacts(target.parent) == artifacts(source.parent)


@pytest.mark.parametrize("name", ["Ridge", "ridge", "ridge-20250121132330"])
def test_only_some_with_what_they_depend_on(source: Path, target: Path, name: str) -> None:
    """By name or slug; what it depends on in the same project comes along, so that the copy opens."""
    assert lazyscribe.copy(source, target, names=[name]).records == 2
    assert [each.name for each in Project(target, mode="r").experiments] == ["Features", "Ridge"]
    with pytest.raises(UnknownNameError, match="nothing of the name 'Boost'"):
        lazyscribe.copy(source, target, names=["Boost"])


def test_only_what_was_changed_since_a_date(source: Path, target: Path) -> None:
    edit(source, "features", 20, late=1)
    lazyscribe.copy(source, target, since=day(2))
    assert [each.name for each in Project(target, mode="r").experiments] == ["Features", "Forest"]


def test_experiments_join_in_the_order_of_their_dates(source: Path, target: Path) -> None:
    """Between those that the target has, which stay byte for byte what they were."""
    own = Project(target, author="eve")
    with own.log("Own") as experiment:
        experiment.log_metric("own", 1)
    experiment.created_at = experiment.last_updated = START + timedelta(hours=30)
    own.save()
    text = target.read_bytes()[2:-2]
    lazyscribe.copy(source, target)
    assert [each.name for each in Project(target, mode="r").experiments] == ["Features", "Ridge", "Own", "Forest"]
    assert text in target.read_bytes()


def test_what_was_changed_since_is_brought_over(source: Path, target: Path) -> None:
    """New metrics, tags and artifacts of an experiment that is there already; what is there is not copied again."""
    lazyscribe.copy(source, target)
    edit(source, "forest", 20, late=0.5)
    assert lazyscribe.copy(source, target)[:2] == (1, 1)
    made = Project(target, mode="r")
    assert made.experiments == Project(source, mode="r").experiments
    assert made["forest"].load_artifact("late") == 0.5
    assert made["forest"].last_updated_by == "bob"
    assert lazyscribe.copy(source, target) == NOTHING


@pytest.mark.parametrize("newer", ["source", "target"])
def test_two_states_of_an_experiment_are_brought_together(source: Path, target: Path, newer: str) -> None:
    """Each keeps what only it has; where they contradict each other, the one that was changed last is right."""
    lazyscribe.copy(source, target)
    edit(source, "forest", 21 if newer == "source" else 20, here=1, both=1)
    edit(target, "forest", 20 if newer == "source" else 21, there=2, both=2)
    lazyscribe.copy(source, target)
    made = Project(target, mode="r")["forest"]
    both = 1 if newer == "source" else 2
    assert {name: made.metrics[name] for name in ("here", "there", "both")} == {"here": 1, "there": 2, "both": both}
    assert {each.name: made.load_artifact(each.name) for each in made.artifacts[1:]} == {
        "here": 1,
        "there": 2,
        "both": both,
    }
    assert made.last_updated == day(21)
    assert set(made.tags) == {"baseline", "here", "there", "both"}
    assert Project(target, mode="r").verify().ok
    assert lazyscribe.copy(source, target) == NOTHING


def test_a_file_that_was_overwritten_comes_under_another_name(source: Path, target: Path) -> None:
    """One with an explicit name that the source has written again: no file of the target is replaced, nor deleted."""
    opened = Project(source, mode="w+")
    opened["forest"].artifacts.append(
        JSONArtifact.construct("named", value="old", created_at=day(5), fname="named.json")
    )
    opened["forest"].last_updated = day(5)
    opened.save()
    lazyscribe.copy(source, target)
    opened["forest"].log_artifact("named", "new", handler="json", fname="named.json", overwrite=True)
    opened.save()
    assert lazyscribe.copy(source, target)[:2] == (1, 1)
    made = Project(target, mode="r")
    assert made["forest"].load_artifact("named") == "new"
    found = artifacts(target.parent)
    assert (found["forest-20250122132330/named.json"], found["forest-20250122132330/named-1.json"]) == (
        *(b'"old"', b'"new"'),
    )
    report = made.verify()
    assert [(each.kind, Path(each.path).name) for each in report.findings] == [("orphan", "named.json")]
    edit(source, "forest", 9999, late=1)  # after the present, so that the source is the newer one
    assert lazyscribe.copy(source, target)[:2] == (1, 1)
    assert Project(target, mode="r")["forest"].load_artifact("named") == "new"
    assert lazyscribe.copy(source, target) == NOTHING


def test_a_slug_that_is_taken_by_another_experiment_is_an_error(source: Path, target: Path) -> None:
    other = project(target)
    other["forest"].created_at = other["forest"].last_updated = day(8)
    other.save()
    before = tree(target.parent)
    with pytest.raises(
        ConflictError,
        match=r"The slug 'forest-20250122132330' is taken: in .*/to/project\.json it is one of 2025-01-28",
    ):
        lazyscribe.copy(source, target)
    assert tree(target.parent) == before


def test_an_artifact_that_holds_other_bytes_there_is_an_error(source: Path, target: Path) -> None:
    """Of the same name and second, so that nobody can say which is right."""
    lazyscribe.copy(source, target)
    other = Project(target, mode="w+")
    other["forest"].artifacts[0] = version("weights", 2, "other", kind=type(other["forest"].artifacts[0]))
    other["forest"].overwritten.add(other["forest"].artifacts[0].fname)
    other["forest"].artifacts[0].fname = Project(source, mode="r")["forest"].artifacts[0].fname
    other.save()
    before = tree(target.parent)
    with pytest.raises(ConflictError, match=r"The artifact 'weights' is taken.* whose file forest-20250122132330/"):
        lazyscribe.copy(source, target)
    assert tree(target.parent) == before


def test_a_dependency_on_another_project_must_be_there(source: Path, tmp_path: Path) -> None:
    """One that leads nowhere, seen from the target, would keep the copy from opening: nothing is written."""
    other = project("other/project.json")
    opened = Project(source, mode="w+")
    opened["forest"].dependencies["features"] = other["features"]
    opened.save()
    with pytest.raises(DependencyFileMissingError, match=r"depends on other/project\.json"):
        lazyscribe.copy(source, f"memory://x{tmp_path}/project.json")
    lazyscribe.copy(source, "to/project.json")
    assert Project("to/project.json", mode="r")["forest"].dependencies["features"].project == Path("other/project.json")
    registry.add_project("shared", other)
    try:
        opened["forest"].log_metric("x", 1)
        opened.save()
        lazyscribe.copy(source, f"memory://x{tmp_path}/project.json")
        assert "shared|features" in Project(f"memory://x{tmp_path}/project.json")._manifest.data.decode()  # type: ignore[union-attr]
    finally:
        registry.projects.clear()


def test_open_projects_are_places(source: Path, target: Path) -> None:
    """The target sees what came and keeps unsaved work."""
    there = Project(target)
    with there.log("Mine"):
        pass
    lazyscribe.copy(Project(source, mode="r"), there)
    assert there["ridge"].load_artifact("weights") == {"name": "weights", "number": 1}
    there.save()
    assert len(Project(target, mode="r").experiments) == 4


def test_a_project_for_appending_keeps_its_experiments_as_they_are(source: Path, target: Path) -> None:
    lazyscribe.copy(source, target)
    before = target.read_bytes()
    edit(source, "forest", 20, late=0.5)
    assert lazyscribe.copy(source, Project(target, mode="a")).records == 0
    assert target.read_bytes() == before
