"""Helpers for tests of repositories."""

import json
import warnings
from pathlib import Path
from typing import Any

from lazyscribe import Repository
from lazyscribe.artifacts.json import JSONArtifact


def opened(file: Path | str, mode: Any = "r") -> Repository:
    """Open a repository anew, any warning being an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return Repository(file, mode)


def facts_of(file: Path, name: str, fname: str) -> Path:
    """Return where the facts of an artifact's file lie."""
    return file.parent / ".lazyscribe" / "facts" / name / f"{fname}.json"


def values(repository: Repository, name: str = "x") -> list[Any]:
    """Load all versions of a name, in the order of their numbers."""
    numbers = sorted(each["version"] for each in repository if each["name"] == name)
    return [repository.load_artifact(name, version=number) for number in numbers]


def artifact(name: str = "x", value: Any = 0, **more: Any) -> JSONArtifact:
    """Make a JSON artifact by hand."""
    return JSONArtifact.construct(name=name, value=value, **more)


def write(file: Path, records: Any) -> None:
    """Write a manifest by hand."""
    file.write_text(json.dumps(records, sort_keys=True, indent=4), "utf-8")


def record(**changes: Any) -> dict[str, Any]:
    """Return a record of a repository's file; ``None``-valued changes stay, ``...`` removes the key."""
    whole = {
        "created_at": "2025-01-20T13:23:30",
        "expiry": None,
        "fname": "x-20250120132330.json",
        "handler": "json",
        "name": "x",
        "version": 0,
    }
    return {key: value for key, value in {**whole, **changes}.items() if value is not ...}


def tree(folder: Path) -> dict[str, bytes]:
    """Return what the files of a folder hold, locks aside."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }
