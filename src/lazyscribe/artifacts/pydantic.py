"""Models of pydantic as JSON."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define

from lazyscribe.artifacts.libraries import library
from lazyscribe.artifacts.typed import TypedArtifact

__all__ = ["PydanticArtifact"]


@define
class PydanticArtifact(TypedArtifact):
    """A model; pydantic writes it and validates it when it is read."""

    alias: ClassVar[str] = "pydantic"
    takes: ClassVar[str] = "a model of pydantic"
    requires: ClassVar[tuple[str, ...]] = ("pydantic",)
    extra: ClassVar[str] = "pydantic"

    @classmethod
    def fits(cls, kind: Any) -> bool:
        """Whether `kind` is a model."""
        return isinstance(kind, type) and issubclass(kind, library("pydantic", cls.extra).BaseModel)

    @classmethod
    def encode(cls, obj: Any) -> bytes:
        """Return the fields as JSON."""
        data: str = obj.model_dump_json()
        return data.encode("utf-8")

    @classmethod
    def decode(cls, data: bytes, kind: Any) -> Any:
        """Make a validated model."""
        return kind.model_validate_json(data)
