"""What a save tells the journal: what became of the records, what others left untold, and where aliases point.

Called under the guard, with the bytes that are there and those that will be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from lazyscribe import _utils
from lazyscribe.codec.text import decode
from lazyscribe.exception import ConflictError, CorruptManifestError, SaveError
from lazyscribe.journal.entries import Deleted, LogEntry, Moved, Told
from lazyscribe.journal.moments import standing
from lazyscribe.reconcile import Keyed, Reconciled, deleted_here, keyed, told_of
from lazyscribe.store.keys import join

if TYPE_CHECKING:
    from lazyscribe.document import Document
    from lazyscribe.draft import Written
    from lazyscribe.journal.log import Ticket, View
    from lazyscribe.journal.pending import Pending
    from lazyscribe.unchanged import NewVersions

_NOTHING = Keyed({}, {})


class Telling:
    """One try to save, as far as the journal is concerned.

    Parameters
    ----------
    new
        What may have changed, of everything in memory, and what new versions that do not join are equal to.
    view
        The journal where `current`, the manifest's bytes, stands.
    """

    def __init__(
        self, document: Document[Any], new: NewVersions[Any], merge: Reconciled, view: View, current: bytes | None
    ) -> None:
        self._document = document
        self._rows = new.rows
        self._instead = new.instead
        self._merge = merge
        self._view = view
        self._current = current
        self._theirs: Keyed | None = None
        self._present: set[int] = set()

    def ticket(
        self,
        data: bytes,
        written: Mapping[str, Written],
        pending: Pending,
        message: str | None,
        turn: str = "",
    ) -> Ticket | None:
        """Return the entry of a commit that replaces the manifest by `data`; ``None`` if there is nothing to tell.

        Its id begins with that of the `turn`.
        """
        manifest = self._document._manifest
        if pending.condition is not None:
            pending.condition(self._view.summary)
        pending = pending.without_told(lambda entry: manifest.journal.counts(self._view, entry))
        parts = self._seen()
        if data != self._current:
            parts |= self._done(data, written, pending)
        parts["aliased"] = self._moved(pending)
        parts["notes"] = pending.notes or None
        parts = {name: told for name, told in parts.items() if told}
        changes = data != self._current
        if not parts.keys() - {"held"} and not (changes and self._view.started):
            return None
        if changes or "observed" in parts or "missing" in parts:
            parts |= {"before": manifest.digest(self._current), "after": manifest.digest(data)}
        parts["message"] = message
        author = self._document._author().encode("utf-8", "replace").decode()  # any text that JSON can hold
        ticket = manifest.journal.ticket(self._view, _utils.utcnow(), author, parts, turn)
        pending.told.append((ticket.entry.id, pending))
        return ticket

    # What others left untold

    def _seen(self) -> dict[str, Any]:
        """Return what is in the manifest, or has gone, without an entry that says so."""
        if not self._view.started:
            return {"held": _told(self._before().heads.values())}
        manifest, expected = self._document._manifest, self._view.summary.after
        if manifest.digest(self._current) == (expected or ""):
            return {}
        if manifest.digest(manifest.data) == expected:
            known = {key: told_of(head) for key, head in keyed(self._document, manifest.data).heads.items()}
        else:
            known = standing(self._whole()).rows
        now = {key: told_of(head) for key, head in self._before().heads.items()}
        strange = [told for key, told in now.items() if key not in known or not known[key].same_as(told)]
        return {
            "observed": tuple(strange),
            "missing": tuple(told for key, told in known.items() if key not in now),
        }

    def _whole(self) -> list[LogEntry]:
        from lazyscribe.reconcile import journal_of

        return self._view.entries if self._view.whole else journal_of(self._document, self._current, True).entries

    def _before(self) -> Keyed:
        """Return the records that are there; none where they cannot be read and are about to be replaced."""
        if self._theirs is None:
            try:
                self._theirs = keyed(self._document, self._current)
            except (CorruptManifestError, KeyError, TypeError):
                self._theirs = _NOTHING
        return self._theirs

    # What this save does

    def _done(self, data: bytes, written: Mapping[str, Written], pending: Pending) -> dict[str, Any]:
        merge = self._merge
        if merge.merged is not None:
            before, after = merge.theirs.texts, merge.merged.texts
            records = {key: self._decoded(text) for key, text in after.items() if before.get(key) != text}
            gone = {key: text for key, text in before.items() if key not in after}
        elif self._document._replacing or pending.kept:
            before, everything = self._before().texts, keyed(self._document, data)
            records = {key: everything.heads[key] for key, text in everything.texts.items() if before.get(key) != text}
            gone = {key: text for key, text in before.items() if key not in everything.texts}
        else:
            return self._changes_of_rows(written, pending)
        logged = [record for key, record in records.items() if key not in before]
        changed = [record for key, record in records.items() if key in before]
        return self._parts(logged, changed, gone, written, pending)

    def _changes_of_rows(self, written: Mapping[str, Written], pending: Pending) -> dict[str, Any]:
        """Return what this save does where nothing but `rows` can have changed."""
        rows = [row for row in self._rows if row.record is not None]
        logged = [row.record for row in rows if not row.entry.saved]
        changed = [row.record for row in rows if row.entry.saved and row.text != row.entry.text]
        gone: dict[str, bytes] = {}
        if self._merge.behind is None and (texts := self._document._records.removed()):
            keys = deleted_here(self._document, self._rows)
            by_key = {self._document._identify(self._decoded(text)): text for text in texts}
            gone = {key: by_key[key] for key in keys}
        return self._parts(logged, changed, gone, written, pending)

    def _parts(
        self,
        logged: Iterable[Any],
        changed: Iterable[Any],
        gone: Mapping[str, bytes],
        written: Mapping[str, Written],
        pending: Pending,
    ) -> dict[str, Any]:
        deleted = [self._deleted(key, text, pending) for key, text in {**self._dropped(gone), **gone}.items()]
        versions = self._document._kind == "repository"
        return {
            "logged": _told(logged, written),
            "changed": _told(changed, written),
            "deleted": tuple(deleted),
            "replaced": self._document._replacing and self._view.started,
            "files": None if versions else {key: file.sha256 for key, file in written.items()},
        }

    def _dropped(self, gone: Mapping[str, bytes]) -> dict[str, bytes]:
        """Return what was taken out here and another program had dropped already: now it is meant."""
        if self._merge.merged is None:
            return {}
        texts = {self._document._identify(self._decoded(text)): text for text in self._document._records.removed()}
        theirs, known = self._merge.theirs.texts, self._view.summary.gone
        return {key: text for key, text in texts.items() if key not in theirs and key not in known and key not in gone}

    def _deleted(self, key: str, text: bytes, pending: Pending) -> Deleted:
        told, reason = told_of(self._decoded(text)), pending.reasons.get(key)
        return Deleted(told, reason, text.decode("utf-8") if told.fname else None)

    def _decoded(self, text: bytes) -> dict[str, Any]:
        return decode(text, self._document._manifest.place)

    # Aliases

    def _moved(self, pending: Pending) -> tuple[Moved, ...]:
        """Return the moves that change where an alias points to; numbers and names as they are to be saved."""
        last = {(move.name, move.alias): move for move in pending.moves}
        moved = [
            Moved(move.name, move.alias, *(self._target(move) if move.entry is not None else (None, None)))
            for move in last.values()
        ]
        return tuple(each for each in moved if self._view.damaged or not self._stands(each))

    def _stands(self, moved: Moved) -> bool:
        aliases = {} if self._document._replacing else self._view.summary.aliases
        held = aliases.get(moved.name, {}).get(moved.alias)
        return (held.version, held.fname) == (moved.version, moved.fname) if held is not None else moved.fname is None

    def _target(self, move: Any) -> tuple[int, str]:
        """Return number and file name of the version that an alias is to point to."""
        if (same := self._instead(move.entry)) is not None:
            told = told_of(same)
            return told.version, told.fname
        row = next((row for row in self._rows if row.entry is move.entry), None)
        known = row.record if row is not None and row.record is not None else move.entry.known
        told = told_of(known)
        merged = self._merge.merged
        if not self._present:
            self._present = {id(entry) for entry in self._document._records.snapshot()}
        there = id(move.entry) in self._present
        if not there or (merged is not None and told.key not in merged.texts):
            place = self._document._manifest.place
            what = f"The version {told.version} of {move.name!r}, to which the alias '@{move.alias}' is to point,"
            kind = SaveError if not there else ConflictError
            message = f"{what} is not in {place} any more; reload, and point it to another one."
            raise kind(message, path=place, name=move.name, conflicts=[])
        return told.version, told.fname


def _told(records: Iterable[Any], written: Mapping[str, Written] | None = None) -> tuple[Told, ...]:
    """Return what is told of some records; of versions with the digests of files that were written."""
    found = []
    for record in records:
        told = told_of(record)
        file = written.get(join(told.name, told.fname)) if written and told.fname else None
        found.append(replace(told, sha256=file.sha256) if file is not None else told)
    return tuple(found)
