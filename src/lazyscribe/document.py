"""What projects and repositories share: opening, reloading and saving one file of records."""

from __future__ import annotations

import os
import threading
import warnings
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from lazyscribe import commit
from lazyscribe.codec.text import Record, assemble, decode, encode, split
from lazyscribe.commit import Draft, Manifest
from lazyscribe.exception import ConflictError, InvalidArgumentError, ReadOnlyError, SaveError
from lazyscribe.merge import Merged, merge
from lazyscribe.place import Place, split_url
from lazyscribe.records.base import Entry, Owner, RecordList

if TYPE_CHECKING:
    from pathlib import Path

    from fsspec import AbstractFileSystem

    from lazyscribe.artifacts.base import Artifact

T = TypeVar("T")

MODES = ("r", "a", "w", "w+")

KEPT_IN_MEMORY = 2**20
"""Values whose files are larger than this many bytes are let go after a save."""


class Row(Generic[T]):
    """One entry on its way into the manifest.

    Attributes
    ----------
    record
        What will be written; ``None`` for an entry whose text stays.
    drafts
        Its files, each with the artifact they belong to; staging may change names in the record.
    """

    def __init__(self, entry: Entry[T], record: Record | None = None, text: bytes = b"") -> None:
        self.entry = entry
        self.record = record
        self.drafts: list[Draft] = []
        self.key = ""
        self.text = text


class NameTakenError(SaveError):
    """Others took `names` meanwhile; the save is tried again under other ones."""

    names: set[str]


class Document(Owner[T]):
    """A file of records in memory.

    Many threads may use one object. Saving holds a lock of the object and the guard of the store, loading neither.

    Attributes
    ----------
    fpath
        The path without its protocol.
    protocol
        The fsspec protocol, ``"file"`` for paths.
    storage_options
        Passed to the file system.
    mode
        ``"r"``, ``"a"``, ``"w"`` or ``"w+"``.
    """

    _kind: ClassVar[str]
    _list: ClassVar[Callable[..., RecordList[Any]]]

    def __init__(self, fpath: str | Path, mode: str, storage_options: dict[str, Any]) -> None:
        if mode not in MODES:
            message = f"{mode!r} is not a mode of a {self._kind}; use one of {', '.join(map(repr, MODES))}."
            raise InvalidArgumentError(message, mode=mode)
        self.protocol, self.fpath = split_url(fpath)
        if not self.fpath.name:
            raise InvalidArgumentError(f"{os.fspath(fpath)!r} names no file; give the path of the {self._kind}'s file.")
        self.storage_options = storage_options
        self.mode = mode
        self._lock = threading.RLock()
        self._replacing = mode == "w"
        self._avoid: set[str] = set()
        self._location = Place(self.protocol, self.fpath.parent, storage_options)
        self._manifest = Manifest(self._location.store, self.fpath.name)
        self._records: RecordList[T] = self._list(self)
        if self._replacing:
            self._manifest.read()
        else:
            self.load()

    @property
    def dir(self) -> Path:
        """The folder of the file."""
        return self.fpath.parent

    @property
    def fs(self) -> AbstractFileSystem:
        """The fsspec file system; made when it is first asked for."""
        return self._location.fs

    # What kinds of documents differ in

    @abstractmethod
    def _entry(self, text: bytes, record: Record, position: int) -> Entry[T]:
        """Check a record and return its entry."""

    @abstractmethod
    def _identify(self, record: Record) -> str:
        """Return what makes two records the same one."""

    @abstractmethod
    def _row(self, entry: Entry[T]) -> Row[T]:
        """Return the record and the files of an entry that is new or may have changed."""

    @abstractmethod
    def _refresh(self, entry: Entry[T], record: Record) -> None:
        """Bring an object up to date with its record, which somebody else changed."""

    @abstractmethod
    def _settle(self, row: Row[T], record: Record) -> None:
        """Bring an object up to date with what was written of it."""

    def _opened(self, entries: Sequence[Entry[T]]) -> None:
        """Do what is due once the entries of a file are in memory."""

    def _resolve(self, rows: list[Row[T]], theirs: Mapping[str, bytes]) -> None:
        """Change new records of ours so that they go with what others committed meanwhile."""

    _rank: Callable[[bytes], str] | None = None
    """What the manifest is sorted by, as for :func:`lazyscribe.merge.merge`."""

    # Opening and reloading

    def load(self) -> None:
        """Read the file; what was in memory and not saved is gone. A missing file is an empty one."""
        with self._lock:
            data = self._manifest.read()
            entries = self._entries_of(data)
            self._records = self._list(self, entries)
            self._opened(entries)

    def _entries_of(self, data: bytes | None) -> list[Entry[T]]:
        place = self._manifest.place
        texts = split(data, place) if data is not None else []
        return [self._entry(text, decode(text, place, n), n) for n, text in enumerate(texts)]

    def reload(self) -> None:
        """Take in what others saved since this file was opened or last saved here; writes nothing.

        Unsaved work stays, and objects that were handed out are brought up to date where they stand.

        Raises
        ------
        ConflictError
            Somebody changed a record that was changed here, too; nothing in memory has changed.
        """
        with self._lock:
            if self._replacing:
                self._manifest.read()
                return
            while not self._try_to_reload():
                pass

    def _try_to_reload(self) -> bool:
        data, token = self._manifest.peek()
        entries = self._records.snapshot()
        rows = self._rows(entries)
        try:
            merged, theirs = self._merge(rows, data)
        except NameTakenError as taken:
            self._avoid.update(taken.names)
            return False
        self._absorb(entries, rows, merged, theirs, written=False)
        self._manifest.data, self._manifest.token = data, token
        return True

    # Saving

    def save(self) -> None:
        """Write what is in memory: new files first, then the file of records, replaced as a whole.

        What others saved meanwhile is kept. On disk is afterwards either everything or, with an error, nothing of it;
        only after success change numbers, names and flags in memory. Values whose files exceed 1 MiB are then let go.

        Raises
        ------
        ReadOnlyError
            Opened with ``mode="r"``.
        SaveError
            Nothing was written. As `ConflictError`: somebody changed a record that was changed here, too.
        CommitUnknownError
            It may have been written; saving again is harmless.
        """
        self._refuse_if_read_only("save")
        with self._lock:
            while not self._try_to_save():
                pass

    def _try_to_save(self) -> bool:
        """Save once; False if a name turned out to be taken and another one has to be tried."""
        entries = self._records.snapshot()
        rows = self._rows(entries)
        outcome: list[tuple[Merged, dict[str, bytes]]] = []

        def compose(data: bytes | None) -> bytes:
            outcome[:] = [self._merge(rows, data)]
            return assemble(list(outcome[0][0].texts.values()))

        drafts = [draft for row in rows for draft in row.drafts]
        try:
            commit.save(self._manifest, drafts, compose, self._author())
        except NameTakenError as taken:
            self._avoid.update(taken.names)
            return False
        self._absorb(entries, rows, *outcome[0], written=True)
        self._replacing = False
        return True

    def _author(self) -> str:
        """Return who writes."""
        from lazyscribe._utils import user_name

        return user_name()

    def _rows(self, entries: list[Entry[T]]) -> list[Row[T]]:
        return [self._as_row(entry) for entry in entries]

    def _as_row(self, entry: Entry[T]) -> Row[T]:
        if entry.text is not None and (entry.obj is None or entry.frozen):
            return Row(entry, text=entry.text)
        return self._row(entry)

    def _merge(self, rows: list[Row[T]], data: bytes | None) -> tuple[Merged, dict[str, bytes]]:
        """Merge what is in memory with the manifest `data`; return it with the manifest's own records."""
        if self._replacing and data != self._manifest.data:
            message = (
                f"{self._manifest.place} was saved by somebody else since it was opened; open it again to replace it."
            )
            raise ConflictError(message, path=self._manifest.place)
        if data == self._manifest.data:
            self._put_texts(rows)
            return Merged({row.key: row.text for row in rows}, [], []), {}
        base, theirs = self._keyed_texts(self._manifest.data), self._keyed_texts(data)
        self._resolve(rows, theirs)
        self._put_texts(rows)
        merged = merge(base, theirs, {row.key: row.text for row in rows}, self._rank)
        if merged.conflicts:
            names = ", ".join(repr(key.split("\0")[0]) for key in merged.conflicts)
            message = (
                f"{names} in {self._manifest.place} was changed here and by somebody else since it was opened; "
                "open it again and repeat the change."
            )
            raise ConflictError(message, path=self._manifest.place, names=merged.conflicts)
        return merged, theirs

    def _keyed_texts(self, data: bytes | None) -> dict[str, bytes]:
        if data is None:
            return {}
        place = self._manifest.place
        texts = split(data, place)
        keys = _unique(self._identify(decode(text, place, n)) for n, text in enumerate(texts))
        return dict(zip(keys, texts, strict=True))

    def _put_texts(self, rows: list[Row[T]]) -> None:
        place = self._manifest.place
        records = [row.record if row.record is not None else decode(row.text, place) for row in rows]
        for row, key in zip(rows, _unique(map(self._identify, records)), strict=True):
            row.key = key
            if row.record is not None:
                row.text = self._text_of(row.record)

    def _text_of(self, record: Record) -> bytes:
        try:
            return encode(record)
        except (TypeError, ValueError, RecursionError) as error:
            name = record.get("name")
            message = f"{name!r} cannot be written to {self._manifest.place} ({error}); mend the value and save again."
            raise SaveError(message, name=name, path=self._manifest.place) from error

    # Settling

    def _absorb(
        self, entries: list[Entry[T]], rows: list[Row[T]], merged: Merged, theirs: dict[str, bytes], written: bool
    ) -> None:
        """Make memory what the merge says. With `written`, our records are on disk now."""
        mine = {row.key: row for row in rows}
        result: list[Entry[T]] = []
        for position, (key, text) in enumerate(merged.texts.items()):
            row = mine.get(key)
            if row is None:
                result.append(self._entry(text, decode(text, self._manifest.place, position), position))
                continue
            self._absorb_one(row, text, theirs.get(key), written)
            result.append(row.entry)
        self._records.replace_entries(result, entries)
        if merged.restored and written:
            self._warn_of_restored(merged.restored)

    def _absorb_one(self, row: Row[T], text: bytes, theirs: bytes | None, written: bool) -> None:
        entry = row.entry
        if text != row.text:  # somebody else's version of it won: ours was unchanged
            entry.text = text
            record = decode(text, self._manifest.place)
            fresh = self._entry(text, record, 0)
            entry.head = fresh.head
            if entry.obj is not None:
                self._refresh(entry, record)
        elif written:
            entry.text = text
            if row.record is not None:
                self._settle(row, row.record)
        elif theirs is not None:
            entry.text = theirs

    def _warn_of_restored(self, keys: list[str]) -> None:
        names = ", ".join(repr(key.split("\0")[0]) for key in keys)
        message = f"{names} had been dropped from {self._manifest.place} by another program and was put back."
        warnings.warn(message, UserWarning, stacklevel=4)

    def _refuse_if_read_only(self, verb: str) -> None:
        if self.mode == "r":
            message = f"Cannot {verb} {self.fpath}: it was opened with mode='r'; open it with mode='a' or 'w+'."
            raise ReadOnlyError(message, path=str(self.fpath))

    @abstractmethod
    def _as_dict(self, entry: Entry[T]) -> dict[str, Any]:
        """Return the record of an entry as plain objects."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self._as_dict(entry) for entry in self._records.snapshot())

    def __bool__(self) -> bool:
        return True

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.RLock()


def settle_file(draft: Draft) -> None:
    """Mark a saved artifact clean and give it the name its file got; drop its value if the file is large."""
    artifact, fname = draft.artifact, draft.record["fname"]
    if artifact.fname != fname:
        warn_if_chosen(artifact, fname)
        artifact.fname = fname
    artifact.dirty = False
    if draft.size > KEPT_IN_MEMORY:
        artifact.value = None


def warn_if_chosen(artifact: Artifact, fname: str) -> None:
    """Warn that a file name which the user chose could not be kept."""
    from lazyscribe.artifacts.base import has_default_fname

    if not has_default_fname(artifact):
        message = (
            f"The file name {artifact.fname!r} of the artifact {artifact.name!r} is taken; it is kept in {fname!r}."
        )
        warnings.warn(message, UserWarning, stacklevel=2)


def _unique(keys: Any) -> Iterator[str]:
    """Yield each key, the second and later ones of the same text with their ordinal."""
    seen: dict[str, int] = {}
    for key in keys:
        count = seen[key] = seen.get(key, 0) + 1
        yield key if count == 1 else f"{key}\0{count}"
