"""Measuring several ways of one work in turns, and telling their ratios."""

from __future__ import annotations

import gc
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

QUICK = "--quick" in sys.argv
"""Tiny sizes, one turn: to see that a benchmark runs."""

TURNS = 1 if QUICK else 5


def old_python() -> str:
    """Return the interpreter that holds 2.2."""
    old = os.environ.get("LAZYSCRIBE_22_PYTHON")
    if not old:
        sys.exit("LAZYSCRIBE_22_PYTHON is not set; run this by 'make bench'.")
    return old


def seconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Return the time of one run; what it returns is freed afterwards."""
    gc.collect()
    start = clock()
    result = work()
    passed = clock() - start
    del result
    return passed


def in_turns(ways: Mapping[str, Callable[[], float]], turns: int = TURNS) -> dict[str, list[float]]:
    """Run each way once per turn; each returns the seconds it took."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(turns):
        for name, way in ways.items():
            found[name].append(way())
    return found


def old(program: str, *arguments: object) -> float:
    """Return the seconds that a program of ``old.py``, run with 2.2, prints as its last line."""
    return run(old_python(), program, *arguments)


def run(python: str, program: str, *arguments: object) -> float:
    """Return the seconds that a program of ``old.py``, run with this interpreter, prints as its last line."""
    command = [python, str(Path(__file__).with_name("old.py")), program, *map(str, arguments)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}  # it would show ours
    answer = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return float(json.loads(answer.stdout.splitlines()[-1]))


def amount(value: float) -> str:
    """Return seconds as people read them."""
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= factor:
            return f"{value / factor:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def tell(work: str, times: Mapping[str, list[float]], target: str = "") -> None:
    """Print the medians with their spread, and ours against each of the others (the median of the ratios of turns)."""
    parts = []
    for name, found in times.items():
        spread = f" ({amount(min(found))}–{amount(max(found))})" if len(found) > 1 else ""
        parts.append(f"{name} {amount(statistics.median(found))}{spread}")
    ours = times["ours"]
    ratios = [
        f"{statistics.median(a / b for a, b in zip(ours, other, strict=True)):.2f} × {name}"
        for name, other in times.items()
        if name != "ours"
    ]
    told = f"; target {target}" if target else ""
    print(f"| {work} | {', '.join(parts)} | {', '.join(ratios)}{told} |", flush=True)


def peak() -> int:
    """Return the most bytes that this process held so far."""
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) << 10
    except (OSError, StopIteration):
        unit = 1 if sys.platform == "darwin" else 1 << 10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def heading(title: str) -> None:
    """Print the head of a table."""
    print(f"\n### {title}\n\n| work | time: median (least–most) | ours is |\n|---|---|---|", flush=True)


def machine() -> str:
    """Return a line on where this runs."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
