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


def _in_one_piece(array: Any) -> Any:
    """Return the elements as bytes in the order of the file, if they lie so in memory; else ``None``.

    Structures are left to NumPy: their headers may need another version of the format.
    """
    if not array.size or not array.itemsize or array.dtype.names is not None or array.dtype.metadata:
        return None
    if array.flags.c_contiguous:
        return _plain(array).reshape(-1).view("u1")
    if array.flags.f_contiguous:
        return _plain(array).T.reshape(-1).view("u1")
    return None


def _plain(array: Any) -> Any:
    """Return an array of no subclass, on the same memory."""
    return library("numpy", "numpy").asarray(array)


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
        array = plain_array(obj)
        npy = library("numpy.lib.format", cls.extra)
        flat = _in_one_piece(array)
        if flat is None:
            npy.write_array(buf, array, allow_pickle=False)
        else:  # NumPy would copy it, a piece at a time
            npy.write_array_header_1_0(buf, npy.header_data_from_array_1_0(array))
            buf.write(flat)
