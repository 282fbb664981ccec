"""Numbers and slugs of what was deleted, put back or logged within one second: given once, and kept."""

from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Project, Repository
from tests.clock import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return a clock that stands still."""
    return Clock(monkeypatch)


def handles(kind: type[Any], tmp_path: Path) -> tuple[Any, Any]:
    """Return two handles on one new file."""
    path = tmp_path / "file.json"
    return kind(path, mode="w+"), kind(path, mode="w+")


def log(repository: Repository, value: str, fname: str | None = None) -> None:
    repository.log_artifact("a", value, "json", fname)


def values(tmp_path: Path) -> dict[int, str]:
    """Return the values that are on disk by their numbers; each number is there once, and nothing is damaged."""
    fresh = Repository(tmp_path / "file.json", mode="r")
    assert fresh.verify().ok
    assert len({each.version for each in fresh.artifacts}) == len(fresh.artifacts)
    return {each.version: fresh.load_artifact("a", version=each.version) for each in fresh.artifacts}


def test_a_reload_between_two_saves_of_others_within_one_second(tmp_path: Path, clock: Clock) -> None:
    """An unsaved version whose file name others took keeps a number of its own, however often it is reloaded."""
    mine, theirs = handles(Repository, tmp_path)
    log(mine, "mine")
    for value in ("first", "second"):
        log(theirs, value)
        theirs.save()
        mine.reload()
    assert [each.version for each in mine.artifacts] == [0, 1, 2]
    mine.save()
    assert values(tmp_path) == {0: "first", 1: "second", 2: "mine"}


@pytest.mark.parametrize("fname", [None, "a.json"])
def test_a_deletion_is_noted_although_the_file_name_is_used_again(
    tmp_path: Path, clock: Clock, fname: str | None, recwarn: pytest.WarningsRecorder
) -> None:
    """A version that is deleted, and logged again under its file name before the save, is not put back by others."""
    mine, theirs = handles(Repository, tmp_path)
    log(mine, "old", fname)
    mine.save()
    theirs.reload()
    del mine.artifacts[0]
    log(mine, "new", fname)
    mine.save()
    theirs.save()
    assert values(tmp_path) == {1: "new"}
    assert not [each for each in recwarn if "put back" in str(each.message)]


def test_versions_of_one_second_are_numbered_in_the_order_of_saves(tmp_path: Path, clock: Clock) -> None:
    """A version is numbered behind those that others saved meanwhile, also where lower numbers were freed."""
    mine, theirs = handles(Repository, tmp_path)
    log(theirs, "first")
    theirs.save()
    mine.reload()
    del mine.artifacts[0]
    mine.save()
    log(theirs, "second")
    theirs.save()
    log(mine, "third")
    mine.save()
    assert values(tmp_path) == {1: "second", 2: "third"}
    assert mine.load_artifact("a") == "third"


@pytest.mark.parametrize("reloaded", [False, True])
def test_a_deleted_version_that_is_kept_has_its_number(tmp_path: Path, reloaded: bool) -> None:
    """A version that is deleted and kept by ``on_conflict="ours"`` is the one it was: nobody was given its number."""
    mine, theirs = handles(Repository, tmp_path)
    log(theirs, "old")
    theirs.save()
    mine.reload()
    mine.set_artifact_expiry("a", 0, expiry="2099-01-01")
    del theirs.artifacts[0]
    theirs.save()
    if reloaded:
        mine.reload(on_conflict="ours")
    log(theirs, "new")
    theirs.save()
    mine.save(on_conflict="ours")
    assert values(tmp_path) == {0: "old", 1: "new"}
    assert sorted(each.version for each in mine.artifacts) == [0, 1]


def test_a_version_that_two_put_back_has_one_number(tmp_path: Path) -> None:
    """A deleted version that two handles keep has in both the number that it had."""
    mine, theirs = handles(Repository, tmp_path)
    log(theirs, "old")
    theirs.save()
    others = Repository(tmp_path / "file.json")
    mine.reload()
    for each in (mine, others):
        each.set_artifact_expiry("a", 0, expiry="2099-01-01")
    del theirs.artifacts[0]
    theirs.save()
    for each in (mine, others):
        each.reload(on_conflict="ours")
    log(theirs, "new")
    for each in (theirs, mine, others):
        each.save(on_conflict="ours")
    assert values(tmp_path) == {0: "old", 1: "new"}
    assert sorted(each.version for each in others.artifacts) == [0, 1]


def test_a_version_whose_file_is_renamed_keeps_its_number(tmp_path: Path) -> None:
    """Another file name is no reason for another number, whatever others saved meanwhile."""
    mine, theirs = handles(Repository, tmp_path)
    log(theirs, "first")
    theirs.save()
    mine.reload()
    mine["a"].fname = "other.json"
    log(theirs, "second")
    theirs.save()
    mine.save()
    assert values(tmp_path) == {0: "first", 1: "second"}


@pytest.mark.parametrize("saves", [1, 2])
def test_a_slug_is_not_given_to_another_experiment(tmp_path: Path, clock: Clock, saves: int) -> None:
    """What is logged in the second of an experiment that was deleted is not taken for it by others."""
    mine, theirs = handles(Project, tmp_path)
    with mine.log("run"):
        pass
    mine.save()
    theirs.reload()
    theirs["run"].log_metric("theirs", 1)
    del mine.experiments[0]
    if saves == 2:
        mine.save()
    with mine.log("run") as run:
        run.log_metric("mine", 2)
    mine.save()
    theirs.save(on_conflict="ours")
    found = Project(tmp_path / "file.json", mode="r")
    assert sorted((each.slug, each.metrics) for each in found.experiments) == [
        ("run-20250120132330", {"theirs": 1}),
        ("run-20250120132330-1", {"mine": 2}),
    ]


def test_an_experiment_that_joins_again_keeps_its_slug(tmp_path: Path, clock: Clock) -> None:
    """The very experiment that was taken out has its slug when it joins again, before a save or after it."""
    mine, _ = handles(Project, tmp_path)
    with mine.log("run") as run:
        pass
    for saved in (False, True):
        mine.save()
        mine.experiments.remove(run)
        if saved:
            mine.save()
        mine.append(run)
        mine.save()
        assert [each["slug"] for each in Project(tmp_path / "file.json", mode="r")] == ["run-20250120132330"]
