"""``expire``."""

from __future__ import annotations

from typing import Annotated

import typer

from lazyscribe.cli.console import Console, plain
from lazyscribe.cli.opening import Times, document, moment, wanted
from lazyscribe.cli.options import AsOf, DryRun, In, Storage, Version, Yes

Artifact = Annotated[
    str, typer.Argument(metavar="NAME[@VERSION]", help="An artifact; its newest version if none is given.")
]
On = Annotated[str | None, typer.Option("--on", metavar="DATE", help="When it expires; default: now.")]


def expire(
    console: Console,
    name: Artifact,
    version: Version = None,
    as_of: AsOf = None,
    on: On = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    path: In = ".",
    option: Storage = None,
) -> None:
    """Let a version expire: it stays, and "the newest" passes it over from then on.

    Example: lazyscribe expire model@3 --on 2030-01-01
    """
    found = document(path, option, "repository")
    repository = found.repository("w+")
    choice = wanted(name, Times(version, as_of, console.utc), repository)
    before = repository.get_artifact_metadata(choice.name, choice.version, choice.match)
    repository.set_artifact_expiry(
        choice.name, before["version"], expiry=None if on is None else moment(on, console.utc)
    )
    after = repository.get_artifact_metadata(choice.name, before["version"])
    told = f"version {after['version']} of {plain(after['name'])}: expiry {console.date(before['expiry']) or 'none'}"
    told += f" -> {console.date(after['expiry'])}"
    if not dry_run:
        if not (console.json or yes):
            console.tell(told)
        console.confirm("Let it expire?", yes)
        repository.save()
    if console.json:
        console.write_json({"path": found.path, "done": not dry_run, "before": before, "after": after})
    else:
        console.write(told if not dry_run else f"would change {told}")
