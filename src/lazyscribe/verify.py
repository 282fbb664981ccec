"""The command ``python -m lazyscribe.verify PATH``.

It looks whether everything that a project or repository speaks of is there, and is what was saved; it writes nothing.
It ends with 0 if what was checked is sound (warnings and notes may be there), 4 if something is damaged, 2 after wrong
use (unknown options, a file that is neither a project's nor a repository's), 1 if there is nothing to be read at PATH.

With ``--json`` one JSON object is written: ``schema`` (1), ``ok`` (whether all reports are), and ``reports``, a list of
what :meth:`lazyscribe.verification.Report.to_dict` describes; for a folder the project's comes first.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from lazyscribe.exception import LazyscribeError, UnreadableError
from lazyscribe.place import Place, split_url

if TYPE_CHECKING:
    from lazyscribe.verification import Report

SOUND, NOT_FOUND, WRONG_USE, DAMAGED = 0, 1, 2, 4

Kind = Literal["project", "repository"]
NAMES: dict[str, Kind] = {"project.json": "project", "repository.json": "repository"}
"""What is looked for in a folder."""


class _Ended(Exception):  # noqa: N818 - the command ends, with a code and a sentence
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the code it ends with."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a name may hold what the terminal cannot show
            stream.reconfigure(errors="backslashreplace")
    try:
        found = list(_find(options.path))
        reports = [_check(path, kind, options.workers) for path, kind in found]
    except _Ended as end:
        sys.stderr.write(f"{end}\n")
        return end.code
    ok = all(report.ok for report in reports)
    if options.json:
        whole = {"schema": 1, "ok": ok, "reports": [report.to_dict() for report in reports]}
        sys.stdout.write(json.dumps(whole, indent=4) + "\n")
    else:
        sys.stdout.write("\n".join(map(str, reports)) + "\n")
    return SOUND if ok else DAMAGED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lazyscribe.verify",
        description="Check a project or repository: records, files, digests, leftovers. Changes nothing.",
        epilog="Ends with 0: sound; 4: damaged; 2: wrong use; 1: not found.",
    )
    parser.add_argument("path", metavar="PATH", help="path or URL of project.json, of repository.json, or of a folder")
    parser.add_argument("--json", action="store_true", help="write the reports as JSON")
    parser.add_argument("--workers", type=_positive, metavar="N", help="threads that read; default: one per core")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _find(path: str) -> Iterator[tuple[str, Kind]]:
    """Yield path and kind of every file to be checked."""
    if not path:
        raise _Ended(WRONG_USE, "PATH is empty; give the path of a file or a folder.")
    data, trouble = _read(path)
    if data is not None:
        yield path, _kind(path, data)
        return
    folder = path if path.endswith("/") else f"{path}/"
    inside = [(folder + name, kind) for name, kind in NAMES.items()]
    there = [(file, kind, _read(file)) for file, kind in inside]
    if all(content is None for _, _, (content, _) in there):
        reason = next((why for why in (*(why for _, _, (_, why) in there), trouble) if why), "")
        message = f"There is no project or repository to be read at {path}{f' ({reason})' if reason else ''}"
        raise _Ended(NOT_FOUND, f"{message}; give the path of its file, or of a folder that holds one.")
    for file, kind, (content, why) in there:
        if content is not None:
            yield file, kind
        elif why:
            raise _Ended(NOT_FOUND, f"{file} cannot be read ({why}).")


def _read(path: str) -> tuple[bytes | None, str]:
    """Return the bytes of a file, or ``None`` and, where there is something, why it cannot be read."""
    protocol, fpath = split_url(path)
    try:
        store = Place(protocol, fpath.parent).store
    except (ValueError, ImportError) as error:  # a protocol that is not known, or not installed
        raise _Ended(WRONG_USE, f"{path} cannot be opened ({error}).") from error
    if not fpath.name:
        return None, ""
    try:
        found = store.read(fpath.name)
    except UnreadableError as error:
        return None, str(error)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, LazyscribeError):
        return None, ""
    except Exception as error:  # whatever a file system may raise
        return None, str(error) or type(error).__name__
    return (found[0], "") if found is not None else (None, "")


def _kind(path: str, data: bytes) -> Kind:
    """Tell by its records whose file it is, and where they do not say by its name."""
    records = _records(data)
    keys = {key for record in records or () if isinstance(record, dict) for key in record}
    if keys & {"slug", "fname"}:
        return "repository" if "fname" in keys else "project"
    last = path.rpartition("/")[2].lower()
    named = next((kind for kind in NAMES.values() if kind in last), None)
    if named is not None or records == []:
        return named or "repository"
    if records is None and b'"created_at"' in data:  # the beginning of what once was one
        return "project" if b'"artifacts"' in data else "repository"
    raise _Ended(WRONG_USE, f"{path} is neither a project's nor a repository's file; give the path of one.")


def _records(data: bytes) -> Any:
    """Return what the file holds, a list; ``None`` if it is not JSON."""
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, list) else [content]


def _check(path: str, kind: Kind, workers: int | None) -> Report:
    # With mode="w" nothing is loaded, so nothing that is damaged keeps us from looking; nothing is saved either.
    from lazyscribe import Project, Repository

    opened = Project(path, "w") if kind == "project" else Repository(path, "w")
    return opened.verify(workers)


if __name__ == "__main__":
    sys.exit(main())
