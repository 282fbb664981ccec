"""Options that several commands have, and groups of them: a command that takes a group has all of its options."""

from __future__ import annotations

from typing import Annotated, NamedTuple

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
Version = Annotated[
    str | None, typer.Option("--version", metavar="VERSION", help="A number, a date or an alias; default: the newest.")
]
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
Pattern = Annotated[
    str | None, typer.Option("--name", metavar="PATTERN", help="Only these names; * stands for anything.")
]
Tag = Annotated[
    list[str] | None, typer.Option("--tag", metavar="TAG", help="Only experiments with this tag. May be repeated.")
]
Since = Annotated[
    str | None, typer.Option("--since", metavar="WHEN", help="Created since a date, or for so long: 12h, 7d, 2w.")
]
Top = Annotated[int | None, typer.Option("--top", metavar="N", min=0, help="Only the first N.")]
By = Annotated[str | None, typer.Option("--by", metavar="FIELD", help="With --top: the greatest of a field.")]


class Place(NamedTuple):
    """Where what a command is about lies; it is looked for in the current folder."""

    path: In = "."
    option: Storage = None


class PlaceArgument(NamedTuple):
    """The same as an argument."""

    path: Path = "."
    option: Storage = None


class Times(NamedTuple):
    """How a version is named beside NAME@VERSION."""

    version: Version = None
    as_of: AsOf = None
    release: Release = None

    @property
    def given(self) -> int:
        """How many of them were given."""
        return sum(each is not None for each in self)


class Consent(NamedTuple):
    """What was said about changes."""

    yes: Yes = False
    dry_run: DryRun = False


class Choice(NamedTuple):
    """Which experiments or versions are to be listed, and in what order."""

    where: Where = None
    sort: Sort = None
    top: Top = None
    by: By = None
    name: Pattern = None
    tag: Tag = None
    since: Since = None
