"""Every command that a page shows is run, in order, in a folder as the page describes it."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.cli.support import COMMAND, environment, make

ROOT = Path(__file__).parents[2]
SHOWN = re.compile(r"^    \$ lazyscribe (.*)$", re.MULTILINE)


@pytest.mark.parametrize(("page", "least"), [("README.md", 8), ("docs/cli.md", 35)])
def test_the_commands_of_a_page_run(page: str, least: int, tmp_path: Path) -> None:
    make(tmp_path)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    commands = SHOWN.findall((ROOT / page).read_text("utf-8"))
    assert len(commands) >= least
    for command in commands:
        done = subprocess.run(
            [*COMMAND, *shlex.split(command)],
            cwd=tmp_path,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, (command, done.stderr)
