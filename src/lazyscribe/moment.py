"""A repository as of a moment: which versions and aliases were there, as far as was known then."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from lazyscribe import _utils
from lazyscribe._dates import parse_date, shown, to_second, to_text
from lazyscribe._utils import without_collections
from lazyscribe.codec.text import decode, encode
from lazyscribe.codec.texts import Texts
from lazyscribe.exception import InvalidArgumentError, VersionNotFoundError
from lazyscribe.journal.entries import NAME, LogEntry, Pointer, Summary, Told, summarised
from lazyscribe.journal.moments import pointers, records_of, standing, up_to
from lazyscribe.journal.pending import Pending
from lazyscribe.reconcile import journal_of
from lazyscribe.records.entries import Entry
from lazyscribe.records.versions import VersionList

if TYPE_CHECKING:
    from lazyscribe.artifacts.base import Artifact
    from lazyscribe.timeline import TimeMachine

R = TypeVar("R", bound="TimeMachine")

Pointers = dict[str, dict[str, Pointer]]


class Moment(NamedTuple):
    """What a repository of a moment knows of it.

    Attributes
    ----------
    now
        What counts as the present there.
    valid, known
        As they were given, understood: texts of seconds, or of an id, or a number.
    entries
        The whole journal.
    told
        How many of these were known.
    """

    now: datetime
    valid: str | None
    known: str | int | None
    entries: Sequence[LogEntry]
    told: int


def at(repository: R, valid: Any, known: Any) -> R:
    """Return `repository` as of a moment; see `TimeMachine.at`."""
    second, what = _second(valid, "valid"), _known(known)
    data = repository._manifest.peek()[0]
    everything = second is not None or what is not None
    view = journal_of(repository, data, whole=everything)
    count = up_to(view.entries, what)
    if count == 0 and (isinstance(what, int) or (isinstance(what, str) and _is_id(what))):
        message = f"The history of {repository.fpath} has no entry {what!r}; see history()."
        raise VersionNotFoundError(message, version=what)
    now = parse_date(second) if second is not None else to_second(_utils.utcnow())
    moment = Moment(now, second, what, view.entries, count)
    with without_collections():
        entries = _entries(repository, data)
        settled = repository._manifest.digest(data) == view.summary.after
        chosen = entries if not everything else list(_chosen(entries, moment, settled))
    twin = object.__new__(type(repository))
    state = repository.__getstate__()
    twin.__setstate__({**state, "mode": "r", "_replacing": False, "_moment": moment, "_asked": Pending()})
    twin._manifest = repository._manifest.twin()
    twin._manifest.data = data
    twin._records = VersionList(twin, chosen)
    twin._pending.pointers = [_pointers(moment) if everything else view.summary.aliases]
    return twin


def _second(date: Any, what: str) -> str | None:
    if date is None:
        return None
    try:
        return to_text(to_second(parse_date(date)))
    except (ValueError, TypeError, AttributeError) as error:
        message = f"{what}={date!r:.80} is no date; give a datetime or an ISO 8601 text."
        raise InvalidArgumentError(message, **{what: date}) from error


def _known(known: Any) -> str | int | None:
    if isinstance(known, int) and not isinstance(known, bool):
        return known
    return known if isinstance(known, str) and _is_id(known) else _second(known, "known")


def _is_id(text: str) -> bool:
    return NAME.fullmatch(f"00000000-{text}.json") is not None and "-" not in text


def _entries(repository: TimeMachine, data: bytes | None) -> list[Entry[Artifact]]:
    """Return the entries of the manifest `data`; those in memory, if they are these and cannot change."""
    if repository.mode == "r" and data is repository._manifest.data and repository._moment is None:
        return repository._records.snapshot()
    texts = Texts(data or b"", repository._manifest.place)
    return Entry.all_of(texts, repository._heads_of(texts) if data is not None else [])


def _chosen(entries: Iterable[Entry[Artifact]], moment: Moment, settled: bool) -> Iterator[Entry[Artifact]]:
    """Yield the entries of what was there, with what was known of it.

    If the file is `settled`, as the last entry left it, only what was told of twice may have been otherwise.
    """
    valid, known = moment.valid, moment.known
    bound = datetime.max if valid is None else parse_date(valid).replace(microsecond=999_999)
    twice = _told_twice(moment.entries) if settled else None
    names = {key.partition("\0")[0] for key in twice} if twice is not None and known is None else None
    rows, away = _told(moment, names)
    changes = set(rows) if twice is None else twice
    begun = any(not entry.is_note for entry in moment.entries)
    for entry in entries:
        head = entry.known
        if names is not None and head.name not in names:  # as nearly all of a long history: told of once
            if head.created_at <= bound:
                yield entry
            continue
        told = rows.pop(key := f"{head.name}\0{head.fname}", None)
        if head.created_at > bound or key in away:
            continue
        if told is None:
            if known is None or (not begun and to_text(head.created_at) <= str(known)):
                yield entry
        elif known is None or key not in changes or _agrees(told, head):
            yield entry
        else:
            yield _as_told(entry.text or b"", told)
    yield from _taken_out(rows, moment, bound)


def _told_twice(entries: Iterable[LogEntry]) -> set[str]:
    """Return the keys of records that were told of otherwise than by being there, or logged, once."""
    found: set[str] = set()
    for entry in entries:
        if entry.changed or entry.observed or entry.missing or entry.deleted:
            found.update(told.key for told in (*entry.changed, *entry.observed, *entry.missing))
            found.update(each.told.key for each in entry.deleted)
    return found


def _told(moment: Moment, names: set[str] | None) -> tuple[dict[str, Told], dict[str, Told]]:
    """Return what was told by then of records that were there, and of such that were not, by key.

    Parameters
    ----------
    names
        Of the records that matter; ``None``: all.
    """
    first = next((place for place, entry in enumerate(moment.entries) if not entry.is_note), None)
    if first is not None and moment.told <= first:  # before the first entry: what it found, by the dates
        held = {told.key: told for told in moment.entries[first].held if told.date <= str(moment.known)}
        return held, {}
    found = standing(moment.entries[: moment.told], moment.valid, names)
    return found.rows, found.gone


def _agrees(told: Told, head: Any) -> bool:
    expiry = to_text(head.expiry) if head.expiry is not None else None
    return told.expiry == expiry and told.version == head.version and told.date == to_text(head.created_at)


def _as_told(text: bytes, told: Told) -> Entry[Artifact]:
    """Return an entry of a record, changed to what was told of it."""
    from lazyscribe.codec.heads import VERSIONS

    record = decode(text, told.name)
    record |= {"created_at": told.date, "expiry": told.expiry, "version": told.version}
    changed = encode(record)
    return Entry(changed, VERSIONS.one(changed, told.name, 0))


def _taken_out(rows: dict[str, Told], moment: Moment, bound: datetime) -> Iterator[Entry[Artifact]]:
    """Yield entries for what was there and is not in the file any more."""
    gone = records_of(moment.entries) if rows else {}
    for key, told in sorted(rows.items(), key=lambda item: (item[1].date, item[1].version)):
        if not told.fname or parse_date(told.date) > bound:
            continue
        found = gone.get(key)
        if found is not None and found.record is not None:
            yield _as_told(found.record.encode(), told)
        else:  # another program dropped it: what only its record said is lost
            record = {"name": told.name, "fname": told.fname, "handler": told.handler}
            yield _as_told(json.dumps(record).encode(), told)


# Aliases


def _pointers(moment: Moment) -> Pointers:
    found = pointers(moment.entries[: moment.told], moment.valid)
    return {
        name: {
            alias: Pointer(moved.version, moved.fname, entry.at)
            for alias, entry in held.items()
            for moved in entry.aliased
            if (moved.name, moved.alias) == (name, alias) and moved.version is not None and moved.fname is not None
        }
        for name, held in found.items()
    }


def pointers_of(repository: TimeMachine) -> tuple[Pointers, bool]:
    """Return where aliases point to, as of what `repository` has read, and whether that is sure.

    Entries of later changes of the file do not count: they may point to versions that it does not know.
    """
    data = repository._manifest.data
    digest = repository._manifest.digest(data)
    view = journal_of(repository, data)
    if not view.summary.aliases and not any(entry.aliased for entry in view.entries):
        return {}, not view.damaged
    cut = _seen(view.entries, view.base, digest)
    if cut is None and not view.whole:
        view = journal_of(repository, data, whole=True)
        cut = _seen(view.entries, None, digest)
    if cut is None or cut == len(view.entries):
        return view.summary.aliases, not view.damaged
    return summarised(view.entries[:cut], view.base).aliases, not view.damaged


def _seen(entries: Sequence[LogEntry], base: Summary | None, digest: str) -> int | None:
    """Return how many of `entries` come before the first that changed a manifest of this digest; ``None``: unknown."""
    start = max((place for place, entry in enumerate(entries, 1) if entry.after == digest), default=None)
    if start is None:
        if base is None or base.after != digest:
            return None
        start = 0
    rest = (place for place, entry in enumerate(entries) if place >= start and entry.after not in (None, entry.before))
    return next(rest, len(entries))


# Deletions


def trace(repository: TimeMachine, name: str, meant: Callable[[Told], bool]) -> tuple[str, dict[str, Any]] | None:
    """Return what is told of the deletion of a version of `name`; see `TimeMachine._trace`."""
    if repository._moment is not None:
        entries = list(repository._moment.entries[: repository._moment.told])
    else:
        data = repository._manifest.data
        view = journal_of(repository, data)
        if not view.summary.deletions:
            return None
        entries = view.entries if view.whole else journal_of(repository, data, whole=True).entries
    for entry in reversed(entries):
        for each in entry.deleted:
            if each.told.name == name and meant(each.told):
                why = f" ({each.reason})" if each.reason else ""
                return f"was deleted on {shown(entry.at)} by {entry.author}{why}", _facts(entry, each.told, each.reason)
        for told in entry.missing:
            if told.name == name and meant(told):
                words = f"was dropped by another program, as {entry.author} found on {shown(entry.at)}"
                return words, _facts(entry, told, None)
    return None


def _facts(entry: LogEntry, told: Told, reason: str | None) -> dict[str, Any]:
    at, number = parse_date(entry.at), told.version
    return {"name": told.name, "version": number, "at": at, "author": entry.author, "reason": reason}
