"""Text that is Markdown."""

from __future__ import annotations

from typing import ClassVar

from attrs import define

from lazyscribe.artifacts.text import TextArtifact

__all__ = ["MarkdownArtifact"]


@define
class MarkdownArtifact(TextArtifact):
    """A `str` of Markdown, as UTF-8."""

    alias: ClassVar[str] = "markdown"
    suffix: ClassVar[str] = "md"
