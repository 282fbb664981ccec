"""What must hold for each command: missing, empty and damaged files, questions, dry runs, interruptions."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pexpect
import pytest

import lazyscribe
from lazyscribe import Project, Repository
from lazyscribe.cli.app import COMMANDS
from tests.cli.support import COMMAND, call, check, environment


class Case(NamedTuple):
    """A way to call a command.

    Attributes
    ----------
    missing, empty, damaged
        The code it ends with where there are no files, where they hold no records, where they hold nonsense.
    """

    arguments: str
    missing: int = 1
    empty: int = 1
    damaged: int = 4

    @property
    def command(self) -> str:
        return self.arguments.split()[0]


READING = [
    Case("ls", empty=0),
    Case("tree", empty=0),
    Case("show ridge"),
    Case("show model"),
    Case("compare ridge lasso"),
    Case("get model --to got"),
    Case("diff model 0 1"),
    Case("history", empty=0),
    Case("at", empty=0),
    Case("explain model"),
    Case("lineage model"),
    Case("verify", empty=0),
    Case("release", empty=0),
    Case("git-merge-driver project.json project.json project.json", empty=0),
    Case("completion bash", missing=0, empty=0, damaged=0),
    Case("doctor", missing=0, empty=0, damaged=0),
    Case("git-install", damaged=1),
]
ADDING = [
    Case("put text.txt", missing=0, empty=0),
    Case("copy . copied/", empty=0),
]
CHANGING = [
    Case("promote ridge notes --to repository.json"),
    Case("alias model@0 staging"),
    Case("release 2.0", empty=0),
    Case("promote --release 1.0 --alias staging"),
    Case("rollback production"),
    Case("expire model@0"),
    Case("rm model@0 --reason old"),
    Case("rm ridge --reason old"),
    Case("merge other/project.json", empty=0),
    Case("merge other/repository.json", empty=0),
]
"""Those that ask."""
YES = [case._replace(arguments=f"{case.arguments} --yes") for case in CHANGING]
ALL = READING + ADDING + YES


def test_no_command_is_left_out() -> None:
    assert {case.command for case in ALL} == set(COMMANDS)


def _files(folder: Path) -> dict[Path, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {path.relative_to(folder): path.read_bytes() for path in found}


@pytest.fixture
def full(here: Path) -> Path:
    """The folder with a release, promoted once, something to be merged, and a text to be put."""
    other = here / "other"
    lazyscribe.copy(here / "project.json", other / "project.json")
    lazyscribe.copy(here / "repository.json", other / "repository.json")
    with (project := Project(other / "project.json")).log("more") as experiment:
        experiment.log_metric("r2", 1)
    project.save()
    (more := Repository(other / "repository.json")).log_artifact("more", 1, "json")
    more.save()
    repository = Repository(here / "repository.json")
    repository.set_alias("model", "production", 0)
    repository.save()
    from lazyscribe.release import create_release

    release = create_release(Repository(here / "repository.json", mode="r"), "1.0")
    repository.promote(release, "production")
    (here / "text.txt").write_text("hello")
    return here


STATES = {"missing": None, "empty": "[]", "damaged": '[{"nonsense'}


@pytest.mark.parametrize("state", STATES)
def test_files_that_are_missing_empty_or_damaged_end_each_command_in_one_line(tmp_path: Path, state: str) -> None:
    content = STATES[state]

    def ended(number: int) -> tuple[str, int, bytes]:
        folder = tmp_path / str(number)
        (folder / "other").mkdir(parents=True)
        (folder / "text.txt").write_text("hello")
        for name in ("project.json", "repository.json", "other/project.json", "other/repository.json"):
            if content is not None:
                (folder / name).write_text(content)
        before = _files(folder)
        case = ALL[number]
        done = call(*case.arguments.split(), "--json", cwd=folder)
        told = json.loads(done.stdout)
        check(told)
        assert "error" in told or done.returncode == 0 or told["ok"] is False, case
        assert done.stderr.count(b"\n") == (1 if "error" in told else 0), (case, done.stderr)
        if done.returncode:
            assert _files(folder) == before, case
        return case.arguments, done.returncode, done.stderr

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(ended, range(len(ALL))))
    wrong = [(each, case) for each, case in zip(found, ALL, strict=True) if each[1] != getattr(case, state)]
    assert wrong == []


@pytest.mark.parametrize("case", CHANGING, ids=lambda case: case.arguments)
def test_what_changes_something_asks_and_only_looks_with_dry_run(full: Path, case: Case) -> None:
    before, arguments = _files(full), case.arguments.split()
    done = call(*arguments, cwd=full)
    assert (done.returncode, done.stdout) == (2, b""), done
    assert b"--yes" in done.stderr
    assert _files(full) == before
    done = call(*arguments, "--dry-run", cwd=full)
    assert done.returncode == 0, done
    assert done.stdout.startswith(b"would be: ")
    assert _files(full) == before
    for reply, code in (("n", 1), ("y", 0)):
        child = pexpect.spawn(
            COMMAND[0], [*COMMAND[1:], *arguments], cwd=str(full), env=environment(TERM="xterm"), timeout=60,
            encoding="utf-8",
        )  # fmt: skip
        child.expect_exact("[y/N] ")
        assert child.before.count("\n") >= 1, "what will change is shown before it is asked about"
        assert _files(full) == before
        child.sendline(reply)
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == code, child.before
        assert (_files(full) == before) is (reply == "n")


DOCUMENTS = {"project.json": Project, "repository.json": Repository}

INTERRUPTED = """
import os, signal, sys, threading
share, calls = float(sys.argv.pop(1)), int(sys.argv.pop(1))
from lazyscribe.cli.launcher import main
seen = 0
def count(frame, event, argument):
    global seen
    if event == "call":
        seen += 1
        if calls and seen == int(share * calls):
            sys.setprofile(None)
            os.kill(os.getpid(), signal.SIGINT)
sys.setprofile(count)
try:
    code = main()
finally:
    sys.setprofile(None)
if not calls:
    sys.stderr.write(f"{seen}\\n")
sys.exit(code)
"""
"""The command, interrupted at a share of all the calls that it makes; with 0 calls it tells how many there are."""


def _interrupted(case: Case, folder: Path, share: float, calls: int) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-c", INTERRUPTED, str(share), str(calls), *case.arguments.split()]
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=False, env=environment())


@pytest.fixture
def copies(full: Path, tmp_path: Path) -> Iterator[Any]:
    """Gives a new copy of the folder each time."""
    import shutil

    def copy(name: str) -> Path:
        return Path(shutil.copytree(full, tmp_path / "copies" / name))

    return copy  # type: ignore[return-value]


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.arguments)
def test_each_command_can_be_interrupted_anywhere_and_leaves_all_sound(copies: Any, case: Case) -> None:
    calls = int(_interrupted(case, copies("whole"), 0, 0).stderr.split()[-1])

    def end(share: float) -> int:
        folder = copies(str(share))
        before = {name: (folder / name).read_bytes() for name in DOCUMENTS}
        done = _interrupted(case, folder, share, calls)
        told = [line for line in done.stderr.decode().splitlines() if "Interrupted" in line]
        assert b"Traceback" not in done.stderr, done.stderr
        assert (done.returncode, len(told)) in ((130, 1), (0, 0)), (share, done)
        assert all(document(folder / name).verify().ok for name, document in DOCUMENTS.items())
        assert not list(folder.glob("*.part"))
        if case in READING:
            assert {name: (folder / name).read_bytes() for name in before} == before
        return done.returncode

    with ThreadPoolExecutor(2) as pool:
        codes = list(pool.map(end, (0.3, 0.6, 0.9)))
    assert codes.count(130) >= 2  # a signal that met a finalizer comes again a little later, perhaps after the end
