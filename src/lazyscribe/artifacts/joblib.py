"""Objects as joblib writes them."""

from __future__ import annotations

import sys
from typing import Any, ClassVar

from attrs import define, field

from lazyscribe.artifacts.base import Artifact
from lazyscribe.artifacts.libraries import compatible, library, version_field

__all__ = ["JoblibArtifact"]


@define
class JoblibArtifact(Artifact):
    """Any picklable object, arrays in it written without a copy. Loading one runs code that the file names.

    Keywords go to ``joblib.dump`` and ``joblib.load``. Reads what lazyscribe-joblib wrote, and writes what it reads.

    Attributes
    ----------
    package
        The top-level module of the value's type, such as ``"sklearn"``; ``None`` for builtins and for a script's own.
    package_version
        Its version; another minor version is refused on load unless ``validate=False``.
    joblib_version
        Another major version is refused likewise.
    """

    alias: ClassVar[str] = "joblib"
    suffix: ClassVar[str] = "joblib"
    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = False
    runs_code: ClassVar[bool] = True
    requires: ClassVar[tuple[str, ...]] = ("joblib",)
    extra: ClassVar[str] = "joblib"

    package: str | None = None
    package_version: str | None = field(default=None, eq=compatible(2))
    joblib_version: str = version_field("joblib", "joblib", parts=1)

    @classmethod
    def construct(
        cls, name: str, value: Any | None = None, *args: Any, package: str | None = None, **kwargs: Any
    ) -> Artifact:
        """Make an artifact of the package and versions here, or of those that a record holds."""
        if value is not None and package is None:
            package = _package_of(value)
        if package is not None and "package_version" not in kwargs:
            kwargs["package_version"] = _version_of(package)
        return super().construct(name, value, *args, package=package, **kwargs)

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        """Return the object."""
        return library("joblib", cls.extra).load(buf, **kwargs)

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        """Write the object."""
        library("joblib", cls.extra).dump(obj, buf, **kwargs)


def _package_of(value: Any) -> str | None:
    module = getattr(value, "__module__", None) or type(value).__module__
    package = str(module).partition(".")[0]
    return package if _version_of(package) is not None else None


def _version_of(package: str) -> str | None:
    """Return the version of what installed a top-level module, whether it is imported or not."""
    if package in sys.builtin_module_names or package in sys.stdlib_module_names:
        return None
    told = getattr(sys.modules.get(package), "__version__", None)
    if isinstance(told, str):
        return told
    from importlib.metadata import packages_distributions, version

    distributions = packages_distributions().get(package)
    return version(distributions[0]) if distributions else None
