"""Saves that fail leave files and memory as they were, and can be tried again."""

import errno
import resource
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Repository
from lazyscribe.exception import LazyscribeError, SaveError
from lazyscribe.store.oscalls import OsCalls
from tests.repository.tools import opened, tree, values


@contextmanager
def disk_of(patch: pytest.MonkeyPatch, space: int) -> Iterator[None]:
    """Let the disk run full after so many bytes."""
    write, left = OsCalls.write, space

    def full(self: OsCalls, descriptor: int, data: Any) -> int:
        nonlocal left
        if left <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        done = write(self, descriptor, memoryview(data)[:left])
        left -= done
        return done

    with patch.context() as inner:
        inner.setattr(OsCalls, "write", full)
        yield


def pending(file: Path) -> Repository:
    """Open, log two versions and let one expire."""
    repository = opened(file, "w+")
    repository.log_artifact("x", 3, "json")
    repository.log_artifact("p", list(range(100)), "pickle")
    repository.set_artifact_expiry("x", version=0, expiry="2030-01-01")
    return repository


def state(repository: Repository) -> list[Any]:
    return [
        (id(each), each.name, each.version, each.fname, each.dirty, each.value, each.expiry)
        for each in repository.artifacts
    ]


@pytest.mark.parametrize("space", [0, 1, 50, 200, 400, 600, 900, 1200])
def test_full_disk(three: Path, monkeypatch: pytest.MonkeyPatch, space: int) -> None:
    """A disk that runs full at any byte of a save is a `SaveError`, and all is as before."""
    repository = pending(three)
    before, memory = tree(three.parent), state(repository)
    with disk_of(monkeypatch, space), pytest.raises(SaveError, match="No space left") as caught:
        repository.save()
    assert isinstance(caught.value, LazyscribeError)
    assert tree(three.parent) == before
    assert state(repository) == memory
    repository.save()
    assert values(opened(three)) == [0, 1, 2, 3]
    assert opened(three).load_artifact("p") == list(range(100))


LIMITED = """
import resource, signal, sys
from pathlib import Path
from lazyscribe import Repository
from lazyscribe.exception import SaveError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
repository = Repository(sys.argv[1])
repository.log_artifact("small", 1, "json")
repository.log_artifact("large", "x" * 100_000, "json")
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
try:
    repository.save()
except SaveError as error:
    print("SaveError", error)
print([each.dirty for each in repository.artifacts][-2:])
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
repository.save()
print(len(Repository(sys.argv[1], "r").load_artifact("large")))
"""


def test_limit_of_the_system(three: Path) -> None:
    """A file that the system does not let grow is a `SaveError`; without the limit the same save works."""
    assert resource.RLIMIT_FSIZE is not None
    assert signal.SIGXFSZ is not None
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(three)], capture_output=True, text=True, check=True, timeout=100
    )
    told = done.stdout.splitlines()
    assert told[0].startswith("SaveError The artifact 'large'")
    assert "too large" in told[0]
    assert told[1:] == ["[True, True]", "100000"]
    assert done.stderr == ""
    assert values(opened(three)) == [0, 1, 2]
    assert opened(three).load_artifact("small") == 1


@pytest.mark.parametrize("bad", [{1, 2}, object(), float, {"a": {"b": b"bytes"}}, {(1, 2): 3}])
def test_value_that_cannot_be_written(three: Path, bad: Any) -> None:
    """A value that its handler cannot write is a `SaveError` that names it, and nothing of the save is done."""
    repository = pending(three)
    repository.log_artifact("bad", bad, "json")
    before, memory = tree(three.parent), state(repository)
    with pytest.raises(SaveError, match="'bad'"):
        repository.save()
    assert tree(three.parent) == before
    assert state(repository) == memory
    repository.artifacts.pop()
    repository.save()
    assert values(opened(three)) == [0, 1, 2, 3]


@pytest.mark.parametrize("name", ["bad", "worse"])
def test_value_that_cannot_be_pickled(file: Path, name: str) -> None:
    """So is one that cannot be pickled, or that nests too deeply."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    repository = Repository(file)
    repository.log_artifact(name, (lambda: 1) if name == "bad" else deep, "pickle")
    with pytest.raises(SaveError, match=repr(name)):
        repository.save()
    assert tree(file.parent) == {}
    while deep:
        deep = deep.pop()


def test_keyword_that_the_handler_does_not_know(file: Path) -> None:
    """A keyword that the handler's `write` does not know is a `SaveError`."""
    repository = Repository(file)
    repository.log_artifact("x", 1, "json", no_such_option=1)
    with pytest.raises(SaveError, match="no_such_option"):
        repository.save()
    assert tree(file.parent) == {}


@pytest.mark.parametrize("call", ["open_new", "fsync", "replace", "mkdir", "lock"])
def test_system_that_refuses(three: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """A system call that is refused before the replacement is a `SaveError`, and all is as before."""
    repository = pending(three)
    before, memory = tree(three.parent), state(repository)

    def refuse(*_: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(OsCalls, call, refuse)
        with pytest.raises(SaveError, match="Permission denied"):
            repository.save()
    assert tree(three.parent) == before
    assert state(repository) == memory
    repository.save()
    assert values(opened(three)) == [0, 1, 2, 3]


def test_interrupt(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt comes out as it is, and all is as before."""
    repository = pending(three)
    before, memory = tree(three.parent), state(repository)

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(OsCalls, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            repository.save()
    assert tree(three.parent) == before
    assert state(repository) == memory
    repository.save()
    assert values(opened(three)) == [0, 1, 2, 3]


@pytest.mark.parametrize("action", ["error", "always"])
def test_warnings_that_are_errors(file: Path, action: Any) -> None:
    """A save that has to warn is whole, although the warning may be made an exception."""
    (file.parent / "x").mkdir()
    (file.parent / "x" / "f.json").write_text("in the way")
    repository = Repository(file)
    for number, fname in enumerate(("f.json", "g.json")):
        repository.log_artifact("x", number, "json", fname=fname)
    with warnings.catch_warnings(record=True):
        warnings.simplefilter(action)
        with suppress(UserWarning):
            repository.save()
    repository.save()
    assert values(opened(file)) == values(repository) == [0, 1]
    assert len(opened(file).artifacts) == 2
    assert [each.dirty for each in repository.artifacts] == [False, False]
    assert len(list((file.parent / "x").iterdir())) == 3


def test_the_error_of_a_value_names_its_file_and_the_way_out(file: Path) -> None:
    """Logging again adds a version, so the error says that the bad one is to be taken out; then the save works."""
    repository = Repository(file)
    repository.log_artifact("m", {1}, "json", fname="m.json")
    repository.log_artifact("m", [1], "json")
    with pytest.raises(SaveError, match=r"'m', to be m/m\.json, .*take it out of 'artifacts'"):
        repository.save()
    del repository.artifacts[0]
    repository.save()
    assert repository.load_artifact("m") == [1]
