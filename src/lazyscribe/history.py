"""What commits did, for people to read and programs to go through."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from lazyscribe._dates import parse_date, shown
from lazyscribe.exception import UnreadableError
from lazyscribe.reconcile import journal_of

if TYPE_CHECKING:
    from lazyscribe.document import Document
    from lazyscribe.journal.entries import LogEntry, Told

__all__ = ["AliasMove", "Commit", "Item"]


class Item(NamedTuple):
    """A version, or an experiment, that a commit was about.

    Attributes
    ----------
    name
        Of an experiment: its slug.
    version, fname, expiry
        ``None`` for experiments; for versions that an older lazyscribe deleted the number is not known either.
    date
        When a version was created, an experiment last updated.
    sha256
        Of the file, where this commit wrote it.
    reason
        Why it was deleted.
    """

    name: str
    version: int | None
    fname: str | None
    date: datetime | None
    expiry: datetime | None
    sha256: str | None
    reason: str | None = None

    def __str__(self) -> str:
        number = "" if self.version is None else f" {self.version}"
        why = f" ({self.reason})" if self.reason else ""
        return f"{self.name!r}{number}{why}"


class AliasMove(NamedTuple):
    """An alias that points to a version since a commit; with ``None``, to nothing any more."""

    name: str
    alias: str
    version: int | None

    def __str__(self) -> str:
        target = "removed" if self.version is None else f"→ {self.version}"
        return f"'@{self.alias}' of {self.name!r} {target}"


class Commit(NamedTuple):
    """What one commit did; cannot be changed.

    Attributes
    ----------
    number, id
        Its place in the history, and what tells it from every other one. Two lines of history that were joined share
        numbers; a note of a deletion by an older lazyscribe has -1.
    at
        Naive UTC.
    logged, changed, deleted
        What this commit added, changed (of versions: mostly their expiry) and took out.
    observed, missing
        What another program, which keeps no history, had added or changed, and dropped before.
    held
        In the first commit of a history: what was there already.
    aliased
        The aliases that it moved.
    files
        Digests of the files of experiments that it wrote, by their paths.
    notes
        What else it tells, by kind.
    """

    number: int
    id: str
    at: datetime
    author: str
    message: str | None
    logged: tuple[Item, ...] = ()
    changed: tuple[Item, ...] = ()
    deleted: tuple[Item, ...] = ()
    observed: tuple[Item, ...] = ()
    missing: tuple[Item, ...] = ()
    held: tuple[Item, ...] = ()
    aliased: tuple[AliasMove, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    notes: tuple[tuple[str, tuple[Any, ...]], ...] = ()

    @property
    def expired(self) -> tuple[Item, ...]:
        """Those of `changed` that have an expiry."""
        return tuple(item for item in self.changed if item.expiry is not None)

    def about(self, name: str) -> Commit | None:
        """Return what it did to versions and aliases of `name`; ``None`` if that is nothing."""
        kept: dict[str, Any] = {
            kind: tuple(each for each in getattr(self, kind) if each.name == name) for kind in _KINDS
        }
        return self._replace(**kept) if any(kept.values()) else None

    def __str__(self) -> str:
        told = [f"{kind} {', '.join(map(str, found))}" for kind in _KINDS if (found := getattr(self, kind))]
        said = f": {self.message}" if self.message else ""
        return f"{self.number} {shown(self.at)} {self.author}{said}\n" + "\n".join(f"    {each}" for each in told)


_KINDS = ("held", "observed", "missing", "logged", "changed", "deleted", "aliased")


def history(document: Document[Any], name: str | None = None) -> list[Commit]:
    """Return what the journal of `document` tells now; with a `name`, what is about it."""
    data = document._manifest.peek()[0]
    commits = [commit_of(entry) for entry in journal_of(document, data, whole=True).entries]
    return commits if name is None else [about for each in commits if (about := each.about(name)) is not None]


def farewell(document: Document[Any], slug: str) -> str:
    """Return what is told of the deletion of an experiment of this slug or short slug, to end an error with."""
    try:
        return _farewell(document, slug)
    except UnreadableError as error:
        return f" Whether it was deleted is not known: {error}"


def _farewell(document: Document[Any], slug: str) -> str:
    view = journal_of(document, document._manifest.data)
    if not any(slug in (key, key.rpartition("-")[0]) for key in view.summary.gone):
        return ""
    for entry in reversed(journal_of(document, document._manifest.data, whole=True).entries):
        for each in entry.deleted:
            if slug in (each.told.name, each.told.name.rpartition("-")[0]):
                why = f" ({entry.message})" if entry.message else ""
                return f" {each.told.name!r} was deleted on {shown(entry.at)} by {entry.author}{why}."
    return ""


def commit_of(entry: LogEntry) -> Commit:
    """Return an entry as users see it."""
    return Commit(
        entry.number,
        entry.id,
        parse_date(entry.at),
        entry.author,
        entry.message,
        logged=tuple(map(_item, entry.logged)),
        changed=tuple(map(_item, entry.changed)),
        deleted=tuple(_item(each.told, each.reason) for each in entry.deleted),
        observed=tuple(map(_item, entry.observed)),
        missing=tuple(map(_item, entry.missing)),
        held=tuple(map(_item, entry.held)),
        aliased=tuple(AliasMove(each.name, each.alias, each.version) for each in entry.aliased),
        files=tuple(sorted((entry.files or {}).items())),
        notes=tuple((kind, tuple(told)) for kind, told in (entry.notes or {}).items()),
    )


def _item(told: Told, reason: str | None = None) -> Item:
    date = parse_date(told.date) if told.date else None
    if not told.fname:
        return Item(told.name, None, None, date, None, told.sha256, reason)
    expiry = parse_date(told.expiry) if told.expiry is not None else None
    return Item(told.name, told.version if told.version >= 0 else None, told.fname, date, expiry, told.sha256, reason)
