"""Files of the journal that cannot be read at this moment, or are damaged: what they tell is not known, and no less."""

import errno
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Project, Repository
from lazyscribe.exception import (
    AccessDeniedError,
    SaveError,
    UnknownNameError,
    UnreadableError,
    VersionDeletedError,
    VersionNotFoundError,
)
from lazyscribe.testing.calls import through
from tests.commit.states import files_of, memory_of
from tests.history.support import Failing, entries_of, numbers, saved
from tests.store.bucket_server import Bucket, Fault, serving
from tests.store.test_objects_answers import begun, opened

UNREADABLE = [errno.EIO, errno.EACCES, errno.ETIMEDOUT]


@pytest.fixture(autouse=True)
def relaxed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAZYSCRIBE_DURABILITY", "relaxed")


@pytest.fixture
def calls() -> Iterator[Failing]:
    """What the stores of this test read by; it fails when told to."""
    found = Failing()
    with through(found):
        yield found


def promoted(file: Path) -> str:
    """Save two versions, let an alias point to each in turn, delete the first; return the name of the last entry."""
    repository = saved(file, [0], [1], [2])
    for number in (1, 2):
        repository.set_alias("model", "production", number)
        repository.save()
    repository.delete("model", 1, "wrong")
    repository.save()
    return entries_of(file)[-1].name


@pytest.mark.parametrize("error", UNREADABLE)
def test_what_needs_an_entry_that_cannot_be_read_says_so(file: Path, calls: Failing, error: int) -> None:
    """Aliases, history and moments name the file, and are right as soon as it can be read, in the same object too."""
    repository = saved(file, [0], [1])
    for number in range(2):
        repository.set_alias("model", "production", number)
        repository.save()
    last = entries_of(file)[-1].name
    asked: list[Callable[[Repository], Any]] = [
        lambda each: each.aliases("model"),
        lambda each: each.load_artifact("model", version="@production"),
        lambda each: each.remove_alias("model", "production"),
        lambda each: len(each.history()),
        lambda each: each.at(known=4).aliases("model"),
        lambda each: "'@production'" in each.explain("model", "@production"),
    ]
    for ask, answer in zip(asked, [{"production": 1}, [1], None, 4, {"production": 1}, True], strict=True):
        repository = Repository(file)
        with calls.at(last, error), pytest.raises(UnreadableError, match=f"{last} cannot be read .* try again"):
            ask(repository)
        assert ask(repository) == answer


@pytest.mark.parametrize("error", UNREADABLE)
@pytest.mark.parametrize("which", [-1, -2, 0])
def test_a_save_that_cannot_read_an_entry(file: Path, calls: Failing, error: int, which: int) -> None:
    """It changes nothing, on disk or in memory: nothing is called void, put back, or given a number again."""
    promoted(file)
    name = entries_of(file)[which].name
    before = files_of(file.parent)
    for prepare in (
        lambda each: each.log_artifact("model", [3], "json", fname="new.json"),
        lambda each: each.set_alias("model", "production", 0),
        lambda each: each.delete("model", 0, "old"),
    ):
        repository = Repository(file)
        prepare(repository)
        memory = memory_of(repository)
        with calls.at(name, error), pytest.raises(SaveError, match=f"{name} cannot be read"):
            repository.save()
        assert (files_of(file.parent), memory_of(repository)) == (before, memory)
    repository.save()
    assert numbers(Repository(file)) == [2]
    repository.log_artifact("model", [3], "json")
    repository.set_alias("model", "production", 3)
    repository.save()
    assert numbers(Repository(file)) == [2, 3]
    assert Repository(file).aliases("model") == {"production": 3}
    assert [each.number for each in Repository(file).history()] == list(range(1, 9))


@pytest.mark.parametrize("again", ["save", "reload"])
def test_a_deletion_that_cannot_be_read(file: Path, calls: Failing, again: str) -> None:
    """Who had seen the version neither keeps it nor puts it back."""
    repository = saved(file, [0], [1])
    other = Repository(file)
    repository.delete("model", 1, "wrong")
    repository.save()
    other.log_artifact("other", 0, "json")
    memory = memory_of(other)
    with calls.at(entries_of(file)[-1].name), pytest.raises((SaveError, UnreadableError), match="cannot be read"):
        getattr(other, again)()
    assert memory_of(other) == memory
    other.save()
    assert [(each.name, each.version) for each in Repository(file).artifacts] == [("model", 0), ("other", 0)]


def test_a_pack_that_cannot_be_read(file: Path, calls: Failing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers and aliases that only its summary tells are not taken for new ones."""
    monkeypatch.setattr("lazyscribe.journal.log.LOOSE", 6)
    promoted(file)
    repository = Repository(file)
    repository.set_alias("model", "x", 0)
    repository.save()
    (pack,) = [each.name for each in entries_of(file) if each.stem.endswith("-1")]
    fresh = Repository(file)
    fresh.log_artifact("model", [3], "json")
    with calls.at(pack):
        with pytest.raises(SaveError, match=f"{pack} cannot be read"):
            fresh.save()
        with pytest.raises(UnreadableError, match=f"{pack} cannot be read"):
            fresh.load_artifact("model", version="@production")
    fresh.save()
    assert (numbers(Repository(file)), fresh.load_artifact("model", version="@production")) == ([0, 2, 3], [2])


def test_a_pack_that_cannot_be_read_when_the_next_is_made(
    file: Path, calls: Failing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The save that would carry it changes nothing, and does so once it can be read."""
    monkeypatch.setattr("lazyscribe.journal.log.LOOSE", 3)
    monkeypatch.setattr("lazyscribe.journal.log.PACKS", 3)
    saved(file, *range(11))
    first, _, *loose = entries_of(file)
    assert (first.stem[-2:], len(loose)) == ("-1", 3)
    before, repository = files_of(file.parent), Repository(file)
    repository.log_artifact("model", 11, "json")
    with calls.at(first.name), pytest.raises(SaveError, match=f"{first.name} cannot be read"):
        repository.save()
    assert files_of(file.parent) == before
    repository.save()
    assert [each.stem[-2:] for each in entries_of(file)] == ["-2"]
    assert [each.number for each in Repository(file).history()] == list(range(1, 13))


def test_a_folder_that_cannot_be_listed(file: Path) -> None:
    """It is named like a file that cannot be read, and nothing is saved."""
    promoted(file)

    class Unlisted(Failing):
        def scandir(self, path: str) -> Any:
            if path.endswith(".log"):
                raise OSError(errno.EIO, "Input/output error", path)
            return super().scandir(path)

    with through(Unlisted()):
        repository = Repository(file)
        with pytest.raises(UnreadableError, match=r"repository\.json\.log cannot be read"):
            repository.aliases("model")
        repository.set_alias("model", "x", 0)
        with pytest.raises(SaveError, match=r"repository\.json\.log cannot be read"):
            repository.save()


def test_what_needs_no_journal_goes_on(file: Path, calls: Failing) -> None:
    """Versions are loaded; of one that is not there it is said as always, with a note that nobody can tell why."""
    last = promoted(file)
    with calls.at(last):
        repository = Repository(file)
        assert repository.load_artifact("model") == [2]
        assert repository.load_artifact("model", version=0) == [0]
        date = repository.get_artifact_metadata("model", 0)["created_at"]
        assert repository.load_artifact("model", version=date, match="asof") is not None
        for version in (1, 7, "2020-01-01T00:00:00"):
            with pytest.raises(VersionNotFoundError, match="has no version of 'model'") as caught:
                repository.load_artifact("model", version=version)
            assert not isinstance(caught.value, VersionDeletedError)
            (note,) = caught.value.__notes__
            assert note.startswith("Whether it was deleted is not known: ")
            assert last in note
    with pytest.raises(VersionDeletedError, match="wrong"):
        repository.load_artifact("model", version=1)


def test_an_alias_of_a_version_whose_deletion_cannot_be_read(file: Path, calls: Failing) -> None:
    """Once the alias is known, the version is not there, for whatever reason."""
    last = promoted(file)
    repository = Repository(file)
    repository.delete("model", 2, "wrong, too")
    repository.save()
    fresh = Repository(file)
    assert fresh.aliases("model") == {"production": 2}
    repository.set_alias("model", "x", 0)
    repository.save()
    with calls.at(entries_of(file)[-1].name):
        with pytest.raises(VersionNotFoundError, match=r"means version 2, which .* does not hold") as caught:
            fresh.load_artifact("model", version="@production")
        assert "is not known" in caught.value.__notes__[0]
    with pytest.raises(VersionDeletedError, match="wrong, too"):
        fresh.load_artifact("model", version="@production")
    assert last != entries_of(file)[-1].name


def test_an_experiment_whose_deletion_cannot_be_read(tmp_path: Path, calls: Failing) -> None:
    """That it is not there is said as always, and that nobody can tell whether it was."""
    project = Project(tmp_path / "project.json", mode="w+", author="ada")
    for name in ("a", "b"):
        with project.log(name):
            pass
    project.save()
    project.experiments.pop(0)
    project.save()
    last = entries_of(tmp_path / "project.json")[-1].name
    fresh = Project(tmp_path / "project.json", mode="r")
    with calls.at(last), pytest.raises(UnknownNameError, match="Whether it was deleted is not known") as caught:
        fresh["a"]
    assert last in str(caught.value)
    with pytest.raises(UnknownNameError, match="was deleted on"):
        fresh["a"]


def test_an_entry_that_another_host_has_deleted(file: Path) -> None:
    """A stale handle tells that the file is gone: the folder is listed again, and what it shows counts."""
    saved(file, [0], [1])
    repository = Repository(file)
    for number in range(2):
        repository.set_alias("model", "production", number)
        repository.save()

    class Stale(Failing):
        left = 3

        def open_read(self, path: str) -> Any:
            if path.endswith(entries_of(file)[-1].name) and self.left:
                self.left -= 1
                raise OSError(errno.ESTALE, "Stale file handle", path)
            return super().open_read(path)

    calls = Stale()
    with through(calls):
        assert Repository(file).load_artifact("model", version="@production") == [1]
    assert calls.left == 0


def test_an_entry_in_a_bucket_that_may_not_be_read() -> None:
    """What the bucket has answered is raised as it is, and asked again the next time."""
    with serving() as bucket:
        repository = begun(bucket)
        repository.set_alias("model", "production", 0)
        repository.save()
        last = max(key for key in bucket.objects if ".log/0" in key)
        fresh = opened(bucket)
        _refuse(bucket, last)
        with pytest.raises(AccessDeniedError):
            fresh.aliases("model")
        assert fresh.aliases("model") == {"production": 0}
        fresh = opened(bucket)
        fresh.set_alias("model", "production", None)
        _refuse(bucket, last)
        with pytest.raises(SaveError, match="was not saved"):
            fresh.save()


def _refuse(bucket: Bucket, key: str) -> None:
    bucket.faults[:] = [Fault("GET", key, 403, "AccessDenied")]


# Damaged


def test_nothing_is_void_beside_a_damaged_entry(file: Path) -> None:
    """An entry whose commit only the damaged one shows stays, and counts again when that is restored."""
    repository = saved(file, [0])
    repository.log_artifact("model", [1], "json")
    repository.set_alias("model", "production", 0)
    repository.save(message="both")
    repository.delete("model", 1, "wrong")
    repository.save()
    *_, both, last = entries_of(file)
    content = last.read_bytes()
    last.write_bytes(b"")
    fresh = Repository(file)
    assert fresh.aliases("model") == {}
    fresh.log_artifact("other", 0, "json")
    fresh.save()
    assert both.exists()
    last.write_bytes(content)
    for each in (fresh, Repository(file)):
        assert each.aliases("model") == {"production": 0}
        assert "both" in [commit.message for commit in each.history()]
    fresh.log_artifact("other", 1, "json")
    fresh.save()
    assert both.exists()
    assert Repository(file).aliases("model") == {"production": 0}


def test_aliases_are_looked_up_again_beside_a_damaged_entry(file: Path) -> None:
    """An object that has told them from what was left tells them all once the entry is restored."""
    repository = saved(file, [0], [1])
    for number in range(2):
        repository.set_alias("model", "production", number)
        repository.save()
    last = entries_of(file)[-1]
    content = last.read_bytes()
    last.write_bytes(content[:-3])
    reader = Repository(file, mode="r")
    assert reader.aliases("model") == {"production": 0}
    last.write_bytes(content)
    assert reader.aliases("model") == {"production": 1}


def test_an_alias_is_moved_beside_a_damaged_entry(file: Path) -> None:
    """The move is told even if the alias seems to be there already: the damaged entry may have moved it."""
    repository = saved(file, [0], [1])
    for number in range(2):
        repository.set_alias("model", "production", number)
        repository.save()
    last = entries_of(file)[-1]
    content = last.read_bytes()
    last.write_bytes(content[:-3])
    fresh = Repository(file)
    fresh.set_alias("model", "production", 0)
    fresh.save()
    last.write_bytes(content)
    assert Repository(file).aliases("model") == {"production": 0}


def test_an_entry_that_was_damaged_when_a_pack_was_made(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Restored from a copy it counts, for saves as for readers, and the next pack carries it."""
    monkeypatch.setattr("lazyscribe.journal.log.LOOSE", 6)
    repository = saved(file, [0])
    repository.log_artifact("model", [1], "json")
    repository.set_alias("model", "production", 0)
    repository.save(message="both")
    both = entries_of(file)[-1]
    repository.delete("model", 1, "wrong")
    repository.save()
    content = both.read_bytes()
    both.write_bytes(b"")
    _move(file, 5)
    assert [each.stem.endswith("-1") for each in entries_of(file)] == [False, True]
    both.write_bytes(content)
    assert Repository(file).aliases("model")["production"] == 0
    fresh = Repository(file)
    fresh.log_artifact("other", 0, "json")
    fresh.save()
    assert both.exists()
    _move(file, 12)
    assert not both.exists()
    assert Repository(file).aliases("model")["production"] == 0
    told = Repository(file).history()
    assert [each.number for each in told] == list(range(1, len(told) + 1))
    assert told[1].message == "both"


def test_an_older_move_that_was_damaged_when_a_pack_was_made(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Restored, it does not undo the later one that the pack knows."""
    monkeypatch.setattr("lazyscribe.journal.log.LOOSE", 6)
    repository = saved(file, [0], [1])
    for number in range(2):
        repository.set_alias("model", "production", number)
        repository.save()
    moved = entries_of(file)[-2]
    content = moved.read_bytes()
    moved.write_bytes(b"")
    _move(file, 4)
    assert [each.stem.endswith("-1") for each in entries_of(file)] == [False, True]
    moved.write_bytes(content)
    assert Repository(file).aliases("model") == {"production": 1}


def test_an_entry_of_a_killed_save_that_packs_pass_by(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs those that look nothing: the pack says that nothing which it carries follows that entry."""
    monkeypatch.setattr("lazyscribe.journal.log.LOOSE", 4)
    repository = saved(file, [0], [1])
    killed = _killed(repository, file, monkeypatch)
    _move(file, 13)
    assert killed.exists()
    packs = [each.name for each in entries_of(file) if each.stem.endswith("-1")]
    assert len(packs) > 1
    calls = Failing()
    with through(calls), calls.at(packs[0]):
        assert Repository(file).aliases("model") == {"x": 0}
    fresh = Repository(file)
    fresh.log_artifact("model", [2], "json")
    fresh.save()
    assert not killed.exists()
    assert numbers(Repository(file)) == [0, 1, 2]


def test_a_sound_copy_of_what_a_pack_has_lost(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a pack carries an entry that is damaged, its own file counts, and stays until another pack carries it."""
    monkeypatch.setattr("lazyscribe.journal.log.LOOSE", 6)
    repository = saved(file, [0])
    repository.log_artifact("model", [1], "json")
    repository.save(message="the entry")
    own = {path: path.read_bytes() for path in entries_of(file)}
    assert len(own) == 2
    _move(file, 5)
    (pack,) = [each for each in entries_of(file) if each.stem.endswith("-1")]
    for path, content in own.items():
        path.write_bytes(content)
    whole = pack.read_bytes()
    assert whole.count(b'"the entry"') == 1
    pack.write_bytes(whole.replace(b'"the entry"', b"17         "))
    assert [each.message for each in Repository(file).history()][:2] == [None, "the entry"]
    while len([each for each in entries_of(file) if each.stem.endswith("-1")]) < 2:
        _move(file, 1)
    assert own.keys() <= set(entries_of(file))
    _move(file, 15)
    assert own.keys().isdisjoint(entries_of(file))
    told = Repository(file).history()
    assert [each.number for each in told] == list(range(1, len(told) + 1))
    assert told[1].message == "the entry"
    pack.write_bytes(whole)
    assert Repository(file).history() == told


def test_what_only_a_damaged_pack_follows(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays while the pack is damaged, however many others are made, and counts once that is restored."""
    monkeypatch.setattr("lazyscribe.journal.log.LOOSE", 6)
    repository = saved(file, [0])
    repository.log_artifact("model", [1], "json")
    repository.set_alias("model", "production", 0)
    repository.save(message="both")
    own = entries_of(file)[-1]
    content = own.read_bytes()
    repository.delete("model", 1, "wrong")
    repository.save()
    _move(file, 4)
    (pack,) = entries_of(file)
    whole = pack.read_bytes()
    own.write_bytes(content)
    pack.write_bytes(whole.replace(b'"both"', b"17    ").replace(b'"wrong"', b"17     "))
    while len([each for each in entries_of(file) if each.stem.endswith("-1")]) < 4:
        _move(file, 1)
    assert own.exists()
    pack.write_bytes(whole)
    fresh = Repository(file)
    fresh.log_artifact("other", 0, "json")
    fresh.save()
    assert fresh.aliases("model")["production"] == 0
    told = Repository(file).history()
    assert [each.number for each in told] == list(range(1, len(told) + 1))
    assert own.stem.split("-")[1] not in b"".join(each.read_bytes() for each in entries_of(file)[-1:]).decode()


def test_a_void_entry_that_nobody_could_delete(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not count while it lies there, and goes with the next pack after that of the entry that calls it so."""
    monkeypatch.setattr("lazyscribe.journal.log.LOOSE", 4)
    repository = saved(file, [0], [1])
    killed = _killed(repository, file, monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr("lazyscribe.store.local.LocalStore.discard", lambda self, keys: None)
        fresh = Repository(file)
        fresh.log_artifact("model", [2], "json")
        fresh.save()
        _move(file, 4)
    assert killed.exists()
    for times in (0, 6):
        _move(file, times)
        told = Repository(file).history()
        assert [each.number for each in told] == list(range(1, len(told) + 1))
    assert not killed.exists()


def _killed(repository: Repository, file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let a save end before the swap, and leave its entry there."""
    with monkeypatch.context() as patch:
        patch.setattr("lazyscribe.store.local.LocalStore.delete", lambda self, key: 1 / 0)
        patch.setattr("lazyscribe.store.local.LocalStore._swap", lambda *_: 1 / 0)
        repository.log_artifact("model", "killed", "json")
        with pytest.raises(SaveError):
            repository.save()
    return entries_of(file)[-1]


def _move(file: Path, times: int) -> None:
    """Let an alias point to a version or to none, so many times, each time by another object."""
    for _ in range(times):
        repository = Repository(file)
        if "x" in repository.aliases("model"):
            repository.remove_alias("model", "x")
        else:
            repository.set_alias("model", "x", 0)
        repository.save()


# Threads


def test_aliases_that_a_thread_asks_for_during_a_reload(file: Path) -> None:
    """After the reload they are those of what it has read."""
    repository = saved(file, [0], [1])
    repository.set_alias("model", "production", 0)
    repository.save()
    ready: list[int] = []
    asked: list[dict[str, int]] = []

    class Asking(Failing):
        def open_read(self, path: str) -> Any:
            if path.endswith("repository.json") and ready and not asked:
                thread = threading.Thread(target=lambda: asked.append(reader.aliases("model")))
                thread.start()
                thread.join()
            return super().open_read(path)

    with through(Asking()):
        reader = Repository(file)
    repository.log_artifact("model", [2], "json")
    repository.set_alias("model", "production", 1)
    repository.save()
    ready.append(1)
    reader.reload()
    assert asked == [{"production": 0}]
    assert reader.aliases("model") == {"production": 1}


def test_aliases_that_a_thread_has_asked_for_before_a_reload(file: Path) -> None:
    """What it is told after the reload is not kept."""
    repository = saved(file, [0], [1])
    repository.set_alias("model", "production", 0)
    repository.save()
    listed, reloaded = threading.Event(), threading.Event()

    class Slow(Failing):
        def scandir(self, path: str) -> Any:
            found = list(super().scandir(path))
            if path.endswith(".log"):
                listed.set()
                assert reloaded.wait(10)
            return iter(found)

    with through(Slow()):
        reader = Repository(file)
    thread = threading.Thread(target=lambda: reader.aliases("model"))
    thread.start()
    assert listed.wait(10)
    repository.set_alias("model", "production", 1)
    repository.save()
    reader.reload()
    reloaded.set()
    thread.join()
    assert reader.aliases("model") == {"production": 1}
