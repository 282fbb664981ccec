"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

Path = Annotated[str, typer.Argument(metavar="PATH", help="Path or URL of project.json, repository.json or a folder.")]
In = Annotated[
    str, typer.Option("--in", "-i", metavar="PATH", help="Path or URL of project.json, repository.json or a folder.")
]
Storage = Annotated[
    list[str] | None,
    typer.Option("--option", "-o", metavar="KEY=VALUE", help="An option of the file system, as endpoint_url=…"),
]
Artifact = Annotated[
    str, typer.Argument(metavar="NAME[@VERSION]", help="An artifact; its newest version if none is given.")
]
AliasArgument = Annotated[str, typer.Argument(metavar="ALIAS", help="Without the @.")]
Message = Annotated[str | None, typer.Option("--message", "-m", metavar="TEXT", help="Why, for the history.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")]
Version = Annotated[str | None, typer.Option("--version", help="A number, a date or an alias; default: the newest.")]
Release = Annotated[str | None, typer.Option("--release", metavar="TAG", help="The version that this release holds.")]
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="The newest that there was at this date.")]
Trust = Annotated[
    bool, typer.Option("--trust", help="Read artifacts that can run code, as pickles do, where that is needed.")
]
Where = Annotated[
    str | None, typer.Option("--where", "-w", metavar="CONDITION", help="Such as 'metrics.auc > 0.9'; see docs/cli.md.")
]
Sort = Annotated[
    list[str] | None,
    typer.Option(
        "--sort", "-s", metavar="FIELD", help="Order by a field; -FIELD: the greatest first. May be repeated."
    ),
]
