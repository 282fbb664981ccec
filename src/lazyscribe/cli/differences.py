"""``diff``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from lazyscribe.cli.console import Console, plain
from lazyscribe.cli.opening import document, number_or_date
from lazyscribe.cli.options import Place

Name = Annotated[str, typer.Argument(metavar="NAME", help="An artifact.")]
First = Annotated[str, typer.Argument(metavar="A", help="A version: a number, a date or an alias.")]
Second = Annotated[str | None, typer.Argument(metavar="[B]", help="Another one; default: the newest.")]
How = Annotated[
    str | None, typer.Option("--how", metavar="HOW", help="'lines' or 'values'; default: as the handler has it.")
]
Key = Annotated[
    list[str] | None,
    typer.Option("--key", metavar="COLUMN", help="Of tables: the columns that name a row. May be repeated."),
]


def diff(
    console: Console,
    name: Name,
    a: First,
    b: Second = None,
    how: How = None,
    key: Key = None,
    *,
    place: Place,
) -> None:
    """Show what differs between two versions of an artifact, the older first.

    Example: lazyscribe diff parameters 2 5
    """
    repository = document(place, "repository").repository()
    pair = number_or_date(a, console.utc), number_or_date(b, console.utc)
    keywords: dict[str, Any] = {"key": key[0] if len(key) == 1 else key} if key else {}
    chosen: Literal["lines", "values"] | None = how  # type: ignore[assignment]
    text = repository.get_version_diff(name, pair, how=chosen, **keywords)
    numbers = sorted(repository.get_artifact_metadata(name, each)["version"] for each in pair)
    equal = f"versions {numbers[0]} and {numbers[1]} of {plain(name)} are equal"
    console.answer(
        lambda: {"name": name, "versions": numbers, "equal": not text, "diff": text},
        lambda: "\n".join(_coloured(console, line) for line in text.split("\n")) if text else equal,
    )


def _coloured(console: Console, line: str) -> str:
    shown = plain(line.replace("\t", "    ")) if console.terminal else "\t".join(map(plain, line.split("\t")))
    sign = line.lstrip()[:1]
    if line.startswith(("+++", "---", "@@")):
        return console.style(shown, "bold")
    style = {"+": "good", "-": "bad", "~": "key"}.get(sign)
    return console.style(shown, style) if style else shown
