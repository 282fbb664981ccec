"""A save that moves many aliases, struck at every call: all of them have moved, or none."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Repository
from lazyscribe.exception import CommitUnknownError, LazyscribeError
from lazyscribe.testing.calls import CHANGING, OPENING, WATCHED
from lazyscribe.testing.faults import KILLED, Strike, every_call, fail, kill
from lazyscribe.testing.writers import forked
from tests.commit.states import files_of

NAMES = [f"model-{number}" for number in range(20)]


class Move:
    """Twenty aliases move at once."""

    versions = 2
    """Versions of each name before."""

    outcomes = frozenset({0, 1})
    """What is found after kills; without waiting for the disk nothing comes after a swap."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "repository.json"
        repository = Repository(self.file)
        for _ in range(self.versions):
            for name in NAMES:
                repository.log_artifact(name, 0, "json")
        for name in NAMES:
            repository.set_alias(name, "production", 0)
        repository.save()
        self.repository = self.opened()
        self.prepare()

    def opened(self) -> Repository:
        return Repository(self.file)

    def prepare(self) -> None:
        for name in NAMES:
            self.repository.set_alias(name, "production", 1)

    def work(self) -> None:
        self.repository.save(message="promoted")

    def found(self) -> set[int]:
        """Return the numbers that the aliases mean, in a new object."""
        fresh = self.opened()
        found = {fresh.aliases(name)["production"] for name in NAMES}
        for name in NAMES:
            assert fresh.load_artifact(name, version="@production") == 0
        return found


class MoveToNew(Move):
    """Twenty versions are logged, and as many aliases move to them, in one save."""

    versions = 1
    outcomes = frozenset({0})

    def prepare(self) -> None:
        for name in NAMES:
            self.repository.log_artifact(name, 0, "json")
            self.repository.set_alias(name, "production")


class MoveWithPack(Move):
    """The entry of the move carries those before it."""

    def prepare(self) -> None:
        for turn in range(63):
            self.repository.set_alias("model-0", "other", turn % 2)
            self.repository.save()
        assert len(list(self.folder.glob(".lazyscribe/repository.json.log/*"))) == 64
        super().prepare()


KINDS = [Move, MoveToNew, MoveWithPack]


@pytest.fixture(autouse=True)
def relaxed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most scenes are prepared without waiting for the disk."""
    monkeypatch.setenv("LAZYSCRIBE_DURABILITY", "relaxed")


@pytest.fixture
def picked(request: pytest.FixtureRequest) -> Callable[[set[str]], Callable[[list[int], list[str]], list[int]]]:
    """Return what picks calls of some names: all of a move, a part of what writes many files as well."""
    kind = request.node.callspec.params["kind"]

    def of(names: Any) -> Callable[[list[int], list[str]], list[int]]:
        def pick(numbers: list[int], made: list[str]) -> list[int]:
            wanted = [number for number in numbers if made[number] in names]
            return [*wanted[:-14:9], *wanted[-14:]] if kind is not Move else wanted

        return pick

    return of


@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_any_call(kind: type[Move], tmp_path: Path, picked: Any) -> None:
    """Afterwards all have moved or none; the next save says what did not happen, and everything goes on."""
    outcomes = set[int]()
    for trial in every_call(tmp_path, kind, lambda scene: scene.work(), kill, picked(CHANGING)):
        assert forked(trial.run) in (KILLED, 0)
        scene = trial.subject
        found = scene.found()
        assert len(found) == 1, (trial.number, trial.name)
        outcomes |= found
        told = [each for each in scene.opened().history() if each.message == "promoted"]
        assert len(told) == max(found)
        fresh = scene.opened()
        fresh.log_artifact("model-0", "later", "json")
        fresh.save()
        assert scene.found() == found
        assert [each for each in scene.opened().history() if each.message == "promoted"] == told
    assert outcomes == kind.outcomes


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_call_that_fails(kind: type[Move], when: str, tmp_path: Path, picked: Any) -> None:
    """An error that says that nothing was saved leaves the aliases and the files; saving again moves all."""

    def strike(number: int) -> Strike:
        return fail(number, errno.EIO, when)

    names = WATCHED if when == "before" else CHANGING - OPENING
    for trial in every_call(tmp_path, kind, lambda scene: scene.work(), strike, picked(names)):
        scene = trial.subject
        before = files_of(scene.folder)
        error = trial.run()
        context = (trial.number, trial.name, error)
        if error is not None:
            assert isinstance(error, LazyscribeError), context
            if not isinstance(error, CommitUnknownError):
                assert scene.found() == {0}, context
                assert files_of(scene.folder) == before, context
            else:
                assert len(scene.found()) == 1, context
            scene.work()
        assert scene.found() == {1}, context
        assert scene.opened().history()[-1].message == "promoted"
