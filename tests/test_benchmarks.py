"""Every benchmark runs; what it measures is looked at elsewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

BENCHMARKS = sorted(
    path for path in (ROOT / "benchmarks").glob("*.py") if "Run by ``make bench``" in path.read_text("utf-8")
)

RATIO = re.compile(r"\b\d+\.\d+ ?[x×]")


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_benchmark_runs(path: Path) -> None:
    """It ends without an error or a warning on small sizes, and prints its ratios and its targets."""
    if not os.environ.get("LAZYSCRIBE_22_PYTHON"):
        pytest.fail("LAZYSCRIBE_22_PYTHON is not set; run the tests by 'make test'.", pytrace=False)
    command = [sys.executable, "-W", "error", str(path), "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "target" in done.stdout
    assert RATIO.search(done.stdout)


def test_peers_that_are_not_there_are_said(tmp_path: Path) -> None:
    """Beside tools that are not installed, ours is measured all the same, and each of them is named as missing."""
    environment = {**os.environ, "LAZYSCRIBE_PEERS_PYTHON": str(tmp_path / "python")}
    command = [sys.executable, "-W", "error", str(ROOT / "benchmarks" / "peers.py"), "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    assert [name in rows[0] for name in ("ours", "mlflow", "pins", "trackio")] == [True] * 4
    assert [row.count("not installed") for row in rows] == [0, 3, 3, 3, 3]


def test_make_bench_runs_each() -> None:
    """No benchmark is forgotten."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert len(BENCHMARKS) >= 3
    assert [path.name for path in BENCHMARKS if f"benchmarks/{path.name}\n" not in makefile] == []
