"""``verify``."""

from __future__ import annotations

from typing import Annotated

import typer

from lazyscribe.cli.codes import DAMAGED, DONE
from lazyscribe.cli.console import Console
from lazyscribe.cli.opening import documents
from lazyscribe.cli.options import PlaceArgument

Workers = Annotated[
    int | None, typer.Option("--workers", metavar="N", min=1, help="Threads that read; default: one per core.")
]


def verify(console: Console, workers: Workers = None, *, place: PlaceArgument) -> int:
    """Check every record, file and digest, and what lies around; changes nothing.

    It ends with 4 if something is damaged.

    Example: lazyscribe verify models
    """
    from lazyscribe import Project, Repository

    reports = []
    for each in documents(place):
        # With mode="w" nothing is loaded, so nothing that is damaged keeps us from looking; nothing is saved either.
        kind = Project if each.kind == "project" else Repository
        reports.append(kind(each.path, "w", **each.options).verify(workers, console.bar(f"checking {each.path}")))
    ok = all(report.ok for report in reports)
    lines = "\n".join(map(str, reports)).split("\n")
    console.answer(
        lambda: {"ok": ok, "reports": [report.to_dict() for report in reports]},
        lambda: "\n".join(_coloured(console, line) for line in lines),
    )
    return DONE if ok else DAMAGED


def _coloured(console: Console, line: str) -> str:
    if line.startswith("  error"):
        return console.style(line, "bad")
    if not line.startswith(" "):
        return console.style(line, "good" if line.endswith(": sound") else "bad")
    return line
