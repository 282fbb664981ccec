"""The two ends of a copy: which place is meant, whether a project or a repository lies there, and its records."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from lazyscribe._dates import parse_date, to_text
from lazyscribe.codec.experiments import artifact_files
from lazyscribe.codec.text import Record, decode
from lazyscribe.codec.texts import Texts, split
from lazyscribe.document import Document
from lazyscribe.exception import InvalidArgumentError, UnreadableError, UsageError
from lazyscribe.manifest import Manifest
from lazyscribe.place import Place, split_file
from lazyscribe.project import Project
from lazyscribe.repository import Repository
from lazyscribe.store.base import Store
from lazyscribe.store.keys import join
from lazyscribe.verification.files import as_history_tells
from lazyscribe.verification.past import read_past

if TYPE_CHECKING:
    from pathlib import Path

    from lazyscribe.facts import Facts
    from lazyscribe.verification.past import Gone

KINDS: dict[str, Callable[[Any, Any], Document[Any]]] = {"project": Project, "repository": Repository}


class Row(NamedTuple):
    """One record of a manifest, and its text there."""

    key: str
    record: Record
    text: bytes


class End:
    """A project or repository on disk. What is in the memory of an object that stands for it counts for nothing.

    Attributes
    ----------
    document
        An object of its own for it, with nothing in memory.
    editable
        Whether records that are there may change.
    """

    def __init__(self, document: Document[Any], opened: bool) -> None:
        self.document = _emptied(document)
        self.opened = opened
        self.kind = document._kind
        self.manifest = self.document._manifest
        self.editable = not opened or document.mode != "a"
        self._past: dict[str, Gone] | None = None
        self._reading_past = threading.Lock()

    @property
    def store(self) -> Store:
        """What its files are read from and written to."""
        return self.manifest.store

    @property
    def place(self) -> str:
        """Its file as a user would write it."""
        return self.manifest.place

    def is_same_as(self, other: End) -> bool:
        """Whether both are one file."""
        return self.shares_folder_with(other) and self.manifest.key == other.manifest.key

    def shares_folder_with(self, other: End) -> bool:
        """Whether the files of both lie in one folder."""
        return self.document._location.same_as(other.document._location)

    def rows(self, data: bytes | None) -> list[Row]:
        """Return the records that `data`, read there, holds; each is checked."""
        if data is None:
            return []
        texts = Texts(data, self.place)
        self.document._heads_of(texts)
        pieces = map(bytes, texts.formatted())
        return [Row(self.key_of(record), record, text) for text in pieces if (record := decode(text, self.place))]

    def key_of(self, record: Record) -> str:
        """Return what tells a record from all others of one place: of a version name and number."""
        if self.kind == "project":
            return str(record["slug"])
        return f"{record['name']}\0{record.get('version', 0)}"

    def files(self, record: Record) -> list[tuple[str, Record]]:
        """Return folder and record of every artifact in a record."""
        return artifact_files(record) if self.kind == "project" else [(record["name"], record)]

    def told_of(self, folder: str, record: Record) -> Facts | None:
        """Return what the journal tells of the file of a version; read when that is first asked for."""
        if self.kind == "project":  # of whose files it is not known which write it tells of
            return None
        with self._reading_past:
            if self._past is None:
                self._past = read_past(self.store, self.manifest.key, self.manifest.data).versions
        date = to_text(parse_date(record["created_at"]))
        return as_history_tells(self._past.get(join(folder, record["fname"])), date, record["handler"])


def _emptied(document: Document[Any]) -> Document[Any]:
    empty: Document[Any] = object.__new__(type(document))
    empty.__dict__.update(document.__dict__)
    empty._manifest = Manifest(document._location.store, document.fpath.name)
    empty._replacing = False
    empty._records = document._list(empty)
    return empty


def source_end(given: Any) -> End:
    """Return where is copied from: of a path the records say which of the two it is.

    Raises
    ------
    UnreadableError
        There is nothing.
    """
    if isinstance(given, Document):
        end = End(given, opened=True)
        data = end.manifest.peek()[0]
    else:
        path = _checked(given)
        protocol, fpath = split_file(path, "repository")
        manifest = Manifest(Place(protocol, fpath.parent).store, fpath.name)
        data = manifest.peek()[0]
        end = End(KINDS[_kind_of(data or b"[]", manifest.place)](path, "w"), opened=False)
    if data is None:
        message = f"There is nothing to be copied at {end.place}; save it first, or give another path."
        raise UnreadableError(message, path=end.place)
    return end


def target_end(given: Any, source: End) -> End:
    """Return where is copied to.

    Raises
    ------
    UsageError
        It is of the other kind, or is what is copied.
    ReadOnlyError
        It cannot be written to.
    """
    if isinstance(given, Document):
        end = End(given, opened=True)
        given._refuse_if_read_only("copy to")
        if given._replacing:
            message = f"{end.place} was opened with mode='w' and is not saved yet; save it first, then copy to it."
            raise UsageError(message, path=end.place)
    else:
        end = End(KINDS[source.kind](_checked(given), "w"), opened=False)
    with end.store.batch():  # refused where nothing can be written
        pass
    if end.kind != source.kind:
        message = f"{source.place} is a {source.kind} and {end.place} a {end.kind}; copy it to another place."
        raise UsageError(message, path=end.place)
    if end.is_same_as(source):
        raise UsageError(f"{end.place} cannot be copied to itself; give another place.", path=end.place)
    return end


def _checked(given: Any) -> str | Path:
    if not isinstance(given, (str, os.PathLike)):
        message = f"{given!r:.80} is no place; give a path, a URL, a Project or a Repository."
        raise InvalidArgumentError(message)
    found: str | Path = os.fspath(given)
    return found


def _kind_of(data: bytes, place: str) -> str:
    """Tell by the records what a file is, and where there are none by its name."""
    for text in split(data, place)[:1]:
        return "project" if "slug" in decode(text, place) else "repository"
    return "project" if "project" in place.rpartition("/")[2].lower() else "repository"
