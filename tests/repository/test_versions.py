"""Which version a question means: every form of `version` with every `match`."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Repository
from lazyscribe.exception import InvalidVersionError, LazyscribeError, VersionNotFoundError
from tests.clock import START, Clock
from tests.repository.tools import opened, record, write

FIRST = "2025-01-20T13:23:30"
TOKYO = timezone(timedelta(hours=9))


@pytest.fixture(params=["memory", "disk"])
def asked(request: pytest.FixtureRequest, three: Path) -> Repository:
    """The versions 0, 1, 2 of `x`, as saved by this handle or opened anew."""
    if request.param == "disk":
        return opened(three, "r")
    repository = Repository(three)
    assert len(repository.artifacts) == 3
    return repository


@pytest.mark.parametrize(
    ("version", "match", "value"),
    [
        (None, "exact", 2),
        (None, "asof", 2),
        (0, "exact", 0),
        (1, "exact", 1),
        (2, "exact", 2),
        (START, "exact", 0),
        (START.replace(microsecond=999_999), "exact", 0),
        (START.replace(tzinfo=UTC), "exact", 0),
        (datetime(2025, 1, 20, 22, 23, 30, tzinfo=TOKYO), "exact", 0),
        (FIRST, "exact", 0),
        ("2025-01-21T13:23:30", "exact", 1),
        ("2025-01-20T13:23:30.987654", "exact", 0),
        ("2025-01-20T13:23:30Z", "exact", 0),
        ("2025-01-20T22:23:30+09:00", "exact", 0),
        ("2025-01-20 13:23:30", "exact", 0),
        ("20250120T132330", "exact", 0),
        (FIRST, "asof", 0),
        (START, "asof", 0),
        (START + timedelta(hours=23), "asof", 0),
        (START + timedelta(days=1), "asof", 1),
        ("2025-01-21T13:23:29.999999", "asof", 0),
        ("2025-01-21T22:23:30+09:00", "asof", 1),
        ("2025-01-21", "asof", 0),
        ("20250122", "asof", 1),
        ("2025-W04-3", "asof", 1),
        ("2025-01-23", "asof", 2),
        ("2999-12-31T23:59:59", "asof", 2),
        (datetime.max, "asof", 2),
    ],
)
def test_found(asked: Repository, version: Any, match: Any, value: int) -> None:
    """Numbers, dates and texts find their version, with zones converted and fractions cut."""
    assert asked.load_artifact("x", version=version, match=match) == value
    assert asked._search_artifact_versions("x", version, match).version == value
    assert asked.get_artifact_metadata("x", version, match)["version"] == value


@pytest.mark.parametrize(
    ("version", "match"),
    [
        (3, "exact"),
        (-1, "exact"),
        (10**30, "exact"),
        ("2025-01-20", "exact"),
        ("2025-01-20T13:23:31", "exact"),
        ("2025-01-20T13:23:29.999999", "exact"),
        ("2025-01-20T13:23:30+09:00", "exact"),
        (START + timedelta(seconds=1), "exact"),
        (START - timedelta(microseconds=1), "asof"),
        ("2025-01-20", "asof"),
        ("0001-01-01", "asof"),
        (datetime.min, "asof"),
    ],
)
def test_not_found(asked: Repository, version: Any, match: Any) -> None:
    """A version that is not there is a `VersionNotFoundError` that names what was asked for."""
    for ask in (asked._search_artifact_versions, asked.get_artifact_metadata, asked.get_version_diff):
        with pytest.raises(VersionNotFoundError, match="'x'") as caught:
            ask("x", version, match)
        assert (caught.value.name, caught.value.version) == ("x", version)
    with pytest.raises(VersionNotFoundError):
        asked.load_artifact("x", version=version, match=match)


@pytest.mark.parametrize("match", ["exact", "asof"])
@pytest.mark.parametrize("version", ["", "latest", "1", "2025-13-01", "2025-02-30", 1.0, True, b"x", []])
def test_no_version_at_all(asked: Repository, version: Any, match: Any) -> None:
    """A text that is no date is an `InvalidVersionError`."""
    with pytest.raises(InvalidVersionError) as caught:
        asked.load_artifact("x", version=version, match=match)
    assert isinstance(caught.value, LazyscribeError)


@pytest.mark.parametrize(
    ("name", "version", "match"),
    [
        ("nothing", None, "exact"),
        ("X", 0, "exact"),
        ("", None, "exact"),
        ("x", None, "newest"),
        ("x", 0, ""),
        ("x", FIRST, None),
        ("x", 0, "asof"),
        ("x", 99, "asof"),
    ],
)
def test_bad_questions(asked: Repository, name: str, version: Any, match: Any) -> None:
    """An unknown name, an unknown match, and `asof` with a number are `ValueError`s of ours."""
    for ask in (
        lambda: asked.load_artifact(name, version=version, match=match),
        lambda: asked.get_artifact_metadata(name, version, match),
        lambda: asked._search_artifact_versions(name, version, match),
        lambda: asked.get_version_diff(name, version, match),
    ):
        with pytest.raises(ValueError) as caught:
            ask()
        assert isinstance(caught.value, LazyscribeError)
        assert not isinstance(caught.value, VersionNotFoundError)


def test_empty_repository(file: Path) -> None:
    """In an empty repository every name is unknown."""
    with pytest.raises(ValueError, match="'x'"):
        Repository(file).load_artifact("x")


@pytest.mark.parametrize("again", [False, True])
def test_one_second(file: Path, clock: Clock, again: bool) -> None:
    """Of several versions of one second, each question finds the highest number; numbers find each."""
    repository = Repository(file)
    for fraction, number in zip((900_000, 100_000, 500_000), range(3), strict=True):
        clock.now = START.replace(microsecond=fraction)
        repository.log_artifact("x", number, "json")
    repository.save()
    asked = opened(file) if again else repository
    for version, match in ((FIRST, "exact"), (START, "exact"), (FIRST, "asof"), (None, "exact")):
        assert asked.load_artifact("x", version=version, match=match) == 2
    assert [asked.load_artifact("x", version=number) for number in range(3)] == [0, 1, 2]


def test_newest_is_by_date_then_number(file: Path, clock: Clock) -> None:
    """Newest is the greatest date and then the greatest number, not the last in the file."""
    write(
        file,
        [
            record(version=7, fname="a.json", created_at="2025-01-02T00:00:00"),
            record(version=3, fname="b.json", created_at="2025-01-03T00:00:00"),
            record(version=5, fname="c.json", created_at="2025-01-03T00:00:00"),
            record(version=9, fname="d.json", created_at="2025-01-01T00:00:00"),
        ],
    )
    repository = opened(file)
    assert repository._search_artifact_versions("x").version == 5
    assert repository._search_artifact_versions("x", "2025-01-03").version == 5
    assert repository._search_artifact_versions("x", "2025-01-02T12:00", "asof").version == 7
    assert repository._search_artifact_versions("x", "2025-01-01T12:00", "asof").version == 9


def test_search_gives_the_handler_object(three: Path) -> None:
    """`_search_artifact_versions` gives the very object that `artifacts` holds."""
    repository = opened(three)
    assert repository._search_artifact_versions("x") is repository.artifacts[2]
    assert repository._search_artifact_versions("x", version=0) is repository.artifacts[0]


def test_dates_of_a_file_in_any_form(file: Path) -> None:
    """Dates with an offset or a fraction in a file become naive UTC."""
    write(file, [record(created_at="2025-01-20T22:23:30.75+09:00", expiry="2025-01-22")])
    artifact = opened(file).artifacts[0]
    assert artifact.created_at.replace(microsecond=0) == START
    assert artifact.created_at.tzinfo is None
    assert artifact.expiry == datetime(2025, 1, 22)
    assert opened(file)._search_artifact_versions("x", FIRST) is not None


def test_loading_before_saving(file: Path) -> None:
    """A version that is not saved has no file yet: `FileNotFoundError` that tells to save."""
    repository = Repository(file)
    repository.log_artifact("x", 1, "json")
    with pytest.raises(FileNotFoundError, match="save"):
        repository.load_artifact("x")


def test_file_that_is_gone(three: Path) -> None:
    """A file that is not there is a `FileNotFoundError` of ours that names it."""
    (three.parent / "x" / "x-20250120132330.json").unlink()
    with pytest.raises(FileNotFoundError, match="x-20250120132330") as caught:
        opened(three).load_artifact("x", version=0)
    assert isinstance(caught.value, LazyscribeError)
    assert opened(three).load_artifact("x", version=1) == 1


def test_keywords_reach_the_handler(file: Path) -> None:
    """Other keywords go to the handler's `write` when logged and to its `read` when loaded."""
    repository = Repository(file)
    repository.log_artifact("x", {"b": 1.5, "a": 2}, "json", indent=2, sort_keys=True)
    repository.save()
    (stored,) = (file.parent / "x").iterdir()
    assert stored.read_text() == '{\n  "a": 2,\n  "b": 1.5\n}'
    assert repository.load_artifact("x", parse_float=str) == {"a": 2, "b": "1.5"}
