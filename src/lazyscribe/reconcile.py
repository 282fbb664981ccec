"""Base, theirs and mine: the rows of a document merged with the manifest that is there.

Reads the journal; writes nothing and changes nothing but the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from lazyscribe._dates import rewritten, to_text
from lazyscribe._utils import without_collections
from lazyscribe.codec.text import appended, assemble, decode, encode, extend
from lazyscribe.codec.texts import Texts
from lazyscribe.exception import ConflictError, CorruptManifestError
from lazyscribe.merge import Merged, merge
from lazyscribe.merge_fields import ABSENT, Conflict, Prefer, merge_records
from lazyscribe.records.entries import Entry
from lazyscribe.rows import Row, texts_of

if TYPE_CHECKING:
    from lazyscribe.document import Document
    from lazyscribe.journal.entries import LogEntry, Told
    from lazyscribe.journal.files import Listing
    from lazyscribe.journal.log import View

T = TypeVar("T")


class Keyed(NamedTuple):
    """The records of a manifest by keys that are unique in it: their texts, and their heads."""

    texts: dict[str, bytes]
    heads: dict[str, Any]


class Sides(NamedTuple):
    """What our records must go with.

    Attributes
    ----------
    base
        The records as we last saw them, `committed` among them.
    committed
        Those of a save of ours whose answer was lost.
    """

    base: dict[str, bytes]
    theirs: Keyed
    committed: dict[str, bytes]


class Behind(NamedTuple):
    """What stands behind the records that both know, where others have only added some there.

    Attributes
    ----------
    known
        The entries of the records that both know, in the order of the file.
    texts
        The records behind them, theirs and ours, by key.
    """

    known: list[Entry[Any]]
    texts: dict[str, bytes]


class Reconciled(NamedTuple):
    """A merge of the rows with the manifest that is there.

    Attributes
    ----------
    merged
        The new records; ``None`` where they need not be looked at one by one: nobody else changed the manifest, so
        that it is what memory holds, or see `behind`.
    rows
        Of everything in memory, in its order, or where `merged` is ``None`` only those that may have changed.
    theirs
        Their records; where there is a `behind`, those that they added.
    """

    merged: Merged | None
    rows: list[Row[Any]]
    base: dict[str, bytes]
    theirs: Keyed
    deleted: set[str]
    conflicts: list[Conflict]
    behind: Behind | None = None

    def restored(self) -> list[str]:
        """Return the keys of records that are put back."""
        return self.merged.restored if self.merged is not None else []


def merge_rows(
    document: Document[T], entries: list[Entry[T]], rows: list[Row[T]], data: bytes | None, prefer: Prefer
) -> Reconciled:
    """Merge what is in memory, of which `rows` may have changed, with the manifest `data`."""
    manifest = document._manifest
    put_texts(document, rows)
    if data == manifest.data or (document._replacing and data is not None and data == manifest.attempt):
        return Reconciled(None, rows, {}, Keyed({}, {}), set(), [])
    if document._replacing and data != manifest.attempt:
        message = f"{manifest.place} was saved by somebody else since it was opened; open it again to replace it."
        raise ConflictError(message, path=manifest.place, conflicts=[])
    if (quick := _merge_behind(document, entries, rows, data)) is not None:
        return quick
    base, theirs = keyed(document, manifest.data).texts, keyed(document, data)
    committed = document._committed(_tried(document, rows), base, theirs.texts, keyed(document, manifest.attempt).texts)
    base |= committed
    document._resolve(rows, Sides(base, theirs, committed))
    put_texts(document, rows)
    every = _every_row(document, entries, rows)
    mine = {row.key: row.text for row in every}
    conflicts: list[Conflict] = []
    deleted = _leave_out_deleted(document, data, (base, theirs.texts, mine), prefer, conflicts)

    def resolve(before: bytes, text: bytes, own: bytes | None) -> bytes | None:
        return _resolve_one(document, (before, text, own), prefer, conflicts)

    merged = merge(base, theirs.texts, mine, document._rank, resolve)
    decided = {conflict.path == () and conflict.name for conflict in conflicts}
    dropped = [key for key in merged.restored if key.split("\0")[0] not in decided]
    return Reconciled(merged._replace(restored=dropped), every, base, theirs, deleted, conflicts)


def _tried(document: Document[T], rows: list[Row[T]]) -> list[Row[T]]:
    """Return the rows that a commit whose answer was lost may have written: not what was logged after it."""
    if document._kind != "repository":
        tried = document._manifest.tried
        return rows if tried is None else [row for row in rows if any(row.entry is each for each in tried)]
    files = {id(file.artifact) for file in document._manifest.unsure.values()}
    return [row for row in rows if all(each.size >= 0 or id(each.artifact) in files for each in row.drafts)]


def _merge_behind(
    document: Document[T], entries: list[Entry[T]], rows: list[Row[T]], data: bytes | None
) -> Reconciled | None:
    """Merge what others added behind the records that both know, looking at nothing else; ``None`` if that is not all.

    Memory must hold those records as they stand, in their order, and what is new behind them.
    """
    manifest, standing = document._manifest, document._as_saved
    if data is None or manifest.data is None or manifest.attempt is not None or standing is None:
        return None
    known, saved = standing
    fresh = [row for row in rows if not row.entry.saved]
    if saved is not manifest.data or entries[: len(known)] != known or len(entries) != len(known) + len(fresh):
        return None
    if (tail := appended(saved, data)) is None:
        return None
    theirs = keyed(document, tail)
    if document._meet(fresh, theirs.heads):
        return None
    document._resolve(fresh, Sides({}, theirs, {}))
    put_texts(document, fresh)
    for row in fresh:
        assert row.record is not None
        row.key = document._identify(row.record)
    merged = merge({}, theirs.texts, {row.key: row.text for row in fresh}, document._rank)
    return Reconciled(None, rows, {}, theirs, set(), [], Behind(known, merged.texts))


def with_behind(document: Document[T], rows: list[Row[T]], behind: Behind) -> bytes:
    """Return the manifest of the known records, as they stand in memory, and of those behind them."""
    data = document._manifest.data
    assert data is not None
    changed = {id(row.entry): row.text for row in rows if row.entry.saved and row.text != row.entry.text}
    if changed:
        texts = zip(behind.known, Entry.buffers(behind.known), strict=True)
        data = assemble([changed.get(id(entry), text) for entry, text in texts])
    return extend(data, list(behind.texts.values()))


def as_it_stands(document: Document[T], entries: list[Entry[T]], rows: list[Row[T]]) -> bytes:
    """Return the manifest of all entries; of those in `rows` what will be written.

    What was saved last and has not changed since is copied as a whole.
    """
    start, known = 0, b"[]"
    if document._as_saved is not None and document._as_saved[1] is document._manifest.data:
        before, data = document._as_saved
        if entries[: len(before)] == before and all(not row.entry.saved or row.text == row.entry.text for row in rows):
            start, known = len(before), data
    live = {id(row.entry): row.text for row in rows}
    rest = entries[start:]
    return extend(known, [live.get(id(entry), text) for entry, text in zip(rest, Entry.buffers(rest), strict=True)])


def _every_row(document: Document[T], entries: list[Entry[T]], rows: list[Row[T]]) -> list[Row[T]]:
    """Return a row for every entry, each with its key; those that cannot have changed keep their text."""
    live = {id(row.entry): row for row in rows}
    every = [live.get(id(entry)) or Row(entry, text=entry.text or b"") for entry in entries]
    for row, key in zip(every, _unique(_key_of(document, row) for row in every), strict=True):
        row.key = key
    return every


def _key_of(document: Document[T], row: Row[T]) -> str:
    if row.record is not None:
        return document._identify(row.record)
    if row.entry.head is not None:
        return str(document._reader.key(row.entry.head))
    return document._identify(decode(row.text, document._manifest.place))


def _resolve_one(
    document: Document[T], sides: tuple[bytes, bytes, bytes | None], prefer: Prefer, conflicts: list[Conflict]
) -> bytes | None:
    """Bring one record together that both changed; `sides` are the base, theirs and ours."""
    place = document._manifest.place
    base = decode(sides[0], place) if sides[0] else {}
    theirs = decode(sides[1], place)
    if sides[2] is None:
        conflicts.append(Conflict(document._identify(theirs).split("\0")[0], (), base, theirs, ABSENT))
        return None if prefer == "ours" else sides[1]
    merged, found = merge_records(base, theirs, decode(sides[2], place), prefer)
    conflicts += found
    return encode(merged)


def _leave_out_deleted(
    document: Document[T],
    data: bytes | None,
    sides: tuple[dict[str, bytes], dict[str, bytes], dict[str, bytes]],
    prefer: Prefer,
    conflicts: list[Conflict],
) -> set[str]:
    """Take records out of mine that others deleted and said so; return their keys. `sides`: base, theirs, mine."""
    base, theirs, mine = sides
    dropped = [key for key in base if key not in theirs and key in mine]
    deleted = deleted_by_others(document, data, dropped) if dropped else set()
    for key in sorted(deleted):
        if mine[key] != base[key]:
            place = document._manifest.place
            values = decode(base[key], place), ABSENT, decode(mine[key], place)
            conflicts.append(Conflict(key.split("\0")[0], (), *values))
            if prefer == "ours":
                deleted.discard(key)
                continue
        del mine[key]
    return deleted


def deleted_by_others(document: Document[T], data: bytes | None, keys: list[str]) -> set[str]:
    """Return those of `keys` that were deleted, and have not come back, as the journal tells where `data` stands."""
    return journal_of(document, data).summary.gone.keys() & set(keys)


def journal_of(
    document: Document[Any], data: bytes | None, whole: bool = False, listing: Listing | None = None
) -> View:
    """Return what the journal tells if the manifest is `data`.

    A `listing` that was begun before the manifest was read may lack the entry of who wrote that: then another one is
    made. It may lack one that follows what seems open, too; `Turns.watch` sees to that.
    """
    manifest, found = document._manifest, dict[str, dict[str, Any]]()

    def records() -> dict[str, Any]:
        if not found:
            try:
                found["heads"] = keyed(document, data).heads
            except (CorruptManifestError, KeyError, TypeError):
                found["heads"] = {}
        return found["heads"]

    def holds(entry: LogEntry) -> bool:
        if entry.after is None or (digest := manifest.digest(data)) == entry.after:
            return True
        if data is not manifest.data and manifest.digest(manifest.data) == entry.after:  # it was so when we looked
            return True
        return digest != entry.before and _shows(records(), entry)

    view = manifest.journal.view(holds, whole, listing)
    if listing is not None and manifest.digest(data) != (view.summary.after or ""):
        return manifest.journal.view(holds, whole)
    return view


def _shows(heads: dict[str, Any], entry: LogEntry) -> bool:
    """Whether a manifest that others have changed since has something of what `entry` did."""
    if any(told.key in heads for told in entry.logged):
        return True
    if any(told.key in heads and told_of(heads[told.key]).same_as(told) for told in entry.changed):
        return True
    if any(gone.told.key not in heads for gone in entry.deleted):
        return True
    return not (entry.logged or entry.changed or entry.deleted)


def told_of(known: Any) -> Told:
    """Return what the journal tells of a record, a head, or an object."""
    from lazyscribe.journal.entries import Told

    get: Callable[[str], Any] = known.get if isinstance(known, dict) else lambda field: getattr(known, field, None)
    if (fname := get("fname")) is None:
        return Told(get("slug"), date=_text(get("last_updated")))
    expiry, handler = get("expiry"), get("handler")
    return Told(
        get("name"),
        fname,
        get("version") or 0,
        _text(get("created_at")),
        None if expiry is None else _text(expiry),
        handler=handler,
    )


def _text(date: Any) -> str:
    return rewritten(date) if isinstance(date, str) else to_text(date)


def mark_lost(document: Document[T], rows: list[Row[T]], merged: Merged | None) -> None:
    """Mark the drafts whose records did not make it into the merged ones; none is where nothing was in the way."""
    for row in rows:
        if not row.drafts:
            continue
        text = merged.texts.get(row.key) if merged is not None else row.text
        same = text == row.text
        kept = (
            document._artifact_records(decode(text, document._manifest.place)) if text is not None and not same else []
        )
        for draft in row.drafts:
            draft.lost = not same and draft.record not in kept


def deleted_here(document: Document[T], rows: list[Row[T]]) -> list[str]:
    """Return the keys of saved records that this process took out since the last save, and that `rows` do not hold."""
    place = document._manifest.place
    if document._replacing:
        try:
            gone = list(keyed(document, document._manifest.data).texts)
        except (CorruptManifestError, KeyError, TypeError):
            return []
    else:
        gone = [document._identify(decode(text, place)) for text in document._records.removed()]
    held = {document._identify(row.record) for row in rows if row.record is not None} if gone else set()
    if document._replacing:  # what was merged in from the file and has not changed has no row
        live = {id(row.entry) for row in rows}
        kept = [entry for entry in document._records.snapshot() if entry.saved and id(entry) not in live]
        held |= {document._reader.key(entry.head) for entry in kept}
    return [key for key in gone if key not in held]


def keyed(document: Document[T], data: bytes | None) -> Keyed:
    """Return the records of a manifest by keys that are unique in it."""
    if data is None:
        return Keyed({}, {})
    texts = Texts(data, document._manifest.place)
    heads = document._heads_of(texts)
    keys = list(_unique(map(document._reader.key, heads)))
    return Keyed(dict(zip(keys, map(bytes, texts.formatted()), strict=True)), dict(zip(keys, heads, strict=True)))


def put_texts(document: Document[T], rows: list[Row[T]]) -> None:
    """Give rows the texts of their records; those whose record has kept its fields have theirs already.

    To be called when everything is staged: from then on nothing changes inside of fields.
    """
    wanted = {id(row): row.record for row in rows if row.record is not None and row.record != row.encoded}
    with without_collections():
        texts = iter(texts_of(document, list(wanted.values())))
        for row in rows:
            if id(row) in wanted:
                row.text, row.encoded = next(texts), dict(wanted[id(row)])


def _unique(keys: Iterable[str]) -> Iterator[str]:
    """Yield each key, the second and later ones of the same text with their ordinal."""
    seen: dict[str, int] = {}
    for key in keys:
        count = seen[key] = seen.get(key, 0) + 1
        yield key if count == 1 else f"{key}\0{count}"


def shown(keys: Iterable[str]) -> list[str]:
    """Return keys as a user may read them."""
    return sorted(" / ".join(key.split("\0")) for key in keys)
