"""Read-only repositories of some versions."""

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Repository
from lazyscribe.exception import InvalidVersionError, LazyscribeError, ReadOnlyError, VersionNotFoundError
from tests.clock import Clock
from tests.repository.tools import opened


@pytest.fixture
def many(file: Path, clock: Clock) -> Path:
    """`z` and `a` with three versions of three days each, `late` with one of the last day."""
    repository = Repository(file)
    for number in range(3):
        for name in ("z", "a", *(["late"] if number == 2 else [])):
            repository.log_artifact(name, f"{name}{number}", "json")
        clock.tick()
    repository.save()
    return file


def chosen(repository: Repository) -> list[tuple[str, int]]:
    return [(each["name"], each["version"]) for each in repository]


@pytest.mark.parametrize(
    ("date", "number", "left_out"),
    [
        (datetime(2025, 1, 20, 13, 23, 30), 0, ["late"]),
        ("2025-01-21T13:23:30", 1, ["late"]),
        ("2025-01-22", 1, ["late"]),
        ("2025-01-21T22:23:30+09:00", 1, ["late"]),
        (datetime(2025, 1, 22, 13, 23, 30, 999, tzinfo=UTC), 2, []),
        ("2030-01-01", 2, []),
        ("2025-01-20", None, ["a", "late", "z"]),
    ],
)
def test_as_of(many: Path, date: Any, number: int | None, left_out: list[str], caplog: Any) -> None:
    """As of a date: of each name that version, sorted by name; one logged WARNING per name left out."""
    with caplog.at_level(logging.DEBUG):
        filtered = opened(many).filter(date)
    names = [] if number is None else [name for name in ("a", "late", "z") if name not in left_out]
    assert [each["name"] for each in filtered] == names
    assert [each["version"] for each in filtered] == [0 if name == "late" else number for name in names]
    assert [each.levelname for each in caplog.records] == ["WARNING"] * len(left_out)
    assert [name for each, name in zip(caplog.records, left_out, strict=True) if repr(name) in each.getMessage()] == (
        left_out
    )


def test_as_of_leaves_out_what_had_expired(many: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As of a date counts what had not expired then."""
    repository = opened(many, "w+")
    repository.set_artifact_expiry("a", version=1, expiry="2025-01-22")
    for number in range(3):
        repository.set_artifact_expiry("z", version=number, expiry="2025-01-22")
    repository.save()
    assert chosen(opened(many).filter("2025-01-21T23:59:59")) == [("a", 1), ("z", 1)]
    caplog.clear()
    assert chosen(opened(many).filter("2025-01-22")) == [("a", 0)]
    assert [each.levelname for each in caplog.records] == ["WARNING"] * 2


@pytest.mark.parametrize(
    ("pairs", "found"),
    [
        ([("z", 1), ("a", 0)], [("z", 1), ("a", 0)]),
        ((("a", None), ["z", "2025-01-20T13:23:30"]), [("a", 2), ("z", 0)]),
        ([("z", 2), ("z", 0), ("z", 1)], [("z", 2), ("z", 0), ("z", 1)]),
        ([("a", datetime(2025, 1, 21, 13, 23, 30))], [("a", 1)]),
        ([], []),
    ],
)
def test_pairs(many: Path, pairs: Any, found: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Pairs of name and version come in the order given, and nothing is logged."""
    filtered = opened(many).filter(pairs)
    assert chosen(filtered) == found
    assert [filtered.load_artifact(name, version=number) for name, number in found] == [
        f"{name}{number}" for name, number in found
    ]
    assert caplog.records == []


def test_what_is_left_is_a_repository(many: Path) -> None:
    """The result is a read-only repository of the same file that knows nothing of the others."""
    whole = opened(many)
    filtered = whole.filter([("z", 1), ("a", 0)])
    assert isinstance(filtered, Repository)
    assert (filtered.mode, filtered.fpath, filtered.protocol) == ("r", whole.fpath, "file")
    assert "late" not in filtered
    assert filtered.load_artifact("z") == "z1"
    assert filtered["a"].version == 0
    with pytest.raises(VersionNotFoundError):
        filtered.load_artifact("z", version=2)
    with pytest.raises(ValueError, match="late"):
        filtered.load_artifact("late")
    with pytest.raises(ReadOnlyError):
        filtered.log_artifact("z", 1, "json")
    with pytest.raises(ReadOnlyError):
        filtered.save()
    assert chosen(filtered.filter([("a", None)])) == [("a", 0)]
    assert len(whole.artifacts) == 7


@pytest.mark.parametrize("mode", ["a", "w", "w+"])
def test_needs_mode_r(many: Path, mode: Any) -> None:
    """In another mode than `r` filtering is a `RuntimeError` of ours."""
    for version in ("2025-01-22", [("a", 0)]):
        with pytest.raises(RuntimeError, match="mode") as caught:
            opened(many, mode).filter(version)
        assert isinstance(caught.value, LazyscribeError)


def test_needs_everything_saved(many: Path) -> None:
    """A version that is not saved makes filtering a `RuntimeError`, whatever the mode says."""
    repository = opened(many, "w+")
    repository.log_artifact("new", 1, "json")
    repository.mode = "r"
    for version in ("2025-01-22", [("a", 0)]):
        with pytest.raises(RuntimeError, match="save"):
            repository.filter(version)
    repository.mode = "w+"
    repository.save()
    repository.mode = "r"
    assert chosen(repository.filter([("new", 0)])) == [("new", 0)]


def test_bad_questions(many: Path) -> None:
    """Questions that find nothing fail as everywhere."""
    repository = opened(many)
    with pytest.raises(InvalidVersionError):
        repository.filter("no date")
    with pytest.raises(VersionNotFoundError):
        repository.filter([("a", 9)])
    with pytest.raises(ValueError, match="nothing"):
        repository.filter([("nothing", 0)])


def test_filtering_writes_nothing(many: Path) -> None:
    """Filtering leaves the file and the whole repository as they were."""
    before, whole = many.read_bytes(), opened(many)
    assert len(whole.filter("2025-01-21T13:23:30").artifacts) == 2
    assert chosen(whole) == chosen(opened(many))
    assert many.read_bytes() == before


@pytest.mark.parametrize("version", [3, None, ["a"], ["ab"], [("a",)], [("a", 0, 1)]])
def test_what_is_neither_a_date_nor_pairs(many: Path, version: object) -> None:
    """Names alone, numbers and the like are an error that says what is wanted."""
    with pytest.raises(InvalidVersionError, match="pairs"):
        opened(many).filter(version)  # type: ignore[arg-type]
