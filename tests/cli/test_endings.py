"""How commands end before they are done, or together with others: signals, closed outputs, races for one path."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Repository
from tests.cli.support import COMMAND, answer, call, check, environment, error, run
from tests.cli.web import Web, served


def _begun(*arguments: Any, cwd: Path) -> "subprocess.Popen[bytes]":
    pipe = subprocess.PIPE
    return subprocess.Popen([*COMMAND, *map(str, arguments)], cwd=cwd, stdout=pipe, stderr=pipe, env=environment())


def _ended(process: "subprocess.Popen[bytes]", web: Web, number: signal.Signals) -> tuple[int, bytes, bytes]:
    """Send a signal while the command waits for a file; return its code and what it wrote."""
    assert web.asked.wait(60)
    time.sleep(0.2)
    process.send_signal(number)
    time.sleep(0.2)
    web.answered.set()
    out, told = process.communicate(timeout=60)
    return process.returncode, out, told


def _files(folder: Path) -> dict[Path, bytes]:
    """Return what there is, without locks."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {path.relative_to(folder): path.read_bytes() for path in found}


SIGNALS = [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]


@pytest.mark.parametrize(("number", "code", "kind"), SIGNALS)
def test_get_that_is_ended_leaves_nothing(
    here: Path, tmp_path: Path, number: signal.Signals, code: int, kind: str
) -> None:
    goal = tmp_path / "goal"
    goal.mkdir()
    with served(here, waiting=True) as web:
        process = _begun("get", "model@0", "--in", web.url, "--to", "x", "--json", cwd=goal)
        ended, out, told = _ended(process, web, number)
    assert (ended, told.count(b"\n")) == (code, 1), told
    content = json.loads(out)
    check(content)
    assert content["error"]["kind"] == kind
    assert list(goal.iterdir()) == []


@pytest.mark.parametrize(("number", "code", "kind"), SIGNALS)
def test_copy_that_is_ended_leaves_no_record_without_its_file_and_is_finished_by_repeating_it(
    here: Path, tmp_path: Path, number: signal.Signals, code: int, kind: str
) -> None:
    with served(here, waiting=True) as web:
        process = _begun("copy", f"{web.url}/repository.json", "goal/", cwd=tmp_path)
        ended, _, told = _ended(process, web, number)
        assert (ended, told.count(b"\n")) == (code, 1), (kind, told)
        assert _files(tmp_path / "goal") == {}
        assert answer("copy", f"{web.url}/repository.json", "goal/", cwd=tmp_path)["copies"][0]["records"] == 2
    run("verify", "goal", cwd=tmp_path)


def test_put_that_is_ended_while_it_writes_leaves_the_repository_as_it_was(here: Path) -> None:
    """A handler that waits in the middle of its file stands for a slow disk."""
    before = _files(here)
    program = (
        "import sys, time\n"
        "from lazyscribe.artifacts.text import TextArtifact\n"
        "def write(obj, buf, **_):\n"
        "    buf.write('half')\n"
        "    print('writing', file=sys.stderr, flush=True)\n"
        "    time.sleep(60)\n"
        "TextArtifact.write = staticmethod(write)\n"
        "from lazyscribe.cli.launcher import main\n"
        "sys.argv[1:] = ['put', 'project.json']\n"
        "sys.exit(main())\n"
    )
    for number, code, _ in SIGNALS:
        with subprocess.Popen(
            [sys.executable, "-c", program], cwd=here, stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
        ) as process:
            assert process.stderr is not None
            assert process.stderr.readline() == b"writing\n"
            process.send_signal(number)
            assert process.stderr.read().count(b"\n") == 1
        assert process.returncode == code
        assert _files(here) == before


def test_a_signal_is_not_lost_while_something_is_finalized(here: Path) -> None:
    program = (
        "import os, signal, sys, time\n"
        "class Finalized:\n"
        "    def __del__(self):\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        time.sleep(0.1)\n"
        "import lazyscribe.cli.listing as listing\n"
        "def documents(*_):\n"
        "    Finalized()\n"
        "    time.sleep(10)\n"
        "listing.documents = documents\n"
        "from lazyscribe.cli.launcher import main\n"
        "sys.argv[1:] = ['ls']\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=here, capture_output=True, timeout=60, check=False, env=environment()
    )
    assert (done.returncode, done.stderr.count(b"\n")) == (130, 1), done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["ls", "--help"], ["--version"], ["ls"], ["ls", "--json"]])
def test_outputs_that_nobody_reads_or_that_are_full_or_closed(here: Path, arguments: list[str]) -> None:
    def told(redirection: str) -> tuple[int, str]:
        words = " ".join(COMMAND + arguments)
        script = f"set -o pipefail; {words} {redirection}"
        done = subprocess.run(
            ["bash", "-c", script], cwd=here, capture_output=True, text=True, timeout=60, check=False, env=environment()
        )
        return done.returncode, done.stderr

    assert told("| true") == (0, "")
    assert told(">&-") == (0, "")
    assert told("<&- | cat") == (0, "")
    code, said = told("> /dev/full")
    assert (code, said.count("\n")) == (1, 1), said
    assert "space" in said


def test_a_question_without_an_input_is_wrong_use(here: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{' '.join(COMMAND)} expire model@0 <&-"], cwd=here, capture_output=True, check=False,
        env=environment(),
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, b""), done.stderr


def test_what_is_neither_file_nor_folder_is_not_put(here: Path) -> None:
    os.mkfifo(here / "pipe")
    assert "neither a file nor a folder" in error("put", "pipe", cwd=here, code=2)
    assert "neither a file nor a folder" in error("put", "/dev/zero", cwd=here, code=2)


def test_a_path_that_another_process_takes_at_the_last_moment_is_not_replaced(here: Path) -> None:
    """It is taken by another process right after all has been copied: what a plain rename would run over."""
    program = (
        "import shutil, subprocess, sys\n"
        "whole = shutil.copyfileobj\n"
        "def copyfileobj(source, target, *a):\n"
        "    whole(source, target, *a)\n"
        "    subprocess.run([sys.executable, '-c', \"open('x', 'w').write('theirs')\"], check=True)\n"
        "shutil.copyfileobj = copyfileobj\n"
        "from lazyscribe.cli.launcher import main\n"
        "sys.argv[1:] = ['get', 'model@0', '--to', 'x']\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=here, capture_output=True, timeout=60, check=False, env=environment()
    )
    assert done.returncode == 1
    assert b"x is there already" in done.stderr
    assert (here / "x").read_text() == "theirs"
    assert not list(here.glob(".x*"))


def test_of_many_that_get_to_one_path_one_wins_and_its_file_is_whole(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository.json")
    contents = [str(number) * 300_000 for number in range(6)]
    for content in contents:
        repository.log_artifact("model", content, "text")
    repository.save()
    with ThreadPoolExecutor(len(contents)) as pool:
        done = list(pool.map(lambda number: call("get", f"model@{number}", "--to", "x", cwd=tmp_path), range(6)))
    winners = [number for number, each in enumerate(done) if each.returncode == 0]
    assert len(winners) == 1
    assert (tmp_path / "x").read_text() == contents[winners[0]]
    assert all(each.stderr.count(b"is there already") == 1 for each in done if each.returncode)
    assert not list(tmp_path.glob(".x*"))
