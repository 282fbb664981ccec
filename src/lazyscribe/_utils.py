"""Small things that every layer needs: the clock, the user, the registry as writers see it, an open buffer."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lazyscribe.exception import UsageError
from lazyscribe.registry import registry

if TYPE_CHECKING:
    from threading import Lock

__all__ = [
    "EDITS",
    "EditCounter",
    "OpenBytes",
    "present",
    "registry",
    "unnested",
    "user_name",
    "utcnow",
    "without_collections",
]


def utcnow() -> datetime:
    """Return the present time as naive UTC with microseconds."""
    return datetime.now(UTC).replace(tzinfo=None)


def present() -> datetime:
    """Return what `utcnow` says at this call: the default of fields, so that tests may put another clock there."""
    return utcnow()


def user_name() -> str:
    """Return the login name; where the machine knows none, ``"unknown"``."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return os.environ.get("USER", "unknown")


def unnested(busy: Lock, path: str) -> Lock:
    """Return a lock that is to be held while the file at `path` is saved or read by a thread that no other disturbs.

    Raises
    ------
    UsageError
        It is held, so it is this thread that is at it.
    """
    if busy.locked():
        message = (
            f"{path} is being saved or read right now, and this is asked for within that, by a callback or a signal "
            "handler; do it once that has ended."
        )
        raise UsageError(message, path=path)
    return busy


@contextmanager
def without_collections() -> Iterator[None]:
    """Let the garbage collector rest while many objects are made that all stay: it would look at them again and again.

    It rests in all threads; it is woken only if it was awake. If very many were made, they count as old ones from then
    on: else it would begin by going through all of them. Not where the program has frozen objects of its own.
    """
    import gc

    awake = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if awake:
            if gc.get_count()[0] > MANY and not gc.get_freeze_count():
                gc.freeze()  # and so, a moment later, among the old ones
                gc.unfreeze()
            gc.enable()


MANY = 20_000
"""Objects, made while the collector rested, that are too many to go through at once."""


class OpenBytes(io.BytesIO):
    """A buffer that a writer may close without losing it."""

    def close(self) -> None:
        """Do nothing: the memory goes with the object."""


class EditCounter:
    """Counts assignments to the fields that look-up tables are made of.

    A table remembers the count it was built at and is built again when the count has moved. The count only ever
    grows, so a lost increment between two threads still leaves it different from what a table remembers.
    """

    def __init__(self) -> None:
        self.count = 0

    def on_setattr(self, instance: Any, attribute: Any, value: Any) -> Any:  # noqa: ARG002 - attrs' signature
        """Count one assignment; to be used as an attrs ``on_setattr`` hook."""
        self.count += 1
        return value


EDITS = EditCounter()
