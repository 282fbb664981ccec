"""Bringing memory and file together: save, reload, preview.

What is in memory becomes rows; the file as last seen is the base, the file as it is now is theirs. A save stages the
files of the rows, merges the three under the guard, and swaps; a reload merges and writes nothing. Only then does
memory change.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from lazyscribe import commit
from lazyscribe.codec.text import Record, assemble, decode, encode
from lazyscribe.exception import ConflictError, InvalidArgumentError, NameTakenError
from lazyscribe.journaling import Telling
from lazyscribe.merge_fields import Conflict, Prefer, merge_records
from lazyscribe.reading import output_only_notice
from lazyscribe.reconcile import (
    Behind,
    Reconciled,
    as_it_stands,
    journal_of,
    keyed,
    mark_lost,
    merge_rows,
    put_texts,
    shown,
    with_behind,
)
from lazyscribe.records.entries import Entry
from lazyscribe.rows import Row
from lazyscribe.store.keys import join
from lazyscribe.unchanged import NewVersions

if TYPE_CHECKING:
    from lazyscribe.artifacts.base import Artifact
    from lazyscribe.document import Document
    from lazyscribe.draft import Draft, Written
    from lazyscribe.journal.files import Listing
    from lazyscribe.journal.log import Ticket, View
    from lazyscribe.journal.pending import Pending
    from lazyscribe.manifest import Manifest
    from lazyscribe.stage import Stage

T = TypeVar("T")

KEPT_IN_MEMORY = 2**20
"""Values whose files are larger than this many bytes are let go after a save."""


class MergePreview(NamedTuple):
    """What a save would bring together; names of experiments are their slugs.

    Attributes
    ----------
    added
        Saved by others since, not yet in memory.
    updated
        Changed by others since.
    removed
        Deleted by others since.
    restored
        Dropped by a program that does not note what it deletes; a save puts them back.
    saved
        New or changed here.
    conflicts
        What both changed to different values.
    """

    added: list[str]
    updated: list[str]
    removed: list[str]
    restored: list[str]
    saved: list[str]
    conflicts: list[Conflict]

    def __str__(self) -> str:
        lines = [f"{what}: {', '.join(map(str, found))}" for what, found in self._asdict().items() if found]
        return "\n".join(lines) or "nothing to bring together"


def save(document: Document[T], prefer: Prefer, message: str | None = None) -> None:
    """Write what is in memory; see `Document.save`."""
    _check_preference(prefer)
    while not _try_to_save(document, prefer, message):
        pass


def _try_to_save(document: Document[T], prefer: Prefer, message: str | None) -> bool:
    """Save once; False if a name turned out to be taken and another one has to be tried."""
    pending, removed = document._pending.copy(), document._records.taken_out()
    entries = document._records.snapshot()
    rows = document._rows(entries)
    outcome: list[Reconciled] = []
    views: list[View] = []
    listings: list[Listing] = []
    new = NewVersions(document, entries, rows)

    def compose(data: bytes | None) -> bytes:
        views[:] = [journal_of(document, data, listing=listings[0])]
        new.choose(data)
        document._stay_above(new.rows, views[0].summary.highest)
        outcome[:] = [merge_rows(document, new.entries, new.rows, data, prefer)]
        _refuse_conflicts(document, outcome[0].conflicts, prefer)
        mark_lost(document, new.rows, outcome[0].merged)
        return _composed(document, new, outcome[0])

    drafts = [draft for row in rows for draft in row.drafts]
    seen = document._manifest.twin()
    document._manifest.trying = entries
    teller = _Teller(document, new, outcome, views, pending, message, listings)
    try:
        commit.save(document._manifest, drafts, compose, document._author(), teller=teller)
    except NameTakenError as taken:
        document._avoid.update(taken.names)
        return False
    document._replacing = False
    document._pending.settle(pending)
    with new.taken_out():
        notices = _settle(document, new.entries, outcome[0], seen)
    document._records.burnt = views[0].summary.highest
    document._records.forget_removed(removed)
    document._saved()
    _tell(drafts, notices)
    return True


class _Teller(NamedTuple):
    """What a save tells the journal, with what its last `compose` has found."""

    document: Document[Any]
    new: NewVersions[Any]
    outcome: list[Reconciled]
    views: list[View]
    pending: Pending
    message: str | None
    listings: list[Listing]

    def look(self) -> None:
        self.listings[:] = [self.document._manifest.journal.files.listing()]

    def staged(self, stage: Stage) -> None:
        rows = self.new.rows
        put_texts(self.document, rows)  # now, so that nobody has to wait for it
        for note in self.document._notes(rows):
            stage.note(*note)
        self.new.look_ahead()

    def ticket(self, current: bytes | None, data: bytes, written: Mapping[str, Written], turn: str) -> Ticket | None:
        telling = Telling(self.document, self.new, self.outcome[0], self.views[0], current)
        return telling.ticket(data, written, self.pending, self.message, turn)


def _composed(document: Document[T], new: NewVersions[T], merge: Reconciled) -> bytes:
    """Return the manifest that a merge gives."""
    if merge.behind is not None:
        return with_behind(document, new.rows, merge.behind)
    if merge.merged is None:
        return as_it_stands(document, new.entries, new.rows)
    return assemble(list(merge.merged.texts.values()))


def _settle(document: Document[T], entries: list[Entry[T]], merge: Reconciled, seen: Manifest) -> list[str]:
    """Let memory be what was written; return what the user should be told."""
    standing, notices = _absorb_written(document, entries, merge, seen)
    data = document._manifest.data
    document._as_saved = (standing, data) if data is not None else None
    return notices


def _tell(drafts: list[Draft], notices: list[str]) -> None:
    """Warn the user of what became of a save."""
    written = (draft.artifact for draft in drafts if not draft.lost)
    for notice in [*notices, *(output_only_notice(artifact.name) for artifact in written if artifact.output_only)]:
        warnings.warn(notice, UserWarning, stacklevel=5)


def reload(document: Document[T], prefer: Prefer) -> None:
    """Take in what others saved; see `Document.reload`."""
    _check_preference(prefer)
    if document._replacing:
        document._manifest.read()
        return
    data, token = document._manifest.peek()
    entries = document._records.snapshot()
    merge = _merge_for_reading(document, entries, data, prefer)
    _refuse_conflicts(document, merge.conflicts, prefer)
    if merge.merged is not None and any(row.entry.saved and row.key not in merge.theirs.texts for row in merge.rows):
        document._pending.kept = True
    _absorb(document, entries, merge, written=False)
    document._manifest.data, document._manifest.token = data, token
    document._pending.pointers = []


def preview(document: Document[T]) -> MergePreview:
    """Return what a save would bring together; see `Document.merge_preview`."""
    data, _ = document._manifest.peek()
    merge = _merge_for_reading(document, document._records.snapshot(), data, "theirs")
    base, theirs = keyed(document, document._manifest.data).texts, keyed(document, data).texts
    changed = [row for row in merge.rows if row.record is not None and row.text != row.entry.text]
    return MergePreview(
        added=shown(key for key in theirs if key not in base),
        updated=shown(key for key in theirs if key in base and base[key] != theirs[key]),
        removed=shown(merge.deleted),
        restored=shown(merge.restored()),
        saved=shown({row.key or document._identify(row.record) for row in changed if row.record is not None}),
        conflicts=merge.conflicts,
    )


def _merge_for_reading(
    document: Document[T], entries: list[Entry[T]], data: bytes | None, prefer: Prefer
) -> Reconciled:
    while True:
        rows = document._rows(entries)
        _name_as_staged(document, rows)
        try:
            return merge_rows(document, entries, rows, data, prefer)
        except NameTakenError as taken:
            document._avoid.update(taken.names)


def _name_as_staged(document: Document[T], rows: list[Row[T]]) -> None:
    """Let files have the names that a save gave them whose answer was lost, by which its records are recognised."""
    names = {id(file.artifact): key for key, file in document._manifest.unsure.items()}
    for draft in (draft for row in rows if names for draft in row.drafts):
        if (key := names.get(id(draft.artifact), "")).startswith(join(draft.folder) + "/"):
            draft.record["fname"] = key.removeprefix(join(draft.folder) + "/")


def _refuse_conflicts(document: Document[T], conflicts: list[Conflict], prefer: Prefer) -> None:
    if conflicts and prefer == "raise":
        place = document._manifest.place
        listed = "; ".join(map(str, conflicts[:3])) + ("; …" if len(conflicts) > 3 else "")
        message = (
            f"{place} was changed by somebody else in what was changed here, too: {listed}. "
            "Decide with on_conflict='ours' or 'theirs', or open it again and repeat the change."
        )
        raise ConflictError(message, path=place, conflicts=conflicts)


def _check_preference(prefer: str) -> None:
    if prefer not in ("raise", "ours", "theirs"):
        message = f"on_conflict must be 'raise', 'ours' or 'theirs', not {prefer!r}."
        raise InvalidArgumentError(message, on_conflict=prefer)


# Settling


def _absorb_written(
    document: Document[T], entries: list[Entry[T]], merge: Reconciled, seen: Manifest
) -> tuple[list[Entry[T]], list[str]]:
    """Do what `_absorb` does with what was written; if that is cut short, the next save merges from `seen` anew.

    For memory may not hold then what others have added.
    """
    try:
        return _absorb(document, entries, merge, written=True)
    except BaseException:
        manifest = document._manifest
        manifest.attempt, manifest.data, manifest.token = manifest.data, seen.data, seen.token
        document._records.forget_tables()
        raise


def _absorb(
    document: Document[T], entries: list[Entry[T]], merge: Reconciled, written: bool
) -> tuple[list[Entry[T]], list[str]]:
    """Make memory what the merge says; return the entries in their new order, and what the user should be told.

    With `written`, what memory holds is on disk now.
    """
    if merge.behind is not None:
        return _absorb_behind(document, entries, merge, merge.behind, written)
    if merge.merged is None:
        drafts = (draft for row in merge.rows for draft in row.drafts)
        renamed = any(_is_another(draft) for draft in drafts)
        notices = _settle_rows(document, merge.rows, written)
        if renamed:
            document._records.forget_tables()
        return entries, notices
    mine = {row.key: row for row in merge.rows}
    texts, place = merge.merged.texts, document._manifest.place
    notices = _settle_rows(document, [mine[key] for key in texts if key in mine], written)
    result: list[Entry[T]] = []
    for position, (key, text) in enumerate(texts.items()):
        row = mine.get(key)
        if row is not None:
            _absorb_one(document, row, text, text if written else merge.theirs.texts.get(key, row.entry.text))
            result.append(row.entry)
        elif merge.theirs.texts.get(key) is text:
            result.append(Entry(text, merge.theirs.heads[key]))
        else:
            result.append(Entry(text, document._checked(text, position)))
    document._follow(document._records.replace_entries(result, entries))
    if merge.merged.restored and written:
        names = ", ".join(shown(merge.merged.restored))
        notices.append(f"{names} had been dropped from {place} by another program and was put back.")
    return result, notices


def _is_another(draft: Draft) -> bool:
    """Whether look-up tables know an artifact by a name or a number that it will not have."""
    artifact, record = draft.artifact, draft.record
    known: tuple[str, int] = record["fname"], record.get("version", artifact.version)
    return known != (artifact.fname, artifact.version)


def _absorb_behind(
    document: Document[T], entries: list[Entry[T]], merge: Reconciled, behind: Behind, written: bool
) -> tuple[list[Entry[T]], list[str]]:
    """Do what `_absorb` does, where only what stands behind the known records has changed."""
    mine = {row.key: row.entry for row in merge.rows if not row.entry.saved}
    heads, records = merge.theirs.heads, document._records
    with records.lock:
        unchanged = records.withdraw(len(behind.known), entries)
        notices = _settle_rows(document, merge.rows, written)
        later = [mine[key] if key in mine else Entry(text, heads[key]) for key, text in behind.texts.items()]
        if unchanged:
            records.put_from(len(behind.known), later)
        else:
            document._follow(records.replace_entries([*behind.known, *later], entries))
    return [*behind.known, *later], notices


def _settle_rows(document: Document[T], rows: list[Row[T]], written: bool) -> list[str]:
    """Bring objects up to date with the numbers and names that their records got; return what is to be told."""
    notices: list[str] = []
    for row in rows:
        if row.record is None:
            continue
        if not written:
            document._renumber(row, row.record)
            continue
        for draft in row.drafts:
            notices += [notice] if (notice := _settle_file(draft)) else []
        document._settle(row, row.record)
        row.entry.text = row.text
    return notices


def _absorb_one(document: Document[T], row: Row[T], text: bytes, base: bytes | None) -> None:
    """Bring one entry up to date with its merged `text`; from now on its changes count from `base`."""
    entry = row.entry
    if text != row.text:
        record = decode(text, document._manifest.place)
        head = document._checked(text, 0)
        with document._records.lock:  # a thread that is just making the object, of what stood there, comes first
            entry.head = head
            built = entry.obj is not None
            if not built:
                entry.text = base
        if built:
            with document._lock_of(entry):
                document._refresh(entry, record if entry.frozen else _with_later(document, row, record))
    entry.text = base


def _with_later(document: Document[T], row: Row[T], record: Record) -> Record:
    """Return the merged `record` with what other threads changed in the object since `row` was made of it."""
    place = document._manifest.place
    try:
        now = document._present(row.entry).record
        text = encode(now) if now is not None else row.text
    except Exception:  # what just came cannot be written; the next save would say so, and this one is done
        return record
    return (
        record if text == row.text else merge_records(decode(row.text, place), record, decode(text, place), "ours")[0]
    )


def _settle_file(draft: Draft) -> str | None:
    """Mark a saved artifact clean and give it the name its file got; return what the user should be told of it.

    The value is let go if the file is large. One that lost against somebody else's stays unsaved.
    """
    artifact, fname, notice = draft.artifact, draft.record["fname"], None
    if draft.lost:
        artifact.fname = fname  # as in the row, which tells what came later
        return None
    if artifact.fname != fname:
        notice = name_notice(artifact, fname)
        object.__setattr__(artifact, "fname", fname)  # who calls sees to the look-up tables
    artifact.dirty = False
    if draft.size > KEPT_IN_MEMORY:
        artifact.value = None
    return notice


def name_notice(artifact: Artifact, fname: str) -> str | None:
    """Say that a file name which the user chose could not be kept."""
    from lazyscribe.artifacts.base import has_default_fname

    if has_default_fname(artifact):
        return None
    return f"The file name {artifact.fname!r} of the artifact {artifact.name!r} is taken; it is kept in {fname!r}."
