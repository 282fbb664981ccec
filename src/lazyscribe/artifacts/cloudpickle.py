"""Objects as cloudpickle writes them: functions and classes of a script or notebook too."""

from __future__ import annotations

import sys
from typing import Any, ClassVar

from attrs import define, field

from lazyscribe.artifacts.base import Artifact
from lazyscribe.artifacts.libraries import library, version_field

__all__ = ["CloudpickleArtifact"]


@define
class CloudpickleArtifact(Artifact):
    """Almost any object, with the code of what no module holds. Loading one runs that code.

    Keywords go to ``cloudpickle.dump`` and ``pickle.load``.

    Attributes
    ----------
    python_version
        ``"major.minor"``: byte code of another one is not understood, so it is refused unless ``validate=False``.
    cloudpickle_version
        Another major version is refused likewise.
    """

    alias: ClassVar[str] = "cloudpickle"
    suffix: ClassVar[str] = "cloudpickle"
    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = False
    runs_code: ClassVar[bool] = True
    requires: ClassVar[tuple[str, ...]] = ("cloudpickle",)
    extra: ClassVar[str] = "cloudpickle"

    python_version: str = field(factory=lambda: f"{sys.version_info[0]}.{sys.version_info[1]}")
    cloudpickle_version: str = version_field("cloudpickle", "cloudpickle", parts=1)

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        """Return the object."""
        return library("cloudpickle", cls.extra).load(buf, **kwargs)

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        """Write the object."""
        library("cloudpickle", cls.extra).dump(obj, buf, **kwargs)
