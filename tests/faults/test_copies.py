"""Copies: every call once as the one that fails and once as the last before a kill, and then the copy once more."""

import errno
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lazyscribe.exception import LazyscribeError
from lazyscribe.testing.calls import CHANGING, OPENING, WATCHED
from lazyscribe.testing.faults import KILLED, Trial, every_call, fail, fail_from, kill, stores_through
from lazyscribe.testing.writers import forked
from tests.copying.scenes import SCENES
from tests.faults.tally import Chosen, Tally


@pytest.fixture(autouse=True)
def _relaxed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not waited for here is tried by the tests of saves."""
    monkeypatch.setenv("LAZYSCRIBE_DURABILITY", "relaxed")


SAMPLE = 16
"""Calls of each scene that `make test` tries with each error."""


@pytest.fixture
def trials(chosen: Chosen, tmp_path: Path) -> Callable[..., Iterator[Trial[Any]]]:
    """Return what tries calls of a scene's work, of these names or of any."""

    def some(kind: Any, strike: Any, names: Any = None, **more: Any) -> Iterator[Trial[Any]]:
        def pick(numbers: list[int], made: list[str]) -> list[int]:
            return chosen([number for number in numbers if names is None or made[number] in names], SAMPLE)

        return every_call(tmp_path, kind, lambda scene: scene.work(), strike, pick, **more)

    return some


@pytest.mark.parametrize("kind", SCENES)
@pytest.mark.parametrize(("when", "code"), [("before", errno.EIO), ("before", errno.ENOSPC), ("after", errno.EIO)])
def test_a_call_that_fails(trials: Any, kind: Any, when: str, code: int, tally: Tally) -> None:
    """Any one of all: what the target names is whole at once, and copying again finishes it."""
    runs = 0
    names = WATCHED if when == "before" else CHANGING - OPENING
    for trial in trials(kind, lambda number: fail(number, code, when), names):
        runs += 1
        error = trial.run()
        assert isinstance(error, (LazyscribeError, OSError, type(None))), repr(error)
        assert trial.subject.damaged() == [], (trial.name, error)
        trial.subject.work()
        trial.subject.check()
    what = errno.errorcode[code] if when == "before" else "the answer is lost"
    tally(f"a copy: {what} at the k-th call, then the same again", "ours", runs, 0)


@pytest.mark.parametrize("kind", SCENES)
def test_a_full_disk(trials: Any, kind: Any, tally: Tally) -> None:
    """From any call on nothing can be written; with room again, copying again finishes it."""
    runs = 0
    for trial in trials(kind, fail_from, {"write", "open_new", "link"}):
        runs += 1
        error = trial.run()
        assert isinstance(error, LazyscribeError), repr(error)
        assert trial.subject.damaged() == []
        trial.subject.work()
        trial.subject.check()
    tally("a copy: ENOSPC from the k-th call on, then the same again", "ours", runs, 0)


@pytest.mark.parametrize("kind", SCENES)
def test_a_kill(trials: Any, kind: Any, tally: Tally) -> None:
    """At any call that changes something: what the target names is whole, and copying again finishes it."""
    runs = 0
    for trial in trials(kind, kill, CHANGING):
        runs += 1
        assert forked(trial.run) in (KILLED, 0)
        assert trial.subject.damaged() == [], trial.name
        trial.subject.work()
        trial.subject.check()
    tally("a copy: killed at the k-th call, then the same again", "ours", runs, 0)


@pytest.mark.parametrize("kind", SCENES)
def test_any_store_that_fails(trials: Any, kind: Any, tally: Tally) -> None:
    """A failure of any call of a store, of the source's or the target's."""
    runs = 0
    for trial in trials(kind, lambda number: fail(number, errno.EIO), using=stores_through):
        runs += 1
        trial.run()
        trial.subject.work()
        trial.subject.check()
    tally("a copy: a store fails at the k-th call, then the same again", "ours", runs, 0)
