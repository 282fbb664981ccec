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

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from lazyscribe.deletions import deletion_note
from lazyscribe.exception import (
    CommitUnknownError,
    CorruptArtifactError,
    LazyscribeError,
    SaveError,
    Stale,
    UnreadableError,
    Unsure,
)
from lazyscribe.stage import Draft, Source, Stage, Written
from lazyscribe.store.base import Store, Token

__all__ = ["Draft", "Manifest", "Source", "save", "update_document"]

SWAP_TRIES = 20
"""How often a swap is tried again when a writer that takes no lock came between."""


class Manifest:
    """A manifest as this process last saw it.

    Attributes
    ----------
    data, token
        Its bytes and the store's token for them, ``None`` where there was no file.
    attempt
        The bytes of a commit whose answer was lost; ``None`` after one that was answered.
    unsure
        The files of such a commit, by key. Saving again takes them for its own.
    spent
        Iterators that were handed to a handler by saves that failed.
    """

    def __init__(self, store: Store, key: str) -> None:
        self.store = store
        self.key = key
        self.data: bytes | None = None
        self.token: Token | None = None
        self.attempt: bytes | None = None
        self.unsure: dict[str, Written] = {}
        self.spent: list[Any] = []

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
        twin.data, twin.token, twin.attempt, twin.unsure = self.data, self.token, self.attempt, dict(self.unsure)
        return twin

    def peek(self) -> tuple[bytes | None, Token | None]:
        """Read the manifest and remember nothing."""
        try:
            return self.store.read(self.key) or (None, None)
        except LazyscribeError:
            raise
        except OSError as error:
            message = f"{self.place} cannot be read ({error}); see what is there, or give another path."
            raise UnreadableError(message, path=self.place) from error


def save(
    manifest: Manifest,
    drafts: Sequence[Draft],
    compose: Callable[[bytes | None], bytes],
    author: str | None,
    guarded: bool = True,
    deleted: Sequence[str] = (),
) -> None:
    """Write the files of `drafts`, then the manifest that `compose` makes of the one that is there.

    Afterwards `manifest` holds what was written. `compose` may be called again when a writer that takes no lock
    came between; it must have no effect but its result.

    Parameters
    ----------
    deleted
        Keys of records that this save takes out; noted, so that other writers do not put them back.
    guarded
        Without the guard the manifest must not be there yet, and nothing but the files is left in the folder.

    Raises
    ------
    SaveError
        Nothing was written; what was staged has been taken back. Also for every failure of a handler or a store.
    CommitUnknownError
        It may have been written; saving again is harmless. An interrupt at that moment is raised itself, with a note.
    LazyscribeError
        What `compose` raises, as after `SaveError`.
    """
    stage = Stage(manifest.store, author, manifest.unsure, manifest.spent)
    attempts: list[bytes] = []
    swapped: list[Token] = []
    try:
        for draft in drafts:
            _stage_one(stage, draft)
        if deleted:
            stage.note(*deletion_note(manifest, list(deleted), author))
        if guarded:
            with manifest.store.guard(manifest.key):
                _swap(manifest, stage, compose, attempts, swapped)
        else:
            attempts.append(compose(None))
            _create(manifest, attempts[-1], swapped)
    except BaseException as error:
        if swapped or _may_be_written(manifest, attempts, error):
            manifest.unsure.update(stage.written)
            manifest.attempt = attempts[-1]
            _raise_unknown(manifest, error)
        stage.undo(error)
        told = isinstance(error, LazyscribeError) and not isinstance(error, UnreadableError)
        if told or not isinstance(error, Exception):
            raise
        message = f"{manifest.place} was not saved ({_reason(error)}); mend the cause and save again."
        raise SaveError(message, path=manifest.place) from error
    manifest.data, manifest.token = attempts[-1], swapped[-1]
    manifest.attempt = None
    manifest.unsure.clear()
    manifest.spent.clear()


def _stage_one(stage: Stage, draft: Draft) -> None:
    try:
        stage.write(draft)
    except (SaveError, CorruptArtifactError):
        raise
    except Exception as error:
        name = draft.record["name"]
        message = f"The artifact {name!r} was not saved ({_reason(error)}); mend the cause and save again."
        raise SaveError(message, name=name) from error


def _swap(
    manifest: Manifest,
    stage: Stage,
    compose: Callable[[bytes | None], bytes],
    attempts: list[bytes],
    swapped: list[Token],
) -> None:
    for _ in range(SWAP_TRIES):
        current, token = manifest.peek()
        data = compose(current)
        attempts.append(data)
        try:
            if data != current:
                token = manifest.store.swap(manifest.key, data, token)
        except Stale:
            continue
        swapped.append(token)
        stage.publish()
        return
    message = f"{manifest.place} was changed by another program at each of {SWAP_TRIES} tries; save again later."
    raise SaveError(message, path=manifest.place)


def _create(manifest: Manifest, data: bytes, swapped: list[Token]) -> None:
    """Write a manifest where there is none; no lock is needed, and none is left there."""
    with manifest.store.create(manifest.key) as raw:
        raw.write(data)
    swapped.append(None)


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _may_be_written(manifest: Manifest, attempts: list[bytes], error: BaseException) -> bool:
    """Whether the manifest may hold the last attempt, although the swap did not report it."""
    if isinstance(error, Unsure):
        return True
    if not attempts or isinstance(error, Exception):
        return False
    try:  # an interrupt may come between the deed and the note of it
        found = manifest.peek()[0]
    except Exception:
        return True
    return found == attempts[-1] and found != manifest.data


def _raise_unknown(manifest: Manifest, error: BaseException) -> NoReturn:
    """Raise `CommitUnknownError`, or the interrupt that came instead, with the same words as a note."""
    cause = error.__cause__ if isinstance(error, Unsure) and error.__cause__ is not None else error
    message = (
        f"Whether {manifest.place} was saved is not known ({_reason(cause)}); saving again is harmless, "
        "or open it anew to see."
    )
    if isinstance(cause, Exception):
        raise CommitUnknownError(message, path=manifest.place) from error
    cause.add_note(message)
    raise cause


def update_document(store: Store, key: str, change: Callable[[bytes | None], bytes]) -> None:
    """Replace the file `key` by what `change` makes of its bytes (``None``: there is none), under its guard."""
    save(Manifest(store, key), [], change, author=None)
