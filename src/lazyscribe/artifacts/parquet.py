"""Tables as Parquet."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define

from lazyscribe.artifacts.base import Artifact
from lazyscribe.artifacts.libraries import library
from lazyscribe.artifacts.tables import EXTRA, from_arrow, to_arrow

__all__ = ["ParquetArtifact"]


@define
class ParquetArtifact(Artifact):
    """A table with its types, and the index of a pandas frame.

    Keywords go to ``pyarrow.parquet.ParquetWriter`` (and ``row_group_size`` to its ``write_table``) and
    ``pyarrow.parquet.read_table``. Reads what lazyscribe-arrow wrote, and writes what it reads.
    """

    alias: ClassVar[str] = "parquet"
    suffix: ClassVar[str] = "parquet"
    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = False
    runs_code: ClassVar[bool] = False
    differ: ClassVar[str] = "lazyscribe.artifacts.diffs.tables:differences"
    requires: ClassVar[tuple[str, ...]] = ("pyarrow",)
    extra: ClassVar[str] = EXTRA

    @classmethod
    def read(cls, buf: Any, as_: str = "pyarrow", **kwargs: Any) -> Any:
        """Return the table as ``"pyarrow"``, ``"pandas"`` or ``"polars"`` have it; ``columns=[...]``: only those."""
        return from_arrow(library("pyarrow.parquet", EXTRA).read_table(buf, **kwargs), as_)

    @classmethod
    def write(cls, obj: Any, buf: Any, row_group_size: int | None = None, **kwargs: Any) -> None:
        """Write the table; what is a stream is written piece by piece."""
        schema, tables = to_arrow(obj)
        with library("pyarrow.parquet", EXTRA).ParquetWriter(buf, schema, **kwargs) as writer:
            for table in tables:
                writer.write_table(table, row_group_size)
