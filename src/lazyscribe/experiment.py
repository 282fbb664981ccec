"""Experiments: what was tried, with which parameters, and what came out."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import Factory, define, field, setters

from lazyscribe import _utils
from lazyscribe._dates import as_utc, stamp, to_text, to_utc
from lazyscribe._slugs import both, slugify
from lazyscribe.artifacts.base import Artifact
from lazyscribe.codec.artifacts import to_record
from lazyscribe.codec.text import with_dates_as_text
from lazyscribe.place import Place
from lazyscribe.recorder import Recorder
from lazyscribe.stored import Stored
from lazyscribe.test import Frozen, Located, ReadOnlyTest, Test, as_path, forget_home

if TYPE_CHECKING:
    from lazyscribe.origins import Promotion
    from lazyscribe.project import Project
    from lazyscribe.provenance import Provenance
    from lazyscribe.repository import Repository

__all__ = ["Experiment", "ReadOnlyExperiment", "ReadOnlyTest", "Test"]

_indexed = _utils.EDITS.on_setattr


def _moves(instance: Experiment, attribute: Any, value: Any) -> Any:
    """Let artifacts and tests be found where they were before; an attrs hook of what their folder is made of."""
    instance._fill()
    if attribute.name == "slug":
        instance._remember_run()
    return forget_home(instance, attribute, value) if attribute.name != "slug" else _indexed(instance, attribute, value)


def _default_slug(experiment: Experiment) -> str:
    return slugify(f"{experiment.name}-{stamp(experiment.created_at)}")


def _default_short_slug(experiment: Experiment) -> str:
    return slugify(experiment.name)


def _of(name: str) -> Any:
    """Return a default that takes the value of the field `name`."""
    return Factory(lambda experiment: getattr(experiment, name), takes_self=True)


@define(slots=False)
class Experiment(Stored, Recorder):
    """One experiment. Usually made by ``with project.log(name)``.

    Dates are naive UTC. Changing an experiment writes nothing; ``project.save()`` does.

    Parameters
    ----------
    project
        Path of the project's file.
    dir
        Folder of that file; the artifacts lie in ``dir / slug``.
    fs
        An fsspec file system; default: local disks.
    slug
        Slug of ``name-stamp``, the stamp being the creation date; fixed at creation.
    dependencies
        Short slug → upstream experiment, of this or another project.
    """

    name: str
    project: Path = field(converter=as_path, eq=False)
    dir: Path = field(
        default=Factory(lambda experiment: experiment.project.parent, takes_self=True),
        converter=as_path,
        eq=False,
        on_setattr=[setters.convert, _moves],
    )
    fs: Any = field(default=None, eq=False, repr=False, on_setattr=_moves)
    author: str = field(factory=_utils.user_name)
    last_updated_by: str = field(default=_of("author"))
    metrics: dict[str, Any] = field(factory=dict)
    parameters: dict[str, Any] = field(factory=dict)
    created_at: datetime = field(factory=_utils.present, converter=as_utc)
    last_updated: datetime = field(default=_of("created_at"), converter=as_utc)
    dependencies: dict[str, Experiment] = field(factory=dict, eq=False)
    short_slug: str = field(default=Factory(_default_short_slug, takes_self=True), on_setattr=_indexed)
    slug: str = field(default=Factory(_default_slug, takes_self=True), on_setattr=_moves)
    tests: list[Test] = field(factory=list)
    artifacts: list[Artifact] = field(factory=list)
    tags: list[str] = field(factory=list)
    dirty: bool = field(default=True, eq=False)
    mutex_: Any = field(factory=threading.RLock, eq=False, repr=False)

    @classmethod
    def _begin(cls, name: str, project: Project, home: tuple[Place, str]) -> Experiment:
        """Return a new experiment of `project`, at `home`: as its defaults make it, but sooner."""
        now = _utils.present()
        short_slug, slug = both(name, stamp(now))
        experiment = cls(
            name=name,
            project=project.fpath,
            dir=project.dir,
            author=project.author,
            last_updated_by=project.author,
            created_at=now,
            last_updated=now,
            short_slug=short_slug,
            slug=slug,
        )
        experiment._attach_to(home)
        return experiment

    def _place(self) -> tuple[Place, str]:
        fs = self.__dict__.get("fs")
        return (Place("file", self.dir) if fs is None else Place.of(fs, self.dir)), self.slug

    def _home(self) -> tuple[Place, str]:
        place, _ = super()._home()
        return place, self.slug

    @property
    def path(self) -> Path:
        """The folder of the artifacts."""
        return self.dir / self.slug

    @property
    def provenance(self) -> Provenance | None:
        """Where it comes from: commit, command, packages, machine, duration; ``None`` if that is not known."""
        from lazyscribe.runs import provenance_of

        return provenance_of(self)

    @property
    def promotions(self) -> list[Promotion]:
        """The versions that its artifacts have become, in the order of time, as they are told beside the project."""
        from lazyscribe.origins import promotions_of

        return promotions_of(self)

    def _remember_run(self) -> None:
        """Keep in mind how it ran: what is kept of that goes by the slug, which is about to change."""
        from lazyscribe.runs import run_of

        self.__dict__.setdefault("_kept_as", self.slug)
        self.__dict__["_run"] = run_of(self)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.__dict__["_made"] = True  # here, and not read from a file

    def _lock(self) -> Any:
        return self.mutex_

    def _change(self) -> None:
        state = self.__dict__
        state["last_updated"], state["dirty"] = as_utc(_utils.utcnow()), True

    def tag(self, *tags: str, overwrite: bool = False) -> None:
        """Add tags; with `overwrite` they replace those there were."""
        with self.mutex_:
            self._change()
            self.tags = list(tags) if overwrite else [*self.tags, *tags]

    @contextmanager
    def log_test(self, name: str, description: str | None = None) -> Iterator[Test]:
        """Yield a new test; it joins when the block ends without an exception. Safe from many threads."""
        self._change()
        test = Test(name=name, description=description)
        self._adopt(test)
        yield test
        with self.mutex_:
            self.tests.append(test)
            self._change()

    @property
    def unresolved(self) -> list[str]:
        """Dependencies that others saved and that lead nowhere here; written back as they are."""
        found: list[str] = self.__dict__.setdefault("_unresolved", [])
        return found

    def reference(self, slug: str | None = None) -> str:
        """Return how the file of another project names this experiment; `slug`: one that it is about to get."""
        name = _utils.registry.search(self.project)
        return f"{name if name is not None else self.project}|{slug or self.slug}"

    def references(self, renamed: Mapping[int, str]) -> list[str]:
        """Return the dependencies as a file names them; `renamed`: slugs that experiments are about to get, by id."""
        found = [each.reference(renamed.get(id(each))) for each in self.dependencies.values()]
        return found + self.unresolved if "_unresolved" in self.__dict__ else found

    def _adopt(self, test: Test) -> None:
        """Give `test` its folder in this experiment's."""
        place, folder = self._home()
        test.__dict__["_mutex"] = self.mutex_
        test._belong_to((place, folder, self.dir, self.slug))

    def promote_artifact(self, repository: Repository, name: str) -> None:
        """Make an artifact of this experiment the newest version of its name in `repository`.

        An artifact that is not saved yet joins as if logged there, and the user saves. A saved one is copied, its
        digest checked, and ``repository.save()`` is called; if that fails nothing of it stays.

        Raises
        ------
        ReadOnlyError
            The repository was opened with ``mode="r"``.
        ArtifactLoadError
            There is no such artifact here, or its file is damaged.
        ArtifactLogError
            It is not newer than the newest version there; or, as a `SaveError` too, it could not be written.
        """
        repository._refuse_if_read_only("promote an artifact to")
        repository._accept(self._find_artifact(name), self)

    def to_dict(self) -> dict[str, Any]:
        """Return the record: plain objects, dates as text, dependencies as ``"path|slug"`` or ``"name|slug"``."""
        return self._record([test.to_dict() for test in self.tests], [to_record(each) for each in self.artifacts])

    def _record(self, tests: list[dict[str, Any]], artifacts: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "name": self.name,
            "author": self.author,
            "last_updated_by": self.last_updated_by,
            "metrics": with_dates_as_text(self.metrics),
            "parameters": with_dates_as_text(self.parameters),
            "created_at": to_text(self.created_at),
            "last_updated": to_text(self.last_updated),
            "dependencies": self.references({}),
            "short_slug": self.short_slug,
            "slug": self.slug,
            "tests": tests,
            "artifacts": artifacts,
            "tags": list(self.tags),
        }

    def _precedes(self, other: Experiment) -> int:
        """Return -1, 0 or 1: of one slug by the last update, else by creation."""
        if self.slug == other.slug:
            mine, theirs = to_utc(self.last_updated), to_utc(other.last_updated)
        else:
            mine, theirs = to_utc(self.created_at), to_utc(other.created_at)
        return (mine > theirs) - (mine < theirs)

    def __lt__(self, other: object) -> bool:
        return self._precedes(other) < 0 if isinstance(other, Experiment) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self._precedes(other) <= 0 if isinstance(other, Experiment) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self._precedes(other) > 0 if isinstance(other, Experiment) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return self._precedes(other) >= 0 if isinstance(other, Experiment) else NotImplemented

    __getstate__ = Located.__getstate__  # promised on this very class

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.__dict__["mutex_"] = threading.RLock()


class ReadOnlyExperiment(Frozen, Experiment):
    """An experiment that was loaded and cannot be changed; never equal to an editable one."""
