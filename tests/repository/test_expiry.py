"""Versions that expire."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from attrs import define

from lazyscribe import Repository
from lazyscribe.artifacts.base import Artifact
from lazyscribe.artifacts.json import JSONArtifact
from lazyscribe.exception import InvalidVersionError, LazyscribeError, VersionNotFoundError
from tests.clock import START, Clock
from tests.repository.tools import opened, record, write

Records = Callable[[], list[dict[str, Any]]]


def found(repository: Repository, version: Any = None, match: Any = "exact") -> int:
    return repository._search_artifact_versions("x", version, match).version


@pytest.mark.parametrize(
    ("expiry", "text"),
    [
        (None, "2025-01-23T13:23:30"),
        (datetime(2030, 1, 2, 3, 4, 5, 999_999), "2030-01-02T03:04:05"),
        (datetime(2030, 1, 2, tzinfo=UTC), "2030-01-02T00:00:00"),
        (datetime(2030, 1, 2, tzinfo=timezone(timedelta(hours=-5))), "2030-01-02T05:00:00"),
        ("2030-01-02", "2030-01-02T00:00:00"),
        ("2030-01-02T03:04:05", "2030-01-02T03:04:05"),
        ("2030-01-02T03:04:05.678", "2030-01-02T03:04:05"),
        ("2030-01-02T03:04:05+01:00", "2030-01-02T02:04:05"),
        ("2030-01-02T03:04:05Z", "2030-01-02T03:04:05"),
    ],
)
def test_forms(three: Path, records: Records, expiry: Any, text: str) -> None:
    """An expiry is a date or its text, now by default; memory holds naive UTC, the file seconds."""
    repository = opened(three, "w+")
    repository.set_artifact_expiry("x", version=1, expiry=expiry)
    held = repository.artifacts[1].expiry
    assert held is not None
    assert held.tzinfo is None
    assert held.replace(microsecond=0).isoformat() == text
    assert [each["expiry"] for each in records()] == [None] * 3
    repository.save()
    assert [each["expiry"] for each in records()] == [None, text, None]
    assert opened(three).artifacts[1].expiry == datetime.fromisoformat(text)


@pytest.mark.parametrize("expiry", ["", "soon", "2025-02-30", 1, 1.5, [], b"2030-01-01", "@x"])
def test_no_date(three: Path, expiry: Any) -> None:
    """An expiry that is no date is a `ValueError` of ours, and nothing changes."""
    repository = opened(three, "w+")
    with pytest.raises(ValueError) as caught:
        repository.set_artifact_expiry("x", version=1, expiry=expiry)
    assert isinstance(caught.value, LazyscribeError)
    assert repository.artifacts[1].expiry is None


@pytest.mark.parametrize(
    ("version", "match", "number"),
    [
        (None, "exact", 2),
        (0, "exact", 0),
        ("2025-01-21T13:23:30", "exact", 1),
        ("2025-01-22", "asof", 1),
        (START, "exact", 0),
    ],
)
def test_which_version(three: Path, version: Any, match: Any, number: int) -> None:
    """The version that expires is found as every other."""
    repository = opened(three, "w+")
    repository.set_artifact_expiry("x", version, match)
    assert [each.version for each in repository.artifacts if each.expiry is not None] == [number]


def test_errors_are_those_of_every_question(three: Path) -> None:
    """Questions that find nothing fail as everywhere."""
    repository = opened(three, "w+")
    with pytest.raises(ValueError, match="nothing"):
        repository.set_artifact_expiry("nothing")
    with pytest.raises(VersionNotFoundError):
        repository.set_artifact_expiry("x", version=9)
    with pytest.raises(InvalidVersionError):
        repository.set_artifact_expiry("x", version="no date")
    with pytest.raises(ValueError, match="match"):
        repository.set_artifact_expiry("x", match="some")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="asof"):
        repository.set_artifact_expiry("x", version=0, match="asof")


@pytest.mark.parametrize("again", [False, True])
def test_newest_skips_expired(three: Path, clock: Clock, again: bool) -> None:
    """The newest is the newest that has not expired now; numbers and exact dates find expired ones still."""
    repository = opened(three, "w+")
    repository.set_artifact_expiry("x", version=2)
    if again:
        repository.save()
        repository = opened(three, "r")
    assert found(repository) == 1
    assert found(repository, 2) == 2
    assert found(repository, "2025-01-22T13:23:30") == 2
    assert found(repository, START + timedelta(days=2)) == 2


@pytest.mark.parametrize("again", [False, True])
def test_expiry_in_the_future(three: Path, clock: Clock, again: bool) -> None:
    """A version is the newest up to the second before it expires."""
    repository = opened(three, "w+")
    repository.set_artifact_expiry("x", version=2, expiry="2025-06-01T00:00:00")
    if again:
        repository.save()
        repository = opened(three, "r")
    assert found(repository) == 2
    clock.set("2025-05-31T23:59:59.999999")
    assert found(repository) == 2
    clock.set("2025-06-01T00:00:00")
    assert found(repository) == 1


@pytest.mark.parametrize("again", [False, True])
def test_as_of(three: Path, again: bool) -> None:
    """As of a date is the newest at or before it that was not expired then, whatever has expired since."""
    repository = opened(three, "w+")
    repository.set_artifact_expiry("x", version=1, expiry="2025-01-22")
    repository.set_artifact_expiry("x", version=2, expiry="2025-02-01")
    if again:
        repository.save()
        repository = opened(three, "r")
    assert found(repository, "2025-01-21T23:59:59", "asof") == 1
    assert found(repository, "2025-01-22", "asof") == 0
    assert found(repository, "2025-01-22T13:23:30", "asof") == 2
    assert found(repository, "2025-01-31T23:59:59", "asof") == 2
    assert found(repository, "2025-02-01", "asof") == 0


@pytest.mark.parametrize("again", [False, True])
def test_all_expired(three: Path, again: bool) -> None:
    """Where every version has expired the newest is a `VersionNotFoundError`; numbers still load."""
    repository = opened(three, "w+")
    for number in range(3):
        repository.set_artifact_expiry("x", version=number)
    if again:
        repository.save()
        repository = opened(three, "r")
    with pytest.raises(VersionNotFoundError, match="not expired"):
        repository.load_artifact("x")
    with pytest.raises(VersionNotFoundError):
        found(repository, "2025-02-01", "asof")
    assert found(repository, "2025-01-23", "asof") == 2
    assert [repository.load_artifact("x", version=number) for number in range(3)] == [0, 1, 2]


def test_expiry_by_hand(three: Path, records: Records) -> None:
    """An expiry that is assigned to the object counts at once, and is saved."""
    repository = opened(three, "w+")
    assert found(repository) == 2
    repository.artifacts[2].expiry = datetime(2025, 1, 23, tzinfo=UTC)
    assert found(repository) == 1
    repository.save()
    assert records()[2]["expiry"] == "2025-01-23T00:00:00"


def test_expiry_does_not_touch_the_file(three: Path) -> None:
    """Saving an expiry writes no artifact's file, and needs none."""
    for path in (three.parent / "x").iterdir():
        path.unlink()
    repository = opened(three, "w+")
    repository.set_artifact_expiry("x", version=0)
    repository.save()
    assert list((three.parent / "x").iterdir()) == []
    assert opened(three).artifacts[0].expiry is not None


def test_expiry_can_move(three: Path, records: Records) -> None:
    """An expiry can be set again, to a later date too."""
    repository = opened(three, "w+")
    repository.set_artifact_expiry("x", version=2)
    repository.save()
    repository.set_artifact_expiry("x", version=2, expiry="2999-01-01")
    assert found(repository) == 2
    repository.save()
    assert records()[2]["expiry"] == "2999-01-01T00:00:00"


def test_record_without_expiry(file: Path) -> None:
    """An older file without `expiry` opens: its versions never expire."""
    write(file, [record(expiry=...)])
    assert found(opened(file)) == 0
    assert opened(file).artifacts[0].expiry is None


@pytest.mark.parametrize("turn", [1, 2])
def test_expiry_set_while_a_save_settles(turn: int, file: Path) -> None:
    """An expiry that another thread sets at the very end of a save is written by the next one."""
    repository, looked = Repository(file), []

    @define
    class Looked(Artifact):
        alias = "acts when it is looked at"
        suffix = "txt"
        binary = False
        output_only = False
        mark: str = "m"

        def __getattribute__(self, name: str) -> Any:
            if name == "mark" and not self.dirty:  # saved, and compared with what was written
                looked.append(name)
                if len(looked) == turn:
                    object.__setattr__(self, "expiry", datetime(2020, 1, 1))
            return super().__getattribute__(name)

        read, write = JSONArtifact.read, JSONArtifact.write

    repository.log_artifact("x", 0, Looked.alias)
    repository.save()
    assert len(looked) >= turn
    repository.save()
    assert [each["expiry"] for each in json.loads(file.read_bytes())] == ["2020-01-01T00:00:00"]
