"""Files of many records: opening, looking up, going through all, saving one more, saving many at once, merging.

Run by ``make bench``; ``--quick`` for tiny sizes. The limit beside ours is the same work by hand: msgspec decoding the
file into plain objects, or the same bytes written and synced under the same kind of lock.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import timing
from timing import QUICK, in_turns, seconds, tell

from lazyscribe import Project, Repository
from lazyscribe.exception import VersionNotFoundError

SIZES = (10, 100) if QUICK else (1_000, 10_000, 100_000)
MANY = 50 if QUICK else 10_000
MERGED = 20 if QUICK else 5_000
LOOK_UPS = 10 if QUICK else 300
START = datetime(2025, 1, 1)


def versions(count: int, names: int) -> list[dict[str, Any]]:
    """Return records of a repository; every version has expired but one in three."""
    return [
        {
            "created_at": (START + timedelta(seconds=number)).isoformat(),
            "expiry": None if number % 3 else (START + timedelta(days=9, seconds=number)).isoformat(),
            "fname": f"model-{number}.json",
            "handler": "json",
            "name": f"model-{number % names}",
            "version": number // names,
        }
        for number in range(count)
    ]


def experiments(count: int) -> list[dict[str, Any]]:
    """Return records of a project, each with metrics, parameters, tags, an artifact and now and then a test."""
    records = []
    for number in range(count):
        date = (START + timedelta(seconds=number)).isoformat()
        artifact = {**versions(1, 1)[0], "created_at": date, "expiry": None, "fname": f"features-{number}.json"}
        test: dict[str, Any] = {
            "artifacts": [],
            "description": None,
            "metrics": {"auc": 0.5},
            "name": "test",
            "parameters": {},
        }
        records.append(
            {
                "artifacts": [artifact],
                "author": "ann",
                "created_at": date,
                "dependencies": [],
                "last_updated": date,
                "last_updated_by": "ann",
                "metrics": {"auc": 0.5 + number % 7 / 100, "f1": 0.25, "loss": number / 3},
                "name": f"My experiment {number % 50}",
                "parameters": {"depth": number % 9, "lr": 0.01, "model": "svm"},
                "short_slug": f"my-experiment-{number % 50}",
                "slug": f"my-experiment-{number % 50}-{number}",
                "tags": ["a", "b"],
                "tests": [test] * (number % 2),
            }
        )
    return records


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    """Write a manifest as 2.2 does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(records, sort_keys=True, indent=4), "ascii")
    return path


def decode(path: Path) -> Any:
    """Return what a file holds as plain objects."""
    return msgspec.json.decode(path.read_bytes())


def at_most(size: int, target: str) -> str:
    """Return the target, which is set for the largest files; smaller ones show how the times grow."""
    return target if size == SIZES[-1] else ""


def opening(folder: Path, size: int) -> None:
    """Compare opening with decoding by msgspec."""
    kinds: list[tuple[str, Callable[[Path], object], list[dict[str, Any]], str]] = [
        ("repository.json", lambda path: Repository(path, mode="r"), versions(size, 20), "≤ 1.5"),
        ("project.json", lambda path: Project(path, mode="r"), experiments(size), "≤ 0.6"),
    ]
    odd = experiments(size)
    odd[size // 2]["metrics"]["auc"] = float("nan")
    kinds.append(("project.json with one NaN", kinds[1][1], odd, "≤ 2"))
    plain = write(folder / "plain.json", experiments(size))
    for name, open_, records, target in kinds:
        path = write(folder / f"{size}-{len(name)}.json", records)
        source = plain if "NaN" in name else path
        ways = {"ours": partial(seconds, partial(open_, path)), "msgspec": partial(seconds, partial(decode, source))}
        tell(f"open {name} of {size:,}", in_turns(ways), at_most(size, target))
        tracemalloc.start()
        kept = open_(path)
        print(
            f"| its memory | {tracemalloc.get_traced_memory()[0] / path.stat().st_size:.1f} × the file | target ≤ 4 |"
        )
        tracemalloc.stop()
        del kept


def looking_up(folder: Path, size: int) -> None:
    """Time look-ups after the first, none of which reads an artifact."""
    repository = Repository(write(folder / "one" / f"{size}.json", versions(size, 1)), mode="r")
    project = Project(write(folder / "p" / f"{size}.json", experiments(size)), mode="r")
    expired = [{**record, "expiry": "2025-02-01T00:00:00"} for record in versions(size, 1)]
    over = Repository(write(folder / "over" / f"{size}.json", expired), mode="r")
    date = (START + timedelta(seconds=size // 2)).isoformat()
    slug = f"my-experiment-{size // 2 % 50}-{size // 2}"

    def none_valid() -> None:
        try:
            over.get_artifact_metadata("model-0")
        except VersionNotFoundError:
            return
        raise AssertionError("every version has expired")

    questions: dict[str, Callable[[], object]] = {
        "newest": lambda: repository.get_artifact_metadata("model-0"),
        "newest where all have expired": none_valid,
        "number": lambda: repository.get_artifact_metadata("model-0", version=size // 2),
        "exact date": lambda: repository.get_artifact_metadata("model-0", version=date),
        "as of": lambda: repository.get_artifact_metadata("model-0", version=date, match="asof"),
        "experiment by slug": lambda: project[slug],
    }
    for name, ask in questions.items():
        ask()
        times = [seconds_of_many(ask) for _ in range(timing.TURNS)]
        least, most = timing.amount(min(times)), timing.amount(max(times))
        print(f"| {name} among {size:,} | ours {least}–{most} | target ≤ 20 µs |", flush=True)


def seconds_of_many(ask: Callable[[], object]) -> float:
    """Return the mean time of one of many look-ups."""

    def all_of_them() -> None:
        for _ in range(LOOK_UPS):
            ask()

    return seconds(all_of_them) / LOOK_UPS


def going_through(folder: Path, size: int) -> None:
    """Compare filtering all experiments, and all their dictionaries, with msgspec building the dictionaries."""
    path = write(folder / "all" / f"{size}.json", experiments(size))
    data = path.read_bytes()
    works: dict[str, Callable[[Project], object]] = {
        "filter all of": lambda project: list(project.filter(lambda experiment: experiment.metrics["auc"] > 0.9)),
        "dictionaries of all of": list,
    }

    def ours(work: Callable[[Project], object]) -> float:
        project = Project(path, mode="r")
        return seconds(lambda: work(project))

    for name, work in works.items():
        ways: dict[str, Callable[[], float]] = {
            "ours": partial(ours, work),
            "msgspec": lambda: seconds(lambda: msgspec.json.decode(data)),
        }
        tell(f"{name} {size:,} experiments", in_turns(ways), at_most(size, "≤ 1.5"))


def one_more(folder: Path, size: int) -> None:
    """Compare saving one more version with writing the same four files by hand."""
    path = write(folder / "more" / f"{size}" / "repository.json", versions(size, 20))
    hand = folder / "hand" / f"{size}"
    for part in ("a", "f", "j"):
        (hand / part).mkdir(parents=True)
    data = path.read_bytes()
    repository = Repository(path)
    repository.log_artifact("model-0", 0, "json")
    repository.save()

    def ours() -> float:
        repository.log_artifact("model-0", 1, "json")
        return seconds(repository.save)

    def by_hand() -> float:
        return seconds(lambda: write_by_hand(hand, {"a/x": b"1", "f/x": b"x" * 180, "j/x": b"x" * 420, "m": data}))

    tell(f"save one more version at {size:,}", in_turns({"ours": ours, "by hand": by_hand}, 3 * timing.TURNS), "≤ 2")


def write_by_hand(folder: Path, files: dict[str, bytes]) -> None:
    """Replace files, each synced with its folder, under a lock."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name, data in files.items():
            path = folder / name
            with path.with_suffix(".tmp").open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            path.with_suffix(".tmp").replace(path)
            descriptor = os.open(path.parent, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)


def at_once() -> None:
    """Compare logging and saving many at once, and merging, with 2.2, in processor time.

    Nothing is deleted before the end: making files costs several times as much just after many were deleted.
    """
    before = os.environ.get("TMPDIR")
    with tempfile.TemporaryDirectory(prefix="lazyscribe-bench-") as place:
        os.environ["TMPDIR"] = tempfile.tempdir = place
        try:
            all_at_once()
        finally:
            tempfile.tempdir = None
            os.environ.pop("TMPDIR") if before is None else os.environ.update(TMPDIR=before)


def all_at_once() -> None:
    """Do what `at_once` does, where temporary files may stay."""
    for program, count, relaxed, target in (
        ("versions", MANY // 10, False, ""),
        ("versions", MANY, False, "≤ 0.5 × 2.2"),
        ("versions", MANY, True, "≤ 0.2 × 2.2"),
        ("experiments", MANY // 10, False, ""),
        ("experiments", MANY, False, "≤ 0.5 × 2.2"),
        ("merge", MERGED // 10, False, ""),
        ("merge", MERGED, False, "≤ 0.02 × 2.2"),
    ):
        ways = {"ours": partial(ours_at_once, program, count, relaxed), "2.2": partial(timing.old, program, count)}
        if program == "versions":
            ways["files by hand"] = partial(files_by_hand, count, relaxed)
        what = "relaxed, " if relaxed else ""
        tell(f"{program}, {what}{count:,}, processor time", in_turns(ways, min(timing.TURNS, 3)), target)


def files_by_hand(count: int, relaxed: bool) -> float:
    """Return the processor time of creating as many files in a hundred folders, each synced, each folder once."""
    folder = Path(tempfile.mkdtemp(prefix="lazyscribe-bench-"))

    def sync(path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)

    def work() -> None:
        for number in range(100):
            (folder / str(number)).mkdir()
        for number in range(count):
            descriptor = os.open(folder / str(number % 100) / str(number), os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            os.write(descriptor, b"1")
            if not relaxed:
                os.fsync(descriptor)
            os.close(descriptor)
        for number in range(0 if relaxed else 100):
            sync(folder / str(number))

    return seconds(work, time.process_time)


def ours_at_once(program: str, count: int, relaxed: bool) -> float:
    """Run a program of ``old.py`` with ours, in a process of its own as well."""
    if relaxed:
        os.environ["LAZYSCRIBE_DURABILITY"] = "relaxed"
    try:
        return timing.run(sys.executable, program, count)
    finally:
        os.environ.pop("LAZYSCRIBE_DURABILITY", None)


def main() -> None:
    """Run all."""
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    timing.heading(f"Files of many records ({timing.machine()})")
    with tempfile.TemporaryDirectory(prefix="lazyscribe-bench-") as name:
        folder = Path(name)
        for size in SIZES:
            opening(folder, size)
            looking_up(folder, size)
            going_through(folder, size)
            one_more(folder, size)
    at_once()


if __name__ == "__main__":
    main()
