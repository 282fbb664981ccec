"""Classes of attrs as JSON."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define

from lazyscribe.artifacts.dataclass import DataclassArtifact

__all__ = ["AttrsArtifact"]


@define
class AttrsArtifact(DataclassArtifact):
    """An instance of a class that attrs made; what its fields hold comes back by their annotations."""

    alias: ClassVar[str] = "attrs"
    takes: ClassVar[str] = "a class of attrs"

    @classmethod
    def fits(cls, kind: Any) -> bool:
        """Whether `kind` is a class that attrs made."""
        return isinstance(kind, type) and "__attrs_attrs__" in vars(kind)
