"""What a file of records says: its records, checked one by one, and the files that they and its history name."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from lazyscribe.artifacts import _get_handler
from lazyscribe.artifacts.missing import MissingArtifact
from lazyscribe.codec.artifacts import from_record
from lazyscribe.codec.experiments import artifact_files
from lazyscribe.codec.text import Record, decode
from lazyscribe.codec.texts import split
from lazyscribe.exception import CorruptManifestError, InvalidNameError
from lazyscribe.store.base import Store
from lazyscribe.store.keys import check_key, fold, join, portability_warning
from lazyscribe.verification.past import list_log, read_past
from lazyscribe.verification.report import Finding


class Subject(NamedTuple):
    """What is to be checked.

    Attributes
    ----------
    kind
        ``"project"`` or ``"repository"``.
    key
        Of the file of records, in `store`.
    check
        Refuses a record (its text, its position) that is not well-formed.
    seen
        Whether there was a file of records when the caller last looked.
    """

    kind: str
    store: Store
    key: str
    check: Callable[[bytes, int], object]
    seen: bool = False

    def place(self, key: str = "") -> str:
        """Return a key as a user would write it, by default that of the file of records."""
        return self.store.describe(key or self.key)


class Holder(NamedTuple):
    """An artifact's record and the position of the record that it stands in.

    Attributes
    ----------
    gone
        Of a version that only history knows: why no record holds it. Then there is no position either.
    """

    position: int | None
    record: Record
    gone: str = ""

    @property
    def name(self) -> str:
        """Of the artifact."""
        return str(self.record["name"])


class Contents:
    """What the file of records holds.

    Attributes
    ----------
    data
        Its bytes; ``None`` where there is no file or it cannot be read.
    records
        How many there are.
    files
        Who names a file, by its key.
    past
        Who names a file that no record names but that history loads, by its key.
    spellings
        The first of these keys by what all share that some file system takes for one; see `fold`.
    folders
        Keys of the folders that records are kept in.
    complete
        Whether it is known which files belong to the records.
    history
        What the journal tells of files.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject, self._place = subject, subject.place()
        self._handlers: dict[str, str | None] = {}
        self.findings: list[Finding] = []
        self.data: bytes | None = None
        self.records = 0
        self.files: dict[str, list[Holder]] = {}
        self.past: dict[str, Holder] = {}
        self.spellings: dict[str, str] = {}
        self.folders: set[str] = set()
        self.complete = False
        if self._read():
            self._enter_all()
        self.history = read_past(subject.store, subject.key, self.data)
        if self.complete:
            self._enter_past()

    def is_old(self) -> bool:
        """Whether somebody has saved since this was read."""
        store, key = self._subject.store, self._subject.key
        try:
            found = store.read(key)
        except Exception:  # as it was when that became a finding
            found = None
        data = found[0] if found is not None else None
        return data != self.data or list_log(store, key) != self.history.listed

    def _find(self, kind: str, severity: str, message: str, holder: Holder | None = None, key: str = "") -> None:
        position, name = (None, None) if holder is None else (holder.position, holder.name)
        self.findings.append(Finding(kind, severity, self._subject.place(key), message, position, name))

    def _read(self) -> bool:
        subject, place = self._subject, self._subject.place()
        try:
            found = subject.store.read(subject.key)
        except Exception as error:  # whatever a file system may raise
            message = f"{place} is there but cannot be read ({error}); see to its permissions or its disk."
            self._find("manifest-unreadable", "error", message)
            return False
        if found is not None:
            self.data = found[0]
        elif subject.seen:
            self._find("manifest-missing", "error", f"{place} was there and is gone; restore it from a good copy.")
        else:
            self._find("manifest-missing", "note", f"{place} is not there; it will be with the first save.")
        return found is not None

    def _enter_all(self) -> None:
        assert self.data is not None
        try:
            texts = split(self.data, self._subject.place())
        except CorruptManifestError as error:
            self._find("manifest-damaged", "error", str(error))
            return
        self.complete, self.records = True, len(texts)
        identities: dict[Any, int] = {}
        for position, text in enumerate(texts):
            record = self._checked(text, position)
            if record is not None:
                self._compare(record, position, identities)
                self._enter(record, position)

    def _checked(self, text: bytes, position: int) -> Record | None:
        record: Record = {}
        try:
            record = decode(text, self._place, position)
            self._subject.check(text, position)
        except Exception as error:  # nonsense of every kind
            self.complete = False
            name = record.get("name")
            name = name if isinstance(name, str) else None
            place, told = self._place, isinstance(error, CorruptManifestError)
            message = str(error) if told else f"Record {position} of {place} cannot be understood ({error}); mend it."
            self.findings.append(Finding("record-damaged", "error", place, message, position, name))
            return None
        return record

    def _compare(self, record: Record, position: int, identities: dict[Any, int]) -> None:
        """Look whether another record has the number or the slug of this one."""
        holder = Holder(position, record)
        if self._subject.kind == "project":
            first = identities.setdefault(record["slug"], position)
            kind, severity = "slug-duplicate", "warning"
            what = f"has the slug {record['slug']!r}, as record {first} has"
            todo = "both can be had by their position; give one of them another slug and folder"
        else:
            number = record.get("version", 0)
            first = identities.setdefault((record["name"], number), position)
            kind, severity = "number-duplicate", "error"
            what = f"is a version {number} of {record['name']!r}, as record {first} is"
            todo = "load both by their dates, and give one of them a free number"
        if first != position:
            self._find(kind, severity, f"Record {position} of {self._subject.place()} {what}; {todo}.", holder)

    def names(self, key: str) -> bool:
        """Whether a record, or else history, names the file `key`, be it in another spelling."""
        return key in self.files or fold(key) in self.spellings

    def _enter(self, record: Record, position: int) -> None:
        project = self._subject.kind == "project"
        self.folders.add(join(record["slug"] if project else record["name"]))
        for folder, artifact in artifact_files(record) if project else [(record["name"], record)]:
            key, holder = join(folder, artifact["fname"]), Holder(position, artifact)
            self._compare_names(key, holder)
            self.files.setdefault(key, []).append(holder)
            self._check_handler(key, holder)

    def _enter_past(self) -> None:
        for key, (told, why) in self.history.versions.items():
            if self.names(key):
                continue
            with suppress(InvalidNameError):  # in a journal that was tampered with
                record = {"name": told.name, "version": told.version, "created_at": told.date, "handler": told.handler}
                self.past[check_key(key)] = Holder(None, record, why)
        self.spellings.update({fold(key): key for key in self.past})

    def _compare_names(self, key: str, holder: Holder) -> None:
        if key in self.files:
            other = self.files[key][0]
            message = (
                f"{self._subject.place(key)} is the file of {holder.name!r} and of {other.name!r} in record "
                f"{other.position}: one of them was overwritten; find out which, and log the other one anew."
            )
            self._find("file-shared", "error", message, holder, key)
            return
        spelling = self.spellings.setdefault(fold(key), key)
        if spelling != key:
            twin = self._subject.place(spelling)
            message = f"{self._subject.place(key)} and {twin} are one file on systems that ignore case; rename one."
            self._find("name-unportable", "note", message, holder, key)
        if (warning := portability_warning(key)) is not None:
            self._find("name-unportable", "note", f"{warning} Copy it under another name there.", holder, key)

    def _check_handler(self, key: str, holder: Holder) -> None:
        record = holder.record
        environment = str([(key, value) for key, value in record.items() if key not in _EVERY_RECORD])
        if environment not in self._handlers:
            self._handlers[environment] = self._why_not(record)
        reason = self._handlers[environment]
        if reason is not None:
            message = f"The artifact {holder.name!r} cannot be loaded here: {reason}"
            self._find("handler-missing", "warning", message, holder, key)

    def _why_not(self, record: Record) -> str | None:
        """Return why artifacts of that handler and environment cannot be constructed here."""
        alias = record["handler"]
        if alias not in self._handlers:
            try:
                _get_handler(alias)
                self._handlers[alias] = None
            except Exception as error:  # an entry point runs code of its package
                self._handlers[alias] = str(error)
        if self._handlers[alias] is not None:
            return self._handlers[alias]
        artifact = from_record(record)
        return artifact.reason if isinstance(artifact, MissingArtifact) else None


_EVERY_RECORD = frozenset({"created_at", "expiry", "fname", "name", "version"})
"""What decides nothing about whether a handler can be had."""
