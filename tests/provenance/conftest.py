"""Tests of provenance work in a folder of their own; nothing found out before holds."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lazyscribe import provenance


def forget() -> None:
    provenance._Seen.until = 0.0
    provenance._Seen.folders.clear()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LAZYSCRIBE_CAPTURE", raising=False)
    monkeypatch.setattr(sys.modules["__main__"], "__file__", None, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    forget()
    return tmp_path


@pytest.fixture
def git(folder: Path) -> Callable[..., str]:
    """A work tree with one commit; returns what runs git in it."""

    def run(*arguments: str) -> str:
        forget()
        named = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        done = subprocess.run(["git", *named, *arguments], cwd=folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    run("init", "-q", "-b", "main")
    (folder / "code.py").write_text("1\n")
    run("add", "code.py")
    run("commit", "-qm", "one")
    return run
