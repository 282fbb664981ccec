"""What importing costs: processor time of whole processes, ours against 2.2, in turns.

Run by ``make bench``; ``--quick`` makes two runs, to see that it runs. Absolute times are noise on a shared machine;
the ratio is what to look at.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
from typing import Any

IMPORT = "from lazyscribe import Project, Repository"
RUNS = 15


def cpu_seconds(*command: str, stdout: Any = None) -> float:
    """Return user and system time of one run of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=stdout)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print medians, spread and the ratio of the medians."""
    old = os.environ.get("LAZYSCRIBE_22_PYTHON")
    if not old:
        sys.exit("LAZYSCRIBE_22_PYTHON is not set; run this by 'make bench'.")
    commands = {
        "ours": (sys.executable, "-c", IMPORT),
        "2.2": (old, "-c", IMPORT),
        "bare": (sys.executable, "-c", "pass"),
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(2 if sys.argv[1:] == ["--quick"] else RUNS + 1):
        for name, command in commands.items():
            times[name].append(cpu_seconds(*command))
    for name, found in times.items():
        kept = sorted(found[1:])  # the first run fills caches
        print(f"{name:>5}: median {statistics.median(kept):.4f} s, from {kept[0]:.4f} to {kept[-1]:.4f} s")
    ratio = statistics.median(times["ours"][1:]) / statistics.median(times["2.2"][1:])
    print(f"{IMPORT!r}: {ratio:.2f} x the processor time of 2.2 (target: at most 0.50)")


if __name__ == "__main__":
    main()
