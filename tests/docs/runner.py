"""Runs the Python blocks of a Markdown page and checks the values it shows."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FENCE = re.compile(r"^```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
_SHOWN = re.compile(r"#\s*->\s*(?P<value>.+?)\s*$")


@dataclass(frozen=True)
class Block:
    """One fenced block: its code, and the line of the page on which the code begins."""

    code: str
    line: int


def blocks(page: str) -> list[Block]:
    """Return the ```python blocks of a Markdown text, in order."""
    return [Block(match["code"], page.count("\n", 0, match.start("code")) + 1) for match in _FENCE.finditer(page)]


def run(page: str, name: str, namespace: dict[str, Any]) -> int:
    """Run every block of `page` in one namespace; return how many shown values were checked.

    A line that is an expression and ends with ``# -> value`` must have a value whose ``repr`` is the one shown.
    """
    checked = 0
    for block in blocks(page):
        lines = block.code.splitlines()
        for statement in ast.parse(block.code).body:
            _place(statement, block.line)
            shown = _SHOWN.search(lines[statement.end_lineno - block.line]) if statement.end_lineno else None
            if shown and isinstance(statement, ast.Expr):
                found = eval(compile(ast.Expression(statement.value), name, "eval"), namespace)
                where = f"{name}, line {statement.lineno}"
                assert repr(found) == shown["value"], f"{where}: shown is {shown['value']}, found was {found!r}"
                checked += 1
            else:
                assert not shown, f"{name}, line {statement.lineno}: only a lone expression can show a value"
                exec(compile(ast.Module([statement], []), name, "exec"), namespace)
    return checked


def _place(statement: ast.stmt, first_line: int) -> None:
    """Give the statement the line numbers of the page, so that a traceback points there."""
    ast.increment_lineno(statement, first_line - 1)


def pages(folder: Path) -> Iterator[Path]:
    """Yield the Markdown pages of the project."""
    yield from sorted(folder.glob("*.md"))
    yield from sorted((folder / "docs").rglob("*.md"))
