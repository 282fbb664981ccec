"""Two handles on one file and a model agree, whatever is done in whatever order; unless something is broken."""

import subprocess
import sys
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

import lazyscribe
from lazyscribe import Repository, reconcile, sync
from lazyscribe.artifacts.json import JSONArtifact
from lazyscribe.store.local import LocalStore
from lazyscribe.testing.faults import Faults, stores_through
from lazyscribe.testing.machine import ProjectMachine, RepositoryMachine
from tests.compat.actor import Actor, attempt, interpreter
from tests.faults.tally import COMPLETE, Chosen, Tally

FOLDER = Path(lazyscribe.__file__).parents[1]
PROMISE = "hypothesis machine of two handles"

SETTINGS = settings(
    max_examples=300 if COMPLETE else 20,
    stateful_step_count=40 if COMPLETE else 25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
UNTIL_BROKEN = settings(
    SETTINGS, max_examples=1500, stateful_step_count=25, database=None, derandomize=True, phases=[Phase.generate]
)


class InMemory:
    """Lives in the memory of this process; calls of the store fail, and nobody is killed."""

    kills = False
    folder: str

    def new_folder(self) -> str:
        return f"memory://machine-{uuid.uuid4().hex}"

    def remove_folder(self) -> None:
        with suppress(FileNotFoundError):  # nothing was saved
            fsspec.filesystem("memory").rm(self.folder, recursive=True)

    def using(self, faults: Faults) -> AbstractContextManager[None]:
        return stores_through(faults)


class Pickles:
    """Keeps values that only pickles hold."""

    handler = "pickle"
    values = st.tuples(st.integers(), st.binary(max_size=4)) | st.frozensets(st.integers(0, 3)) | st.just(Path("x"))


class LocalRepository(RepositoryMachine):
    runs = 0


class LocalProject(ProjectMachine):
    runs = 0


class PickleRepository(Pickles, RepositoryMachine):
    runs = 0


class PickleProject(Pickles, ProjectMachine):
    runs = 0


class MemoryRepository(InMemory, RepositoryMachine):
    runs = 0


class MemoryProject(InMemory, ProjectMachine):
    runs = 0


MACHINES = [LocalRepository, LocalProject, PickleRepository, PickleProject, MemoryRepository, MemoryProject]


@pytest.mark.parametrize("machine", MACHINES)
def test_two_handles_and_a_model_agree(machine: Any, tally: Tally) -> None:
    """Whatever two handles do, die of and fail at, memory and disk are what the model says."""
    run_state_machine_as_test(machine, settings=SETTINGS)  # type: ignore[no-untyped-call]
    tally(PROMISE, "ours", machine.runs, 0)


# That the machine finds what is broken


class Forgetful(JSONArtifact):
    """Loses the second element of a list."""

    alias: ClassVar[str] = "forgetful"

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        super().write(obj[:1] if isinstance(obj, list) else obj, buf, **kwargs)


class ForgetfulRepository(RepositoryMachine):
    handler = "forgetful"


def without_merging(patch: pytest.MonkeyPatch) -> None:
    """Whoever saves last wipes out what others saved."""
    merge_rows = reconcile.merge_rows

    def alone(document: Any, entries: Any, rows: Any, data: Any, prefer: Any) -> Any:
        return merge_rows(document, entries, rows, document._manifest.data, prefer)

    patch.setattr(sync, "merge_rows", alone)


def without_notes(patch: pytest.MonkeyPatch) -> None:
    """What one deleted is put back by the other."""
    patch.setattr(reconcile, "deleted_by_others", lambda document, data, keys: set())


def swapping_in_two_steps(patch: pytest.MonkeyPatch) -> None:
    """The manifest is empty for a moment."""
    swap = LocalStore._swap

    def torn(self: LocalStore, key: str, data: bytes, expected: Any, *begun: Any) -> Any:
        path = Path(self.describe(key))
        if expected is not None:
            path.write_bytes(b"")
            expected = b""
        return swap(self, key, data, expected, *begun)

    patch.setattr(LocalStore, "_swap", torn)


def replacing_what_is_there(patch: pytest.MonkeyPatch) -> None:
    """A file that exists is created once more, over the first."""
    create = LocalStore._create

    def over(self: LocalStore, key: str, named: Any, *begun: Any) -> Any:
        self.delete(key)
        return create(self, key, named, *begun)

    patch.setattr(LocalStore, "_create", over)


BROKEN = [
    *((broken, RepositoryMachine) for broken in (without_merging, without_notes, swapping_in_two_steps)),
    *((broken, ProjectMachine) for broken in (without_merging, replacing_what_is_there)),
]


@pytest.mark.parametrize(("broken", "machine"), BROKEN)
def test_what_is_broken_is_found(
    broken: Callable[[pytest.MonkeyPatch], None], machine: type[RuleBasedStateMachine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library that does not merge, that forgets deletions, tears its manifest or overwrites files is found out."""
    broken(monkeypatch)
    with pytest.raises(Exception):  # noqa: B017 - whatever meets the damage first
        run_state_machine_as_test(machine, settings=UNTIL_BROKEN)  # type: ignore[no-untyped-call]


def test_handler_that_loses_something_is_found() -> None:
    """A handler of which another value comes back is found out."""
    with pytest.raises(AssertionError):
        run_state_machine_as_test(ForgetfulRepository, settings=UNTIL_BROKEN)  # type: ignore[no-untyped-call]


# 2.2, by the part of the program that it knows


def sequence(seed: int, steps: int) -> dict[str, Any]:
    """Do some steps with two handles on one file; tell which saved values are not to be found at the end.

    Dates are given and file names are never alike, since within one second 2.2 is at fault for another reason.
    """
    import random

    chance = random.Random(seed)
    path, start = f"{seed}/repository.json", datetime(2025, 1, 1)
    Path(str(seed)).mkdir()
    handles = [Repository(path, mode="w+"), Repository(path, mode="w+")]
    unsaved: list[list[int]] = [[], []]
    saved: list[int] = []
    for step in range(steps):
        which = chance.randrange(2)
        repository = handles[which]
        action = chance.choice(["log", "log", "log", "save", "save", "reopen", "expire", "look up"])
        if action == "log":
            repository.log_artifact(chance.choice("ab"), step, "json", fname=f"{step}.json")
            repository.artifacts[-1].created_at = start + timedelta(days=step)
            unsaved[which].append(step)
        elif action == "save":
            if "gives" in attempt(repository.save):
                saved += unsaved[which]
            else:  # two expiries of one version: ours tells
                handles[which] = Repository(path, mode="w+")
            unsaved[which] = []
        elif action == "reopen":
            handles[which] = Repository(path, mode="w+")
            unsaved[which] = []
        elif action == "expire" and repository.artifacts:
            chosen = chance.choice(list(repository.artifacts))
            attempt(repository.set_artifact_expiry, chosen.name, chosen.version, expiry=start + timedelta(days=step))
        elif action == "look up":
            attempt(repository.load_artifact, "a", version=start + timedelta(days=step), match="asof")
    fresh = Repository(path, mode="r")
    found = [fresh.load_artifact(each.name, version=each.created_at) for each in fresh.artifacts]
    numbers = [(each.name, each.version) for each in fresh.artifacts]
    return {"lost": sorted(set(saved) - set(found)), "twice": len(numbers) - len(set(numbers))}


def test_22_loses_what_two_handles_save(chosen: Chosen, tmp_path: Path, tally: Tally) -> None:
    """The same kind of program finds that 2.2 loses versions, and that ours loses none."""
    seeds = chosen(range(400), 40)
    for release, python in (("2.2", interpreter("LAZYSCRIBE_22_PYTHON")), ("ours", sys.executable)):
        folder = tmp_path / release
        folder.mkdir()
        with Actor(release, python, LAZYSCRIBE_DURABILITY="relaxed") as actor:
            told = [actor(sequence, folder, seed=seed, steps=30) for seed in seeds]
        damaged = sum(bool(each["lost"] or each["twice"]) for each in told)
        assert (damaged > 0) is (release == "2.2"), told
        tally(PROMISE, release, len(seeds), damaged)


def test_without_hypothesis(tmp_path: Path) -> None:
    """Where hypothesis is not installed, importing the machines says which extra brings it."""
    program = "import sys; sys.modules['hypothesis'] = None; import lazyscribe.testing.machine"
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, cwd=FOLDER)
    assert done.returncode == 1
    assert "ImportError: " in done.stderr
    assert "lazyscribe[testing]" in done.stderr
