"""``compare``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lazyscribe.cli.codes import WRONG_USE
from lazyscribe.cli.console import Console, Refused, plain
from lazyscribe.cli.listing import number
from lazyscribe.cli.opening import document
from lazyscribe.cli.options import Place, Sort, Where

Slugs = Annotated[list[str] | None, typer.Argument(metavar="A B …", help="Slugs of experiments; or give --where.")]
All = Annotated[bool, typer.Option("--all", help="What is equal in all of them, too.")]
Best = Annotated[
    list[str] | None,
    typer.Option("--best", metavar="METRIC:max|min", help="Which end of a metric is the best one. May be repeated."),
]

_LESS_IS_BETTER = (
    "loss",
    "error",
    "mse",
    "rmse",
    "mae",
    "mape",
    "time",
    "duration",
    "seconds",
    "latency",
    "perplexity",
)


def compare(
    console: Console,
    experiments: Slugs = None,
    where: Where = None,
    sort: Sort = None,
    everything: All = False,
    best: Best = None,
    *,
    place: Place,
) -> None:
    """Lay experiments side by side: where they differ, and which one is best in what.

    The best is the greatest, and the least of losses, errors and times; --best says otherwise. It is marked by *.

    Example: lazyscribe compare ridge lasso --best r2:max
    """
    found = document(place, "project")
    project = found.project()
    chosen = [project[slug].to_dict() for slug in experiments or ()]
    if where is not None or sort:
        selection = project.select()
        selection = selection.where(where) if where is not None else selection
        chosen += (selection.sort(*sort) if sort else selection).to_dicts()
    if not chosen:
        raise Refused("There is nothing to compare; give slugs of experiments, or --where.", WRONG_USE, "wrong-use")
    directions = dict(_direction(each) for each in best or ())
    rows = [
        _row(what, name, [each.get((what, name)) for each in map(_flat, chosen)], directions)
        for what, name in _keys(chosen)
    ]
    if not everything and len(chosen) > 1:
        rows = [row for row in rows if any(value != row["values"][0] for value in row["values"])]
    headers = [plain(each) for each in ("what", "name", *(each["slug"] for each in chosen))]
    shown = [[row["what"], row["name"], *_cells(row)] for row in rows]
    console.answer(
        lambda: {"path": found.path, "experiments": [each["slug"] for each in chosen], "rows": rows},
        lambda: console.table(headers, shown) if shown else "no differences",
    )


def _direction(text: str) -> tuple[str, str]:
    name, _, end = text.rpartition(":")
    if not name or end not in ("max", "min"):
        raise Refused(
            f"{text!r} does not say which end is best; write it as auc:max or loss:min.", WRONG_USE, "wrong-use"
        )
    return name, end


def _flat(record: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """Return everything that can be compared by what it is and its name."""
    found: dict[tuple[str, str], Any] = {("experiment", key): record[key] for key in ("name", "author")}
    found["experiment", "tags"] = ", ".join(map(str, record["tags"]))
    for what in ("parameters", "metrics"):
        found |= {(what, name): value for name, value in record[what].items()}
    for test in record["tests"]:
        for what in ("parameters", "metrics"):
            found |= {(f"test {what}", f"{test['name']} / {name}"): value for name, value in test[what].items()}
    return found


def _keys(records: list[dict[str, Any]]) -> list[tuple[str, str]]:
    order = ["experiment", "parameters", "metrics", "test parameters", "test metrics"]
    keys = dict.fromkeys(key for record in records for key in _flat(record))
    return sorted(keys, key=lambda key: order.index(key[0]))


def _row(what: str, name: str, values: list[Any], directions: dict[str, str]) -> dict[str, Any]:
    best: list[int] = []
    metric = name.rpartition(" / ")[2]
    direction = None
    numbers = [each for each in values if type(each) in (int, float) and each - each == 0]
    if what.endswith("metrics") and len(numbers) > 1:
        direction = directions.get(name) or directions.get(metric) or ("min" if _is_loss(metric) else "max")
        target = min(numbers) if direction == "min" else max(numbers)
        best = [place for place, each in enumerate(values) if each == target and not isinstance(each, bool)]
        best = [] if len(best) == len(values) else best
    return {"what": what, "name": name, "values": values, "direction": direction, "best": best}


def _is_loss(name: str) -> bool:
    import re

    return any(word in _LESS_IS_BETTER for word in re.split(r"[^a-z]+", name.lower()))


def _cells(row: dict[str, Any]) -> list[str]:
    shown = ["-" if each is None else number(each) for each in row["values"]]
    return [f"{each} *" if place in row["best"] else each for place, each in enumerate(shown)]
