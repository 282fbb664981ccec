"""Experiment log and versioned artifact repository: no server, and no save is lost."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lazyscribe.copying import copy as copy
    from lazyscribe.experiment import Experiment
    from lazyscribe.project import Project
    from lazyscribe.repository import Repository
    from lazyscribe.test import Test

__all__ = ["Experiment", "Project", "Repository", "Test", "__version__"]

__version__ = "3.0.0"

_MODULES = {
    "Experiment": "experiment",
    "Project": "project",
    "Repository": "repository",
    "Test": "test",
    "copy": "copying",
}
_SUBMODULES = {"artifacts", "exception", "experiment", "project", "registry", "release", "repository", "test"}


def __getattr__(name: str) -> Any:
    """Import what is asked for now: importing the package alone costs next to nothing."""
    from importlib import import_module

    if name in _MODULES:
        value = globals()[name] = getattr(import_module(f"lazyscribe.{_MODULES[name]}"), name)
        return value
    if name in _SUBMODULES:
        return import_module(f"lazyscribe.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_SUBMODULES, "copy"])
