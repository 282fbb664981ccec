"""How far a piece of work has come: told to a callback, or shown as a bar once it takes more than two seconds.

Whoever is asked for work that may be long (a save, a load, a promotion, a check, a copy) does it in a block of
`following`. What moves bytes below finds the meter of that block with `current` and adds to it; where nobody is to be
told there is none, and nothing is counted. A bar is drawn by tqdm, which is imported when the two seconds are over.
"""

from __future__ import annotations

import os
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, Literal, NoReturn, TypeAlias

from lazyscribe.exception import InvalidArgumentError

Progress: TypeAlias = Callable[[int, int], object]
"""Called as ``progress(done, total)``, in bytes, in the thread that asked for the work, about ten times a second.

`done` never falls, `total` is never less, and in the last call both are equal. `total` is what is known by then: a
value whose size only writing it tells counts as it is written. What the callback raises ends the work, of which
nothing stays, and goes up as it is.
"""

Followed: TypeAlias = "Progress | Literal[False] | None"
"""Who is told: a callback; nobody; or ``None`` for a bar, where there is a terminal or a notebook to show one."""

INTERVAL = 0.1
"""Seconds between two calls of a callback."""

DELAY = 2.0
"""Seconds that work may take without a bar."""

STEP = 32 << 20
"""Bytes of one large piece after which is told how far it has come."""


class Cancelled(Exception):  # noqa: N818 - it is no error: the caller's own goes up
    """The caller's thread was interrupted; nobody waits for the result."""


class _Stopped(BaseException):
    """The callback raised ``reason``: on its way up, past libraries that catch every `Exception`."""

    def __init__(self, reason: BaseException) -> None:
        super().__init__(reason)
        self.reason = reason


_CURRENT: ContextVar[Meter | None] = ContextVar("lazyscribe-progress", default=None)


class Meter:
    """How many bytes are done and how many there will be; any thread may add.

    Only the thread that made it tells the callback.

    Parameters
    ----------
    wait
        Seconds in which nothing is told.
    """

    def __init__(self, progress: Progress | None, wait: float = 0.0) -> None:
        self._progress = progress
        self._owner = threading.get_ident()
        self._lock = threading.Lock()
        self._begin = self._next = time.monotonic() + wait
        self._stopped = False
        self._told = (-1, -1)
        self._expected = 0
        self.failure: BaseException | None = None
        self.done = 0

    @property
    def total(self) -> int:
        """Bytes that there will be, as far as is known."""
        return max(self._expected, self.done)

    def expect(self, number: int) -> None:
        """Raise the total."""
        with self._lock:
            self._expected += number

    def add(self, number: int) -> None:
        """Note bytes that are done.

        Raises
        ------
        Cancelled
            `stop` was called.
        """
        with self._lock:
            self.done += number
        if self._stopped:
            raise Cancelled
        if threading.get_ident() == self._owner and time.monotonic() >= self._next:
            self.tell()

    @property
    def tells_here(self) -> bool:
        """Whether this thread is the one that tells, and the callback has not raised."""
        return self.failure is None and threading.get_ident() == self._owner

    def stop(self) -> None:
        """Let the threads that add end soon."""
        self._stopped = True

    def tell(self) -> None:
        """Call the callback if there is anything new."""
        if self.failure is not None:
            raise _Stopped(self.failure)
        state = (self.done, self.total)
        now = time.monotonic()
        if self._progress is None or state == self._told or now < self._begin:
            return
        self._told, self._next = state, now + INTERVAL
        try:
            with apart():
                self._progress(*state)
        except BaseException as error:
            self.failure = error
            raise _Stopped(error) from error

    @contextmanager
    def part(self, sizes: Iterable[int]) -> Iterator[None]:
        """Expect what the block will add; when it ends, that is known for certain, and told.

        For the thread that tells, while no other one adds to what is expected.
        """
        done, expected = self.done, self._expected
        self.expect(sum(sizes))
        yield
        with self._lock:
            self._expected = expected + self.done - done
        self.tell()


def current() -> Meter | None:
    """Return the meter of the work that this thread does; ``None`` if nobody is to be told."""
    return _CURRENT.get()


@contextmanager
def apart() -> Iterator[None]:
    """Do what is no part of the work that is told of: what a callback does, or taking back what the work did."""
    before = _CURRENT.set(None)
    try:
        yield
    finally:
        _CURRENT.reset(before)


@contextmanager
def following(followed: Followed, title: str, needed: bool = False) -> Iterator[Meter | None]:
    """Do the work of the block under a meter, if anybody is to be told; work within other work is part of that.

    Parameters
    ----------
    title
        What stands before a bar.
    needed
        Whether there has to be a meter, by which threads are stopped, even if nobody is told.
    """
    if (outer := _CURRENT.get()) is not None:
        yield outer
        return
    bar = _Bar(title) if followed is None and _can_show() else None
    told = bar if followed is None else (followed or None)
    if told is None and not needed:
        yield None
        return
    meter = Meter(told, DELAY if bar is not None else 0.0)
    before = _CURRENT.set(meter)
    notes: list[str] = []
    try:
        yield meter
    except _Stopped as stopped:
        notes = getattr(stopped, "__notes__", [])
    finally:
        _CURRENT.reset(before)
        if bar is not None:
            bar.close()
    if meter.failure is not None:  # also where a library has swallowed it
        for note in notes:
            meter.failure.add_note(note)
        _raise_as_it_was(meter.failure)


def _raise_as_it_was(error: BaseException) -> NoReturn:
    """Raise again what the callback has raised: what is handled here, which brought it up, is none of its causes."""
    context = error.__context__
    try:
        raise error
    finally:
        error.__context__ = context


@contextmanager
def part(sizes: Iterable[int]) -> Iterator[None]:
    """Do what `Meter.part` does for the meter of this thread, if there is one; else `sizes` are not asked for."""
    meter = _CURRENT.get()
    if meter is None:
        yield
        return
    with meter.part(sizes):
        yield


def adding(number: int) -> Callable[[int], object]:
    """Expect `number` bytes more, if anybody is to be told; return what is to be called with those that are done."""
    meter = _CURRENT.get()
    if meter is None:
        return lambda _: None
    meter.expect(number)
    return meter.add


class Counted:
    """A file that is read from its beginning, each piece counted: by stores, what goes up."""

    def __init__(self, source: Any, meter: Meter) -> None:
        self._source, self._meter = source, meter
        meter.expect(source.seek(0, os.SEEK_END))
        source.seek(0)

    def read(self, size: int) -> bytes:
        """Read and count."""
        piece: bytes = self._source.read(size)
        self._meter.add(len(piece))
        return piece


def counted(source: Any) -> Any:
    """Return `source`, an open file, at its beginning; if anybody is to be told, so that reading it is counted."""
    meter = _CURRENT.get()
    if meter is not None:
        return Counted(source, meter)
    source.seek(0)
    return source


def wait_telling(meter: Meter | None, wait: Callable[[float | None], bool]) -> None:
    """Wait for other threads, and tell meanwhile how far they have come, if it is this thread that tells.

    Parameters
    ----------
    wait
        Waits as many seconds at most, or for ever; returns whether there is nothing left to wait for.
    """
    if meter is None or not meter.tells_here:
        wait(None)
        return
    while not wait(INTERVAL):
        meter.tell()


def checked(followed: Any) -> Followed:
    """Return what was given as ``progress``.

    Raises
    ------
    InvalidArgumentError
        It is something else.
    """
    if followed is None or followed is False or callable(followed):
        known: Followed = followed
        return known
    message = f"progress must be a function of two numbers, None for a bar or False for none, not {followed!r:.80}."
    raise InvalidArgumentError(message, progress=followed)


def size_of(value: Any) -> int:
    """Return how many bytes a value will take in its file, or 0 where only writing it tells."""
    if isinstance(value, (bytes, bytearray)):
        return len(value)
    if (type(value).__module__, type(value).__name__) == ("numpy", "ndarray"):
        return int(value.nbytes)
    if isinstance(value, os.PathLike):
        with suppress(OSError, ValueError):  # the handler will say what is wrong with it
            return _size_on_disk(os.fspath(value))
    return 0


def _size_on_disk(path: str) -> int:
    found = os.stat(path)  # noqa: PTH116 - a path that users may have subclassed
    if not stat.S_ISDIR(found.st_mode):
        return found.st_size
    with os.scandir(path) as entries:
        return sum(_size_on_disk(each.path) for each in entries if not each.is_symlink())


# Bars


def _can_show() -> bool:
    """Whether somebody would see a bar."""
    try:
        return (sys.stderr is not None and sys.stderr.isatty()) or _in_notebook()
    except ValueError:  # it is closed
        return False


def _in_notebook() -> bool:
    """Whether this process is the kernel of a notebook; nothing is imported to find out."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and "IPKernelApp" in shell.config


class _Bar:
    """A callback that draws. Whatever goes wrong with drawing, the work goes on."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._bar: Any = None
        self._gone = False

    def __call__(self, done: int, total: int) -> None:
        if self._gone:
            return
        try:
            known = total if total > done else None
            if self._bar is None:
                self._bar = _new_bar(self._title, known)
            elif known is not None and known != self._bar.total:
                begun = self._bar.start_t
                self._bar.reset(known)
                self._bar.start_t = begun
            self._bar.update(done - self._bar.n)
        except Exception:
            self._gone = True

    def close(self) -> None:
        """Take the bar away; nothing of it stays."""
        if self._bar is not None:
            with suppress(Exception):
                self._bar.close()


def _new_bar(title: str, total: int | None) -> Any:
    """Return a bar of tqdm; an `ImportError` where it is not installed."""
    from importlib import import_module
    from importlib.util import find_spec

    options = {
        **{"desc": title, "total": total, "unit": "B", "unit_scale": True, "unit_divisor": 1024},
        **{"leave": False, "dynamic_ncols": True, "mininterval": 0, "miniters": 1, "delay": DELAY},
    }
    if _in_notebook() and find_spec("ipywidgets") is not None:
        bar = _without_thread(import_module("tqdm.notebook").tqdm)(**options)
    else:  # without widgets, too, a line of text does
        bar = _without_thread(import_module("tqdm.std").tqdm)(file=sys.stderr, **options)
    bar.start_t -= DELAY  # not there if tqdm was told to show nothing
    return bar


def _without_thread(kind: Any) -> Any:
    """Return tqdm's class without the thread that looks after bars: ours are told often enough."""
    return type(kind.__name__, (kind,), {"monitor_interval": 0})
