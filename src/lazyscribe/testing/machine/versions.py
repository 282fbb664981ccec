"""The machine of two repositories on one file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import rule

from lazyscribe import Project, Repository, release
from lazyscribe.exception import (
    ArtifactLoadError,
    ArtifactLogError,
    ConflictError,
    ReadOnlyError,
    VersionDeletedError,
    VersionNotFoundError,
)
from lazyscribe.testing.machine.handles import FILES, INDEX, NAMES, VALUES, WHICH, Handle, TwoHandles, refused
from lazyscribe.testing.machine.model import Row, State, find, second

EXPIRY = ("expiry",)
OFFSETS = st.sampled_from((-86400, -1, 0, 1, 3600, 86400))


class Version(NamedTuple):
    """What never changes of a version; the date is cut to the second."""

    name: str
    created_at: datetime
    value: Any


class RepositoryMachine(TwoHandles):
    """Two `Repository` objects on one file; see `lazyscribe.testing.machine`."""

    file: ClassVar[str] = "repository.json"

    def __init__(self) -> None:
        self.things: dict[int, Version] = {}
        self.numbers: dict[int, int] = {}
        self.releases: list[release.Release] = []
        super().__init__()

    # What the base asks for

    def open(self, mode: Any) -> Repository:
        """Open the repository."""
        return Repository(f"{self.folder}/{self.file}", mode=mode)

    def snapshot(self, document: Repository) -> Any:
        """Return every version in memory."""
        return [
            (id(each.value), each.dirty, document.get_artifact_metadata(each.name, each.version))
            for each in document.artifacts
        ]

    def clone(self, thing: int) -> int:
        """Enter a like version."""
        copy = self.number()
        self.things[copy] = self.things[thing]
        return copy

    def told(self, document: Repository, state: State, handle: Handle | None = None) -> dict[int, Any]:
        """Assert that the versions are those of `state`, in its order; return their numbers."""
        shown = list(document.artifacts)
        assert [each.name for each in shown] == [self.things[thing].name for thing in state]
        numbers = {thing: each.version for thing, each in zip(state, shown, strict=True)}
        for thing, each in zip(state, shown, strict=True):
            version, expiry = self.things[thing], state[thing][EXPIRY]
            assert second(each.created_at) == version.created_at
            assert second(each.expiry) == expiry
            kept = thing not in self.keys or numbers[thing] == self.keys[thing]
            assert kept, "a version changed its number"
            value = each.value if each.dirty else document.load_artifact(each.name, version=each.version)
            assert self.equal(value, version.value), (version, each.version, value)
        assert len({(self.things[thing].name, number) for thing, number in numbers.items()}) == len(numbers)
        return numbers

    def check_keys(self, handle: Handle, keys: dict[int, Any], provisional: bool = False) -> None:
        """Check the numbers of new versions.

        They are behind all that are there or were; a number that is, already, stays, and others become the next. A
        version that was deleted, yet kept by ``on_conflict="ours"``, has its number. Provisional ones need not be
        behind those of versions that were deleted: a reload does not ask for these.
        """
        there, highest = self.highest(self.disk.keys()), self.highest(self.disk.keys() | self.gone)
        last: dict[str, int] = {}
        for thing, key in keys.items():
            name = self.things[thing].name
            if thing in self.keys:
                assert key == self.keys[thing], "a version that was kept changed its number"
                continue
            wanted = max(self.numbers[thing], highest.get(name, -1) + 1)
            lowest = max(self.numbers[thing], there.get(name, -1) + 1) if provisional else wanted
            assert lowest <= key <= wanted, (name, key, lowest, wanted)
            assert key > last.get(name, -1), "versions changed their order"
            self.numbers[thing] = there[name] = last[name] = key
            highest[name] = max(highest.get(name, -1), key)

    def highest(self, things: Iterable[int]) -> dict[str, int]:
        """Return the highest number of each name among versions that are on disk or were."""
        found: dict[str, int] = {}
        for thing in things:
            name = self.things[thing].name
            found[name] = max(found.get(name, -1), self.keys[thing])
        return found

    # Rules

    @rule(which=WHICH, name=NAMES, value=VALUES, fname=FILES)
    def log(self, which: int, name: str, value: Any, fname: str | None) -> None:
        """Somebody logs a version."""
        handle = self.handles[which]
        if handle.mode == "r":
            refused(ReadOnlyError, lambda: handle.document.log_artifact(name, value, self.handler, fname))
            return
        handle.document.log_artifact(name, value, self.handler, fname)
        self.joined(handle, Version(name, self.clock.second, deepcopy(value)))

    @rule(which=WHICH, index=INDEX, offset=OFFSETS)
    def expire(self, which: int, index: int, offset: float) -> None:
        """Somebody lets a version expire, sooner or later."""
        handle, expiry = self.handles[which], self.clock.now + timedelta(seconds=offset)
        if (thing := self.chosen(handle, index)) is None:
            return
        name, number = self.things[thing].name, handle.document.artifacts[list(handle.mine).index(thing)].version

        def act() -> None:
            handle.document.set_artifact_expiry(name, number, expiry=expiry if offset else None)

        if self.may_change(handle, thing):
            act()
            handle.mine[thing][EXPIRY] = second(expiry)
        else:
            refused(ReadOnlyError, act)

    @rule(which=WHICH, index=INDEX, by_index=st.booleans())
    def delete(self, which: int, index: int, by_index: bool) -> None:
        """Somebody takes a version out."""
        handle = self.handles[which]
        if (thing := self.chosen(handle, index)) is None:
            return
        artifacts, position = handle.document.artifacts, list(handle.mine).index(thing)

        def act() -> None:
            if by_index:
                del artifacts[position]
            else:
                artifacts.remove(artifacts[position])

        if self.may_change(handle, thing):
            act()
            del handle.mine[thing]
        else:
            refused(ReadOnlyError, act)

    @rule(which=WHICH, name=NAMES, index=INDEX, offset=OFFSETS, how=st.sampled_from(("newest", "number", "on", "asof")))
    def look_up(self, which: int, name: str, index: int, offset: float, how: str) -> None:
        """A look-up finds what trying every version finds."""
        handle = self.handles[which]
        rows = self.rows(handle, name)
        dates = [row.created_at for row in rows] or [self.clock.second]
        date = dates[index % len(dates)] + timedelta(seconds=offset if how == "asof" else 0)
        version = {"newest": None, "number": index, "on": date, "asof": date}[how]
        match = "asof" if how == "asof" else "exact"
        found = find(rows, version, match, self.clock.second)

        def load(**more: Any) -> Any:
            return handle.document.load_artifact(name, version=version, match=match, **more)

        if found is None:
            refused(VersionNotFoundError if rows else (ValueError, VersionDeletedError), load)
        elif handle.document.artifacts[list(handle.mine).index(found.thing)].dirty:
            refused((ArtifactLoadError, FileNotFoundError), load)
        else:
            assert self.equal(load(), self.things[found.thing].value)
        if found is not None:
            assert handle.document.get_artifact_metadata(name, version, match)["version"] == found.number

    @rule(which=WHICH, name=NAMES, value=VALUES, fname=FILES, saved=st.booleans(), age=st.sampled_from((0, 0, 1, 7200)))
    def promote(self, which: int, name: str, value: Any, fname: str | None, saved: bool, age: float) -> None:
        """The artifact of an experiment, some time old, becomes the newest version."""
        handle, version = self.handles[which], Version(name, self.clock.second, deepcopy(value))
        project = Project(f"{self.folder}/runs-{self.number()}/project.json", mode="w+")
        with project.log("run") as run:
            run.log_artifact(name, value, self.handler, fname)
        if saved:
            project.save()
        self.clock.tick(age)
        if handle.mode == "r":
            refused(ReadOnlyError, lambda: run.promote_artifact(handle.document, name))
            return
        newest = max((row.created_at for row in self.rows(handle, name)), default=datetime.min)
        if version.created_at < newest:
            refused(ArtifactLogError, lambda: run.promote_artifact(handle.document, name))
        elif saved and self.conflicts(handle).conflicts:
            before = self.snapshot(handle.document)
            refused((ConflictError, ArtifactLogError), lambda: run.promote_artifact(handle.document, name))
            assert self.snapshot(handle.document) == before
        elif self.promoted(handle, run, version) and saved:
            self.saved(handle, self.merged(handle, "raise"))
            refused(ArtifactLogError, lambda: run.promote_artifact(handle.document, name))

    def promoted(self, handle: Handle, run: Any, version: Version) -> bool:
        """Promote; False if the version is of the same second as the newest and counts as not newer."""
        try:
            run.promote_artifact(handle.document, version.name)
        except ArtifactLogError:
            assert version.created_at == max(row.created_at for row in self.rows(handle, version.name))
            return False
        self.joined(handle, version)
        return True

    @rule()
    def release(self) -> None:
        """A release holds the newest version of each name and is found again."""
        tag = str(self.number())
        expected: list[tuple[str, int]] = []
        for name in sorted({self.things[thing].name for thing in self.disk}):
            rows = [self.row(thing, self.disk, self.keys[thing]) for thing in self.disk]
            rows = [row for row in rows if self.things[row.thing].name == name]
            if (row := find(rows, None, "exact", self.clock.second)) is not None:
                expected.append((name, row.number))
        fresh = self.open("r")
        assert release.create_release(fresh, tag).artifacts == expected
        if not self.disk:
            return
        path = json.dumps(f"{self.folder}/{self.file}")
        release.release_from_toml(f'[tool.lazyscribe]\nversion = "{tag}"\nrepositories = [{path}]\n')
        pairs: list[Any] = [list(pair) for pair in expected]
        self.releases.append(release.Release(tag, pairs, self.clock.second))
        with fresh.fs.open((fresh.dir / "releases.json").as_posix(), "r") as file:
            known = release.load(file)
        assert known == self.releases
        assert release.find_release(known, tag).artifacts == pairs

    # Steps of rules

    def may_change(self, handle: Handle, thing: int) -> bool:
        """Whether a version may expire or be taken out."""
        return handle.mode == "w+" or (handle.mode == "a" and thing not in handle.base)

    def joined(self, handle: Handle, version: Version) -> None:
        """Enter a version that was logged, under the next number of its name; a higher one if some were taken out."""
        thing, artifact = self.number(), handle.document.artifacts[-1]
        next_number = max((row.number for row in self.rows(handle, version.name)), default=-1) + 1
        assert artifact.name == version.name
        if artifact.dirty:
            out = self.gone | (handle.base.keys() - handle.mine.keys())
            burnt = any(self.things[each].name == version.name for each in out)
            assert artifact.version == next_number or (burnt and artifact.version > next_number)
            next_number = artifact.version
        self.things[thing], self.numbers[thing] = version, next_number
        handle.mine[thing] = {EXPIRY: None}

    def rows(self, handle: Handle, name: str) -> list[Row]:
        """Return the versions of a name in memory."""
        things = [thing for thing in handle.mine if self.things[thing].name == name]
        return [self.row(thing, handle.mine, self.keys.get(thing, self.numbers.get(thing))) for thing in things]

    def row(self, thing: int, state: State, number: Any) -> Row:
        """Return a version as look-ups see it."""
        return Row(self.things[thing].created_at, number, state[thing][EXPIRY], thing)
