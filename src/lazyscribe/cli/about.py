"""``completion`` and ``doctor``."""

from __future__ import annotations

import os
import platform
import sys
from importlib import import_module, metadata
from pathlib import Path as File
from typing import Annotated, Any

import typer

from lazyscribe.cli.codes import WRONG_USE
from lazyscribe.cli.console import Console, Refused, plain
from lazyscribe.cli.opening import documents, options_of
from lazyscribe.cli.options import PlaceArgument
from lazyscribe.exception import DocumentMissingError, UnreadableError
from lazyscribe.locating import promises

SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")
Shell = Annotated[str, typer.Argument(metavar="SHELL", help=f"One of {', '.join(SHELLS)}.")]
Install = Annotated[bool, typer.Option("--install", help="Put it where the shell looks for it.")]


def completion(console: Console, shell: Shell, install: Install = False) -> None:
    """Write the script that completes commands and options in a shell.

    Example: lazyscribe completion bash --install
    """
    typers: Any = import_module("typer.completion")
    if shell not in SHELLS:
        raise Refused(f"There is no completion for {shell!r}; use one of {', '.join(SHELLS)}.", WRONG_USE, "wrong-use")
    script = typers.get_completion_script(prog_name="lazyscribe", complete_var="_LAZYSCRIBE_COMPLETE", shell=shell)
    if install:
        path = _of_bash(script) if shell == "bash" else None
        if path is None:
            _, path = typers.install(shell=shell, prog_name="lazyscribe", complete_var="_LAZYSCRIBE_COMPLETE")
        told = {"shell": shell, "file": str(path)}
        console.answer(lambda: told, lambda: f"{plain(path)} completes lazyscribe from the next shell on")
        return
    console.answer(lambda: {"shell": shell, "script": script}, lambda: str(script))


def _of_bash(script: str) -> File | None:
    """Return where the script stands, if bash reads it already: each time typer would add a line to ``.bashrc``."""
    path, settings = File.home() / ".bash_completions" / "lazyscribe.sh", File.home() / ".bashrc"
    if not (path.is_file() and settings.is_file()) or path.read_text().strip() != script.strip():
        return None
    return path if f"source '{path}'" in settings.read_text() else None


def doctor(console: Console, *, place: PlaceArgument) -> None:
    """Tell what is installed, which extras there are, and what the store at a place promises.

    Example: lazyscribe doctor s3://bucket/models/repository.json
    """
    told: dict[str, Any] = {
        "lazyscribe": metadata.version("lazyscribe"),
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "extras": _extras(),
        "handlers": _handlers(),
        "environment": {key: os.environ[key] for key in sorted(os.environ) if key.startswith("LAZYSCRIBE_")},
        "places": _places(place),
    }
    console.answer(lambda: told, lambda: _tables(console, told))


def _tables(console: Console, told: dict[str, Any]) -> str:
    rows = [[key, told[key]] for key in ("lazyscribe", "python", "executable", "platform")]
    rows += [[f"{key}", value] for key, value in told["environment"].items()]
    extras = [
        [name, "yes" if not each["missing"] else "no", ", ".join(each["missing"])]
        for name, each in told["extras"].items()
    ]
    handlers = [[each["handler"], "yes" if each["there"] else "no", each["extra"]] for each in told["handlers"]]
    places = [[each["path"], each["kind"], each["store"], _writers(each), each.get("why")] for each in told["places"]]
    parts = [
        console.table(["what", "is"], rows),
        console.table(["extra", "installed", "missing"], extras),
        console.table(["handler", "usable", "extra"], handlers),
        console.table(["place", "kind", "store", "writers", "note"], places),
    ]
    return "\n\n".join(parts)


def _writers(place: dict[str, Any]) -> str:
    if not place["writable"]:
        return "none, it can only be read"
    return "many" if place["exclusive"] else "one at a time"


def _extras() -> dict[str, dict[str, Any]]:
    """Return what each extra of lazyscribe needs and which of it is not installed."""
    import re

    found: dict[str, dict[str, Any]] = {}
    for line in metadata.requires("lazyscribe") or ():
        match = re.match(r"([\w.-]+).*extra == ['\"]([\w-]+)['\"]", line)
        if match is None or match[1] == "lazyscribe":
            continue
        extra = found.setdefault(match[2], {"needs": {}, "missing": []})
        try:
            extra["needs"][match[1]] = metadata.version(match[1])
        except metadata.PackageNotFoundError:
            extra["needs"][match[1]] = None
            extra["missing"].append(match[1])
    return dict(sorted(found.items()))


def _handlers() -> list[dict[str, Any]]:
    """Return every handler that is known by an entry point, and whether its library is there."""
    from importlib.util import find_spec

    found = []
    for point in sorted(metadata.entry_points(group="lazyscribe.artifact_type"), key=lambda each: each.name):
        try:
            kind = point.load()
            there = all(find_spec(name.partition(".")[0]) is not None for name in getattr(kind, "requires", ()))
        except Exception:
            kind, there = None, False
        found.append({"handler": point.name, "there": there, "extra": getattr(kind, "extra", None) or None})
    return found


def _places(place: PlaceArgument) -> list[dict[str, Any]]:
    """Return what the store promises at each file of records that there is, or would be, and why none is seen."""
    try:
        found = documents(place)
    except (DocumentMissingError, UnreadableError) as error:
        folder = place.path if place.path.endswith(("/", ".json")) else f"{place.path}/"
        return [{"path": place.path, "kind": None, "why": str(error), **promises(folder, options_of(place.option))}]
    return [{"path": each.path, "kind": each.kind, **promises(each.path, each.options)} for each in found]
