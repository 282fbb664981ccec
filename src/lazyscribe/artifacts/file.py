"""Any file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from attrs import define

from lazyscribe.artifacts.base import refuse_keywords
from lazyscribe.artifacts.paths import CHUNK, PathArtifact, kind_of, pieces, write_new
from lazyscribe.exception import ArtifactLogError

__all__ = ["FileArtifact"]

_ENDING = re.compile(r"\.[A-Za-z0-9_+-]{1,16}")


@define
class FileArtifact(PathArtifact):
    """A file of any kind, given as a `pathlib.Path`; its bytes are kept, and the ending of its name.

    It is read when it is saved: what is written to it after it was logged is saved, too. A link is followed. Loading
    returns the path of a copy; see `read` for where that lies.
    """

    alias: ClassVar[str] = "file"
    suffix: ClassVar[str] = "bin"
    runs_code: ClassVar[bool] = False

    @classmethod
    def _ending(cls, source: Any) -> str:
        """Return the ending of the file that is given, if it is a usual one."""
        found = Path(source).suffix if isinstance(source, (str, Path)) else ""
        return found if _ENDING.fullmatch(found) else super()._ending(source)

    @classmethod
    def check(cls, path: Path) -> None:
        """Raise an `ArtifactLogError` if no file lies under `path`."""
        kind = kind_of(path)
        if kind == "file":
            return
        message = {
            "folder": f"{path} is a folder; log it with handler='folder'.",
            "nothing": f"There is no file or folder {path}; write it before it is logged, and leave it until saved.",
            "special": f"{path} is neither a file nor a folder; log what it gives, written to a file.",
        }[kind]
        raise ArtifactLogError(message, path=str(path))

    @classmethod
    def bring(cls, buf: Any, path: Path) -> None:
        """Copy what is in `buf` to the new file `path`."""
        write_new(path, _rest(buf))

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        """Copy the file, a piece at a time."""
        refuse_keywords(cls, kwargs)
        for piece in pieces(cls.refuse_others(obj)):
            buf.write(piece)


def _rest(buf: Any) -> Iterator[bytes]:
    while piece := buf.read(CHUNK):
        yield piece
