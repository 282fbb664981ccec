"""What is in a folder, in an order that depends on nothing but the names; and which names can be kept."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lazyscribe.artifacts.paths import State, changed, state_of
from lazyscribe.exception import ArtifactLogError

_ASIDE = ("/", "\\", "\0")


class Member(NamedTuple):
    """A file or folder within a folder.

    Attributes
    ----------
    name
        The names on the way to it, joined by slashes.
    """

    name: str
    path: Path
    state: State

    @property
    def mode(self) -> int:
        """What kind it is and what may be done with it, as the operating system says it."""
        return self.state[2]

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder; otherwise it is a file."""
        return stat.S_ISDIR(self.mode)

    @property
    def executable(self) -> bool:
        """Whether the owner may execute the file."""
        return bool(self.mode & stat.S_IXUSR)


def listing(root: Path) -> list[Member]:
    """Return all that is in the folder `root`, folders before what is in them.

    Raises
    ------
    ArtifactLogError
        Something in it cannot be kept, two names differ only in case, or it changes meanwhile.
    """
    found = sorted(_walk(root), key=lambda member: member.name.encode("utf-8").split(b"/"))
    names = Names()
    for member in found:
        if reason := names.refusal(member.name, member.is_folder):
            raise ArtifactLogError(f"{member.path} cannot be kept: {reason}; rename it.", path=str(member.path))
    return found


def _walk(root: Path) -> Iterator[Member]:
    waiting = [(root, "")]
    while waiting:
        folder, start = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    member = _member(Path(entry.path), f"{start}{entry.name}")
                    if member.is_folder:
                        waiting.append((member.path, f"{member.name}/"))
                    yield member
        except (FileNotFoundError, NotADirectoryError) as error:
            raise changed(folder) from error


def _member(path: Path, name: str) -> Member:
    member = Member(name, path, state_of(path.lstat()))
    if not (member.is_folder or stat.S_ISREG(member.mode)):
        what = "a link" if stat.S_ISLNK(member.mode) else "neither a file nor a folder"
        message = f"{path} is {what}, which is not kept; put a copy of what is meant in its place, or take it out."
        raise ArtifactLogError(message, path=str(path))
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as error:
        message = f"The name of {os.fsencode(path)!r} is no UTF-8; rename it."
        raise ArtifactLogError(message, path=str(path)) from error
    return member


class Names:
    """Names of a folder's files and folders, which are told one after another, folders before what is in them."""

    def __init__(self) -> None:
        self._kinds: dict[str, bool] = {"": True}
        self._folded: dict[str, str] = {}

    def refusal(self, name: str, is_folder: bool) -> str:
        """Return why this one cannot be kept; ``""`` if it can."""
        above, slash, last = name.rpartition("/")
        if reason := unfit(last):
            return reason
        if (slash and not above) or not self._kinds.get(above):
            return f"it lies in {above!r}, which is no folder told before"
        other = self._folded.setdefault(fold(name), name)
        if other != name:
            return f"its name and {other!r} are one and the same to some systems"
        if name in self._kinds:
            return "its name is there twice"
        self._kinds[name] = is_folder
        return ""


def fold(name: str) -> str:
    """Return what two names share that some file system takes for one."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def unfit(name: str) -> str:
    """Return why a name without its folders cannot be kept; ``""`` if it can.

    Also names that would lead elsewhere once a file system normalises them.
    """
    normal = name if name.isascii() else unicodedata.normalize("NFKC", name)
    if normal.strip(" ") in ("", ".", ".."):
        return f"{name!r} is no name"
    if os.name == "nt" and ":" in normal:
        return f"the name {name!r} leads elsewhere on this system"
    return next((f"the name {name!r} has {sign!r} in it on some systems" for sign in _ASIDE if sign in normal), "")
