"""A condition cut into words. Pure."""

from __future__ import annotations

import re
from typing import Any, Literal, NamedTuple, NoReturn, TypeAlias

from lazyscribe.exception import QueryError

Kind: TypeAlias = Literal["name", "number", "text", "sign", "end"]


class Word(NamedTuple):
    """One word of a condition.

    Attributes
    ----------
    text
        As it was written.
    value
        Of a number or a text in quotes.
    at
        Where it begins, counted from 0.
    """

    kind: Kind
    text: str
    value: Any
    at: int

    def says(self, *keywords: str) -> bool:
        """Whether it is one of these keywords, in whatever case."""
        return self.kind == "name" and self.text.lower() in keywords

    def is_sign(self, *signs: str) -> bool:
        """Whether it is one of these signs."""
        return self.kind == "sign" and self.text in signs


_WORD = re.compile(
    r"""\s*(?:
        (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?!\w)|[+-]inf(?![\w-]))
      | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<name>[^\W\d](?:[\w-]*\w)?)
      | (?P<sign>==|!=|<=|>=|<>|&&|\|\||[<>=!()\[\],.*&|~-])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}

INSTEAD = {
    "=": "write '==' to compare",
    "<>": "write '!=' for what is different",
    "&&": "write 'and'",
    "&": "write 'and'",
    "||": "write 'or'",
    "|": "write 'or'",
    "!": "write 'not'",
    "~": "there are no patterns here; write '\"part\" in name' to look for a part of a text",
    "*": "there is no arithmetic and no wildcard here; compare fields with values",
}
"""What other languages write, and what is written here."""


def words(text: str) -> list[Word]:
    """Return the words of `text`, the last of them an ``end``.

    Raises
    ------
    QueryError
        Something in it is no word; a text that does not end.
    """
    found: list[Word] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _WORD.match(text, at)
        if match is None:
            _refuse(text, at)
        kind: Any = match.lastgroup
        start, at = match.span(kind)
        written = match[kind]
        if kind == "sign" and written in INSTEAD:
            wrong(text, start, INSTEAD[written])
        found.append(Word(kind, written, _value(kind, written), start))
    return [*found, Word("end", "", None, end)]


def _value(kind: str, written: str) -> Any:
    if kind == "text":
        return _ESCAPE.sub(
            lambda found: chr(int(found[1], 16)) if found[1] else _ESCAPED.get(found[2], found[2]), written[1:-1]
        )
    if kind == "number":
        return int(written) if len(written) < 1000 and written.lstrip("+-").isdecimal() else float(written)
    return None


def _refuse(text: str, at: int) -> NoReturn:
    at += len(text[at:]) - len(text[at:].lstrip())
    if text[at] in "\"'":
        wrong(text, at, "this text has no end; close its quotes")
    if text[at].isdigit():
        wrong(
            text,
            at,
            "this is no number; put a text in quotes, and write a name that begins with a digit in brackets, "
            'as in parameters["2nd"]',
        )
    wrong(text, at, "this means nothing here; put texts in quotes, and unusual names in brackets and quotes")


def wrong(text: str, at: int, what: str) -> NoReturn:
    """Raise the error that points at a place in a condition and says what to do."""
    here = f"before {text[at : at + 20]!r}" if at < len(text.rstrip()) else "at its end"
    message = f"The condition {_short(text)} is wrong at column {at + 1}, {here}: {what}."
    raise QueryError(message, text=text, position=at)


def _short(text: str) -> str:
    return repr(text if len(text) <= 120 else f"{text[:117]}...")
