"""Pictures of Matplotlib's figures, which cannot become figures again."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define

from lazyscribe.artifacts.base import Artifact, refuse_keywords
from lazyscribe.exception import ArtifactLogError

__all__ = ["PNGArtifact", "SVGArtifact"]


@define
class PNGArtifact(Artifact):
    """A figure as PNG; comes back as `bytes`. Keywords go to ``Figure.savefig``, such as ``dpi=200``."""

    alias: ClassVar[str] = "png"
    suffix: ClassVar[str] = "png"
    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = True
    runs_code: ClassVar[bool] = False
    requires: ClassVar[tuple[str, ...]] = ("matplotlib",)
    extra: ClassVar[str] = "matplotlib"

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        """Return the bytes of the picture, such as ``IPython.display.Image`` takes; SVG as text."""
        refuse_keywords(cls, kwargs)
        return buf.read()

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        """Draw the figure."""
        if not hasattr(obj, "savefig"):
            message = f"The handler {cls.alias!r} takes a figure of Matplotlib, not a {type(obj).__name__}."
            raise ArtifactLogError(message)
        obj.savefig(buf, format=cls.suffix, **kwargs)


@define
class SVGArtifact(PNGArtifact):
    """A figure as SVG; comes back as `str`. Keywords go to ``Figure.savefig``."""

    alias: ClassVar[str] = "svg"
    suffix: ClassVar[str] = "svg"
    binary: ClassVar[bool] = False
