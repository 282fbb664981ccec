"""Experiments with given dates, and the files on disk without the help of the library."""

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from lazyscribe import Experiment, Project


def on(day: int, second: int = 0) -> datetime:
    """Return a moment of that day in January 2025."""
    return datetime(2025, 1, day, 13, 23, second)


def make(name: str = "one", day: int = 20, **fields: Any) -> Experiment:
    """Return an experiment that was created on that day."""
    given: dict[str, Any] = {"project": Path("project.json"), "created_at": on(day), "author": "ada", **fields}
    return Experiment(name=name, **given)


def saved(*experiments: Experiment, fpath: str = "project.json", author: str = "ada") -> Project:
    """Write a project that holds these experiments, or one called ``one`` if none are given."""
    project = Project(fpath, mode="w", author=author)
    for experiment in experiments or (make(),):
        project.append(experiment)
    project.save()
    return project


def records(path: str | Path = "project.json") -> list[dict[str, Any]]:
    """Return what stands in a file of records."""
    found: list[dict[str, Any]] = json.loads(Path(path).read_text("ascii"))
    return found


def write(path: str | Path, content: Any) -> None:
    """Write a file of records by hand."""
    Path(path).write_text(json.dumps(content, sort_keys=True, indent=4), "ascii")


def tree(folder: str | Path = ".") -> dict[str, bytes]:
    """Return the files below `folder` but those that are ours to keep beside: locks, facts."""
    root = Path(folder)
    found = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if ".lazyscribe" not in path.parts}


def names(project: Project) -> list[str]:
    """Return the names of the experiments in their order."""
    return [experiment.name for experiment in project.experiments]


def python(program: str, cwd: str | Path = ".") -> str:
    """Run a program in another interpreter and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=cwd,
        env={**os.environ, "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
