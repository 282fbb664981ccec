"""Images of Pillow."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define

from lazyscribe.artifacts.base import Artifact, refuse_keywords
from lazyscribe.artifacts.libraries import library
from lazyscribe.exception import ArtifactLogError

__all__ = ["ImageArtifact"]

MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
"""What Pillow reads from its own PNG as it was."""


@define
class ImageArtifact(Artifact):
    """An image as PNG, every pixel kept. Keywords of `write` go to ``Image.save``.

    Modes of which PNG would lose something, such as CMYK and 32 bits a pixel, are refused: convert the image first.
    """

    alias: ClassVar[str] = "image"
    suffix: ClassVar[str] = "png"
    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = False
    runs_code: ClassVar[bool] = False
    differ: ClassVar[str] = "lazyscribe.artifacts.diffs.images:differences"
    requires: ClassVar[tuple[str, ...]] = ("PIL",)
    extra: ClassVar[str] = "pillow"

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        """Return the image, its pixels in memory."""
        refuse_keywords(cls, kwargs)
        image = library("PIL.Image", cls.extra).open(buf, formats=["PNG"])
        image.load()
        return image

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        """Write the image."""
        if not isinstance(obj, library("PIL.Image", cls.extra).Image):
            raise ArtifactLogError(f"The handler {cls.alias!r} takes an image of Pillow, not a {type(obj).__name__}.")
        if obj.mode not in MODES:
            message = f"PNG does not keep an image of the mode {obj.mode!r}; convert it to one of {', '.join(MODES)}."
            raise ArtifactLogError(message)
        obj.save(buf, format="PNG", **kwargs)
