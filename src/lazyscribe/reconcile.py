"""Base, theirs and mine: the rows of a document merged with the manifest that is there.

Reads notes of deletions; writes nothing and changes nothing but the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from lazyscribe.codec.text import Record, decode, encode, reason, split
from lazyscribe.deletions import deleted_by_others
from lazyscribe.exception import ConflictError, CorruptManifestError, SaveError
from lazyscribe.merge import Merged, merge
from lazyscribe.merge_fields import ABSENT, Conflict, Prefer, merge_records
from lazyscribe.rows import Row

if TYPE_CHECKING:
    from lazyscribe.document import Document

T = TypeVar("T")


class Reconciled(NamedTuple):
    """A merge of the rows with the manifest that is there."""

    merged: Merged
    base: dict[str, bytes]
    theirs: dict[str, bytes]
    deleted: set[str]
    conflicts: list[Conflict]


def merge_rows(document: Document[T], rows: list[Row[T]], data: bytes | None, prefer: Prefer) -> Reconciled:
    """Merge what is in memory with the manifest `data`."""
    manifest = document._manifest
    if data == manifest.data or (document._replacing and data is not None and data == manifest.attempt):
        _put_texts(document, rows)
        return Reconciled(Merged({row.key: row.text for row in rows}, [], []), {}, {}, set(), [])
    if document._replacing and data != manifest.attempt:
        message = f"{manifest.place} was saved by somebody else since it was opened; open it again to replace it."
        raise ConflictError(message, path=manifest.place, conflicts=[])
    base, theirs = keyed(document, manifest.data), keyed(document, data)
    document._check_others(base, theirs)
    base |= document._committed(rows, base, theirs, keyed(document, manifest.attempt))
    document._resolve(rows, theirs, base)
    _put_texts(document, rows)
    mine = {row.key: row.text for row in rows}
    conflicts: list[Conflict] = []
    deleted = _leave_out_deleted(document, base, theirs, mine, prefer, conflicts)

    def resolve(before: bytes, text: bytes, own: bytes | None) -> bytes | None:
        return _resolve_one(document, (before, text, own), prefer, conflicts)

    merged = merge(base, theirs, mine, document._rank, resolve)
    decided = {conflict.path == () and conflict.name for conflict in conflicts}
    dropped = [key for key in merged.restored if key.split("\0")[0] not in decided]
    return Reconciled(merged._replace(restored=dropped), base, theirs, deleted, conflicts)


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
    base: dict[str, bytes],
    theirs: dict[str, bytes],
    mine: dict[str, bytes],
    prefer: Prefer,
    conflicts: list[Conflict],
) -> set[str]:
    """Take records out of `mine` that others deleted and said so; return their keys."""
    dropped = [key for key in base if key not in theirs and key in mine]
    deleted = deleted_by_others(document._manifest, dropped) if dropped else set()
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


def mark_lost(document: Document[T], rows: list[Row[T]], merged: Merged) -> None:
    """Mark the drafts whose records did not make it into the merged ones."""
    for row in rows:
        if row.drafts:
            text = merged.texts.get(row.key)
            kept = document._artifact_records(decode(text, document._manifest.place)) if text is not None else []
            for draft in row.drafts:
                draft.lost = text != row.text and draft.record not in kept


def deleted_here(document: Document[T], rows: list[Row[T]]) -> list[str]:
    """Return the keys of saved records that this process took out since the last save, and that `rows` do not hold."""
    place = document._manifest.place
    if document._replacing:
        try:
            gone = list(keyed(document, document._manifest.data))
        except (CorruptManifestError, KeyError, TypeError):
            return []
    else:
        gone = [document._identify(decode(text, place)) for text in document._records.removed()]
    held = {document._identify(row.record) for row in rows if row.record is not None} if gone else set()
    return [key for key in gone if key not in held]


def keyed(document: Document[T], data: bytes | None) -> dict[str, bytes]:
    """Return the records of a manifest by keys that are unique in it."""
    if data is None:
        return {}
    place = document._manifest.place
    texts = split(data, place)
    keys = _unique(document._identify(decode(text, place, n)) for n, text in enumerate(texts))
    return dict(zip(keys, texts, strict=True))


def _put_texts(document: Document[T], rows: list[Row[T]]) -> None:
    place = document._manifest.place
    records = [row.record if row.record is not None else decode(row.text, place) for row in rows]
    for row, key in zip(rows, _unique(map(document._identify, records)), strict=True):
        row.key = key
        if row.record is not None:
            row.text = _text_of(document, row.record)


def _text_of(document: Document[T], record: Record) -> bytes:
    """Return the text of a record, or say which one cannot be written, or could not be read back."""
    place = document._manifest.place
    try:
        text = encode(record)
        document._entry(text, record, 0)
        return text
    except Exception as error:
        name = record.get("name")
        message = f"{name!r} cannot be written to {place} ({reason(error, record)}); mend the value and save again."
        raise SaveError(message, name=name, path=place) from error


def _unique(keys: Iterable[str]) -> Iterator[str]:
    """Yield each key, the second and later ones of the same text with their ordinal."""
    seen: dict[str, int] = {}
    for key in keys:
        count = seen[key] = seen.get(key, 0) + 1
        yield key if count == 1 else f"{key}\0{count}"


def shown(keys: Iterable[str]) -> list[str]:
    """Return keys as a user may read them."""
    return sorted(" / ".join(key.split("\0")) for key in keys)
