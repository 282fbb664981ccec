"""Several NumPy arrays under names."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define

from lazyscribe.artifacts.base import Artifact, refuse_keywords
from lazyscribe.artifacts.libraries import library
from lazyscribe.artifacts.npy import plain_array
from lazyscribe.exception import ArtifactLogError

__all__ = ["NpzArtifact"]


@define
class NpzArtifact(Artifact):
    """A dictionary of arrays, none of them of objects; comes back as a dictionary."""

    alias: ClassVar[str] = "npz"
    suffix: ClassVar[str] = "npz"
    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = False
    runs_code: ClassVar[bool] = False
    differ: ClassVar[str] = "lazyscribe.artifacts.diffs.arrays:differences"
    requires: ClassVar[tuple[str, ...]] = ("numpy",)
    extra: ClassVar[str] = "numpy"

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        """Return the arrays by name; a file that holds pickled objects is refused by NumPy."""
        refuse_keywords(cls, kwargs)
        with library("numpy", cls.extra).load(buf, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}

    @classmethod
    def write(cls, obj: Any, buf: Any, compressed: bool = False, **kwargs: Any) -> None:
        """Write the arrays, each once, one after another; the same arrays give the same bytes.

        NumPy's own ``savez`` takes names as keywords and so cannot keep an array called ``file``.
        """
        refuse_keywords(cls, kwargs)
        from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

        if not isinstance(obj, dict) or not all(isinstance(name, str) and name for name in obj):
            message = f"The handler {cls.alias!r} takes a dictionary of arrays by name, not a {type(obj).__name__}."
            raise ArtifactLogError(message)
        arrays = {name: plain_array(value, f"The array {name!r}") for name, value in obj.items()}
        form = library("numpy.lib.format", cls.extra)
        with ZipFile(buf, "w") as archive:
            for name, array in arrays.items():
                info = ZipInfo(f"{name}.npy")  # of 1980, not of now
                info.compress_type = ZIP_DEFLATED if compressed else ZIP_STORED
                with archive.open(info, "w", force_zip64=True) as file:
                    form.write_array(file, array, allow_pickle=False)
