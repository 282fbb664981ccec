"""Tables in Arrow's own file format."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define

from lazyscribe.artifacts.base import Artifact, refuse_keywords
from lazyscribe.artifacts.libraries import library
from lazyscribe.artifacts.tables import EXTRA, from_arrow, to_arrow

__all__ = ["ArrowArtifact"]


@define
class ArrowArtifact(Artifact):
    """A table as an Arrow IPC file: as it lies in memory, quick to read and larger than Parquet.

    Keywords of `write` are those of ``pyarrow.ipc.IpcWriteOptions``, such as ``compression="zstd"``.
    """

    alias: ClassVar[str] = "arrow"
    suffix: ClassVar[str] = "arrow"
    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = False
    runs_code: ClassVar[bool] = False
    differ: ClassVar[str] = "lazyscribe.artifacts.diffs.tables:differences"
    requires: ClassVar[tuple[str, ...]] = ("pyarrow",)
    extra: ClassVar[str] = EXTRA

    @classmethod
    def read(cls, buf: Any, as_: str = "pyarrow", **kwargs: Any) -> Any:
        """Return the table as ``"pyarrow"``, ``"pandas"`` or ``"polars"`` have it."""
        refuse_keywords(cls, kwargs)
        return from_arrow(library("pyarrow.ipc", EXTRA).open_file(buf).read_all(), as_)

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        """Write the table; what is a stream is written piece by piece."""
        ipc = library("pyarrow.ipc", EXTRA)
        schema, tables = to_arrow(obj)
        with ipc.new_file(buf, schema, options=ipc.IpcWriteOptions(**kwargs)) as writer:
            for table in tables:
                writer.write_table(table)
