"""Folders, compared by the files in them."""

from __future__ import annotations

from pathlib import Path


def differences(older: Path, newer: Path) -> str:
    """Return which files and folders only one has (``-`` the older, ``+`` the newer), and which files differ (``~``).

    Files are compared by their digests and told with their sizes in bytes; whether the owner may execute one counts.
    """
    before, after = _members(older), _members(newer)
    lines = []
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            lines.append(f"- {name!r}: {before[name][0]}")
        elif name not in before:
            lines.append(f"+ {name!r}: {after[name][0]}")
        elif before[name] != after[name]:
            words, others = before[name][0], after[name][0]
            lines.append(f"~ {name!r}: {words}{', other content' if words == others else f' -> {others}'}")
    return "\n".join(lines)


def _members(root: Path) -> dict[str, tuple[str, str]]:
    """Return how each file and folder is told, and the digest of its content, by their names."""
    import hashlib

    from lazyscribe.artifacts.trees import listing

    found = {}
    for member in listing(root):
        if member.is_folder:
            found[member.name] = ("folder", "")
            continue
        with member.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = member.path.stat().st_size
        found[member.name] = (f"{size} bytes{', executable' if member.executable else ''}", digest)
    return found
