"""The calls of local stores, recorded: what may be left of a folder if the power goes after any of them.

The format of events stands in `lazyscribe.testing.power_events`, what a disk may lose in `lazyscribe.testing.disk`::

    calls = RecordingCalls()
    with through(calls):
        before = Folder.read(folder)
        repository.save()  # opened meanwhile
        calls.mark("saved")
    for cut in cuts(before, calls.events):
        cut.restore(elsewhere)
        ...  # open what is there, and look
"""

import os
import threading
from pathlib import Path
from typing import Any, BinaryIO

from lazyscribe.store.oscalls import OsCalls
from lazyscribe.testing.disk import Cut, Folder, cuts
from lazyscribe.testing.power_events import (
    Content,
    Create,
    Event,
    Link,
    Mark,
    Mkdir,
    Rename,
    Sync,
    SyncDir,
    Unlink,
    event,
    plain,
)

__all__ = ["Cut", "Event", "Folder", "RecordingCalls", "cuts", "event", "plain"]


class RecordingCalls(OsCalls):
    """Calls of the operating system that change something, made and recorded. Threads take turns; not for `fork`.

    Only syncing is not done: it is the events that say what would be left. Files should be small, since each write
    takes down all that its file holds.

    Attributes
    ----------
    events
        In the order of the calls. What a failed call may have done is not among them.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._known: dict[int, bytes] = {}
        self._turn = threading.RLock()

    def __reduce__(self) -> tuple[Any, ...]:
        return OsCalls, ()  # what is pickled works elsewhere, and is not recorded there

    def mark(self, label: str) -> None:
        """Take down that something was promised."""
        self.events.append(Mark(label))

    def open_new(self, path: str, mode: int = 0o666) -> BinaryIO:
        """Record a new file."""
        with self._turn:
            file = super().open_new(path, mode)
            self._made(path)
            return file

    def write(self, descriptor: int, data: Any) -> int:
        """Record what the file holds afterwards."""
        with self._turn:
            written = super().write(descriptor, data)
            self._look(descriptor)
            return written

    def fsync(self, path: str, descriptor: int) -> None:
        """Record, and leave it at that."""
        with self._turn:
            self.events.append(Sync(self._look(descriptor)))

    def fsync_dir(self, path: str) -> None:
        """Record, and leave it at that."""
        with self._turn:
            Path(path).stat()
            self.events.append(SyncDir(path))

    def link(self, source: str, target: str) -> None:
        """Record a further name."""
        with self._turn:
            super().link(source, target)
            self.events.append(Link(source, target))

    def replace(self, source: str, target: str) -> None:
        """Record a renaming."""
        with self._turn:
            super().replace(source, target)
            self.events.append(Rename(source, target))

    def unlink(self, path: str) -> None:
        """Record a removal."""
        with self._turn:
            super().unlink(path)
            self.events.append(Unlink(path))

    def mkdir(self, path: str) -> None:
        """Record a new folder."""
        with self._turn:
            super().mkdir(path)
            self.events.append(Mkdir(path))

    def lock(self, path: str, seconds: float) -> Any:
        """Record the file if the lock made it. It is waited for outside the turn."""
        there = os.path.lexists(path)
        held = super().lock(path, seconds)
        with self._turn:
            if not there:
                self._made(path)
        return held

    def _made(self, path: str) -> None:
        inode = Path(path).stat().st_ino
        self._known[inode] = b""
        self.events.append(Create(path, inode))

    def _look(self, descriptor: int) -> int:
        """Take down what an open file holds, if that is news; return its inode."""
        facts = os.fstat(descriptor)
        data = os.pread(descriptor, facts.st_size, 0)
        if self._known.get(facts.st_ino) != data:
            self._known[facts.st_ino] = data
            self.events.append(Content(facts.st_ino, data))
        return facts.st_ino
