"""Folders for tests."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def fill(folder: Path, content: Mapping[str, bytes | None]) -> Path:
    """Make a folder of files, by their paths in it; those whose names end with ``!`` without it, executable."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in content.items():
        path = folder / name.removesuffix("!")
        path.parent.mkdir(parents=True, exist_ok=True)
        if data is None:
            path.mkdir()
        else:
            path.write_bytes(data)
            path.chmod(0o755 if name.endswith("!") else 0o644)
    return folder


def contents(path: Path) -> Any:
    """Return what lies under a path: bytes, or those of a folder's files with whether they can be executed."""
    if path.is_file():
        return path.read_bytes()
    return {
        each.relative_to(path).as_posix(): None if each.is_dir() else (each.read_bytes(), each.stat().st_mode & 0o111)
        for each in path.rglob("*")
    }
