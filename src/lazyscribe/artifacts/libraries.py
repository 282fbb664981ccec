"""The libraries of handlers: imported when they are used, their versions read without importing them."""

from __future__ import annotations

import sys
from functools import lru_cache, partial
from typing import Any

from attrs import field

from lazyscribe.exception import HandlerImportError


def library(module: str, extra: str) -> Any:
    """Import `module`; where that fails, say which extra of ours installs it.

    Raises
    ------
    ImportError
        It is not there, or cannot be imported.
    """
    from importlib import import_module

    try:
        return import_module(module)
    except ImportError as error:
        raise HandlerImportError(_wanting(module, extra, str(error)), module=module, extra=extra) from error


def refuse_if_missing(modules: tuple[str, ...], extra: str) -> None:
    """Raise what `library` would for the first of these top-level `modules` that is not installed; imports none."""
    for module in modules:
        if not _is_installed(module):
            raise HandlerImportError(_wanting(module, extra, "not installed"), module=module, extra=extra)


def _is_installed(module: str) -> bool:
    if sys.modules.get(module) is not None:
        return True
    from importlib.util import find_spec

    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _wanting(what: str, extra: str, reason: str) -> str:
    return f"This handler needs {what}, which is not available ({reason}); run: pip install 'lazyscribe[{extra}]'."


@lru_cache(64)
def version_of(distribution: str, extra: str) -> str:
    """Return the installed version of a distribution; imports nothing of it.

    Raises
    ------
    ImportError
        It is not installed.
    """
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError as error:
        message = _wanting(distribution, extra, "not installed")
        raise HandlerImportError(message, module=distribution, extra=extra) from error


def version_field(distribution: str, extra: str, parts: int = 2) -> Any:
    """Return an environment field that records the version of a library and compares as `Compatible` does."""
    return field(factory=partial(version_of, distribution, extra), eq=compatible(parts))


def compatible(parts: int) -> partial[Compatible]:
    """Return the ``eq`` key of a field that holds a version; see `Compatible`."""
    return partial(Compatible, parts)


class Compatible:
    """How a version compares: equal to every version that begins with the same `parts` numbers.

    With two parts 1.9.1 equals 1.9.3 and not 1.10. What is no version, or cannot be understood because `packaging`
    is not installed, equals only the same text.
    """

    def __init__(self, parts: int, version: Any) -> None:
        self._parts = parts
        self._version = version

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Compatible):
            return NotImplemented
        return self._version == other._version or self._fits(other._version)

    def _fits(self, other: Any) -> bool:
        try:
            from packaging.specifiers import SpecifierSet
            from packaging.version import Version

            version = Version(self._version)
            numbers = ".".join(map(str, (*version.release, 0, 0)[: self._parts]))
            return SpecifierSet(f"=={version.epoch}!{numbers}.*", prereleases=True).contains(Version(other))
        except (ImportError, ValueError, TypeError):
            return False

    __hash__ = None  # type: ignore[assignment]
