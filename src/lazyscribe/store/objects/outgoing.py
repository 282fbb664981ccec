"""A new file on its way to a bucket: staged on this machine, and, if it is large, travelling while it is written."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from lazyscribe.progress import current, wait_telling
from lazyscribe.store.objects.asking import Version
from lazyscribe.store.objects.client import PART
from lazyscribe.store.objects.trouble import Refused
from lazyscribe.store.staging import IN_MEMORY, Staging

if TYPE_CHECKING:
    from lazyscribe.store.objects.client import Client
    from lazyscribe.store.objects.trouble import Trouble

CLAIM = b"A file of lazyscribe is on its way to this place.\n"
"""What holds the name of a large file until its parts have arrived."""


class _Rewritten(Exception):  # noqa: N818 - it ends an upload, and never leaves this module
    """What had been sent was written anew, or not at all in the end."""


class Outgoing(Staging):
    """What is staged for one file. Above 8 MiB its parts are sent in the background, as long as they come in order.

    If something that was sent is written over, all is sent again at the end, from what is staged. What is borrowed
    travels from where it is.

    Parameters
    ----------
    path
        Where it goes, unless that turns out to be taken: then `deliver` may be asked for another place.
    """

    def __init__(self, client: Client, path: str) -> None:
        super().__init__()
        self._client = client
        self._path = path
        self._identity = os.urandom(16).hex()
        self._sender: threading.Thread | None = None
        self._claimed: Version | None = None
        self._arrived: Version | None = None
        self._error: BaseException | None = None
        self._change = threading.Condition()
        self._in_order = True
        self._written = self._flushed = self._sent = 0
        self._ended = False
        self._meter = current()

    # Writing

    def write(self, data: Any) -> int:
        """Write, and send what has become a part."""
        view = memoryview(data).cast("B")
        for start in range(0, len(view), PART):
            piece, position = view[start : start + PART], self.tell()
            super().write(piece)
            if self._in_order:
                self._advance(position, position + len(piece))
        return len(view)

    def borrow(self, value: bytes) -> bool:
        """Borrow, and send all of it."""
        if not super().borrow(value):
            return False
        if self._in_order:
            self._written = len(value)
            self._release()
        return True

    def truncate(self, size: int | None = None) -> int:
        """Cut or extend what is staged."""
        self._give_up()
        return super().truncate(size)

    def _advance(self, start: int, end: int) -> None:
        if start < self._flushed:
            self.flush()  # or the sender would read what was there before
        with self._change:
            in_order = hasattr(os, "pread") and self._sent <= start <= self._written
            self._written = max(self._written, end)
        if not in_order:
            self._give_up()
        elif self._written > IN_MEMORY and self._written - self._flushed >= PART:
            self._release()

    def _release(self) -> None:
        """Let go what is written so far."""
        self.flush()
        if self._sender is None and not self._begin():
            return
        self._expect(self._written - self._flushed)
        with self._change:
            self._flushed = self._written
            self._change.notify_all()

    def _begin(self) -> bool:
        """Begin to send; where there are no more threads all of it is sent at the end."""
        self._sender = threading.Thread(target=self._send, name="lazyscribe-send")
        try:
            self._sender.start()
        except RuntimeError:
            self._sender = None
            self._give_up()
            return False
        return True

    def _expect(self, number: int) -> None:
        """Have it told that so many bytes more are to travel."""
        if self._meter is not None:
            self._meter.expect(number)

    def _give_up(self) -> None:
        """Send no more of it before it is complete."""
        with self._change:
            self._in_order = False
            self._change.notify_all()

    # Sending

    def _send(self) -> None:
        try:
            self._claimed = self._client.create(self._path, CLAIM, self._identity)
            self._arrived = self._client.send(self._path, self._parts(), self._identity)
        except BaseException as error:
            self._error = error

    def _parts(self) -> Iterator[bytes | memoryview]:
        """Yield the parts, each once it has been let go."""
        while True:
            with self._change:
                self._change.wait_for(self._is_more_known)
                if not self._in_order:
                    raise _Rewritten
                start, size = self._sent, min(PART, self._flushed - self._sent)
                self._sent += size
            if size == 0:
                return
            yield self.piece(start, size)
            if self._meter is not None:
                self._meter.add(size)

    def _all_parts(self, size: int) -> Iterator[bytes | memoryview]:
        return (self.piece(start, min(PART, size - start)) for start in range(0, size, PART))

    def _is_more_known(self) -> bool:
        return self._ended or not self._in_order or self._flushed - self._sent >= PART

    # The end

    def small(self, path: str) -> tuple[str, bytes, str] | None:
        """Return path, content and identity of what goes in one piece, to be asked for with others."""
        if self._sender is not None or self.seek(0, os.SEEK_END) > IN_MEMORY:
            return None
        self.seek(0)
        return path, self.read(), self._identity

    def deliver(self, path: str, answer: Version | Trouble | None = None) -> None:
        """See to it that all of it is there; if that fails, that nothing holds its name but a whole file.

        Parameters
        ----------
        answer
            What was said when it was asked for with others.

        Raises
        ------
        Refused
            The place is taken. What is staged is kept, to be delivered elsewhere.
        Failed
            It is not there, or may be there and could not be removed.
        """
        size = self.seek(0, os.SEEK_END)
        if self._sender is not None:
            self._wait()
        try:
            self._complete(path, size, answer)
        except Refused:
            raise
        except BaseException:
            if size > IN_MEMORY or self._claimed is not None:
                self._give_back(path)
            raise

    def _give_back(self, path: str) -> None:
        """Remove what claims the name. A whole file stays: who copies may have found and named it meanwhile."""
        self._client.take_back(path, len(CLAIM), self._identity)

    def _complete(self, path: str, size: int, answer: Version | Trouble | None) -> None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        if self._arrived is None and self._claimed is not None and self._in_order:
            self._arrived = self._client.replaced(path, size, self._claimed)
        if self._arrived is not None:
            return
        if size <= IN_MEMORY and self._claimed is None:
            self.seek(0)
            self._client.create(path, self.read(), self._identity, answer)
            return
        if self._claimed is None:
            self._claimed = self._client.create(path, CLAIM, self._identity)
        self.flush()
        parts = partial(self._all_parts, size)
        self._arrived = self._client.upload(path, parts, size, (self._claimed, self._identity))

    def _wait(self) -> None:
        """Wait for the sender, which is to send all there is."""
        assert self._sender is not None
        self.flush()
        self._expect(self._written - self._flushed)
        with self._change:
            self._flushed, self._ended = self._written, True
            self._change.notify_all()
        wait_telling(self._meter, self._is_sent)
        self._sender = None

    def _is_sent(self, seconds: float | None) -> bool:
        assert self._sender is not None
        self._sender.join(seconds)
        return not self._sender.is_alive()

    def dispose(self) -> None:
        """Let go of it; what was sent of a file that is not delivered is removed."""
        if self._sender is not None:
            self._give_up()
            self._sender.join()
            self._sender = None
            if self._claimed is not None:
                self._give_back(self._path)
        super().dispose()
