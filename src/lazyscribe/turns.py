"""Whose turn it is, of several that are about to swap one manifest where no lock keeps them apart.

The swap alone decides who has committed. To be refused costs a try, though, and each try disturbs the others. So those
that save form a line: whoever finds others at work takes a *turn*, a small file beside the journal's entries,
``turn-{number}-{id}``, with a number behind those that are there, and waits until all before it are gone or done. Done
is a turn with whose id that of an entry begins that counts.

Nobody relies on it. Who finds nobody else goes at once and takes no turn. A writer that was killed leaves its turn: if
nothing at all has moved for a while, the first in the line is passed over, and its file removed. Should it be alive
after all, the swap decides.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from lazyscribe.journal.log import Ticket
    from lazyscribe.manifest import Manifest

LONGEST_PAUSE = 5.0
"""Seconds that a swap which was refused waits at most before it is tried again."""

LONGEST_WAIT = 1.0
"""Seconds after which one who waits in the line looks again, at most."""

PATIENCE = 3.0
"""Seconds without any change after which the first in the line is passed over; at least that of `LOOKS` looks."""

LOOKS = 10

LINE = b"Someone waits here for its turn to save.\n"
"""What a turn's file holds."""


class Turns:
    """The tries of one save; iterated over, their numbers, until the seconds of the limit have passed.

    After a try that was refused comes a pause. How long it is is left to chance, so that of many writers each gets
    through, and grows with their number and the time that one takes, which is that of the store's answers.

    Parameters
    ----------
    telling
        Whether the save tells the journal.
    """

    def __init__(self, manifest: Manifest, limit: float, telling: bool) -> None:
        self._store = manifest.store
        self._journal = manifest.journal if telling and manifest.store.optimistic else None
        self._limit = limit
        self._start = self._began = time.monotonic()
        self._refused = 0
        self._looks, self._quickest = 0, 0.0  # seconds
        self._pause: float | None = None
        self._mine = ""
        self._taking: Callable[[], object] | None = None
        self._passed: set[str] = set()
        self._seen: tuple[float, Any] = (0.0, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Give back the turn; nobody waits until it is gone."""
        if self._taking is not None:
            assert self._journal is not None
            with suppress(RuntimeError):  # of a machine without more threads; others pass over it
                self._store.ahead(partial(self._give_back, self._taking, f"{self._journal.folder}/{self._mine}"))

    def __iter__(self) -> Iterator[int]:
        for number in count():
            self._began, self._pause = time.monotonic(), None
            yield number
            pause = self._next_pause()
            if time.monotonic() + pause - self._start > self._limit:
                return
            time.sleep(pause)

    def _next_pause(self) -> float:
        if self._pause is not None:
            return self._pause
        took = time.monotonic() - self._began
        longest = min(LONGEST_PAUSE, took * 2 ** min(self._refused, 6))
        self._refused += 1
        return random.uniform(0, longest if self._journal is None else took / 4)  # noqa: S311 - no secret

    @property
    def id(self) -> str:
        """What the ids of our entries begin with."""
        return self._mine[-8:]

    def is_anothers(self, ticket: Ticket | None) -> bool:
        """Whether to look again before anything is created, since others come first; as the last look has shown."""
        if self._journal is None or ticket is None or ticket.entry.after == ticket.entry.before:
            return False
        if self._looks:  # the first one was perhaps begun before
            took = time.monotonic() - self._began
            self._quickest = min(self._quickest or took, took)
        self._looks += 1
        before = self._before_us(ticket)
        if (before or self._refused) and not self._mine:
            self._take()
        if before:
            self._pass_over(before, ticket)
            pause = (len(before) - 1) * self._quickest * random.uniform(0.5, 1)  # noqa: S311 - no secret
            self._pause = min(pause, LONGEST_WAIT)
        return bool(before)

    def _before_us(self, ticket: Ticket) -> list[str]:
        """Return the turns before ours, and the ids of commits that are under way without one, as far as not passed."""
        assert self._journal is not None
        turns, entries = self._journal.files.turns, [each for each, _ in self._journal.files.loose.values()]
        done = {each.id[:8] for each in entries if each.id not in ticket.entry.void}
        line = [name for name in turns if name[-8:] not in done and (not self._mine or name < self._mine)]
        in_line = {name[-8:] for name in turns} | {self.id}
        under_way = [each for each in entries if each.id in ticket.entry.void and each.before == ticket.entry.before]
        others = [*line, *(each.id for each in under_way if each.id[:8] not in in_line)]
        return [each for each in others if each not in self._passed]

    def _take(self) -> None:
        """Take a turn; nobody waits until it is there."""
        assert self._journal is not None
        number = max([0, *(int(name.split("-")[1]) for name in self._journal.files.turns)]) + 1
        self._mine = f"turn-{number:08d}-{os.urandom(4).hex()}"
        self._taking = self._store.ahead(partial(self._create, f"{self._journal.folder}/{self._mine}"))

    def _create(self, key: str) -> None:
        with self._store.create(key) as raw:
            raw.write(LINE)

    def _pass_over(self, before: list[str], ticket: Ticket) -> None:
        """Pass over the first, whose writer seems to be gone, if nothing has moved for too long."""
        assert self._journal is not None
        now, state = time.monotonic(), (before, ticket.entry.before, ticket.entry.void)
        if self._seen[1] != state:
            self._seen = now, state
        elif now - self._seen[0] > max(PATIENCE, LOOKS * self._quickest):
            self._passed.add(before[0])
            self._seen = now, None
            self._store.ahead(partial(self._store.discard, [f"{self._journal.folder}/{before[0]}"]))

    def _give_back(self, taking: Callable[[], object], key: str) -> None:
        try:
            taking()
        finally:
            self._store.discard([key])

    def watch(self, ticket: Ticket) -> Callable[[], bool]:
        """Begin to look who else has created an entry; return what tells, once ours is there, whether to look again.

        Only where `ticket` calls entries void. The journal was listed while the manifest was read: what has been
        committed and taken back between the two answers would be lost, but an entry that follows it is there.
        """
        if self._journal is None or not ticket.entry.void:
            return lambda: False
        from lazyscribe.journal.files import number_of

        files, mine = self._journal.files, ticket.key.rpartition("/")[2]
        listing = files.listing()
        return lambda: any(number_of(name) > ticket.since for name in files.news(listing) - {mine})
