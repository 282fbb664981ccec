"""What is found out of git, with it and without it."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Project, provenance, worktree
from lazyscribe.worktree import worktree_of
from tests.provenance.conftest import forget


def ran(name: str = "run") -> Any:
    project = Project("project.json", mode="w+")
    with project.log(name):
        pass
    project.save()
    forget()
    return Project("project.json", mode="r").experiments[-1].provenance


def test_commit_of_a_clean_tree(git: Callable[..., str]) -> None:
    """The commit is the one that is checked out; files that git does not know make nothing dirty."""
    assert (ran().commit, ran("two").dirty) == (git("rev-parse", "HEAD"), False)


def test_changed_files(git: Callable[..., str], folder: Path) -> None:
    """A file that differs from the commit, in the index or not, or is gone, makes the tree dirty."""
    (folder / "code.py").write_text("2\n")
    assert ran().dirty is True
    git("add", "code.py")
    assert ran().dirty is True
    git("commit", "-qm", "two")
    assert ran().dirty is False
    git("mv", "code.py", "with space.py")
    assert ran().dirty is True
    (folder / "with space.py").unlink()
    assert ran().dirty is True


def test_own_files_make_nothing_dirty(git: Callable[..., str], folder: Path) -> None:
    """A project file that is checked in and that each save changes does not count, nor does what lies beside it."""
    ran()
    git("add", "-A")
    git("commit", "-qm", "results")
    assert ran("two").dirty is False
    assert "project.json" in git("status", "--porcelain")
    assert ran("three").dirty is False
    (folder / "other.json").write_text("[]")
    git("add", "other.json")
    assert ran("four").dirty is True
    git("add", "-A")
    git("commit", "-qm", "more")
    (folder / ".lazyscribe/new.json.lock").touch()
    git("mv", "other.json", "new.json")
    assert worktree_of(folder) == (git("rev-parse", "HEAD"), True), "it is gone from where it was"


def test_the_state_when_it_began(git: Callable[..., str], folder: Path) -> None:
    """What counts is how the tree was when the experiment began."""
    project = Project("project.json")
    with project.log("run") as run:
        (folder / "code.py").write_text("2\n")
        forget()
    assert run.provenance is not None
    assert run.provenance.dirty is False


def test_before_the_first_commit(folder: Path) -> None:
    """A tree without a commit has none."""
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    forget()
    assert (ran().commit, ran("two").dirty) == (None, False)


def test_outside_of_a_work_tree(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no work tree nothing is known and nothing is started."""
    monkeypatch.setattr(subprocess, "Popen", None)
    assert (ran().commit, ran("two").dirty) == (None, None)


def test_sub_folders_and_linked_work_trees(git: Callable[..., str], folder: Path, monkeypatch: Any) -> None:
    """The tree of a sub-folder, and a linked one with a branch of its own, are found, with git and without."""
    git("worktree", "add", "-q", "-b", "other", "linked")
    (folder / "linked" / "new.py").write_text("1")
    subprocess.run(["git", "add", "new.py"], cwd=folder / "linked", check=True)
    git("-C", "linked", "commit", "-qm", "on the branch")
    (folder / "linked" / "deep").mkdir()
    commits = git("rev-parse", "main"), git("rev-parse", "other")
    assert commits[0] != commits[1]
    for _ in range(2):
        assert [each.commit for each in map(worktree_of, (folder, folder / "linked" / "deep")) if each] == [*commits]
        monkeypatch.setenv("PATH", "")


@pytest.mark.parametrize("how", ["branch", "packed", "detached"])
def test_without_git(git: Callable[..., str], how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the program the commit is read from git's files; whether something differs is not known then."""
    commit = git("rev-parse", "HEAD")
    if how == "packed":
        git("pack-refs", "--all")
    elif how == "detached":
        git("checkout", "-q", "--detach")
    monkeypatch.setenv("PATH", "")
    assert (ran().commit, ran("two").dirty) == (commit, None)


def test_files_of_git_that_say_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of git that cannot be understood are no error."""
    (folder / ".git").write_bytes(b"gitdir: \xff")
    assert ran().commit is None
    (folder / ".git").write_text("gitdir: nowhere")
    forget()
    assert ran().commit is None


def test_git_that_does_not_answer(git: Callable[..., str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git is not waited for longer than the limit, and not asked again soon."""
    slow = folder / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\necho x >> asked\nexec sleep 30\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(worktree, "LIMIT", 0.2)
    commit = (folder / ".git" / "refs" / "heads" / "main").read_text().strip()
    began = time.monotonic()
    project = Project("project.json")
    for number in range(50):
        monkeypatch.setattr(provenance._Seen, "until", 0.0)
        with project.log(f"run {number}") as run:
            pass
    assert time.monotonic() - began < 5
    assert run.provenance is not None
    assert (run.provenance.commit, run.provenance.dirty) == (commit, None)
    assert (folder / "asked").read_text() == "x\n"


def test_configuration_of_the_folder_is_not_run(git: Callable[..., str], folder: Path) -> None:
    """A program that the folder's configuration names for watching files is not run."""
    hook = folder / "hook"
    hook.write_text("#!/bin/sh\ntouch was-run\n")
    hook.chmod(0o755)
    git("config", "core.fsmonitor", str(hook))
    (folder / "was-run").unlink(missing_ok=True)
    assert ran().commit is not None
    assert not (folder / "was-run").exists()


def test_many_experiments_ask_once(git: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand experiments in a moment start git once or twice."""
    started: list[Any] = []
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda *args, **more: (started.append(args), run(*args, **more))[1])
    project = Project("project.json")
    for number in range(1000):
        with project.log(f"run {number}"):
            pass
    project.save()
    assert 1 <= len(started) <= 2


def test_another_folder(git: Callable[..., str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found out of one folder does not hold in another, however long git took."""
    assert ran().commit is not None
    (outside := folder.parent / f"{folder.name}-outside").mkdir()
    monkeypatch.chdir(outside)
    monkeypatch.setattr(provenance._Seen, "until", 0.0)
    assert provenance.present_setting().commit is None
