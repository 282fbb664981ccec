"""``show``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lazyscribe.cli.console import Console, plain, size
from lazyscribe.cli.listing import aged, aliases_of, number
from lazyscribe.cli.opening import Found, document_of, documents, first_of, size_of, wanted
from lazyscribe.cli.options import Place, Times, Trust

Names = Annotated[
    str, typer.Argument(metavar="NAME", help="An experiment's slug, or an artifact: NAME or NAME@VERSION.")
]
Value = Annotated[bool, typer.Option("--value", help="Of an artifact its value, too.")]


def show(
    console: Console,
    name: Names,
    value: Value = False,
    trust: Trust = False,
    *,
    times: Times,
    place: Place,
) -> None:
    """Show all that is known of one experiment, or of one version of an artifact.

    Example: lazyscribe show model@3 --in models/repository.json
    """
    found = documents(place, name)
    if times.given:
        found = [document_of(found, "repository")]

    def tell(each: Found) -> dict[str, Any]:
        if each.kind == "project":
            return {"path": each.path, "kind": "experiment", "record": each.project()[name].to_dict()}
        return _version(console, each, name, times, (value, trust))

    told = first_of(found, tell)
    console.answer(lambda: told, lambda: "\n".join(_lines(console, told)))


def _version(
    console: Console, found: Found, name: str, times: Times, value: tuple[bool, bool]
) -> dict[str, Any]:  # fmt: skip
    shown, trust = value
    repository = found.repository(trust=trust)
    choice = wanted(name, times, repository, console.utc)
    record = repository.get_artifact_metadata(*choice)
    told = {
        "path": found.path,
        "kind": "version",
        "record": record,
        "size": size_of(found, record["name"], record["fname"]),
        "aliases": aliases_of(console, repository, [record]).get((record["name"], record["version"]), []),
        "versions": len(repository.select().only(lambda each: each["name"] == choice.name)),
    }
    if shown:
        loaded = repository.load_artifact(choice.name, version=choice.version, match=choice.match)
        told["value"] = loaded if _is_plain(loaded) else repr(loaded)
    return told


def _is_plain(value: Any) -> bool:
    import json

    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def _lines(console: Console, told: dict[str, Any]) -> list[str]:
    record = told["record"]
    dates = ("created_at", "last_updated", "expiry")
    lines = []
    for key, value in record.items():
        if key in ("metrics", "parameters"):
            lines += _mapping(console, key, value)
        elif key in ("tests", "artifacts"):
            lines += _named(console, key, value)
        else:
            shown = (
                aged(console, value)
                if key in dates and value is not None
                else ", ".join(map(str, value))
                if isinstance(value, list)
                else value
            )
            lines.append(_line(console, key, shown))
    if told["kind"] == "version":
        lines.append(_line(console, "aliases", ", ".join(told["aliases"])))
        lines += [_line(console, "size", size(told["size"])), _line(console, "versions", told["versions"])]
    if "value" in told:
        value = told["value"]
        text = value if isinstance(value, str) else repr(value)
        lines += [_line(console, "value", ""), *("  " + plain(each) for each in text.splitlines())]
    return lines


def _line(console: Console, key: str, value: Any, indent: str = "") -> str:
    shown = "-" if value is None else plain(number(value))
    return f"{indent}{console.style(plain(key) + ':', 'key')} {shown}".rstrip()


def _mapping(console: Console, key: str, values: dict[str, Any]) -> list[str]:
    return [_line(console, key, ""), *(_line(console, name, value, "  ") for name, value in values.items())]


def _named(console: Console, key: str, items: list[dict[str, Any]]) -> list[str]:
    lines = [_line(console, key, "")]
    for each in items:
        more = each.get("handler") or ", ".join(f"{name}={number(value)}" for name, value in each["metrics"].items())
        lines.append(_line(console, each["name"], more, "  "))
    return lines
