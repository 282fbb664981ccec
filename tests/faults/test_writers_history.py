"""Many writers at once, each with a log of what it was told: all of it is there, once, and where it was told."""

import json
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Repository
from lazyscribe.testing.history import Log, check, log_experiment
from lazyscribe.testing.writers import among_kills, in_processes, in_threads
from tests.commit.states import damaged, open_project, open_repository
from tests.faults.tally import COMPLETE, Chosen, Tally

WRITERS = 8

OPEN: dict[str, Callable[..., Any]] = {"versions": open_repository, "experiments": open_project}


def turns(full: int, kind: str, what: str) -> int:
    """Return how often each writer saves: in a sample, less often where it takes long."""
    if COMPLETE or (kind == "versions" and what.startswith("one object")):
        return full
    return full // 2 if kind == "versions" else full // 5


class Folder:
    """Where writers of one kind of document save, and where their logs are."""

    def __init__(self, place: Path, kind: str) -> None:
        self.place, self.logs, self.kind = place / "place", place / "logs", kind
        self.place.mkdir()
        self.logs.mkdir()
        with self.log("first") as log:
            self.save(log, self.open(), -1)

    def open(self, mode: str = "w+") -> Any:
        return OPEN[self.kind](self.place, mode)

    def log(self, writer: object) -> Log:
        return Log(self.logs / f"{writer}.jsonl")

    def save(self, log: Log, document: Any, value: int) -> None:
        if isinstance(document, Repository):
            log.save_version(document, "a", value)
        else:
            log.save_experiment(document, "run", value)

    def check(self) -> int:
        """Return how many saves the writers acknowledged, each of which is there as it was told."""
        fresh = self.open("r")
        assert check(fresh, self.logs) == ""
        assert fresh.verify().ok
        assert damaged(fresh.fpath) == []
        counts = []
        for writer in range(WRITERS):
            with self.log(writer) as log:
                counts.append(log.acknowledged)
        return sum(counts)


@pytest.fixture(params=OPEN)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    return Folder(tmp_path, request.param)


@pytest.fixture(params=[None, "relaxed"] if COMPLETE else [None], ids=str)
def durability(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let saves wait for the disk, in a complete run also not: then other moments come together."""
    if request.param:
        monkeypatch.setenv("LAZYSCRIBE_DURABILITY", request.param)


@pytest.mark.usefixtures("durability")
@pytest.mark.parametrize("what", ["one object each", "a pickled copy each", "a new object for each save"])
def test_processes(folder: Folder, what: str, tally: Tally) -> None:
    """Eight processes save 25 versions or experiments of one name each: none is lost, doubled or numbered anew."""
    each, copy = turns(25, folder.kind, what), pickle.dumps(folder.open())

    def work(writer: int) -> None:
        document = pickle.loads(copy) if what == "a pickled copy each" else folder.open()
        with folder.log(writer) as log:
            for turn in range(each):
                if what == "a new object for each save":
                    document = folder.open("a")
                folder.save(log, document, 1000 * writer + turn)

    assert in_processes(WRITERS, work) == [0] * WRITERS
    saves = folder.check()
    assert saves == WRITERS * each
    tally(f"8 processes × {each} {folder.kind}, {what}", "ours", saves, 0)


@pytest.mark.usefixtures("durability")
@pytest.mark.parametrize("what", ["one object", "one object each"])
def test_threads(folder: Folder, what: str, tally: Tally) -> None:
    """Eight threads save 20 versions or experiments of one name each, with one object or one each: none is lost."""
    each, one = turns(20, folder.kind, what), folder.open()

    def work(writer: int) -> None:
        document = one if what == "one object" else folder.open()
        with folder.log(writer) as log:
            for turn in range(each):
                folder.save(log, document, 1000 * writer + turn)

    assert in_threads(WRITERS, work) == [None] * WRITERS
    saves = folder.check()
    assert saves == WRITERS * each
    if what == "one object":
        assert check(one, folder.logs) == ""
    tally(f"8 threads × {each} {folder.kind}, {what}", "ours", saves, 0)


@pytest.mark.usefixtures("durability")
def test_kills_among_them(folder: Folder, chosen: Chosen, tally: Tally) -> None:
    """Processes that are killed at random moments cost at most what they had not been told was saved, and no wait."""
    each, looks = turns(25, folder.kind, "kills"), 0
    kills, enough = 40 if COMPLETE else 10, folder.logs / "enough"

    def work(writer: int) -> None:
        document = folder.open()
        with folder.log(writer) as log:
            while log.acknowledged < each or not enough.exists():
                folder.save(log, document, 1000 * writer + log.begun)

    def look() -> None:
        nonlocal looks
        looks += 1
        if looks > kills:
            enough.touch()
        report = folder.open("r").verify()
        assert report.ok, report

    killed = among_kills(WRITERS, work, kills, chosen.random, look)
    assert killed == kills
    saves = folder.check()
    assert saves >= WRITERS * each
    tally(f"8 processes × {each} {folder.kind}, SIGKILL among them", "ours", saves, 0, f"{killed} killed")


@pytest.mark.parametrize("saving", [False, True], ids=["unsaved", "saved"])
def test_project_that_workers_bring_back(saving: bool, tmp_path: Path, tally: Tally) -> None:
    """Eight workers get a pickled project and give one back, saved or not; merged, it holds what each has logged."""
    folder = Folder(tmp_path, "experiments")
    project = folder.open()
    copy = pickle.dumps(project)

    def work(writer: int) -> None:
        mine = pickle.loads(copy)
        with folder.log(writer) as log:
            for turn in range(5):
                value = 1000 * writer + turn
                if saving:
                    log.save_experiment(mine, f"run {writer} {turn}", value)
                    continue
                log.begin(f"run {writer} {turn}", value)
                run = log_experiment(mine, f"run {writer} {turn}", value)
                log.acknowledge(run.name, run.slug, value)
        (tmp_path / f"{writer}.pickle").write_bytes(pickle.dumps(mine))

    assert in_processes(WRITERS, work) == [0] * WRITERS
    brought = [pickle.loads((tmp_path / f"{writer}.pickle").read_bytes()) for writer in range(WRITERS)]
    merged = project.merge(*brought)
    merged.save()
    assert folder.check() == WRITERS * 5
    assert check(merged, folder.logs) == ""
    assert len(project.experiments) == 1
    tally("a pickled project that 8 workers bring back", "ours", 8 * 5, 0)


# What the check finds


@pytest.fixture
def told(tmp_path: Path) -> Folder:
    """A repository of four versions, saved by two writers in turns."""
    folder = Folder(tmp_path, "versions")
    for value in range(4):
        with folder.log(value % 2) as log:
            folder.save(log, folder.open(), value)
    assert folder.check() == 4
    return folder


def rewrite(folder: Folder, change: Callable[[list[Any]], object]) -> str:
    """Change the records behind everybody's back; return what the check then says, warnings aside."""
    manifest = folder.open("r").fpath
    records = json.loads(manifest.read_bytes())
    change(records)
    manifest.write_text(json.dumps(records), "utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return check(folder.open("r"), folder.logs)


def numbered(records: list[Any], *numbers: int) -> None:
    for record, number in zip(records, numbers, strict=True):
        record["version"] = number


DAMAGE: dict[str, tuple[Callable[[list[Any]], object], list[str]]] = {
    "lost in the middle": (lambda records: records.pop(1), ["no version 1, and has 4", "0 of 'a' is lost"]),
    "lost at the end": (lambda records: records.pop(), ["3 of 'a' is lost: it was acknowledged as 4"]),
    "doubled": (lambda records: records.append({**records[2], "version": 5}), ["1 of 'a' is there 2 times: 2, 5"]),
    "renumbered": (
        lambda records: numbered(records, 0, 1, 2, 4, 3),
        ["2 of 'a' was acknowledged as 3 and is 4 now", "3 of 'a' was acknowledged as 4 and is 3 now"],
    ),
    "numbered twice": (lambda records: numbered(records, 0, 1, 2, 3, 3), ["'a' has 2 versions 3", "2 of 'a' is lost"]),
    "out of turn": (lambda records: numbered(records, 0, 3, 2, 1, 4), ["0.jsonl has begun 0 of 'a' before 2"]),
    "the file of another": (
        lambda records: records[1].update(fname=records[2]["fname"]),
        ["0 of 'a' is lost", "1 of 'a' is there 2 times"],
    ),
    "without a file": (lambda records: records[1].update(fname="none.json"), ["version 1 of 'a' cannot be loaded"]),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_check_finds(what: str, told: Folder) -> None:
    """A history with a lost, doubled, renumbered or mixed up value is told, and which value it is."""
    change, expected = DAMAGE[what]
    found = rewrite(told, change)
    assert [each for each in expected if each not in found] == [], found


def test_check_finds_what_nobody_wrote(told: Folder) -> None:
    """A value that is in no log is told; one that was only begun may be there, once, or not."""
    repository = told.open()
    repository.log_artifact("a", "stranger", "json")
    repository.save()
    assert check(told.open("r"), told.logs) == "\"stranger\" of 'a', which is 5, was written by nobody"
    with told.log("killed") as log:
        log.begin("a", "stranger")
        log.begin("a", "never")
    assert check(told.open("r"), told.logs) == ""
    repository.log_artifact("a", "stranger", "json")
    repository.save()
    assert check(told.open("r"), told.logs) == "\"stranger\" of 'a' is there 2 times: 5, 6"


def test_log_that_was_cut_off(told: Folder) -> None:
    """A line that a kill has cut off is none, also when a writer goes on after it; another damaged line is told."""
    log = told.logs / "0.jsonl"
    log.write_bytes(log.read_bytes() + b'\n{"event": "beg')
    assert check(told.open("r"), told.logs) == ""
    with told.log(0) as again:
        assert (again.begun, again.acknowledged) == (2, 2)
        told.save(again, told.open(), 4)
        assert (again.begun, again.acknowledged) == (3, 3)
    assert check(told.open("r"), told.logs) == ""
    log.write_bytes(log.read_bytes().replace(b'"value": 0', b'"value"; 0'))
    found = check(told.open("r"), told.logs)
    assert found.count("of 0.jsonl is no event") == 2
    assert "0 of 'a', which is 1, was written by nobody" in found


def lose(records: list[Any]) -> None:
    records.pop(1)


def mix(records: list[Any]) -> None:
    records[1]["parameters"], records[2]["parameters"] = records[2]["parameters"], records[1]["parameters"]


def share(records: list[Any]) -> None:
    records[1]["slug"] = records[2]["slug"]


def strip(records: list[Any]) -> None:
    records[1]["tests"] = []


def turn_round(records: list[Any]) -> None:
    records.reverse()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lose, "is lost"),
        (mix, "mixes the values 0, 1"),
        (share, "2 experiments have the slug"),
        (strip, "cannot be read"),
        (turn_round, "0.jsonl has begun 0 of 'run' before 2"),
    ],
)
def test_check_finds_in_a_project(change: Callable[[list[Any]], None], expected: str, tmp_path: Path) -> None:
    """An experiment that is lost, mixed up with another, damaged or out of turn is told."""
    folder = Folder(tmp_path, "experiments")
    for value in range(4):
        with folder.log(value % 2) as log:
            folder.save(log, folder.open(), value)
    assert folder.check() == 4
    assert expected in rewrite(folder, change)
