"""Projects: experiments in one JSON file, their artifacts beside it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from lazyscribe import _utils
from lazyscribe._dates import to_text
from lazyscribe.capturing import Capturing, is_off
from lazyscribe.codec.artifacts import keep_artifacts, to_record
from lazyscribe.codec.experiments import artifact_files, keep_tests, unknown_keys
from lazyscribe.codec.text import Record, check_experiment, decode, encode
from lazyscribe.exception import (
    InvalidArgumentError,
    NameTakenError,
    ReadOnlyError,
    UnknownNameError,
)
from lazyscribe.names import check_file, check_text
from lazyscribe.records.entries import Entry, in_parts
from lazyscribe.records.experiments import ExperimentList, numbered
from lazyscribe.registry import registry
from lazyscribe.rows import Row
from lazyscribe.store.keys import check_key, fold

if TYPE_CHECKING:
    from pathlib import Path

    from lazyscribe.artifacts.trust import Trust
    from lazyscribe.codec.heads import ExperimentHead, ExperimentReader
    from lazyscribe.codec.texts import Source
    from lazyscribe.experiment import Experiment, ReadOnlyExperiment, ReadOnlyTest, Test
    from lazyscribe.place import Place
    from lazyscribe.progress import Followed
    from lazyscribe.reconcile import Sides


class Project(Capturing):
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
    progress
        Called as ``progress(done_bytes, total_bytes)`` while files are saved, loaded, promoted or checked; ``False``:
        never. Default: a bar for what takes more than two seconds, if a terminal or notebook shows it.
    capture
        Whether it is kept how experiments run (`Experiment.provenance`); ``LAZYSCRIBE_CAPTURE=off`` says no, too.
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
        progress: Followed = None,
        capture: bool = True,
        **storage_options: Any,
    ) -> None:
        self.capture = capture and not is_off()
        self.author = _utils.user_name() if author is None else author
        super().__init__(fpath, mode, storage_options, trust, progress)

    @property
    def _home(self) -> tuple[Place, str]:
        """The place and the folder of all experiments, in one object."""
        known: tuple[Place, str] | None = self.__dict__.get("_home_")
        if known is None or known[0] is not self._location:
            known = self.__dict__["_home_"] = (self._location, "")
        return known

    @property
    def experiments(self) -> ExperimentList:
        """The experiments: list-like, in ascending order."""
        return self._records.kept()

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
        experiment = _kinds()[0]._begin(name, self, self._home)
        began = self._begin_run(experiment)
        yield experiment
        self._end_run(experiment, began)
        self.append(experiment)

    def append(self, experiment: Experiment) -> None:
        """Add an experiment at its place in the order."""
        self._records.append(experiment)

    def __getitem__(self, slug: str) -> Experiment:
        entry = self._records.find(slug)
        if entry is None:
            from lazyscribe.history import farewell

            message = f"{self.fpath} has no experiment with the slug {slug!r}; {self._records.last_slugs()}."
            raise UnknownNameError(message + farewell(self, slug), name=slug)
        return self._records.get(entry)

    def __contains__(self, slug: object) -> bool:
        return isinstance(slug, str) and self._records.find(slug) is not None

    def filter(self, func: Callable[[Experiment], bool]) -> Iterator[Experiment]:
        """Yield the experiments for which `func` is true."""
        return (experiment for experiment in self._records if func(experiment))

    def merge(self, *others: Project, other: Project | None = None) -> Project:
        """Return a new project with the experiments of all, and path, author and mode of this one.

        Of equal slugs the newest ``last_updated`` stays, on a tie that of the project named first. What another
        project saved to this one's file does not join twice. Writes nothing; artifacts stay where they are.
        """
        if other is not None:
            warnings.warn("merge(other=...) is deprecated; use merge(other).", DeprecationWarning, stacklevel=2)
            others = (*others, other)
        chosen: dict[str, tuple[Any, Entry[Experiment]]] = {}  # by slug, the date of creation before it
        with _utils.without_collections():
            for project in (self, *others):
                here = project.fpath.name == self.fpath.name and project._location.same_as(self._location)
                for entry in project._records.snapshot():
                    known = entry.known  # mostly a head, whose dates need not be read again
                    date, mine = chosen.get(known.slug, (known.created_at, None))
                    if mine is None:
                        chosen[known.slug] = date, entry.twin() if here else Entry(obj=project._records.get(entry))
                    elif known.last_updated > mine.known.last_updated:
                        newer = Entry(mine.text, mine.head, project._records.get(entry))
                        chosen[known.slug] = known.created_at, newer
        merged = object.__new__(type(self))
        merged.__setstate__(self.__getstate__())
        merged._manifest = self._manifest.twin()
        in_order = sorted(chosen.values(), key=lambda each: each[0])
        merged._records = ExperimentList(merged, [entry for _, entry in in_order])
        return merged

    # What the base asks for

    def _may_add(self, obj: Experiment) -> None:
        self._refuse_if_read_only("add an experiment to")
        if not isinstance(obj, _kinds()[0]):
            raise InvalidArgumentError(f"{obj!r:.80} is no Experiment; only experiments can join {self.fpath}.")

    def _may_remove(self, entry: Entry[Experiment]) -> None:
        self._refuse_if_read_only("remove an experiment from")
        if self.mode == "a" and entry.saved and (entry.obj is None or entry.frozen):
            message = f"Experiments of {self.fpath} cannot be removed in mode='a'; open it with mode='w+'."
            raise ReadOnlyError(message, path=str(self.fpath))

    @property
    def _reader(self) -> ExperimentReader:
        from lazyscribe.codec.heads import EXPERIMENTS

        return EXPERIMENTS

    def _check_names(self, head: ExperimentHead) -> None:
        for folder, fname in head.files():
            check_file(folder, fname, new=False)
        slug = head.slug
        if len(slug) > 99:  # too long matters only for files
            slug = "/".join(part[:99] for part in slug.split("/"))
        check_key(slug)

    def _identify(self, record: Record) -> str:
        return str(record.get("slug"))  # a damaged record is refused where records are checked

    def _rank(self, text: bytes) -> str:
        return str(decode(text, self._manifest.place)["created_at"])

    def _opened(self, heads: list[Any]) -> None:
        if not any(head.dependencies for head in heads):
            return
        from lazyscribe.dependencies import resolving

        with resolving(self):
            for entry in self._records.snapshot():
                if entry.head.dependencies:
                    self._records.get(entry)

    def _as_dict(self, entry: Entry[Experiment]) -> Record:
        return self._records.get(entry).to_dict()

    def _dicts(self, entries: list[Entry[Experiment]]) -> Iterator[Record]:
        from lazyscribe.codec.bodies import listed
        from lazyscribe.codec.texts import piece_of

        for some in in_parts(entries):
            heads = {id(entry): entry.head for entry in some if entry.obj is None and not entry.head.dependencies}
            with _utils.without_collections():
                found = iter(listed([piece_of(entry.source()) for entry in some if id(entry) in heads]))
            for entry in some:
                record = next(found) if id(entry) in heads else {}
                changed = entry.obj is not None or entry.head is not heads.get(id(entry))
                yield self._as_dict(entry) if changed else record

    # Building

    def _build(self, entry: Entry[Experiment]) -> Experiment:
        frozen = self.mode in ("r", "a")
        experiment = self._make(entry.head, entry.source(), frozen)
        entry.frozen, entry.unknown = frozen, None
        entry.obj = experiment  # before its dependencies, which may lead back to it
        if entry.head.dependencies:
            from lazyscribe.dependencies import link

            try:
                link(self, experiment, entry.head.dependencies, registry)
            except BaseException:
                entry.obj = None
                raise
        return experiment

    def _make(self, head: ExperimentHead, source: Source, frozen: bool) -> Experiment:
        """Return the experiment of a record, without its dependencies; its fields are read when they are asked for."""
        editable, read_only = _kinds()
        kind = read_only if frozen else editable
        return kind._of((head, source, self.fpath, self.dir), self._home)

    def _attach(self, experiment: Experiment) -> None:
        """Let an experiment and its tests find their files here."""
        experiment.__dict__.pop("_overwritten", None)
        experiment._attach_to(self._home)
        for test in experiment.__dict__.get("tests", ()):  # others will live where the experiment does
            test.__dict__.pop("_overwritten", None)
            experiment._adopt(test)

    # Saving

    def _rows(self, entries: list[Entry[Experiment]]) -> list[Row[Experiment]]:
        from lazyscribe.experiment_files import add_drafts

        rows = super()._rows(entries)
        renamed: dict[int, str] = {}
        new = [row for row in rows if not row.entry.saved]
        taken = {fold(entry.known.slug) for entry in entries if entry.saved} | self._avoid if new else set()
        past = self._records.past()
        for row in new:
            assert row.record is not None
            own = row.entry.obj
            for slug in numbered(row.record["slug"]):
                folded = fold(slug)
                if folded not in taken and past.get(folded, own) is own:
                    break
            taken.add(folded)
            row.record["slug"] = renamed[id(own)] = slug
            add_drafts(row, self._location, self._replacing, self._avoid)
        for row in rows:
            if row.record is not None and row.record["dependencies"] and row.entry.obj is not None:
                row.record["dependencies"] = row.entry.obj.references(renamed)
        return rows

    def _is_untouched(self, entry: Entry[Experiment]) -> bool:
        return entry.obj is not None and entry.saved and entry.obj._says_no_more_than(entry.head)

    def _lock_of(self, entry: Entry[Experiment]) -> Any:
        assert entry.obj is not None
        return entry.obj.mutex_

    def _present(self, entry: Entry[Experiment]) -> Row[Experiment]:
        experiment = entry.obj
        assert experiment is not None
        if entry.unknown is None:
            entry.unknown = unknown_keys(decode(entry.raw or b"{}", self._manifest.place))
        with experiment.mutex_:
            tests = list(experiment.tests)
            record = experiment._record([test._record([]) for test in tests], [])
            artifacts = [list(holder.artifacts) for holder in (experiment, *tests)]
        for holder, part in zip(artifacts, (record, *record["tests"]), strict=True):
            part["artifacts"] = [to_record(artifact) for artifact in holder]
        if entry.unknown:
            record = {**entry.unknown, **record}
        if (tests or any(artifacts)) and not self._reader.fits(record):  # others have only their text
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

    def _meet(self, fresh: list[Row[Experiment]], added: Mapping[str, Any]) -> bool:
        del fresh  # is among what is found
        return any(self._records.find(head.slug) is not None for head in added.values())

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
        state["last_updated_by"], state["_kept_as"] = record["last_updated_by"], record["slug"]
        if to_text(experiment.last_updated) == record["last_updated"]:
            state["dirty"] = False
        self._attach(experiment)

    def _refresh(self, entry: Entry[Experiment], record: Record) -> None:
        present = entry.obj
        assert present is not None
        text = encode(record)
        fresh = self._make(self._reader.one(text, self._manifest.place, 0), (None, text), present.read_only)
        keep_artifacts(present, fresh)
        keep_tests(present, fresh)
        if record["dependencies"]:
            from lazyscribe.dependencies import link

            known = {each.reference(): each for each in present.dependencies.values()}
            link(self, fresh, record["dependencies"], registry, known)
        dirty = present.dirty
        present._become(fresh)
        present.__dict__.update(dirty=dirty, _unresolved=fresh.unresolved)
        entry.unknown = unknown_keys(record)
        self._attach(present)
        _utils.EDITS.count += 1

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for entry in self._records.snapshot():
            if entry.obj is not None and entry.obj.dir == self.dir:
                self._attach(entry.obj)


@cache
def _kinds() -> tuple[type[Experiment], type[ReadOnlyExperiment]]:
    """Return the classes of experiments, which are imported with the first that is built."""
    from lazyscribe.experiment import Experiment, ReadOnlyExperiment

    return Experiment, ReadOnlyExperiment


__all__ = ["Experiment", "Project", "ReadOnlyExperiment", "ReadOnlyTest", "Test", "registry"]


def __getattr__(name: str) -> Any:
    if name in __all__:  # the classes made with attrs, which is imported with the first of them
        from lazyscribe import experiment

        return getattr(experiment, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
