"""Built-in handlers and the published plug-ins of the same aliases read what the others wrote."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lazyscribe.artifacts
from lazyscribe import Project, Repository
from tests.compat.actor import Actor, interpreter
from tests.compat.test_plugins import same, value_of

ALIASES = ["csv", "parquet", "joblib", "yaml", "onnx"]


@pytest.fixture(scope="module")
def plugged() -> Iterator[Actor]:
    """This checkout with the plug-ins."""
    with Actor("ours with plug-ins", interpreter("LAZYSCRIBE_PLUGINS_PYTHON")) as actor:
        yield actor


def write(alias: str) -> str:
    """Save versions and an experiment's artifact; tell whose handler did it."""
    repository = Repository("repository.json", mode="w")
    project = Project("project.json", mode="w", author="ann")
    for number in (1, 2):
        repository.log_artifact("value", value_of(alias, number), alias)
    with project.log("run") as run:
        run.log_artifact("value", value_of(alias, 3), alias)
    repository.save()
    project.save()
    return lazyscribe.artifacts._get_handler(alias).__module__


def read(alias: str) -> list[Any]:
    """Load them, validated; tell whose handler did it and what held, and the keys of a record."""
    repository = Repository("repository.json", mode="r")
    held = [same(repository.load_artifact("value", version=number), value_of(alias, number + 1)) for number in (0, 1)]
    run = Project("project.json", mode="r")["run"]
    held.append(same(run.load_artifact("value"), value_of(alias, 3)))
    return [type(repository["value"]).__module__, held, sorted(repository.get_artifact_metadata("value"))]


def rewrite() -> list[Any]:
    """Save anew what somebody else wrote, with another version; tell the records."""
    repository = Repository("repository.json", mode="w+")
    before = list(repository)
    repository.set_artifact_expiry("value", version=0, expiry="2030-01-01")
    repository.save()
    return [before, list(Repository("repository.json", mode="r"))]


@pytest.mark.parametrize("alias", ALIASES)
def test_ours_reads_what_the_plug_in_wrote(
    plugged: Actor, tmp_path: Path, alias: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files and records of a plug-in open, validate and load without it, and their records stay as they are."""
    assert plugged(write, tmp_path, helpers=(value_of,), alias=alias).startswith("lazyscribe_")
    monkeypatch.chdir(tmp_path)
    module, held, _ = read(alias)
    assert (module, held) == (f"lazyscribe.artifacts.{alias}", [True] * 3)
    before, after = rewrite()
    assert [{**each, "expiry": None} for each in after] == before


@pytest.mark.parametrize("alias", ALIASES)
def test_the_plug_in_reads_what_ours_wrote(
    plugged: Actor, tmp_path: Path, alias: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files and records of a built-in handler open, validate and load with the plug-in, and have the same keys."""
    monkeypatch.chdir(tmp_path)
    assert write(alias) == f"lazyscribe.artifacts.{alias}"
    keys = read(alias)[2]
    module, held, theirs = plugged(read, tmp_path, helpers=(value_of, same), alias=alias)
    assert module.startswith("lazyscribe_")
    assert (held, theirs) == ([True] * 3, keys)
    (tmp_path / "theirs").mkdir()
    plugged(write, tmp_path / "theirs", helpers=(value_of,), alias=alias)
    monkeypatch.chdir(tmp_path / "theirs")
    assert read(alias)[2] == keys
