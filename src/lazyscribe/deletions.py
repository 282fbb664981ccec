"""Notes of what was deleted, so that another writer can tell it from what a foreign program dropped.

Each commit that deletes records leaves one write-once file ``.lazyscribe/{manifest}.log/{n}-{id}.json``: a JSON object
with ``deleted``, the keys of the records, and who did it when. It is written before the manifest is swapped: a kill
between leaves a note of something that is still there, which is never consulted unless the record goes missing.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from lazyscribe._dates import to_text
from lazyscribe._utils import utcnow
from lazyscribe.facts import FOLDER

if TYPE_CHECKING:
    from lazyscribe.manifest import Manifest


def _folder(manifest: Manifest) -> str:
    return f"{FOLDER}/{manifest.key}.log"


def deletion_note(manifest: Manifest, deleted: list[str], author: str | None) -> tuple[str, bytes]:
    """Return key and content of the note that `deleted` were deleted."""
    number = sum(1 for _ in manifest.store.keys(_folder(manifest)))
    entry = {"at": to_text(utcnow()), "author": author, "deleted": deleted}
    return f"{_folder(manifest)}/{number:08d}-{os.urandom(8).hex()}.json", json.dumps(entry, indent=4).encode("ascii")


def deleted_by_others(manifest: Manifest, keys: list[str]) -> set[str]:
    """Return those of `keys` that some commit deleted."""
    found: set[str] = set()
    for key in manifest.store.keys(_folder(manifest)):
        entry = manifest.store.read(key)
        try:
            found.update(json.loads(entry[0])["deleted"] if entry is not None else ())
        except (ValueError, KeyError, TypeError):
            continue  # not a note of ours
    return found.intersection(keys)
