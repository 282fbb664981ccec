"""``unchanged="skip"``: bytes that the newest version holds already make no other version."""

import logging
import multiprocessing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lazyscribe import Project, Repository
from lazyscribe.exception import CommitUnknownError, SaveError
from lazyscribe.store.oscalls import OsCalls
from lazyscribe.testing.calls import CHANGING, OPENING, WATCHED
from lazyscribe.testing.faults import KILLED, every_call, fail, kill
from lazyscribe.testing.writers import forked
from tests.clock import Clock
from tests.commit.states import damaged, files_of, memory_of
from tests.repository.tools import facts_of, opened, tree, values


def skipping(file: Path, mode: Any = "w+") -> Repository:
    return Repository(file, mode, unchanged="skip")


def log(repository: Repository, *logged: Any, name: str = "x") -> None:
    for value in logged:
        repository.log_artifact(name, value, "json")


def test_equal_bytes_are_no_version(file: Path, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """Saving what the newest version holds leaves memory, manifest and folder as they were, and says so."""
    repository = skipping(file)
    log(repository, "a")
    repository.save()
    before = tree(file.parent)
    clock.tick()
    log(repository, "a")
    with caplog.at_level(logging.INFO):
        repository.save()
    assert [each.version for each in repository.artifacts] == [0]
    assert tree(file.parent) == before
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.INFO] == [
        f"'x' was not saved to {file} again: it holds what version 0 does."
    ]
    log(repository, "b")
    repository.save()
    assert values(opened(file)) == ["a", "b"]


def test_added_by_default(file: Path, clock: Clock) -> None:
    """Without the keyword the same bytes are another version, as ever."""
    repository = Repository(file)
    log(repository, "a", "a")
    repository.save()
    assert repository.unchanged == "add"
    assert values(opened(file)) == ["a", "a"]


def test_another_word_is_refused(file: Path) -> None:
    """Anything but the two words is a `ValueError`; a misspelt keyword is told."""
    with pytest.raises(ValueError, match="unchanged must be 'add' or 'skip', not 'no'"):
        Repository(file, unchanged="no")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="did you mean 'unchanged'"):
        Repository(file, unchange="skip")


def test_several_at_once(file: Path, clock: Clock) -> None:
    """Each is compared with the one before it that joins; numbers have no gaps, and files of the others are gone."""
    repository = skipping(file)
    log(repository, "a", "a", "b", "b", "a")
    log(repository, 1, 1, name="y")
    repository.save()
    for each in (repository, opened(file)):
        assert values(each) == ["a", "b", "a"]
        assert values(each, "y") == [1]
    assert len(list((file.parent / "x").iterdir())) == 3
    assert len(list((file.parent / "y").iterdir())) == 1
    assert repository.verify().findings == opened(file).verify().findings == ()


def test_all_of_several_are_equal(file: Path, clock: Clock) -> None:
    """Of several that add nothing no facts stay either."""
    repository = skipping(file)
    log(repository, "a")
    repository.save()
    before = tree(file.parent)
    log(repository, "a", "a")
    repository.save()
    assert tree(file.parent) == before


def test_only_the_newest_counts(file: Path, clock: Clock) -> None:
    """What an older version holds, and not the newest, is a version."""
    repository = skipping(file)
    for value in ("a", "b", "a"):
        log(repository, value)
        repository.save()
        clock.tick()
    assert values(opened(file)) == ["a", "b", "a"]


def test_expired_ones_do_not_count(file: Path, clock: Clock) -> None:
    """The newest is the newest that has not expired; one that will expire does not stand for one that will not."""
    repository = skipping(file)
    log(repository, "a")
    repository.save()
    repository.set_artifact_expiry("x", expiry="2099-01-01")
    clock.tick()
    log(repository, "a")
    repository.save()
    assert values(opened(file)) == ["a", "a"]
    repository.set_artifact_expiry("x")
    repository.set_artifact_expiry("x", version=0)
    clock.tick()
    log(repository, "a")
    repository.save()
    assert values(opened(file)) == ["a", "a", "a"]


def test_an_older_date_is_a_version(file: Path, clock: Clock) -> None:
    """What was made before the newest version is not it: as of then it is what counts."""
    repository = skipping(file)
    now = clock.now
    clock.tick()
    log(repository, "a")
    repository.save()
    clock.now = now
    log(repository, "a")
    repository.save()
    assert values(opened(file)) == ["a", "a"]


def test_the_environment_must_be_equal(file: Path, clock: Clock) -> None:
    """The same bytes by another handler, or by one of another environment, are a version."""
    repository = skipping(file)
    repository.log_artifact("x", "a", "pickle")
    repository.save()
    text = file.read_text().replace('"python_version": "3.', '"python_version": "2.')
    file.write_text(text)
    repository = skipping(file)
    repository.log_artifact("x", "a", "pickle")
    repository.save()
    repository.log_artifact("x", "a", "pickle")
    repository.save()
    assert len(opened(file).artifacts) == 2
    log(repository, "a", name="y")
    repository.save()
    repository.log_artifact("y", '"a"', "text")
    repository.save()
    assert opened(file).load_artifact("y", version=1) == '"a"'


def test_an_explicit_file_name(file: Path, clock: Clock) -> None:
    """A file name of one's own makes no difference to what is equal."""
    repository = skipping(file)
    repository.log_artifact("x", "a", "json", fname="own.json")
    repository.log_artifact("x", "a", "json", fname="other.json")
    repository.save()
    assert [path.name for path in (file.parent / "x").iterdir()] == ["own.json"]


def test_a_damaged_file_stands_for_nothing(file: Path, clock: Clock) -> None:
    """If the newest version's file is damaged or gone, the good bytes are saved, whatever the digest on record."""
    repository = skipping(file)
    log(repository, "a")
    repository.save()
    path = file.parent / "x" / repository["x"].fname
    path.write_text('"x"')
    clock.tick()
    log(repository, "a")
    repository.save()
    assert repository.load_artifact("x", version=1) == "a"
    (file.parent / "x" / repository.artifacts[1].fname).unlink()
    clock.tick()
    log(repository, "a")
    repository.save()
    assert repository.load_artifact("x", version=2) == "a"


def test_a_file_that_nothing_is_known_of(file: Path, clock: Clock) -> None:
    """Where there are no facts, as of a file by an older lazyscribe, the file itself is compared."""
    repository = skipping(file)
    log(repository, "a")
    repository.save()
    facts_of(file, "x", repository["x"].fname).unlink()
    clock.tick()
    log(repository, "a")
    repository.save()
    assert len(opened(file).artifacts) == 1


def test_promotion_of_what_is_there(tmp_path: Path, file: Path, clock: Clock) -> None:
    """A promoted artifact, saved or not, that the newest version holds already adds nothing."""
    repository = skipping(file)
    log(repository, "a")
    repository.save()
    clock.tick()
    project = Project(tmp_path / "p" / "project.json")
    with project.log("run") as run:
        run.log_artifact("x", "a", "json")
    run.promote_artifact(repository, "x")
    repository.save()
    project.save()
    run.promote_artifact(repository, "x")
    assert values(repository) == values(opened(file)) == ["a"]
    assert len(list((file.parent / "x").iterdir())) == 1


def test_the_newest_is_that_of_others_after_a_merge(file: Path, clock: Clock) -> None:
    """Compared is with the newest version that the merged file holds, whoever saved it."""
    repository = skipping(file)
    log(repository, "a")
    repository.save()
    for theirs, mine, left in (("b", "a", ["a", "b", "a"]), ("c", "c", ["a", "b", "a", "c"])):
        clock.tick()
        other = Repository(file)
        log(other, theirs)
        other.save()
        log(repository, mine)
        repository.save()
        assert values(repository) == values(opened(file)) == left
    assert repository.verify().findings == ()


def test_others_have_expired_or_deleted_the_newest(file: Path, clock: Clock) -> None:
    """What somebody else has let expire, or taken out, is not there to be equal to."""
    repository = skipping(file)
    log(repository, "a")
    repository.save()
    other = Repository(file)
    other.set_artifact_expiry("x")
    other.save()
    clock.tick()
    log(repository, "a")
    repository.save()
    assert values(opened(file)) == ["a", "a"]
    other.reload()
    other.artifacts.remove(other.artifacts[1])
    other.save()
    clock.tick()
    log(repository, "a")
    repository.save()
    assert [each["expiry"] is None for each in opened(file)] == [False, True]


def test_one_that_was_deleted_here(file: Path, clock: Clock) -> None:
    """What is taken out in the same save is not there to be equal to, even if somebody else saved meanwhile."""
    repository = skipping(file)
    log(repository, "a")
    repository.save()
    other = Repository(file)
    log(other, 1, name="y")
    other.save()
    repository.artifacts.clear()
    clock.tick()
    log(repository, "a")
    repository.save()
    assert opened(file).load_artifact("x") == "a"
    assert opened(file).load_artifact("y") == 1


def test_mode_w_compares_only_what_is_new(file: Path, clock: Clock) -> None:
    """What is being replaced is not compared with; what is logged together is."""
    log(before := Repository(file), "a")
    before.save()
    repository = skipping(file, "w")
    log(repository, "a", "a")
    repository.save()
    assert values(opened(file)) == ["a"]
    assert opened(file).verify().ok


def test_an_alias_of_one_that_is_left_out(file: Path, clock: Clock) -> None:
    """An alias that was to point to a version that adds nothing points to the one that holds the same."""
    repository = skipping(file)
    log(repository, "a", "b")
    repository.save()
    clock.tick()
    log(repository, "b", "c", "c")
    repository.set_alias("x", "old", 2)
    repository.set_alias("x", "new", 4)
    repository.save()
    for each in (repository, opened(file)):
        assert each.aliases("x") == {"new": 2, "old": 1}
        assert each.load_artifact("x", version="@new") == "c"
    clock.tick()
    log(repository, "c")
    repository.set_alias("x", "newest", 3)
    repository.save()
    assert opened(file).aliases("x") == {"new": 2, "newest": 2, "old": 1}
    other = Repository(file)
    log(other, "d")
    other.save()
    clock.tick()
    log(repository, "d")
    repository.set_alias("x", "theirs", 3)
    repository.save()
    assert opened(file).aliases("x")["theirs"] == 3
    assert [each["version"] for each in opened(file)] == [0, 1, 2, 3]


def test_numbers_of_deleted_versions(file: Path, clock: Clock) -> None:
    """What is left out gives no number back that was a deleted version's."""
    repository = skipping(file)
    log(repository, "a", "b", "c")
    repository.save()
    repository.delete("x", 2, "no")
    repository.save()
    clock.tick()
    log(repository, "b", "b", "d")
    repository.save()
    assert [each["version"] for each in opened(file)] == [0, 1, 3]


def test_logged_while_saving(file: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version that is logged while the save runs gets the number that became free."""
    repository = skipping(file)
    log(repository, "a")
    repository.save()
    clock.tick()
    log(repository, "a")
    delete = OsCalls.unlink

    def logging_too(self: OsCalls, path: str) -> None:
        if "x-" in path and len(repository.artifacts) == 2:
            log(repository, "b")
        delete(self, path)

    monkeypatch.setattr(OsCalls, "unlink", logging_too)
    repository.save()
    assert [(each.version, each.dirty) for each in repository.artifacts] == [(0, False), (1, True)]
    repository.save()
    assert values(opened(file)) == ["a", "b"]


def test_a_failed_save_keeps_them(file: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the save fails, what would have been left out is still there, with its number, and the next save decides."""
    repository = skipping(file)
    log(repository, "a")
    repository.save()
    clock.tick()
    log(repository, "a", "b")
    repository.log_artifact("bad", {1}, "json")
    before, memory = tree(file.parent), memory_of(repository)
    with pytest.raises(SaveError):
        repository.save()
    assert (tree(file.parent), memory_of(repository)) == (before, memory)
    repository.artifacts.pop()
    repository.save()
    assert values(opened(file)) == ["a", "b"]


class _Work:
    """A save of five values, two of which join, after somebody else's of the first one."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "repository.json"
        self.repository = skipping(self.file)
        log(self.repository, "a")
        self.repository.save()
        other = Repository(self.file)
        log(other, "b")
        other.save()
        log(self.repository, "b", "b", "c", "c", "d")

    def save(self) -> None:
        self.repository.save()


def test_killed_at_any_call(tmp_path: Path) -> None:
    """A process killed at any call leaves the old versions or the new ones, whole; a new one ends with the same."""
    ends = set()
    for trial in every_call(tmp_path, _Work, _Work.save, kill):
        assert forked(trial.run) in (KILLED, 0)
        file = trial.subject.file
        assert damaged(file) == []
        left = values(opened(file))
        assert left in (["a", "b"], ["a", "b", "c", "d"])
        ends.add(len(left))
        trial.subject.save()  # what the killed process had in mind, by another one
        assert values(opened(file))[:2] == ["a", "b"]
        assert values(opened(file))[-2:] == ["c", "d"]
    assert ends == {2, 4}


@pytest.mark.parametrize("when", ["before", "after"])
def test_failing_at_any_call(tmp_path: Path, when: str) -> None:
    """Whatever call fails, once, memory is as it was, and the next save ends with the two versions, each once.

    Only a newest version that cannot be read just then does not count as one that is there.
    """
    watched = WATCHED if when == "before" else CHANGING - OPENING

    def some(numbers: list[int], names: list[str]) -> list[int]:
        return [number for number in numbers if names[number] in watched]

    for trial in every_call(tmp_path, _Work, _Work.save, lambda number: fail(number, when=when), some):
        work = trial.subject
        before, memory = files_of(work.file.parent), memory_of(work.repository)
        error = trial.run()
        if error is not None:
            assert memory_of(work.repository) == memory
            if not isinstance(error, CommitUnknownError):
                assert files_of(work.file.parent) == before
            work.save()
        for each in (work.repository, opened(work.file)):
            unread = ["b"] if len(each.artifacts) == 5 and trial.name in ("open_read", "read") else []
            assert values(each) == ["a", "b", *unread, "c", "d"], (trial.number, trial.name, error)
        assert damaged(work.file) == []


def _log_the_same(file: Path, turns: int) -> None:
    repository = skipping(file)
    for turn in range(turns):
        log(repository, turn // 2)
        repository.save()


def test_two_writers_of_the_same(file: Path) -> None:
    """Two processes that log the same values never leave two equal versions side by side, and no file too many."""
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_log_the_same, args=(file, 12)) for _ in range(2)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
        assert each.exitcode == 0
    repository = opened(file)
    found = values(repository)
    assert set(found) == set(range(6))
    assert [each.version for each in repository.artifacts] == list(range(len(found)))
    dates = [each.created_at for each in repository.artifacts]
    for number in range(1, len(found)):
        assert found[number] != found[number - 1] or dates[number] < dates[number - 1]
    assert len(list((file.parent / "x").iterdir())) == len(found)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("log"), st.integers(0, 1), st.sampled_from("xy"), st.integers(0, 2)),
        st.tuples(st.just("expire"), st.integers(0, 1), st.sampled_from("xy"), st.just(0)),
        st.tuples(st.just("save"), st.integers(0, 1), st.just(""), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=150)
@given(steps=STEPS)
def test_any_sequence(tmp_path_factory: pytest.TempPathFactory, steps: list[Any]) -> None:
    """Two handles that log, expire and save in any order leave what a replay on plain lists leaves."""
    file = tmp_path_factory.mktemp("any") / "repository.json"
    handles = [skipping(file), skipping(file)]
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock(patch)
        model = Model()
        for what, who, name, value in [*steps, ("save", 0, "", 0), ("save", 1, "", 0)]:
            clock.tick()
            repository = handles[who]
            if what == "log":
                repository.log_artifact(name, value, "json")
                model.unsaved[who].append([name, value, clock.now, None])
            elif what == "save":
                repository.save(on_conflict="theirs")
                model.save(who, clock.now)
            elif (found := model.last_of(who, name)) is not None:
                last = [each for each in repository.artifacts if each.dirty and each.name == name][-1]
                repository.set_artifact_expiry(name, version=last.version)
                found[3] = clock.now
    assert {name: values(opened(file), name) for name in "xy"} == {
        name: [value for each, value, _, _ in model.saved if each == name] for name in "xy"
    }
    assert opened(file).verify().findings == ()


class Model:
    """What is saved, and what two handles know and have not saved: lists of name, value, date, expiry."""

    def __init__(self) -> None:
        self.saved: list[list[Any]] = []
        self.unsaved: list[list[list[Any]]] = [[], []]

    def last_of(self, who: int, name: str) -> list[Any] | None:
        """Return the last one that has not been saved; others may know of the saved ones."""
        mine = [each for each in self.unsaved[who] if each[0] == name]
        return mine[-1] if mine else None

    def save(self, who: int, now: Any) -> None:
        for each in self.unsaved[who]:
            valid = [one for one in self.saved if one[0] == each[0] and (one[3] is None or one[3] > now)]
            newest = max(valid, key=lambda one: one[2], default=None)
            if newest is None or newest[1] != each[1] or newest[3] != each[3] or newest[2] > each[2]:
                self.saved.append(each)
        self.unsaved[who] = []
