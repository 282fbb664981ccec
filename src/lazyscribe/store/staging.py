"""Where content waits, on this machine, until it is complete. Imported only when something is written."""

from __future__ import annotations

import io
import os
import tempfile
from typing import Any

IN_MEMORY = 8 << 20
"""Bytes above which staged content goes to a temporary file."""


class Staging(io.BufferedIOBase):
    """A file that the writer may close without losing it: in memory up to 8 MiB, then a temporary one.

    What is borrowed stays where it is, of whatever size, unless something else is written: then it is copied.
    """

    def __init__(self) -> None:
        super().__init__()
        self._file: Any = self._temporary()
        self._borrowed: memoryview | None = None

    def _temporary(self) -> tempfile.SpooledTemporaryFile[bytes]:
        return tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, mode="w+b")

    def borrow(self, value: bytes) -> bool:
        """Let all of the file be `value`, and be at its end; whether that is worth while, and possible.

        For what is in memory anyway until the file is disposed of.
        """
        if len(value) <= IN_MEMORY or self.size():
            return False
        self._file.close()
        self._file, self._borrowed = io.BytesIO(value), memoryview(value)  # which shares the bytes until it is written
        self.seek(0, os.SEEK_END)
        return True

    def _own(self) -> None:
        """Copy what is borrowed, to be changed."""
        if self._borrowed is None:
            return
        file = self._temporary()
        try:
            file.rollover()
            file.write(self._borrowed)
            file.flush()
            file.seek(self.tell())
        except BaseException:
            file.close()
            raise
        self._file, self._borrowed = file, None  # in this order: another thread may be in `piece`

    def size(self) -> int:
        """Return how many bytes there are."""
        position = self.tell()
        try:
            return self.seek(0, os.SEEK_END)
        finally:
            self.seek(position)

    def piece(self, start: int, size: int) -> bytes | memoryview:
        """Return what has been flushed, from `start` on; without moving, where the system can do that."""
        if (borrowed := self._borrowed) is not None:
            return borrowed[start : start + size]
        if hasattr(os, "pread"):
            return os.pread(self.fileno(), size, start)
        self.seek(start)
        return self.read(size)

    def write(self, data: Any) -> int:
        """Write."""
        self._own()
        return int(self._file.write(data))

    def truncate(self, size: int | None = None) -> int:
        """Cut or extend it, as files are."""
        self._own()
        size = self.tell() if size is None else size
        if size > self.size():
            self._file.rollover()  # what is in memory would not be extended
        return int(self._file.truncate(size))

    def read(self, size: int | None = -1) -> bytes:
        """Read."""
        return bytes(self._file.read(-1 if size is None else size))

    def read1(self, size: int = -1) -> bytes:
        """Read."""
        return self.read(size)

    def readinto(self, buffer: Any) -> int:
        """Read into `buffer`."""
        return int(self._file.readinto(buffer))

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move the position."""
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        """Return the position."""
        return int(self._file.tell())

    def flush(self) -> None:
        """Hand everything to the system."""
        self._file.flush()

    def fileno(self) -> int:
        """Return the descriptor of the temporary file, which there is from then on."""
        return int(self._file.fileno())

    def readable(self) -> bool:
        """Return True."""
        return True

    def writable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def close(self) -> None:
        """Do nothing; `dispose` closes."""

    def dispose(self) -> None:
        """Close, and so remove, the temporary file."""
        self._borrowed = None
        self._file.close()
