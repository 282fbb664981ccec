"""The only write path: stage, swap, settle, or undo.

A save has three steps, and nothing but these and the turns that they take (`turns`) writes:

1. **stage**: every new file is created under a key of its own, its digest taken on the way, its facts beside it. A
   file that replaces another (an explicit name, used again) waits under ``.lazyscribe/staged/``.
2. **swap**: under the store's guard the manifest is read again, `compose` merges what others committed since, the
   journal's entry is created, and the new text replaces the old one only if that is still what was read. Files that
   waited move into place. If the text stays as it is (only aliases move), the entry alone is the commit. Where only the
   swap keeps others away, and answers come late, the manifest is read while the files are on their way, and what is
   known of them travels with the entry; a swap of what others have changed since is refused.
3. **settle**: the caller changes what is in memory. Only now.

What a kill leaves: in step 1 orphan files; between reading and replacing in step 2 the same, and perhaps an entry that
the manifest shows to be void, of files of which nothing is known perhaps; after the replacement a complete manifest,
whose replaced files may still wait (their digest shows it); in step 2 of stores without a lock also a turn, which
others pass over. An exception before the replacement takes back what step 1 created, so the same save can be tried
again; but for files that the manifest names by then, since somebody else was saved. One after it is
`CommitUnknownError`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from json import dumps
from typing import TYPE_CHECKING, NoReturn, Protocol

from lazyscribe.codec.experiments import files_named
from lazyscribe.draft import Draft
from lazyscribe.exception import (
    AccessDeniedError,
    CommitUnknownError,
    ConflictError,
    Exists,
    LazyscribeError,
    LockTimeoutError,
    SaveError,
    Stale,
    UnreadableError,
    Unsure,
)
from lazyscribe.filling import reason
from lazyscribe.manifest import Manifest
from lazyscribe.progress import apart, part, size_of
from lazyscribe.stage import Stage
from lazyscribe.store.base import Store, Token
from lazyscribe.store.guards import timeout
from lazyscribe.store.keys import fold
from lazyscribe.turns import Turns

if TYPE_CHECKING:
    from lazyscribe.draft import Written
    from lazyscribe.journal.log import Ticket
    from lazyscribe.store.base import Creator, Writer

    class Teller(Protocol):
        """What knows what a save is about."""

        def staged(self, stage: Stage) -> object:
            """Do what can be done before the guard is held, since from now on files have their names; may note more."""

        def look(self) -> object:
            """Begin to look at what the journal tells: the manifest is about to be read."""

        def ticket(
            self, current: bytes | None, data: bytes, written: Mapping[str, Written], turn: str
        ) -> Ticket | None:
            """Return the entry of a commit that makes `data` of the manifest, if there is something to tell.

            Its id begins with that of the `turn`.
            """


BRIEF = 0.002
"""Seconds that one may wait for the guard; whoever held it for longer has changed what was seen before."""

FRESH = 0.1
"""Seconds that files may arrive after the look at what is there; if they do later, it is looked again."""


def save(
    manifest: Manifest,
    drafts: Sequence[Draft],
    compose: Callable[[bytes | None], bytes],
    author: str | None,
    guarded: bool = True,
    teller: Teller | None = None,
) -> None:
    """Write the files of `drafts`, then the manifest that `compose` makes of the one that is there.

    Afterwards `manifest` holds what was written. `compose` may be called again when a writer that takes no lock
    came between; it must have no effect but its result.

    Parameters
    ----------
    teller
        Makes the journal's entry; ``None``: there is none.
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
    progress = _Progress()
    try:
        with stage.all_at_once():
            _stage(manifest, stage, drafts, teller, progress)
            if guarded:
                folders = [manifest.journal.folder] if teller is not None else []
                asked = time.monotonic()
                with manifest.store.at_hand(manifest.key, *folders) as writer, manifest.store.guard(manifest.key):
                    if time.monotonic() - asked > BRIEF:
                        progress.look = None
                    _swap(manifest, stage, compose, teller, progress, writer)
            else:
                stage.finish()
                progress.attempts.append(compose(None))
                progress.against, progress.asked = [None], True
                _create(manifest, progress)
        if progress.ticket is not None:
            manifest.journal.accept(progress.ticket)
    except BaseException as error:
        if progress.swapped or _may_be_written(manifest, stage, progress, error):
            manifest.unsure.update(stage.written)
            manifest.attempt, manifest.tried = progress.attempts[-1], manifest.trying
            _raise_unknown(manifest, error)
        with apart():
            left = _take_back(manifest, stage, error)
        if progress.alone is not None and progress.alone.key in left and _is_there(manifest, progress.alone.key, error):
            _raise_unknown(manifest, error)
        told = isinstance(error, LazyscribeError) and not isinstance(error, (Exists, UnreadableError))
        if told or not isinstance(error, Exception):
            raise
        message = f"{manifest.place} was not saved ({reason(error)}); mend the cause and save again."
        raise SaveError(message, path=manifest.place) from error
    manifest.data, manifest.token = progress.attempts[-1], progress.swapped[-1]
    manifest.attempt = manifest.trying = manifest.tried = None
    manifest.unsure.clear()
    manifest.spent.clear()


class _Progress:
    """How far a save has come.

    Attributes
    ----------
    attempts
        What the manifest was to become, at each try.
    against
        What was to be replaced by a swap that has not been answered yet; empty: none is under way.
    asked
        Whether a swap was ever asked for.
    swapped
        The token of the manifest, once it has become that.
    ticket
        The journal's entry.
    look
        What gives the manifest, if somebody has begun to look.
    looked
        When the last look was answered; infinite: not yet.
    """

    def __init__(self) -> None:
        self.look: Callable[[], tuple[bytes | None, Token | None]] | None = None
        self.looked = math.inf
        self.attempts: list[bytes] = []
        self.against: list[bytes | None] = []
        self.asked = False
        self.swapped: list[Token] = []
        self.ticket: Ticket | None = None

    @property
    def alone(self) -> Ticket | None:
        """The entry, if it alone is the commit: the manifest does not change."""
        entry = self.ticket.entry if self.ticket is not None else None
        return self.ticket if entry is not None and entry.after == entry.before else None


def _expected(draft: Draft) -> int:
    """Return how many bytes a draft will write, as far as is known."""
    if draft.source is None:
        return size_of(draft.artifact.value)
    size: object = draft.source.facts and draft.source.facts.size
    return size if isinstance(size, int) else 0


def _stage(
    manifest: Manifest, stage: Stage, drafts: Sequence[Draft], teller: Teller | None, progress: _Progress
) -> None:
    """Stage the files and what is known of them, which may still be on its way; begin to look what is there."""

    def look() -> None:
        if teller is not None and not manifest.journal.files.crowded:
            progress.look = _look(manifest, teller, progress)

    with part(map(_expected, drafts)):
        stage.write_all(drafts, meanwhile=look)
        if teller is not None:
            teller.staged(stage)
    if not manifest.store.optimistic:
        stage.finish()
    if time.monotonic() - progress.looked > FRESH:
        look()


def _swap(
    manifest: Manifest,
    stage: Stage,
    compose: Callable[[bytes | None], bytes],
    teller: Teller | None,
    progress: _Progress,
    writer: Writer,
) -> None:
    limit, current, token = timeout(), None, None
    with Turns(manifest, limit, telling=teller is not None) as turns:
        for _ in turns:
            look, progress.look = progress.look or _look(manifest, teller, progress, (current, token)), None
            current, token = look()
            data = compose(current)
            ticket = teller.ticket(current, data, stage.written, turns.id) if teller is not None else None
            if turns.is_anothers(ticket, token):
                stage.finish()
                continue
            progress.attempts.append(data)
            progress.ticket = ticket
            swaps = data != current or manifest.attempt is not None  # what was lost may be the sync
            if ticket is None or not swaps:
                stage.finish()
            if ticket is not None:
                is_doubtful = turns.watch(ticket)
                _tell(stage, ticket, writer if swaps else manifest.store, alone=not swaps)
                if is_doubtful():
                    stage.withdraw(needed=not swaps)
                    continue
            try:
                if swaps:
                    progress.against, progress.asked = [current], True
                    token = writer.swap(manifest.key, data, token)
            except Stale as stale:
                progress.against = []
                if stale.perhaps:  # others built on it: composed anew, ours is recognised there, and so is the entry
                    manifest.attempt, manifest.tried = data, manifest.trying
                elif ticket is not None:
                    stage.withdraw(needed=False)
                continue
            progress.swapped.append(token)
            stage.publish()
            return
    message = f"Others have been saving {manifest.place} for {limit:g} seconds; save again later."
    raise ConflictError(message, path=manifest.place, conflicts=[])


def _tell(stage: Stage, ticket: Ticket, by: Creator, alone: bool) -> None:
    """Create the entry; if that fails and it `alone` would be the commit, it goes before others can build on it."""
    try:
        stage.tell(ticket.key, ticket.data, by)
    except BaseException:
        if alone:
            stage.withdraw(needed=False)  # if it cannot be now, perhaps later
        raise


def _look(
    manifest: Manifest,
    teller: Teller | None,
    progress: _Progress,
    known: tuple[bytes | None, Token | None] = (None, None),
) -> Callable[[], tuple[bytes | None, Token | None]]:
    """Begin to look at manifest and journal; return what gives the manifest, of which a state is perhaps known."""

    def peek() -> tuple[bytes | None, Token | None]:
        found = manifest.peek(known)
        progress.looked = time.monotonic()
        return found

    if teller is not None:
        teller.look()
    return manifest.store.ahead(peek)


def _create(manifest: Manifest, progress: _Progress) -> None:
    """Write a manifest where there is none; no lock is needed, and none is left there."""
    with manifest.store.create(manifest.key) as raw:
        raw.write(progress.attempts[-1])
    progress.swapped.append(None)


def _take_back(manifest: Manifest, stage: Stage, error: BaseException) -> set[str]:
    """Undo what was staged, but for files that somebody who was saved meanwhile names: equal bytes tell no owner."""
    with ExitStack() as held:
        with suppress(Exception):  # without it a moment is left, in which others would have to be saved
            if stage.written and not isinstance(error, LockTimeoutError) and manifest.peek()[0] is not None:
                held.enter_context(manifest.store.guard(manifest.key))
        return stage.undo(error, _named(manifest) if stage.written else lambda _: False)


def _named(manifest: Manifest) -> Callable[[str], bool]:
    """Return what tells whether others name a file by now; if that cannot be told, they do."""
    try:
        found = manifest.peek()[0]
    except Exception as error:
        cannot_be = isinstance(error.__cause__, IsADirectoryError)
        return lambda _: not cannot_be
    if found is None or found == manifest.data:
        return lambda _: False
    try:
        named = {fold(key) for key in files_named(found, manifest.place)}
    except Exception:  # it is damaged: its texts may be of others' records
        return lambda key: dumps(key.rpartition("/")[2]).encode() in found
    return lambda key: fold(key) in named


def _may_be_written(manifest: Manifest, stage: Stage, progress: _Progress, error: BaseException) -> bool:
    """Whether the manifest may hold the last attempt, or what others made of it, although the swap did not say so."""
    if isinstance(error, Unsure) or (progress.attempts and manifest.attempt in progress.attempts):
        return True
    if not progress.asked:
        return False
    try:
        found = manifest.peek()[0]
    except Exception:
        return not isinstance(error, Exception)
    if found in progress.attempts:  # whatever was answered
        return True
    if progress.against and not isinstance(error, Exception):  # it may come between the deed and the note of it
        return found != progress.against[0]
    return any(map(_named(manifest), stage.written))


def _is_there(manifest: Manifest, key: str, error: BaseException) -> bool:
    """Whether a file may be there, or be still to come, that could not be taken back; not if creating it was denied."""
    if not isinstance(error, AccessDeniedError):
        return True
    try:
        return manifest.store.read(key) is not None
    except Exception:
        return True


def _raise_unknown(manifest: Manifest, error: BaseException) -> NoReturn:
    """Raise `CommitUnknownError`, or the interrupt that came instead, with the same words as a note."""
    cause = error.__cause__ if isinstance(error, Unsure) and error.__cause__ is not None else error
    message = (
        f"Whether {manifest.place} was saved is not known ({reason(cause)}); saving again is harmless, "
        "or open it anew to see."
    )
    if isinstance(cause, Exception):
        raise CommitUnknownError(message, path=manifest.place) from error
    cause.add_note(message)
    raise cause


def update_document(store: Store, key: str, change: Callable[[bytes | None], bytes]) -> None:
    """Replace the file `key` by what `change` makes of its bytes (``None``: there is none), under its guard."""
    save(Manifest(store, key), [], change, author=None)
