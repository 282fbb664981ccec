"""What an entry told whose save was not answered is told once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from lazyscribe import Repository
from lazyscribe.exception import CommitUnknownError
from lazyscribe.store.local import LocalStore
from tests.commit.test_unknown import Lost, both
from tests.history.support import by_another_program, foreign, saved


def test_an_alias_that_others_moved_since(file: Path) -> None:
    """An alias that a save has moved, its answer lost, and others have moved since, stays there when it is repeated."""
    saved(file, 0, 1, 2)
    lost = Lost(file.name)
    repository, other = both(file.parent, lost)
    repository.log_artifact("model", 3, "json")
    repository.set_alias("model", "production", 2)
    lost.during(repository.save)
    other.reload()
    assert other.aliases("model") == {"production": 2}
    other.set_alias("model", "production", 1)
    other.save()
    repository.set_alias("model", "staging", 3)
    repository.save()
    assert Repository(file).aliases("model") == {"production": 1, "staging": 3}
    moves = [str(move) for each in repository.history() for move in each.aliased]
    assert len(moves) == 3


def test_a_move_that_was_not_done(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An alias that a save has not moved, as it turns out, is moved when that is repeated."""
    repository = saved(file, 0, 1)
    repository.log_artifact("model", 2, "json")
    repository.set_alias("model", "production", 0)

    def broken(store: LocalStore, key: str, *_: Any) -> Any:
        monkeypatch.undo()
        raise store._unsure(key)

    monkeypatch.setattr(LocalStore, "_swap", broken)
    with pytest.raises(CommitUnknownError):
        repository.save()
    assert Repository(file).aliases("model") == {}
    repository.save()
    assert Repository(file).aliases("model") == {"production": 0}


def test_an_entry_that_cannot_be_taken_back(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A move of which nobody can tell whether it was done is no failure, also where others changed the file before."""
    saved(file, 0, 1)
    by_another_program(file, lambda records: records.append(foreign("model", 7, "2026-01-01T00:00:00")))
    repository = Repository(file)
    repository.set_alias("model", "production", 1)
    create = LocalStore._create

    @contextmanager
    def unanswered(*where: Any) -> Iterator[BinaryIO]:
        with create(*where) as raw:
            yield raw
        raise OSError("no answer")

    def stuck(store: LocalStore, key: str) -> None:
        raise OSError("cannot be deleted")

    monkeypatch.setattr(LocalStore, "_create", unanswered)
    monkeypatch.setattr(LocalStore, "delete", stuck)
    with pytest.raises(CommitUnknownError):
        repository.save()
    monkeypatch.undo()
    assert Repository(file).aliases("model") == {"production": 1}
    repository.save()
    assert sum(len(each.aliased) for each in repository.history()) == 1
