"""What several tests of stores need."""

from pathlib import Path


def names(root: Path) -> set[str]:
    """Every file under `root` but those of locks."""
    found = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() or path.is_symlink()}
    return {name for name in found if not name.endswith(".lock")}
