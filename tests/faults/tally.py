"""Which runs the tests of faults make, and the table of what they found."""

import os
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

COMPLETE = os.environ.get("LAZYSCRIBE_FAULTS") == "complete"
"""Whether every run is made (``make faults``), or a sample of them (``make test``)."""

SEED = "LAZYSCRIBE_FAULTS_SEED"
"""The variable that holds the seed of the sample; chosen, and printed, where it is not set."""


def set_seed() -> None:
    """Choose a seed unless there is one; the processes that run the tests inherit it."""
    os.environ.setdefault(SEED, "0" if "CI" in os.environ else str(random.randrange(1_000_000)))


def header() -> str:
    """Return the line that says what is run."""
    if COMPLETE:
        return "faults: every run"
    return f"faults: a sample, {SEED}={os.environ[SEED]}; 'make faults' makes every run"


class Chosen:
    """Chooses among the runs that a test can make."""

    def __init__(self, test: str) -> None:
        self.random = random.Random(f"{os.environ[SEED]} {test}")

    def __call__(self, runs: Iterable[T], at_most: int) -> list[T]:
        """Return all of `runs`, or a sample of them, in their order."""
        every = list(runs)
        if COMPLETE or len(every) <= at_most:
            return every
        return [every[place] for place in sorted(self.random.sample(range(len(every)), at_most))]


class Tally:
    """Takes down how many runs a test made, and how many of them left damage.

    `promise` is what stands in the first column of the table, `release` is ``"ours"`` or ``"2.2"``.
    """

    def __init__(self, take: Callable[[str, object], None]) -> None:
        self._take = take

    def __call__(self, promise: str, release: str, runs: int, damaged: int, note: str = "") -> None:
        """Take down runs; where `release` is 2.2, damage is what shows that the test can find it."""
        assert runs > 0, promise
        self._take("faults", [promise, release, runs, damaged, note])


def table(rows: Sequence[Sequence[Any]]) -> list[str]:
    """Return the lines of a Markdown table of what was taken down."""
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: {"ours": [0, 0], "2.2": [0, 0]})
    notes: dict[str, list[str]] = defaultdict(list)
    for promise, release, runs, damaged, note in rows:
        found[promise][release][0] += runs
        found[promise][release][1] += damaged
        if note and note not in notes[promise]:
            notes[promise].append(note)
    lines = ["| fault | ours: runs | with damage | 2.2: runs | with damage | |", "|---|--:|--:|--:|--:|---|"]
    for promise in sorted(found):
        (runs, damaged), (others, theirs) = found[promise]["ours"], found[promise]["2.2"]
        control = f"{others:,} | {theirs:,}" if others else "– | –"
        lines.append(f"| {promise} | {runs:,} | {damaged:,} | {control} | {'; '.join(notes[promise])} |")
    return lines


def put_into(page: Path, lines: Sequence[str]) -> None:
    """Put the lines of a table between the two comments of a page that name this kind of run."""
    kind = "complete" if COMPLETE else "sample"
    before, start, rest = page.read_text("utf-8").partition(f"<!-- {kind} -->\n")
    _, end, after = rest.partition(f"<!-- end of {kind} -->")
    assert start, f"{page} has no place for a table of this kind"
    assert end, f"{page} has no end of its table of this kind"
    page.write_text(before + start + "\n".join(lines) + "\n" + end + after, "utf-8")
