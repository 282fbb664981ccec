"""Models in the ONNX format."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define

from lazyscribe.artifacts.base import Artifact, refuse_keywords
from lazyscribe.artifacts.libraries import library

__all__ = ["ONNXArtifact"]


@define
class ONNXArtifact(Artifact):
    """A model, weights included. Reads what lazyscribe-onnx wrote, and writes what it reads."""

    alias: ClassVar[str] = "onnx"
    suffix: ClassVar[str] = "onnx"
    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = False
    runs_code: ClassVar[bool] = False
    requires: ClassVar[tuple[str, ...]] = ("onnx",)
    extra: ClassVar[str] = "onnx"

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        """Return the model; weights in files of their own are not looked for."""
        refuse_keywords(cls, kwargs)
        return library("onnx", cls.extra).load_model(buf, load_external_data=False)

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        """Write the model."""
        refuse_keywords(cls, kwargs)
        library("onnx", cls.extra).save_model(obj, buf)
