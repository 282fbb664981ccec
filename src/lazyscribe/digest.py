"""A file that hashes what is written to it."""

from __future__ import annotations

import io
from typing import Any, BinaryIO

from lazyscribe.facts import digest_of
from lazyscribe.progress import STEP, current

AT_ONCE = 8 << 20
"""Bytes in one piece from which on hashing and writing go on at the same time, each the whole of it."""


class HashingFile(io.BufferedIOBase):
    """A binary file around another one; knows the SHA-256 and size of what was written.

    Writers may seek and write again, as archive formats do; the file is then read once more for its digest. Closing
    only flushes: the store that opened the file closes it.

    Attributes
    ----------
    lasting
        What stays in memory for longer than the file around which this one is: if it is bytes, and written in one
        piece, that file may borrow it.
    """

    def __init__(self, raw: BinaryIO) -> None:
        super().__init__()
        self._raw = raw
        from hashlib import sha256  # loads a library that reading records does not need

        self._hash = sha256()
        self._hashed = 0
        self._in_order = True
        self._moved = False  # away from the end of what was written, perhaps
        self._meter = current()
        self.lasting: object = None

    def write(self, data: Any) -> int:
        """Write bytes or any contiguous buffer; return their number."""
        view = memoryview(data).cast("B")
        write = self._note if self._lends(view) else self._write
        if self._meter is None:
            return write(view)
        for start in range(0, len(view), STEP):
            self._meter.add(write(view[start : start + STEP]))
        return len(view)

    def _lends(self, view: memoryview) -> bool:
        """Whether the file below, which was empty, has borrowed what lasts, and nobody can change."""
        value, borrow = view.obj, getattr(self._raw, "borrow", None)
        if borrow is None or value is not self.lasting or type(value) is not bytes or len(view) < len(value):
            return False
        return self._in_order and not self._moved and bool(borrow(value))

    def _note(self, view: memoryview) -> int:
        """Hash what is in the file below."""
        self._hash.update(view)
        self._hashed += len(view)
        return len(view)

    def _write(self, view: memoryview) -> int:
        if self._moved:
            self._in_order = self._in_order and self._raw.tell() == self._hashed
            self._moved = False
        if not self._in_order:
            return self._raw.write(view)
        self._hashed += len(view)
        if len(view) >= AT_ONCE:
            return self._write_and_hash(view)
        self._hash.update(view)
        return self._raw.write(view)

    def _write_and_hash(self, view: memoryview) -> int:
        """Let a thread hash while this one writes: neither copies, and neither keeps the interpreter from the other."""
        from lazyscribe.pool import Pool

        with Pool(1, "lazyscribe-hash") as pool:
            hashing = pool.submit(self._hash.update, view)
            written = self._raw.write(view)
            hashing.result()
            return written

    def result(self) -> tuple[str, int]:
        """Return the SHA-256 in hexadecimal and the size in bytes of what the file now holds."""
        self._raw.flush()
        if self._in_order:
            return self._hash.hexdigest(), self._hashed
        return digest_of(self._raw)

    def truncate(self, size: int | None = None) -> int:
        """Cut the file."""
        self._in_order = False
        return self._raw.truncate(size)

    def read(self, size: int | None = -1) -> bytes:
        """Read back what was written."""
        self._moved = True
        return self._raw.read(-1 if size is None else size)

    def read1(self, size: int = -1) -> bytes:
        """Read back what was written."""
        self._moved = True
        return self._raw.read(size)

    def readinto(self, buffer: Any) -> int:
        """Read back into `buffer`; return the number of bytes."""
        self._moved = True
        view = memoryview(buffer).cast("B")
        data = self._raw.read(len(view))
        view[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move the position."""
        self._moved = True
        return self._raw.seek(offset, whence)

    def tell(self) -> int:
        """Return the position."""
        return self._raw.tell()

    def flush(self) -> None:
        """Hand everything to the file below."""
        if not self._raw.closed:
            self._raw.flush()

    def close(self) -> None:
        """Flush; the file below stays open."""
        self.flush()

    def readable(self) -> bool:
        """Return True."""
        return True

    def writable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True
