"""Facts: what is known of a file beyond its record, kept beside the files under ``.lazyscribe/``.

One JSON object a file: ``sha256`` (hexadecimal), ``size`` (bytes), ``author`` (who saved it), and the record's
``created_at`` (text) and ``handler``. If those two differ from the record, the facts belong to another write of that
path and count as unknown, as do missing ones: an older lazyscribe wrote the file. Unknown is never an error, a wrong
digest always is.

They lie in ``facts/{path of the file}.json``. Those of several new files that one save creates in one folder lie
together, by the files' names, in ``packs/{folder}/{time}-{id}.json``: a save of many files creates few more. Each pack
is written once; of two that know one write of one file, the later counts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from lazyscribe.exception import CorruptArtifactError, InvalidNameError
from lazyscribe.store.base import Store
from lazyscribe.store.keys import join, parent

if TYPE_CHECKING:
    from weakref import WeakKeyDictionary

FOLDER = ".lazyscribe"
"""Everything of ours that 2.2 does not know lies here, beside the manifest."""

CHUNK = 1 << 20
"""Bytes read at once when a file is copied."""

PIECE = 1 << 18
"""Bytes read at once when a file is hashed: a size that stays in a processor's cache."""

PACKS_KEPT = 64
"""How many packs of one store are kept in memory once they were read."""


class Facts(NamedTuple):
    """What was true of a file when it was written."""

    sha256: str
    size: int
    author: str
    created_at: str
    handler: str

    def encode(self) -> bytes:
        """Return the bytes of the facts file."""
        return encoded(self._asdict())


def facts_key(key: str) -> str:
    """Return the key of the facts of the file `key`."""
    return f"{FOLDER}/facts/{key}.json"


def new_pack(folder: str, facts: Mapping[str, Facts]) -> tuple[str, bytes]:
    """Return key and content of a pack of the facts of files in `folder`, by their names there."""
    key = join(f"{FOLDER}/packs", folder, f"{time.time_ns():020d}-{os.urandom(8).hex()}.json")
    return key, encoded({name: each._asdict() for name, each in facts.items()})


def packed(store: Store, pack: str) -> Iterator[tuple[str, Any]]:
    """Yield the keys of the files that a pack knows of, and what it tells; see `matching`."""
    folder = parent(pack.removeprefix(f"{FOLDER}/packs/"))
    return ((join(folder, name), told) for name, told in read_pack(store, pack).items())


def read_facts(store: Store, key: str, created_at: str, handler: str) -> Facts | None:
    """Return the facts of the file `key`, or ``None`` where nothing is known of this write of it."""
    return matching(_told(store, key), created_at, handler)


def matching(told: Iterable[Any], created_at: str, handler: str) -> Facts | None:
    """Return the first facts in what is told that are of this write."""
    for found in told:
        try:
            facts = Facts(**found)
        except TypeError:
            continue
        if (facts.created_at, facts.handler) == (created_at, handler):
            return facts
    return None


def _told(store: Store, key: str) -> Iterator[Any]:
    """Yield what is told of a file: in its own facts, then in packs, the latest first."""
    folder, _, name = key.rpartition("/")
    listed = store.ahead(lambda: sorted(store.files_in(join(f"{FOLDER}/packs", folder)), reverse=True))
    try:
        own = store.read(facts_key(key))
    except NOT_THERE:
        own = None
    if own is not None:
        yield _decoded(own[0])
    try:
        packs = listed()
    except NOT_THERE:
        return
    for pack in packs:
        with suppress(*NOT_THERE):
            if (found := read_pack(store, pack).get(name)) is not None:
                yield found


NOT_THERE = (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError, InvalidNameError)
"""What a store raises where nothing can be found out of a file of ours: then nothing is known."""


@cache
def _packs() -> WeakKeyDictionary[Store, dict[str, dict[str, Any]]]:
    """Return the packs that were read, of each store that is in use."""
    from weakref import WeakKeyDictionary

    return WeakKeyDictionary()


def read_pack(store: Store, pack: str, keep: bool = True) -> dict[str, Any]:
    """Return what a pack holds, empty if it is no pack; from memory if it was read before, since none ever changes.

    What is no pack is not remembered: it may be one whose name came before its content (see `LocalStore`). Nor is
    what is not worth it, since it tells of one thing only: `keep`.
    """
    known = _packs().setdefault(store, {})
    if (kept := known.get(pack)) is not None:
        return kept
    found = store.read(pack) if pack.endswith(".json") else None
    content = _decoded(found[0]) if found is not None else None
    if not isinstance(content, dict):
        return {}
    if not keep:
        return content
    while len(known) >= PACKS_KEPT:
        known.pop(list(known)[0], None)  # noqa: RUF015 - another thread may change it between two steps
    known[pack] = content
    return content


def encoded(content: Any) -> bytes:
    """Return the text of a file of ours."""
    import msgspec

    try:
        return msgspec.json.format(msgspec.json.encode(content, order="sorted"), indent=4)
    except (msgspec.MsgspecError, UnicodeEncodeError):
        import json

        return json.dumps(content, indent=4, sort_keys=True).encode("ascii")  # which takes a lone surrogate


def _decoded(data: bytes) -> Any:
    """Return what a text of ours holds; ``None`` if it is none."""
    import msgspec

    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        pass
    import json

    try:
        return json.loads(data)  # which takes more
    except (RecursionError, ValueError):
        return None


def digest_of(buf: BinaryIO, told: Callable[[int], object] | None = None) -> tuple[str, int]:
    """Return the SHA-256 and the size of what an open file holds; its position is then at the start again.

    Parameters
    ----------
    told
        Called with the number of bytes of each piece.
    """
    known: tuple[str, int] | None = getattr(buf, "taken_digest", None)
    if known is not None:
        if told is not None:
            told(known[1])
        buf.seek(0)
        return known
    from hashlib import sha256

    if isinstance(buf, BytesIO):
        buf.seek(0)
        with buf.getbuffer() as content:
            if told is not None:
                told(len(content))
            return sha256(content).hexdigest(), len(content)
    digest, size = sha256(), 0
    view = memoryview(bytearray(PIECE))
    buf.seek(0)
    while number := buf.readinto(view):  # type: ignore[attr-defined]
        digest.update(view[:number])
        size += number
        if told is not None:
            told(number)
    buf.seek(0)
    return digest.hexdigest(), size


def digest_in(store: Store, key: str) -> tuple[str, int]:
    """Return the SHA-256 and the size of a file."""
    with store.open(key) as buf:
        return digest_of(buf)


def holds(store: Store, key: str, digest: tuple[str, int]) -> bool:
    """Whether a file is there, of that SHA-256 and size."""
    try:
        return digest_in(store, key) == digest
    except FileNotFoundError:
        return False


def sha256_of(data: bytes | memoryview) -> str:
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
