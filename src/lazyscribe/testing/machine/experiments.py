"""The machine of two projects on one file."""

from __future__ import annotations

import re
from copy import deepcopy
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from attrs.exceptions import FrozenInstanceError
from hypothesis import strategies as st
from hypothesis.stateful import rule
from slugify import slugify

from lazyscribe import Experiment, Project, Repository
from lazyscribe.exception import ArtifactLogError, ReadOnlyError
from lazyscribe.testing.machine.handles import (
    FILES,
    INDEX,
    NAMES,
    SCALARS,
    VALUES,
    WHICH,
    Handle,
    TwoHandles,
    refused,
)
from lazyscribe.testing.machine.model import Facts, State, second

UPDATED = ("last_updated",)
FIELDS = st.sampled_from(("metrics", "parameters"))
KEYS = st.sampled_from(("m", "n"))
TESTS = st.none() | st.sampled_from(("adults", "men & women"))


class Run(NamedTuple):
    """What never changes of an experiment; the date is cut to the second."""

    name: str
    created_at: datetime
    slug: str


class ProjectMachine(TwoHandles):
    """Two `Project` objects on one file; see `lazyscribe.testing.machine`."""

    file: ClassVar[str] = "project.json"

    def __init__(self) -> None:
        self.things: dict[int, Run] = {}
        self.artifacts: dict[int, Any] = {}
        self.promoted: list[Any] = []
        super().__init__()

    # What the base asks for

    def open(self, mode: Any) -> Project:
        """Open the project."""
        return Project(f"{self.folder}/{self.file}", mode=mode, author="ann")

    def snapshot(self, document: Project) -> Any:
        """Return every experiment in memory."""
        return [(id(each), each.dirty, each.to_dict()) for each in document.experiments]

    def clone(self, thing: int) -> int:
        """Enter a like experiment."""
        copy = self.number()
        self.things[copy] = self.things[thing]
        return copy

    def told(self, document: Project, state: State, handle: Handle | None = None) -> dict[int, Any]:
        """Assert that the experiments are those of `state`, in order of creation; return their slugs."""
        shown = document.experiments.copy()
        assert len(shown) == len(state)
        dates = [second(each.created_at) for each in shown]
        assert dates == sorted(dates)
        slugs = {}
        known = sorted(state, key=lambda thing: thing not in self.keys)
        for thing in known:
            run = self.found(shown, thing, state[thing], handle)
            shown.remove(run)
            slugs[thing] = run.slug
            assert (run.name, second(run.created_at)) == self.things[thing][:2]
            assert self.shows(run, state[thing]), f"{facts_of(run)} instead of {state[thing]}"
            assert re.fullmatch(re.escape(self.things[thing].slug) + r"(-\d+)?", run.slug)
            assert handle is not None or document[run.slug] is run
        return slugs

    def found(self, shown: list[Experiment], thing: int, facts: Facts, handle: Handle | None) -> Experiment:
        """Return the experiment that must be `thing`: the very object that was made here, if it was."""
        if handle is not None and thing in handle.objects:
            found: Experiment
            (found,) = [each for each in shown if each is handle.objects[thing]]
            assert found.slug == self.keys.get(thing, found.slug), "an experiment changed its slug"
            return found
        if thing in self.keys:
            return self.named(shown, self.keys[thing], handle)
        like = [each for each in shown if each.name == self.things[thing].name and self.shows(each, facts)]
        assert like, "an experiment is not there"
        return like[0]

    def named(self, shown: list[Experiment], slug: str, handle: Handle | None) -> Experiment:
        """Return the experiment of that slug; new ones that may still have the same one were made here."""
        made = {id(each) for each in handle.objects.values()} if handle is not None else ()
        (found,) = [each for each in shown if each.slug == slug and id(each) not in made]
        return found

    def shows(self, run: Experiment, facts: Facts) -> bool:
        """Whether an experiment shows these facts, its artifacts their values."""
        shown = facts_of(run)
        if shown.keys() != facts.keys():
            return False
        return all(
            self.equal(value, self.artifacts[facts[path]]) if "artifacts" in path else value == facts[path]
            for path, value in shown.items()
        )

    def check_keys(self, handle: Handle, keys: dict[int, Any], provisional: bool = False) -> None:
        """Check that a new experiment kept its slug where nobody has it."""
        for thing, slug in keys.items():
            if thing not in self.keys and slug != self.things[thing].slug:
                others = [*self.keys.values(), *(each for other, each in keys.items() if other != thing)]
                assert self.things[thing].slug in others

    # Rules

    @rule(which=WHICH, name=NAMES, metric=SCALARS, value=VALUES)
    def log(self, which: int, name: str, metric: Any, value: Any) -> None:
        """Somebody logs an experiment."""
        handle = self.handles[which]
        if handle.mode == "r":
            refused(ReadOnlyError, handle.document.log(name).__enter__)
            return
        with handle.document.log(name) as run:
            run.log_metric("m", metric)
            run.log_artifact("a", value, self.handler)
        thing = self.number()
        self.things[thing] = Run(name, self.clock.second, slugify(f"{name}-{self.clock.now:%Y%m%d%H%M%S}"))
        handle.objects[thing] = run
        facts: Facts = {("metrics", "m"): metric, ("artifacts", "a"): self.artifact(value)}
        handle.mine[thing] = {("tags",): frozenset(), UPDATED: self.clock.second, **facts}

    @rule(which=WHICH, index=INDEX, test=TESTS, field=FIELDS, key=KEYS, value=SCALARS)
    def record(self, which: int, index: int, test: str | None, field: str, key: str, value: Any) -> None:
        """Somebody logs a metric or a parameter, of an experiment or one of its tests."""
        if (place := self.editable(which, index, test)) is None:
            return
        recorder, facts, path = place
        (recorder.log_metric if field == "metrics" else recorder.log_parameter)(key, value)
        facts[*path, field, key] = value
        self.updated(facts, path)

    @rule(which=WHICH, index=INDEX, tag=KEYS, overwrite=st.booleans())
    def tag(self, which: int, index: int, tag: str, overwrite: bool) -> None:
        """Somebody tags an experiment, if it has no such tag.

        That the order of tags was changed and nothing else is told by the time alone, so there is a second before it.
        """
        if (place := self.editable(which, index, None)) is None:
            return
        run, facts, path = place
        if tag in run.tags and not overwrite:
            return
        self.clock.tick(overwrite)
        run.tag(tag, overwrite=overwrite)
        facts[("tags",)] = frozenset([tag]) | (frozenset() if overwrite else facts[("tags",)])
        self.updated(facts, path)

    @rule(which=WHICH, index=INDEX, test=TESTS, name=KEYS, value=VALUES, fname=FILES)
    def keep(self, which: int, index: int, test: str | None, name: str, value: Any, fname: str | None) -> None:
        """Somebody logs an artifact, or another one in its place.

        Of two that are overwritten under one file name in one second by two handles, the last one stays, since their
        records are alike; so there is a second between all overwritings here.
        """
        if (place := self.editable(which, index, test)) is None:
            return
        recorder, facts, path = place
        overwrite = (*path, "artifacts", name) in facts
        if overwrite:
            refused(ArtifactLogError, lambda: recorder.log_artifact(name, value, self.handler, fname))
            self.clock.tick(1)
            self.handles[which].replaces |= fname is not None
        recorder.log_artifact(name, value, self.handler, fname, overwrite)
        facts[*path, "artifacts", name] = self.artifact(value)
        self.updated(facts, path)

    @rule(which=WHICH, index=INDEX)
    def delete(self, which: int, index: int) -> None:
        """Somebody takes an experiment out.

        The note of a deletion outlives an equal slug that is logged later, so there is a second between them here.
        """
        handle = self.handles[which]
        if (thing := self.chosen(handle, index)) is None:
            return
        position = handle.document.experiments.index(self.run(handle, thing))

        def act() -> None:
            del handle.document.experiments[position]

        if handle.mode == "r" or thing in handle.fixed:
            refused(ReadOnlyError, act)
            return
        act()
        self.clock.tick(1)
        del handle.mine[thing]
        handle.objects.pop(thing, None)

    @rule(which=WHICH, index=INDEX)
    def promote(self, which: int, index: int) -> None:
        """An artifact of a saved experiment becomes the newest version in a repository, if it is newer."""
        handle = self.handles[which]
        if (thing := self.chosen(handle, index)) is None:
            return
        run = self.run(handle, thing)
        clean = [each for each in run.artifacts if not each.dirty]
        if not clean or handle.base != self.disk:
            return
        artifact = clean[index % len(clean)]
        value = self.artifacts[handle.mine[thing]["artifacts", artifact.name]]
        repository = Repository(f"{self.folder}/repository.json", mode="a")
        dates = [each.created_at for each in repository.artifacts if each.name == artifact.name]
        newest = max(dates, default=datetime.min)
        try:
            run.promote_artifact(repository, artifact.name)
        except ArtifactLogError:
            assert second(artifact.created_at) <= newest
            return
        assert second(artifact.created_at) >= newest
        self.promoted.append((artifact.name, len(dates), value))
        fresh = Repository(f"{self.folder}/repository.json", mode="r")
        assert len(fresh.artifacts) == len(self.promoted)
        for name, number, expected in self.promoted:
            assert self.equal(fresh.load_artifact(name, version=number), expected)

    # Steps of rules

    def updated(self, facts: Facts, path: tuple[str, ...]) -> None:
        """Take down when an experiment was changed; a change of a test is none."""
        if not path:
            facts[UPDATED] = self.clock.second

    def artifact(self, value: Any) -> int:
        """Enter the value of an artifact; return its number."""
        number = self.number()
        self.artifacts[number] = deepcopy(value)
        return number

    def run(self, handle: Handle, thing: int) -> Experiment:
        """Return the experiment in memory."""
        if thing in handle.objects:
            mine: Experiment = handle.objects[thing]
            return mine
        return self.named(handle.document.experiments.copy(), self.keys[thing], handle)

    def editable(self, which: int, index: int, test: str | None) -> tuple[Any, Facts, tuple[str, ...]] | None:
        """Return an experiment, or its test of that name, with its facts and their path; none where it is read-only."""
        handle = self.handles[which]
        if (thing := self.chosen(handle, index)) is None:
            return None
        run, facts = self.run(handle, thing), handle.mine[thing]
        if thing in handle.fixed or handle.mode == "r":
            refused(FrozenInstanceError, lambda: run.log_metric("m", 0))
            return None
        if test is None:
            return run, facts, ()
        if ("tests", test) not in facts:
            with run.log_test(test):
                pass
            facts["tests", test] = True
            self.updated(facts, ())
        (found,) = [each for each in run.tests if each.name == test]
        return found, facts, ("tests", test)


def facts_of(run: Experiment) -> Facts:
    """Return what an experiment holds, its artifacts by their values."""
    facts: Facts = {("tags",): frozenset(run.tags), UPDATED: second(run.last_updated)}
    for path, recorder in [((), run), *((("tests", test.name), test) for test in run.tests)]:
        facts |= {(*path, "metrics", key): value for key, value in recorder.metrics.items()}
        facts |= {(*path, "parameters", key): value for key, value in recorder.parameters.items()}
        facts |= {path: True} if path else {}
        for artifact in recorder.artifacts:
            value = artifact.value if artifact.dirty else recorder.load_artifact(artifact.name)
            assert (*path, "artifacts", artifact.name) not in facts, "two artifacts of one name"
            facts[*path, "artifacts", artifact.name] = value
    return facts
