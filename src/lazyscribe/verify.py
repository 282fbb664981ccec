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
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lazyscribe.exception import InvalidArgumentError, LazyscribeError
from lazyscribe.locating import Kind, find

if TYPE_CHECKING:
    from lazyscribe.verification import Report

SOUND, NOT_FOUND, WRONG_USE, DAMAGED = 0, 1, 2, 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the code it ends with."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a name may hold what the terminal cannot show
            stream.reconfigure(errors="backslashreplace")
    try:
        reports = [_check(path, kind, options.workers) for path, kind in find(options.path)]
    except LazyscribeError as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_USE if isinstance(error, InvalidArgumentError) else NOT_FOUND
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


def _check(path: str, kind: Kind, workers: int | None) -> Report:
    # With mode="w" nothing is loaded, so nothing that is damaged keeps us from looking; nothing is saved either.
    from lazyscribe import Project, Repository

    opened = Project(path, "w") if kind == "project" else Repository(path, "w")
    return opened.verify(workers)


if __name__ == "__main__":
    sys.exit(main())
