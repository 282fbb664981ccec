"""A folder as a ZIP file: nothing compressed, no dates, and for each file its digest.

The digest is the comment of the file's entry, ``sha256:`` and 64 hexadecimal digits; the comment of the whole is the
digest of all entries, so that none can be missing. Entries stand at the end of a ZIP file: everything is written in one
go, and each file is read once.
"""

from __future__ import annotations

import io
import re
import stat
import struct
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from lazyscribe.artifacts.paths import CHUNK, pieces, write_new
from lazyscribe.artifacts.trees import Member, Names
from lazyscribe.exception import ArtifactLoadError, CorruptArtifactError

_UNIX = 3
_FOLDER = 0x10
_ENCRYPTED = 0x1
_DATE = (1980, 1, 1, 0, 0, 0)
_DIGEST = re.compile(rb"sha256:[0-9a-f]{64}")
_BROKEN = (BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError, struct.error)
"""What `zipfile` raises on a file that is none, or damaged."""


class _OneWay:
    """Where `zipfile` cannot seek back, it writes sizes behind a file, so that hashing goes along."""

    def __init__(self, buf: Any) -> None:
        self.write = buf.write
        self.flush = buf.flush


def pack(members: list[Member], buf: Any) -> None:
    """Write the members to the open file `buf`.

    Raises
    ------
    ArtifactLogError
        A file is not what it was when the members were listed.
    """
    with ZipFile(_OneWay(buf), "w", ZIP_STORED) as archive:  # type: ignore[call-overload]
        for member in members:
            if member.is_folder:
                archive.mkdir(_entry(f"{member.name}/", stat.S_IFDIR | 0o755, _FOLDER))
                continue
            entry = _entry(member.name, stat.S_IFREG | (0o755 if member.executable else 0o644))
            entry.file_size = member.state[3]  # decides whether 64 bits are needed
            digest = sha256()
            with archive.open(entry, "w") as target:
                for piece in pieces(member.path, member.state):
                    digest.update(piece)
                    target.write(piece)
            entry.comment = _told(digest)
        archive.comment = seal(archive.infolist())


def seal(entries: list[ZipInfo]) -> bytes:
    """Return the digest of names, permissions and digests of all entries, in their order."""
    digest = sha256()
    for entry in entries:
        digest.update(entry.filename.encode("utf-8") + b"\0" + struct.pack("<L", entry.external_attr) + entry.comment)
    return _told(digest)


def _told(digest: Any) -> bytes:
    return f"sha256:{digest.hexdigest()}".encode("ascii")


def _entry(name: str, mode: int, attributes: int = 0) -> ZipInfo:
    entry = ZipInfo(name, _DATE)
    entry.create_system = _UNIX
    entry.CRC = 0  # of a folder; `mkdir` asks for it
    entry.external_attr = mode << 16 | attributes
    return entry


def extract(buf: Any, target: Path) -> None:
    """Make the new folder `target` of what `pack` wrote; whatever else a ZIP file can hold is refused before.

    Raises
    ------
    ArtifactLoadError
        It is no such file.
    CorruptArtifactError
        A file in it has another digest. What was extracted until then is left to the caller.
    """
    size = buf.seek(0, io.SEEK_END)
    try:
        archive = ZipFile(buf)
    except _BROKEN as error:
        raise _refused(str(error)) from error
    with archive:
        entries = archive.infolist()
        _check(entries, size)
        if archive.comment != seal(entries):
            raise _refused("its list of files is not the one that was written")
        target.mkdir()
        for entry in entries:
            path = target / entry.filename
            if _is_folder(entry):
                path.mkdir()
            else:
                write_new(path, _content(archive, entry), bool(entry.external_attr >> 16 & stat.S_IXUSR))


def _refused(reason: str) -> ArtifactLoadError:
    return ArtifactLoadError(f"The file holds no folder as lazyscribe writes it ({reason}); restore it from a copy.")


def _check(entries: list[ZipInfo], size: int) -> None:
    """Look at all entries before anything is written: `size` of the whole file is what they can hold together."""
    names = Names()
    for entry in entries:
        reason = _oddity(entry) or names.refusal(entry.filename.removesuffix("/"), _is_folder(entry))
        size -= entry.file_size
        if size < 0:
            reason = reason or "the files in it are larger than it is"
        if reason:
            raise _refused(f"{entry.orig_filename!r}: {reason}")


def _is_folder(entry: ZipInfo) -> bool:
    return entry.filename.endswith("/")


def _oddity(entry: ZipInfo) -> str:
    """Return what makes an entry one that we did not write."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if entry.filename != entry.orig_filename:
        return "it has two names"
    if kind != (stat.S_IFDIR if _is_folder(entry) else stat.S_IFREG):
        return "it is neither a file nor a folder"
    if entry.compress_type != ZIP_STORED or entry.flag_bits & _ENCRYPTED or entry.compress_size != entry.file_size:
        return "it is compressed or encrypted"
    if _is_folder(entry):
        return "it is a folder with content" if entry.file_size else ""
    return "" if _DIGEST.fullmatch(entry.comment) else "it has no digest"


def _content(archive: ZipFile, entry: ZipInfo) -> Iterator[bytes]:
    """Yield the content of a file; in the end it must have been what its digest says."""
    digest, length = sha256(), 0
    try:
        with archive.open(entry) as source:
            while piece := source.read(CHUNK):
                digest.update(piece)
                length += len(piece)
                yield piece
    except _BROKEN as error:
        raise _damaged(entry, str(error)) from error
    found = _told(digest)
    if length != entry.file_size or found != entry.comment:
        raise _damaged(entry, found.decode("ascii"))


def _damaged(entry: ZipInfo, found: str) -> CorruptArtifactError:
    expected = entry.comment.decode("ascii")
    message = (
        f"The file {entry.filename!r} in a folder's archive is not what was saved: {expected} was, now it is {found}; "
        "restore the archive from a copy."
    )
    return CorruptArtifactError(message, path=entry.filename, expected=expected, found=found)
