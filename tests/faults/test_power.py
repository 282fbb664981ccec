"""The power goes after any call of everything that writes: what is left is whole, and what was saved is there."""

import errno
import hashlib
import pickle
import shutil
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

import pytest

from lazyscribe.testing.calls import CHANGING, OPENING, QuickCalls, WatchedCalls, through
from lazyscribe.testing.faults import Faults, Strike, die, fail
from lazyscribe.testing.power import Cut, Event, Folder, RecordingCalls, cuts
from lazyscribe.testing.power_events import Create, Link, Mkdir, Rename, Sync, SyncDir
from lazyscribe.testing.writers import in_threads
from tests.commit.scenes import SCENES, Append, First, Release, Replace, Scene
from tests.commit.states import damaged, facts_file, files_of, open_project, open_repository, records_of, told_of
from tests.faults.tally import COMPLETE, Chosen, Tally
from tests.faults.test_every_call import again, left_by_kill

PROMISE = "power cut after any prefix of calls"

RETURNED = "the work returned"

COMBINATIONS = 256 if COMPLETE else 32
"""Of losses that are tried after each prefix."""

SAVES = 6 if COMPLETE else 3
"""Of each series."""

SERIES_SAMPLE = 80
"""Cuts of a series that `make test` tries."""

SAMPLE = 6
"""Calls of each scene that `make test` interrupts before the power goes."""

INTERRUPTED = CHANGING | {"fsync", "fsync_dir"}


class FailingRecorder(WatchedCalls, RecordingCalls):
    """Calls that are recorded, and may fail."""

    def __init__(self, strike: Strike) -> None:
        RecordingCalls.__init__(self)
        self.faults = Faults(strike)
        told = self.faults.told
        WatchedCalls.__init__(self, lambda _, name: told("before", name), lambda _, name: told("after", name))


class Recorded:
    """A scene whose work is done, or was interrupted, and the calls that it made.

    The scene's folder lies in `disk`, and may be made by the work itself.
    """

    def __init__(self, kind: type[Scene], disk: Path, strike: Strike = lambda when, number, name: None) -> None:
        disk.mkdir()
        self.disk, self.calls = disk, FailingRecorder(strike)
        with through(self.calls):
            self.scene = kind(disk / "scene")
            self.before = Folder.read(disk)
            self.files = files_of(self.scene.folder)
            self.records = list(records_of(self.scene.folder / self.scene.manifest))
            self.calls.events.clear()
            self.calls.faults.armed = True
            try:
                self.scene.work()
            except Exception as error:
                self.error: Exception | None = error
            else:
                self.error = None
            self.calls.faults.armed = False
        if self.error is None:
            self.calls.mark(RETURNED)

    def cuts(self, events: Iterable[Event] | None = None) -> list[Cut]:
        """Every power cut while these events happen, by default those that did."""
        return list(cuts(self.before, self.calls.events if events is None else events, samples=COMBINATIONS))

    def check(self, cut: Cut) -> None:
        """Look at what is left by a cut."""
        put_back(cut, self.disk)
        left_by_kill(self.scene, self.files, self.records)
        for path in damaged(self.scene.folder / self.scene.manifest):
            assert not self.has_changed(path) or waits(self.scene.folder, path), "what is to replace it is there"
        same_as_source(self.scene.folder)
        if RETURNED in cut.after:
            self.scene.check()

    def go_on(self) -> None:
        """Do more work, which must not harm what is left by a cut."""
        with through(QuickCalls()):
            self.scene.goes_on()
        left_by_kill(self.scene, self.files, self.records)

    def has_changed(self, path: Path) -> bool:
        """Whether the record of this file is another one now."""
        return dict(records_of(self.scene.folder / self.scene.manifest))[path] != dict(self.records)[path]

    def does_harm(self, cut: Cut) -> bool:
        """Whether something is lost or damaged, be it that it cannot be read at all."""
        try:
            self.check(cut)
        except Exception:
            return True
        return False


def put_back(cut: Cut, disk: Path) -> None:
    """Let what is left by a cut be what is there."""
    shutil.rmtree(disk)
    cut.restore(disk)


def waits(folder: Path, path: Path) -> bool:
    """Whether the file that is to replace `path` is whole."""
    digests = {told["sha256"] for told in told_of(folder, path)}
    staged = (folder / ".lazyscribe/staged").glob("*")
    return not digests.isdisjoint(hashlib.sha256(each.read_bytes()).hexdigest() for each in staged)


def same_as_source(folder: Path) -> None:
    """What a release exported is what the repository holds."""
    for path, _ in records_of(folder / "out/repository.json"):
        assert path.read_bytes() == (folder / path.relative_to(folder / "out")).read_bytes()


class Delete(Append):
    """As `Append`, and somebody who still has in memory what was deleted saves afterwards."""

    def prepare(self) -> None:
        super().prepare()
        self.bystander = pickle.dumps(open_repository(self.folder))

    def check(self) -> None:
        super().check()
        late = pickle.loads(self.bystander)
        late.log_artifact("late", 1, "json")
        late.save()
        assert {each.name for each in open_repository(self.folder, "r").artifacts} == {"a", "late"}


@pytest.mark.parametrize("kind", [*SCENES, Delete])
def test_power_cut(tmp_path: Path, kind: type[Scene], tally: Tally) -> None:
    """Whatever was not synced is lost, each by itself, or half of it: files are whole, and nothing that was there goes.

    Once the work has returned everything of it is there. Afterwards one can go on.
    """
    done = Recorded(kind, tmp_path / "disk")
    every = done.cuts()
    assert {cut.after for cut in every} == {(), (RETURNED,)}
    for cut in every:
        done.check(cut)
        done.go_on()
    tally(PROMISE, "ours", len(every), 0)


def saved_versions(folder: Path, number: int) -> None:
    repository = open_repository(folder)
    repository.log_artifact("a", number, "json")
    repository.log_artifact(f"b{number}", number, "pickle", fname=f"sub/{number}")
    repository.save()


def loaded_versions(folder: Path) -> set[int]:
    repository = open_repository(folder, "r")
    assert all(
        repository.load_artifact(each.name) == int(each.name[1:]) for each in repository.artifacts[:] if each.name > "b"
    )
    found = {repository.load_artifact("a", version=each.version) for each in repository.artifacts if each.name == "a"}
    assert found == {int(each.name[1:]) for each in repository.artifacts if each.name > "b"}
    return found


def saved_experiments(folder: Path, number: int) -> None:
    project = open_project(folder)
    with project.log("run") as run:
        run.slug = f"run-{number}"
        run.log_artifact("a", number, "json")
        with run.log_test("t") as test:
            test.log_artifact("b", number, "pickle")
    for experiment in project.experiments:
        experiment.log_metric(f"m{number}", number)
    project.save()


def loaded_experiments(folder: Path) -> set[int]:
    runs = list(open_project(folder, "r").experiments)
    found = {run.load_artifact("a") for run in runs}
    assert found == {run.tests[0].load_artifact("b") for run in runs} == {int(run.slug[4:]) for run in runs}
    assert all(f"m{number}" in run.metrics for run in runs for number in found if f"run-{number}" == run.slug)
    return found


SERIES = [
    pytest.param(saved_versions, loaded_versions, "repository.json", id="repository"),
    pytest.param(saved_experiments, loaded_experiments, "project.json", id="project"),
]

Save = Callable[[Path, int], None]
Load = Callable[[Path], set[int]]


def series(disk: Path, save: Callable[[Path, int], None], at_once: bool = False) -> tuple[Folder, list[Event]]:
    """Save so often, and mark each that has returned with its number."""
    disk.mkdir()
    before, calls = Folder.read(disk), RecordingCalls()

    def work(number: int) -> None:
        save(disk / "logs", number)
        calls.mark(str(number))

    with through(calls):
        answers = in_threads(SAVES, work) if at_once else [work(number) for number in range(SAVES)]
    assert answers == [None] * SAVES
    return before, calls.events


@pytest.mark.parametrize("at_once", [False, True], ids=["in turns", "at once"])
@pytest.mark.parametrize(("save", "load", "manifest"), SERIES)
def test_series_of_saves(
    tmp_path: Path, save: Save, load: Load, manifest: str, at_once: bool, chosen: Chosen, tally: Tally
) -> None:
    """Every save that returned before a power cut is there after it, whole, whoever else was saving."""
    disk = tmp_path / "disk"
    every = chosen(cuts(*series(disk, save, at_once), samples=COMBINATIONS), SERIES_SAMPLE)
    for cut in every:
        put_back(cut, disk)
        assert damaged(disk / "logs" / manifest) == []
        assert load(disk / "logs") >= set(map(int, cut.after)), cut
    tally(PROMISE, "ours", len(every), 0)


def interrupted(kind: type[Scene], disk: Path, when: str, chosen: Chosen) -> list[int]:
    """Return the numbers of those calls of a scene that are interrupted."""
    names = Recorded(kind, disk).calls.faults.names
    shutil.rmtree(disk)
    some = INTERRUPTED if when == "before" else INTERRUPTED - OPENING
    return chosen([number for number, name in enumerate(names) if name in some], SAMPLE)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", SCENES)
def test_error_and_power_cut(tmp_path: Path, kind: type[Scene], when: str, chosen: Chosen, tally: Tally) -> None:
    """Work that met an error, of a sync too, and was done again with success is there after a power cut."""
    runs = 0
    for number in interrupted(kind, tmp_path / "disk", when, chosen):
        done = Recorded(kind, tmp_path / "disk", fail(number, errno.EIO, when))
        if done.error is not None:
            with through(done.calls):
                again(done.scene, done.error)
            done.calls.mark(RETURNED)
        for cut in done.cuts():
            if RETURNED in cut.after:
                runs += 1
                done.check(cut)
        shutil.rmtree(tmp_path / "disk")
    tally("an error at the k-th call, the same again, then a power cut", "ours", runs, 0)


@pytest.mark.parametrize("kind", SCENES)
def test_kill_and_power_cut(tmp_path: Path, kind: type[Scene], chosen: Chosen, tally: Tally) -> None:
    """What somebody saved after another was killed is there after a power cut."""
    runs = 0
    for number in interrupted(kind, tmp_path / "disk", "before", chosen):
        done = Recorded(kind, tmp_path / "disk", die(number))
        with through(done.calls):
            done.scene.goes_on()
        done.calls.mark("saved")
        saved = named(done.scene)
        for cut in done.cuts():
            if "saved" in cut.after:
                runs += 1
                put_back(cut, done.disk)
                left_by_kill(done.scene, done.files, done.records)
                assert {path: path.read_bytes() for path in saved} == saved
        shutil.rmtree(tmp_path / "disk")
    tally("killed at the k-th call, another saves, then a power cut", "ours", runs, 0)


def named(scene: Scene) -> dict[Path, bytes]:
    """A manifest and the files it names, with their facts, but those that a killed process was replacing."""
    manifest = scene.folder / scene.manifest
    files = [path for path, _ in records_of(manifest) if path.name not in scene.replaces]
    facts = [facts_file(scene.folder, each) for each in files]
    return {path: path.read_bytes() for path in (manifest, *files, *facts) if path is not None}


# The harness finds damage


@pytest.mark.parametrize("kind", SCENES)
def test_nothing_synced(tmp_path: Path, kind: type[Scene], monkeypatch: pytest.MonkeyPatch, chosen: Chosen) -> None:
    """Without any sync, as LAZYSCRIBE_DURABILITY=relaxed has it, a power cut does damage, and the harness sees it."""
    monkeypatch.setenv("LAZYSCRIBE_DURABILITY", "relaxed")
    done = Recorded(kind, tmp_path / "disk")
    assert not any(isinstance(each, Sync | SyncDir) for each in done.calls.events)
    every = [cut for cut in done.cuts() if RETURNED in cut.after]
    assert any(done.does_harm(cut) for cut in every)
    (kept,) = [cut for cut in every if cut.loss == "kept"]
    assert not done.does_harm(kept), "but for the power cut all is well"


def test_series_without_syncs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any sync, saves that returned are lost, and the harness sees it."""
    monkeypatch.setenv("LAZYSCRIBE_DURABILITY", "relaxed")
    disk = tmp_path / "disk"
    lost = 0
    for cut in cuts(*series(disk, saved_versions)):
        if cut.loss == "lost" and cut.after:
            put_back(cut, disk)
            lost += loaded_versions(disk / "logs") == set()
    assert lost == SAVES


def role(path: str) -> str:
    """What a file is to a save."""
    parts = Path(path).parts
    if parts[-1] in {"repository.json", "project.json", "releases.json"}:
        return "manifest"
    if ".lazyscribe" not in parts:
        return "artifact"
    return {"facts": "facts", "staged": "waiting"}.get(parts[parts.index(".lazyscribe") + 1], "note")


def syncs(events: Sequence[Event]) -> dict[str, list[tuple[int, ...]]]:
    """The numbers of the syncs among these events, by what they bring to the disk.

    What is moved from one folder into another is brought there by two, one of which would be enough.
    """
    became = {each.source: each.target for each in events if isinstance(each, Link)}
    became |= {each.source: each.target for each in events if isinstance(each, Rename) and ".tmp" in each.source}
    found: dict[str, list[tuple[int, ...]]] = defaultdict(list)
    paths: dict[int, str] = {}
    names: dict[str, str] = {}
    for number, each in enumerate(events):
        match each:
            case Create(path, inode):
                paths[inode] = path
            case Sync(inode):
                found[f"content, {role(became[paths[inode]])}"].append((number,))
            case Mkdir(path):
                names[str(Path(path).parent)] = "folder"
            case Rename(source, target) if Path(source).parent != Path(target).parent:
                found["moved"].append((number + 1, number + 2))
            case Link(_, target) | Rename(_, target):
                names[str(Path(target).parent)] = f"name, {role(target)}"
            case SyncDir(path) if path in names:
                found[names.pop(path)].append((number,))
    return found


KINDS_OF_SYNCS = [
    ("content, artifact", First),
    ("content, facts", First),
    ("content, manifest", First),
    ("content, manifest", Release),
    ("content, note", Delete),
    ("content, waiting", Replace),
    ("folder", First),
    ("moved", Replace),
    ("name, artifact", First),
    ("name, facts", First),
    ("name, manifest", First),
    ("name, manifest", Release),
    ("name, note", Delete),
    ("name, waiting", Replace),
]


@pytest.mark.parametrize(("what", "kind"), KINDS_OF_SYNCS)
def test_sync_left_out(tmp_path: Path, what: str, kind: type[Scene]) -> None:
    """If a sync of any kind were missing, some power cut would do damage, and the harness would see it."""
    done = Recorded(kind, tmp_path / "disk")
    found = syncs(done.calls.events)
    assert set(found) <= {each for each, _ in KINDS_OF_SYNCS}
    assert found[what]

    def harmful(left_out: Collection[int]) -> bool:
        events = [each for number, each in enumerate(done.calls.events) if number not in left_out]
        return any(done.does_harm(cut) for cut in done.cuts(events))

    assert any(harmful(left_out) for left_out in found[what])
