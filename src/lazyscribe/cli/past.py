"""``history``, ``at`` and ``explain``: the time machine."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from lazyscribe.cli.console import Console, Refused, plain, plain_lines
from lazyscribe.cli.listing import told_of_versions, versions_table
from lazyscribe.cli.opening import Found, choose, date_of, document, documents
from lazyscribe.cli.options import Artifact, Place, Times

Name = Annotated[
    str | None, typer.Argument(metavar="[NAME]", help="Only what was done to this artifact or experiment.")
]
Last = Annotated[int | None, typer.Option("--last", metavar="N", min=1, help="Only the last N commits.")]
Valid = Annotated[str | None, typer.Option("--valid", metavar="DATE", help="As it was at this date; default: now.")]
Known = Annotated[
    str | None,
    typer.Option("--known", metavar="DATE|NUMBER", help="As far as was known at this date or entry; default: now."),
]

_ENTRY = re.compile(r"[0-9a-f]{16}")
"""The id of an entry of the history."""

KINDS = ("held", "observed", "missing", "logged", "changed", "deleted", "aliased")


def history(console: Console, name: Name = None, last: Last = None, *, place: Place) -> None:
    """Tell what every commit did: who, when, why, and to what.

    Example: lazyscribe history model --last 10
    """
    parts, told = [], []
    is_known = name is None
    for each in documents(place):
        opened = each.open()
        commits = opened.history()
        if name is not None:
            commits = [about for commit in commits if (about := commit.about(name)) is not None]
        is_known = is_known or bool(commits) or name in opened
        commits = commits[-last:] if last else commits
        told.append({"path": each.path, "kind": each.kind, "commits": [_commit(commit) for commit in commits]})
        parts += [_shown(console, each, commit) for commit in commits]
    if not is_known:
        raise Refused(
            f"Nothing is told of {name!r} in {place.path}; give an artifact's name, and the file by --in.",
            kind="not-found",
        )
    console.answer(lambda: {"documents": told}, lambda: "\n".join(parts) or "no history")


def _commit(commit: Any) -> dict[str, Any]:
    record = commit._asdict()
    for kind in KINDS:
        record[kind] = [each._asdict() for each in record[kind]]
    return {**record, "files": dict(commit.files), "notes": dict(commit.notes)}


def _shown(console: Console, found: Found, commit: Any) -> str:
    head = f"{commit.number} {console.date(commit.at)} {plain(commit.author)} {plain(found.path)}"
    lines = [console.style(head, "bold")]
    if commit.message:
        lines.append(f"    {plain(commit.message)}")
    for kind in KINDS:
        if items := getattr(commit, kind):
            lines.append(f"    {kind} {plain(', '.join(map(str, items)))}")
    return "\n".join(lines)


def at(console: Console, valid: Valid = None, known: Known = None, *, place: Place) -> None:
    """List the versions of a repository as it was at one moment, as far as was known at another.

    Example: lazyscribe at --valid 2025-06-01 --known 2025-06-01T18:00
    """
    found = document(place, "repository")
    when = _moment(valid, console.utc)
    until = int(known) if known is not None and known.isdecimal() and len(known) < 9 else _moment(known, console.utc)
    repository = found.repository().at(when, until)
    records = list(repository)
    console.answer(
        lambda: {"path": found.path, "versions": told_of_versions(console, found, records, repository)},
        lambda: versions_table(console, found, records, repository),
    )


def _moment(text: str | None, utc: bool) -> Any:
    if text is None:
        return None
    return text if _ENTRY.fullmatch(text) else date_of(text, utc)


def explain(
    console: Console,
    name: Artifact,
    *,
    times: Times,
    place: Place,
) -> None:
    """Say in words which version is meant, and why no newer one.

    Example: lazyscribe explain model --as-of 2025-06-01
    """
    found, repository, choice = choose(document(place, "repository", name), name, times, console.utc)
    text = repository.explain(*choice)
    if times.release is not None:
        text = f"The release {times.release!r} holds version {choice.version} of {choice.name!r}.\n{text}"
    console.answer(lambda: {"path": found.path, "name": choice.name, "text": text}, lambda: plain_lines(text))


def lineage(
    console: Console,
    name: Artifact,
    *,
    times: Times,
    place: Place,
) -> None:
    """Tell where a version comes from: the experiment, what it depends on, and what else came of those.

    Example: lazyscribe lineage model@production
    """
    found, repository, choice = choose(document(place, "repository", name), name, times, console.utc)
    told = repository.lineage(*choice)
    console.answer(lambda: {"path": found.path, "lineage": told.to_dict()}, lambda: plain_lines(str(told)))
