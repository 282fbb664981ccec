"""Importing the package is cheap: what is heavy is imported where it is first needed."""

import json
import subprocess
import sys

import pytest

LAZY = ["asyncio", "filelock", "fsspec", "msgspec", "slugify"]


def _imported(program: str) -> set[str]:
    """Return those of the heavy modules that a fresh process has imported after `program`."""
    report = f"\nimport json, sys\nprint(json.dumps([name for name in {LAZY!r} if name in sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", program + report], capture_output=True, text=True, timeout=60, check=True
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    "program",
    [
        "from lazyscribe import Project, Repository",
        "import lazyscribe; lazyscribe.Experiment, lazyscribe.Test, lazyscribe.__version__",
        "import lazyscribe.release, lazyscribe.registry, lazyscribe.exception, lazyscribe.experiment, lazyscribe.test",
        "import lazyscribe.artifacts.json, lazyscribe.artifacts.pickle",
    ],
)
def test_importing_brings_in_nothing_heavy(program: str) -> None:
    assert _imported(program) == set()


def test_the_measure_itself_notices_an_import() -> None:
    assert _imported("import fsspec") >= {"fsspec"}
