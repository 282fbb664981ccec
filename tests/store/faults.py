"""Calls of the operating system that can be watched, and made to fail."""

from collections.abc import Callable
from typing import Any

from lazyscribe.store.oscalls import OsCalls

WATCHED = frozenset(name for name in vars(OsCalls) if not name.startswith("_"))


class WatchedCalls(OsCalls):
    """Notes every call; ``before`` and ``after`` are told its number and name and may raise, or end the process."""

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
        return [name for name, _ in self.log]


class FailingCalls(WatchedCalls):
    """Every call of these names fails with this error."""

    def __init__(self, error: Exception, *names: str) -> None:
        def before(_: int, name: str) -> None:
            if name in names:
                raise error

        super().__init__(before)
