"""The repository as of a moment, and why a version was chosen."""

import json
import pickle
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Repository
from lazyscribe.exception import (
    InvalidArgumentError,
    ReadOnlyError,
    UnknownArtifactError,
    UsageError,
    VersionDeletedError,
    VersionNotFoundError,
)
from lazyscribe.release import create_release
from tests.clock import Clock
from tests.history.support import by_another_program, foreign, numbers, saved


@pytest.fixture
def days(file: Path, clock: Clock) -> Repository:
    """Return a repository with a history.

    20 January: version 0, production. 21: version 1. 22: production is 1, version 0 expires. 23: version 1 is deleted,
    production is 2, which is new. 24: now.
    """
    repository = saved(file, "zero")
    repository.set_alias("model", "production", 0)
    repository.save(message="begin")
    clock.tick()
    repository.log_artifact("model", "one", "json")
    repository.save()
    clock.tick()
    repository.set_alias("model", "production", 1)
    repository.set_artifact_expiry("model", 0)
    repository.save(message="better")
    clock.tick()
    repository.delete("model", 1, "trained on test data")
    repository.log_artifact("model", "two", "json")
    repository.set_alias("model", "production")
    repository.save(message="best")
    clock.tick()
    return repository


def at(day: int) -> str:
    return f"2025-01-{day}T23:00:00"


@pytest.mark.parametrize("as_is", [True, False])
def test_what_was_known(days: Repository, file: Path, as_is: bool) -> None:
    """As of an evening: versions, expiry, aliases and deletions as they were known."""
    repository = days if as_is else Repository(file, mode="r")
    with pytest.raises(UnknownArtifactError):
        repository.at(known=at(19)).load_artifact("model")
    for day, production, newest, held in ((20, "zero", "zero", [0]), (21, "zero", "one", [0, 1])):
        then = repository.at(known=at(day))
        assert then.load_artifact("model", version="@production") == production
        assert then.load_artifact("model") == newest
        assert numbers(then) == held
        assert then["model"].expiry is None
    then = repository.at(known=at(22))
    assert then.load_artifact("model", version="@production") == "one"
    assert then["model"].expiry is not None
    assert numbers(repository.at(known=at(23))) == numbers(repository.at()) == [0, 2]


def test_what_was_valid(days: Repository) -> None:
    """What was valid on a day, as we know now: also versions that were deleted later, and not those that came later."""
    assert numbers(days.at(valid=at(20))) == [0]
    assert sorted(numbers(days.at(valid=at(22)))) == [0, 1]
    then = days.at(valid=at(22))
    assert then.load_artifact("model", version="@production") == "one"
    assert then.load_artifact("model") == "one"
    assert days.at(valid=at(21)).load_artifact("model", version="@production") == "zero"
    assert numbers(days.at(valid=at(23))) == [0, 2]
    assert numbers(days.at(valid=at(20), known=at(22))) == [0]


def test_both_clocks(file: Path, clock: Clock) -> None:
    """An expiry that was set later for an earlier day counts in what was valid, and not in what was known then."""
    repository = saved(file, "zero")
    clock.tick()
    repository.set_artifact_expiry("model", 0, expiry=at(19))
    repository.save()
    assert repository.at(valid=at(20), known="2025-01-20T23:00:00").load_artifact("model") == "zero"
    with pytest.raises(VersionNotFoundError):
        repository.at(valid=at(20)).load_artifact("model")


def test_by_entries(days: Repository) -> None:
    """`known` may be the number or the id of an entry, which needs no clock."""
    for entry, aliases in zip(
        days.history(), ({}, {"production": 0}, {"production": 0}, {"production": 1}), strict=False
    ):
        for known in (entry.number, entry.id):
            assert days.at(known=known).aliases("model") == aliases
    for known in (99, -1, "0123456789abcdef"):
        with pytest.raises(VersionNotFoundError, match="no entry"):
            days.at(known=known)


@pytest.mark.parametrize("date", ["yesterday", b"x", 1.5, [1]])
def test_what_is_no_date(days: Repository, date: Any) -> None:
    """It is refused with a `ValueError`."""
    for what in ("valid", "known"):
        with pytest.raises(InvalidArgumentError, match=f"{what}="):
            days.at(**{what: date})


def test_a_moment_is_read_only(days: Repository) -> None:
    """It cannot be changed, saved or reloaded; it can be filtered, released and pickled."""
    then = days.at(known=at(22))
    for change in (lambda: then.log_artifact("x", 1, "json"), then.save, lambda: then.set_alias("model", "x")):
        with pytest.raises(ReadOnlyError):
            change()
    for change in (then.load, then.reload):
        with pytest.raises(UsageError, match="as of a moment"):
            change()
    assert create_release(then, "1").artifacts == [("model", 1)]
    assert numbers(then.filter([("model", "@production")])) == [1]
    copy = pickle.loads(pickle.dumps(then))
    assert copy.load_artifact("model", version="@production") == "one"
    assert numbers(then.at(known=at(20))) == [0]


def test_what_is_not_saved_is_not_known(days: Repository) -> None:
    """Unsaved versions, expiries and moves are not in any moment."""
    days.log_artifact("model", "three", "json")
    days.set_artifact_expiry("model", 2)
    days.set_alias("model", "production")
    assert days.at().load_artifact("model") == "two"
    assert days.at().aliases("model") == {"production": 2}


def test_what_another_program_saved(file: Path, clock: Clock) -> None:
    """It is known at present only, until a save of ours observes it: then from that on."""
    saved(file, "zero")
    clock.tick()
    by_another_program(file, lambda records: records.append(foreign("model", 1, "2025-01-20T14:00:00")))
    clock.tick()
    assert numbers(Repository(file).at()) == numbers(Repository(file).at(valid=at(21))) == [0, 1]
    assert numbers(Repository(file).at(known=at(22))) == [0]
    repository = Repository(file)
    repository.log_artifact("other", 0, "json")
    repository.save()
    assert numbers(repository.at(known=at(21))) == [0]
    assert numbers(repository.at(known=at(22))) == [0, 1]


def test_without_a_journal(file: Path, clock: Clock) -> None:
    """All that can be known is when versions were created; what the first entry finds counts from then on, too."""
    records = [foreign("model", number, f"2025-01-1{number}T00:00:00") for number in range(3)]
    file.write_text(json.dumps(records))
    for _ in range(2):
        repository = Repository(file)
        assert numbers(repository.at(known=at(11))) == [0, 1]
        assert numbers(repository.at(valid=at(11))) == [0, 1]
        assert repository.aliases("model") == {}
        repository.log_artifact("other", 0, "json")
        repository.save()


def test_a_folder_without_what_is_ours(days: Repository, file: Path) -> None:
    """Where `.lazyscribe` was not copied along, everything opens; the past is what dates tell."""
    shutil.rmtree(file.parent / ".lazyscribe")
    repository = Repository(file)
    assert repository.load_artifact("model") == "two"
    assert repository.history() == []
    assert repository.aliases("model") == {}
    assert numbers(repository.at(known=at(20))) == [0]
    repository.set_alias("model", "production")
    repository.save()
    assert repository.aliases("model") == {"production": 2}


def test_opening_reads_nothing_of_the_journal(days: Repository, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening and looking up by number or date do not even list it."""
    monkeypatch.setattr("lazyscribe.journal.log.Journal.view", lambda *_: 1 / 0)
    repository = Repository(file, mode="r")
    assert repository.load_artifact("model") == repository.load_artifact("model", version=2) == "two"


# Why


def test_why_the_newest(days: Repository) -> None:
    """What was passed over has a line each: expired, or deleted."""
    days.log_artifact("model", "three", "json")
    days.set_artifact_expiry("model", 3, expiry="2025-01-24T00:00:00")
    days.save()
    lines = days.explain("model").splitlines()
    assert lines[0].startswith(
        "Version 2 of 'model', created at 2025-01-23T13:23:30, was chosen: it is the newest that"
    )
    assert lines[1:] == ["  version 3, created at 2025-01-24T13:23:30, had expired at 2025-01-24T00:00:00."]


def test_why_as_of_a_date(days: Repository) -> None:
    """What came later is told, and what was deleted since: when, by whom and why."""
    lines = days.explain("model", "2025-01-21T18:00:00", "asof").splitlines()
    author = days.history()[-1].author
    assert lines[0].startswith("Version 0 of 'model'")
    assert lines[1:] == [
        "  version 2, created at 2025-01-23T13:23:30, came later.",
        f"  version 1, created at 2025-01-21T13:23:30, was deleted on 2025-01-23T13:23:30 by {author} "
        "(trained on test data).",
    ]


def test_why_an_alias(days: Repository) -> None:
    """Since when, by whom, and with which words it points there."""
    author = days.history()[-1].author
    assert f"the alias '@production' means it since 2025-01-23T13:23:30, by {author} (best)." in days.explain(
        "model", "@production"
    )
    days.set_alias("model", "production", 0)
    lines = days.explain("model", "@production").splitlines()
    assert "the alias '@production' means it, which is not saved yet." in lines[0]
    assert lines[1] == "  version 2, created at 2025-01-23T13:23:30, is newer, but the alias does not mean it."


def test_why_in_a_moment(days: Repository) -> None:
    """What was not known yet is told, and what came later."""
    then = days.at(known=at(21))
    assert "version 2, created at 2025-01-23T13:23:30, was not known yet: it was saved" in then.explain("model")
    then = days.at(valid=at(22))
    assert then.explain("model").splitlines()[1] == (
        "  version 2, created at 2025-01-23T13:23:30, came later than 2025-01-22T23:00:00."
    )
    assert "@production' means it since 2025-01-22T13:23:30" in then.explain("model", "@production")


def test_why_none(days: Repository) -> None:
    """Where there is none, the explanation says so; an unknown name is refused as always."""
    assert days.explain("model", 1).startswith("No version of 'model' was chosen: Version 1 of 'model' was deleted on")
    days.set_artifact_expiry("model", 2)
    assert "No version of 'model' was chosen" in days.explain("model")
    with pytest.raises(UnknownArtifactError):
        days.explain("nothing")
    with pytest.raises(VersionDeletedError):
        days.load_artifact("model", version=1)


def test_long_explanations_are_cut(file: Path, clock: Clock) -> None:
    """Twenty versions that were passed over are shown, and how many more there are."""
    repository = saved(file, "zero")
    for _ in range(30):
        clock.tick(seconds=1)
        repository.log_artifact("model", 1, "json")
        repository.artifacts[-1].expiry = clock.now
    with warnings.catch_warnings():
        repository.save()
    lines = repository.explain("model").splitlines()
    assert len(lines) == 22
    assert lines[-1] == "  … and 10 more."
