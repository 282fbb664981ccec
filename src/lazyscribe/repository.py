"""Repositories: named artifacts in versions, in one JSON file with the artifacts beside it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from lazyscribe import _utils
from lazyscribe._dates import parse_expiry
from lazyscribe.codec.artifacts import from_record, lasting, looks, to_record
from lazyscribe.codec.text import Record, decode
from lazyscribe.exception import (
    InvalidArgumentError,
    InvalidNameError,
    NameTakenError,
    ReadOnlyError,
    SaveError,
    UnknownNameError,
)
from lazyscribe.keywords import choice
from lazyscribe.lookup import Match, Version
from lazyscribe.names import check_file, warn_of_names
from lazyscribe.promoting import Promoting
from lazyscribe.records.entries import Entry
from lazyscribe.records.versions import VersionList
from lazyscribe.releasing import Releasing
from lazyscribe.rows import Row
from lazyscribe.store.keys import candidates, fold, join

if TYPE_CHECKING:
    from pathlib import Path

    from lazyscribe.artifacts.base import Artifact
    from lazyscribe.artifacts.trust import Trust
    from lazyscribe.codec.heads import Reader, VersionHead
    from lazyscribe.draft import Source
    from lazyscribe.progress import Followed
    from lazyscribe.reconcile import Sides

__all__ = ["Repository"]


class Repository(Releasing, Promoting):
    """Named artifacts in versions: numbers from 0 on, and creation dates.

    Nothing is written before `save`. Many threads may use one repository; many processes may save to one file.

    Parameters
    ----------
    fpath
        Path, or URL of an fsspec protocol. A missing file is an empty repository.
    mode
        ``"r"``: read only. ``"a"``: what is there stays as it is, new versions may join. ``"w"``: what is there is
        not loaded, and replaced by the first save. ``"w+"``: new versions may join, expiry may be set.
    trust
        Which files may be loaded that can run code, as pickles do: ``"all"``; those whose digest was ``"recorded"``
        here when they were saved; ``"none"``. Default: the environment variable ``LAZYSCRIBE_TRUST``, else all.
    progress
        Called as ``progress(done_bytes, total_bytes)`` while files are saved, loaded, promoted or checked; ``False``:
        never. Default: a bar for what takes more than two seconds, if a terminal or notebook shows it.
    unchanged
        What becomes of a new version that holds, byte for byte, what the newest does: ``"add"`` it all the same, or
        ``"skip"`` it when it is saved, and log that.
    **storage_options
        Passed to the file system.

    Raises
    ------
    ValueError
        Another mode, level of trust or `unchanged`; as `CorruptManifestError` a file that is damaged.
    """

    _kind: ClassVar[str] = "repository"
    _list: ClassVar[Any] = VersionList
    _records: VersionList

    def __init__(
        self,
        fpath: str | Path = "repository.json",
        mode: Literal["r", "a", "w", "w+"] = "w+",
        *,
        trust: Trust | None = None,
        progress: Followed = None,
        unchanged: Literal["add", "skip"] = "add",
        **storage_options: Any,
    ) -> None:
        self.unchanged = choice("unchanged", unchanged, ("add", "skip"))
        self._sources: dict[int, Source] = {}
        super().__init__(fpath, mode, storage_options, trust, progress)

    @property
    def artifacts(self) -> VersionList:
        """All versions of all artifacts: list-like, in the order of the file."""
        return self._records.kept()

    @artifacts.setter
    def artifacts(self, values: Iterable[Artifact]) -> None:
        self._records[:] = values

    # Logging

    def log_artifact(
        self, name: str, value: Any, handler: str | None = None, fname: str | None = None, **writer_kwargs: Any
    ) -> None:
        """Add a version, its number provisional; its file is written, and what a path leads to read, at the next save.

        Parameters
        ----------
        handler
            The alias of a handler, such as ``"json"`` or ``"pickle"``; default: the one for the type of `value`, never
            one that pickles.
        fname
            Name of the file in the folder ``name``; default: slug of the name, date, and the handler's suffix. A
            name that another version has gets a suffix.
        **writer_kwargs
            Passed to the handler's ``write``.

        Raises
        ------
        ReadOnlyError
            Opened with ``mode="r"``.
        ValueError
            No handler has that alias, or none is taken by itself for such a value; as `InvalidNameError` a name that
            cannot be used.
        """
        self._refuse_if_read_only("log an artifact to")
        check_file(name, fname or "x", self.fpath.name)
        from lazyscribe.recorder import new_artifact

        with self._records.lock:
            number = self._records.next_number(name)
            artifact = new_artifact(name, value, handler, fname, writer_kwargs, version=number)
            self._join(artifact)
        warn_of_names(name, artifact.fname)

    def _join(self, artifact: Artifact, chosen: bool = True) -> None:
        """Add a version under a file name that no other one has; warn if the user had `chosen` another."""
        check_file(artifact.name, artifact.fname, self.fpath.name)
        free = self._records.free_name(artifact.name, artifact.fname)
        if free != artifact.fname:
            from lazyscribe.sync import name_notice

            notice = name_notice(artifact, free) if chosen else None
            object.__setattr__(artifact, "fname", free)  # it stands in no look-up table yet
            if notice:
                warnings.warn(notice, UserWarning, stacklevel=4)
        self._records.append(artifact)

    def set_artifact_expiry(
        self, name: str, version: Version = None, match: Match = "exact", expiry: datetime | str | None = None
    ) -> None:
        """Let a version expire; written at the next save.

        Parameters
        ----------
        expiry
            A date or its ISO 8601 text; default: now.

        Raises
        ------
        ReadOnlyError
            Opened with ``mode="r"``, or with ``"a"`` and the version is in the file.
        ValueError
            `expiry` is no date. Others as `load_artifact`.
        """
        self._refuse_if_read_only("set an expiry in")
        date = _utils.utcnow() if expiry is None else parse_expiry(expiry)
        entry = self._find(name, version, match)
        if self.mode == "a" and entry.saved:
            message = f"Versions in {self.fpath} cannot expire in mode='a'; open it with mode='w+'."
            raise ReadOnlyError(message, path=str(self.fpath))
        self._records.set_expiry(entry, date)

    def __getitem__(self, name: str) -> Artifact:
        if not self._records.has(name):
            raise UnknownNameError(self._no_artifact(name), name=name)
        return self._records.get(self._records.span(name)[1])

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._records.has(name)

    # What the base asks for

    def _may_add(self, obj: Artifact) -> None:
        self._refuse_if_read_only("add an artifact to")
        from lazyscribe.artifacts.base import Artifact

        if not isinstance(obj, Artifact):
            raise InvalidArgumentError(f"{obj!r:.80} is no Artifact; only artifacts can join {self.fpath}.")
        check_file(obj.name, obj.fname, self.fpath.name, new=obj.dirty)

    def _may_remove(self, entry: Entry[Artifact]) -> None:
        self._refuse_if_read_only("remove an artifact from")
        if self.mode == "a" and entry.saved:
            message = f"Versions in {self.fpath} cannot be removed in mode='a'; open it with mode='w+'."
            raise ReadOnlyError(message, path=str(self.fpath))

    @property
    def _reader(self) -> Reader[VersionHead]:
        from lazyscribe.codec.heads import VERSIONS

        return VERSIONS

    def _check_names(self, head: VersionHead) -> None:
        check_file(head.name, head.fname, self.fpath.name, new=False)

    def _opened(self, heads: list[Any]) -> None:
        newest: dict[str, int] = {}
        for head in heads:
            if newest.get(head.name, -1) >= head.version:  # most files hold them in their order
                if duplicates := self._records.duplicates():
                    _warn_of_duplicates(self._manifest.place, duplicates)
                return
            newest[head.name] = head.version

    def _identify(self, record: Record) -> str:
        return f"{record['name']}\0{record['fname']}"

    def _build(self, entry: Entry[Artifact]) -> Artifact:
        assert entry.raw is not None
        record = decode(entry.raw, self._manifest.place)
        artifact = from_record(record)
        known = to_record(artifact)
        entry.unknown = {key: value for key, value in record.items() if key not in known}
        entry.frozen = self.mode in ("r", "a")
        entry.seen = lasting(looks(artifact))  # before others can have it, and change it
        entry.obj = artifact
        return artifact

    def _as_dict(self, entry: Entry[Artifact]) -> Record:
        return self._record_of(entry)

    def _lock_of(self, entry: Entry[Artifact]) -> Any:
        del entry
        return self._records.lock

    def _present(self, entry: Entry[Artifact]) -> Row[Artifact]:
        return Row(entry, self._record_of(entry))

    def _row(self, entry: Entry[Artifact]) -> Row[Artifact]:
        artifact, row = self._records.get(entry), self._present(entry)
        record = row.record
        assert record is not None
        source = self._sources.get(id(artifact)) or self._renamed_from(entry, artifact)
        if artifact.dirty or source is not None:
            own = self._checked_key(artifact)
            from lazyscribe.draft import Draft

            draft = Draft(
                record,
                artifact.name,
                artifact,
                lambda key: fold(key) in self._avoid or self._records.owners(key) > (key == own),
                self._replacing,
                source,
            )
            row.drafts.append(draft)
        return row

    def _renamed_from(self, entry: Entry[Artifact], artifact: Artifact) -> Source | None:
        """Return the file of a saved version whose name or file name has changed since."""
        if entry.raw is None or artifact.dirty:
            return None
        saved = decode(entry.raw, self._manifest.place)
        if (saved["name"], saved["fname"]) == (artifact.name, artifact.fname):
            return None
        from lazyscribe.promotion import source_of

        with suppress(FileNotFoundError):
            return source_of(artifact, self._location.store, join(saved["name"], saved["fname"]))
        return None

    def _checked_key(self, artifact: Artifact) -> str:
        try:
            return check_file(artifact.name, artifact.fname, self.fpath.name)
        except InvalidNameError as error:  # it was good when the artifact joined
            message = f"The artifact {artifact.name!r} was not saved: {error}"
            raise SaveError(message, name=artifact.name) from error

    def _is_untouched(self, entry: Entry[Artifact]) -> bool:
        if not entry.saved or entry.obj is None:
            return False
        seen = getattr(entry, "seen", None)
        return seen is not None and seen == looks(entry.obj)

    def _meet(self, fresh: list[Row[Artifact]], added: Mapping[str, Any]) -> bool:
        """Whether files or numbers clash, or a new version is one of a file that is there already."""
        planned: dict[str, int] = {}
        numbers: dict[str, set[int]] = {}
        for row in fresh:
            artifact, record = row.entry.obj, row.record
            if artifact is None or record is None or not row.drafts or self._identify(record) in added:
                return True
            key = fold(join(artifact.name, artifact.fname))
            planned[key] = planned.get(key, 0) + 1
            if planned[key] > 1 or len(self._records.numbered(record["name"], record["version"])) != 1:
                return True
            numbers.setdefault(record["name"], set()).add(record["version"])
        if any(max(held) - min(held) >= len(held) for held in numbers.values()):
            return True
        if any(max(held) + 1 != self._records.next_number(name) for name, held in numbers.items()):
            return True
        keys = (join(head.name, head.fname) for head in added.values())
        return any(self._records.owners(key) > planned.get(fold(key), 0) for key in keys)

    def _resolve(self, rows: list[Row[Artifact]], sides: Sides) -> None:
        """Let new versions move behind those of others, and where no files are written to names of their own."""
        heads: Mapping[str, VersionHead] = sides.theirs.heads
        held = {(head.name, head.version) for head in heads.values()}
        highest: dict[str, int] = {}
        for name, number in held:
            highest[name] = max(highest.get(name, -1), number)
        for row in rows:
            if row.record is None:
                continue
            key, name, number = self._identify(row.record), row.record["name"], row.record["version"]
            if row.entry.saved:
                if not self._lost_its_number(row, row.record, sides, held):
                    continue
            elif key in heads and (key in sides.committed or not row.drafts):  # it is that very version
                row.record["version"] = heads[key].version
                continue
            elif key in heads:
                self._rename(row, row.record, heads)
            row.record["version"] = highest[name] = max(highest.get(name, -1) + 1, number)

    def _lost_its_number(self, row: Row[Artifact], record: Record, sides: Sides, held: set[tuple[str, int]]) -> bool:
        """Whether a version that others deleted and that is kept here has a number that was given away meanwhile.

        One that was put back meanwhile by somebody else takes the number that it has there.
        """
        key = self._identify(record)
        if key in sides.theirs.heads:
            if key not in sides.base:
                record["version"] = sides.theirs.heads[key].version
            return False
        if (record["name"], record["version"]) not in held or row.text == sides.base.get(key):
            return False
        return self._identify(decode(row.entry.raw or b"", self._manifest.place)) not in sides.theirs.heads

    def _stay_above(self, rows: list[Row[Artifact]], highest: Mapping[str, int]) -> None:
        if highest and not self._replacing:
            self._records.stay_above([row.record for row in rows if not row.entry.saved and row.record], highest)

    def _rename(self, row: Row[Artifact], record: Record, theirs: Mapping[str, VersionHead]) -> None:
        """Give a new version another file name, since others took its own; what is staged is to be staged again."""
        name, key = record["name"], join(record["name"], record["fname"])
        if any(draft.size >= 0 for draft in row.drafts):
            raise NameTakenError(f"{key} was taken meanwhile; save again.", names={fold(key)})
        for fname in candidates(record["fname"]):
            record["fname"] = fname
            if self._identify(record) not in theirs and not self._records.owners(join(name, fname)):
                return

    def _settle(self, row: Row[Artifact], record: Record) -> None:
        self._renumber(row, record)
        artifact = row.entry.obj
        assert artifact is not None
        seen = lasting(looks(artifact))  # first: what another thread changes from here on is not what was written
        row.entry.seen = seen if to_record(artifact).items() <= record.items() else None

    def _renumber(self, row: Row[Artifact], record: Record) -> None:
        artifact = row.entry.obj
        assert artifact is not None
        row.entry.seen = None  # it had changed; how it looked before says nothing of the text that a reload brings
        if artifact.version != record.get("version", 0):
            object.__setattr__(artifact, "version", record["version"])  # who calls sees to the look-up tables

    def _follow(self, added: list[Entry[Artifact]]) -> None:
        for entry in added:
            artifact = self._records.get(entry)
            if len(self._records.numbered(artifact.name, artifact.version)) > 1:
                artifact.version = self._records.next_number(artifact.name)

    def _refresh(self, entry: Entry[Artifact], record: Record) -> None:
        fresh = from_record(record)
        from attrs import fields

        for each in fields(type(fresh)):
            if each.name not in ("value", "writer_kwargs"):
                setattr(entry.obj, each.name, getattr(fresh, each.name))
        entry.seen = None


def _warn_of_duplicates(place: str, duplicates: Mapping[str, list[int]]) -> None:
    listed = "; ".join(f"{name!r}: {', '.join(map(str, numbers))}" for name, numbers in duplicates.items())
    message = f"{place} holds more than one version of the same number ({listed}); load those by their dates."
    warnings.warn(message, UserWarning, stacklevel=5)
