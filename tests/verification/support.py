"""Folders to be checked, and what was found there."""

import json
from pathlib import Path
from typing import Any

from lazyscribe import Project, Repository
from lazyscribe.verification import Finding, Report


def repository(folder: Path | str, versions: int = 2, name: str = "x", together: bool = False) -> Repository:
    """Save a repository that holds so many versions of a name, each by itself or all with one save."""
    made = Repository(f"{folder}/repository.json")
    for number in range(versions):
        made.log_artifact(name, [number], "json", fname=f"{number}.json")
        if not together:
            made.save()
    made.save()
    return made


def project(folder: Path | str, name: str = "One") -> Project:
    """Save a project with one experiment that has an artifact, and a test that has one."""
    made = Project(f"{folder}/project.json", mode="w+", author="ada")
    with made.log(name) as experiment:
        experiment.log_artifact("model", {"a": 1}, "pickle", fname="model.pkl")
        with experiment.log_test("Adults") as test:
            test.log_artifact("rows", [1, 2], "json", fname="rows.json")
    made.save()
    return made


def records(file: Path) -> Any:
    return json.loads(file.read_bytes())


def write(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content, sort_keys=True, indent=4), "ascii")


def kinds(report: Report) -> list[str]:
    """Return the kinds of the findings, in their order."""
    return [each.kind for each in report.findings]


def only(report: Report, kind: str) -> Finding:
    """Return the one finding there is."""
    assert kinds(report) == [kind]
    return report.findings[0]


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return everything below a folder, with its times and contents."""
    return {
        path.relative_to(folder).as_posix(): (
            path.lstat().st_mtime_ns,
            path.lstat().st_ino,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }
