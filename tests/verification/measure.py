"""How fast `verify` is beside hashing the same files by hand on all cores. Run by hand::

    python -m tests.verification.measure [FOLDER]

Each number is the best of five turns, the two ways taking turns, the files in the page cache. The aim is a ratio of 0.8
or more for files that take longer to read than to open. On a machine that is busy elsewhere, the ratio of processor
time says more.
"""

import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lazyscribe import Repository
from lazyscribe.verification.threads import default_workers

SHAPES = {"8 x 128 MiB": (8, 128 << 20), "400 x 2 MiB": (400, 2 << 20), "5000 x 64 KiB": (5000, 64 << 10)}
TURNS = 5


def by_hand(paths: list[Path]) -> None:
    def digest(path: Path) -> str:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    with ThreadPoolExecutor(default_workers()) as pool:
        list(pool.map(digest, paths))


def seconds(action: Callable[..., object], *arguments: object) -> tuple[float, float]:
    """Return the time that passed and the time that the processors worked."""
    start, work = time.perf_counter(), time.process_time()
    action(*arguments)
    return time.perf_counter() - start, time.process_time() - work


def measure(folder: Path, number: int, size: int) -> list[list[float]]:
    repository = Repository(folder / "repository.json")
    for each in range(number):
        repository.log_artifact(f"name-{each % 20}", os.urandom(size), "pickle")
    repository.save()
    paths = list(folder.rglob("*.pkl"))
    hand, ours = [], []
    for _ in range(TURNS):
        hand.append(seconds(by_hand, paths))
        ours.append(seconds(repository.verify))
    assert repository.verify().ok
    return [[min(each) for each in zip(*turns, strict=True)] for turns in (hand, ours)]


def main() -> None:
    for shape, (number, size) in SHAPES.items():
        with tempfile.TemporaryDirectory(dir=sys.argv[1] if sys.argv[1:] else None) as folder:
            hand, ours = measure(Path(folder), number, size)
        speed = number * size / ours[0] / 2**20
        print(
            f"{shape:14} by hand {hand[0]:6.3f} s, verify {ours[0]:6.3f} s ({speed:5.0f} MiB/s), "
            f"ratio {hand[0] / ours[0]:.2f}; of processor time {hand[1] / ours[1]:.2f}"
        )


if __name__ == "__main__":
    os.environ["LAZYSCRIBE_DURABILITY"] = "relaxed"
    main()
