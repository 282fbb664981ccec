"""Stores that fail or die at the k-th call of any store's method."""

import errno
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from lazyscribe import Repository
from lazyscribe.exception import CommitUnknownError, LazyscribeError
from lazyscribe.store.local import LocalStore
from lazyscribe.testing.faults import Faults, FaultyStore, die, every_call, fail, stores_through
from lazyscribe.testing.stores import StoreTests
from lazyscribe.testing.writers import quiet
from tests.faults.tally import Chosen, Tally
from tests.store import test_local
from tests.store.objects import ObjectFileSystem


class TestFaultyStore(test_local.TestLocalStore):
    """A store that could fail, and does not, is the store it holds."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> Any:
        store: Any = FaultyStore(LocalStore(str(tmp_path / "new" / "root")), Quiet())
        store._root = store._store._root
        return store

    def again(self, store: Any) -> Any:
        return FaultyStore(LocalStore(store._root), Quiet())


class Quiet(Faults):
    """No faults; pickles, as those of a test cannot."""

    def told(self, when: str, name: str) -> None: ...

    def __reduce__(self) -> Any:
        return (Quiet, ())


def places(tmp_path: Path) -> dict[str, Callable[[Path], str]]:
    """Where repositories lie, by the kind of store."""
    fsspec.register_implementation("objects", ObjectFileSystem, clobber=True)
    return {
        "local": lambda folder: str(folder),
        "memory": lambda folder: f"memory://{folder.as_posix().lstrip('/')}",
        "objects": lambda folder: f"objects://{folder.as_posix().lstrip('/')}",
    }


@pytest.fixture
def emptied() -> Iterator[None]:
    """Leave nothing in stores that live in this process."""
    with quiet():
        yield
    ObjectFileSystem.objects.clear()
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


KINDS = ["local", "memory", "objects"]


class Work:
    """A save on top of another one, of a second handle, on some store."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.mine = self.open()
        other = self.open()
        other.log_artifact("a", 0, "json")
        other.save()
        self.mine.log_artifact("a", 1, "json")
        self.mine.log_artifact("b", 2, "pickle")

    def open(self, mode: Any = "w+") -> Repository:
        return Repository(f"{self.url}/repository.json", mode=mode)

    def values(self) -> dict[tuple[str, int], Any]:
        """Return every value that is on disk, each of them loaded and checked."""
        found = self.open("r")
        return {
            (each.name, each.version): found.load_artifact(each.name, version=each.version) for each in found.artifacts
        }


ALL = {("a", 0): 0, ("a", 1): 1, ("b", 0): 2}
BEFORE = {("a", 0): 0}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_call_that_fails(kind: str, when: str, tmp_path: Path, emptied: None, chosen: Chosen, tally: Tally) -> None:
    """Whichever call of a store fails, the error is ours, and the same save writes every value once."""
    place, runs = places(tmp_path)[kind], 0
    for trial in every_call(
        tmp_path,
        lambda folder: Work(place(folder / str(runs))),
        lambda work: work.mine.save(),
        lambda number: fail(number, errno.EIO, when),
        lambda numbers, names: chosen(numbers, 30),
        stores_through,
    ):
        runs += 1
        error = trial.run()
        assert error is None or isinstance(error, LazyscribeError), (trial.name, error)
        assert isinstance(error, CommitUnknownError) or error is None or trial.subject.values() == BEFORE, trial.name
        trial.subject.mine.save()
        assert trial.subject.values() == ALL, trial.name
        assert trial.subject.mine.verify().ok
    assert runs > 10
    tally(f"the k-th call of a store fails ({kind})", "ours", runs, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_store_that_dies(kind: str, tmp_path: Path, emptied: None, chosen: Chosen, tally: Tally) -> None:
    """When a store answers nothing more from any call on, there is all of a save or nothing, and later it is saved."""
    place, runs = places(tmp_path)[kind], 0
    for trial in every_call(
        tmp_path,
        lambda folder: Work(place(folder / str(runs))),
        lambda work: work.mine.save(),
        die,
        lambda numbers, names: chosen(numbers, 30),
        stores_through,
    ):
        runs += 1
        error = trial.run()
        assert isinstance(error, LazyscribeError) or error is None, (trial.name, error)
        assert trial.subject.values() in (BEFORE, ALL), trial.name
        another = trial.subject.open()
        another.log_artifact("c", 3, "json")
        another.save()
        trial.subject.mine.save()
        assert trial.subject.values() == ALL | {("c", 0): 3}, trial.name
    assert runs > 10
    tally(f"a store dies at its k-th call ({kind})", "ours", runs, 0)


def test_suite_is_the_one_users_get() -> None:
    """Our own stores are tested with the suite in the package."""
    assert issubclass(test_local.TestLocalStore, StoreTests)
