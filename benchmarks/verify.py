"""How fast `verify` is beside hashing the same files by hand on all cores.

Run by ``make bench``; ``--quick`` makes everything small, to see that it runs. The two ways take turns, with the files
in the page cache and the best of all turns kept. *By hand* opens and hashes each file and compares with nothing. On a
machine that is busy elsewhere, the ratio of processor time says more.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lazyscribe import Repository

SHAPES = {"8 x 128 MiB": (8, 128 << 20), "400 x 2 MiB": (400, 2 << 20), "5000 x 64 KiB": (5000, 64 << 10)}
QUICK = {"2 x 1 MiB": (2, 1 << 20), "20 x 4 KiB": (20, 4 << 10)}


def digest(path: Path) -> str:
    """Hash one file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def by_hand(paths: list[Path]) -> None:
    """Hash all files on all cores."""
    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(digest, paths))


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def seconds(action: Callable[..., object], *arguments: object) -> tuple[float, float]:
    """Return the time that passed and the time that the processors worked."""
    start, work = time.perf_counter(), time.process_time()
    action(*arguments)
    return time.perf_counter() - start, time.process_time() - work


def measure(folder: Path, number: int, size: int, turns: int) -> list[tuple[float, float]]:
    """Return the best times of `verify` and by hand."""
    repository = Repository(folder / "repository.json")
    for each in range(number):
        repository.log_artifact(f"name-{each % 20}", os.urandom(size), "pickle")
    repository.save()
    files = sorted(folder.glob("*/*.pkl"))
    assert len(files) == number
    ways: list[tuple[Callable[..., object], list[object]]] = [
        (repository.verify, []),
        (by_hand, [files]),
    ]
    taken: list[list[tuple[float, float]]] = [[] for _ in ways]
    for _ in range(turns):
        for times, (action, arguments) in zip(taken, ways, strict=True):
            times.append(seconds(action, *arguments))
    assert repository.verify().ok
    return [(min(wall for wall, _ in times), min(work for _, work in times)) for times in taken]


def main() -> None:
    """Print times and ratios for each shape."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, two turns")
    quick = parser.parse_args().quick
    os.environ["LAZYSCRIBE_DURABILITY"] = "relaxed"  # what is written here is gone at the end
    for shape, (number, size) in (QUICK if quick else SHAPES).items():
        with tempfile.TemporaryDirectory() as folder:
            ours, hand = measure(Path(folder), number, size, 2 if quick else 7)
        speed = number * size / ours[0] / 2**20
        print(f"{shape:>13}: verify {ours[0]:.3f} s ({speed:.0f} MiB/s)")
        print(
            f"{'by hand':>13}: {hand[0]:.3f} s, verify is {hand[0] / ours[0]:.2f} x as fast (target: at least 0.80); "
            f"of processor time {hand[1] / ours[1]:.2f}"
        )


if __name__ == "__main__":
    main()
