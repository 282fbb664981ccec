"""What is to be staged, and what was: files on their way into a folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from lazyscribe.store.base import Store

if TYPE_CHECKING:
    from lazyscribe.artifacts.base import Artifact
    from lazyscribe.facts import Facts


class Source(NamedTuple):
    """Bytes that exist already: a file in a store, and the facts that it must fulfil."""

    store: Store
    key: str
    facts: Facts | None


class Draft:
    """One file to be written.

    Attributes
    ----------
    record
        The artifact's record; staging puts the final ``fname`` there.
    folder
        The key of the folder it goes to.
    artifact
        Gives the value and how it is written, unless there is a `source`.
    taken
        Whether a key belongs to another record.
    replaces
        Whether a file that is there under this very name and belongs to no other record is replaced.
    sha256, size
        Of the written file, once staged.
    lost
        Set while merging where somebody else's artifact won, or an earlier one holds the same: the file is taken back.
    """

    def __init__(
        self,
        record: dict[str, Any],
        folder: str,
        artifact: Artifact,
        taken: Callable[[str], bool],
        replaces: bool = False,
        source: Source | None = None,
    ) -> None:
        self.record = record
        self.folder = folder
        self.artifact = artifact
        self.taken = taken
        self.replaces = replaces
        self.source = source
        self.sha256, self.size = "", -1
        self.lost = False


class Written(NamedTuple):
    """A file that was staged.

    Attributes
    ----------
    aside
        The key where it waits, if it replaces another.
    """

    sha256: str
    size: int
    artifact: Artifact
    aside: str | None
