"""Handlers travel to other processes, their values as they write them."""

import copy
import pickle
from pathlib import Path
from typing import Any

import attrs
import pytest

from lazyscribe import Repository
from lazyscribe.artifacts.base import Artifact
from lazyscribe.artifacts.json import JSONArtifact
from lazyscribe.artifacts.pickle import PickleArtifact
from tests.artifacts import handlers
from tests.clock import START

CASES: list[tuple[type[Artifact], Any, str | bytes]] = [
    (JSONArtifact, {"a": [1, "é\r\n"]}, '{"a": [1, "\\u00e9\\r\\n"]}'),
    (PickleArtifact, {1}, pickle.dumps({1}, protocol=5)),
    (handlers.Plain, "é\r\n\n", "é\r\n\n"),
    (handlers.PlainBinary, b"\r\n", b"\r\n"),
    (handlers.Defined, "text", "text"),
    (handlers.Versioned, b"bytes", b"bytes"),
    (handlers.Seeking, b"body", (4).to_bytes(8, "big") + b"bodytail"),
    (handlers.Closing, b"closed", b"closed"),
    (handlers.ClosingText, "closed\r\n", "closed\r\n"),
]
IDS = [each[0].__name__ for each in CASES]


def made(handler: type[Artifact], value: Any) -> Artifact:
    return handler.construct("x", value, "f", START, None, None, 3, True)


@pytest.mark.parametrize(("handler", "value", "written"), CASES, ids=IDS)
def test_state(handler: type[Artifact], value: Any, written: str | bytes) -> None:
    """The state is a dict of the fields, the value passed through `write`, as text or bytes."""
    artifact = made(handler, value)
    state = artifact.__getstate__()
    assert state == {**{each.name: getattr(artifact, each.name) for each in attrs.fields(handler)}, "value": written}
    assert type(state) is dict
    assert type(state["value"]) is (bytes if handler.binary else str)
    assert artifact.value == value


@pytest.mark.parametrize(("handler", "value", "written"), CASES, ids=IDS)
def test_setting_the_state(handler: type[Artifact], value: Any, written: str | bytes) -> None:
    """Setting the state passes the value through `read`."""
    artifact = made(handler, value)
    fresh = handler.__new__(handler)
    fresh.__setstate__({**artifact.__getstate__(), "value": written, "name": "y"})
    assert fresh.value == value
    assert (fresh.name, fresh.fname, fresh.created_at, fresh.version) == ("y", "f", START, 3)
    assert fresh == artifact


@pytest.mark.parametrize("travel", [lambda it: pickle.loads(pickle.dumps(it)), copy.deepcopy, copy.copy])
@pytest.mark.parametrize(("handler", "value", "written"), CASES, ids=IDS)
def test_travel(handler: type[Artifact], value: Any, written: Any, travel: Any) -> None:
    """A handler travels with all its fields, environment included."""
    artifact = made(handler, value)
    there = travel(artifact)
    assert type(there) is handler
    for each in attrs.fields(handler):
        assert getattr(there, each.name) == getattr(artifact, each.name)
    assert there == artifact


@pytest.mark.parametrize(("handler", "value", "written"), CASES, ids=IDS)
def test_no_value(handler: type[Artifact], value: Any, written: Any) -> None:
    """Without a value there is nothing to write."""
    there = pickle.loads(pickle.dumps(made(handler, None)))
    assert there.value is None


def test_defined_on_the_base() -> None:
    """Both methods are defined on `Artifact`, and no handler has others unless it says so."""
    assert "__getstate__" in vars(Artifact)
    assert "__setstate__" in vars(Artifact)
    for handler, _, _ in CASES:
        assert handler.__getstate__ is Artifact.__getstate__
        assert handler.__setstate__ is Artifact.__setstate__


def test_methods_of_its_own() -> None:
    """A handler that has its own methods keeps them."""

    @attrs.define
    class Own(handlers.Plain):
        alias = "tests-own-state"

        def __getstate__(self) -> dict[str, Any]:
            return {**super().__getstate__(), "name": "own"}

    assert made(Own, "v").__getstate__()["name"] == "own"
    assert Own.__setstate__ is Artifact.__setstate__


def test_writer_keywords() -> None:
    """The keywords that it was logged with are used."""
    artifact = JSONArtifact.construct("x", {"b": 1, "a": 2}, writer_kwargs={"sort_keys": True})
    assert artifact.__getstate__()["value"] == '{"a": 2, "b": 1}'


def test_pickle_protocol_does_not_matter() -> None:
    """Every protocol will do."""
    artifact = made(JSONArtifact, [1])
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(artifact, protocol=protocol)).value == [1]


@pytest.mark.parametrize(("handler", "value", "written"), CASES, ids=IDS)
def test_inside_a_repository(file: Path, handler: type[Artifact], value: Any, written: Any) -> None:
    """A repository with a version that is not saved travels, and is saved there."""
    repository = Repository(file)
    repository.log_artifact("x", value, handler.alias)
    there = pickle.loads(pickle.dumps(repository))
    there.save()
    assert there.load_artifact("x") == value
    assert Repository(file, mode="r").load_artifact("x") == value
