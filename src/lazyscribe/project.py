"""Projects: experiments in one JSON file, their artifacts beside it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from lazyscribe import _utils
from lazyscribe._dates import parse_date, to_text
from lazyscribe.codec.artifacts import from_record, keep_artifacts, to_record
from lazyscribe.codec.experiments import artifact_files, keep_tests
from lazyscribe.codec.text import EXPERIMENT_FIELDS, Record, check_experiment, decode
from lazyscribe.document import Document
from lazyscribe.exception import (
    InvalidArgumentError,
    LazyscribeError,
    NameTakenError,
    ReadOnlyError,
    UnknownNameError,
)
from lazyscribe.names import check_file, check_text
from lazyscribe.records.base import Entry
from lazyscribe.records.experiments import ExperimentList, numbered
from lazyscribe.registry import registry
from lazyscribe.rows import Row
from lazyscribe.store.keys import check_key, fold

if TYPE_CHECKING:
    from pathlib import Path

    from lazyscribe.artifacts.trust import Trust
    from lazyscribe.codec.heads import ExperimentHead, Reader
    from lazyscribe.experiment import Experiment, ReadOnlyExperiment, ReadOnlyTest
    from lazyscribe.reconcile import Sides
    from lazyscribe.test import Test


class Project(Document["Experiment"]):
    """Experiments, ordered by creation, in one JSON file.

    Nothing is written before `save`. Many threads may log into one project; many processes may save to one file.

    Parameters
    ----------
    fpath
        Path, or URL of an fsspec protocol. A missing file is an empty project.
    mode
        ``"r"``: read only. ``"a"``: what is there is read-only, new experiments may join. ``"w"``: what is there is
        not loaded, and replaced by the first save. ``"w+"``: everything may be edited.
    author
        Default: the login name.
    trust
        As for a `Repository`. Holds for the projects that experiments depend on, too, unless they are registered.
    **storage_options
        Passed to the file system.

    Raises
    ------
    ValueError
        Another mode or level of trust; as `CorruptManifestError` a file that is damaged.
    FileNotFoundError, KeyError
        A project or an experiment that an experiment depends on is not there.
    """

    _kind: ClassVar[str] = "project"
    _list: ClassVar[Any] = ExperimentList
    _records: ExperimentList

    def __init__(
        self,
        fpath: str | Path = "project.json",
        mode: Literal["r", "a", "w", "w+"] = "a",
        author: str | None = None,
        *,
        trust: Trust | None = None,
        **storage_options: Any,
    ) -> None:
        self.author = _utils.user_name() if author is None else author
        super().__init__(fpath, mode, storage_options, trust)

    @property
    def experiments(self) -> ExperimentList:
        """The experiments: list-like, in ascending order."""
        return self._records

    @experiments.setter
    def experiments(self, values: Iterable[Experiment]) -> None:
        self._records[:] = values

    # Logging and looking up

    @contextmanager
    def log(self, name: str) -> Iterator[Experiment]:
        """Yield a new experiment; it joins when the block ends without an exception. Writes nothing.

        Raises
        ------
        ReadOnlyError
            On entering, if the project was opened with ``mode="r"``.
        """
        self._refuse_if_read_only("log an experiment to")
        check_text(name)
        from lazyscribe.experiment import Experiment

        experiment = Experiment(name=name, project=self.fpath, dir=self.dir, author=self.author)
        experiment._attach_to(self._location, "")
        yield experiment
        self.append(experiment)

    def append(self, experiment: Experiment) -> None:
        """Add an experiment at its place in the order."""
        self._records.append(experiment)

    def __getitem__(self, slug: str) -> Experiment:
        entry = self._records.find(slug)
        if entry is None:
            message = f"{self.fpath} has no experiment with the slug {slug!r}; {self._records.last_slugs()}."
            raise UnknownNameError(message, name=slug)
        return self._records.get(entry)

    def __contains__(self, slug: object) -> bool:
        return isinstance(slug, str) and self._records.find(slug) is not None

    def filter(self, func: Callable[[Experiment], bool]) -> Iterator[Experiment]:
        """Yield the experiments for which `func` is true."""
        return (experiment for experiment in self._records if func(experiment))

    def merge(self, *others: Project, other: Project | None = None) -> Project:
        """Return a new project with the experiments of all, and path, author and mode of this one.

        Of equal slugs the newest ``last_updated`` stays, on a tie that of the project named first. What another
        project has saved to this one's file is the same experiment, and does not join a second time. Writes nothing;
        artifacts stay where they are.
        """
        if other is not None:
            warnings.warn("merge(other=...) is deprecated; use merge(other).", DeprecationWarning, stacklevel=2)
            others = (*others, other)
        chosen: dict[str, Entry[Experiment]] = {}
        for project in (self, *others):
            here = project.fpath.name == self.fpath.name and project._location.same_as(self._location)
            for entry in project._records.snapshot():
                known = entry.known
                mine = chosen.get(known.slug)
                if mine is None:
                    chosen[known.slug] = _share(entry) if here else Entry(obj=project._records.get(entry))
                elif known.last_updated > mine.known.last_updated:
                    chosen[known.slug] = Entry(mine.text, mine.head, project._records.get(entry))
        merged = object.__new__(type(self))
        merged.__setstate__(self.__getstate__())
        merged._manifest = self._manifest.twin()
        merged._records = ExperimentList(merged, chosen.values())
        merged._records.sort_by(lambda entry: entry.known.created_at)
        return merged

    # What the base asks for

    def _may_add(self, obj: Experiment) -> None:
        self._refuse_if_read_only("add an experiment to")
        from lazyscribe.experiment import Experiment

        if not isinstance(obj, Experiment):
            raise InvalidArgumentError(f"{obj!r:.80} is no Experiment; only experiments can join {self.fpath}.")

    def _may_remove(self, entry: Entry[Experiment]) -> None:
        self._refuse_if_read_only("remove an experiment from")
        if self.mode == "a" and entry.saved and (entry.obj is None or entry.frozen):
            message = f"Experiments of {self.fpath} cannot be removed in mode='a'; open it with mode='w+'."
            raise ReadOnlyError(message, path=str(self.fpath))

    @property
    def _reader(self) -> Reader[ExperimentHead]:
        from lazyscribe.codec.heads import EXPERIMENTS

        return EXPERIMENTS

    def _check_names(self, head: ExperimentHead) -> None:
        for folder, fname in head.files():
            check_file(folder, fname, new=False)
        check_key("/".join(part[:99] for part in head.slug.split("/")))  # too long matters only for files

    def _identify(self, record: Record) -> str:
        return str(record.get("slug"))  # a damaged record is refused where records are checked

    def _rank(self, text: bytes) -> str:
        return str(decode(text, self._manifest.place)["created_at"])

    def _opened(self, entries: Sequence[Entry[Experiment]]) -> None:
        if not any(entry.head.dependencies for entry in entries):
            return
        from lazyscribe.dependencies import resolving

        with resolving(self):
            for entry in entries:
                if entry.head.dependencies:
                    self._records.get(entry)

    def _as_dict(self, entry: Entry[Experiment]) -> Record:
        return self._records.get(entry).to_dict()

    # Building

    def _build(self, entry: Entry[Experiment]) -> Experiment:
        assert entry.raw is not None
        record = decode(entry.raw, self._manifest.place)
        frozen = self.mode in ("r", "a")
        experiment = self._make(record, frozen)
        entry.frozen = frozen
        entry.unknown = {key: value for key, value in record.items() if key not in EXPERIMENT_FIELDS}
        entry.obj = experiment  # before its dependencies, which may lead back to it
        try:
            self._link(experiment, record)
        except BaseException:
            entry.obj = None
            raise
        return experiment

    def _make(self, record: Record, frozen: bool) -> Experiment:
        """Return the experiment of a record, without its dependencies."""
        from lazyscribe.experiment import Experiment, ReadOnlyExperiment

        kind = ReadOnlyExperiment if frozen else Experiment
        experiment = kind.__new__(kind)
        experiment.__setstate__(self._fields(record, frozen))  # nothing to convert or to find defaults for
        self._attach(experiment)
        return experiment

    def _attach(self, experiment: Experiment) -> None:
        """Let an experiment and its tests find their files here."""
        experiment.__dict__.pop("_overwritten", None)
        experiment._attach_to(self._location, "")
        for test in experiment.tests:
            test.__dict__.pop("_overwritten", None)
            experiment._adopt(test)

    def _link(self, experiment: Experiment, record: Record, known: Mapping[str, Experiment] | None = None) -> None:
        """Resolve dependencies; with `known` ones, what cannot be resolved is kept as text."""
        if not record["dependencies"]:
            return
        from lazyscribe.dependencies import resolving, upstream

        with resolving(self) as opened:
            for text in record["dependencies"]:
                try:
                    found = (known or {}).get(text) or upstream(self, text, registry, opened)
                except LazyscribeError:
                    if known is None:
                        raise
                    experiment.unresolved.append(text)
                else:
                    experiment.dependencies[found.short_slug] = found

    def _fields(self, record: Record, frozen: bool) -> dict[str, Any]:
        copied = ("name", "author", "metrics", "parameters", "short_slug", "slug")
        return {
            **{name: record[name] for name in copied},
            "project": self.fpath,
            "dir": self.dir,
            "last_updated_by": record.get("last_updated_by") or record["author"],
            "created_at": parse_date(record["created_at"]),
            "last_updated": parse_date(record["last_updated"]),
            "tests": [_build_test(test, frozen) for test in record.get("tests", ())],
            "artifacts": [from_record(artifact) for artifact in record.get("artifacts", ())],
            "tags": list(record.get("tags") or ()),
            "dependencies": {},
            "dirty": False,
        }

    # Saving

    def _author(self) -> str:
        return self.author

    def _rows(self, entries: list[Entry[Experiment]]) -> list[Row[Experiment]]:
        from lazyscribe.experiment_files import add_drafts

        rows = super()._rows(entries)
        taken = {fold(entry.known.slug) for entry in entries if entry.saved} | self._avoid
        past, renamed = self._records.past(), dict[int, str]()
        for row in rows:
            if not row.entry.saved and row.record is not None:
                own = row.entry.obj
                free = (each for each in numbered(row.record["slug"]) if fold(each) not in taken)
                row.record["slug"] = next(each for each in free if past.get(fold(each), own) is own)
                taken.add(fold(row.record["slug"]))
                renamed[id(row.entry.obj)] = row.record["slug"]
                add_drafts(row, self._location, self._replacing, self._avoid)
        for row in rows:
            if row.record is not None and row.record["dependencies"] and row.entry.obj is not None:
                row.record["dependencies"] = row.entry.obj.references(renamed)
        return rows

    def _lock_of(self, entry: Entry[Experiment]) -> Any:
        assert entry.obj is not None
        return entry.obj.mutex_

    def _present(self, entry: Entry[Experiment]) -> Row[Experiment]:
        experiment = entry.obj
        assert experiment is not None
        with experiment.mutex_:
            holders = [experiment, *experiment.tests]
            artifacts = [list(holder.artifacts) for holder in holders]
            record = {**entry.unknown, **experiment.to_dict()}
            record["tests"] = [test.to_dict() for test in holders[1:]]
        for holder, part in zip(artifacts, (record, *record["tests"]), strict=True):
            part["artifacts"] = [to_record(artifact) for artifact in holder]
        check_experiment(record, self._manifest.place, 0)
        editable = self.mode == "w+" or (self.mode == "w" and not self._replacing)
        if experiment.dirty and editable and not experiment.read_only:
            record["last_updated_by"] = self.author
        row = Row(entry, record)
        row.artifacts = [artifact for holder in artifacts for artifact in holder]
        return row

    def _row(self, entry: Entry[Experiment]) -> Row[Experiment]:
        row = self._present(entry)
        if entry.saved:
            from lazyscribe.experiment_files import add_drafts

            add_drafts(row, self._location, self._replacing, self._avoid)
        return row

    def _artifact_records(self, record: Record) -> list[Record]:
        return [artifact for _, artifact in artifact_files(record)]

    def _resolve(self, rows: list[Row[Experiment]], sides: Sides) -> None:
        theirs, base = sides.theirs.texts, sides.base
        fresh = {row.record["slug"] for row in rows if not row.entry.saved and row.record is not None}
        from lazyscribe.experiment_files import taken_by_others

        taken = {fold(slug) for slug in fresh & (theirs.keys() - base.keys())} | taken_by_others(rows, theirs, base)
        if taken:
            raise NameTakenError(f"{', '.join(sorted(taken))} was taken meanwhile; save again.", names=taken)

    def _settle(self, row: Row[Experiment], record: Record) -> None:
        experiment = row.entry.obj
        assert experiment is not None
        state = experiment.__dict__
        if experiment.slug != record["slug"]:
            state["slug"] = record["slug"]
            _utils.EDITS.count += 1
        state["last_updated_by"] = record["last_updated_by"]
        if to_text(experiment.last_updated) == record["last_updated"]:
            state["dirty"] = False
        self._attach(experiment)

    def _refresh(self, entry: Entry[Experiment], record: Record) -> None:
        present = entry.obj
        assert present is not None
        fresh = self._make(record, present.read_only)
        keep_artifacts(present, fresh)
        keep_tests(present, fresh)
        self._link(fresh, record, {each.reference(): each for each in present.dependencies.values()})
        dirty = present.dirty
        present.__dict__.update({name: fresh.__dict__[name] for name in self._fields(record, True)})
        present.__dict__["dirty"] = dirty
        present.__dict__["_unresolved"] = fresh.unresolved
        self._attach(present)
        _utils.EDITS.count += 1

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for entry in self._records.snapshot():
            if entry.obj is not None and entry.obj.dir == self.dir:
                self._attach(entry.obj)


def _share(entry: Entry[Experiment]) -> Entry[Experiment]:
    """Return another entry of the same object and text."""
    return Entry.restored(entry.state())


def _build_test(record: Record, frozen: bool) -> Test:
    from lazyscribe.test import ReadOnlyTest, Test

    test = (ReadOnlyTest if frozen else Test).__new__(ReadOnlyTest if frozen else Test)
    test.__setstate__(
        {
            "name": record["name"],
            "description": record.get("description"),
            "metrics": record["metrics"],
            "parameters": record["parameters"],
            "artifacts": [from_record(artifact) for artifact in record.get("artifacts", ())],
        }
    )
    return test


__all__ = ["Experiment", "Project", "ReadOnlyExperiment", "ReadOnlyTest", "Test", "registry"]


def __getattr__(name: str) -> Any:
    if name in __all__:  # the classes made with attrs, which is imported with the first of them
        from lazyscribe import experiment

        return getattr(experiment, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
