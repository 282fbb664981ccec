"""Every file-system call of everything that writes, once as the one that fails and once as the last before a kill."""

import errno
import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from lazyscribe.exception import CommitUnknownError, CorruptArtifactError, Exists, LazyscribeError
from tests.commit.scenes import LEAKS, SCENES, Export, Faults, First, Scene, forked, through
from tests.commit.states import damaged, files_of, memory_of, records_of
from tests.store.faults import WATCHED

KILLED = 77
ERRORS = [errno.EIO, errno.ENOSPC, errno.EACCES]
WRITING = ("open_new", "write", "fsync", "fsync_dir", "mkdir", "link", "replace")
CHANGING = ("open_new", "write", "mkdir", "link", "replace", "unlink", "chmod", "lock")

Strike = Callable[[str, int, str], None]


def run(scene: Scene, faults: Faults) -> BaseException | None:
    """Do the work while the faults are armed; return its error."""
    faults.armed = True
    try:
        scene.work()
    except Exception as error:
        return error
    finally:
        faults.armed = False
    return None


def attempts(
    kind: type[Scene], root: Path, strike: Callable[[int], Strike], names: Collection[str] = WATCHED
) -> Iterator[tuple[Scene, Faults, int]]:
    """Yield, for each call of these names that the work makes, a new scene and the faults for the call's number."""
    counting = Faults()
    with through(counting.calls):
        scene = kind(root / "count")
        assert run(scene, counting) is None
        scene.check()
    for number in [number for number, name in enumerate(counting.names) if name in names]:
        faults = Faults(strike(number))
        with through(faults.calls):
            yield kind(root / "w"), faults, number
        shutil.rmtree(root / "w")


def failing(number: int, when: str, turn: int) -> Strike:
    """Fail once: call `number` does not happen, or it happens and the answer is an error."""
    code = ERRORS[(number + turn) % len(ERRORS)] if when == "before" else errno.EIO

    def strike(moment: str, current: int, name: str) -> None:
        if (moment, current) == (when, number):
            raise OSError(code, os.strerror(code))

    return strike


def again(scene: Scene, error: BaseException) -> None:
    """Do the work again; where it may only be done once, a commit that was unknown may turn out to be done."""
    try:
        scene.work()
    except Exists:
        assert isinstance(scene, Export)
        assert isinstance(error, CommitUnknownError)


def full_disk(number: int) -> Strike:
    """Refuse, from call `number` on, whatever takes space or changes a name."""

    def strike(moment: str, current: int, name: str) -> None:
        if moment == "before" and current >= number and name in WRITING:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return strike


ONCE = [
    *((kind, "before", turn) for turn, kind in enumerate(SCENES)),
    *((kind, "before", turn) for turn in (1, 2) for kind in (First, Export)),
    *((kind, "after", 0) for kind in SCENES),
]


@pytest.mark.parametrize(("kind", "when", "turn"), ONCE)
def test_call_that_fails_once(kind: type[Scene], when: str, turn: int, tmp_path: Path) -> None:
    """An error of any call is ours, changes neither files nor memory unless it says so, and trying again is enough."""
    names = WATCHED if when == "before" else WATCHED.intersection(CHANGING) - {*LEAKS}
    for scene, faults, number in attempts(kind, tmp_path, lambda number: failing(number, when, turn), names):
        files, memory = files_of(scene.folder), [memory_of(each) for each in scene.documents]
        error = run(scene, faults)
        context = f"call {number}, {faults.calls.names[-1]}, {error!r}"
        if error is not None:
            reading = isinstance(error, OSError) and faults.calls.names[-1] == "open_read"
            assert isinstance(error, LazyscribeError) or reading, context
            if not isinstance(error, CommitUnknownError):
                assert files_of(scene.folder) == files, context
            assert [memory_of(each) for each in scene.documents] == memory, context
            again(scene, error)
        scene.check()
        scene.goes_on()


@pytest.mark.parametrize("kind", SCENES)
def test_disk_that_stays_full(kind: type[Scene], tmp_path: Path) -> None:
    """A disk that is full from any call on costs nothing: memory stays, nothing is lost, saving works later."""
    for scene, faults, number in attempts(kind, tmp_path, full_disk, WRITING):
        memory = [memory_of(each) for each in scene.documents]
        error = run(scene, faults)
        if error is not None:
            assert isinstance(error, LazyscribeError), (number, error)
            assert [memory_of(each) for each in scene.documents] == memory
            again(scene, error)
        scene.check()
        scene.goes_on()


@pytest.mark.parametrize("kind", SCENES)
def test_kill(kind: type[Scene], tmp_path: Path) -> None:
    """A process killed between any two changes leaves whole manifests and every file they name; a new one goes on.

    What is there before a call that changes nothing, and after one that does, is what is there before the next change.
    """

    def killing(number: int) -> Strike:
        def strike(moment: str, current: int, name: str) -> None:
            if (moment, current) == ("before", number):
                os._exit(KILLED)

        return strike

    for scene, faults, number in attempts(kind, tmp_path, killing, CHANGING):
        before = files_of(scene.folder), list(records_of(scene.folder / scene.manifest))
        code = forked(lambda: run(scene, faults))
        assert code in (KILLED, 0), "0: where names of one second do not clash, there are fewer calls"
        left_by_kill(scene, *before)
        if number % 3:
            scene.goes_on()
        else:
            assert forked(scene.goes_on) == 0
        left_by_kill(scene, *before)


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
