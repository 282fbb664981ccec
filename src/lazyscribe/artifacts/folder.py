"""Any folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from attrs import define

from lazyscribe.artifacts.base import refuse_keywords
from lazyscribe.artifacts.paths import PathArtifact, changed, kind_of
from lazyscribe.exception import ArtifactLogError

__all__ = ["FolderArtifact"]


@define
class FolderArtifact(PathArtifact):
    """A folder with all that is in it, given as a `pathlib.Path`, as one ZIP file that holds a digest of each file.

    Kept are names, contents, empty folders, and whether the owner may execute a file; not dates, owners and further
    permissions, so that equal folders give equal files. Links, pipes and devices in it are refused, and so are names
    that some system would take for one, or could not write. It is read when it is saved: what is written into it
    after it was logged is saved, too. If the path itself is a link, that is followed. Loading returns the path of a
    copy; see `read` for where that lies.
    """

    alias: ClassVar[str] = "folder"
    suffix: ClassVar[str] = "zip"
    runs_code: ClassVar[bool] = False
    differ: ClassVar[str] = "lazyscribe.artifacts.diffs.folders:differences"

    @classmethod
    def check(cls, path: Path) -> None:
        """Raise an `ArtifactLogError` if no folder lies under `path`."""
        kind = kind_of(path)
        if kind == "folder":
            return
        message = {
            "file": f"{path} is a file; log it with handler='file'.",
            "nothing": f"There is no folder {path}; write it before it is logged, and leave it until it is saved.",
            "special": f"{path} is neither a file nor a folder; log what it gives, written to a file.",
        }[kind]
        raise ArtifactLogError(message, path=str(path))

    @classmethod
    def bring(cls, buf: Any, path: Path) -> None:
        """Extract what is in `buf` to the new folder `path`."""
        from lazyscribe.artifacts.archive import extract

        extract(buf, path)

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        """Write the folder, a piece of a file at a time; it must hold still meanwhile."""
        refuse_keywords(cls, kwargs)
        from lazyscribe.artifacts.archive import pack
        from lazyscribe.artifacts.trees import listing

        root = cls.refuse_others(obj)
        before = listing(root)
        pack(before, buf)
        try:
            after = listing(root)
        except ArtifactLogError as error:  # what cannot be kept was not there before
            raise changed(root) from error
        if after != before:
            raise changed(root)
