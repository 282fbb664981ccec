"""Dataclasses as JSON."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define

from lazyscribe.artifacts.typed import TypedArtifact

__all__ = ["DataclassArtifact"]


@define
class DataclassArtifact(TypedArtifact):
    """An instance of a dataclass; what its fields hold comes back by their annotations."""

    alias: ClassVar[str] = "dataclass"
    takes: ClassVar[str] = "a dataclass"

    @classmethod
    def fits(cls, kind: Any) -> bool:
        """Whether `kind` is a dataclass."""
        return isinstance(kind, type) and "__dataclass_fields__" in vars(kind)

    @classmethod
    def encode(cls, obj: Any) -> bytes:
        """Return the fields as JSON."""
        import msgspec

        return msgspec.json.encode(obj)

    @classmethod
    def decode(cls, data: bytes, kind: Any) -> Any:
        """Make an instance, each field as it is annotated."""
        import msgspec

        return msgspec.json.decode(data, type=kind)
