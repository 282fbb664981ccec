"""Files that wait to replace others. Their keys say nothing, so what they hold tells whether somebody misses them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import NamedTuple

from attrs import evolve

from lazyscribe.facts import FOLDER, digest_of, facts_key
from lazyscribe.store.base import Store
from lazyscribe.store.keys import join, parent
from lazyscribe.verification.contents import Contents, Subject
from lazyscribe.verification.files import Look, Outcome, as_history_tells, write_of
from lazyscribe.verification.past import read_past
from lazyscribe.verification.report import Finding
from lazyscribe.verification.told import PACKS, Told

STAGED = f"{FOLDER}/staged/"
"""Where they wait."""


class Around(NamedTuple):
    """What lies around the manifest, as far as it concerns what waits.

    Attributes
    ----------
    staged
        The keys of the files that wait.
    others
        The keys of other manifests here that have a journal.
    told
        What is known of facts.
    """

    staged: Sequence[str]
    others: Sequence[str]
    told: Told | None


class _Want(NamedTuple):
    """Who misses what waits: `stale` if facts tell of what is there, and only history of what should be."""

    look: Look
    stale: bool = False


def with_waiting(subject: Subject, contents: Contents, around: Around, outcome: Outcome) -> list[Finding]:
    """Return the findings of files, with what waits to repair them, and those of the files that wait.

    A file that was counted as verified, and is the one before, is so no longer.
    """
    found = outcome.findings
    digests: dict[str, str] = {}
    unread: dict[str, str] = {}
    for key in around.staged:
        try:
            digests[key] = _digest(subject.store, key)
        except FileNotFoundError:  # a save that was under way has moved it
            continue
        except Exception as error:  # whatever a file system may raise
            unread[key] = str(error) or type(error).__name__
    if not (digests or unread):
        return found
    waiting = {sha256: subject.place(key) for key, sha256 in digests.items()}
    missed, clear = _missed_by_others(subject.store, around.others, waiting.keys())
    wanted = list(_wanted(subject.store, contents, outcome.looks, waiting.keys()))
    missed |= {sha256: subject.place(want.look.file.key) for sha256, want in wanted}
    repairs = {subject.place(want.look.file.key): waiting[sha256] for sha256, want in wanted if not want.stale}
    found = [_with_repair(each, repairs.get(each.path)) for each in found]
    for sha256, want in wanted:
        if want.stale:
            outcome.checked["verified"] -= want.look.file.key in contents.files
            found.extend(_not_moved(subject, around.told, want.look, waiting[sha256]))
    clear = clear and contents.complete and not contents.history.gap
    for key, sha256 in digests.items():
        found.append(_waits(subject, key, _what_to_do(missed.get(sha256), clear)))
    found.extend(
        _waits(subject, key, f"it cannot be read ({why}); see to its permissions") for key, why in unread.items()
    )
    return found


def _wanted(store: Store, contents: Contents, looks: Sequence[Look], digests: Set[str]) -> Iterator[tuple[str, _Want]]:
    """Yield those of the digests that are missed, and where."""
    for look in looks:
        known = {each.sha256 for each in look.file.facts if each is not None}
        for sha256 in known & digests - {look.sha256}:
            yield sha256, _Want(look)
        told = _told(contents, look)
        if told is not None and told in digests - known and not _holds(store, look, told):
            yield told, _Want(look, look.sha256 in known)


def _told(contents: Contents, look: Look) -> str | None:
    """Return the digest of a file by the last entry of the journal that tells of it."""
    history, key = contents.history, look.file.key
    if key in history.experiments:
        return history.experiments[key]
    facts = as_history_tells(history.versions.get(key), *write_of(look.file.holders[0]))
    return facts.sha256 if facts is not None else None


def _holds(store: Store, look: Look, sha256: str) -> bool:
    if look.sha256 or look.missing or look.trouble:
        return look.sha256 == sha256
    return _is(store, look.file.key, sha256)


def _is(store: Store, key: str, sha256: str) -> bool:
    try:
        return _digest(store, key) == sha256
    except Exception:  # whatever a file system may raise
        return False


def _digest(store: Store, key: str) -> str:
    with store.open(key) as buf:
        return digest_of(buf)[0]


def _missed_by_others(store: Store, manifests: Sequence[str], digests: Set[str]) -> tuple[dict[str, str], bool]:
    """Return which files of other manifests should have one of these digests and have not, by that.

    And whether that is known of all of them.
    """
    found: dict[str, str] = {}
    clear = True
    for key in manifests:
        try:
            data = store.read(key)
            past = read_past(store, key, data[0] if data is not None else None)
        except Exception:  # whatever a file system may raise
            clear = False
            continue
        clear = clear and not past.gap
        told = {file: gone.told.sha256 for file, gone in past.versions.items()} | past.experiments
        for file, sha256 in told.items():
            if sha256 is not None and sha256 in digests and not _is(store, file, sha256):
                found[sha256] = store.describe(file)
    return found, clear


def _with_repair(finding: Finding, waiting: str | None) -> Finding:
    if waiting is None or finding.kind not in ("digest-wrong", "file-missing"):
        return finding
    return evolve(finding, message=_move(finding.name, waiting, finding.path))


def _move(name: str | None, waiting: str, place: str, also: str = "") -> str:
    return (
        f"The artifact {name!r} was not moved into place by a save that was killed: its file waits in {waiting}; move "
        f"that to {place}{also}."
    )


def _not_moved(subject: Subject, told: Told | None, look: Look, waiting: str) -> Iterator[Finding]:
    """Yield a finding for each holder of a file that is there as it was before."""
    key = look.file.key
    facts = facts_key(key) if told is None or key not in told.packed or key in told.own else join(PACKS, parent(key))
    also = f", and delete {subject.place(facts)}, which tells of what was there before"
    for holder in look.file.holders:
        kind, severity = ("past-file-damaged", "warning") if holder.gone else ("digest-wrong", "error")
        message = _move(holder.name, waiting, subject.place(key), also)
        yield Finding(kind, severity, subject.place(key), message, holder.position, holder.name)


def _what_to_do(place: str | None, clear: bool) -> str:
    if place is not None:
        return f"it holds what {place} should, so move it there if that holds something else and nobody is saving"
    if not clear:
        return "for which file cannot be told, so keep it until everything here can be read"
    return "no record here misses what it holds; if nobody is saving, delete it"


def _waits(subject: Subject, key: str, todo: str) -> Finding:
    place = subject.place(key)
    message = f"{place} was to replace another file, and the save was killed or runs just now: {todo}."
    return Finding("staged-file", "warning", place, message)
