"""Names, tags, reasons and aliases that would move a cursor, look like options, or are very long: in each command."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lazyscribe import Project, Repository
from lazyscribe.cli.app import COMMANDS
from tests.cli.support import call, check, make

HOSTILE = "-a\nb\x1b[31m[red]\t\u202e[|red]\x07\u00e9\U0001f642" + "w" * 150
"""A dash, a line end, a colour, what rich takes for markup, a tab, a change of direction, a bell, wide letters."""
FILE = HOSTILE.replace("\n", "")[:100]


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder in which everything that can have a name, or text, of its own has this one."""
    make(tmp_path)
    with pytest.warns(UserWarning, match="cannot exist on every system"):
        repository = Repository(tmp_path / "repository.json")
        for number in range(3):
            repository.log_artifact(HOSTILE, {"k": HOSTILE, "n": number}, "json")
            repository.save(message=HOSTILE)
        repository.set_alias(HOSTILE, "prod", 0)
        repository.delete(HOSTILE, 2, HOSTILE)
        repository.save()
        project = Project(tmp_path / "project.json", mode="w+", author=HOSTILE)
        with project.log(HOSTILE) as experiment:
            experiment.slug = "hostile"
            experiment.tag(HOSTILE)
            experiment.log_metric(HOSTILE, 1)
            experiment.log_parameter(HOSTILE, HOSTILE)
            experiment.log_artifact(HOSTILE, 1, "json")
            with experiment.log_test(HOSTILE, description=HOSTILE) as test:
                test.log_metric(HOSTILE, 2)
        project.save()
    release = {"tag": HOSTILE, "artifacts": [[HOSTILE, 0], ["model", 1]], "created_at": "2025-01-01T00:00:00"}
    (tmp_path / "releases.json").write_text(json.dumps([release]))
    (tmp_path / FILE).write_text("an orphan")
    return tmp_path


CALLS: list[tuple[list[str], int]] = [
    (["ls"], 0),
    (["tree"], 0),
    (["show", "hostile"], 0),
    (["show", "--value", "--", f"{HOSTILE}@0"], 0),
    (["show", "--", f"{HOSTILE}@2"], 1),
    (["compare", "hostile", "ridge"], 0),
    (["put", "--name", HOSTILE, "--dry-run", "--", FILE], 0),
    (["put", "--", f"{FILE}x"], 1),
    (["get", "--to", "got", "--", HOSTILE], 0),
    (["get", "--release", HOSTILE, "--to", "got too", "--", HOSTILE], 0),
    (["get", "--to", "got", "--", f"{HOSTILE}@{HOSTILE}"], 1),
    (["diff", "--", HOSTILE, "0", "1"], 0),
    (["promote", "--dry-run", "--", "hostile", HOSTILE], 0),
    (["promote", "--release", HOSTILE, "--alias", "x", "--dry-run"], 0),
    (["promote", "--release", f"{HOSTILE}x", "--alias", "x"], 1),
    (["alias", "--dry-run", "--", HOSTILE, "x"], 0),
    (["alias", "--yes", "--", HOSTILE, HOSTILE], 2),
    (["release"], 0),
    (["release", "--dry-run", "--", f"{HOSTILE}x"], 0),
    (["rollback", "--", HOSTILE], 1),
    (["expire", "--dry-run", "--", HOSTILE], 0),
    (["rm", "--dry-run", "--reason", HOSTILE, "--", f"{HOSTILE}@0"], 0),
    (["history"], 0),
    (["history", "--", HOSTILE], 0),
    (["at"], 0),
    (["explain", "--", HOSTILE], 0),
    (["explain", "--", f"{HOSTILE}@prod"], 0),
    (["lineage", "--", HOSTILE], 0),
    (["verify"], 0),
    (["copy", "project.json", "--", f"./{FILE} copy/"], 0),
    (["merge", "--dry-run", "--", HOSTILE], 1),
    (["git-merge-driver", "--", *["repository.json"] * 3, HOSTILE], 0),
    (["git-install", "--", HOSTILE], 1),
    (["completion", "--", HOSTILE], 2),
    (["doctor", "--", HOSTILE], 0),
    (["--", HOSTILE], 2),
    ([HOSTILE], 2),
    (["ls", "--where", HOSTILE], 2),
    (["ls", "--sort", HOSTILE], 2),
    (["ls", "-o", HOSTILE], 2),
    (["ls", "--", f"nowhere/{HOSTILE}"], 1),
    (["ls", "--", "\udcff\udcfe"], 1),
]


PLAIN = [sys.executable, "-W", "ignore::UserWarning", "-m", "lazyscribe"]
"""Names that other systems cannot hold are warned of; that is another test's matter."""


def test_each_command_is_among_them() -> None:
    assert set(COMMANDS) <= {arguments[0] for arguments, _ in CALLS}


def test_no_command_writes_what_a_terminal_would_obey(hostile: Path) -> None:
    def run(case: tuple[list[str], int]) -> None:
        arguments, code = case
        done = call(*arguments, cwd=hostile, command=PLAIN)
        assert done.returncode == code, (arguments, done.stdout, done.stderr)
        text = (done.stdout + done.stderr).decode()
        assert [each for each in text if not each.isprintable() and each not in "\n\t"] == [], arguments
        assert done.stderr.count(b"\n") == (1 if code else 0), (arguments, done.stderr)
        assert "please report" not in text, arguments
        answered = call(arguments[0], "--json", *arguments[1:], cwd=hostile, command=PLAIN)
        if code == 0 and arguments[0] != "get":
            check(json.loads(answered.stdout))

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(run, CALLS))
