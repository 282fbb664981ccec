"""Looking back gives what a replay by brute force gives, and nothing that happens later changes it.

Two handles and a program without a journal work on one file. After each commit the whole file is kept; the brute force
goes through these copies, and knows nothing of entries.
"""

import json
import warnings
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from lazyscribe import Repository
from lazyscribe.exception import LazyscribeError, SaveError, VersionNotFoundError
from tests.clock import START, Clock
from tests.history.support import foreign

NAMES = st.sampled_from("ab")
WHICH = st.integers(0, 1)
INDEX = st.integers(0, 5)
ALIASES = st.sampled_from(["p", "q"])
LIMIT = 3
"""Entries with files of their own, and packs of a level: so few that all of it happens."""

Rows = dict[tuple[str, str], tuple[int, str, str | None]]
"""Number, date and expiry of versions, by name and file name."""


class Copy(NamedTuple):
    """What was there just before a commit, and after it."""

    second: str
    found: Rows
    rows: Rows
    aliases: dict[tuple[str, str], int]


class Answer(NamedTuple):
    rows: Rows
    aliases: dict[tuple[str, str], int]
    newest: dict[str, int | None]


def text(date: datetime) -> str:
    return date.isoformat()[:19]


class TwoHandlesAndAProgram(RuleBasedStateMachine):
    """Whatever they do, `at` answers as the copies of the file do."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setenv("LAZYSCRIBE_DURABILITY", "relaxed")
        self.patch.setattr("lazyscribe.journal.log.LOOSE", LIMIT)
        self.patch.setattr("lazyscribe.journal.log.PACKS", LIMIT)
        self.clock = Clock(self.patch)
        self.folder = TemporaryDirectory()
        self.file = Path(self.folder.name, "repository.json")
        self.copies: list[Copy] = []
        self.held: Rows = {}
        self.answers: dict[tuple[str | None, str], Answer] = {}
        self.written = self.steps = 0

    def teardown(self) -> None:
        self.patch.undo()
        self.folder.cleanup()

    @initialize(before=st.integers(0, 2))
    def begin(self, before: int) -> None:
        """Some versions are there; then one of ours saves for the first time."""
        self.file.write_text(json.dumps([self.strange("a", -3600 * number) for number in range(before)]))
        self.held = self.rows()
        self.clock.tick(seconds=5)
        self.handles = [self.open(), self.open()]
        self.moves: list[dict[tuple[str, str], Any]] = [{}, {}]
        self.handles[0].log_artifact("a", 0, "json")
        self.save(0)

    def open(self) -> Repository:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Repository(self.file)

    def strange(self, name: str, age: float) -> dict[str, Any]:
        """Return a version that another program writes, of some age."""
        self.written += 1
        return foreign(name, 100 + self.written, text(self.clock.now + timedelta(seconds=age)))

    def rows(self) -> Rows:
        records = json.loads(self.file.read_bytes()) if self.file.exists() else []
        return {
            (each["name"], each["fname"]): (each["version"], each["created_at"], each["expiry"]) for each in records
        }

    # What they do

    @rule(which=WHICH, name=NAMES)
    def log(self, which: int, name: str) -> None:
        self.handles[which].log_artifact(name, 0, "json")

    @rule(which=WHICH, index=INDEX, offset=st.sampled_from((-7200, 0, 3, 7200)))
    def expire(self, which: int, index: int, offset: float) -> None:
        if (chosen := self.chosen(which, index)) is not None:
            self.handles[which].artifacts[chosen].expiry = self.clock.now + timedelta(seconds=offset)

    @rule(which=WHICH, index=INDEX)
    def delete(self, which: int, index: int) -> None:
        """Take a version out, unless an alias is on its way to it."""
        if (chosen := self.chosen(which, index)) is None:
            return
        artifact = self.handles[which].artifacts[chosen]
        if not any(target is artifact for target in self.moves[which].values()):
            del self.handles[which].artifacts[chosen]

    def chosen(self, which: int, index: int) -> int | None:
        count = len(self.handles[which].artifacts)
        return index % count if count else None

    @rule(which=WHICH, index=INDEX, alias=ALIASES)
    def move(self, which: int, index: int, alias: str) -> None:
        if (chosen := self.chosen(which, index)) is None:
            return
        repository = self.handles[which]
        artifact = repository.artifacts[chosen]
        try:
            repository.set_alias(artifact.name, alias, artifact.version)
        except VersionNotFoundError:  # two versions of one number, since the other program does not look
            return
        self.moves[which][artifact.name, alias] = artifact

    @rule(which=WHICH, name=NAMES, alias=ALIASES)
    def remove(self, which: int, name: str, alias: str) -> None:
        try:
            self.handles[which].remove_alias(name, alias)
        except VersionNotFoundError:
            return
        self.moves[which][name, alias] = None

    @rule(which=WHICH)
    def save(self, which: int) -> None:
        """Save, and keep what is there afterwards if it was a commit."""
        repository, found = self.handles[which], self.rows()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what was dropped is put back
            try:
                repository.save(on_conflict="ours")
            except SaveError:  # an alias was to point to what others have deleted
                self.handles[which], self.moves[which] = self.open(), {}
                return
        entries = repository.history()
        if len(entries) == len(self.copies):
            assert not self.copies or self.rows() == self.copies[-1].rows
            self.moves[which] = {}
            return
        assert len(entries) == len(self.copies) + 1, "one commit, one entry"
        aliases = dict(self.copies[-1].aliases) if self.copies else {}
        for key, artifact in self.moves[which].items():
            aliases.pop(key, None)
            if artifact is not None:
                aliases[key] = artifact.version
        self.moves[which] = {}
        self.copies.append(Copy(text(entries[-1].at), found, self.rows(), aliases))

    @rule(which=WHICH)
    def reload(self, which: int) -> None:
        self.handles[which].reload(on_conflict="ours")

    @rule(seconds=st.sampled_from((1, 2, 3600)))
    def tick(self, seconds: float) -> None:
        self.clock.tick(seconds=seconds)

    @rule(name=NAMES, age=st.sampled_from((0, -1, -5000)))
    def other_adds(self, name: str, age: float) -> None:
        self.other(lambda records: records.append(self.strange(name, age)))

    @rule(index=INDEX)
    def other_drops(self, index: int) -> None:
        self.other(lambda records: records and records.pop(index % len(records)))

    @rule(index=INDEX)
    def other_expires(self, index: int) -> None:
        self.other(lambda records: records and records[index % len(records)].update(expiry=text(self.clock.now)))

    def other(self, change: Any) -> None:
        """Do it, unless it leaves nothing of the last commit.

        Whoever opens the file then cannot tell that there was one: a caveat of the design, not looked at here.
        """
        before = self.file.read_bytes()
        records = json.loads(before)
        change(records)
        self.file.write_text(json.dumps(records, indent=4, sort_keys=True))
        if len(self.open().history()) != len(self.copies):
            self.file.write_bytes(before)

    # What must hold

    @precondition(lambda self: self.copies)
    @invariant()
    def looking_back(self) -> None:
        """By dates and by numbers, from both handles and a new one, and as before."""
        repositories = [*self.handles, self.open()]
        for turn, (valid, known) in enumerate(self.moments()):
            repository = repositories[turn % 3]
            assert self.ask(repository, valid, known) == self.replay(valid, known), (valid, known)
        for valid, known in list(self.answers)[self.steps % 4 :: 4]:
            answer, now = self.answers[valid, known], self.ask(repositories[2], valid, known)
            if valid is None:  # now is later than it was: what was the newest may have expired
                answer = answer._replace(newest=now.newest)
            assert now == answer, "an answer has changed"
        for valid in (None, text(self.clock.now)):
            earlier = text(self.clock.now - timedelta(seconds=1))
            if self.copies[0].second <= earlier and len(self.answers) < 12:
                self.answers[valid, earlier] = self.ask(repositories[0], valid, earlier)

    def moments(self) -> Iterator[tuple[str | None, str | int]]:
        """Yield some, other ones each time."""
        dates = sorted({copy.second for copy in self.copies[-5:]} | {text(START - timedelta(seconds=1))})
        place = self.steps = self.steps + 1
        known: list[str | int] = [*dates, *range(max(1, len(self.copies) - 4), len(self.copies) + 1)]
        for step in range(4):
            yield [None, text(self.clock.now), *dates][(place + step) % (len(dates) + 2)], known[place * 3 % len(known)]
            place = place * 7 + step

    def ask(self, repository: Repository, valid: str | None, known: str | int) -> Answer:
        then = repository.at(valid=valid, known=known)
        rows, newest = {}, {}
        for each in then:
            rows[each["name"], each["fname"]] = each["version"], each["created_at"], each["expiry"]
        for name in "ab":
            try:
                newest[name] = then.get_artifact_metadata(name)["version"]
            except LazyscribeError:
                newest[name] = None
        aliases = {(name, alias): version for name in "ab" for alias, version in then.aliases(name).items()}
        return Answer(rows, aliases, newest)

    def replay(self, valid: str | None, known: str | int) -> Answer:
        """Return what the copies of the file say."""
        if isinstance(known, int):
            copies = self.copies[:known]
        else:
            copies = [copy for copy in self.copies if copy.second <= known]
        if copies:
            states = [self.held, *(state for copy in copies for state in (copy.found, copy.rows))]
            rows = {key: row for state in states for key, row in state.items()}
            rows = {key: row for key, row in rows.items() if self.stands(key, copies, valid)}
        else:
            rows = {key: row for key, row in self.held.items() if row[1] <= str(known)}
        rows = {key: row for key, row in rows.items() if valid is None or row[1] <= valid}
        now, newest = valid or text(self.clock.now), dict[str, int | None]()
        for name in "ab":
            alive = [row for key, row in rows.items() if key[0] == name and (row[2] is None or row[2] > now)]
            newest[name] = max(alive, key=lambda row: (row[1], row[0]))[0] if alive else None
        moved = [copy.aliases for copy in copies if valid is None or copy.second <= valid]
        return Answer(rows, moved[-1] if moved else {}, newest)

    def stands(self, key: tuple[str, str], copies: list[Copy], valid: str | None) -> bool:
        """Whether it is there at `valid`: it was not taken out by then, or was put back."""
        states = [("", self.held), *((copy.second, state) for copy in copies for state in (copy.found, copy.rows))]
        since = next(place for place, (_, state) in enumerate(states) if key in state)
        told = [key in state for second, state in states[since:] if valid is None or second <= valid]
        return told[-1] if told else True


def test_looking_back_is_a_replay() -> None:
    """For any sequence of what two handles and another program do."""
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        TwoHandlesAndAProgram, settings=settings(max_examples=60, stateful_step_count=30, deadline=None)
    )
