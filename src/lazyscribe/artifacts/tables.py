"""What the handlers of tables share: any frame as Arrow, and Arrow as the frame that is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lazyscribe.artifacts.inference import is_a
from lazyscribe.artifacts.libraries import library
from lazyscribe.exception import ArtifactLogError, InvalidArgumentError

EXTRA = "arrow"
"""The extra that installs pyarrow."""

ROWS = 1 << 17
"""Batches of a stream are put together until there are this many rows, or the stream ends."""


def to_arrow(obj: Any) -> tuple[Any, Iterator[Any]]:
    """Return the schema of `obj` and its rows, as Arrow tables one after another.

    A frame of pandas or polars and an Arrow table are one table; any other object with Arrow's stream interface is
    read piece by piece, so it need not fit into memory.

    Raises
    ------
    ArtifactLogError
        It is no table, or has no columns.
    """
    pyarrow = library("pyarrow", EXTRA)
    whole = _as_table(obj, pyarrow)
    rows = whole if whole is not None else _as_stream(obj, pyarrow)
    if not len(rows.schema):
        raise ArtifactLogError("A table without columns cannot be kept; give it one.")
    return rows.schema, iter([whole]) if whole is not None else _tables(rows, pyarrow)


def _as_table(obj: Any, pyarrow: Any) -> Any:
    if isinstance(obj, pyarrow.Table):
        return obj
    if is_a(obj, "pandas", "DataFrame"):
        return pyarrow.Table.from_pandas(obj)  # keeps the index, which the interface would not
    if is_a(obj, "polars", "DataFrame"):
        return obj.to_arrow()
    return None


def _as_stream(obj: Any, pyarrow: Any) -> Any:
    try:
        return pyarrow.RecordBatchReader.from_stream(obj)
    except (pyarrow.ArrowException, TypeError) as error:
        message = (
            f"A {type(obj).__name__} is no table ({error}); give a frame of pandas or polars, or an object that has "
            "Arrow's stream interface."
        )
        raise ArtifactLogError(message) from error


def _tables(reader: Any, pyarrow: Any) -> Iterator[Any]:
    held, rows = [], 0
    for batch in reader:
        held.append(batch)
        rows += batch.num_rows
        if rows >= ROWS:
            yield pyarrow.Table.from_batches(held)
            held, rows = [], 0
    if held:
        yield pyarrow.Table.from_batches(held)


def from_arrow(table: Any, as_: str) -> Any:
    """Return an Arrow table as ``"pyarrow"``, ``"pandas"`` or ``"polars"`` have it.

    Raises
    ------
    ValueError
        `as_` is none of these.
    """
    if as_ == "pyarrow":
        return table
    if as_ == "pandas":
        library("pandas", "pandas")
        return table.to_pandas()
    if as_ == "polars":
        return library("polars", "polars").from_arrow(table)
    raise InvalidArgumentError(f"{as_!r} is no kind of table; ask for as_='pyarrow', 'pandas' or 'polars'.", as_=as_)
