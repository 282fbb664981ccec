"""One NumPy array."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define

from lazyscribe.artifacts.base import Artifact, refuse_keywords
from lazyscribe.artifacts.libraries import library
from lazyscribe.exception import ArtifactLogError

__all__ = ["NpyArtifact"]


def plain_array(value: Any, what: str = "An array") -> Any:
    """Return `value` as an array whose elements NumPy itself can write.

    Raises
    ------
    ArtifactLogError
        Its elements are objects, which only a pickle could hold; or it is no array, or one with a mask.
    """
    numpy = library("numpy", "numpy")
    if isinstance(value, numpy.ma.MaskedArray):
        raise ArtifactLogError(f"{what} with a mask cannot be kept: it would lose the mask; keep data and mask apart.")
    array = numpy.asanyarray(value)
    if array.dtype.hasobject:
        message = (
            f"{what} of objects ({type(value).__name__}) cannot be kept without a pickle; give its elements a dtype, "
            "or log it with handler='joblib' or 'pickle'."
        )
        raise ArtifactLogError(message)
    return array


@define
class NpyArtifact(Artifact):
    """An array of numbers, texts, dates or structures; never of objects, on writing and on reading."""

    alias: ClassVar[str] = "npy"
    suffix: ClassVar[str] = "npy"
    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = False
    runs_code: ClassVar[bool] = False
    differ: ClassVar[str] = "lazyscribe.artifacts.diffs.arrays:differences"
    requires: ClassVar[tuple[str, ...]] = ("numpy",)
    extra: ClassVar[str] = "numpy"

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        """Return the array; a file that holds pickled objects is refused by NumPy."""
        refuse_keywords(cls, kwargs)
        return library("numpy", cls.extra).load(buf, allow_pickle=False)

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        """Write an array, or what NumPy makes one of."""
        refuse_keywords(cls, kwargs)
        library("numpy", cls.extra).save(buf, plain_array(obj), allow_pickle=False)
