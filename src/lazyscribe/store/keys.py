"""Keys: the names of files in a store, checked in one place.

A key is a POSIX path relative to the root of a store. It is refused only where it would leave the root or where no file
system holds it; a name that merely some other system cannot hold gets a warning (:func:`portability_warning`).
"""

import itertools
import os
import re
from collections.abc import Iterator
from functools import lru_cache

from lazyscribe.exception import InvalidNameError

MAX_SEGMENT = 255
"""Bytes of UTF-8 in one segment: the limit of ext4, XFS, APFS and ZFS; NTFS allows as many UTF-16 units."""

_RESERVED = frozenset('<>:"|?*\\')
_NOT_EVERYWHERE = re.compile(r'[<>:"|?*\\\x00-\x1f\x7f]')
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [device + digit for device in ("com", "lpt") for digit in "0123456789¹²³"]
)
_WINDOWS = os.name == "nt"
_NOT_SENT = re.compile(r"[\x00-\x1f\x7f\ufffe\uffff]")

_SEGMENT = r"(?!\.(?:[./]|$))[ !#-)+-.0-9;=@-\[\]-{}~]{1,255}"
_USUAL = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")
"""Keys in which there is nothing to refuse or to normalise, told in a tenth of the time."""


def join(*parts: str) -> str:
    """Join segments or whole paths with ``/``, leaving out empty and ``.`` segments; checks nothing."""
    path = "/".join(parts)
    if "//" not in path and "/." not in path and path[:1] not in ("/", ".") and path[-1:] != "/":
        return path  # the usual case, in a fifth of the time
    return "/".join(part for part in path.split("/") if part not in ("", "."))


@lru_cache(1024)  # a save asks for one key again and again
def check_key(key: str) -> str:
    """Return `key` normalised as by :func:`join`.

    Raises
    ------
    InvalidNameError
        The key is empty, absolute, has a ``..`` segment, a NUL, a lone surrogate or a segment over 255 bytes.
    """
    if _USUAL.fullmatch(key):
        return key
    reason = _refusal(key)
    if reason:
        raise InvalidNameError(f"The name {key!r} cannot be used because {reason}; choose another name.", name=key)
    return join(key)


def _refusal(key: str) -> str | None:
    try:
        encoded = key.encode("utf-8")
    except UnicodeEncodeError:
        return "it holds a character that is not valid Unicode (a lone surrogate)"
    if b"\0" in encoded:
        return "it contains a NUL character"
    if key.startswith("/"):
        return "it is absolute and would leave its folder"
    if _WINDOWS and ("\\" in key or ":" in key):
        return "Windows gives a meaning of its own to backslashes and colons"
    segments = join(key).split("/")
    if segments == [""]:
        return "it is empty"
    if ".." in segments:
        return "'..' would leave its folder"
    if any(len(segment.encode("utf-8")) > MAX_SEGMENT for segment in segments):
        return f"a part of it is longer than {MAX_SEGMENT} bytes"
    return None


@lru_cache(1024)
def check_sent(path: str, new: bool = False) -> str:
    """Return a path within a bucket, or below a web address, as it is.

    Parameters
    ----------
    new
        Whether something is to be written there: then it must also be listed under that very name.

    Raises
    ------
    InvalidNameError
        It has a ``..`` segment, a character that has no place in requests or lists, or, if `new`, a backslash.
    """
    if _USUAL.fullmatch(path):
        return path
    reason = _unsent(path, new)
    if reason:
        raise InvalidNameError(f"The name {path!r} cannot be used because {reason}; choose another name.", name=path)
    return path


def _unsent(path: str, new: bool) -> str | None:
    if found := _NOT_SENT.search(path):
        return f"no bucket and no web server takes the character {found.group()!r} in a name"
    if ".." in path.split("/"):
        return "'..' would leave its folder"
    if new and "\\" in path:
        return "many buckets take the backslash '\\\\' for a slash, and would list the file under another name"
    return None


def parent(path: str) -> str:
    """Return what stands before the last ``/``, or ``""``; checks nothing."""
    return path.rpartition("/")[0]


def temporary() -> str:
    """Return a new name for a file that is not complete yet: ``.lsc-{16 hex}.tmp``."""
    return f".lsc-{os.urandom(8).hex()}.tmp"


def candidates(fname: str, start: int = 1) -> Iterator[str]:
    """Yield the file names to try for `fname`: itself, then with ``-1``, ``-2``, … before its ending."""
    yield fname
    for number in itertools.count(start):
        yield numbered(fname, number)


def numbered(fname: str, number: int) -> str:
    """Return `fname` with a number before its ending."""
    folder, _, last = join(fname).rpartition("/")  # "a/" is the file "a", which has nothing below it
    stem, dot, ending = last.rpartition(".")
    if not stem:
        stem, dot, ending = last, "", ""
    return f"{folder}/{stem}-{number}{dot}{ending}" if folder else f"{stem}-{number}{dot}{ending}"


@lru_cache(1024)
def fold(key: str) -> str:
    """Return what two keys share when some store takes them for one: case-folded NFC of the normalised key.

    Windows, and some buckets, take a backslash for a slash. For asking "is it taken?", never for naming a file.
    """
    if _USUAL.fullmatch(key):
        return key.lower()
    key = join(key.replace("\\", "/"))
    if key.isascii():
        return key.lower()
    import unicodedata

    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", key).casefold())


def portability_warning(name: str) -> str | None:
    """Return one sentence that says why other systems cannot hold `name`, or ``None`` when all can."""
    for segment in join(name).split("/"):
        reason = _unportable(segment)
        if reason:
            return f"The name {name!r} cannot exist on every system: {reason}."
    return None


def _unportable(segment: str) -> str | None:
    if found := _NOT_EVERYWHERE.search(segment):
        character = found.group()
        what = "Windows does not allow" if character in _RESERVED else "it contains the control character"
        return f"{what} {character!r}"
    if segment.endswith((".", " ")):
        return "Windows drops a trailing dot or space"
    if segment.partition(".")[0].rstrip(" ").casefold() in _DEVICES:
        return f"{segment!r} names a device on Windows"
    return None
