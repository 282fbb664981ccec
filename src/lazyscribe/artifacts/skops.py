"""Estimators of scikit-learn, without a pickle."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define

from lazyscribe.artifacts.base import Artifact, refuse_keywords
from lazyscribe.artifacts.libraries import library, version_field
from lazyscribe.exception import ArtifactLoadError

__all__ = ["SkopsArtifact"]


@define
class SkopsArtifact(Artifact):
    """An estimator, written by skops: loading makes only objects of types that skops or the caller trusts.

    Keywords go to ``skops.io.dump`` and ``skops.io.load``.

    Attributes
    ----------
    skops_version, sklearn_version
        Another minor version is refused on load unless ``validate=False``.
    """

    alias: ClassVar[str] = "skops"
    suffix: ClassVar[str] = "skops"
    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = False
    runs_code: ClassVar[bool] = False
    requires: ClassVar[tuple[str, ...]] = ("skops", "sklearn")
    extra: ClassVar[str] = "skops"

    skops_version: str = version_field("skops", "skops")
    sklearn_version: str = version_field("scikit-learn", "skops")

    @classmethod
    def read(cls, buf: Any, trusted: list[str] | None = None, **kwargs: Any) -> Any:
        """Return the estimator; types that skops does not know must be named in `trusted`, as ``"module.Class"``.

        Raises
        ------
        ArtifactLoadError
            It holds other types; they are named.
        """
        refuse_keywords(cls, kwargs)
        io = library("skops.io", cls.extra)
        try:
            return io.load(buf, trusted=trusted)
        except library("skops.io.exceptions", cls.extra).UntrustedTypesFoundException as error:
            types = io.get_untrusted_types(file=buf)
            message = (
                f"The file holds objects of types that skops does not trust; if you do, load it with trusted={types}."
            )
            raise ArtifactLoadError(message, types=types) from error

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        """Write the estimator."""
        library("skops.io", cls.extra).dump(obj, buf, **kwargs)
