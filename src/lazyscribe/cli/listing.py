"""``ls`` and ``tree``."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from lazyscribe.cli.codes import WRONG_USE
from lazyscribe.cli.console import Console, Refused, plain, size
from lazyscribe.cli.opening import Found, documents, moment, size_of
from lazyscribe.cli.options import Choice, PlaceArgument
from lazyscribe.exception import QueryError, UnreadableError

if TYPE_CHECKING:
    from lazyscribe.query import Selection

_AGE = re.compile(r"(\d{1,6})\s*(h|d|w)")
_HOURS = {"h": 1, "d": 24, "w": 168}


def ls(console: Console, *, choice: Choice, place: PlaceArgument) -> None:
    """List experiments, and versions of artifacts.

    Example: lazyscribe ls --where 'metrics.auc > 0.9 and parameters.model == "svm"' --sort -metrics.auc --top 5
    """
    listed = _listed(documents(place), choice, console.utc)
    console.answer(lambda: {"documents": [_told(console, *each) for each in listed]}, lambda: _tables(console, listed))


def _tables(console: Console, listed: list[tuple[Found, Any, list[dict[str, Any]]]]) -> str:
    parts = []
    for found, opened, records in listed:
        title = [console.style(plain(found.path), "bold")] if len(listed) > 1 else []
        if found.kind == "project":
            text = _experiments(console, records)
        else:
            text = versions_table(console, found, records, opened)
        parts.append("\n".join([*title, text]))
    return "\n\n".join(parts)


def _listed(found: list[Found], choice: Choice, utc: bool) -> list[tuple[Found, Any, list[dict[str, Any]]]]:
    """Return each file, what was opened of it and what is chosen; without those that lack the fields asked for."""
    listed, errors = [], []
    for each in found:
        if choice.tag and each.kind == "repository" and len(found) > 1:
            continue  # versions have no tags
        try:
            opened = each.open()
            listed.append((each, opened, _chosen(opened.select(), choice, utc).to_dicts()))
        except QueryError as error:
            errors.append(error)
    if not listed and errors:
        raise errors[0]
    return listed


def _chosen(selection: Selection[Any], choice: Choice, utc: bool) -> Selection[Any]:
    if choice.where is not None:
        selection = selection.where(choice.where)
    for tag in choice.tag or ():
        selection = selection.where(f"{_quoted(tag)} in tags")
    if choice.since is not None:
        selection = selection.where(f"created_at >= {_quoted(_since(choice.since, utc).isoformat())}")
    if choice.name is not None:
        selection = selection.only(lambda record: fnmatchcase(record["name"], str(choice.name)), {"name"})
    if choice.sort:
        selection = selection.sort(*choice.sort)
    if choice.by is not None and choice.top is None:
        raise Refused("--by says what --top is of; give both.", WRONG_USE, "wrong-use")
    return selection if choice.top is None else selection.top(choice.top, choice.by)


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)


def _since(text: str, utc: bool) -> datetime:
    from datetime import UTC

    if (match := _AGE.fullmatch(text.strip())) is not None:
        return datetime.now(UTC) - timedelta(hours=int(match[1]) * _HOURS[match[2]])
    date = moment(text, utc)
    if not isinstance(date, datetime):
        message = f"{text!r} is neither a date nor an age; write it as 2025-01-31, or as 12h, 7d, 2w."
        raise Refused(message, WRONG_USE, "wrong-use")
    return date


def _told(console: Console, found: Found, opened: Any, records: list[dict[str, Any]]) -> dict[str, Any]:
    if found.kind == "project":
        return {"path": found.path, "kind": found.kind, "experiments": records}
    return {"path": found.path, "kind": found.kind, "versions": told_of_versions(console, found, records, opened)}


def told_of_versions(
    console: Console, found: Found, records: list[dict[str, Any]], repository: Any
) -> list[dict[str, Any]]:  # fmt: skip
    """Return records of versions with what is known beside them."""
    aliases = aliases_of(console, repository, records)
    return [
        {
            **record,
            "size": size_of(found, record["name"], record["fname"]),
            "aliases": aliases.get((record["name"], record["version"]), []),
        }
        for record in records
    ]


def aliases_of(
    console: Console, repository: Any, records: list[dict[str, Any]]
) -> dict[tuple[str, int], list[str]]:  # fmt: skip
    """Return the aliases of versions by name and number; where the history cannot be read, that is told."""
    held: dict[tuple[str, int], list[str]] = {}
    try:
        for name in dict.fromkeys(record["name"] for record in records):
            for alias, number in repository.aliases(name).items():
                held.setdefault((name, number), []).append(alias)
    except UnreadableError as error:
        console.tell(f"The aliases are not known, for the history cannot be read: {error}")
    return held


def _experiments(console: Console, records: list[dict[str, Any]]) -> str:
    headers = [
        "slug",
        "name",
        "created",
        *(["age"] if console.terminal else []),
        "author",
        "tags",
        "tests",
        "artifacts",
        "metrics",
    ]
    rows = [
        [
            each["slug"],
            each["name"],
            console.date(each["created_at"]),
            *([console.age(each["created_at"])] if console.terminal else []),
            each["author"],
            ", ".join(map(str, each["tags"])),
            len(each["tests"]),
            len(each["artifacts"]),
            pairs(each["metrics"]),
        ]
        for each in records
    ]
    return console.table(headers, rows, empty="no experiments")


def versions_table(console: Console, found: Found, records: list[dict[str, Any]], repository: Any) -> str:
    """Return records of versions as a table; those that have expired are dim."""
    headers = [
        "name",
        "version",
        "created",
        *(["age"] if console.terminal else []),
        "handler",
        "size",
        "expiry",
        "aliases",
    ]
    rows, styles = [], []
    now, aliases = console.now.isoformat(), aliases_of(console, repository, records)
    for each in records:
        expired = each["expiry"] is not None and each["expiry"] <= now
        number = size_of(found, each["name"], each["fname"])
        rows.append(
            [
                each["name"],
                each["version"],
                console.date(each["created_at"]),
                *([console.age(each["created_at"])] if console.terminal else []),
                each["handler"],
                size(number) if console.terminal else number,
                console.date(each["expiry"]),
                ", ".join(aliases.get((each["name"], each["version"]), [])),
            ]
        )
        styles.append("dim" if expired else None)
    return console.table(headers, rows, styles, empty="no versions")


def pairs(values: dict[str, Any]) -> str:
    """Return metrics or parameters in one line."""
    return ", ".join(f"{key}={number(value)}" for key, value in values.items())


def number(value: Any) -> str:
    """Return a value as people read it."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def tree(console: Console, *, choice: Choice, place: PlaceArgument) -> None:
    """Show experiments with their tests and artifacts, and artifacts with their versions.

    Example: lazyscribe tree models/repository.json --name 'model*'
    """
    listed = _listed(documents(place), choice, console.utc)
    trees = [(found, _nodes(console, found, opened, records)) for found, opened, records in listed]

    def text() -> str:
        drawn = ([console.style(plain(each.path), "bold"), *_drawn(nodes)] for each, nodes in trees)
        return "\n".join(line for lines in drawn for line in lines)

    told = [{"path": each.path, "kind": each.kind, "nodes": nodes} for each, nodes in trees]
    console.answer(lambda: {"documents": told}, text)


def _nodes(console: Console, found: Found, opened: Any, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if found.kind == "project":
        return [_experiment_node(each, console) for each in records]
    aliases = aliases_of(console, opened, records)
    named: dict[str, list[dict[str, Any]]] = {}
    for each in records:
        parts = [
            each["version"],
            aged(console, each["created_at"]),
            each["handler"],
            size(size_of(found, each["name"], each["fname"])),
            f"expiry {console.date(each['expiry'])}" if each["expiry"] is not None else None,
            *(f"@{alias}" for alias in aliases.get((each["name"], each["version"]), [])),
        ]
        text = "  ".join(str(part) for part in parts if part is not None)
        named.setdefault(each["name"], []).append({"text": text, "nodes": []})
    return [{"text": name, "nodes": nodes} for name, nodes in named.items()]


def aged(console: Console, date: str) -> str:
    """Return a date and, for those who watch, its age."""
    return f"{console.date(date)} ({console.age(date)})" if console.terminal else str(console.date(date))


def _experiment_node(record: dict[str, Any], console: Console) -> dict[str, Any]:
    nodes = [_leaf("artifact", each["name"], each["handler"]) for each in record["artifacts"]]
    for test in record["tests"]:
        inner = [_leaf("artifact", each["name"], each["handler"]) for each in test["artifacts"]]
        nodes.append({"text": f"test {test['name']}  {pairs(test['metrics'])}".rstrip(), "nodes": inner})
    nodes += [_leaf("depends on", each, "") for each in record["dependencies"]]
    date = aged(console, record["created_at"])
    text = f"{record['slug']}  {record['name']}  {date}  {pairs(record['metrics'])}"
    return {"text": text.rstrip(), "nodes": nodes}


def _leaf(what: str, name: str, more: str) -> dict[str, Any]:
    return {"text": f"{what} {name}  {more}".rstrip(), "nodes": []}


def _drawn(nodes: list[dict[str, Any]], lead: str = "") -> list[str]:
    lines = []
    for number, node in enumerate(nodes, 1):
        last = number == len(nodes)
        lines.append(f"{lead}{'└─ ' if last else '├─ '}{plain(node['text'])}")
        lines += _drawn(node["nodes"], lead + ("   " if last else "│  "))
    return lines
