"""Tests: metrics of one aspect of an experiment, such as one class or one slice of the data."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, cast

from attrs import AttrsInstance, define, field, fields, setters

from lazyscribe._frozen import FrozenRecordError
from lazyscribe._slugs import slugify
from lazyscribe.artifacts.base import Artifact
from lazyscribe.codec.artifacts import to_record
from lazyscribe.codec.text import with_dates_as_text
from lazyscribe.place import Place
from lazyscribe.recorder import Recorder

__all__ = ["ReadOnlyTest", "Test"]


def as_path(value: Any) -> Path:
    """Return a path; one that is one already as it is, which saves reading it again."""
    return value if isinstance(value, Path) else Path(value)


def forget_home(instance: Any, attribute: Any, value: Any) -> Any:
    """Let an object that is given another file system or folder find its files there; an attrs hook."""
    if "_parent_" in instance.__dict__ and attribute.name != "path":
        _ = instance.path  # made when it is asked for, of what is forgotten now
    home = instance.__dict__.pop("_home_", None) or instance.__dict__.pop("_parent_", None)
    if home is not None:
        instance.__dict__["_trust_"] = home[0].trust
    instance.__dict__.pop("_parent_", None)
    return value


class Located:
    """An object with a file system that is made when it is first asked for.

    A hidden ``_home_``, given by the project, holds the place of the manifest and the key of this object's folder.
    """

    read_only: ClassVar[bool] = False
    """Whether it was loaded read-only."""

    def _place(self) -> tuple[Place, str]:
        raise AssertionError("subclasses say where they live without a project")  # pragma: no cover

    def _home(self) -> tuple[Place, str]:
        home: tuple[Place, str] | None = self.__dict__.get("_home_")
        if home is None:
            home = self._place()
            home[0].trust = self.__dict__.get("_trust_")
        return home

    def _attach_to(self, home: tuple[Place, str]) -> None:
        """Live in this folder of this place from now on."""
        self.__dict__["_home_"] = home
        self.__dict__.pop("fs", None)

    def __attrs_post_init__(self) -> None:
        if self.__dict__.get("fs") is None:
            self.__dict__.pop("fs", None)
        self.__dict__["_sealed"] = True

    def __getattr__(self, name: str) -> Any:
        if name == "path" and "_parent_" in self.__dict__:
            _, _, folder, slug = self.__dict__["_parent_"]
            path = self.__dict__["path"] = folder / slug / self.slug
            return path
        if name == "fs" and "_sealed" in self.__dict__:
            fs = self.__dict__["fs"] = self._home()[0].fs
            return fs
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)

    def __str__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__qualname__} at {id(self):#x}>"

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields as a dictionary, without a lock."""
        return {
            each.name: getattr(self, each.name)
            for each in fields(cast("type[AttrsInstance]", type(self)))
            if each.name != "mutex_"
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__dict__["_sealed"] = True


class Frozen:
    """Makes every assignment after creation, and every ``log_*``, an error."""

    name: str
    read_only: ClassVar[bool] = True

    def __setattr__(self, name: str, value: Any) -> None:
        if "_sealed" in self.__dict__:
            self._change()
        self.__dict__[name] = value

    def __delattr__(self, name: str) -> None:
        self._change()

    def _change(self) -> None:
        message = (
            f"{self.name!r} was loaded read-only and cannot be changed; open the project with mode='w+' to edit it."
        )
        raise FrozenRecordError(message, name=self.name)


@define(slots=False)
class Test(Located, Recorder):
    """Metrics, parameters and artifacts of one test.

    Made by ``experiment.log_test``; one made by hand and appended to ``experiment.tests`` is stored there too.

    Parameters
    ----------
    path
        The folder of its artifacts: the experiment's, and the slug of the name in it.
    fs
        An fsspec file system; default: local disks. Takes, like `path`, no part in equality.
    """

    __test__ = False  # pytest takes it for a test class otherwise

    name: str
    description: str | None = None
    metrics: dict[str, Any] = field(factory=dict)
    parameters: dict[str, Any] = field(factory=dict)
    artifacts: list[Artifact] = field(factory=list)
    path: Path = field(factory=Path, converter=as_path, eq=False, on_setattr=[setters.convert, forget_home])
    fs: Any = field(default=None, eq=False, repr=False, on_setattr=forget_home)

    __getstate__, __setstate__ = Located.__getstate__, Located.__setstate__  # promised on this very class

    def _place(self) -> tuple[Place, str]:
        fs = self.__dict__.get("fs")
        return (Place("file", self.path) if fs is None else Place.of(fs, self.path)), ""

    def _home(self) -> tuple[Place, str]:
        if (parent := self.__dict__.get("_parent_")) is None:
            return super()._home()
        return parent[0], f"{parent[1]}/{self.slug}"

    def _belong_to(self, parent: tuple[Place, str, Path, str]) -> None:
        """Live in a folder of an experiment: its place and its folder's key there, its ``dir`` and ``slug``."""
        self.__dict__["_parent_"] = parent
        self.__dict__.pop("path", None)  # made when it is asked for
        self.__dict__.pop("fs", None)

    @property
    def slug(self) -> str:
        """The slug of the name: the folder in that of the experiment."""
        return slugify(self.name)

    def to_dict(self) -> dict[str, Any]:
        """Return the record: plain objects, dates as text."""
        return self._record([to_record(artifact) for artifact in self.artifacts])

    def _record(self, artifacts: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "name": self.name,
            "description": self.description,
            "metrics": with_dates_as_text(self.metrics),
            "parameters": with_dates_as_text(self.parameters),
            "artifacts": artifacts,
        }


class ReadOnlyTest(Frozen, Test):
    """A test of a read-only experiment."""

    __test__ = False
