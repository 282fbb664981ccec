"""Every file-system call of everything that writes, once as the one that fails and once as the last before a kill."""

import errno
import json
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from lazyscribe.exception import CommitUnknownError, CorruptArtifactError, Exists, LazyscribeError
from lazyscribe.testing.calls import CHANGING, OPENING, WATCHED
from lazyscribe.testing.faults import KILLED, NO_SPACE, Strike, Trial, every_call, fail, fail_from, kill
from lazyscribe.testing.writers import forked
from tests.commit.scenes import SCENES, Export, Scene
from tests.commit.states import damaged, files_of, memory_of, records_of
from tests.faults.tally import Chosen, Tally

SAMPLE = 12
"""Calls of each scene that `make test` tries with each error."""


@pytest.fixture
def trials(chosen: Chosen, tmp_path: Path, temporary_folder: Path) -> Callable[..., Iterator[Trial[Scene]]]:
    """Return what tries calls of these names of a scene's work, with temporary files here and on another disk."""

    def some(
        kind: type[Scene], strike: Callable[[int], Strike], names: Collection[str] = WATCHED
    ) -> Iterator[Trial[Scene]]:
        def pick(numbers: list[int], made: list[str]) -> list[int]:
            return chosen([number for number in numbers if made[number] in names], SAMPLE)

        return every_call(tmp_path, kind, lambda scene: scene.work(), strike, pick)

    return some


def again(scene: Scene, error: BaseException) -> None:
    """Do the work again; where it may only be done once, a commit that was unknown may turn out to be done."""
    try:
        scene.work()
    except Exists:
        assert isinstance(scene, Export)
        assert isinstance(error, CommitUnknownError)


ONCE = [
    *(("before", code) for code in (errno.EIO, errno.ENOSPC, errno.EACCES)),
    ("after", errno.EIO),
]


@pytest.mark.parametrize("kind", SCENES)
@pytest.mark.parametrize(("when", "code"), ONCE)
def test_call_that_fails_once(trials: Any, kind: type[Scene], when: str, code: int, tally: Tally) -> None:
    """An error of any call is ours, changes neither files nor memory unless it says so, and trying again is enough."""
    names = WATCHED if when == "before" else CHANGING - OPENING
    runs = 0
    for trial in trials(kind, lambda number: fail(number, code, when), names):
        runs += 1
        scene = trial.subject
        files, memory = files_of(scene.folder), [memory_of(each) for each in scene.documents]
        error = trial.run()
        context = f"call {trial.number}, {trial.name}, {error!r}"
        if error is not None:
            reading = isinstance(error, OSError) and trial.name in {"open_read", "scandir"}
            assert isinstance(error, LazyscribeError) or reading, context
            if not isinstance(error, CommitUnknownError):
                assert files_of(scene.folder) == files, context
            assert [memory_of(each) for each in scene.documents] == memory, context
            again(scene, error)
        scene.check()
        scene.goes_on()
    what = errno.errorcode[code] if when == "before" else "the answer is lost"
    tally(f"{what} at the k-th call, then the same again", "ours", runs, 0)


@pytest.mark.parametrize("kind", SCENES)
def test_disk_that_stays_full(trials: Any, kind: type[Scene], tally: Tally) -> None:
    """A disk that is full from any call on costs nothing: memory stays, nothing is lost, saving works later."""
    runs = 0
    for trial in trials(kind, fail_from, NO_SPACE):
        runs += 1
        scene = trial.subject
        memory = [memory_of(each) for each in scene.documents]
        error = trial.run()
        if error is not None:
            assert isinstance(error, LazyscribeError), (trial.number, error)
            assert [memory_of(each) for each in scene.documents] == memory
            again(scene, error)
        scene.check()
        scene.goes_on()
    tally("ENOSPC from the k-th call on, then the same again", "ours", runs, 0)


@pytest.mark.parametrize("kind", SCENES)
def test_kill(trials: Any, kind: type[Scene], tally: Tally) -> None:
    """A process killed between any two changes leaves whole manifests and every file they name; a new one goes on.

    What is there before a call that changes nothing, and after one that does, is what is there before the next change.
    """
    runs = 0
    for trial in trials(kind, kill, CHANGING):
        runs += 1
        scene = trial.subject
        before = files_of(scene.folder), list(records_of(scene.folder / scene.manifest))
        assert forked(trial.run) in (KILLED, 0), "0: where names of one second do not clash, there are fewer calls"
        left_by_kill(scene, *before)
        if trial.number % 3:
            scene.goes_on()
        else:
            assert forked(scene.goes_on) == 0
        left_by_kill(scene, *before)
    tally("killed at the k-th call", "ours", runs, 0)


def left_by_kill(scene: Scene, files: dict[str, bytes], records: list[tuple[Path, dict[str, Any]]]) -> None:
    """Manifests are whole; the files they name are there and what was saved, or waiting to be replaced."""
    after = files_of(scene.folder)
    assert files.keys() <= after.keys(), "nothing that was there is gone"
    for name in {"repository.json", "project.json", "releases.json", "out/repository.json"} & after.keys():
        json.loads(after[name])
    if "out/repository.json" in after:
        assert all(path.is_file() for path, _ in records_of(scene.folder / "out/repository.json"))
    manifest = scene.folder / scene.manifest
    for path in damaged(manifest):
        assert path.name in scene.replaces
        assert path.read_bytes() == files[path.relative_to(scene.folder).as_posix()], "it holds what it held"
        if dict(records_of(manifest))[path] == dict(records)[path]:
            scene.load(path.name)
        else:
            with pytest.raises(CorruptArtifactError, match=path.name):
                scene.load(path.name)
