"""Records on their way from memory into the manifest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from lazyscribe.codec.text import Record
from lazyscribe.records.entries import Entry

if TYPE_CHECKING:
    from lazyscribe.artifacts.base import Artifact
    from lazyscribe.stage import Draft

T = TypeVar("T")


class Note(NamedTuple):
    """A file of ours that goes with a save; see `Stage.note`."""

    key: str
    data: bytes
    of: Sequence[Draft] = ()
    spare: str = ""


class Row(Generic[T]):
    """One entry on its way into the manifest.

    Attributes
    ----------
    record
        What will be written; ``None`` for an entry whose text stays.
    drafts
        Its files, each with the artifact they belong to; staging may change names in the record.
    artifacts
        The artifacts of the record, in its order.
    text
        Of the record; `encoded` holds the fields that it was made of.
    """

    __slots__ = ("artifacts", "drafts", "encoded", "entry", "key", "record", "text")

    def __init__(self, entry: Entry[T], record: Record | None = None, text: bytes = b"") -> None:
        self.entry = entry
        self.record = record
        self.drafts: list[Draft] = []
        self.artifacts: list[Artifact] = []
        self.key = ""
        self.text = text
        self.encoded: Record | None = None
