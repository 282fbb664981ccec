"""Handlers whose files cannot be read back as they were."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Project, Repository
from lazyscribe.exception import SaveError


def told(action: Callable[[], Any]) -> list[tuple[type[Warning], str]]:
    """Return category and file of each warning of a call."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        action()
    assert all("'o" in str(each.message) for each in caught)
    return [(each.category, each.filename) for each in caught]


ONE = [(UserWarning, __file__)]


def test_repository(file: Path) -> None:
    """One `UserWarning` each time one is logged, saved and loaded; a load returns what `read` returns."""
    repository = Repository(file)
    assert told(lambda: repository.log_artifact("o", "text", "tests-output")) == ONE
    assert told(lambda: repository.save()) == ONE
    assert told(lambda: repository.load_artifact("o")) == ONE
    assert told(lambda: repository.load_artifact("o", validate=False)) == ONE
    again = Repository(file, mode="r")
    assert told(lambda: again.load_artifact("o")) == ONE
    with pytest.warns(UserWarning, match="output-only"):
        assert again.load_artifact("o") == "read: text"


def test_project(tmp_path: Path) -> None:
    """The same holds for experiments and tests."""
    project = Project(tmp_path / "project.json", mode="w+")
    with project.log("one") as experiment:
        assert told(lambda: experiment.log_artifact("o", "text", "tests-output")) == ONE
        with experiment.log_test("test") as test:
            assert told(lambda: test.log_artifact("o", "text", "tests-output")) == ONE
    assert told(lambda: project.save()) == ONE * 2
    again = Project(tmp_path / "project.json", mode="r")["one"]
    assert told(lambda: again.load_artifact("o")) == ONE
    assert told(lambda: again.tests[0].load_artifact("o")) == ONE


def test_each_is_told_once(file: Path) -> None:
    """A save tells of each one that it writes, and of no other."""
    repository = Repository(file)
    for _ in range(3):
        assert told(lambda: repository.log_artifact("o", "text", "tests-output")) == ONE
    repository.log_artifact("j", 1, "json")
    assert told(lambda: repository.save()) == ONE * 3
    repository.log_artifact("j", 1, "json")
    assert told(lambda: repository.save()) == []
    assert told(lambda: Repository(file, mode="w+").save()) == []
    assert told(lambda: list(Repository(file, mode="r").artifacts)) == []


def test_others_are_silent(file: Path) -> None:
    """Other handlers say nothing."""
    repository = Repository(file)
    for alias in ("json", "pickle", "tests-plain", "tests-versioned"):
        value: Any = b"" if alias == "tests-versioned" else "text"
        assert told(lambda: repository.log_artifact(alias, value, alias)) == []
    assert told(lambda: repository.save()) == []
    assert told(lambda: repository.load_artifact("tests-plain")) == []


@pytest.mark.filterwarnings("ignore")
def test_warnings_that_are_errors(file: Path) -> None:
    """Where warnings are errors, memory and file still agree after a save that warns."""
    repository = Repository(file)
    repository.log_artifact("o", "text", "tests-output")
    repository.log_artifact("o", "more", "tests-output")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises((UserWarning, SaveError)):
            repository.save()
    repository.save()
    assert len(list((file.parent / "o").iterdir())) == 2
    again = Repository(file, mode="r")
    assert [each["fname"] for each in again] == [each.fname for each in repository.artifacts]
    assert [again.load_artifact("o", version=number) for number in (0, 1)] == ["read: text", "read: more"]
    assert [each.dirty for each in repository.artifacts] == [False, False]
