"""What projects and repositories share: opening, reloading and saving one file of records."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from lazyscribe._utils import unnested, without_collections
from lazyscribe.codec.text import Record, reason
from lazyscribe.exception import (
    CorruptManifestError,
    InvalidArgumentError,
    InvalidNameError,
    ReadOnlyError,
    SaveError,
)
from lazyscribe.journal.pending import Pending
from lazyscribe.keywords import MODES, checked_trust, refuse_typos
from lazyscribe.manifest import Manifest
from lazyscribe.names import are_plain
from lazyscribe.place import Place, Placed, split_file
from lazyscribe.progress import checked, following
from lazyscribe.records.base import Owner, RecordList
from lazyscribe.records.entries import Entry, Unmade
from lazyscribe.rows import Note, Row
from lazyscribe.selecting import Selecting
from lazyscribe.store.protocols import is_local

if TYPE_CHECKING:
    from pathlib import Path

    from lazyscribe.artifacts.trust import Trust
    from lazyscribe.codec.heads import Reader
    from lazyscribe.codec.texts import Texts
    from lazyscribe.history import Commit
    from lazyscribe.merge_fields import Prefer
    from lazyscribe.progress import Followed
    from lazyscribe.reconcile import Sides
    from lazyscribe.sync import MergePreview
    from lazyscribe.verification import Report

T = TypeVar("T")


class Document(Selecting[T], Owner[T], Placed):
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
    unchanged
        What becomes of a new version that holds what the newest does; see `Repository`.
    """

    _kind: ClassVar[str]
    _list: ClassVar[Callable[..., RecordList[Any]]]
    unchanged: Literal["add", "skip"] = "add"

    def __init__(
        self,
        fpath: str | Path,
        mode: str,
        storage_options: dict[str, Any],
        trust: Trust | None = None,
        progress: Followed = None,
    ) -> None:
        if mode not in MODES:
            message = f"{mode!r} is not a mode of a {self._kind}; use one of {', '.join(map(repr, MODES))}."
            raise InvalidArgumentError(message, mode=mode)
        self.protocol, self.fpath = split_file(fpath, self._kind)
        if is_local(self.protocol):
            refuse_typos(storage_options)
        self.storage_options = storage_options
        self.mode = mode
        self._lock, self._busy = threading.RLock(), threading.Lock()
        self._replacing = mode == "w"
        self._avoid: set[str] = set()
        self._asked = Pending()
        self._as_saved: tuple[list[Entry[T]], bytes] | None = None
        self._location = Place(self.protocol, self.fpath.parent, storage_options)
        if trust is not None:
            self._location.trust = checked_trust(trust)
        if progress is not None:
            self._location.progress = checked(progress)
        self._manifest = Manifest(self._location.store, self.fpath.name)
        self._records: RecordList[T] = self._list(self)
        if self._replacing:
            self._manifest.read()
        else:
            self.load()

    @property
    def _pending(self) -> Pending:
        """What was asked for since the last save, beside what the records say."""
        self._asked.bind(self._records.snapshot)
        return self._asked

    # What kinds of documents differ in

    @property
    @abstractmethod
    def _reader(self) -> Reader[Any]:
        """What reads heads of records."""

    @abstractmethod
    def _check_names(self, head: Any) -> None:
        """Refuse a record whose files would lie where they cannot."""

    def _checked(self, text: bytes, position: int) -> Any:
        """Check one record and return its head; `position` is for errors."""
        head = self._reader.one(text, self._manifest.place, position)
        self._check_place(head, position)
        return head

    def _check_place(self, head: Any, position: int) -> None:
        try:
            self._check_names(head)
        except InvalidNameError as error:
            place = self._manifest.place
            message = f"Record {position} of {place} names a file that cannot be one of its own ({error}); mend it."
            raise CorruptManifestError(message, path=place, record=position) from error

    @abstractmethod
    def _identify(self, record: Record) -> str:
        """Return what makes two records the same one."""

    @abstractmethod
    def _row(self, entry: Entry[T]) -> Row[T]:
        """Return the record and the files of an entry that is new or may have changed."""

    @abstractmethod
    def _present(self, entry: Entry[T]) -> Row[T]:
        """Return the record of an object as it stands, and no files."""

    @abstractmethod
    def _lock_of(self, entry: Entry[T]) -> Any:
        """Return the lock that whoever changes the object of `entry` holds."""

    @abstractmethod
    def _refresh(self, entry: Entry[T], record: Record) -> None:
        """Bring an object up to date with its record, which somebody else changed."""

    @abstractmethod
    def _settle(self, row: Row[T], record: Record) -> None:
        """Bring an object up to date with what was written of it; its files are settled already."""

    def _renumber(self, row: Row[T], record: Record) -> None:
        """Give a new object the provisional number that goes with what a reload has brought."""

    def _follow(self, added: list[Entry[T]]) -> None:
        """Let what was added while a merge ran go with what it has brought."""

    def _stay_above(self, rows: list[Row[T]], highest: Mapping[str, int]) -> None:
        """Let new records have numbers above the `highest` of each name that was ever deleted."""

    def _artifact_records(self, record: Record) -> list[Record]:
        """Return the records of the artifacts in a record."""
        return [record]

    def _rows(self, entries: list[Entry[T]]) -> list[Row[T]]:
        """Return what is to be written of those of `entries` that are new or may have changed."""
        built = [entry for entry in entries if entry.obj is not None]  # new ones are; few others, of a large file
        with without_collections():
            return [self._writable_row(entry) for entry in built if not (entry.frozen or self._is_untouched(entry))]

    def _is_untouched(self, entry: Entry[T]) -> bool:
        """Whether the object of `entry` can be told to be as it is in the file without looking at all of it."""
        del entry
        return False

    def _writable_row(self, entry: Entry[T]) -> Row[T]:
        try:
            return self._row(entry)
        except Exception as error:
            name = getattr(entry.obj, "name", None)
            message = f"{name!r} cannot be written to {self._manifest.place} ({reason(error)}); mend it and save again."
            raise SaveError(message, name=name, path=self._manifest.place) from error

    def _notes(self, rows: Iterable[Row[T]]) -> Iterable[Note]:
        """Return what is to be kept beside the records of `rows`, whose files are staged."""
        del rows
        return ()

    def _saved(self) -> None:
        """Do what is due once a save is done, and memory is as the file."""

    def _opened(self, heads: list[Any]) -> None:
        """Do what is due once a file is in memory, of whose records these are the heads."""

    @abstractmethod
    def _meet(self, fresh: list[Row[T]], added: Mapping[str, Any]) -> bool:
        """Whether records that others `added` do more than stand behind the known ones, and our `fresh` ones behind.

        Then they are merged by looking at all records.
        """

    def _resolve(self, rows: list[Row[T]], sides: Sides) -> None:
        """Change new records of ours so that they go with what others committed meanwhile."""

    def _committed(
        self,
        rows: list[Row[T]],
        base: Mapping[str, bytes],
        theirs: Mapping[str, bytes],
        attempt: Mapping[str, bytes],
    ) -> dict[str, bytes]:
        """Return the new records of ours that `attempt`, a commit whose answer was lost, has written."""
        ours = {self._identify(row.record) for row in rows if row.record is not None} - base.keys()
        return {key: text for key, text in attempt.items() if key in ours and theirs.get(key) == text}

    _rank: Callable[[bytes], str] | None = None
    """What the manifest is sorted by, as for :func:`lazyscribe.merge.merge`."""

    # Opening and reloading

    def load(self) -> None:
        """Read the file; what was in memory and not saved is gone. A missing file is an empty one.

        Raises
        ------
        UsageError
            As for `save`.
        """
        from lazyscribe.codec.texts import Texts

        with self._lock, unnested(self._busy, self._manifest.place):
            data = self._manifest.read()
            texts = Texts(data or b"", self._manifest.place)
            with without_collections():
                heads = self._heads_of(texts) if data is not None else []
            self._records = self._list(self, Unmade(texts, heads))
            self._asked = Pending()
            self._opened(heads)

    def _heads_of(self, texts: Texts) -> list[Any]:
        """Return the heads of all records of a manifest, checked."""
        reader = self._reader
        heads = reader.all(texts.data)
        if heads is None:
            heads = [reader.one(texts.raw(position), texts.place, position) for position in range(len(texts))]
        texts.count = len(heads)
        if not are_plain(reader.names(heads), self.fpath.name):
            for position, head in enumerate(heads):
                self._check_place(head, position)
        return heads

    def reload(self, on_conflict: Prefer = "raise") -> None:
        """Take in what others saved since this file was opened or last saved here; writes nothing.

        Unsaved work stays, and objects that were handed out are brought up to date where they stand.

        Parameters
        ----------
        on_conflict
            As for `save`.

        Raises
        ------
        ConflictError
            Somebody changed to another value what was changed here, too; nothing in memory has changed.
        UsageError
            As for `save`.
        """
        from lazyscribe import sync  # and with it what only saving needs

        with self._lock, unnested(self._busy, self._manifest.place):
            sync.reload(self, on_conflict)

    def save(self, on_conflict: Prefer = "raise", message: str | None = None) -> None:
        """Write what is in memory: new files first, then the file of records, replaced as a whole.

        What others saved meanwhile is kept, and shows in memory afterwards. On disk is then either everything or,
        with an error, nothing of it; only after success change numbers, names and flags in memory. Values whose
        files exceed 1 MiB are then let go.

        Parameters
        ----------
        on_conflict
            What happens where somebody else changed the same thing to another value: ``"raise"`` an error, or keep
            ``"ours"`` or ``"theirs"``.
        message
            Why, for the `history`.

        Raises
        ------
        ReadOnlyError
            Opened with ``mode="r"``.
        SaveError
            Nothing was written. As `ConflictError`, whose ``conflicts`` hold both values: see `on_conflict`.
        CommitUnknownError
            It may have been written; saving again is harmless.
        UsageError
            This thread is just saving or reading it, and calls from a callback or a signal handler within that.
        """
        self._refuse_if_read_only("save")
        from lazyscribe import sync

        telling = following(self._location.progress, f"saving {self.fpath.name}")
        with self._lock, unnested(self._busy, self._manifest.place), telling:
            sync.save(self, on_conflict, message)

    def history(self) -> list[Commit]:
        """Return what every commit did, the first one first, as the journal tells now; see `Commit`."""
        from lazyscribe.history import history

        return history(self)

    def merge_preview(self) -> MergePreview:
        """Return what a save would bring together; changes nothing, in memory or on disk."""
        from lazyscribe import sync

        with self._lock:
            return sync.preview(self)

    def verify(self, workers: int | None = None, progress: Followed = None) -> Report:
        """Check what is on disk now: every record, file and digest, and what lies around; changes nothing.

        Parameters
        ----------
        workers
            Threads that read; default: one per core.
        progress
            Called as ``progress(done_bytes, total_bytes)`` in this thread, about ten times a second; default: what
            this was opened with.

        Raises
        ------
        ValueError
            Less than one worker. Damage is no exception: see the report's ``ok`` and ``findings``.
        """
        from lazyscribe.verification import Subject, verify

        store, key, seen = self._manifest.store, self._manifest.key, self._manifest.data is not None
        told = self._location.progress if progress is None else progress
        return verify(Subject(self._kind, store, key, self._checked, seen), workers, told)

    def _author(self) -> str:
        """Return who writes."""
        from lazyscribe._utils import user_name

        return user_name()

    def _refuse_if_read_only(self, verb: str) -> None:
        if self.mode == "r":
            message = f"Cannot {verb} {self.fpath}: it was opened with mode='r'; open it with mode='a' or 'w+'."
            raise ReadOnlyError(message, path=str(self.fpath))

    @abstractmethod
    def _as_dict(self, entry: Entry[T]) -> dict[str, Any]:
        """Return the record of an entry as plain objects."""

    def _dicts(self, entries: list[Entry[T]]) -> Iterator[dict[str, Any]]:
        """Yield the records of entries as plain objects."""
        return map(self._as_dict, entries)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self._dicts(self._records.snapshot())

    def __bool__(self) -> bool:
        return True

    def __getstate__(self) -> dict[str, Any]:
        asked = self._pending.placed(self._records.snapshot()) if self._pending.moves else self._asked
        self._records.kept()  # a copy shares it
        return {
            **{key: value for key, value in self.__dict__.items() if key not in ("_lock", "_busy")},
            "_as_saved": None,
            "_asked": asked,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock, self._busy = threading.RLock(), threading.Lock()
