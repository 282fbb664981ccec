"""What the command costs: processor time of whole processes, in turns.

Run by ``make bench``; ``--quick`` makes small files and two runs, to see that it runs. On a machine that is busy
elsewhere, the ratios to a bare interpreter, and to a program that decodes the same file by hand, say more than times.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import tempfile
from pathlib import Path

from imports import cpu_seconds

QUICK = "--quick" in sys.argv
VERSIONS, EXPERIMENTS, RUNS = (100, 200, 2) if QUICK else (10_000, 100_000, 7)

LAZYSCRIBE = [sys.executable, "-m", "lazyscribe"]
BY_HAND = (
    "import json\n"
    "found = [each['slug'] for each in json.load(open({path!r}))\n"
    "         if each['metrics'].get('auc', 0) > 0.99 and each['parameters'].get('model') == 'svm']\n"
    "print('\\n'.join(found))\n"
)


def versions() -> list[dict[str, object]]:
    """Return the records of twenty artifacts."""
    return [
        {
            "created_at": f"2025-01-{1 + place * 28 // VERSIONS:02d}T{place % 24:02d}:{place % 60:02d}:00",
            "expiry": None,
            "fname": f"m-{place}.json",
            "handler": "json",
            "name": f"model-{place % 20}",
            "version": place // 20,
        }
        for place in range(VERSIONS)
    ]


def experiments() -> list[dict[str, object]]:
    """Return records with metrics, parameters and a test each."""
    chance = random.Random(1)  # noqa: S311 - numbers to compare
    return [
        {
            **{"artifacts": [], "author": "ada", "created_at": "2025-01-20T13:23:30", "dependencies": []},
            **{"last_updated": "2025-01-20T13:23:30", "last_updated_by": "ada", "name": f"exp {place}"},
            "metrics": {"auc": chance.random(), "f1": chance.random(), "loss": chance.random()},
            "parameters": {"C": chance.random(), "depth": place % 7, "model": chance.choice(["svm", "rf", "nn"])},
            **{"short_slug": f"exp-{place}", "slug": f"exp-{place}-20250120132330", "tags": ["new"]},
            "tests": [
                {
                    **{"artifacts": [], "description": None, "name": "adults", "parameters": {}},
                    "metrics": {"r2": chance.random()},
                }
            ],
        }
        for place in range(EXPERIMENTS)
    ]


def measured(commands: dict[str, list[str]]) -> dict[str, list[float]]:
    """Return the processor time of each command in each turn but the first, which fills caches."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    with Path(os.devnull).open("w") as nowhere:
        for _ in range(RUNS):
            for name, command in commands.items():
                times[name].append(cpu_seconds(*command, stdout=nowhere))
    return {name: found[1:] for name, found in times.items()}


def main() -> None:
    """Print times, and what is to be held."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled already; the first turn does that
    with tempfile.TemporaryDirectory() as folder:
        many, large = Path(folder, "many"), Path(folder, "large")
        for place, name, records in ((many, "repository.json", versions()), (large, "project.json", experiments())):
            place.mkdir()
            (place / name).write_text(json.dumps(records, indent=4, sort_keys=True), "ascii")
        condition = 'metrics.auc > 0.99 and parameters.model == "svm"'
        times = measured(
            {
                "bare": [sys.executable, "-c", "pass"],
                "help": [*LAZYSCRIBE, "--help"],
                "ls": [*LAZYSCRIBE, "ls", str(many)],
                "where": [*LAZYSCRIBE, "ls", str(large), "--where", condition],
                "by hand": [sys.executable, "-c", BY_HAND.format(path=str(large / "project.json"))],
            }
        )
    median = {name: statistics.median(found) for name, found in times.items()}
    for name, found in times.items():
        print(f"{name:>8}: median {median[name]:.3f} s, from {min(found):.3f} to {max(found):.3f} s")
    print(f"lazyscribe --help: {median['help']:.3f} s, {median['help'] / median['bare']:.1f} x bare (target: 0.25 s)")
    more = median["ls"] - median["help"]
    print(f"ls of {VERSIONS} versions: {more:.3f} s more than the help (target: at most 0.30 s more)")
    ratio = median["where"] / median["by hand"]
    print(
        f"ls --where on {EXPERIMENTS} experiments: {median['where']:.3f} s, {ratio:.2f} x decoding the file with json "
        "and choosing by hand (target: at most 1 s)"
    )


if __name__ == "__main__":
    main()
