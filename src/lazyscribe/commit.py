"""The only write path: stage, swap, settle, or undo.

A save has three steps, and nothing else in the package writes:

1. **stage**: every new file is created under a key of its own, its digest taken on the way, its facts beside it. A
   file that replaces another (an explicit name, used again) waits under ``.lazyscribe/staged/``.
2. **swap**: under the store's guard the manifest is read again, `compose` merges what others committed since, and
   the new text replaces the old one only if that is still what was read. Files that waited move into place.
3. **settle**: the caller changes what is in memory. Only now.

What a kill leaves: in step 1 orphan files; between reading and replacing in step 2 the same; after the replacement
a complete manifest, whose replaced files may still wait (their digest shows it). An exception before the replacement
takes back what step 1 created, so the same save can be tried again. One after it is `CommitUnknownError`.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

from lazyscribe.digest import HashingFile
from lazyscribe.exception import (
    CommitUnknownError,
    CorruptArtifactError,
    Exists,
    LazyscribeError,
    SaveError,
    Stale,
    Unsure,
)
from lazyscribe.facts import CHUNK, FOLDER, Facts, check, digest_of, facts_key
from lazyscribe.store.base import Store, Token
from lazyscribe.store.keys import candidates, check_key, fold, join

if TYPE_CHECKING:
    from lazyscribe.artifacts.base import Artifact

SWAP_TRIES = 20
"""How often a swap is tried again when a writer that takes no lock came between."""


class Source(NamedTuple):
    """Bytes that exist already: a file in a store, and the facts that it must fulfil."""

    store: Store
    key: str
    facts: Facts | None


class Draft:
    """One file to be written.

    Attributes
    ----------
    record
        The artifact's record; staging puts the final ``fname`` there.
    folder
        The key of the folder it goes to.
    artifact
        Gives the value and how it is written, unless there is a `source`.
    taken
        Whether a key belongs to another record.
    replaces
        Whether a file that is there under this very name and belongs to no other record is replaced.
    size
        Of the written file, in bytes, once staged.
    """

    def __init__(
        self,
        record: dict[str, Any],
        folder: str,
        artifact: Artifact,
        taken: Callable[[str], bool],
        replaces: bool = False,
        source: Source | None = None,
    ) -> None:
        self.record = record
        self.folder = folder
        self.artifact = artifact
        self.taken = taken
        self.replaces = replaces
        self.source = source
        self.size = -1


class Manifest:
    """A manifest as this process last saw it.

    Attributes
    ----------
    data, token
        Its bytes and the store's token for them, ``None`` where there was no file.
    unsure
        Digests of the files of a commit whose answer was lost, by key. Saving again takes these files for its own.
    """

    def __init__(self, store: Store, key: str) -> None:
        self.store = store
        self.key = key
        self.data: bytes | None = None
        self.token: Token | None = None
        self.unsure: dict[str, str] = {}

    @property
    def place(self) -> str:
        """The manifest as a user would write it."""
        return self.store.describe(self.key)

    def read(self) -> bytes | None:
        """Read the manifest; what was read becomes what this process last saw."""
        self.data, self.token = self.peek()
        return self.data

    def twin(self) -> Manifest:
        """Return another one that saw the same."""
        twin = Manifest(self.store, self.key)
        twin.data, twin.token, twin.unsure = self.data, self.token, dict(self.unsure)
        return twin

    def peek(self) -> tuple[bytes | None, Token | None]:
        """Read the manifest and remember nothing."""
        return self.store.read(self.key) or (None, None)


class Stage:
    """The files that one save has created, so that they can be taken back.

    Parameters
    ----------
    author
        Written into the facts; ``None``: no facts are written.
    """

    def __init__(self, manifest: Manifest, author: str | None) -> None:
        self._store = manifest.store
        self._unsure = manifest.unsure
        self._author = author
        self._created: list[str] = []
        self._claimed: set[str] = set()
        self._facts_before: list[tuple[str, bytes]] = []
        self._aside: list[tuple[str, str]] = []
        self.digests: dict[str, str] = {}

    def write(self, draft: Draft) -> None:
        """Create the file of `draft` and its facts; put its name into the record."""
        for fname in candidates(draft.record["fname"]):
            key = check_key(join(draft.folder, fname))
            if fold(key) in self._claimed or draft.taken(key):
                continue
            written = self._create(key, draft)
            if written is None and draft.replaces and fname == draft.record["fname"]:
                aside = f"{FOLDER}/staged/{os.urandom(8).hex()}"
                written = self._create(aside, draft)
                self._aside.append((aside, key))
            if written is not None:
                draft.record["fname"], draft.size = fname, written[1]
                self.digests[key] = written[0]
                self._claimed.add(fold(key))
                self._write_facts(key, draft, *written)
                return

    def _create(self, key: str, draft: Draft) -> tuple[str, int] | None:
        """Create the file; ``None`` if the key is taken, by a file that is not ours from before."""
        if key in self._unsure and (written := self._recognise(key, draft)):
            return written
        try:
            with self._store.create(key) as raw:
                sink = HashingFile(raw)
                _fill(sink, draft)
                written = sink.result()
        except Exists:
            return None
        self._created.append(key)
        return written

    def _recognise(self, key: str, draft: Draft) -> tuple[str, int] | None:
        """Return digest and size if a commit whose answer was lost left this very content under `key`."""
        sink = HashingFile(io.BytesIO())
        _fill(sink, draft)
        try:
            with self._store.open(key) as buf:
                found = digest_of(buf)
        except FileNotFoundError:
            return None
        return found if found == sink.result() and found[0] == self._unsure[key] else None

    def _write_facts(self, key: str, draft: Draft, sha256: str, size: int) -> None:
        if self._author is None:
            return
        facts = Facts(sha256, size, self._author, draft.record["created_at"], draft.record["handler"])
        target = facts_key(key)
        before = self._store.read(target)
        if before is None:
            try:
                with self._store.create(target) as raw:
                    raw.write(facts.encode())
            except Exists:
                before = self._store.read(target)
            else:
                self._created.append(target)
                return
        if before is not None:
            self._facts_before.append((target, before[0]))
        self._store.swap(target, facts.encode(), before[1] if before else None)

    def publish(self) -> None:
        """Move the files that waited over those they replace."""
        for aside, key in self._aside:
            self._store.replace(aside, key)

    def undo(self, cause: BaseException) -> None:
        """Take back what was created; what cannot be taken back is noted on `cause`."""
        for target, before in reversed(self._facts_before):
            self._try(cause, target, partial(self._restore, target, before))
        for key in reversed(self._created):
            self._try(cause, key, partial(self._store.delete, key))

    def _restore(self, key: str, data: bytes) -> None:
        found = self._store.read(key)
        self._store.swap(key, data, found[1] if found else None)

    def _try(self, cause: BaseException, key: str, action: Callable[[], object]) -> None:
        try:
            action()
        except Exception as error:
            cause.add_note(f"{self._store.describe(key)} could not be taken back: {error}")


def _fill(sink: HashingFile, draft: Draft) -> None:
    if draft.source is not None:
        _copy(draft.source, sink, draft)
    elif draft.artifact.binary:
        draft.artifact.write(draft.artifact.value, sink, **draft.artifact.writer_kwargs)
    else:
        text = io.TextIOWrapper(cast("BinaryIO", sink), encoding="utf-8", newline="")
        draft.artifact.write(draft.artifact.value, text, **draft.artifact.writer_kwargs)
        if not text.closed:
            text.flush()
            text.detach()


def _copy(source: Source, sink: HashingFile, draft: Draft) -> None:
    with source.store.open(source.key) as buf:
        while chunk := buf.read(CHUNK):
            sink.write(chunk)
    check(source.facts, sink.result()[0], source.store.describe(source.key), str(draft.record["name"]))


def save(
    manifest: Manifest,
    drafts: Sequence[Draft],
    compose: Callable[[bytes | None], bytes],
    author: str | None,
    guarded: bool = True,
) -> None:
    """Write the files of `drafts`, then the manifest that `compose` makes of the one that is there.

    Afterwards `manifest` holds what was written. `compose` may be called again when a writer that takes no lock
    came between; it must have no effect but its result.

    Parameters
    ----------
    guarded
        Without the guard the manifest must not be there yet, and nothing but the files is left in the folder.

    Raises
    ------
    SaveError
        Nothing was written; what was staged has been taken back. Also for every failure of a handler or a store.
    CommitUnknownError
        It may have been written; saving again is harmless.
    LazyscribeError
        What `compose` raises, as after `SaveError`.
    """
    stage = Stage(manifest, author)
    swapped: list[Token] = []
    try:
        for draft in drafts:
            _stage_one(stage, draft)
        if guarded:
            with manifest.store.guard(manifest.key):
                _swap(manifest, stage, compose, swapped)
        else:
            _create(manifest, compose(None), swapped)
    except BaseException as error:
        if swapped or isinstance(error, Unsure):
            manifest.unsure.update(stage.digests)
            raise _unknown(manifest, error) from error
        stage.undo(error)
        if isinstance(error, LazyscribeError) or not isinstance(error, Exception):
            raise
        message = f"{manifest.place} was not saved ({_reason(error)}); mend the cause and save again."
        raise SaveError(message, path=manifest.place) from error
    manifest.unsure.clear()


def _stage_one(stage: Stage, draft: Draft) -> None:
    try:
        stage.write(draft)
    except (SaveError, CorruptArtifactError):
        raise
    except Exception as error:
        name = draft.record["name"]
        message = f"The artifact {name!r} was not saved ({_reason(error)}); mend the cause and save again."
        raise SaveError(message, name=name) from error


def _swap(manifest: Manifest, stage: Stage, compose: Callable[[bytes | None], bytes], swapped: list[Token]) -> None:
    for _ in range(SWAP_TRIES):
        current, token = manifest.peek()
        data = compose(current)
        try:
            if data != current:
                token = manifest.store.swap(manifest.key, data, token)
        except Stale:
            continue
        swapped.append(token)
        manifest.data, manifest.token = data, token
        stage.publish()
        return
    message = f"{manifest.place} was changed by another program at each of {SWAP_TRIES} tries; save again later."
    raise SaveError(message, path=manifest.place)


def _create(manifest: Manifest, data: bytes, swapped: list[Token]) -> None:
    """Write a manifest where there is none; no lock is needed, and none is left there."""
    with manifest.store.create(manifest.key) as raw:
        raw.write(data)
    swapped.append(data)
    manifest.data, manifest.token = manifest.peek()


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _unknown(manifest: Manifest, error: BaseException) -> CommitUnknownError:
    message = (
        f"Whether {manifest.place} was saved is not known ({_reason(error)}); saving again is harmless, "
        "or open it anew to see."
    )
    return CommitUnknownError(message, path=manifest.place)


def update_document(store: Store, key: str, change: Callable[[bytes | None], bytes]) -> None:
    """Replace the file `key` by what `change` makes of its bytes (``None``: there is none), under its guard."""
    save(Manifest(store, key), [], change, author=None)


def dump_json(value: Any) -> bytes:
    """Return the text that small JSON files of ours hold."""
    return json.dumps(value, indent=4).encode("ascii")
