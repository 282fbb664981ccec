"""Why a version is the one that was meant, in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lazyscribe._dates import shown, to_second, to_text
from lazyscribe.exception import VersionNotFoundError
from lazyscribe.index import Alias, AsOf, Latest, Number, On, Selector, in_words, parse_version
from lazyscribe.reconcile import journal_of

if TYPE_CHECKING:
    from lazyscribe.journal.entries import LogEntry
    from lazyscribe.timeline import TimeMachine

SHOWN = 20
"""Versions that were passed over, of which each has a line."""


def explain(repository: TimeMachine, name: str, version: Any, match: str) -> str:
    """Return why; see `TimeMachine.explain`."""
    selector, now = parse_version(version, match), repository._now()
    entries = _entries(repository)
    chosen = None
    try:
        chosen = repository._find(name, version, match).known
    except VersionNotFoundError as error:
        head = f"No version of {name!r} was chosen: {error}"
    else:
        head = f"Version {chosen.version} of {name!r}, created at {shown(chosen.created_at)}, was chosen: "
        head += _why(repository, name, selector, now)
    lines = []
    if not isinstance(selector, Number | On):
        lines = [*_passed_over(repository, name, selector, chosen), *_unseen(repository, name, chosen, entries)]
    more = [f"  … and {len(lines) - SHOWN} more."] if len(lines) > SHOWN else []
    return "\n".join([head, *(f"  {line}" for line in lines[:SHOWN]), *more])


def _entries(repository: TimeMachine) -> list[LogEntry]:
    """Return the whole journal."""
    if repository._moment is not None:
        return list(repository._moment.entries)
    return journal_of(repository, repository._manifest.data, whole=True).entries


def _why(repository: TimeMachine, name: str, selector: Selector, now: datetime) -> str:
    match selector:
        case Latest():
            return f"it is the newest that had not expired at {shown(now)}."
        case AsOf(date):
            return f"it is the newest created by {shown(date)} that had not expired then."
        case Alias(alias):
            return f"the alias '@{alias}' means it{_since(repository, name, alias)}."
        case _:
            return f"it is the one {in_words(selector)}; its expiry does not matter."


def _since(repository: TimeMachine, name: str, alias: str) -> str:
    if any((move.name, move.alias) == (name, alias) for move in repository._pending.moves):
        return ", which is not saved yet"
    moment, entries = repository._moment, _entries(repository)
    if moment is not None:
        known = entries[: moment.told]
        entries = [each for each in known if moment.valid is None or each.at[:19] <= moment.valid]
    for entry in reversed(entries):
        if any((moved.name, moved.alias) == (name, alias) for moved in entry.aliased):
            said = f" ({entry.message})" if entry.message else ""
            return f" since {shown(entry.at)}, by {entry.author}{said}"
    return ""


def _passed_over(repository: TimeMachine, name: str, selector: Selector, chosen: Any) -> Iterator[str]:
    """Yield why newer versions than the chosen one were not, the newest first."""
    date = selector.date if isinstance(selector, AsOf) else to_second(repository._now())
    bound = _age(chosen) if chosen is not None else None
    known = [entry.known for entry in repository._records.named(name)]
    for each in sorted(known, key=_age, reverse=True):
        if each is chosen or (bound is not None and _age(each) <= bound):
            continue
        what = f"version {each.version}, created at {shown(each.created_at)}, "
        if isinstance(selector, Alias):
            yield f"{what}is newer, but the alias does not mean it."
        elif isinstance(selector, AsOf) and to_second(each.created_at) > date:
            yield f"{what}came later."
        elif each.expiry is not None and to_second(each.expiry) <= date:
            yield f"{what}had expired at {shown(each.expiry)}."


def _age(known: Any) -> tuple[datetime, int]:
    return to_second(known.created_at), known.version


def _unseen(repository: TimeMachine, name: str, chosen: Any, entries: list[LogEntry]) -> Iterator[str]:
    """Yield why versions that the journal tells of are not among those to choose from, the last told of first."""
    moment = repository._moment
    count = moment.told if moment is not None else len(entries)
    present = {entry.known.fname for entry in repository._records.named(name)}
    bound = (to_text(chosen.created_at), chosen.version) if chosen is not None else ("", -1)
    seen: set[str] = set()
    for place, entry in reversed(list(enumerate(entries))):
        gone = {each.told.key: each.reason for each in entry.deleted}
        told = [*(each.told for each in entry.deleted), *entry.missing, *entry.logged, *entry.observed, *entry.held]
        for each in told:
            if each.name != name or not each.fname or each.fname in present | seen or (each.date, each.version) < bound:
                continue
            what = f"version {each.version}, created at {shown(each.date)}, " if each.date else "a version, "
            if place < count and (each.key in gone or each in entry.missing):
                seen.add(each.fname)
                why = f" ({gone[each.key]})" if gone.get(each.key) else ""
                verb = "was deleted" if each.key in gone else "was found dropped by another program"
                yield f"{what}{verb} on {shown(entry.at)} by {entry.author}{why}."
            elif moment is not None and moment.valid is not None and each.date > moment.valid:
                seen.add(each.fname)
                yield f"{what}came later than {shown(moment.valid)}."
            elif place >= count and each.key not in gone:
                seen.add(each.fname)
                yield f"{what}was not known yet: it was saved on {shown(entry.at)} by {entry.author}."
