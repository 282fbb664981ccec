"""Records on their way from memory into the manifest."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from lazyscribe.codec.text import Record, encode, encode_all, reason
from lazyscribe.codec.texts import Texts
from lazyscribe.exception import SaveError
from lazyscribe.records.entries import Entry

if TYPE_CHECKING:
    from lazyscribe.artifacts.base import Artifact
    from lazyscribe.document import Document
    from lazyscribe.draft import Draft

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


def texts_of(document: Document[T], records: list[Record]) -> list[bytes]:
    """Return the texts of records, or say which one cannot be written, or could not be read back.

    All at once, unless one is refused, or is one that only its own look finds to be sound.

    Raises
    ------
    SaveError
        One of them cannot be written.
    """
    with suppress(Exception):
        texts = Texts(encode_all(records), document._manifest.place)
        document._heads_of(texts)
        return [texts.raw(position) for position in range(len(records))]
    return [_text_of(document, record) for record in records]


def _text_of(document: Document[T], record: Record) -> bytes:
    place = document._manifest.place
    try:
        text = encode(record)
        document._checked(text, 0)
        return text
    except Exception as error:
        name = record.get("name")
        message = f"{name!r} cannot be written to {place} ({reason(error, record)}); mend the value and save again."
        raise SaveError(message, name=name, path=place) from error
