"""What a save does while others wait for it, and what it does beforehand or at the same time."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Repository
from lazyscribe.exception import LockTimeoutError, UnreadableError
from lazyscribe.manifest import Manifest
from lazyscribe.store.local import LocalStore
from lazyscribe.testing.calls import WatchedCalls, through
from lazyscribe.testing.writers import in_threads
from tests.history.support import entries_of, numbers, saved


def at_once(store: LocalStore, work: Callable[[], Any]) -> Callable[[], Any]:
    """Begin to read at once, as stores do from which answers come late."""
    found = work()
    return lambda: found


def temporary_files(file: Path) -> list[Path]:
    return [*file.parent.glob("**/.lsc-*.tmp"), *file.parent.glob(".lazyscribe/**/.lsc-*.tmp")]


def test_no_file_is_made_while_others_wait(file: Path) -> None:
    """Of the second save on, its files are there before it has the lock; what they hold is synced in the safe order."""
    saved(file, 0)
    calls = WatchedCalls()
    with through(calls):
        repository = Repository(file)
        repository.log_artifact("model", 1, "json")
        repository.save()
    locked = calls.names[calls.names.index("lock") :]
    changing = ["open_new", "fsync", "link", "unlink", "fsync_dir", "replace"]
    assert [name for name in locked if name in changing] == [
        *("fsync", "link", "unlink"),  # the entry
        *("fsync", "fsync_dir", "replace", "fsync_dir"),  # the new manifest, the entry's name, and only then the swap
    ]
    assert temporary_files(file) == []


def test_an_entry_that_is_the_commit_is_synced_at_once(file: Path) -> None:
    """Where only an alias moves, no swap follows, and the entry's name is on the disk when the save returns."""
    saved(file, 0)
    calls = WatchedCalls()
    with through(calls):
        repository = Repository(file)
        repository.set_alias("model", "x", 0)
        repository.save()
    synced = [args[0] for name, args in calls.log if name == "fsync_dir"]
    assert str(entries_of(file)[0].parent) in synced
    assert temporary_files(file) == []


def test_who_does_not_get_the_lock_leaves_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A save that has waited in vain takes back what it had begun, too."""
    saved(file, 0)
    before = sorted(file.parent.rglob("*"))
    repository = Repository(file)
    repository.log_artifact("model", 1, "json")
    monkeypatch.setenv("LAZYSCRIBE_LOCK_TIMEOUT", "0")

    def save(_: int) -> None:
        with pytest.raises(LockTimeoutError):
            repository.save()

    with repository._location.store.guard(file.name):
        in_threads(1, save)
    assert sorted(file.parent.rglob("*")) == before


def test_a_manifest_that_is_made_private_while_a_save_waits(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays private, and so is what replaces it from its first byte on, although that file was begun before."""
    saved(file, 0)
    file.chmod(0o664)
    peek, modes = Manifest.peek, list[int]()

    def meanwhile(manifest: Manifest, known: Any = (None, None)) -> Any:
        file.chmod(0o600)
        return peek(manifest, known)

    def before(number: int, name: str) -> None:
        if name == "write" and bytes(calls.log[number][1][1]).startswith(b"["):
            modes.append(os.fstat(calls.log[number][1][0]).st_mode & 0o777)

    calls = WatchedCalls(before)
    with through(calls):
        repository = Repository(file)
    monkeypatch.setattr(Manifest, "peek", meanwhile)
    repository.log_artifact("model", {"value": 1}, "json")
    repository.save()
    assert [file.stat().st_mode & 0o777, *modes] == [0o600, 0o600]
    assert temporary_files(file) == []


def test_another_saves_between_listing_and_reading(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its entry is followed, and what it tells is told once, although the list of the journal was older."""
    repository, other = saved(file, 0), Repository(file)
    other.log_artifact("model", 1, "json")
    peek = Manifest.peek

    def meanwhile(manifest: Manifest, known: Any = (None, None)) -> Any:
        monkeypatch.setattr(Manifest, "peek", peek)
        other.save(message="other")
        return peek(manifest, known)

    monkeypatch.setattr(LocalStore, "ahead", at_once)
    monkeypatch.setattr(Manifest, "peek", meanwhile)
    repository.log_artifact("model", 2, "json")
    repository.save(message="mine")
    told = [(each.number, each.message, len(each.logged), len(each.observed)) for each in repository.history()]
    assert told == [(1, None, 1, 0), (2, "other", 1, 0), (3, "mine", 1, 0)]
    assert numbers(Repository(file)) == [0, 1, 2]


def test_entries_are_read_together(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens a file with many entries asks for sixteen of them before the first has come."""
    saved(file, *range(20))
    begun: list[int] = []
    waiting: list[int] = []

    def ahead(store: LocalStore, work: Callable[[], Any]) -> Callable[[], Any]:
        begun.append(1)

        def result() -> Any:
            waiting.append(len(begun))
            return work()

        return result

    monkeypatch.setattr(LocalStore, "ahead", ahead)
    assert len(Repository(file).history()) == 20
    assert waiting == [1, *[17] * 16, *[21] * 4]


def test_an_entry_that_could_not_be_read_for_a_while(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts as soon as it can be read, in the object that is open, too."""
    saved(file, 0, 1, 2)
    repository, read = Repository(file), LocalStore.read
    first = entries_of(file)[0].name

    def broken(store: LocalStore, key: str) -> Any:
        if key.endswith(first):
            raise OSError("no answer")
        return read(store, key)

    with monkeypatch.context() as patch:
        patch.setattr(LocalStore, "read", broken)
        with pytest.raises(UnreadableError, match="no answer"):
            repository.history()
    assert len(repository.history()) == 3


def test_what_a_pack_carries_and_is_still_there(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that nobody deleted when a pack carried them go with the next pack."""
    monkeypatch.setattr("lazyscribe.journal.log.LOOSE", 4)
    repository = saved(file, *range(4))
    first = set(entries_of(file))
    with monkeypatch.context() as patch:
        patch.setattr(LocalStore, "discard", lambda self, keys: None)
        repository.log_artifact("model", 4, "json")
        repository.save()
    assert first <= set(entries_of(file))
    for turn in range(5, 10):
        repository.log_artifact("model", turn, "json")
        repository.save()
        packs = [each for each in entries_of(file) if each.stem.count("-") == 2]
    assert len(packs) == 2
    assert first.isdisjoint(entries_of(file))
    assert [each.number for each in Repository(file).history()] == list(range(1, 11))
