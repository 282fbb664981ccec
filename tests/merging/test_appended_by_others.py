"""What others only added is merged without looking at the rest; what comes of it is what a look at all would give."""

import os
import warnings
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lazyscribe import Experiment, Project, Repository
from lazyscribe._dates import to_text
from lazyscribe.artifacts.json import JSONArtifact
from lazyscribe.exception import VersionNotFoundError

NAMES = st.sampled_from(["a", "b"])
HANDLES = st.integers(0, 2)
STEPS = st.one_of(
    st.tuples(st.just("log"), HANDLES, NAMES),
    st.tuples(st.just("save"), HANDLES, st.none()),
    st.tuples(st.just("reload"), HANDLES, st.none()),
    st.tuples(st.just("expire"), HANDLES, NAMES),
    st.tuples(st.just("remove"), HANDLES, NAMES),
    st.tuples(st.just("look"), HANDLES, NAMES),
)


def relaxed() -> Any:
    """Leave out the syncs, which these tests are not about."""
    return mock.patch.dict(os.environ, {"LAZYSCRIBE_DURABILITY": "relaxed"})


def answers(repository: Repository) -> dict[str, Any]:
    """Return what a repository answers to every question about its versions."""
    found: dict[str, Any] = {"all": list(repository)}
    for artifact in repository.artifacts:
        found[f"{artifact.name} {artifact.version}"] = repository.load_artifact(artifact.name, version=artifact.version)
        for version in (None, to_text(artifact.created_at)):
            try:
                metadata = repository.get_artifact_metadata(artifact.name, version=version)
            except VersionNotFoundError:
                metadata = None
            found[f"{artifact.name} {version}"] = metadata
    return found


@settings(max_examples=50)
@given(st.lists(STEPS, max_size=30))
def test_versions_of_three_handles(steps: list[Any]) -> None:
    """After each save memory answers as a repository that was just opened, and no number is given twice."""
    with TemporaryDirectory() as folder, warnings.catch_warnings(), relaxed():
        warnings.simplefilter("ignore")
        handles = [Repository(f"{folder}/repository.json") for _ in range(3)]
        logged = 0
        for handle in handles:
            handle.log_artifact("a", "first", "json")
            handle.save()
        for step, which, name in steps:
            handle = handles[which]
            if step == "log":
                handle.log_artifact(name, logged, "json")
                logged += 1
            elif step == "save":
                handle.save()
                fresh = Repository(f"{folder}/repository.json", mode="r")
                assert answers(handle) == answers(fresh)
                numbers = [(each.name, each.version) for each in fresh.artifacts]
                assert len(set(numbers)) == len(numbers)
            elif step == "reload":
                handle.reload()
            elif name in handle:
                newest = handle.artifacts[-1]
                if step == "expire":
                    handle.set_artifact_expiry(newest.name, newest.version, expiry="2020-01-01")
                elif step == "remove" and newest.dirty:
                    handle.artifacts.remove(newest)
                else:
                    handle.get_artifact_metadata(newest.name, newest.version)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(["log", "edit", "save", "find"]), HANDLES), max_size=30))
def test_experiments_of_three_handles(steps: list[Any]) -> None:
    """After each save memory holds, in their order, the experiments that a project that was just opened holds."""
    with TemporaryDirectory() as folder, relaxed():
        handles = [Project(f"{folder}/project.json", mode="w+", author=who) for who in ("ann", "ben", "cy")]
        logged = 3
        for number, handle in enumerate(handles):
            with handle.log("first") as run:
                run.log_metric("number", number)
            handle.save()
        for step, which in steps:
            handle = handles[which]
            if step == "log":
                with handle.log("run") as run:
                    run.log_metric("number", logged)
                logged += 1
            elif step == "save":
                handle.save()
                fresh = Project(f"{folder}/project.json", mode="r")
                assert list(handle) == list(fresh)
                assert all(handle[run.slug] is run for run in handle.experiments)
                numbers = [run.metrics["number"] for run in fresh.experiments]
                assert len(set(numbers)) == len(numbers)
            elif step == "edit" and handle.experiments:
                handle.experiments[0].metrics[f"by {which}"] = logged
            elif handle.experiments:
                assert handle[handle.experiments[-1].short_slug] is not None


def test_a_version_that_expires_while_others_add_some(tmp_path: Path) -> None:
    """A change of a saved version goes with what others have added behind it."""
    mine = Repository(tmp_path / "repository.json")
    mine.log_artifact("a", 0, "json")
    mine.save()
    other = Repository(tmp_path / "repository.json")
    other.log_artifact("a", 1, "json")
    other.save()
    mine.set_artifact_expiry("a", version=0, expiry="2020-01-01")
    mine.log_artifact("a", 2, "json")
    mine.save()
    fresh = Repository(tmp_path / "repository.json", mode="r")
    assert [each["expiry"] for each in fresh] == ["2020-01-01T00:00:00", None, None]
    assert [fresh.load_artifact("a", version=number) for number in range(3)] == [0, 1, 2]


@pytest.mark.parametrize(("versions", "given"), [([0], [2]), ([1], [2]), ([2], [2]), ([7], [7]), ([2, 2], [2, 3])])
def test_versions_added_by_hand_get_numbers_of_their_own(versions: list[int], given: list[int], tmp_path: Path) -> None:
    """Artifacts that join with numbers that are taken, or all with one, move behind, when others have saved, too."""
    mine, other = (Repository(tmp_path / "repository.json") for _ in range(2))
    for handle in (other, mine):
        handle.log_artifact("a", "first", "json")
        handle.save()
    other.log_artifact("b", "other", "json")
    other.save()
    for number in versions:
        mine.artifacts.append(JSONArtifact.construct("a", value="mine", version=number))
    mine.save()
    fresh = Repository(tmp_path / "repository.json", mode="r")
    assert [(each.name, each.version) for each in fresh.artifacts] == [
        ("a", 0),
        ("a", 1),
        ("b", 0),
        *(("a", number) for number in given),
    ]
    assert answers(mine) == answers(fresh)


def test_an_experiment_that_began_earlier_goes_to_its_place(tmp_path: Path) -> None:
    """An experiment older than saved ones stands before them in the file, when others have saved, too."""
    mine, other = (Project(tmp_path / "project.json", mode="w+") for _ in range(2))
    for name, handle in (("a", mine), ("b", other), ("c", mine), ("d", other)):
        with handle.log(name):
            pass
        handle.save()
    mine.append(Experiment(name="old", project=mine.fpath, created_at=datetime(2020, 1, 1)))
    mine.save()
    assert [each["name"] for each in Project(tmp_path / "project.json", mode="r")] == ["old", "a", "b", "c", "d"]
    assert [each.name for each in mine.experiments] == ["old", "a", "b", "c", "d"]


@pytest.mark.parametrize("late", ["a", "b"])
def test_what_another_thread_logs_during_a_save_stays(late: str, tmp_path: Path) -> None:
    """A version that is logged while a save brings together what others added is there afterwards, and saved next."""
    mine, other = (Repository(tmp_path / "repository.json") for _ in range(2))
    for handle in (mine, other, mine):
        handle.log_artifact("a", "first", "json")
        handle.save()

    class Late(JSONArtifact):
        alias = "logs another one when it is written"

        @classmethod
        def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
            mine.log_artifact(late, "late", "json")
            super().write(obj, buf, **kwargs)

    other.log_artifact("a", "other", "json")
    other.save()
    mine.log_artifact("a", "mine", Late.alias)
    mine.save()
    mine.save()
    fresh = Repository(tmp_path / "repository.json", mode="r")
    assert [fresh.load_artifact("a", version=number) for number in (3, 4)] == ["other", "mine"]
    assert fresh.load_artifact(late) == "late"
    assert len({(each.name, each.version) for each in fresh.artifacts}) == 6
    assert answers(mine) == answers(fresh)


def test_a_file_name_changed_by_hand_before_a_save(tmp_path: Path) -> None:
    """A new version whose file name was changed after it joined is saved once, beside what others have added."""
    mine, other = (Repository(tmp_path / "repository.json") for _ in range(2))
    for name, handle in (("a", mine), ("b", other)):
        handle.log_artifact(name, name, "json")
        handle.save()
    mine.log_artifact("a", "new", "json")
    mine.artifacts[-1].fname = "chosen.json"
    mine.save()
    mine.save()
    fresh = Repository(tmp_path / "repository.json", mode="r")
    assert [(each.name, each.version) for each in fresh.artifacts] == [("a", 0), ("b", 0), ("a", 1)]
    assert fresh.artifacts[-1].fname == "chosen.json"
    assert answers(mine) == answers(fresh)


def test_new_versions_given_one_file_name_by_hand(tmp_path: Path) -> None:
    """Two new versions whose file names were made the same are both there after a reload, and get a file each."""
    mine, other = (Repository(tmp_path / "repository.json") for _ in range(2))
    for name, handle in (("a", mine), ("b", other)):
        handle.log_artifact(name, name, "json")
        handle.save()
    for number in (1, 2):
        mine.log_artifact("a", number, "json", fname=f"{number}.json")
        mine.artifacts[-1].fname = "same.json"
    mine.reload()
    assert [each.value for each in mine.artifacts] == ["a", None, 1, 2]
    with pytest.warns(UserWarning, match="is taken"):
        mine.save()
    assert [mine.load_artifact("a", version=number) for number in (1, 2)] == [1, 2]


def test_a_change_taken_back_after_others_made_it(tmp_path: Path) -> None:
    """An expiry that somebody else saved as well, and that is taken back after a reload, is taken back in the file."""
    mine = Repository(tmp_path / "repository.json")
    mine.log_artifact("a", 0, "json")
    mine.save()
    other = Repository(tmp_path / "repository.json")
    for handle in (mine, other):
        handle.set_artifact_expiry("a", expiry="2020-01-01")
    other.save()
    mine.reload()
    mine.artifacts[0].expiry = None
    mine.save()
    assert [each["expiry"] for each in Repository(tmp_path / "repository.json", mode="r")] == [None]
