"""Many writers of one repository: throughput beside bare loops and 2.2, and how long one save waits.

Run by ``make bench``; ``--quick`` makes everything small, to see that it runs. Eight processes save versions of one
name, each to the same new repository. Beside them, in turns, eight processes that do by hand what a save cannot do
without, under the same blocking lock and each synced:

- *all bytes*: the artifact's file and its facts, as many bytes as ours, each with its folder; then under the lock the
  journal's entry with its folder, and the manifest, read, written anew with one record more, and renamed, with its
  folder;
- *manifest*: the same without the three files.

Both append a record without looking at the others, and do not look whether a file is there. Each process has saved
once elsewhere before the time is taken.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

KINDS = ("ours", "all bytes", "manifest", "2.2")
NAME = "model"
RECORD = {
    "created_at": "2025-01-20T13:23:30",
    "expiry": None,
    "fname": "model-20250120132330-100.json",
    "handler": "json",
    "name": NAME,
    "version": 100,
}
FACTS = {"author": "root", "created_at": RECORD["created_at"], "handler": "json", "sha256": "0" * 64, "size": 10}
ENTRY = 420
"""Bytes of a journal's entry of one version."""


# What one process does


def save_with(folder: Path) -> Callable[[int], object]:
    """Return what saves one more version with whichever lazyscribe is installed."""
    from lazyscribe import Repository

    repository = Repository(folder / "repository.json")

    def save(turn: int) -> None:
        repository.log_artifact(NAME, [os.getpid(), turn], handler="json")
        repository.save()

    return save


def save_by_hand(folder: Path, everything: bool) -> Callable[[int], object]:
    """Return what writes the same bytes by hand, or the manifest's only."""
    import fcntl

    manifest, temporary = folder / "repository.json", folder / f"{os.getpid()}.tmp"
    record = json.dumps([RECORD], indent=4, sort_keys=True).encode()[1:-2]
    files = {folder / NAME: b"[12345, 10]", folder / "facts": json.dumps(FACTS, indent=4).encode()}
    entry = b"x" * ENTRY
    for each in (*files, folder / "log"):
        each.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT)

    def save(turn: int) -> None:
        for place, content in files.items() if everything else ():
            write(place / f"{os.getpid()}-{turn}", content)
            sync(place)
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            if everything:
                write(folder / "log" / f"{os.getpid()}-{turn}", entry)
                sync(folder / "log")
            before = manifest.read_bytes() if manifest.exists() else b""
            write(temporary, (before[:-2] + b"," if before else b"[") + record + b"\n]")
            temporary.rename(manifest)
            sync(folder)
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)

    return save


def write(path: Path, content: bytes) -> None:
    """Create a file that is on the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    os.write(descriptor, content)
    os.fsync(descriptor)
    os.close(descriptor)


def sync(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def work(kind: str, folder: Path, turns: int) -> None:
    """Be one of the processes: get ready, wait for a line, save, print what it took."""
    warnings.simplefilter("ignore")  # of 2.2

    def opened(place: Path) -> Callable[[int], object]:
        place.mkdir(exist_ok=True)
        return save_with(place) if kind in ("ours", "2.2") else save_by_hand(place, kind == "all bytes")

    opened(folder.with_name(f"warm-{os.getpid()}"))(0)
    save = opened(folder)
    print("ready", flush=True)
    sys.stdin.readline()
    longest, failed = 0.0, 0
    for turn in range(turns):
        start = time.perf_counter()
        try:
            save(turn)
        except Exception:  # what 2.2 raises when another one writes
            failed += 1
        longest = max(longest, time.perf_counter() - start)
    print(json.dumps([longest, failed]))


# Crowds of them


def crowd(kind: str, folder: Path, processes: int, turns: int) -> dict[str, Any]:
    """Let that many processes save at once; return the time until the last is done, and what came of it."""
    python = os.environ["LAZYSCRIBE_22_PYTHON"] if kind == "2.2" else sys.executable
    command = [python, __file__, "--work", kind, str(folder), str(turns)]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(processes)
    ]
    for each in running:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    start = time.perf_counter()
    for each in running:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    answers = [json.loads(each.communicate()[0]) for each in running]
    seconds = time.perf_counter() - start
    assert [each.returncode for each in running] == [0] * processes
    return {
        "seconds": seconds,
        "longest": max(longest for longest, _ in answers),
        "failed": sum(failed for _, failed in answers),
        "records": len(json.loads((folder / "repository.json").read_bytes())),
    }


def fill(folder: Path, number: int) -> None:
    """Save a repository of that many versions."""
    from lazyscribe import Repository

    repository = Repository(folder / "repository.json")
    for each in range(number):
        repository.log_artifact(NAME, [0, each], handler="json")
    repository.save()


def measure(processes: int, turns: int, rounds: int, filled: int = 0) -> dict[str, list[dict[str, Any]]]:
    """Return what each kind took in each round; with records there already, only ours and the limits."""
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in (KINDS[:3] if filled else KINDS)}
    for _ in range(rounds):
        for kind, results in found.items():
            with tempfile.TemporaryDirectory() as place:
                folder = Path(place) / "shared"
                if filled:
                    fill(folder, filled)
                results.append(crowd(kind, folder, processes, turns))
    return found


def tell(found: dict[str, list[dict[str, Any]]], saves: int) -> None:
    """Print times, what is there afterwards, and the ratios, round by round."""
    for kind, results in found.items():
        times = sorted(each["seconds"] for each in results)
        there = sorted({each["records"] for each in results})
        print(
            f"{kind:>9}: median {statistics.median(times):.3f} s, from {times[0]:.3f} to {times[-1]:.3f} s, "
            f"{saves / statistics.median(times):5.0f} saves a second, records {', '.join(map(str, there))}, "
            f"errors {sum(each['failed'] for each in results)}, "
            f"longest save {max(each['longest'] for each in results):.3f} s"
        )
    for kind in ("all bytes", "manifest"):
        pairs = zip(found[kind], found["ours"], strict=True)
        ratios = sorted(limit["seconds"] / ours["seconds"] for limit, ours in pairs)
        target = " (target: at least 0.50)" if kind == "all bytes" else ""
        print(
            f"throughput: {statistics.median(ratios):.2f} x the bare loop of {kind}, "
            f"from {ratios[0]:.2f} to {ratios[-1]:.2f}{target}"
        )


def main() -> None:
    """Measure, and fail if a record is lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, one round")
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work[0], Path(options.work[1]), int(options.work[2]))
        return
    if not os.environ.get("LAZYSCRIBE_22_PYTHON"):
        sys.exit("LAZYSCRIBE_22_PYTHON is not set; run this by 'make bench'.")
    processes, turns, rounds, filled, more = (3, 4, 1, 20, 2) if options.quick else (8, 50, 3, 1000, 10)
    found = measure(processes, turns, rounds)
    print(f"{processes} processes x {turns} versions of one name:")
    tell(found, processes * turns)
    assert {each["records"] for each in found["ours"]} == {processes * turns}, "a version was lost"
    late = measure(processes, more, rounds, filled)
    print(f"{processes} processes x {more} versions where {filled} are there:")
    tell(late, processes * more)
    assert {each["records"] for each in late["ours"]} == {filled + processes * more}, "a version was lost"
    longest = max(each["longest"] for each in late["ours"])
    print(f"longest wait for one save at {filled} records: {longest:.3f} s (target: at most 1 s)")


if __name__ == "__main__":
    main()
