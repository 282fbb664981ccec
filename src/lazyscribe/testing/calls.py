"""The file-system calls of local stores, watched, and made to fail."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lazyscribe.store import oscalls
from lazyscribe.store.oscalls import OsCalls

WATCHED = frozenset(name for name in vars(OsCalls) if not name.startswith("_"))
"""The names of all calls."""

CHANGING = frozenset({"open_new", "write", "mkdir", "link", "replace", "unlink", "chmod", "lock"})
"""Calls that change what is on disk. What a kill leaves differs only by these."""

OPENING = frozenset({"open_read", "open_new", "open_again", "lock", "scandir"})
"""Calls that open something: if their answer is lost, that stays open."""


class WatchedCalls(OsCalls):
    """Calls of the operating system, each told to two functions.

    Parameters
    ----------
    before, after
        Called with the number of the call, from 0 on, and its name, before and after it is made. What they raise, the
        caller gets: before it, the call was not made; after it, its answer is lost. They may end the process.

    Attributes
    ----------
    log
        Name and arguments of every call that was made.
    """

    def __init__(
        self,
        before: Callable[[int, str], None] = lambda number, name: None,
        after: Callable[[int, str], None] = lambda number, name: None,
    ) -> None:
        self.log: list[tuple[str, tuple[Any, ...]]] = []
        self.before, self.after = before, after

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in WATCHED:
            return found

        def call(*args: Any) -> Any:
            number = len(self.log)
            self.log.append((name, args))
            self.before(number, name)
            answer = found(*args)
            self.after(number, name)
            return answer

        return call

    @property
    def names(self) -> list[str]:
        """The names of the calls that were made."""
        return [name for name, _ in self.log]


class FailingCalls(WatchedCalls):
    """Every call of these names fails with this error."""

    def __init__(self, error: Exception, *names: str) -> None:
        def before(_: int, name: str) -> None:
            if name in names:
                raise error

        super().__init__(before)


class QuickCalls(WatchedCalls):
    """Calls that wait for no disk; that they are made is still seen."""

    def fsync(self, path: str, descriptor: int) -> None:
        """Do nothing."""

    def fsync_dir(self, path: str) -> None:
        """Do nothing."""


@contextmanager
def through(calls: OsCalls) -> Iterator[None]:
    """Let every local store that is made meanwhile, in any thread, use `calls`, for as long as it lives."""
    before = oscalls.OS
    oscalls.OS = calls
    try:
        yield
    finally:
        oscalls.OS = before
