"""What git knows of the code that runs: the commit, and whether files differ from it.

``git status`` is asked once, with a time limit; where there is no git, what can be read of its files is read. Outside
of a work tree nothing is started at all. Git must not run what the configuration of a folder names for this.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lazyscribe.facts import FOLDER

LIMIT = 2.0
"""Seconds after which git is not waited for."""


class Worktree(NamedTuple):
    """A work tree as it was.

    Attributes
    ----------
    commit
        The hash; ``None`` before the first one.
    dirty
        Whether a file that git knows differs from the commit, what this package writes aside; ``None``: not known.
    """

    commit: str | None
    dirty: bool | None


def worktree_of(folder: Path) -> Worktree | None:
    """Return the state of the work tree that a folder lies in; ``None`` if it lies in none."""
    root = _root_of(folder)
    if root is None:
        return None
    told = _status(root)
    if told is None:
        return Worktree(_read_commit(root), None)
    commit, changed = _parsed(told)
    return Worktree(commit, any(not _is_ours(root, path) for path in changed))


def _root_of(folder: Path) -> Path | None:
    return next((each for each in (folder, *folder.parents) if os.path.lexists(each / ".git")), None)


def _status(root: Path) -> bytes | None:
    """Return what ``git status`` says; ``None`` if there is no git, or it has not answered in time."""
    import subprocess
    from shutil import which

    git = which("git")
    if git is None:
        return None
    own = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR")
    environment = {name: value for name, value in os.environ.items() if name not in own}
    command = [git, "--no-optional-locks", "-c", "core.fsmonitor=false", "status", "--porcelain=v2", "--branch", "-z"]
    try:
        done = subprocess.run(  # noqa: S603 - nothing in it comes from anywhere else
            [*command, "--untracked-files=no"],
            cwd=root,
            env={**environment, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=LIMIT,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


_FIELDS = {"1": 8, "2": 9, "u": 10}
"""How many fields stand before the path in a line of each kind."""


def _parsed(told: bytes) -> tuple[str | None, list[str]]:
    """Return the commit and the changed paths."""
    commit, changed = None, []
    lines = iter(os.fsdecode(told).split("\0"))
    for line in lines:
        if line.startswith("# branch.oid "):
            commit = _as_hash(line.rpartition(" ")[2])
        elif line[:1] in _FIELDS and line:
            changed.append(line.split(" ", _FIELDS[line[0]])[-1])
            if line[0] == "2":  # the name before follows
                changed.append(next(lines, ""))
    return commit, changed


def _is_ours(root: Path, path: str) -> bool:
    """Whether a file is one that a save writes: a manifest, or what lies under ``.lazyscribe``."""
    if FOLDER in path.split("/"):
        return True
    beside = (root / path).parent / FOLDER
    return any(os.path.lexists(beside / f"{Path(path).name}{ending}") for ending in (".lock", ".log"))


def _as_hash(text: str) -> str | None:
    text = text.strip()
    return text if len(text) >= 40 and all(each in "0123456789abcdef" for each in text) else None


def _read_commit(root: Path) -> str | None:
    """Return the commit as git's files tell it; not where it keeps references in another way than in files."""
    try:
        folder = root / ".git"
        if folder.is_file():
            folder = root / folder.read_text("utf-8").removeprefix("gitdir:").strip()
        head = (folder / "HEAD").read_text("utf-8")
        if not head.startswith("ref:"):
            return _as_hash(head)
        return next(_found(folder, head.removeprefix("ref:").strip()), None)
    except (OSError, ValueError):
        return None


def _found(folder: Path, reference: str) -> Iterator[str]:
    folders = [folder]
    if (common := folder / "commondir").is_file():
        folders.append(folder / common.read_text("utf-8").strip())
    for each in folders:
        path = each / reference
        if path.is_file() and (commit := _as_hash(path.read_text("utf-8"))):
            yield commit
    for each in folders:
        packed = each / "packed-refs"
        for line in packed.read_text("utf-8").splitlines() if packed.is_file() else ():
            told, _, name = line.partition(" ")
            if name == reference and (commit := _as_hash(told)):
                yield commit
