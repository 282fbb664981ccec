"""Tables as CSV."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define

from lazyscribe.artifacts.base import Artifact
from lazyscribe.artifacts.libraries import library
from lazyscribe.artifacts.tables import EXTRA, from_arrow, to_arrow

__all__ = ["CSVArtifact"]


@define
class CSVArtifact(Artifact):
    """A table as text. Types are guessed again when it is read; Parquet keeps them.

    Keywords go to ``pyarrow.csv.CSVWriter`` and ``pyarrow.csv.read_csv``. Reads what lazyscribe-arrow wrote.
    """

    alias: ClassVar[str] = "csv"
    suffix: ClassVar[str] = "csv"
    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = False
    runs_code: ClassVar[bool] = False
    differ: ClassVar[str] = "lazyscribe.artifacts.diffs.tables:differences"
    requires: ClassVar[tuple[str, ...]] = ("pyarrow",)
    extra: ClassVar[str] = EXTRA

    @classmethod
    def read(cls, buf: Any, as_: str = "pyarrow", **kwargs: Any) -> Any:
        """Return the table as ``"pyarrow"``, ``"pandas"`` or ``"polars"`` have it."""
        return from_arrow(library("pyarrow.csv", EXTRA).read_csv(buf, **kwargs), as_)

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        """Write the names of the columns, then the rows."""
        csv = library("pyarrow.csv", EXTRA)
        schema, tables = to_arrow(obj)
        schema = _without_views(schema)
        with csv.CSVWriter(buf, schema, **kwargs) as writer:
            for table in tables:
                writer.write_table(table.cast(schema))


def _without_views(schema: Any) -> Any:
    """Return `schema` with texts and bytes in the layouts that the writer of CSV knows."""
    pyarrow = library("pyarrow", EXTRA)
    known = {pyarrow.string_view(): pyarrow.large_string(), pyarrow.binary_view(): pyarrow.large_binary()}
    return pyarrow.schema([each.with_type(known.get(each.type, each.type)) for each in schema])
