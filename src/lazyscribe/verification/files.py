"""Whether the files of the records are there, and whether they are the ones that were saved; those of history too."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from hashlib import sha256
from typing import NamedTuple

from lazyscribe._dates import parse_date, to_text
from lazyscribe.exception import CorruptArtifactError
from lazyscribe.facts import CHUNK, Facts, check, facts_key, read_facts
from lazyscribe.progress import Meter
from lazyscribe.store.base import Store
from lazyscribe.verification.contents import Contents, Holder, Subject
from lazyscribe.verification.past import Gone
from lazyscribe.verification.report import Finding
from lazyscribe.verification.threads import in_threads
from lazyscribe.verification.told import Told

SAMPLE = 16
"""How many facts are read to see how long one takes."""

SLOW = 0.001
"""Seconds that one may take, on average, without threads: a local disk needs a tenth, a network ten times as much."""


class File(NamedTuple):
    """A file and what is known of it.

    Attributes
    ----------
    facts
        Of each holder; ``None`` where nothing is known of its write.
    size
        Bytes that are expected to be read: 0 if nothing is known.
    unread
        Why its facts cannot be read; empty if they can.
    """

    key: str
    holders: Sequence[Holder]
    facts: Sequence[Facts | None]
    size: int
    unread: str = ""


class Look(NamedTuple):
    """What reading a file gave: its digest and size, or why there is none."""

    file: File
    sha256: str = ""
    size: int = 0
    missing: bool = False
    trouble: str = ""


class Outcome(NamedTuple):
    """What was found of all files, by looking at each; what was counted."""

    findings: list[Finding]
    looks: list[Look]
    checked: dict[str, int]


def check_files(subject: Subject, contents: Contents, told: Told | None, workers: int, meter: Meter) -> Outcome:
    """Read every file whose facts are known, the largest first; look whether the others are there.

    Parameters
    ----------
    told
        ``None``: to be found out one by one.
    """
    store = subject.store
    find = told.find if told is not None else read_facts

    def gather(item: tuple[str, list[Holder]]) -> File:
        return _with_facts(*item, contents.history.versions.get(item[0]), partial(find, store, item[0]))

    def look(file: File) -> Look:
        return _look(store, file, meter)

    past = {key: [holder] for key, holder in contents.past.items()}
    files = _gathered(gather, sorted({**contents.files, **past}.items()), workers)
    files.sort(key=lambda each: (-each.size, each.key))
    meter.expect(sum(each.size for each in files))
    meter.tell()
    return _judge(subject, contents, in_threads(look, files, workers, meter))


def _gathered(
    gather: Callable[[tuple[str, list[Holder]]], File], items: list[tuple[str, list[Holder]]], workers: int
) -> list[File]:
    """Return what `gather` gives; in threads only where it has to wait, for otherwise they keep each other waiting."""
    start = time.perf_counter()
    files = [gather(item) for item in items[:SAMPLE]]
    if time.perf_counter() - start < SLOW * len(files):
        return files + [gather(item) for item in items[SAMPLE:]]
    return files + in_threads(gather, items[SAMPLE:], workers, Meter(None))


def _with_facts(key: str, holders: list[Holder], past: Gone | None, find: Callable[[str, str], Facts | None]) -> File:
    facts: list[Facts | None] = []
    unread = ""
    for date, handler in map(write_of, holders):
        try:
            found = find(date, handler)
        except Exception as error:  # whatever a file system may raise
            found, unread = None, str(error) or type(error).__name__
        facts.append(found if found is not None else as_history_tells(past, date, handler))
    sizes = [each.size for each in facts if each is not None and isinstance(each.size, int)]
    return File(key, holders, facts, max(0, *sizes, 0), unread)


def write_of(holder: Holder) -> tuple[str, str]:
    """Return the date and the handler by which facts and history know a write."""
    date = holder.record["created_at"]
    return date if holder.gone else _as_text(date), holder.record["handler"]  # history has it so, or it is nonsense


def as_history_tells(past: Gone | None, date: str, handler: str) -> Facts | None:
    """Return what the journal knows of a write of a version's file."""
    if past is None or past.told.sha256 is None or (past.told.date, past.told.handler) != (date, handler):
        return None
    return Facts(past.told.sha256, 0, "", date, handler)


@lru_cache
def _as_text(date: str) -> str:
    """Return a record's date as facts hold it; many records are of one second."""
    return to_text(parse_date(date))


def _look(store: Store, file: File, meter: Meter) -> Look:
    told = 0

    def tell(number: int) -> None:
        """Count what was read, never more than was expected; that of small files at their end."""
        nonlocal told
        if file.size > CHUNK:
            step = min(number, file.size - told)
            told += step
            meter.add(step)

    try:
        with store.open(file.key) as buf:
            if not any(file.facts):
                store.confirm(file.key)
                return Look(file)
            return Look(file, *_digest(buf.read, min(file.size + 1, CHUNK) if file.size else CHUNK, tell))
    except (FileNotFoundError, NotADirectoryError):
        return Look(file, missing=True)
    except Exception as error:  # whatever a file system may raise
        return Look(file, trouble=str(error) or type(error).__name__)
    finally:
        meter.add(file.size - told)


def _digest(read: Callable[[int], bytes], step: int, tell: Callable[[int], object]) -> tuple[str, int]:
    digest, size = sha256(), 0
    while chunk := read(step):
        digest.update(chunk)
        size += len(chunk)
        tell(len(chunk))
    return digest.hexdigest(), size


def _judge(subject: Subject, contents: Contents, looks: list[Look]) -> Outcome:
    outcome = Outcome([], looks, {"records": contents.records, "files": len(contents.files)})
    verified = unverified = 0
    for look in looks:
        if look.file.key in contents.past:
            outcome.findings.extend(_past(subject, look))
            continue
        if look.missing or look.trouble:
            outcome.findings.extend(_not_read(subject, look))
            continue
        findings = _compared(subject, look)
        outcome.findings.extend(findings)
        unverified += any(each.kind == "unverified" for each in findings)
        verified += not findings
    read = sum(look.size for look in looks if look.file.key not in contents.past)
    outcome.checked.update(verified=verified, unverified=unverified, bytes=read)
    return outcome


def _past(subject: Subject, look: Look) -> Iterator[Finding]:
    """Yield what is wrong with the file of a version that only history knows: no record lost anything by that."""
    holder, facts, place = look.file.holders[0], look.file.facts[0], subject.place(look.file.key)
    kind = "past-file-missing" if look.missing else "past-file-damaged"
    if look.missing:
        what = "is not there"
    elif look.trouble:
        what = f"cannot be read ({look.trouble})"
    elif look.file.unread:
        what = f"has facts that cannot be read ({look.file.unread})"
    elif facts is None or facts.sha256 == look.sha256:
        return
    else:
        what = f"has the SHA-256 {look.sha256}, but {facts.sha256} was saved"
    message = (
        f"The file of version {holder.record['version']} of {holder.name!r}, {holder.gone}, {what}: {place}; no record "
        "lost anything, but restore it from a good copy if history is to load it."
    )
    yield Finding(kind, "warning", place, message, None, holder.name)


def _not_read(subject: Subject, look: Look) -> list[Finding]:
    place = subject.place(look.file.key)
    found = []
    for holder in look.file.holders:
        if look.missing:
            kind = "file-missing"
            message = f"The file of the artifact {holder.name!r} is not there: {place}; restore it from a good copy."
        else:
            kind = "file-unreadable"
            message = (
                f"The file of the artifact {holder.name!r} cannot be read: {place} ({look.trouble}); see to its "
                "permissions or its disk."
            )
        found.append(Finding(kind, "error", place, message, holder.position, holder.name))
    return found


def _compared(subject: Subject, look: Look) -> list[Finding]:
    """Return a finding for each holder whose facts are unknown or tell of other bytes."""
    if not look.file.unread and all(facts is not None and facts.sha256 == look.sha256 for facts in look.file.facts):
        return []
    place, found = subject.place(look.file.key), _unread(subject, look.file)
    for holder, facts in zip(look.file.holders, look.file.facts, strict=True):
        if facts is None:
            if look.file.unread:
                continue
            message = (
                f"{place} is there, and nothing is known of what it should hold: another program wrote it, or its "
                "facts are damaged or were not copied along; load it to see."
            )
            found.append(Finding("unverified", "note", place, message, holder.position, holder.name))
            continue
        try:
            check(facts, look.sha256, place, holder.name)
        except CorruptArtifactError as error:
            found.append(Finding("digest-wrong", "error", place, str(error), holder.position, holder.name))
    return found


def _unread(subject: Subject, file: File) -> list[Finding]:
    """Return a finding for each holder of a file whose facts cannot be read."""
    if not file.unread:
        return []
    place = subject.place(facts_key(file.key))
    return [
        Finding(
            "file-unreadable",
            "error",
            place,
            f"The facts of the artifact {each.name!r} cannot be read: {place} ({file.unread}); see to its permissions "
            "or its disk.",
            each.position,
            each.name,
        )
        for each in file.holders
    ]
