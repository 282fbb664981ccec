"""What is to be copied, and how it goes with what is there. Pure but for reading facts and, rarely, files."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from lazyscribe._dates import parse_date, shown, to_second, to_text
from lazyscribe.codec.text import Record, decode, encode
from lazyscribe.copying.ends import End, Row
from lazyscribe.exception import ConflictError, InvalidVersionError, UnknownArtifactError, UnknownNameError
from lazyscribe.facts import Facts, digest_in, read_facts
from lazyscribe.merge_fields import merge_records
from lazyscribe.store.base import Store
from lazyscribe.store.keys import join


class Wanted(NamedTuple):
    """A file to be copied.

    Attributes
    ----------
    key
        In the source.
    record
        Of its artifact, part of the item's.
    facts
        What is known of it.
    told
        Where no facts are known: what the source's journal tells, without size and author.
    """

    key: str
    folder: str
    record: Record
    facts: Facts | None
    told: Facts | None


class Item:
    """A record to be copied.

    Attributes
    ----------
    record
        As it is to be in the target; files that get other names there are renamed in it.
    fresh
        Whether the target holds nothing of that number or slug.
    changes
        Whether it does not hold it so.
    wanted
        Its files that the target lacks.
    """

    def __init__(self, row: Row) -> None:
        self.key, self._read, self._text = row
        self.record = decode(row.text, "what was read before")  # its own: names of files are changed in it
        self.fresh = self.changes = True
        self.wanted: list[Wanted] = []

    def anew(self) -> Item:
        """Return the item as it was before its files got other names."""
        return Item(Row(self.key, self._read, self._text))

    @property
    def text(self) -> bytes:
        """Of the record: as it stood in the source, if nothing in it has changed."""
        return self._text if self.record == self._read else encode(self.record)


def select(source: End, rows: list[Row], names: Collection[str] | None, since: Any) -> list[Row]:
    """Return the records that are asked for, and of a project those that they depend on in the same file.

    Raises
    ------
    UnknownArtifactError, UnknownNameError
        The source has nothing of one of the names.
    InvalidVersionError
        `since` is no date.
    """
    date = _date_of(since)
    if names is not None:
        names = {names} if isinstance(names, str) else set(names)
        known = {name for row in rows for name in _names_of(source, row)}
        if missing := sorted(names - known):
            message = f"{source.place} has nothing of the name {missing[0]!r}; name what is there, or leave names out."
            kind = UnknownNameError if source.kind == "project" else UnknownArtifactError
            raise kind(message, name=missing[0])
    found = [
        row
        for row in rows
        if (names is None or not names.isdisjoint(_names_of(source, row)))
        and (date is None or to_second(parse_date(_moment(source, row))) >= date)
    ]
    return _with_upstream(source, rows, found) if source.kind == "project" else found


def _names_of(source: End, row: Row) -> set[str]:
    fields = ("name", "slug", "short_slug") if source.kind == "project" else ("name",)
    return {row.record[field] for field in fields}


def _moment(source: End, row: Row) -> str:
    """Return when a version was made, or an experiment last changed."""
    return str(row.record["last_updated" if source.kind == "project" else "created_at"])


def _date_of(since: Any) -> datetime | None:
    if since is None:
        return None
    try:
        return to_second(parse_date(since))
    except (ValueError, TypeError, AttributeError) as error:
        message = f"since={since!r:.80} is no date and time; give a datetime or an ISO 8601 text."
        raise InvalidVersionError(message, version=since) from error


def own_dependency(source: End, text: str) -> str | None:
    """Return the slug that a dependency names, if it is one on an experiment of the same file."""
    path, _, slug = text.rpartition("|")
    document = source.document
    place, name = document._location.at(path)
    return slug if name == document.fpath.name and place.same_as(document._location) else None


def _with_upstream(source: End, rows: list[Row], found: list[Row]) -> list[Row]:
    by_slug = {slug: row for row in rows for slug in (row.record["short_slug"], row.record["slug"])}
    chosen, waiting = {row.key for row in found}, list(found)
    while waiting:
        for text in waiting.pop().record["dependencies"]:
            upstream = by_slug.get(own_dependency(source, text) or "")
            if upstream is not None and upstream.key not in chosen:
                chosen.add(upstream.key)
                waiting.append(upstream)
    return [row for row in rows if row.key in chosen]


def settle(item: Item, there: Iterable[Record], source: End, target: End) -> Record:
    """Return the record that the target is to hold of an item, which it holds in some state.

    Of a version the expiry is taken over. Two states of one experiment are brought together; where they contradict
    each other the one that was changed last is right, on a tie the target's.

    Raises
    ------
    ConflictError
        It is another version of that number, or another experiment of that slug.
    """
    found = list(there)
    same = next((record for record in found if _is_same(item.record, record, source.kind)), None)
    if same is None:
        raise _conflict(item.record, found[0], source, target)
    if not target.editable:
        return same
    if source.kind == "project":
        _take_names(item.record, same, target)
        newer = item.record["last_updated"] > same["last_updated"]
        return merge_records({}, same, item.record, "ours" if newer else "theirs")[0]
    expiry = item.record.get("expiry")
    return same if expiry is None or expiry == same.get("expiry") else {**same, "expiry": expiry}


def _take_names(mine: Record, theirs: Record, target: End) -> None:
    """Give artifacts the file names that the target has for them: there their own may have been taken."""
    held = target.files(theirs)
    for folder, record in target.files(mine):
        for other, each in held:
            if other == folder and _without_names(each) == _without_names(record):
                record["fname"] = each["fname"]


def _is_same(mine: Record, theirs: Record, kind: str) -> bool:
    if kind == "project":
        return all(mine[field] == theirs[field] for field in ("name", "created_at"))
    return _without_names(mine) == _without_names(theirs)


def _without_names(record: Record) -> Record:
    return {"version": 0, **{key: value for key, value in record.items() if key not in ("fname", "expiry")}}


def _conflict(mine: Record, theirs: Record, source: End, target: End, more: str = "") -> ConflictError:
    def told(record: Record) -> str:
        return f"of {shown(record['created_at'])}" + (f" by {record['handler']!r}" if "handler" in record else "")

    if "slug" in mine:
        what = f"The slug {mine['slug']!r}"
    elif source.kind == "project":
        what = f"The artifact {mine['name']!r}"
    else:
        what = f"Version {mine.get('version', 0)} of {mine['name']!r}"
    message = (
        f"{what} is taken: in {target.place} it is one {told(theirs)}, in {source.place} another {told(mine)}{more}; "
        "copy to another place, or only what else there is by names=."
    )
    return ConflictError(message, path=target.place, conflicts=[], name=mine["name"], theirs=theirs, mine=mine)


def look(item: Item, there: list[Record], source: End, target: End) -> Item:
    """Find out what the target lacks of an item.

    Raises
    ------
    ConflictError
        As `settle`; or a file of it holds other bytes there.
    """
    named = [join(folder, record["fname"]) for folder, record in source.files(item.record)]
    known = [_known(source, *pair) for pair in source.files(item.record)]
    settled = settle(item, there, source, target) if there else item.record
    item.fresh, item.changes = not there, settled not in there
    present = [pair for record in there for pair in target.files(record)]
    kept = source.files(settled)
    for key, (facts, told), (folder, record) in zip(named, known, source.files(item.record), strict=True):
        if source.kind == "project" and (folder, record) not in kept:
            continue  # the target's own state of that artifact is the newer one
        same = (each for other, each in present if other == folder and _without_names(each) == _without_names(record))
        held = next(same, None)
        if held is None:
            item.wanted.append(Wanted(key, folder, record, facts, told))
        elif not _same_bytes(
            (source.store, key, facts or told), (target.store, join(folder, held["fname"]), held, folder)
        ):
            raise _conflict(record, held, source, target, f", whose file {join(folder, held['fname'])} is another")
    return item


def _known(source: End, folder: str, record: Record) -> tuple[Facts | None, Facts | None]:
    """Return the facts of a file and, where there are none, what the journal tells of it."""
    facts = _facts(source.store, folder, record)
    return facts, source.told_of(folder, record) if facts is None else None


def _facts(store: Store, folder: str, record: Record) -> Facts | None:
    created_at = to_text(parse_date(record["created_at"]))
    return read_facts(store, join(folder, record["fname"]), created_at, record["handler"])


def _same_bytes(mine: tuple[Store, str, Facts | None], theirs: tuple[Store, str, Record, str]) -> bool:
    """Whether both hold the same file: as their facts say, or, where one of these is not known, its bytes."""
    source, key, facts = mine
    target, place, record, folder = theirs
    told = _facts(target, folder, record)
    if facts is not None and told is not None:
        return facts.sha256 == told.sha256
    try:
        return digest_in(source, key) == digest_in(target, place)
    except FileNotFoundError:  # a record without its file is copied, and kept, as such
        return True
