"""A simulated disk: what may be left of a folder when the power goes, given the calls that were made until then.

The calls are events of `lazyscribe.testing.power_events`.

The model is strict. What POSIX does not promise may not happen, and what POSIX leaves open may happen in any
combination:

- A file that was not synced since it was changed holds what it held when it was last synced (nothing, if it never
  was), or what it held at any moment since, or half of that: cut off, followed by zeros, or followed by older bytes.
- Each change of a name (create, link, rename, unlink, mkdir, rmdir) is lost or kept by itself, until its folder is
  synced. Syncing a file does not keep its name, syncing a folder keeps neither the files' contents nor the folder's
  own name: fsync(2) says so of Linux.
- A rename is atomic: either both names changed or none, within a folder and across folders, and syncing one of its two
  folders keeps both. This is an assumption. POSIX asks it of a running system only; Pillai et al., "All File Systems
  Are Not Created Equal" (OSDI 2014), found in crashes too that file systems which journal or copy on write rename as a
  whole. A link and an unlink are one change of one name each.
- Synced data and names stay: the disk does what it says.
"""

import itertools
import math
import os
import random as randoms
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from lazyscribe.testing.power_events import (
    Content,
    Create,
    Event,
    Link,
    Mark,
    Mkdir,
    Rename,
    Rmdir,
    Sync,
    SyncDir,
    Unlink,
)

# Before


class Folder(NamedTuple):
    """What a folder holds, all of it on the disk.

    Attributes
    ----------
    root
        Its path, absolute.
    folders
        The folders below it, relative, each after the one it lies in.
    files
        The inode of each file, by relative path.
    contents
        By inode.
    """

    root: str
    folders: tuple[str, ...]
    files: dict[str, int]
    contents: dict[int, bytes]

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "Folder":
        """Read `path`, which must be there, and nothing in it a symbolic link."""
        root = Path(path).resolve(strict=True)
        found = [(each.relative_to(root).as_posix(), each) for each in sorted(root.rglob("*"))]
        files = {name: each for name, each in found if not each.is_dir()}
        inodes = {name: each.stat().st_ino for name, each in files.items()}
        return cls(
            str(root),
            tuple(name for name, each in found if each.is_dir()),
            inodes,
            {inodes[name]: each.read_bytes() for name, each in files.items()},
        )


# The disk


class _File:
    """A file; `states` are its contents from the one on the disk to the newest."""

    def __init__(self, data: bytes = b"") -> None:
        self.states = [data]

    def possible(self) -> list[bytes]:
        """Return what it may hold after a power cut, the one on the disk first."""
        if len(self.states) == 1:
            return self.states
        old, new = self.states[0], self.states[-1]
        half, rest = new[: len(new) // 2], len(new) - len(new) // 2
        return list(dict.fromkeys([*self.states, half, half + bytes(rest), half + old[len(half) :]]))


class _Names:
    """A folder; two are never equal."""


_Node: TypeAlias = _File | _Names
_Tables: TypeAlias = dict[_Names, dict[str, _Node]]


class _Change:
    """Names that change together: each gets another node, or none. `kept` once it is on the disk."""

    def __init__(self, *names: tuple[_Names, str, _Node | None]) -> None:
        self.names, self.kept = names, False

    def apply(self, tables: _Tables) -> None:
        for folder, name, node in self.names:
            table = tables.setdefault(folder, {})
            if node is None:
                table.pop(name, None)
            else:
                table[name] = node


class _Disk:
    """What programs see now, what is on the disk, and the changes between the two in their order."""

    def __init__(self, before: Folder) -> None:
        self.root, self.top = Path(before.root), _Names()
        self.files = {inode: _File(data) for inode, data in before.contents.items()}
        self.elsewhere: dict[Path, _Names] = {}
        self.seen: _Tables = {}
        self.base: _Tables = {}
        self.changes: list[_Change] = []
        self.marks: list[str] = []
        for path in before.folders:
            self.change((*self.place(path), _Names()))
        for path, inode in before.files.items():
            self.change((*self.place(path), self.files[inode]))
        for change in self.changes:
            change.kept = True
        self.settle()

    def place(self, path: str) -> tuple[_Names, str]:
        """Return the folder of `path`, as programs see it, and the last name. A folder elsewhere was always there."""
        whole = self.whole(path)
        if whole == self.root or not whole.is_relative_to(self.root):
            return self.elsewhere.setdefault(whole.parent, _Names()), whole.name
        folder = self.top
        for part in whole.relative_to(self.root).parts[:-1]:
            found = self.seen.get(folder, {}).get(part)
            if not isinstance(found, _Names):
                raise FileNotFoundError(f"no folder {whole.parent}")
            folder = found
        return folder, whole.name

    def whole(self, path: str) -> Path:
        """Return an absolute path without ``..``."""
        return Path(os.path.normpath(self.root / path))

    def node(self, path: str) -> _Node:
        """Return what programs see at `path`."""
        whole = self.whole(path)
        if whole == self.root:
            return self.top
        folder, name = self.place(path)
        try:
            return self.seen[folder][name]
        except KeyError:
            raise FileNotFoundError(f"nothing at {path}") from None

    def free(self, path: str) -> tuple[_Names, str]:
        """Return the place of `path`, where nothing may be."""
        folder, name = self.place(path)
        if name in self.seen.get(folder, {}):
            raise FileExistsError(f"something at {path}")
        return folder, name

    def change(self, *names: tuple[_Names, str, _Node | None]) -> None:
        change = _Change(*names)
        change.apply(self.seen)
        self.changes.append(change)

    def happen(self, event: Event) -> None:  # noqa: C901 - one case an event
        """Let an event happen."""
        match event:
            case Create(path, inode):
                self.files[inode] = _File()
                self.change((*self.free(path), self.files[inode]))
            case Content(inode, data):
                self.files[inode].states.append(data)
            case Sync(inode):
                del self.files[inode].states[:-1]
            case Mkdir(path):
                self.change((*self.free(path), _Names()))
            case Link(source, target):
                self.change((*self.free(target), self.node(source)))
            case Rename(source, target):
                node = self.node(source)
                if self.seen.get(self.place(target)[0], {}).get(self.place(target)[1]) is not node:
                    self.change((*self.place(source), None), (*self.place(target), node))
            case Unlink(path) | Rmdir(path):
                self.node(path)
                self.change((*self.place(path), None))
            case SyncDir(path):
                self.sync_names(path)
            case Mark(label):
                self.marks.append(label)

    def sync_names(self, path: str) -> None:
        folder: _Node | None = self.elsewhere.get(self.whole(path))
        if folder is None and self.whole(path).is_relative_to(self.root):
            folder = self.node(path)
        for change in self.changes:
            change.kept = change.kept or any(each is folder for each, _, _ in change.names)
        self.settle()

    def settle(self) -> None:
        """Put into the base what is on the disk and comes before every change that may be lost."""
        while self.changes and self.changes[0].kept:
            self.changes.pop(0).apply(self.base)

    def open(self) -> tuple[list[_Change], list[_File]]:
        """Return what may be lost: changes of names, and files' contents."""
        files = [file for file in self.files.values() if len(file.states) > 1]
        return [change for change in self.changes if not change.kept], files

    def tree(self, lost: Collection[_Change], contents: Mapping[_File, bytes]) -> dict[str, bytes | None]:
        """Return what is there if these changes are lost and these files hold that; ``None`` is a folder."""
        tables = {folder: dict(table) for folder, table in self.base.items()}
        for change in self.changes:
            if change not in lost:
                change.apply(tables)
        found: dict[str, bytes | None] = {}
        below = [("", self.top)]
        while below:
            path, folder = below.pop()
            for name, node in tables.get(folder, {}).items():
                if isinstance(node, _Names):
                    found[path + name] = None
                    below.append((path + name + "/", node))
                else:
                    found[path + name] = contents.get(node, node.states[-1])
        return found


# The cuts


class Cut(NamedTuple):
    """A power cut.

    Attributes
    ----------
    number
        How many events had happened.
    loss
        What became of what was not synced: ``lost``; ``kept``; ``half`` (names kept, contents half-written); ``empty``
        (names kept, contents lost); ``some`` (each for itself).
    after
        The labels of the marks that had been passed.
    tree
        Every path that is left and its content, ``None`` for a folder.
    """

    number: int
    loss: str
    after: tuple[str, ...]
    tree: dict[str, bytes | None]

    def restore(self, folder: str | os.PathLike[str]) -> None:
        """Write what is left into `folder`, which is empty or missing."""
        root = Path(folder)
        root.mkdir(exist_ok=True)
        for path, data in sorted(self.tree.items()):
            if data is None:
                (root / path).mkdir()
            else:
                with (root / path).open("xb") as file:
                    file.write(data)


def cuts(
    before: Folder, events: Iterable[Event], random: randoms.Random | None = None, samples: int = 0
) -> Iterator[Cut]:
    """Yield what a power cut may leave after each prefix of `events`, the empty one and the whole included.

    What is left by an earlier cut after the same marks is not yielded again.

    Parameters
    ----------
    random, samples
        How many combinations of losses are tried for each prefix beside the four plain ones: all, if there are no more
        than `samples`, else so many random ones.

    Raises
    ------
    ValueError
        An event cannot have happened: nothing is at the path it names, something is where it made something, or the
        inode is unknown.
    """
    disk, random = _Disk(before), random or randoms.Random(0)  # noqa: S311 - no secret
    known: set[tuple[int, frozenset[tuple[str, bytes | None]]]] = set()
    for number, event in enumerate(itertools.chain([None], events)):
        try:
            if event is not None:
                disk.happen(event)
        except (OSError, KeyError) as error:
            raise ValueError(f"Event {number - 1} cannot have happened, {error!s}: {event!r:.200}") from error
        for loss, tree in _trees(disk, random, samples):
            key = len(disk.marks), frozenset(tree.items())
            if key not in known:
                known.add(key)
                yield Cut(number, loss, tuple(disk.marks), tree)


def _trees(disk: _Disk, random: randoms.Random, samples: int) -> Iterator[tuple[str, dict[str, bytes | None]]]:
    changes, files = disk.open()
    yield "lost", disk.tree(changes, {file: file.states[0] for file in files})
    yield "kept", disk.tree([], {})
    yield "half", disk.tree([], {file: file.states[-1][: len(file.states[-1]) // 2] for file in files})
    yield "empty", disk.tree([], {file: file.states[0] for file in files})
    choices: list[Sequence[Any]] = [*([True, False] for _ in changes), *(file.possible() for file in files)]
    every: Iterable[Sequence[Any]] = itertools.product(*choices)
    if math.prod(map(len, choices)) > samples:
        every = ([random.choice(each) for each in choices] for _ in range(samples))
    for each in every:
        lost = [change for change, gone in zip(changes, each, strict=False) if gone]
        yield "some", disk.tree(lost, dict(zip(files, each[len(changes) :], strict=True)))
