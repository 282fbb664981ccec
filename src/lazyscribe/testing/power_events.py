"""Events: what was done to a disk, call by call, so that `lazyscribe.testing.disk` can tell what a power cut leaves.

This module needs the standard library alone and can be loaded by its path: whoever records a program that cannot
import this package needs nothing else. `lazyscribe.testing.power` records local stores.

An event is a NamedTuple. As plain data, for JSON, it is a list: the name of its class in lower case, then its fields
(`plain`, `event`)::

    ["create", path, inode]         an empty file was made under a free name
    ["content", inode, data]        what the whole file holds now: after a write, a truncation, a mapping
    ["sync", inode]                 fsync of the file has returned
    ["mkdir", path]
    ["rmdir", path]
    ["link", source, target]
    ["rename", source, target]      whatever file was at the target; files and folders
    ["unlink", path]
    ["syncdir", path]               fsync of the folder has returned
    ["mark", label]                 something was promised, such as "save 2 returned"

Paths are absolute, or relative to the root of the `Folder` that was read before, without symbolic links. Inodes are
those of the system (``st_ino``); one that is used again by a later ``create`` is another file. `data` is bytes, in
plain data a text of as many characters (Latin-1). An event is noted after its call has returned.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias, cast


class Create(NamedTuple):
    """An empty file was made under a free name."""

    path: str
    inode: int


class Content(NamedTuple):
    """What the whole file holds now."""

    inode: int
    data: bytes


class Sync(NamedTuple):
    """The content of a file is on the disk."""

    inode: int


class Mkdir(NamedTuple):
    """A folder was made."""

    path: str


class Rmdir(NamedTuple):
    """An empty folder was removed."""

    path: str


class Link(NamedTuple):
    """A file got a further name."""

    source: str
    target: str


class Rename(NamedTuple):
    """A file or a folder got another name, whatever file had it."""

    source: str
    target: str


class Unlink(NamedTuple):
    """A name of a file was removed."""

    path: str


class SyncDir(NamedTuple):
    """The names in a folder are on the disk."""

    path: str


class Mark(NamedTuple):
    """Something was promised."""

    label: str


Event: TypeAlias = Create | Content | Sync | Mkdir | Rmdir | Link | Rename | Unlink | SyncDir | Mark

_KINDS: Final[dict[str, Any]] = {
    kind.__name__.lower(): kind for kind in (Create, Content, Sync, Mkdir, Rmdir, Link, Rename, Unlink, SyncDir, Mark)
}


def plain(happened: Event) -> list[Any]:
    """Return an event as a list that JSON can hold."""
    fields = [field.decode("latin-1") if isinstance(field, bytes) else field for field in happened]
    return [type(happened).__name__.lower(), *fields]


def event(listed: Sequence[Any]) -> Event:
    """Return the event that `plain` made a list of."""
    kind, *fields = listed
    if kind == "content" and isinstance(fields[1], str):
        fields[1] = fields[1].encode("latin-1")
    return cast(Event, _KINDS[kind](*fields))
