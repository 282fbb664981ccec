"""Text that is HTML."""

from __future__ import annotations

from typing import ClassVar

from attrs import define

from lazyscribe.artifacts.text import TextArtifact

__all__ = ["HTMLArtifact"]


@define
class HTMLArtifact(TextArtifact):
    """A `str` of HTML, as UTF-8."""

    alias: ClassVar[str] = "html"
    suffix: ClassVar[str] = "html"
