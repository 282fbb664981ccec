"""Where commands write: tables, texts and JSON, questions and errors.

On a terminal tables are folded to its width and coloured, and what does not fit is paged. Elsewhere a table is a line
of headers and a line for each row, fields separated by tabs, nothing cut off, and the same from run to run. What is not
printable comes out as escapes, on both.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Literal

from lazyscribe.cli.codes import DONE, INTERRUPTED, REFUSED, TERMINATED, WRONG_USE, Terminated, code_of, kind_of

SCHEMA = 1
"""Version of the JSON that commands write. A change that a reader of version 1 would stumble over raises it."""

DELAY = 0.5
"""Seconds that work may take without a bar."""

STYLES = {"good": "green", "bad": "red", "dim": "dim", "key": "cyan", "bold": "bold"}


def plain(text: Any) -> str:
    """Return a text that harms no terminal: what is not printable, line ends among it, as escapes."""
    found = str(text)
    if found.isprintable():
        return found
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in found)


def plain_lines(text: str) -> str:
    """Return a text of many lines, each of which harms no terminal."""
    return "\n".join(map(plain, text.split("\n")))


def unread() -> int:
    """Take note that whoever read the output has seen enough; return the code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return DONE


class Refused(Exception):  # noqa: N818 - the command ends, with a code and a sentence
    """A command cannot do what it was asked for."""

    def __init__(self, message: str, code: int = REFUSED, kind: str = "refused") -> None:
        super().__init__(message)
        self.code = code
        self.kind = kind


class Console:
    """What one command writes to.

    Attributes
    ----------
    json
        One JSON object is written, and nothing else.
    """

    def __init__(self, command: str | None, json: bool = False, utc: bool = False, debug: bool = False) -> None:
        self.command = command
        self.json = json
        self.utc = utc
        self.debug = debug
        self.terminal = sys.stdout.isatty() and not json
        self._colours = self.terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self._drawn = 0
        self.now = datetime.now(UTC).replace(tzinfo=None)

    # How a command ends

    def run(self, action: Callable[[], int | None]) -> int:
        """Do what a command does; return the code it ends with, after an error that was written as one line."""
        from lazyscribe._dates import showing

        try:
            with showing(lambda date: str(self.date(date))):
                code = action()
            sys.stdout.flush()
            return code or DONE
        except BrokenPipeError:
            return unread()
        except KeyboardInterrupt as end:
            return self.interrupted(end)
        except Refused as end:
            return self.fail(end.code, end.kind, str(end))
        except Exception as error:
            if self.debug:
                import traceback

                traceback.print_exc()
            return self.failed(error)

    def interrupted(self, end: BaseException | None = None) -> int:
        """Write that a person, or a signal, ended this; return the code."""
        message = "what was not reported as done was not done."
        if isinstance(end, Terminated):
            return self.fail(TERMINATED, "terminated", f"Terminated; {message}")
        return self.fail(INTERRUPTED, "interrupted", f"Interrupted; {message}")

    def failed(self, error: Exception) -> int:
        """Write what went wrong; return the code."""
        from lazyscribe.exception import LazyscribeError, UntrustedError

        if isinstance(error, OSError) and error.filename is not None and not isinstance(error, LazyscribeError):
            message = (
                f"{error.filename} cannot be used ({error.strerror}); see whether it is there, and who may use it."
            )
            return self.fail(REFUSED, kind_of(error), message)
        if isinstance(error, UntrustedError):
            what = (
                f"{vars(error)['name']!r} is not read, since files of the handler {vars(error)['alias']!r} can run code"
            )
            return self.fail(code_of(error), kind_of(error), f"{what}; if you trust who wrote it, add --trust.")
        if isinstance(error, (LazyscribeError, OSError)):
            return self.fail(code_of(error), kind_of(error), str(error) or type(error).__name__)
        message = f"{type(error).__name__}: {error}; run it again with --debug to see where, and please report it."
        return self.fail(REFUSED, "unexpected", message)

    def fail(self, code: int, kind: str, message: str) -> int:
        """Write an error, as JSON too where that was asked for; return `code`."""
        if self.json:
            with suppress(OSError):  # it may be the output that cannot be written to
                self.write_json({"error": {"code": code, "kind": kind, "message": message}})
                sys.stdout.flush()
        self.tell(message)
        return code

    # Writing

    def write(self, text: str = "") -> None:
        """Write one line; `text` must be harmless."""
        sys.stdout.write(f"{text}\n")

    def tell(self, text: str) -> None:
        """Write one line for whoever watches, not for whoever reads the output."""
        if self._drawn:
            self._draw("")
        sys.stderr.write(f"{plain(text)}\n")

    def answer(self, content: Callable[[], dict[str, Any]], text: Callable[[], str]) -> None:
        """Write what a command answers, as JSON or as text."""
        if self.json:
            self.write_json(content())
        else:
            self.page(text())

    def write_json(self, content: dict[str, Any]) -> None:
        """Write the one JSON object that a command answers with; NaN and infinities as null."""
        import json

        from lazyscribe.codec.text import with_dates_as_text

        whole = {"schema": SCHEMA, "command": self.command, **with_dates_as_text(_finite(content))}
        sys.stdout.write(json.dumps(whole, indent=4, default=str) + "\n")

    def style(self, text: str, name: str) -> str:
        """Return `text` in a colour of `STYLES`, where colours are shown."""
        codes = {"green": "32", "red": "31", "dim": "2", "cyan": "36", "bold": "1"}
        return f"\x1b[{codes[STYLES[name]]}m{text}\x1b[0m" if self._colours else text

    def table(
        self,
        headers: Sequence[str],
        rows: Sequence[Sequence[Any]],
        styles: Sequence[str | None] = (),
        empty: str | None = None,
    ) -> str:
        """Return a table; each of `rows` may have one of `STYLES`. On a terminal without rows it is said in words."""
        if not rows and empty is not None and self.terminal:
            return empty
        if not self.terminal:
            lines = [
                "\t".join(headers),
                *("\t".join("" if each is None else plain(each) for each in row) for row in rows),
            ]
            return "\n".join(lines)
        from lazyscribe.cli.tables import folded

        return folded(headers, rows, styles, self.width, self._colours)

    @property
    def width(self) -> int:
        """Columns of the terminal."""
        return shutil.get_terminal_size().columns

    def page(self, text: str) -> None:
        """Write a text of many lines; on a terminal that is too small for it by a pager."""
        if self.terminal and sys.stdin.isatty() and text.count("\n") + 2 > shutil.get_terminal_size().lines:
            from lazyscribe.cli.pager import page

            if page(text):
                return
        self.write(text)

    def bar(self, what: str) -> Callable[[int, int], object] | Literal[False]:
        """Return what draws how far long work has come, where somebody watches."""
        if self.json or not sys.stderr.isatty():
            return False
        begun = time.monotonic()

        def show(done: int, total: int) -> None:
            if time.monotonic() - begun > DELAY:
                self._draw(drawn(plain(what), done, total, self.width - 1))
                if done >= total:
                    self._draw("")

        return show

    def _draw(self, line: str) -> None:
        """Put a line in place of the one that was drawn last."""
        sys.stderr.write(f"\r{line}{' ' * (self._drawn - len(line))}" + ("" if line else "\r"))
        sys.stderr.flush()
        self._drawn = len(line)

    # Dates and sizes

    def date(self, value: str | datetime | None) -> str | None:
        """Return a date of a record in local time with its zone, in UTC if asked for; in JSON as files hold it."""
        from lazyscribe._dates import parse_date, to_text

        if value is None:
            return None
        if self.json:
            return to_text(parse_date(value))
        date = parse_date(value).replace(tzinfo=UTC)
        try:
            shown = date if self.utc else date.astimezone()
        except (OverflowError, ValueError, OSError):  # no zone knows that year
            shown = date
        return shown.isoformat(" ", "seconds")

    def age(self, value: str | datetime) -> str:
        """Return how long ago a date was: ``3 d``."""
        date = datetime.fromisoformat(value) if isinstance(value, str) else value
        seconds = (self.now - date).total_seconds()
        for unit, length in (("y", 31557600), ("mo", 2629800), ("d", 86400), ("h", 3600), ("min", 60)):
            if seconds >= length:
                return f"{int(seconds // length)} {unit}"
        return "now" if seconds >= -60 else "to come"

    # Questions

    def confirm(self, question: str, yes: bool) -> None:
        """Go on if `yes` was given or a person says so; otherwise end, with nothing done."""
        if yes:
            return
        if not sys.stdin.isatty():
            raise Refused(
                f"{question} Nobody is there to ask: run it again with --yes, or with --dry-run to look.",
                WRONG_USE,
                "confirmation-needed",
            )
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise Refused("Nothing was changed.", REFUSED, "not-confirmed")


def drawn(what: str, done: int, total: int, width: int) -> str:
    """Return a bar in one line of at most `width` columns."""
    share = min(done / total, 1.0) if total else 1.0
    told = f" {int(100 * share):3d} % of {size(total)}"
    room = width - len(told)
    what = what if len(what) <= room - 16 else f"{what[: max(room - 17, 0)]}…"
    cells = max(min(room - len(what) - 3, 40), 1)
    full = int(cells * share)
    return f"{what} [{'#' * full}{'.' * (cells - full)}]{told}"[:width]


def size(number: int | None) -> str | None:
    """Return a number of bytes as people read it."""
    if number is None:
        return None
    value = float(number)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def or_none(version: int | None) -> str:
    """Return a number in words."""
    return "none" if version is None else str(version)


def _finite(value: Any) -> Any:
    """Return a copy of plain data in which NaN and infinities, which JSON does not have, are null."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return value
