"""Names for projects, so that dependencies do not have to spell out paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lazyscribe.exception import UnknownNameError

if TYPE_CHECKING:
    from pathlib import Path

    from lazyscribe.project import Project

__all__ = ["Registry", "registry"]


class Registry:
    """Projects known by name.

    An experiment that depends on one of a registered project is saved as ``"name|slug"`` in place of
    ``"path|slug"``, and such a dependency is looked up here when a file opens.
    """

    def __init__(self) -> None:
        self.projects: dict[str, Project] = {}

    def add_project(self, name: str, project: Project) -> None:
        """Make `project` known as `name`; a name used before now means this project."""
        self.projects[name] = project

    def search(self, fpath: str | Path) -> str | None:
        """Return the name of the registered project whose file is `fpath`, or ``None``.

        Relative paths are compared from the working directory.
        """
        from pathlib import Path

        for name, project in self.projects.items():
            if project.fpath == Path(fpath):
                return name
        for name, project in self.projects.items():
            if project._location.absolute(project.fpath) == project._location.absolute(fpath):
                return name
        return None

    def __contains__(self, name: object) -> bool:
        return name in self.projects

    def __getitem__(self, name: str) -> Project:
        try:
            return self.projects[name]
        except KeyError:
            known = ", ".join(sorted(self.projects)) or "none"
            message = f"No project is registered as {name!r}; registered are: {known}."
            raise UnknownNameError(message, name=name) from None


registry = Registry()
