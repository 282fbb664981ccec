"""What several tests of stores need."""

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def quiet() -> Iterator[None]:
    """Single-writer warnings are expected and tested elsewhere."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*single writer is safe.*")
        yield


def in_threads(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run `work(0)` … `work(count - 1)` at once; give back what each returned or raised."""
    gate, answers = threading.Barrier(count), [None] * count

    def run(number: int) -> None:
        gate.wait()
        try:
            answers[number] = work(number)
        except Exception as error:
            answers[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def names(root: Path) -> set[str]:
    """Every file under `root` but those of locks."""
    found = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() or path.is_symlink()}
    return {name for name in found if not name.endswith(".lock")}
