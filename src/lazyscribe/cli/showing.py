"""``show``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lazyscribe.cli.console import Console, Refused, plain, size
from lazyscribe.cli.listing import number
from lazyscribe.cli.opening import Found, Times, choose, documents, size_of
from lazyscribe.cli.options import AsOf, In, Release, Storage, Trust, Version

Names = Annotated[
    str, typer.Argument(metavar="NAME", help="An experiment's slug, or an artifact: NAME or NAME@VERSION.")
]
Value = Annotated[bool, typer.Option("--value", help="Of an artifact its value, too.")]


def show(
    console: Console,
    name: Names,
    version: Version = None,
    as_of: AsOf = None,
    release: Release = None,
    value: Value = False,
    trust: Trust = False,
    path: In = ".",
    option: Storage = None,
) -> None:
    """Show all that is known of one experiment, or of one version of an artifact.

    Example: lazyscribe show model@3 --in models/repository.json
    """
    found = documents(path, option)
    times = Times(version, as_of, release, console.utc)
    told = None
    for each in found:
        if each.kind == "project" and not times.given:
            told = _experiment(each, name)
        elif each.kind == "repository":
            told = _version(each, name, times, (value, trust), last=each is found[-1])
        if told is not None:
            break
    if told is None:
        places = " and ".join(each.path for each in found)
        raise Refused(f"There is no {name!r} in {places}; see what there is with: lazyscribe ls", kind="not-found")
    console.answer(lambda: told, lambda: "\n".join(_lines(console, told)))


def _experiment(found: Found, name: str) -> dict[str, Any] | None:
    project = found.project()
    if name not in project:
        return None
    return {"path": found.path, "kind": "experiment", "record": project[name].to_dict()}


def _version(found: Found, name: str, times: Times, value: tuple[bool, bool], last: bool) -> dict[str, Any] | None:
    shown, trust = value
    chosen = choose(found, name, times, trust=trust)
    repository, choice = chosen.repository, chosen.choice
    if choice.name not in repository and not last:
        return None
    record = chosen.record()
    told = {
        "path": found.path,
        "kind": "version",
        "record": record,
        "size": size_of(found, record["name"], record["fname"]),
        "aliases": [each for each, number in repository.aliases(choice.name).items() if number == record["version"]],
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
                console.date(value)
                if key in dates
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
