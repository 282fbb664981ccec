"""``put`` and ``get``."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from lazyscribe.cli.codes import WRONG_USE
from lazyscribe.cli.console import Console, Refused, plain, size
from lazyscribe.cli.opening import Found, choose, document, is_url, local_path, options_of
from lazyscribe.cli.options import Artifact, DryRun, Place, Storage, Times

File = Annotated[Path, typer.Argument(metavar="FILE", help="A file, or a folder.")]
Name = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="The artifact's name; default: the file's, without its ending."),
]
Handler = Annotated[
    str | None,
    typer.Option(
        "--handler",
        metavar="HANDLER",
        help="'text' for text, by itself if it is UTF-8; 'file' or 'folder' for anything else.",
    ),
]
To = Annotated[
    str | None,
    typer.Option("--to", metavar="PATH", help="Where the file goes; - for the output. Default: its own name here."),
]
Into = Annotated[str, typer.Option("--in", "-i", metavar="PATH", help="Path or URL of repository.json, or its folder.")]

TEXTS = ("text", "markdown", "html")
TEXT = 16 << 20
"""Files up to this many bytes are looked at, whether they are text."""


def put(
    console: Console,
    file: File,
    name: Name = None,
    handler: Handler = None,
    dry_run: DryRun = False,
    path: Into = "repository.json",
    option: Storage = None,
) -> None:
    """Make a file or folder the newest version of an artifact.

    The repository is made if there is none. The bytes are kept as they are.

    Example: lazyscribe put report.html --name report
    """
    if not file.exists():
        raise Refused(f"There is no file or folder {file}; give the path of one.", kind="not-found")
    if not (file.is_file() or file.is_dir()):
        raise Refused(f"{file} is neither a file nor a folder; give the path of one.", WRONG_USE, "wrong-use")
    chosen = handler or _handler(file)
    if chosen not in ("file", "folder", *TEXTS):
        message = f"The handler {chosen!r} does not take files as they are; use text, markdown, html, file or folder."
        raise Refused(message, WRONG_USE, "wrong-use")
    called = name or (file.resolve().stem if file.is_file() else file.resolve().name)
    found = _target(path, option)
    own = local_path(found, called)
    if own is not None and file.resolve() == Path(own).resolve():
        message = f"The versions of {called!r} would lie in {own}, which is what is put; give another name by --name."
        raise Refused(message, WRONG_USE, "wrong-use")
    repository = found.repository("a")
    value = file if chosen in ("file", "folder") else _text(file)
    repository.log_artifact(called, value, chosen)
    if not dry_run:
        repository.save()
    artifact = repository.artifacts[-1]
    record = {"name": artifact.name, "version": artifact.version, "fname": artifact.fname, "handler": chosen}
    verb = "would become" if dry_run else "is"
    text = f"{plain(file)} {verb} version {artifact.version} of {plain(artifact.name)} ({chosen})"
    console.answer(lambda: {"path": found.path, "done": not dry_run, **record}, lambda: text)


def _handler(file: Path) -> str:
    if file.is_dir():
        return "folder"
    named = {".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html"}
    return named.get(file.suffix.lower(), "text") if _is_text(file) else "file"


def _target(path: str, option: list[str] | None) -> Found:
    """Return the repository to write to, which need not be there."""
    options = options_of(option)
    if not path.endswith(".json"):
        path = f"{path.rstrip('/')}/repository.json"
    return Found(path, "repository", options)


def _is_text(file: Path) -> bool:
    if file.stat().st_size > TEXT:
        return False
    try:
        return "\0" not in file.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return False


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"{file} is no text in UTF-8; put it with --handler file.", kind="not-text") from error


def get(
    console: Console,
    name: Artifact,
    to: To = None,
    *,
    times: Times,
    place: Place,
) -> None:
    """Write the file of a version to a path or to the output, its digest checked.

    Nothing in it is run, and what is there is never replaced. VERSION is a number, a date or an alias;
    --release TAG takes the version that a release holds.

    Example: lazyscribe get model@production --to model.onnx
    """
    if to is not None and is_url(to):
        message = f"{to} is a URL, and --to takes a path on this machine; write the file there, then take it on."
        raise Refused(message, WRONG_USE, "wrong-use")
    found = document(place, "repository", name)
    chosen = choose(found, name, times, console.utc)
    record = chosen.record()
    if to == "-" and console.json:
        raise Refused("--to - and --json both write to the output; leave one of them out.", WRONG_USE, "wrong-use")
    with chosen.repository.open_artifact(*chosen.choice) as source:
        if to == "-":
            shutil.copyfileobj(source, sys.stdout.buffer, 1 << 20)
            sys.stdout.buffer.flush()
            return
        target = _free(Path(to or record["fname"].rpartition("/")[2]), record)
        written = _write(source, target)
    text = f"version {record['version']} of {plain(record['name'])} is {plain(target)} ({size(written)})"
    console.answer(lambda: {"path": found.path, "record": record, "file": str(target), "size": written}, lambda: text)


def _free(target: Path, record: dict[str, Any]) -> Path:
    if target.is_dir():
        target = target / record["fname"].rpartition("/")[2]
    if target.exists() or target.is_symlink():
        raise Refused(f"{target} is there already; give another path by --to.", kind="exists")
    return target


def _write(source: Any, target: Path) -> int:
    """Copy to a new file, which appears whole or not at all; return its size."""
    aside = target.with_name(f".{target.name[:100]}.{os.getpid()}.part")
    try:
        with aside.open("xb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
        try:
            os.link(aside, target)  # unlike a rename, it never replaces
        except FileExistsError:
            raise
        except OSError:  # no links on this file system
            aside.rename(_free(target, {}))
        return target.stat().st_size
    except FileExistsError as error:
        raise Refused(f"{target} is there already; give another path by --to.", kind="exists") from error
    finally:
        aside.unlink(missing_ok=True)
