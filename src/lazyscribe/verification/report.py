"""What a check found, as an object, as plain data and as text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import field, frozen

SCHEMA = 1
"""Version of what `Report.to_dict` gives. A change that a reader of version 1 would stumble over raises it."""

SEVERITIES = ("error", "warning", "note")
"""``error``: something is damaged or cannot be told apart. ``warning``: something wants a look, but no record lost
anything. ``note``: good to know."""

KINDS = {
    "manifest-missing": "there is no file of records",
    "manifest-unreadable": "the file of records is there and cannot be read",
    "manifest-damaged": "the file of records is no list of records",
    "record-damaged": "a record lacks a key, holds a wrong type or names a file outside its place",
    "file-missing": "a record's file is not there",
    "file-unreadable": "a record's file is there and cannot be read",
    "digest-wrong": "a record's file is not the one that was saved",
    "file-shared": "two records name one file",
    "number-duplicate": "two versions of a name have one number",
    "slug-duplicate": "two experiments have one slug",
    "handler-missing": "the handler of a record is not available here",
    "past-file-missing": "the file of a version that only history knows is not there",
    "past-file-damaged": "the file of a version that only history knows cannot be read, or is not what was saved",
    "staged-file": "a file waits to replace another one",
    "temporary-file": "a file that was never completed",
    "orphan": "a file that belongs to no record",
    "facts-without-file": "facts of a file that is not there and belongs to no record",
    "facts-damaged": "a file that tells of several files' digests cannot be read, or holds none",
    "history-unreadable": "the history is there and cannot be read",
    "history-damaged": "a file of the history that holds no entry, or some that cannot be read, or that is missing",
    "orphans-unchecked": "orphans were not looked for, or not everywhere",
    "unverified": "nothing is known of what a file should hold",
    "name-unportable": "a name that other systems cannot hold or tell from another one",
}
"""Every kind of finding, in the order of a report."""

_RANKS = {kind: rank for rank, kind in enumerate(KINDS)}

SHOWN = 20
"""Lines of one kind in the text of a report."""


def printable(text: str) -> str:
    """Return `text` with what is not printable, line ends and lone surrogates among it, as escapes."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)


@frozen
class Finding:
    """One thing that was found.

    Attributes
    ----------
    kind
        One of `KINDS`.
    severity
        ``"error"``, ``"warning"`` or ``"note"``.
    path
        The file that it is about, as a user would write it (a path or URL), character by character.
    message
        One sentence with the names involved and what to do next, printable.
    record
        Position in the file of records, from 0; ``None`` where it is about no single record.
    name
        Name of the artifact or experiment, where there is one.
    """

    kind: str
    severity: str
    path: str
    message: str = field(converter=printable)
    record: int | None = None
    name: str | None = None

    def rank(self) -> tuple[Any, ...]:
        """Return what findings are sorted by: severity, kind, position, path."""
        position = (self.record is None, self.record or 0)
        return SEVERITIES.index(self.severity), _RANKS[self.kind], position, self.path, self.message

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes by name."""
        names = ("kind", "severity", "path", "record", "name", "message")
        return {name: getattr(self, name) for name in names}


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=Finding.rank))


@frozen
class Report:
    """What the check of one project or repository found. Equal for equal states on disk, whatever the workers.

    Attributes
    ----------
    kind
        ``"project"`` or ``"repository"``.
    path
        The file of records, as a user would write it.
    findings
        Errors first, then warnings, then notes; of one severity by kind, then in the order of the file.
    checked
        ``records`` in the file, their ``files``, how many of these were ``verified`` (read, and their digest the one
        that was saved) and are ``unverified`` (there, nothing known of them), and the ``bytes`` that were read for
        that.
    """

    kind: str
    path: str
    findings: tuple[Finding, ...] = field(converter=_sorted)
    checked: dict[str, int] = field(factory=dict)

    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings and notes may be there."""
        return all(each.severity != "error" for each in self.findings)

    @property
    def counts(self) -> dict[str, int]:
        """What was `checked`, and the number of ``errors``, ``warnings`` and ``notes``."""
        found = {f"{each}s": sum(finding.severity == each for finding in self.findings) for each in SEVERITIES}
        return {**self.checked, **found}

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold.

        ``schema``: 1. ``kind``, ``path``, ``ok``: as the attributes. ``counts``: the integers ``records``, ``files``,
        ``verified``, ``unverified``, ``bytes``, ``errors``, ``warnings``, ``notes``. ``findings``: a list, sorted, of
        objects with ``kind`` (text, one of `KINDS`), ``severity`` (``"error"``, ``"warning"``, ``"note"``), ``path``
        (text), ``record`` (integer or null), ``name`` (text or null), ``message`` (text). Later versions of schema 1
        may add keys and kinds.
        """
        return {
            "schema": SCHEMA,
            "kind": self.kind,
            "path": self.path,
            "ok": self.ok,
            "counts": self.counts,
            "findings": [each.to_dict() for each in self.findings],
        }

    def __str__(self) -> str:
        """Return the verdict, what was looked at, and a line for each finding, at most 20 of one kind."""
        counts = self.counts
        lines = [
            f"{self.kind} {printable(self.path)}: {'sound' if self.ok else 'DAMAGED'}",
            f"  {_counted(counts, 'records', 'files')}, {counts['verified']} verified ({_size(counts['bytes'])}), "
            f"{counts['unverified']} unverified; {_counted(counts, 'errors', 'warnings', 'notes')}",
        ]
        shown = dict.fromkeys(KINDS, 0)
        for each in self.findings:
            shown[each.kind] += 1
            if shown[each.kind] <= SHOWN:
                where = "" if each.record is None else f"record {each.record}: "
                lines.append(f"  {each.severity:7} {each.kind:20} {where}{each.message}")
        more = {kind: number - SHOWN for kind, number in shown.items() if number > SHOWN}
        lines += [f"  … and {number} more of the kind {kind}" for kind, number in more.items()]
        return "\n".join(lines)


def _counted(counts: dict[str, int], *names: str) -> str:
    return ", ".join(f"{counts[name]} {name if counts[name] != 1 else name[:-1]}" for name in names)


def _size(number: float) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if number < 1024:
            return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} TiB"
