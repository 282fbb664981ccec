"""TOML documents."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define

from lazyscribe.artifacts.base import Artifact, refuse_keywords
from lazyscribe.artifacts.libraries import library

__all__ = ["TOMLArtifact"]


@define
class TOMLArtifact(Artifact):
    """A dictionary of what TOML knows; ``None`` is not among it. Keywords of `write` go to ``tomli_w.dumps``."""

    alias: ClassVar[str] = "toml"
    suffix: ClassVar[str] = "toml"
    binary: ClassVar[bool] = False
    output_only: ClassVar[bool] = False
    runs_code: ClassVar[bool] = False
    differ: ClassVar[str] = "lazyscribe.artifacts.diffs.values:differences"
    requires: ClassVar[tuple[str, ...]] = ("tomli_w",)
    extra: ClassVar[str] = "toml"

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        """Return the document as a dictionary."""
        refuse_keywords(cls, kwargs)
        import tomllib

        return tomllib.loads(buf.read())

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        """Write one document."""
        buf.write(library("tomli_w", cls.extra).dumps(obj, **kwargs))
