"""Bytes as they are."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define

from lazyscribe.artifacts.base import Artifact, refuse_keywords
from lazyscribe.exception import ArtifactLogError

__all__ = ["BytesArtifact"]


@define
class BytesArtifact(Artifact):
    """Whatever gives a contiguous buffer, such as `bytes`, `bytearray` or a `memoryview`; comes back as `bytes`."""

    alias: ClassVar[str] = "bytes"
    suffix: ClassVar[str] = "bin"
    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = False
    runs_code: ClassVar[bool] = False
    _reads = "all"

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        """Return the bytes."""
        refuse_keywords(cls, kwargs)
        return buf.read()

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        """Write the bytes; what gives none is refused."""
        refuse_keywords(cls, kwargs)
        try:
            view = memoryview(obj).cast("B")
        except (TypeError, BufferError) as error:
            message = f"The handler {cls.alias!r} takes bytes, not a {type(obj).__name__} ({error}); make some of it."
            raise ArtifactLogError(message) from error
        buf.write(view)
