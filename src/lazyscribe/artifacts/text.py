"""Text as it is."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define

from lazyscribe.artifacts.base import Artifact, refuse_keywords
from lazyscribe.exception import ArtifactLogError

__all__ = ["TextArtifact"]


@define
class TextArtifact(Artifact):
    """A `str`, as UTF-8; line ends stay what they are."""

    alias: ClassVar[str] = "text"
    suffix: ClassVar[str] = "txt"
    binary: ClassVar[bool] = False
    output_only: ClassVar[bool] = False
    runs_code: ClassVar[bool] = False
    _reads = "all"

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        """Return the text."""
        refuse_keywords(cls, kwargs)
        return buf.read()

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        """Write the text; anything but a `str` is refused."""
        refuse_keywords(cls, kwargs)
        if not isinstance(obj, str):
            message = f"The handler {cls.alias!r} takes a str, not a {type(obj).__name__}; make one of it."
            raise ArtifactLogError(message)
        buf.write(obj)
