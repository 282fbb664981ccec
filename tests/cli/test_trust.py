"""No command runs code that an artifact brings along, unless it is told to trust."""

import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Project, Repository
from lazyscribe.cli.app import COMMANDS
from tests.cli.support import call


class Bomb:
    """Leaves a file behind when it is unpickled."""

    def __reduce__(self) -> Any:
        return open, (os.environ["BOMB"], "w")


@pytest.fixture
def boom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that is left behind."""
    path = tmp_path / "boom"
    monkeypatch.setenv("BOMB", str(path))
    return path


@pytest.fixture
def mined(tmp_path: Path, boom: Path) -> Path:
    """A folder in which every artifact is a bomb, and a copy of it below."""
    folder = tmp_path / "mined"
    project = Project(folder / "project.json")
    with project.log("run") as experiment:
        experiment.log_artifact("fresh", Bomb(), "pickle")
        with experiment.log_test("part") as test:
            test.log_artifact("inner", Bomb(), "pickle")
    project.save()
    repository = Repository(folder / "repository.json")
    for _ in range(2):
        repository.log_artifact("bomb", Bomb(), "pickle")
    repository.set_alias("bomb", "production", 0)
    repository.save()
    assert not boom.exists()
    shutil.copytree(folder, folder / "copied")
    with (other := Project(folder / "copied" / "project.json")).log("other") as experiment:
        experiment.log_artifact("fresh", Bomb(), "pickle")
    other.save()
    for name in ("base", "ours", "theirs"):
        shutil.copy(folder / "repository.json", folder / name)
    (folder / "put.pkl").write_bytes(pickle.dumps(Bomb(), 5))
    return folder


CALLS: list[tuple[str, int]] = [
    ("ls", 0),
    ("tree", 0),
    ("show run", 0),
    ("show bomb", 0),
    ("show bomb --value", 1),
    ("compare run run --all", 0),
    ("put put.pkl", 0),
    ("get bomb@0 --to got", 0),
    ("diff bomb 0 1", 2),
    ("diff bomb 0 1 --how values", 2),
    ("diff bomb 0 1 --how lines", 2),
    ("promote run fresh --yes", 0),
    ("alias bomb@1 staging --yes", 0),
    ("release 1 --lock lock --yes", 0),
    ("promote --release 1 --alias production --yes", 0),
    ("rollback production --yes", 0),
    ("expire bomb@0 --yes", 0),
    ("history", 0),
    ("at", 0),
    ("explain bomb", 0),
    ("lineage fresh", 0),
    ("verify", 0),
    ("copy . elsewhere/", 0),
    ("merge copied/project.json --yes", 0),
    ("git-merge-driver base ours theirs", 0),
    ("git-install", 1),
    ("completion bash", 0),
    ("doctor", 0),
    ("rm bomb@0 --reason x --yes", 0),
]
"""Every command, in an order in which each finds something to do, and the code it ends with."""


@pytest.mark.parametrize("trust", ["", "all"])
def test_no_command_runs_what_an_artifact_brings_along(mined: Path, boom: Path, trust: str) -> None:
    assert {text.split()[0] for text, _ in CALLS} == set(COMMANDS)
    for text, code in CALLS:
        done = call(*text.split(), cwd=mined, LAZYSCRIBE_TRUST=trust)
        assert done.returncode == code, (text, done.stdout, done.stderr)
        assert not boom.exists(), text
        if text == "show bomb --value":
            assert b"add --trust" in done.stderr
    assert (mined / "got").read_bytes() == (mined / "put.pkl").read_bytes()


def test_with_trust_it_does(mined: Path, boom: Path) -> None:
    call("show", "bomb", "--value", "--trust", cwd=mined)
    assert boom.exists()
