"""What the journal costs: opening, the first look-up of an alias and those after it, moments, and a save.

Run by ``make bench``; ``--quick`` makes everything small, to see that it runs. A repository of many versions has as
many entries, packed as a journal is that was written one by one; every fifth moves an alias, too. Beside it one of
the same records without a journal. Times are processor time, those of saves what has passed.
"""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import timing
from timing import QUICK

from lazyscribe import Repository
from lazyscribe.journal.entries import LogEntry, Moved, Pack, Summary, Told, encode, encode_pack
from lazyscribe.journal.log import LEVELS, LOOSE, PACKS
from lazyscribe.manifest import Digests

SIZE = 2_000 if QUICK else 100_000
NAMES = 20
START = datetime(2015, 1, 1)


def records(count: int) -> list[dict[str, Any]]:
    """Return the records of versions, an hour apart."""
    dates = ((START + timedelta(hours=number)).isoformat() for number in range(count))
    return [
        {
            "created_at": date,
            "expiry": None,
            "fname": f"model-{number % NAMES}-{date.replace('-', '').replace('T', '').replace(':', '')}.json",
            "handler": "json",
            "name": f"model-{number % NAMES}",
            "version": number // NAMES,
        }
        for number, date in enumerate(dates)
    ]


def write(folder: Path, made: list[dict[str, Any]]) -> Path:
    """Write the file of records, and a file for each name's last version."""
    folder.mkdir(parents=True)
    path = folder / "repository.json"
    path.write_text(json.dumps(made, indent=4, sort_keys=True))
    return path


def keep_journal(path: Path, made: list[dict[str, Any]]) -> None:
    """Write an entry for each record, packed as the journal packs them."""
    folder = path.parent / ".lazyscribe" / f"{path.name}.log"
    folder.mkdir(parents=True)
    last = Digests().of(path.read_bytes())
    entries = [entry_of(number, each) for number, each in enumerate(made, 1)]
    entries[-1] = msgspec.structs.replace(entries[-1], after=last)
    summary, covered, rest = Summary(), list[str](), entries
    for level in range(LEVELS, 0, -1):
        size = LOOSE * PACKS ** (level - 1)
        while len(rest) > size:
            carried, entry, rest = rest[:size], rest[size], rest[size + 1 :]
            for each in carried:
                summary.add(each)
            pack = encode_pack(Pack(entry, [], covered, summary), [encode(each) for each in carried])
            (folder / f"{entry.number:08d}-{entry.id}-{level}.json").write_bytes(pack)
            summary.add(entry)
            covered.append(entry.id)
    for entry in rest:
        (folder / f"{entry.number:08d}-{entry.id}.json").write_bytes(encode(entry))


def entry_of(number: int, record: dict[str, Any]) -> LogEntry:
    """Return the entry of a save of one version; of every fifth such a save, moving an alias to it too."""
    name, fname, version = record["name"], record["fname"], record["version"]
    told = Told(name, fname, version, record["created_at"], None, "0" * 64, "json")
    moved = (Moved(name, "production", version, fname),) if number % 100 < NAMES else ()
    at = (datetime.fromisoformat(record["created_at"]) + timedelta(minutes=1)).isoformat(timespec="microseconds")
    follows = (f"{number - 1:016x}",) if number > 1 else ()
    before, after = (f"{each:032x}" for each in (number - 1, number))
    return LogEntry(
        f"{number:016x}", number, at, "ada", follows, before=before, after=after, logged=(told,), aliased=moved
    )


def tell(work: str, found: list[float], target: str) -> None:
    """Print the median, and the spread."""
    shown = timing.amount(statistics.median(found))
    print(f"| {work} | {shown} ({timing.amount(min(found))}–{timing.amount(max(found))}) | {target} |")


def seconds(work: Callable[[], object]) -> float:
    """Return the processor time of one run."""
    return timing.seconds(work, time.process_time)


def each_of_many(work: Callable[[], object], count: int = 2000) -> float:
    """Return the seconds that one of many calls takes."""

    def many() -> None:
        for _ in range(count):
            work()

    return seconds(many) / count


def looking(path: Path, plain: Path) -> None:
    """Measure opening, and aliases."""
    opened = {"with a journal": path, "without": plain}
    times: dict[str, list[float]] = {what: [] for what in opened}
    for _ in range(3 * timing.TURNS):
        for what, each in opened.items():
            times[what].append(seconds(partial(Repository, each, mode="r")))
    ratio = statistics.median(a / b for a, b in zip(*times.values(), strict=True))
    tell(f"open {SIZE:,} versions that have a journal", times["with a journal"], f"{ratio:.2f} × without it")
    fresh = [Repository(path, mode="r") for _ in range(timing.TURNS)]
    tell("first look-up of an alias", [seconds(partial(each.aliases, "model-3")) for each in fresh], "≤ 0.3 s")
    ask = partial(fresh[0]._search_artifact_versions, "model-3", "@production")
    ask()
    tell("an alias after that", [each_of_many(ask) for _ in range(timing.TURNS)], "≤ 50 µs")


def moments(path: Path) -> None:
    """Measure how long it takes to look back, and looking up there."""
    middle = (START + timedelta(hours=SIZE // 2)).isoformat()
    looks = ({"known": middle}, {"valid": middle}, {"valid": middle, "known": middle})
    for arguments in looks:
        what = f"at({', '.join(f'{name}=the middle' for name in arguments)})"
        first, again = list[float](), list[float]()
        for _ in range(timing.TURNS):
            each = Repository(path, mode="r")
            first.append(seconds(partial(each.at, **arguments)))
            again.append(seconds(partial(each.at, **arguments)))
        tell(f"first {what}", first, "≤ 0.3 s")
        tell(f"{what} once more", again, "")
    present = Repository(path, mode="r")
    moment = present.at(**looks[-1])
    for what, question in (("newest", {}), ("number", {"version": 7}), ("as of", {"version": middle, "match": "asof"})):
        found: list[list[float]] = []
        for each in (moment, present):
            ask = partial(each._search_artifact_versions, "model-3", **question)
            ask()
            found.append([each_of_many(ask) for _ in range(timing.TURNS)])
        tell(f"{what}, in a moment", found[0], f"in the present {timing.amount(statistics.median(found[1]))}")


def saving(path: Path, plain: Path) -> None:
    """Count the files of one more save, and measure it beside one that has hardly a journal."""
    found: dict[str, list[float]] = {}
    for what, each in (("with", path), ("without", plain)):
        repository = Repository(each)
        for turn in range(3 * timing.TURNS + 1):
            repository.log_artifact("model-0", turn, "json")
            took = timing.seconds(repository.save)
            if turn:
                found.setdefault(what, []).append(took)
    ratio = statistics.median(a / b for a, b in zip(found["with"], found["without"], strict=True))
    tell("save one more version", found["with"], f"{ratio:.2f} × where the journal is new")
    folder = path.parent / ".lazyscribe" / "repository.json.log"
    before = set(folder.iterdir())
    repository = Repository(path)
    repository.set_alias("model-0", "production")
    tell("first save of a move, after opening", [timing.seconds(repository.save)], "")
    print(f"| files that it wrote | {len(set(folder.iterdir()) - before)} | ≤ 1 |")
    print(f"| files of the journal | {len(before)} | |")


def main() -> None:
    """Measure."""
    print(timing.machine())
    place = Path(tempfile.mkdtemp(prefix="lazyscribe-bench-"))
    try:
        made = records(SIZE)
        path, plain = write(place / "journal", made), write(place / "plain", made)
        keep_journal(path, made)
        print(f"\n## History: {SIZE:,} versions, {SIZE:,} entries\n\n| work | time | target or beside |\n|---|---|---|")
        looking(path, plain)
        moments(path)
        saving(path, plain)
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
