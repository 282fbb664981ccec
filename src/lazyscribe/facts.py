"""Facts: what is known of a file beyond its record, kept beside the files under ``.lazyscribe/facts/``.

One JSON object a file: ``sha256`` (hexadecimal), ``size`` (bytes), ``author`` (who saved it), and the record's
``created_at`` (text) and ``handler``. If those two differ from the record, the facts belong to another write of that
path and count as unknown, as do missing ones: an older lazyscribe wrote the file. Unknown is never an error, a wrong
digest always is.
"""

from __future__ import annotations

import json
from typing import Any, BinaryIO, NamedTuple

from lazyscribe.exception import CorruptArtifactError, InvalidNameError
from lazyscribe.store.base import Store

FOLDER = ".lazyscribe"
"""Everything of ours that 2.2 does not know lies here, beside the manifest."""

CHUNK = 1 << 20
"""Bytes read at once when a file is hashed or copied."""


class Facts(NamedTuple):
    """What was true of a file when it was written."""

    sha256: str
    size: int
    author: str
    created_at: str
    handler: str

    def encode(self) -> bytes:
        """Return the bytes of the facts file."""
        names = ("author", "created_at", "handler", "sha256", "size")
        return json.dumps({name: getattr(self, name) for name in names}, indent=4).encode("ascii")


def facts_key(key: str) -> str:
    """Return the key of the facts of the file `key`."""
    return f"{FOLDER}/facts/{key}.json"


def read_facts(store: Store, key: str, created_at: str, handler: str) -> Facts | None:
    """Return the facts of the file `key`, or ``None`` where nothing is known of this write of it."""
    try:
        found = store.read(facts_key(key))
    except (NotADirectoryError, IsADirectoryError, PermissionError, InvalidNameError):
        return None
    if found is None:
        return None
    try:
        facts = Facts(**_decoded(found[0]))
    except (ValueError, TypeError, RecursionError):
        return None
    return facts if (facts.created_at, facts.handler) == (created_at, handler) else None


def _decoded(data: bytes) -> Any:
    import msgspec

    try:
        return msgspec.json.decode(data)
    except msgspec.MsgspecError:
        return json.loads(data)  # which takes more


def digest_of(buf: BinaryIO) -> tuple[str, int]:
    """Return the SHA-256 and the size of what an open file holds; its position is then at the start again."""
    from hashlib import sha256

    digest, size = sha256(), 0
    buf.seek(0)
    while chunk := buf.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
    buf.seek(0)
    return digest.hexdigest(), size


def sha256_of(data: bytes) -> str:
    """Return the SHA-256 of bytes, in hexadecimal."""
    from hashlib import sha256

    return sha256(data).hexdigest()


def check(facts: Facts | None, found: str, path: str, name: str) -> None:
    """Refuse a file whose digest is not the one its facts hold.

    Raises
    ------
    CorruptArtifactError
        With ``path``, ``expected`` and ``found`` (hexadecimal SHA-256).
    """
    if facts is None or facts.sha256 == found:
        return
    message = (
        f"The artifact {name!r} is damaged: {path} has the SHA-256 {found}, but {facts.sha256} was saved; "
        "restore the file from a good copy or load another version."
    )
    details: dict[str, Any] = {"path": path, "expected": facts.sha256, "found": found, "name": name}
    raise CorruptArtifactError(message, **details)
