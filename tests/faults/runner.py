"""Plays scenes in forked processes above the interposer; runs in the interpreter of either release."""

import contextlib
import gc
import json
import os
import tempfile
import threading
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import interpose
import plain

IT = interpose.install()


class Child:
    """A forked process that does `work`, and what that returns."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._answer, writing = os.pipe()
        self._number = os.fork()
        if self._number:
            os.close(writing)
            return
        try:
            with os.fdopen(writing, "w") as answer:
                json.dump(work(), answer)
            os._exit(0)
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
            os._exit(1)

    def wait(self) -> tuple[int, Any]:
        """Return its exit code, and its answer if it gave one."""
        with os.fdopen(self._answer) as answer:
            text = answer.read()
        code = os.waitstatus_to_exitcode(os.waitpid(self._number, 0)[1])
        return code, json.loads(text) if text else None


# Scenes


def attempt(work: Callable[[], Any]) -> list[str] | None:
    """Do the work; return the names of the classes of what it raised."""
    try:
        work()
    except Exception as error:
        return [kind.__name__ for kind in type(error).__mro__]
    return None


def tree(root: Path) -> dict[str, Any]:
    """Return what a folder holds: the fields of `lazyscribe.testing.disk.Folder`."""
    found = sorted(root.rglob("*"))
    files = [path for path in found if not path.is_dir()]
    return {
        "root": os.path.realpath(root),
        "folders": [path.relative_to(root).as_posix() for path in found if path.is_dir()],
        "files": {path.relative_to(root).as_posix(): path.stat().st_ino for path in files},
        "contents": [[path.stat().st_ino, path.read_bytes().decode("latin-1")] for path in files],
    }


def play(scene: plain.Scene, temporary: str, at: int, then: str, stays: bool, recorded: bool) -> dict[str, Any]:
    """Work while the call `at` is struck; if that fails, look, and work again without any fault."""
    warnings.simplefilter("ignore")
    tempfile.tempdir = os.environ["TMPDIR"] = temporary
    scene.prepare()
    before = tree(scene.folder) if recorded else None
    IT.at, IT.then, IT.stays = at, then, stays
    IT.roots = os.path.realpath(scene.folder), os.path.realpath(temporary)
    error = attempt(scene.work)
    IT.roots = ()
    answer = {"error": error, "again": None, "made": IT.made, "before": before, "events": IT.events if recorded else []}
    answer["damage"] = scene.damage(done=error is None)
    if error is not None:
        answer["again"] = attempt(scene.work)
        answer["damage"] += [f"after the same again: {what}" for what in scene.damage(done=True)]
    return answer


def trial(
    name: str, where: str, temporary: str, at: int = -1, then: str = "kill", stays: bool = False, recorded: bool = False
) -> dict[str, Any]:
    """Play a scene in an empty folder; return what `play` does, or what a kill left as ``damage``."""
    scene = plain.SCENES[name](Path(where))
    code, answer = Child(lambda: play(scene, temporary, at, then, stays, recorded)).wait()
    if code == interpose.KILLED:
        return {"killed": True, "damage": scene.damage(done=False)}
    if answer is None:
        raise RuntimeError(f"{name} ended with {code} at call {at}")
    return {"killed": False, **answer}


def warm(where: str) -> None:
    """Play every scene here, so that what is imported late is imported once, and is not copied for each child."""
    for name, kind in plain.SCENES.items():
        scene = kind(Path(where, name))
        scene.folder.mkdir()
        scene.prepare()
        scene.work()
    gc.collect()
    gc.freeze()


# Writers


class Writer:
    """Saves one version after the other; an error is not the end of it.

    Attributes
    ----------
    saved
        What was logged before a save that returned.
    """

    def __init__(self, folder: Path, number: int, repository: Any = None) -> None:
        self.repository = plain.Scene(folder).repository() if repository is None else repository
        self.number, self.logged, self.saved = number, 0, []

    def save(self) -> None:
        """Log a version and save."""
        fname = f"{self.number}-{self.logged}.json"
        self.repository.log_artifact("a", fname, "json", fname=fname)
        self.logged += 1
        if attempt(self.repository.save) is None:
            self.saved = [f"{self.number}-{turn}.json" for turn in range(self.logged)]


def lost(folder: Path, saved: list[str]) -> dict[str, Any]:
    """Tell which of the versions that were saved are not there, or not alone under their number."""
    try:
        rows = plain.rows_of(folder / "repository.json")
    except (OSError, ValueError):
        rows = []
    numbers = Counter(row["version"] for row in rows)
    files = Counter(row["fname"] for row in rows)
    sound = set()
    for row in rows:
        with contextlib.suppress(OSError, ValueError):
            whole = plain.value_in(folder / "a" / row["fname"]) == row["fname"]
            if whole and numbers[row["version"]] == files[row["fname"]] == 1:
                sound.add(row["fname"])
    return {"saved": len(saved), "lost": sorted(set(saved) - sound)}


def processes(where: str, writers: int, versions: int) -> dict[str, Any]:
    """Let processes save versions of one name at once, each with an object of its own."""
    gate, opener = os.pipe()

    def work(number: int) -> list[str]:
        warnings.simplefilter("ignore")
        writer = Writer(Path(where), number)
        os.close(opener)
        os.read(gate, 1)
        for _ in range(versions):
            writer.save()
        return writer.saved

    children = [Child(lambda number=number: work(number)) for number in range(writers)]
    os.close(gate)
    os.close(opener)
    answers = [child.wait()[1] for child in children]
    return lost(Path(where), [name for answer in answers for name in answer])


def threads(where: str, writers: int, versions: int, shared: bool) -> dict[str, Any]:
    """Let threads do that, with an object of their own or one for all."""

    def work() -> list[str]:
        warnings.simplefilter("ignore")
        one = plain.Scene(Path(where)).repository() if shared else None
        every = [Writer(Path(where), number, one) for number in range(writers)]
        gate = threading.Barrier(writers)

        def run(writer: Writer) -> None:
            gate.wait()
            for _ in range(versions):
                writer.save()

        running = [threading.Thread(target=run, args=(writer,)) for writer in every]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        return [name for writer in every for name in writer.saved]

    return lost(Path(where), Child(work).wait()[1])


def in_turns(where: str, versions: int) -> dict[str, Any]:
    """Let two objects, opened before either saves, save in turns."""

    def work() -> list[str]:
        warnings.simplefilter("ignore")
        every = [Writer(Path(where), number) for number in range(2)]
        for turn in range(versions):
            every[turn % 2].save()
        return [name for writer in every for name in writer.saved]

    return lost(Path(where), Child(work).wait()[1])
