"""What can be told of an experiment from its record alone."""

from __future__ import annotations

from typing import Any

from lazyscribe.codec.text import Record
from lazyscribe.store.keys import join


def artifact_files(record: Record) -> list[tuple[str, dict[str, Any]]]:
    """Return folder and record of every artifact of an experiment, those of its tests after its own."""
    from slugify import slugify

    files = [(record["slug"], artifact) for artifact in record.get("artifacts", ())]
    for test in record.get("tests", ()):
        folder = join(record["slug"], slugify(test["name"])) if test.get("artifacts") else record["slug"]
        files += [(folder, artifact) for artifact in test.get("artifacts", ())]
    return files
