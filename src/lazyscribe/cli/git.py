"""``git-merge-driver`` and ``git-install``."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from lazyscribe.cli.codes import DONE, REFUSED
from lazyscribe.cli.console import Console, Refused, plain
from lazyscribe.cli.options import DryRun
from lazyscribe.exception import CorruptManifestError
from lazyscribe.three_way import merge_files, merge_releases

Base = Annotated[Path, typer.Argument(metavar="BASE", help="The common ancestor (%O); an empty file if there is none.")]
Ours = Annotated[Path, typer.Argument(metavar="OURS", help="The current side (%A); the result is written here.")]
Theirs = Annotated[Path, typer.Argument(metavar="THEIRS", help="The other side (%B).")]
Name = Annotated[str | None, typer.Argument(metavar="[PATH]", help="The path of the file in the work tree (%P).")]
Patterns = Annotated[
    list[str] | None, typer.Argument(metavar="[FILE …]", help="Default: project.json, repository.json, releases.json.")
]

DEFAULTS = ("project.json", "repository.json", "releases.json")
NOTE = ".conflicts.txt"
"""What follows the name of a file of records in that of the note on its conflicts."""
EXCLUDED = (f"*.json{NOTE}", ".lazyscribe/*.lock")


def git_merge_driver(console: Console, base: Base, ours: Ours, theirs: Theirs, path: Name = None) -> int:
    """Merge a project's, a repository's or a releases file for git, field by field.

    git calls it, once git-install has told it to. Where both sides changed one thing to two values, ours stays, the
    two are told in words and in a note beside the file, and it ends with 1, so that git asks for the decision.

    Example: lazyscribe git-merge-driver %O %A %B %P
    """
    place = path or ours.name
    contents = base.read_bytes(), ours.read_bytes(), theirs.read_bytes()
    note = Path(f"{place}{NOTE}") if path else None
    try:
        data, conflicts, moved = _merged(contents, place)
    except CorruptManifestError as error:
        raise Refused(f"{error} git has left our side of it as it was.", 4, "corrupt-manifest") from error
    ours.write_bytes(data)
    lines = [f"{place}: {each}" for each in moved]
    if moved:
        lines.append(f"{place}: look whether releases or code name these versions by their old numbers.")
    lines += [f"{place}: CONFLICT in {_in_words(each)}" for each in conflicts]
    for line in lines:
        console.tell(line)
    if note is not None:
        note.unlink(missing_ok=True)
    if conflicts and note is not None:
        note.write_text("\n".join([*map(plain, lines), "", *_advice(place, note)]) + "\n", "utf-8")
        console.tell(f"{place}: our values stand there now; see {note}, put in what is right, then: git add {place}")
    if console.json:
        told = {"moved": [each._asdict() for each in moved], "conflicts": [_in_words(each) for each in conflicts]}
        console.write_json({"path": place, **told})
    return REFUSED if conflicts else DONE


def _merged(contents: tuple[bytes, bytes, bytes], place: str) -> tuple[bytes, list[Any], list[Any]]:
    if _are_releases(contents):
        data, conflicts = merge_releases(*contents, place)
        return data, conflicts, []
    found = merge_files(*contents, place)
    return found.data, found.conflicts, found.moved


def _are_releases(contents: tuple[bytes, bytes, bytes]) -> bool:
    import json

    for data in contents[1:]:
        try:
            records = json.loads(data)
        except (ValueError, RecursionError):
            return False
        if isinstance(records, list) and records:
            return isinstance(records[0], dict) and "tag" in records[0] and "slug" not in records[0]
    return False


def _in_words(conflict: Any) -> str:
    where = " / ".join((conflict.name, *conflict.path))
    if not conflict.path:
        ours, theirs = (_whole(each) for each in (conflict.mine, conflict.theirs))
    else:
        ours, theirs = (f"have {each!r:.200}" for each in (conflict.mine, conflict.theirs))
    return (
        f"{where}: we {ours}, they {theirs}, before it was {conflict.base!r:.200}"
        if conflict.path
        else f"{where}: we {ours}, they {theirs}"
    )


def _whole(value: Any) -> str:
    return "changed it" if isinstance(value, dict) else "deleted it"


def _advice(place: str, note: Path) -> list[str]:
    return [
        f"{place} holds our values of these; everything else of both sides is merged in it.",
        f"Put in what is right, run: lazyscribe verify {shlex.quote(place)}",
        f"then: git add {shlex.quote(place)} && rm {shlex.quote(str(note))} && git commit",
    ]


def git_install(console: Console, files: Patterns = None, dry_run: DryRun = False) -> None:
    """Let git merge files of records by lazyscribe in this clone.

    The names go into .gitattributes, to be committed; the rest is of this clone alone. Running it again does no harm.

    Example: lazyscribe git-install project.json models/repository.json
    """
    root = Path(_git("rev-parse", "--show-toplevel"))
    places = {".gitattributes": root / ".gitattributes", "info/exclude": _exclude()}
    steps = _steps(files or DEFAULTS, places)
    if not dry_run:
        for step in steps:
            _do(step, places)
    if console.json:
        console.write_json({"root": str(root), "done": not dry_run, "steps": steps})
        return
    for step in steps:
        console.write(f"{'would ' * dry_run}{step['what']} {step['where']}: {plain(step['line'])}")
    if not steps:
        console.write("all of it was there already")
    elif any(step["where"] == ".gitattributes" for step in steps) and not dry_run:
        console.write("commit .gitattributes, and run this in every clone")


def _exclude() -> Path:
    return Path(_git("rev-parse", "--git-path", "info/exclude"))


def _steps(patterns: Sequence[str], places: dict[str, Path]) -> list[dict[str, Any]]:
    """Return what is to be done, without what is done already."""
    python = shlex.quote(Path(sys.executable).as_posix())  # -P: modules in the work tree are not taken for ours
    driver = f"{python} -P -m lazyscribe git-merge-driver %O %A %B %P"
    settings = {"merge.lazyscribe.name": "lazyscribe: records field by field", "merge.lazyscribe.driver": driver}
    steps: list[dict[str, Any]] = [
        {"what": "git config", "where": key, "line": value} for key, value in settings.items() if _setting(key) != value
    ]
    lines = [(".gitattributes", f"{_pattern(each)} merge=lazyscribe") for each in patterns]
    lines += [("info/exclude", each) for each in EXCLUDED]
    steps += [
        {"what": "add", "where": where, "line": line} for where, line in lines if line not in _lines(places[where])
    ]
    return steps


def _do(step: dict[str, Any], files: dict[str, Path]) -> None:
    if step["what"] == "git config":
        _git("config", "--local", step["where"], step["line"])
        return
    file = files[step["where"]]
    file.parent.mkdir(parents=True, exist_ok=True)
    before = file.read_text("utf-8") if file.exists() else ""
    if before and not before.endswith("\n"):
        before += "\n"
    file.write_text(f"{before}{step['line']}\n", "utf-8")


def _pattern(name: str) -> str:
    """Return a name as .gitattributes has it; quoted where it holds what separates there."""
    return (
        name
        if name.isascii() and not set(name) & set(" \t\"'\\")
        else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    )


def _lines(file: Path) -> list[str]:
    return file.read_text("utf-8").splitlines() if file.exists() else []


def _setting(key: str) -> str | None:
    done = subprocess.run(["git", "config", "--local", "--get", key], capture_output=True, text=True, check=False)
    return done.stdout.rstrip("\n") if done.returncode == 0 else None


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise Refused("git is not installed; install it, or put it on the path.", kind="not-found") from error
    if done.returncode:
        reason = done.stderr.strip().partition("\n")[0]
        raise Refused(f"git {arguments[0]} failed ({reason}); run this inside of a clone.")
    return done.stdout.strip()
