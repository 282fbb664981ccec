"""Tables on a terminal: as wide as it is, cells folded. Imported only there, for rich takes its time."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from lazyscribe.cli.console import STYLES, plain

NARROW = 9
"""Columns of the terminal that a column of a table must have, unless it needs less; else each row becomes a block."""
GAP = 2


def folded(
    headers: Sequence[str], rows: Sequence[Sequence[Any]], styles: Sequence[str | None], width: int, colours: bool
) -> str:
    """Return the table, or where it is too narrow for one a block for each row; nothing in it is taken for markup."""
    cells = [["" if each is None else plain(each) for each in row] for row in rows]
    needed = [max(map(cell_len, column)) for column in zip(headers, *cells, strict=True)]
    shown: Any
    if sum(min(each, NARROW) + GAP for each in needed) - GAP > width:
        blocks = (_block(headers, row, _style(styles, number)) for number, row in enumerate(cells))
        shown = Group(*(part for block in blocks for part in (block, Text(""))))
    else:
        shown = _table(headers, rows, cells, styles)
    file = io.StringIO()
    system: Any = "standard" if colours else None
    console = Console(file=file, width=width, force_terminal=colours, color_system=system, highlight=False, emoji=False)
    console.print(shown)
    return "\n".join(line.rstrip() for line in file.getvalue().rstrip("\n").split("\n"))


def _style(styles: Sequence[str | None], number: int) -> str | None:
    style = styles[number] if number < len(styles) else None
    return STYLES[style] if style else None


def _table(
    headers: Sequence[str], rows: Sequence[Sequence[Any]], cells: list[list[str]], styles: Sequence[str | None]
) -> Table:  # fmt: skip
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold", padding=(0, GAP - 1, 0, 0))
    for number, header in enumerate(headers):
        values = [row[number] for row in rows if row[number] is not None]
        right = bool(values) and all(isinstance(each, (int, float)) for each in values)
        table.add_column(Text(header), overflow="fold", justify="right" if right else "left")
    for number, row in enumerate(cells):
        table.add_row(*map(Text, row), style=_style(styles, number))
    return table


def _block(headers: Sequence[str], row: Sequence[str], style: str | None) -> Table:
    """Return a row as lines of a header and a cell each."""
    block = Table.grid(padding=(0, GAP, 0, 0))
    block.add_column(style="bold", overflow="fold")
    block.add_column(overflow="fold")
    for header, cell in zip(headers, row, strict=True):
        if cell:
            block.add_row(Text(header), Text(cell, style or ""))
    return block
