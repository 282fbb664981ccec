"""A call that fails, or a process that dies, at the k-th call: of a local disk, or of any store.

Work that writes is done once to count its calls, then once for each of them, which fails, or is the last one::

    for trial in every_call(prepare, work, kill):
        assert forked(trial.run) in (KILLED, 0)
        ...  # open what is there, and look
"""

import errno
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypeAlias, TypeVar
from unittest import mock

from lazyscribe import place
from lazyscribe.exception import Unsure
from lazyscribe.store import open_store, store_of
from lazyscribe.store.base import Store, Token
from lazyscribe.testing.calls import QuickCalls, through

T = TypeVar("T")

Strike: TypeAlias = Callable[[str, int, str], None]
"""Told ``"before"`` or ``"after"``, the number of the call, from 0 on, and its name; may raise, or end the process."""

KILLED = 77
"""The exit code of a process that `kill` ended."""

NO_SPACE = frozenset({"open_new", "write", "fsync", "fsync_dir", "mkdir", "link", "replace"})
"""Calls that a full disk refuses."""


def fail(number: int, code: int = errno.EIO, when: str = "before") -> Strike:
    """Let call `number` fail once: it is not made, or (``when="after"``) it is made and its answer is lost."""

    def strike(moment: str, current: int, name: str) -> None:
        if (moment, current) == (when, number):
            raise OSError(code, os.strerror(code))

    return strike


def fail_from(number: int, code: int = errno.ENOSPC, names: Collection[str] = NO_SPACE) -> Strike:
    """Let every call from `number` on fail, of these names."""

    def strike(moment: str, current: int, name: str) -> None:
        if moment == "before" and current >= number and name in names:
            raise OSError(code, os.strerror(code))

    return strike


def kill(number: int) -> Strike:
    """End the process instead of making call `number`: nothing is flushed, nothing is taken back."""

    def strike(moment: str, current: int, name: str) -> None:
        if (moment, current) == ("before", number):
            os._exit(KILLED)

    return strike


def die(number: int) -> Strike:
    """Let call `number` and all after it fail, as a store does whose machine is gone: nothing can be taken back."""

    def strike(moment: str, current: int, name: str) -> None:
        if moment == "before" and current >= number:
            raise OSError(errno.EHOSTDOWN, os.strerror(errno.EHOSTDOWN))

    return strike


class Faults:
    """Counts calls while it is ``armed``, and tells each of them to `strike`.

    Attributes
    ----------
    calls
        For local stores; see `lazyscribe.testing.calls.through`.
    names
        Of the calls made while armed.
    """

    def __init__(self, strike: Strike = lambda when, number, name: None) -> None:
        self.armed, self.strike = False, strike
        self.names: list[str] = []
        self.calls = QuickCalls(lambda _, name: self.told("before", name), lambda _, name: self.told("after", name))

    def told(self, when: str, name: str) -> None:
        """Take note of a call, and strike."""
        if self.armed:
            self.names += [name] * (when == "before")
            self.strike(when, len(self.names) - 1, name)


class FaultyStore(Store):
    """Another store, each of whose calls may fail first.

    The calls are named for the methods; leaving ``create`` is ``publish``. What `faults` raises after ``swap`` becomes
    `Unsure`, as a store must tell it; after the others nothing is told.
    """

    def __init__(self, store: Store, faults: Faults) -> None:
        self._store, self._faults = store, faults

    @property
    def exclusive(self) -> bool:  # type: ignore[override]
        """As of the store itself."""
        return self._store.exclusive

    def read(self, key: str) -> tuple[bytes, Token] | None:
        """Read."""
        self._faults.told("before", "read")
        return self._store.read(key)

    def open(self, key: str) -> BinaryIO:
        """Open."""
        self._faults.told("before", "open")
        return self._store.open(key)

    @contextmanager
    def create(self, key: str) -> Iterator[BinaryIO]:
        """Create."""
        self._faults.told("before", "create")
        with self._store.create(key) as file:
            yield file
            self._faults.told("before", "publish")

    def swap(self, key: str, data: bytes, expected: Token | None) -> Token:
        """Swap."""
        self._faults.told("before", "swap")
        token = self._store.swap(key, data, expected)
        try:
            self._faults.told("after", "swap")
        except Exception as error:
            raise Unsure(f"the answer for {self.describe(key)} was lost", path=self.describe(key)) from error
        return token

    def replace(self, source: str, target: str) -> None:
        """Replace."""
        self._faults.told("before", "replace")
        self._store.replace(source, target)

    def delete(self, key: str) -> None:
        """Delete."""
        self._faults.told("before", "delete")
        self._store.delete(key)

    def keys(self, prefix: str) -> Iterator[str]:
        """List."""
        self._faults.told("before", "keys")
        return self._store.keys(prefix)

    def files_in(self, folder: str) -> Iterator[str]:
        """List one folder."""
        self._faults.told("before", "files_in")
        return self._store.files_in(folder)

    @contextmanager
    def guard(self, key: str) -> Iterator[None]:
        """Guard."""
        self._faults.told("before", "guard")
        with self._store.guard(key):
            yield

    def describe(self, key: str) -> str:
        """Describe."""
        return self._store.describe(key)


@contextmanager
def stores_through(faults: Faults) -> Iterator[None]:
    """Let every project and repository that opens its store meanwhile have it as a `FaultyStore`."""

    def wrapped(make: Callable[..., Store]) -> Callable[..., Store]:
        return lambda *args: FaultyStore(make(*args), faults)

    with mock.patch.multiple(place, open_store=wrapped(open_store), store_of=wrapped(store_of)):
        yield


class Trial(Generic[T]):
    """One of the turns of `every_call`.

    Attributes
    ----------
    subject
        What ``prepare`` gave.
    number, name
        Of the call that fails.
    """

    def __init__(self, subject: T, work: Callable[[T], Any], faults: Faults, number: int, name: str) -> None:
        self.subject, self.faults, self.number, self.name = subject, faults, number, name
        self._work = work

    def run(self) -> BaseException | None:
        """Do the work while the faults are armed; return the `Exception` that it raised."""
        self.faults.armed = True
        try:
            self._work(self.subject)
        except Exception as error:
            return error
        finally:
            self.faults.armed = False
        return None


def every_call(
    folder: Path,
    prepare: Callable[[Path], T],
    work: Callable[[T], Any],
    strike: Callable[[int], Strike],
    chosen: Callable[[list[int], list[str]], Collection[int]] = lambda numbers, names: numbers,
    using: Callable[[Faults], AbstractContextManager[None]] = lambda faults: through(faults.calls),
) -> Iterator[Trial[T]]:
    """Yield a trial for each call that `work` makes, in an empty folder each, which is gone after it.

    Parameters
    ----------
    folder
        Where the folders are made.
    prepare
        Called with a folder that does not exist yet, before each trial; returns what `work` needs.
    work
        What writes.
    strike
        Makes what happens at the call of that number.
    chosen
        Given the numbers of all calls and their names, returns the numbers of those that are tried; default: all.
    using
        Puts the faults where the calls go: by default those of local disks, else `stores_through`.
    """
    counting = Faults()
    with using(counting):
        first = Trial(prepare(folder / "first"), work, counting, -1, "")
        if (error := first.run()) is not None:
            raise error
    for number in chosen(list(range(len(counting.names))), counting.names):
        faults = Faults(strike(number))
        with using(faults):
            yield Trial(prepare(folder / "trial"), work, faults, number, counting.names[number])
        shutil.rmtree(folder / "trial", ignore_errors=True)
