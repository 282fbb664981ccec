"""Many new files on their way at the same time.

Small ones are asked for together: a thread each would cost more than the requests.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Self, TypeAlias, cast

from lazyscribe.exception import Exists
from lazyscribe.pool import Pool
from lazyscribe.progress import current, wait_telling
from lazyscribe.store.objects.outgoing import Outgoing
from lazyscribe.store.objects.trouble import Trouble

if TYPE_CHECKING:
    from lazyscribe.store.objects.asking import Version

    Answer: TypeAlias = Version | Trouble

WORKERS = 16
"""Larger files, or groups of small ones, that travel at the same time."""

WAITING = 64 << 20
"""Bytes that may wait to travel; who stages more waits, too."""

SMALL = 1 << 20
"""Bytes up to which a file travels in a group."""

GROUP, GROUP_SIZE = 128, 4 << 20
"""Files and bytes with which a group is full."""


class _Parcel(NamedTuple):
    """One file on its way."""

    key: str
    staged: Outgoing
    size: int
    arrived: Future[None]


class Batch:
    """Creates files in the background; when the block ends well, all of them are there.

    For one thread only.

    Parameters
    ----------
    stage
        Returns where the content of a file waits; refuses keys that cannot be.
    put
        Creates a file of what is staged; goes on from an answer, if there is one.
    ask
        Asks once for each of some files, and returns the answers, as far as that can be done.
    """

    def __init__(
        self,
        stage: Callable[[str], Outgoing],
        put: Callable[[str, Outgoing, Answer | None], None],
        ask: Callable[[Mapping[str, Outgoing]], Mapping[str, Answer]],
    ) -> None:
        self._stage = stage
        self._put = put
        self._ask = ask
        self._pool: Pool | None = None
        self._group: list[_Parcel] = []
        self._gathered = 0  # bytes
        self._going: dict[str, _Parcel] = {}
        self._room = threading.Condition()
        self._waiting = 0
        self._taken: dict[str, Outgoing] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        failed: dict[str, BaseException] = {}
        try:
            failed = self.failed()
        finally:
            for staged in self._taken.values():
                staged.dispose()
            if self._pool is not None:
                self._pool.shutdown()
        if failed and error is None:
            raise next(iter(failed.values()))

    @contextmanager
    def create(self, key: str) -> Iterator[BinaryIO]:
        """Yield a local temporary file that is sent off when the block ends well; see `failed`."""
        staged = self._stage(key)
        try:
            yield cast(BinaryIO, staged)
            size = self._wait_for_room(staged)
        except BaseException:
            staged.dispose()
            raise
        self._send(key, staged, size)

    def _wait_for_room(self, staged: Outgoing) -> int:
        """Return the size of what is staged, once so much may wait to travel."""
        size = staged.seek(0, os.SEEK_END)
        if self._waiting + size > WAITING:
            self.send_off()
        with self._room:
            self._room.wait_for(lambda: self._waiting == 0 or self._waiting + size <= WAITING)
            self._waiting += size
        return size

    def _send(self, key: str, staged: Outgoing, size: int) -> None:
        parcel = self._going[key] = _Parcel(key, staged, size, Future())
        if size > SMALL:
            self._dispatch([parcel])
            return
        self._group.append(parcel)
        self._gathered += size
        if len(self._group) == GROUP or self._gathered >= GROUP_SIZE:
            self.send_off()

    def send_off(self) -> None:
        """Send off what waits for others to travel with."""
        group, self._group, self._gathered = self._group, [], 0
        if group:
            self._dispatch(group)

    def _dispatch(self, group: list[_Parcel]) -> None:
        try:
            self._begin(self._set_out, group)
        except BaseException as error:  # nobody may ever wait for what no thread takes, or be gone before one that did
            for parcel in group:
                if parcel.arrived.cancel():
                    parcel.staged.dispose()
                    self._going[parcel.key] = parcel._replace(arrived=Future())
                    self._going[parcel.key].arrived.set_exception(error)
            raise

    def _set_out(self, group: list[_Parcel]) -> None:
        """Deliver what has not been given up meanwhile."""
        group = [parcel for parcel in group if parcel.arrived.set_running_or_notify_cancel()]
        try:
            if len(group) == 1:
                self._deliver(group[0])
            elif group:
                self._deliver_group(group)
        except BaseException as error:  # an interrupt, if it is no thread of the pool that does it
            for parcel in (each for each in group if not each.arrived.done()):
                parcel.staged.dispose()
                self._tell(parcel, error)
            raise

    def _begin(self, work: Callable[..., None], *arguments: Any) -> None:
        if self._pool is None:
            self._pool = Pool(WORKERS, "lazyscribe-put")
        self._pool.submit(work, *arguments)

    def _deliver_group(self, group: list[_Parcel]) -> None:
        """Ask for all of them at once; those in trouble go on by themselves, side by side."""
        answers: Mapping[str, Answer] = {}
        if not _in_a_loop():
            with suppress(Exception):  # then each asks, and tells what is wrong
                answers = self._ask({parcel.key: parcel.staged for parcel in group})
        for parcel in group:
            answer = answers.get(parcel.key)
            if answer is not None and not isinstance(answer, Trouble):
                parcel.staged.dispose()
                self._tell(parcel, None)
                continue
            self._begin(self._deliver, parcel, answer)

    def _deliver(self, parcel: _Parcel, answer: Answer | None = None) -> None:
        """Create one file; what was staged is kept if the name is taken, to be tried under another."""
        failure: BaseException | None = None
        try:
            with _letting_go(parcel.staged):
                self._put(parcel.key, parcel.staged, answer)
        except BaseException as error:
            failure = error
        self._tell(parcel, failure)

    def _tell(self, parcel: _Parcel, failure: BaseException | None) -> None:
        """Have it known what became of a file."""
        with self._room:
            self._waiting -= parcel.size
            self._room.notify()
        with suppress(InvalidStateError):  # the pool had taken it after all
            if failure is None:
                parcel.arrived.set_result(None)
            else:
                parcel.arrived.set_exception(failure)

    def failed(self) -> dict[str, BaseException]:
        """Wait for all files, and return why those that are not there since the last call are not."""
        self.send_off()
        waiting = [parcel.arrived for parcel in self._going.values()]
        wait_telling(current(), lambda seconds: not wait(waiting, seconds).not_done)
        # an interrupt until here leaves what is known as it was
        going, self._going = self._going, {}
        found: dict[str, BaseException] = {}
        for key, parcel in going.items():
            if (error := parcel.arrived.exception()) is not None:
                found[key] = error
                if isinstance(error, Exists):
                    self._taken[key] = parcel.staged
        return found

    def again(self, taken: str, key: str) -> None:
        """Send off as `key` what was to be `taken`, a name that others had."""
        staged = self._taken[taken]
        size = self._wait_for_room(staged)
        del self._taken[taken]
        self._send(key, staged, size)


def _in_a_loop() -> bool:
    """Whether this thread is the one that asked, and runs coroutines, so that it cannot run others now."""
    from asyncio import get_running_loop

    try:
        get_running_loop()
    except RuntimeError:
        return False
    return True


@contextmanager
def _letting_go(staged: Outgoing) -> Iterator[None]:
    """Let go of what is staged at the end of the block, unless the name turned out to be taken."""
    try:
        yield
    except Exists:
        raise
    except BaseException:
        staged.dispose()
        raise
    staged.dispose()
