"""Figures of Plotly."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define

from lazyscribe.artifacts.base import Artifact
from lazyscribe.artifacts.libraries import library

__all__ = ["PlotlyArtifact"]


@define
class PlotlyArtifact(Artifact):
    """A figure as Plotly's JSON; comes back as a figure. Keywords go to ``plotly.io.to_json`` and ``from_json``."""

    alias: ClassVar[str] = "plotly"
    suffix: ClassVar[str] = "json"
    binary: ClassVar[bool] = False
    output_only: ClassVar[bool] = False
    runs_code: ClassVar[bool] = False
    requires: ClassVar[tuple[str, ...]] = ("plotly",)
    extra: ClassVar[str] = "plotly"

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        """Return the figure."""
        return library("plotly.io", cls.extra).from_json(buf.read(), **kwargs)

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        """Write the figure."""
        buf.write(library("plotly.io", cls.extra).to_json(obj, **kwargs))
