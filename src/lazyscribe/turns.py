"""Whose turn it is, of several that are about to swap one manifest where no lock keeps them apart.

The swap alone decides who has committed. To be refused costs a try, though, and each try disturbs the others. So those
that save form a line: whoever finds others at work takes a *turn*, a small file beside the journal's entries,
``turn-{number}-{id}``, with a number behind those that are there, and waits until all before it are gone or done. Done
is a turn with whose id that of an entry begins that counts.

Nobody relies on it. Who finds nobody else goes at once and takes no turn. A writer that was killed leaves its turn: if
nothing at all has moved for a while, the first in the line is passed over, and its file removed; then the next two, and
so on. Should one of them be alive after all, the swap decides.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from lazyscribe.journal.log import Ticket
    from lazyscribe.manifest import Manifest
    from lazyscribe.store.base import Token

LONGEST_PAUSE = 5.0
"""Seconds that a swap which was refused waits at most before it is tried again."""

LONGEST_WAIT = 1.0
"""Seconds after which one who waits in the line looks again, at most."""

PATIENCE = 3.0
"""Seconds without any change after which the first in the line is passed over: at least those of `LOOKS` looks, and at
most a quarter of the time there is."""

LOOKS = 10

LINE = b"Someone waits here for its turn to save.\n"
"""What a turn's file holds."""


class Turns:
    """The tries of one save; iterated over, their numbers, until the seconds of the limit have passed.

    Who waits in the line until then makes one more try.

    After a try that was refused comes a pause. How long it is is left to chance, so that of many writers each gets
    through, and grows with their number and the time that one takes, which is that of the store's answers.

    Parameters
    ----------
    telling
        Whether the save tells the journal.
    """

    def __init__(self, manifest: Manifest, limit: float, telling: bool) -> None:
        self._store, self._key = manifest.store, manifest.key
        self._journal = manifest.journal if telling and manifest.store.optimistic else None
        self._limit = limit
        self._start = self._began = time.monotonic()
        self._refused = 0
        self._looks, self._quickest = 0, 0.0  # seconds
        self._pause: float | None = None
        self._mine = ""
        self._taking: Callable[[], object] | None = None
        self._passed: set[str] = set()
        self._passes = 0
        self._is_over = False
        self._state: Any = None
        self._since, self._unmoved = 0.0, 0  # when it began, and the looks that have shown it again

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Give back the turn; nobody waits until it is gone."""
        if self._taking is not None:
            assert self._journal is not None
            self._store.ahead(partial(self._give_back, self._taking, f"{self._journal.folder}/{self._mine}"))

    def __iter__(self) -> Iterator[int]:
        for number in count():
            self._began, self._pause = time.monotonic(), None
            yield number
            in_line, pause = self._pause is not None, self._next_pause()
            if time.monotonic() + pause - self._start <= self._limit:
                time.sleep(pause)
            elif in_line:  # whoever waits there has had time; the swap decides
                self._is_over = True
            else:
                return

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

    def is_anothers(self, ticket: Ticket | None, token: Token | None) -> bool:
        """Whether to look again before anything is created, since others come first; as the last look has shown.

        What only moves aliases swaps nothing, and waits for nobody. If it tells what others left untold, `token` must
        still be that of the manifest: the list of the journal may be newer.
        """
        if self._journal is None or ticket is None:
            return False
        if (entry := ticket.entry).after == entry.before:
            return bool(entry.observed or entry.missing) and not self._store.holds(self._key, token)
        if self._is_over:
            return False
        if self._looks:  # the first one was perhaps begun before
            took = time.monotonic() - self._began
            self._quickest = min(self._quickest or took, took)
        self._looks += 1
        before = self._before_us(ticket)
        if (before or self._refused) and not self._mine:
            self._take(ticket.seen.turns)
        if before:
            self._pass_over(before, ticket)
            looks = (len(before) - 1) * random.uniform(0.5, 1) + self._unmoved / 4  # noqa: S311 - no secret
            self._pause = min(looks * self._quickest, LONGEST_WAIT)
        return bool(before)

    def _before_us(self, ticket: Ticket) -> list[str]:
        """Return the turns before ours, and the ids of commits that are under way without one, as far as not passed."""
        assert self._journal is not None
        turns, void = ticket.seen.turns, ticket.entry.void
        done = {each.id[:8] for each in ticket.seen.entries} | self._passed
        line = [name for name in turns if name[-8:] not in done and (not self._mine or name < self._mine)]
        in_line = {name[-8:] for name in turns} | {self.id} | self._passed
        under_way = [
            each.id
            for each in self._journal.files.entries()
            if each.id in void and each.before == ticket.entry.before and each.id not in self._journal.files.mine
        ]
        return [*line, *(each for each in under_way if each[:8] not in in_line)]

    def _take(self, turns: Sequence[str]) -> None:
        """Take a turn behind these; nobody waits until it is there."""
        assert self._journal is not None
        number = max([0, *(int(name.split("-")[1]) for name in turns)]) + 1
        self._mine = f"turn-{number:08d}-{os.urandom(4).hex()}"
        self._taking = self._store.ahead(partial(self._create, f"{self._journal.folder}/{self._mine}"))

    def _create(self, key: str) -> None:
        with self._store.create(key) as raw:
            raw.write(LINE)

    def _pass_over(self, before: list[str], ticket: Ticket) -> None:
        """Pass over the first, whose writer seems to be gone, if nothing has moved for too long; then twice as many.

        Those without a turn wait for nobody, so all of them should have been done.
        """
        assert self._journal is not None
        now, state = time.monotonic(), (before, ticket.entry.before, ticket.entry.void)
        patience = min(max(PATIENCE, LOOKS * self._quickest), self._limit / 4)
        if self._state != state:
            self._state, self._since, self._unmoved = state, now, 0
        elif now - self._since > patience:
            line = [each for each in before if each.startswith("turn-")]
            gone = line[: 2**self._passes]
            self._passed.update(each[-8:] for each in gone)
            self._passed.update(each[:8] for each in before if not each.startswith("turn-"))
            self._passes += 1
            self._state = None
            self._store.ahead(partial(self._store.discard, [f"{self._journal.folder}/{each}" for each in gone]))
        else:
            self._unmoved += 1

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
        if self._journal is None:
            return lambda: False
        self._journal.files.mine.add(ticket.entry.id)
        if not ticket.entry.void:
            return lambda: False
        from lazyscribe.journal.files import entries_among, number_of

        listing, known = self._journal.files.listing(), {*ticket.seen.names, ticket.key.rpartition("/")[2]}
        return lambda: any(number_of(name) > ticket.since for name in entries_among(listing()) - known)
