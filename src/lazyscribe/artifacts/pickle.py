"""Pickled artifacts."""

from __future__ import annotations

import pickle
import sys
from typing import Any, ClassVar

from attrs import define

from lazyscribe.artifacts.base import Artifact

__all__ = ["PickleArtifact"]


@define
class PickleArtifact(Artifact):
    """Any picklable object. Loading one runs code that the file names: load only files you trust.

    Attributes
    ----------
    python_version
        ``"major.minor"`` of the interpreter that wrote the file; another one is refused on load unless
        ``validate=False``.
    """

    alias: ClassVar[str] = "pickle"
    suffix: ClassVar[str] = "pkl"
    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = False
    runs_code: ClassVar[bool] = True

    python_version: str

    @classmethod
    def construct(cls, name: str, *args: Any, **kwargs: Any) -> Artifact:
        """Make an artifact of this interpreter's version, or of the ``python_version`` that a record holds."""
        version = sys.version_info
        kwargs.setdefault("python_version", f"{version[0]}.{version[1]}")
        return super().construct(name, *args, **kwargs)

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        """Return the unpickled object; keywords go to :func:`pickle.load`."""
        return pickle.load(buf, **kwargs)  # noqa: S301 - the handler's purpose; the docstring warns

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        """Pickle `obj` with protocol 5 unless told otherwise."""
        pickle.dump(obj, buf, **{"protocol": 5, **kwargs})
