"""One large value: saving it, loading it with its digest checked, promoting it, beside the same work done by hand.

Run by ``make bench``; ``--quick`` for a small value. Each piece of work is done by a new process, which makes its value
first and then takes the time, the processor time, and how much its memory grew beyond what it held, at the most. The
ways take turns. *By hand* is what a careful programmer would write without us:

- saving: the handler's library writes into a file that hashes on the way; then the file and its folder are synced;
- loading: the file is hashed, its digest compared, and then the handler's library reads it from the start; bytes are
  read once, and hashed where they lie;
- promoting: the file is copied a mebibyte at a time into one buffer, hashed on the way; the copy is synced, its digest
  compared, and it gets its name by a link; the folder is synced.

The page cache holds what is read. A file system in memory stands for another one; where there is none, that is said.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np
import timing
from timing import QUICK, peak, tell

from lazyscribe import Project, Repository
from lazyscribe.artifacts.base import Artifact

BLOCK = 1 << 20
SIZE = 4 * BLOCK if QUICK else 1024 * BLOCK
TURNS = 1 if QUICK else 11
"""Many: what taking and writing back so much of the page cache costs differs by a factor of two from time to time."""

OTHER = Path("/dev/shm")  # noqa: S108 - another file system is what is wanted

Work = tuple[Callable[[], object], Callable[[Path], object]]
"""What makes ready before the time is taken, and the work."""


class BytesArtifact(Artifact):
    """Bytes as they are."""

    alias: ClassVar[str] = "bench-bytes"
    suffix: ClassVar[str] = "bin"
    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = False

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> bytes:
        """Return all there is."""
        return bytes(buf.read())

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        """Write all at once."""
        buf.write(obj)


HANDLERS = {"array": "pickle", "bytes": "bench-bytes"}


# What is large


def block() -> bytes:
    """Return a mebibyte that does not compress."""
    return np.random.default_rng(0).bytes(BLOCK)


def value_of(kind: str) -> Any:
    """Make the value without holding any of it twice."""
    if kind == "bytes":
        return block() * (SIZE // BLOCK)
    value = np.empty((SIZE // BLOCK, BLOCK), "u1")
    value[:] = np.frombuffer(block(), "u1")
    return value.reshape(-1).view("f8")


# By hand


class Hashing:
    """A file that hashes what is written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.digest = file, hashlib.sha256()

    def write(self, data: Any) -> int:
        """Hash and write."""
        self.digest.update(data)
        return self.file.write(data)


def sync(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def save_by_hand(value: Any, path: Path) -> None:
    """Write the value, its digest beside it."""
    with path.open("xb") as file:
        sink = Hashing(file)
        if isinstance(value, bytes):
            sink.write(value)
        else:
            pickle.dump(value, sink, protocol=5)
        file.flush()
        os.fsync(file.fileno())
    path.with_suffix(".sha256").write_text(sink.digest.hexdigest(), "ascii")
    sync(path.parent)


def load_by_hand(path: Path, kind: str) -> Any:
    """Read the value once its digest is found right."""
    told = path.with_suffix(".sha256").read_text("ascii")
    with path.open("rb") as file:
        if kind == "bytes":
            data = file.read()
            assert hashlib.sha256(data).hexdigest() == told
            return data
        assert hashlib.file_digest(file, "sha256").hexdigest() == told
        file.seek(0)
        return pickle.load(file)  # noqa: S301 - what was written here


def copy_by_hand(path: Path, target: Path) -> None:
    """Copy the file under its digest."""
    told, digest, buffer = path.with_suffix(".sha256").read_text("ascii"), hashlib.sha256(), bytearray(BLOCK)
    temporary, view = target.with_suffix(".tmp"), memoryview(buffer)
    with path.open("rb", buffering=0) as source, temporary.open("xb", buffering=0) as file:
        while number := source.readinto(buffer):
            digest.update(view[:number])
            file.write(view[:number])
        os.fsync(file.fileno())
    assert digest.hexdigest() == told
    target.hardlink_to(temporary)
    temporary.unlink()
    sync(target.parent)


# What a process does: what is got ready, and what is measured


def saving(way: str, kind: str, folder: Path, _: Path) -> Callable[[], object]:
    """Save a new value."""
    value = value_of(kind)
    if way == "by hand":
        return lambda: save_by_hand(value, folder / "file.bin")
    repository = Repository(folder / "repository.json")
    repository.log_artifact("small", b"1", HANDLERS[kind])
    repository.save()

    def save() -> None:
        repository.log_artifact("large", value, HANDLERS[kind])
        repository.save()

    return save


def loading(way: str, kind: str, _: Path, source: Path) -> Callable[[], object]:
    """Load the value that is there."""
    if way == "by hand":
        return lambda: load_by_hand(source / "file.bin", kind)
    repository = Repository(source / "repository.json", mode="r")
    repository.load_artifact("small")
    return lambda: repository.load_artifact("large")


def promoting(way: str, _: str, folder: Path, source: Path) -> Callable[[], object]:
    """Promote, or copy, what is there."""
    if way == "by hand":
        return lambda: copy_by_hand(source / "file.bin", folder / "copy.bin")
    experiment = Project(source / "project.json", mode="r").experiments[0]
    repository = Repository(folder / "repository.json")
    experiment.promote_artifact(repository, "small")
    return lambda: experiment.promote_artifact(repository, "large")


WORKS = {"save": saving, "load": loading, "promote": promoting}


def prepare(folder: Path, kind: str) -> None:
    """Save what is loaded and promoted later: in a repository, in a project, and by hand."""
    value = value_of(kind)
    save_by_hand(value, folder / "file.bin")
    repository, project = Repository(folder / "repository.json"), Project(folder / "project.json")
    for each in ("small", "large"):
        repository.log_artifact(each, value if each == "large" else b"1", HANDLERS[kind])
    repository.save()
    with project.log("experiment") as experiment:
        for each in ("small", "large"):
            experiment.log_artifact(each, value if each == "large" else b"1", HANDLERS[kind])
    project.save()


def child(what: str, way: str, kind: str, folder: str, source: str) -> None:
    """Be the process that works once; print what it took."""
    work = WORKS[what](way, kind, Path(folder), Path(source))
    before, start, processor = peak(), time.perf_counter(), time.process_time()
    result = work()
    passed, worked = time.perf_counter() - start, time.process_time() - processor
    print(json.dumps([passed, worked, peak() - before]))
    del result


# Turns of processes


def run(what: str, way: str, kind: str, place: Path | None, source: Path) -> tuple[float, float, float]:
    """Return seconds, processor seconds, and bytes of memory that one process took."""
    with tempfile.TemporaryDirectory(prefix="lazyscribe-bench-", dir=place) as folder:
        size = ["--quick"] if QUICK else []
        command = [sys.executable, __file__, *size, "--work", what, way, kind, folder, str(source)]
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        seconds, processor, memory = json.loads(answer.stdout)
        return seconds, processor, memory


def measure(title: str, what: str, kind: str, place: Path | None, source: Path) -> None:
    """Let the two ways take turns, and tell what they took."""
    found: dict[str, list[tuple[float, float, float]]] = {"ours": [], "by hand": []}
    for turn in range(TURNS):
        for way in list(found) if turn % 2 == 0 else reversed(list(found)):
            found[way].append(run(what, way, kind, place, source))
    for number, (suffix, target) in enumerate((("", "≤ 1.25 (0.8 × the speed)"), (", processor time", ""))):
        tell(title + suffix, {way: [each[number] for each in each_] for way, each_ in found.items()}, target)
    ours, hand = (statistics.median(each[2] for each in found[way]) / SIZE for way in found)
    target = {"save": "by hand + 5 %", "load": "", "promote": "no copy of the value"}[what]
    told = f"target {target}" if target else ""
    print(
        f"| its memory, beyond what was there | ours {ours:.1%}, by hand {hand:.1%} of the value | {told} |", flush=True
    )


def is_another(place: Path, folder: Path) -> bool:
    """Whether `place` is there, on another file system, with room enough."""
    if not (place.is_dir() and os.access(place, os.W_OK)) or place.stat().st_dev == folder.stat().st_dev:
        return False
    room = os.statvfs(place)
    return room.f_bavail * room.f_frsize > 2 * SIZE


def main() -> None:
    """Run all."""
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    if "--work" in sys.argv:
        child(*sys.argv[sys.argv.index("--work") + 1 :])
        return
    size = f"{SIZE >> 20:,} MiB"
    timing.heading(f"Large files ({timing.machine()}, {datetime.now().date()})")
    for kind, name in (("array", f"an array of {size}, pickled"), ("bytes", f"bytes, {size}")):
        with tempfile.TemporaryDirectory(prefix="lazyscribe-bench-") as there:
            source = Path(there)
            measure(f"save {name}", "save", kind, None, source)
            prepare(source, kind)
            measure(f"load {name}", "load", kind, None, source)
            if kind == "array":
                measure(f"promote {size}, same file system", "promote", kind, None, source)
                if is_another(OTHER, source):
                    measure(f"promote {size}, to {OTHER}", "promote", kind, OTHER, source)
                else:
                    print(f"| promote {size}, to another file system | {OTHER} is none with room | |")


if __name__ == "__main__":
    main()
