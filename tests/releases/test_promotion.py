"""Releases are promoted and rolled back as a whole, after checks, and the history knows of it."""

import multiprocessing
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lazyscribe import Repository
from lazyscribe.exception import (
    CheckFailedError,
    CommitUnknownError,
    ConflictError,
    LazyscribeError,
    ReadOnlyError,
    UnreadableError,
    VersionDeletedError,
    VersionNotFoundError,
)
from lazyscribe.release import Release, create_release, release_from_toml
from lazyscribe.release_lock import lock_release
from lazyscribe.testing.calls import CHANGING, OPENING, WATCHED
from lazyscribe.testing.faults import KILLED, every_call, fail, kill
from lazyscribe.testing.writers import forked
from tests.clock import Clock
from tests.releases.conftest import opened, pointing


def release(number: int, tag: str | None = None, names: str = "abc") -> Release:
    return Release(tag or f"r{number}", [(name, number) for name in names])


def test_all_aliases_move(three: Path, clock: Clock) -> None:
    """Every name of the release is found by the alias, by this object and by others, and one commit tells of it."""
    repository = opened(three, "a")
    repository.promote(release(1), "production", message="as agreed")
    for each in (repository, opened(three)):
        assert [each.load_artifact(name, version="@production") for name in "abc"] == ["a1", "b1", "c1"]
    commit = repository.history()[-1]
    assert [(each.name, each.alias, each.version) for each in commit.aliased] == [
        (name, "production", 1) for name in "abc"
    ]
    assert commit.message == "as agreed"
    (told,) = dict(commit.notes)["promoted"]
    assert (told["tag"], told["alias"], told["artifacts"]) == ("r1", "production", [["a", 1], ["b", 1], ["c", 1]])


def test_a_partial_release(three: Path) -> None:
    """Names that the release does not hold keep what they have."""
    repository = opened(three, "a")
    repository.promote(release(1), "production")
    repository.promote(release(2, names="b"), "production")
    assert pointing(three) == {"a": 1, "b": 2, "c": 1}


def test_what_is_not_saved_stays_so(three: Path) -> None:
    """A promotion writes nothing that the repository holds unsaved, neither versions nor aliases."""
    repository = opened(three, "w+")
    repository.log_artifact("a", "new", "json")
    repository.set_alias("c", "mine", 0)
    repository.promote(release(1), "production")
    assert len(opened(three).artifacts) == 9
    assert opened(three).aliases("c") == {"production": 1}
    assert repository.aliases("c") == {"mine": 0, "production": 1}
    repository.save()
    assert opened(three).load_artifact("a", version=3) == "new"
    assert opened(three).aliases("c") == {"mine": 0, "production": 1}


def test_refused(three: Path) -> None:
    """A version that is not there, a bad alias or an unknown tag moves nothing; nor does a read-only repository."""
    repository = opened(three, "a")
    for broken in (Release("x", [("a", 1), ("b", 9)]), Release("x", [("a", 1), ("d", 0)])):
        with pytest.raises((VersionNotFoundError, ValueError)):
            repository.promote(broken, "production")
    with pytest.raises(ValueError, match="cannot be an alias"):
        repository.promote(release(1), "@production")
    with pytest.raises(VersionNotFoundError, match="knows no release 'r1'; it knows: none"):
        repository.promote("r1", "production")
    with pytest.raises(ReadOnlyError):
        opened(three).promote(release(1), "production")
    with pytest.raises(ReadOnlyError):
        opened(three).rollback("production")
    with pytest.raises(ReadOnlyError):
        opened(three).at(valid="2025-02-01").promote(release(1), "production")
    assert pointing(three) == {}
    assert "promoted" not in str(repository.history())


# -- checks -----------------------------------------------------------------------------------------------------------


def test_checks_pass(three: Path) -> None:
    """Checks get the versions of the release and nothing else, read-only; what they answer is in the history."""
    seen: list[Any] = []

    def look(repository: Repository) -> None:
        seen.append([(each.name, each.version) for each in repository.artifacts])
        assert repository.load_artifact("a") == "a1"
        with pytest.raises(ReadOnlyError):
            repository.save()

    checks: dict[str, Callable[[Repository], Any]] = {
        **{"look": look, "accuracy": lambda each: 0.93, "flag": lambda each: np.bool_(True)},
        **{"object": lambda each: {1, 2}},
    }
    answers = opened(three, "a").promote(release(1), "production", checks)
    assert answers == {"look": True, "accuracy": 0.93, "flag": True, "object": "{1, 2}"}
    assert seen == [[("a", 1), ("b", 1), ("c", 1)]]
    (told,) = dict(opened(three).history()[-1].notes)["promoted"]
    assert told["checks"] == answers


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (lambda each: False, "'bad' (it answered false)"),
        (lambda each: np.bool_(False), "'bad' (it answered false)"),
        (lambda each: 1 / 0, "'bad' (ZeroDivisionError: division by zero)"),
        (lambda each: each.load_artifact("d"), "'bad' (UnknownArtifactError"),
    ],
)
def test_a_check_fails(three: Path, check: Any, words: str) -> None:
    """A check that answers false or raises stops the promotion with an error that names it; the others are run too."""
    repository = opened(three, "a")
    before = len(repository.history())
    ran: list[int] = []
    with pytest.raises(CheckFailedError) as caught:
        repository.promote(release(1), "production", {"bad": check, "good": lambda each: ran.append(1)})
    assert words in str(caught.value)
    assert "good" not in str(caught.value)
    assert (caught.value.tag, set(caught.value.failed), ran) == ("r1", {"bad"}, [1])
    assert pickle.loads(pickle.dumps(caught.value)).failed == caught.value.failed
    assert (pointing(three), len(repository.history())) == ({}, before)


def test_a_lock_is_verified_first(three: Path) -> None:
    """A lock is promoted if every file is what was locked, and else not."""
    lock = lock_release(opened(three), create_release(opened(three), "2"))
    repository = opened(three, "a")
    assert repository.promote(lock, "staging") == {"release.lock": True}
    (three.parent / "b" / lock.locked[1].fname).write_text("x")
    with pytest.raises(CheckFailedError, match=r"'release\.lock' \(Version 2 of 'b' has the SHA-256"):
        repository.promote(lock, "production")
    assert pointing(three) == {}
    assert pointing(three, "staging") == {"a": 2, "b": 2, "c": 2}


# -- rolling back -----------------------------------------------------------------------------------------------------


def test_rolled_back(three: Path, clock: Clock) -> None:
    """A rollback gives every alias back what it was, one that was none as well; again: what was before that."""
    repository = opened(three, "w+")
    repository.set_alias("a", "production", 0)
    repository.save()
    repository.promote(release(1), "production")
    repository.promote(release(2, names="bc"), "production")
    repository.promote(release(2, "again"), "staging")
    repository.rollback("production", message="it was wrong")
    assert pointing(three) == {"a": 1, "b": 1, "c": 1}
    assert repository.aliases("b") == {"production": 1, "staging": 2}
    commit = repository.history()[-1]
    assert (len(commit.aliased), commit.message) == (2, "it was wrong")
    assert dict(commit.notes)["rolled_back"][0]["tag"] == "r2"
    repository.rollback("production")
    assert pointing(three) == {"a": 0}
    with pytest.raises(VersionNotFoundError, match="No release is promoted to '@production'"):
        repository.rollback("production")
    assert pointing(three) == {"a": 0}
    repository.promote(release(1), "production")
    repository.rollback("production")
    assert pointing(three) == {"a": 0}
    assert pointing(three, "staging") == {"a": 2, "b": 2, "c": 2}


def test_what_did_not_move_does_not_move_back(three: Path) -> None:
    """An alias that pointed there before stays; a promotion that moved nothing is taken back as nothing."""
    repository = opened(three, "a")
    repository.promote(release(1), "production")
    repository.promote(Release("mixed", [("a", 1), ("b", 2)]), "production")
    repository.promote(Release("same", [("a", 1), ("b", 2)]), "production")
    repository.rollback("production")
    assert pointing(three) == {"a": 1, "b": 2, "c": 1}
    repository.rollback("production")
    assert pointing(three) == {"a": 1, "b": 1, "c": 1}


def test_a_release_that_was_promoted_once_more(three: Path) -> None:
    """It is taken back as one, since who asks for that wants to be rid of it; so promoting may be repeated at will."""
    repository = opened(three, "a")
    for number in (0, 1, 2, 2, 2):
        repository.promote(release(number), "production")
    repository.rollback("production")
    assert pointing(three) == {"a": 1, "b": 1, "c": 1}
    repository.rollback("production")
    assert pointing(three) == {"a": 0, "b": 0, "c": 0}


def test_somebody_moved_one_meanwhile(three: Path) -> None:
    """An alias that was moved by itself since stops the rollback; `on_conflict` decides what becomes of that one."""
    repository = opened(three, "a")
    repository.promote(release(0), "production")
    repository.promote(release(2), "production")
    other = opened(three, "a")
    other.set_alias("b", "production", 1)
    other.save()
    with pytest.raises(ConflictError, match=r"@production was moved since 'r2' was promoted to it") as caught:
        repository.rollback("production")
    (conflict,) = caught.value.conflicts
    assert (conflict.name, conflict.path, conflict.base, conflict.theirs, conflict.mine) == (
        *("b", ("@production",), 2, 1, 0),
    )
    assert pointing(three) == {"a": 2, "b": 1, "c": 2}
    with pytest.raises(ValueError, match="on_conflict"):
        repository.rollback("production", on_conflict="mine")  # type: ignore[arg-type]
    repository.rollback("production", on_conflict="theirs")
    assert pointing(three) == {"a": 0, "b": 1, "c": 0}
    repository.promote(release(2), "production")
    other = opened(three, "a")
    other.remove_alias("b", "production")
    other.save()
    repository.rollback("production", on_conflict="ours")
    assert pointing(three) == {"a": 0, "b": 1, "c": 0}


def test_a_version_that_was_deleted(three: Path) -> None:
    """If what an alias meant before is not there any more, nothing is moved, and the error says why it is not."""
    repository = opened(three, "w+")
    repository.promote(release(0), "production")
    repository.promote(release(1), "production")
    repository.delete("b", 0, "it was wrong")
    repository.save()
    with pytest.raises(VersionDeletedError, match="it was wrong"):
        repository.rollback("production")
    assert pointing(three) == {"a": 1, "b": 1, "c": 1}


def test_a_history_that_cannot_be_read(three: Path) -> None:
    """If a part of the history is damaged, nothing is moved: what was before is not known."""
    repository = opened(three, "a")
    repository.promote(release(0), "production")
    damaged = sorted((three.parent / ".lazyscribe/repository.json.log").glob("*.json"))[-1]
    repository.promote(release(1), "production")
    damaged.write_text("{")
    with pytest.raises(UnreadableError, match=damaged.name):
        opened(three, "a").rollback("production")
    assert pointing(three) == {"a": 1, "b": 1, "c": 1}


def test_another_promotion_just_then(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If somebody promotes between looking and writing, the rollback is worked out anew: it takes back the last one."""
    repository = opened(three, "a")
    repository.promote(release(0), "production")
    repository.promote(release(1), "production")
    look = Repository._last_promotion
    turns: list[int] = []

    def looking(self: Repository, entries: Any, alias: str) -> int:
        found = look(self, entries, alias)
        turns.append(found)
        if len(turns) == 1:
            opened(three, "a").promote(release(2), "production")
        return found

    monkeypatch.setattr(Repository, "_last_promotion", looking)
    repository.rollback("production")
    assert len(turns) == 2
    assert pointing(three) == {"a": 1, "b": 1, "c": 1}


# -- what is known ----------------------------------------------------------------------------------------------------


def test_releases_are_known(three: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Releases of the file beside, promoted and added ones are known, each once; moments know theirs."""
    config = f'[tool.lazyscribe]\nversion = "toml"\nrepositories = ["{three.as_posix()}"]\n'
    release_from_toml(config)
    clock.tick()
    repository = opened(three, "a")
    promoted = create_release(opened(three), "promoted", ["a"])
    repository.promote(promoted, "production")
    clock.tick()
    added = create_release(opened(three), "added", ["b"])
    repository.add_release(added)
    repository.add_release(added)
    clock.tick()
    repository.promote("added", "staging")
    repository.promote("toml", "staging")
    for each in (repository, opened(three), opened(three).at()):
        assert [one.tag for one in each.releases()] == ["toml", "promoted", "added"]
    assert opened(three).releases()[1] == Release("promoted", [["a", 2]], promoted.created_at)  # type: ignore[list-item]
    tags = {
        date: [one.tag for one in opened(three).at(**{which: f"2025-01-{date}T13:23:30"}).releases()]
        for which in ("known", "valid")
        for date in ("22", "23", "24", "25")
    }
    assert tags == {"22": [], "23": ["toml"], "24": ["toml", "promoted"], "25": ["toml", "promoted", "added"]}
    assert pickle.loads(pickle.dumps(opened(three).releases())) == opened(three).releases()


def test_moments_know_promotions(three: Path, clock: Clock) -> None:
    """What an alias meant at a date is what was promoted by then, and a rollback changes nothing of that."""
    repository = opened(three, "a")
    repository.promote(release(1), "production")
    first = clock.now
    clock.tick()
    repository.promote(release(2), "production")
    second = clock.now
    clock.tick()
    repository.rollback("production")
    found = [opened(three).at(known=each).load_artifact("a", version="@production") for each in (first, second)]
    assert found == ["a1", "a2"]
    assert opened(three).load_artifact("a", version="@production") == "a1"


def test_a_release_that_the_journal_missed(three: Path) -> None:
    """A release that stands in the file and not in the journal is told when it is released again."""
    config = f'[tool.lazyscribe]\nversion = "1"\nrepositories = ["{three.as_posix()}"]\n'
    release_from_toml(config)
    for path in (three.parent / ".lazyscribe/repository.json.log").glob("*.json"):
        path.unlink()
    assert opened(three).at(known="2099-01-01").releases() == []
    release_from_toml(config)
    assert [each.tag for each in opened(three).at(known="2099-01-01").releases()] == ["1"]


def test_a_history_that_cannot_be_written(three: Path, caplog: pytest.LogCaptureFixture) -> None:
    """If the journal cannot be told of a release, the file has it all the same, and that is logged."""
    folder = three.parent / ".lazyscribe/repository.json.log"
    for path in folder.glob("*.json"):
        path.unlink()
    folder.rmdir()
    folder.write_text("in the way")
    release_from_toml(f'[tool.lazyscribe]\nversion = "1"\nrepositories = ["{three.as_posix()}"]\n')
    assert (three.parent / "releases.json").exists()
    assert "not in the history" in caplog.text


def test_an_empty_folder_stays_without_repository(tmp_path: Path) -> None:
    """A release of a repository that is not there writes none."""
    release_from_toml(f'[tool.lazyscribe]\nversion = "1"\nrepositories = ["{tmp_path.as_posix()}/repository.json"]\n')
    assert not (tmp_path / "repository.json").exists()


# -- all or none ------------------------------------------------------------------------------------------------------

NAMES = [f"model-{number:02d}" for number in range(20)]


class Twenty:
    """Twenty names of three versions; a promotion of the second is done, that of the third, or its rollback, is due."""

    def __init__(self, folder: Path, rolling: bool) -> None:
        self.file = folder / "repository.json"
        self.rolling = rolling
        self.repository = Repository(self.file, mode="w+")
        for number in range(3):
            for name in NAMES:
                self.repository.log_artifact(name, number, "json")
        self.repository.save()
        for number in (1, 2) if rolling else (1,):
            self.repository.promote(Release(str(number), [(name, number) for name in NAMES]), "production")

    def work(self) -> None:
        if self.rolling:
            self.repository.rollback("production")
        else:
            self.repository.promote(Release("2", [(name, 2) for name in NAMES]), "production")

    def moved(self) -> int:
        """Return the version that all aliases mean."""
        found = pointing(self.file)
        assert len(found) == 20
        (version,) = set(found.values())
        assert opened(self.file).load_artifact(NAMES[7], version="@production") == version
        return version


@pytest.mark.parametrize("rolling", [False, True])
def test_killed_at_any_call(tmp_path: Path, rolling: bool) -> None:
    """A promotion or a rollback of 20 aliases that is killed at any call has moved all of them or none."""
    ends = set()
    for trial in every_call(tmp_path, lambda folder: Twenty(folder, rolling), Twenty.work, kill):
        assert forked(trial.run) in (KILLED, 0)
        ends.add(trial.subject.moved())
        if trial.subject.moved() == (2 if rolling else 1):
            trial.subject.work()
        assert trial.subject.moved() == (1 if rolling else 2)
    assert ends == {1, 2}


@pytest.mark.parametrize("rolling", [False, True])
@pytest.mark.parametrize("when", ["before", "after"])
def test_failing_at_any_call(tmp_path: Path, rolling: bool, when: str) -> None:
    """Whatever call fails once, all aliases or none have moved; if the error says that nothing was written, none."""
    watched = WATCHED if when == "before" else CHANGING - OPENING

    def some(numbers: list[int], names: list[str]) -> list[int]:
        return [number for number in numbers if names[number] in watched]

    start, end = (2, 1) if rolling else (1, 2)
    strike = lambda number: fail(number, when=when)  # noqa: E731
    for trial in every_call(tmp_path, lambda folder: Twenty(folder, rolling), Twenty.work, strike, some):
        error = trial.run()
        moved = trial.subject.moved()
        context = (trial.number, trial.name, repr(error))
        assert error is None or isinstance(error, (LazyscribeError, OSError)), context
        if error is None:
            assert moved == end, context
        elif not isinstance(error, CommitUnknownError):
            assert moved == start, context
        if moved == start:
            trial.subject.work()
        assert trial.subject.moved() == end, context


def _promote(file: Path, number: int, turns: int) -> None:
    repository = opened(file, "a")
    for _ in range(turns):
        repository.promote(Release(f"{number}", [(name, number) for name in NAMES]), "production")


def test_promotions_at_once(tmp_path: Path) -> None:
    """Of processes that promote at once the last one counts, as a whole, at each moment of the history."""
    file = Twenty(tmp_path, False).file
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_promote, args=(file, number, 4)) for number in range(3)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
        assert each.exitcode == 0
    commits = [commit for commit in opened(file).history() if "promoted" in dict(commit.notes)]
    assert len(commits) == 13
    for commit in commits:
        then = opened(file).at(known=commit.id)
        (told,) = dict(commit.notes)["promoted"]
        assert {then.aliases(name)["production"] for name in NAMES} == {int(told["tag"])}


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("promote"), st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2)), max_size=3)),
        st.tuples(st.just("rollback"), st.sampled_from(["raise", "ours", "theirs"])),
        st.tuples(st.just("set"), st.tuples(st.sampled_from("abc"), st.integers(0, 2))),
    ),
    max_size=10,
)


@settings(max_examples=60)
@given(steps=STEPS)
def test_any_sequence(tmp_path_factory: pytest.TempPathFactory, steps: list[Any]) -> None:
    """Promotions, rollbacks and single moves by two handles in any order leave what a replay on dictionaries leaves."""
    file = tmp_path_factory.mktemp("any") / "repository.json"
    repository = Repository(file)
    for number in range(3):
        for name in "abc":
            repository.log_artifact(name, number, "json")
    repository.save()
    handles = [repository, opened(file, "a")]
    now: dict[str, int] = {}
    stack: list[tuple[dict[str, int | None], dict[str, int]]] = []  # what each promotion moved: before, after
    for turn, (what, told) in enumerate(steps):
        handle = handles[turn % 2]
        if what == "promote":
            chosen = dict(told)
            moved = {name: number for name, number in chosen.items() if now.get(name) != number}
            stack.append(({name: now.get(name) for name in moved}, moved))
            now |= chosen
            handle.promote(Release(str(turn), list(chosen.items())), "x")
        elif what == "set":
            handle.set_alias(told[0], "x", told[1])
            handle.save()
            now[told[0]] = told[1]
        elif not stack:
            with pytest.raises(VersionNotFoundError):
                handle.rollback("x")
        else:
            before, after = stack[-1]
            strange = {name for name in after if now.get(name) != after[name]}
            if strange and told == "raise":
                with pytest.raises(ConflictError):
                    handle.rollback("x")
                continue
            stack.pop()
            back = {name: each for name, each in before.items() if name not in strange or told == "ours"}
            now = {name: each for name, each in (now | back).items() if each is not None}
            handle.rollback("x", on_conflict=told)
        assert pointing(file, "x") == now
