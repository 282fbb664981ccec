"""Tables on a terminal: as wide as it is, cells folded. Imported only there, for rich takes its time."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lazyscribe.cli.console import STYLES, plain


def folded(
    headers: Sequence[str], rows: Sequence[Sequence[Any]], styles: Sequence[str | None], width: int, colours: bool
) -> str:
    """Return the table; nothing in it is taken for markup."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for number, header in enumerate(headers):
        cells = [row[number] for row in rows if row[number] is not None]
        right = bool(cells) and all(isinstance(each, (int, float)) for each in cells)
        table.add_column(Text(header), overflow="fold", justify="right" if right else "left")
    for number, row in enumerate(rows):
        style = styles[number] if number < len(styles) else None
        cells = [Text("" if each is None else plain(each)) for each in row]
        table.add_row(*cells, style=STYLES[style] if style else None)
    file = io.StringIO()
    system: Any = "standard" if colours else None
    console = Console(file=file, width=width, force_terminal=colours, color_system=system, highlight=False, emoji=False)
    console.print(table)
    return "\n".join(line.rstrip() for line in file.getvalue().rstrip("\n").split("\n"))
