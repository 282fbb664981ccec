"""Large files on their way from a bucket or a server: what comes is put where it belongs, in whatever order."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, TypeAlias, cast

from lazyscribe.exception import UnreachableError
from lazyscribe.store.objects.asking import version_of
from lazyscribe.store.objects.client import PARALLEL, PART

if TYPE_CHECKING:
    from lazyscribe.store.objects.client import Client

Spans: TypeAlias = Generator[tuple[int, int], None, None]
"""Where what has come begins and ends, in order."""

LARGEST = 32 << 20
"""Bytes of a file that are asked for at once, at most."""


class Target(Protocol):
    """Where a file is put together. Any thread may put what no other one does."""

    file: BinaryIO

    def expect(self, start: int, end: int) -> None:
        """Get ready for what is going to be put between two places."""

    def put(self, start: int, piece: bytes) -> None:
        """Keep what begins at `start`."""

    def get(self, start: int, end: int) -> memoryview:
        """Return what has been put there; until the next call."""

    def finish(self) -> BinaryIO:
        """Return the file, at its beginning; nothing can be put or got any more."""

    def give_up(self) -> None:
        """Let go of it."""


class InMemory:
    """A file of that size in memory, of which there is no second copy when all of it is read at once."""

    def __init__(self, size: int) -> None:
        held = io.BytesIO(bytes(size))
        self.file: BinaryIO = held
        self._view = held.getbuffer()

    def expect(self, start: int, end: int) -> None:
        """Have memory found for it."""
        _provide(self._view[start:end])

    def put(self, start: int, piece: bytes) -> None:
        """Copy it there."""
        self._view[start : start + len(piece)] = piece

    def get(self, start: int, end: int) -> memoryview:
        """Return it as it lies there."""
        return self._view[start:end]

    def finish(self) -> BinaryIO:
        """Return the file."""
        self._view.release()
        return self.file

    def give_up(self) -> None:
        """Do nothing: who looks at the error may still hold on to a part of it."""


class OnDisk:
    """A temporary file."""

    def __init__(self) -> None:
        from tempfile import TemporaryFile

        self.file = cast(BinaryIO, TemporaryFile(prefix="lazyscribe-"))  # noqa: SIM115 - the caller closes it
        self._lock = threading.Lock()
        self._buffer = memoryview(bytearray())

    def expect(self, start: int, end: int) -> None:
        """Do nothing."""

    def put(self, start: int, piece: bytes) -> None:
        """Write it there."""
        with self._lock:
            self.file.seek(start)
            self.file.write(piece)

    def get(self, start: int, end: int) -> memoryview:
        """Read it."""
        with self._lock:
            if len(self._buffer) < end - start:
                self._buffer = memoryview(bytearray(end - start))
            self.file.seek(start)
            number = self.file.readinto(self._buffer[: end - start])  # type: ignore[attr-defined]
        return self._buffer[:number]

    def finish(self) -> BinaryIO:
        """Return the file."""
        self.file.seek(0)
        return self.file

    def give_up(self) -> None:
        """Remove the file."""
        self.file.close()


_POPULATE_WRITE = 23


def _provide(view: memoryview) -> None:
    """Have the system find the memory of a buffer that is about to be filled; what it holds stays.

    That is one call that lets other threads run, instead of an interruption at each page while this one holds the
    interpreter's lock. Linux from 5.14 on: ``MADV_POPULATE_WRITE`` in madvise(2). Where it is unknown or refused,
    pages are found when they are touched.
    """
    if sys.platform != "linux":
        return
    try:
        from ctypes import CDLL, addressof, c_char, c_int, c_size_t, c_void_p
    except ImportError:  # a Python that was built without it
        return
    from mmap import PAGESIZE

    begin = addressof(c_char.from_buffer(view))
    first, end = -(-begin // PAGESIZE) * PAGESIZE, (begin + len(view)) // PAGESIZE * PAGESIZE
    if first < end:
        CDLL(None).madvise(c_void_p(first), c_size_t(end - first), c_int(_POPULATE_WRITE))


def part_of(size: int) -> int:
    """Return how many bytes of a file of that size are asked for at once.

    Few requests, yet some for every connection; and they end where the parts of an upload do.
    """
    even = -(-size // PARALLEL)
    return min(-(-even // PART) * PART, LARGEST)


def in_parts(client: Client, found: Any, path: str, target: Target) -> Spans:
    """Put one version of a file into its place, several parts at the same time; yield, in order, what is there.

    The first part is what has begun to come with `found`.
    """
    from collections import deque
    from concurrent.futures import Future

    from lazyscribe.pool import Pool

    size, version = found.meta["size"], version_of(found.meta)
    length = part_of(size)

    def fetch(start: int) -> tuple[int, int]:
        end = min(start + length, size)
        pieces = client.part(path, version, start, end) if start else client.pieces(found, path)
        target.expect(start, end)
        for _ in _put(pieces, start, end, target, client.url(path)):
            pass
        return start, end

    going: deque[Future[tuple[int, int]]] = deque()
    pool = Pool(PARALLEL, "lazyscribe-fetch")
    try:
        for start in range(0, size, length):
            going.append(pool.submit(fetch, start))
            if len(going) > PARALLEL:
                yield going.popleft().result()
        while going:
            yield going.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def in_order(client: Client, found: Any, path: str, target: Target) -> Spans:
    """Put a file into its place as it comes; yield what is there."""
    return _put(client.pieces(found, path), 0, found.meta["size"], target, client.url(path))


def _put(pieces: Iterator[bytes], start: int, end: int, target: Target, url: str) -> Spans:
    """Put what comes between two places, and no more than belongs there."""
    place = start
    for piece in pieces:
        kept = piece[: end - place]
        target.put(place, kept)
        yield place, place + len(kept)
        place += len(kept)
        if place == end:
            return
    raise UnreachableError(f"{url} broke off after {place} bytes; try again.", path=url)
