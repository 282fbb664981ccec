"""Files on their way: created under keys of their own, digest taken, facts beside them, and taken back if need be."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

from lazyscribe.digest import HashingFile
from lazyscribe.exception import CorruptArtifactError, Exists, SaveError
from lazyscribe.facts import CHUNK, FOLDER, Facts, check, digest_of, facts_key, new_pack, read_facts
from lazyscribe.store.base import Store
from lazyscribe.store.keys import check_key, fold, join, numbered, parent

if TYPE_CHECKING:
    from lazyscribe.artifacts.base import Artifact
    from lazyscribe.store.base import Creator


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
    lost
        Set while merging where somebody else's artifact of that name won: the file is taken back.
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
        self.lost = False


class Written(NamedTuple):
    """A file that was staged.

    Attributes
    ----------
    aside
        The key where it waits, if it replaces another.
    """

    sha256: str
    size: int
    artifact: Artifact
    aside: str | None


class _Steps:
    """What staging one draft did, so that it can be taken back.

    Attributes
    ----------
    created
        Keys of new files.
    facts_before
        Key and content of facts that were replaced.
    facts_late
        Key and content of facts that wait with the file: its record is that of the file it replaces (of the same
        second), so until then they would be wrong for that one.
    aside
        The key of a file that waits, and of the one it will replace.
    key
        Of the file, where it will be.
    """

    def __init__(self, draft: Draft | None = None) -> None:
        self.draft = draft
        self.created: list[str] = []
        self.facts_before: tuple[str, bytes] | None = None
        self.facts_late: tuple[str, bytes] | None = None
        self.aside: tuple[str, str] | None = None
        self.key = ""


class Stage:
    """The files that one save has created, so that they can be taken back.

    Everything is staged in one block of `all_at_once`.

    Parameters
    ----------
    author
        Written into the facts; ``None``: no facts are written.
    unsure
        Files by key that are taken for our own if they hold what is to be written.
    spent
        Iterators that a handler had already; those handed to one now are added.
    """

    def __init__(self, store: Store, author: str | None, unsure: Mapping[str, Written], spent: list[Any]) -> None:
        self._store = store
        self._unsure = unsure
        self._spent = spent
        self._author = author
        self._creator: Creator = store
        self._steps: list[_Steps] = []
        self._claimed: set[str] = set()
        self.written: dict[str, Written] = {}

    @contextmanager
    def all_at_once(self) -> Iterator[None]:
        """Stage together what is staged in the block; when it ends well, all of it is durable, facts included."""
        with self._store.batch() as self._creator:
            yield
        self._creator = self._store

    def write_all(self, drafts: Iterable[Draft]) -> None:
        """Create the files of `drafts` and, after those of each folder, their facts; put their names into the records.

        Raises
        ------
        SaveError, CorruptArtifactError
            Naming the artifact that could not be written.
        """
        folders: dict[str, list[Draft]] = {}
        for draft in drafts:
            folders.setdefault(draft.folder, []).append(draft)
        for group in folders.values():
            before = len(self._steps)
            for draft in group:
                with _naming(draft):
                    self._write(draft)
            if self._author is not None:
                self._write_facts_of(self._steps[before:])

    def _write(self, draft: Draft) -> None:
        steps = _Steps(draft)
        self._steps.append(steps)
        wanted = draft.record["fname"]
        for fname in chain([wanted], further_names(draft.artifact)):
            key = check_key(join(draft.folder, fname))
            if fold(key) in self._claimed or draft.taken(key):
                continue
            written = self._find(key, steps) or self._create(key, steps)
            if written is None and draft.replaces and fname == wanted:
                aside = _new_aside()
                written = self._create(aside, steps)
                steps.aside = aside, key
            if written is not None:
                draft.record["fname"], draft.size = fname, written[1]
                self.written[key] = Written(*written, draft.artifact, steps.aside and steps.aside[0])
                self._claimed.add(fold(key))
                steps.key = key
                return

    def _create(self, key: str, steps: _Steps) -> tuple[str, int] | None:
        """Create the file; ``None`` if the key is taken."""
        assert steps.draft is not None
        try:
            with self._creator.create(key) as raw:
                sink = HashingFile(raw)
                self._fill(sink, steps.draft)
                written = sink.result()
        except Exists:
            return None
        steps.created.append(key)
        return written

    def _find(self, key: str, steps: _Steps) -> tuple[str, int] | None:
        """Return digest and size if a commit whose answer was lost left the file of this draft, here or aside."""
        assert steps.draft is not None
        if (before := self._unsure.get(key)) is None:
            return None
        place = next((each for each in (key, before.aside) if each and self._holds(each, before)), None)
        if place is None or not self._is_same(steps.draft, before):
            return None
        if before.aside is not None and place == key:  # it was moved there, perhaps not for good
            place = self._copy_aside(key, steps)
        if place != key:
            steps.aside = place, key
        return before.sha256, before.size

    def _copy_aside(self, key: str, steps: _Steps) -> str:
        """Return the key of a copy of the file, to be moved over it once more."""
        from shutil import copyfileobj

        aside = _new_aside()
        with self._store.open(key) as buf, self._creator.create(aside) as raw:
            copyfileobj(buf, raw, CHUNK)
        steps.created.append(aside)
        return aside

    def _holds(self, key: str, file: Written) -> bool:
        try:
            with self._store.open(key) as buf:
                return digest_of(buf) == (file.sha256, file.size)
        except FileNotFoundError:
            return False

    def _is_same(self, draft: Draft, before: Written) -> bool:
        """Whether the file holds what `draft` is to write: it is that artifact's, or another's of the same content.

        An artifact that was written is not written again: its handler may write other bytes each time.
        """
        if draft.artifact is before.artifact:
            return True
        sink = HashingFile(io.BytesIO())
        self._fill(sink, draft)
        return sink.result() == (before.sha256, before.size)

    def _fill(self, sink: HashingFile, draft: Draft) -> None:
        value = draft.artifact.value
        if draft.source is None and isinstance(value, Iterator):
            if any(value is each for each in self._spent):
                name = draft.record["name"]
                message = (
                    f"The value of {name!r} is an iterator that a failed save used up; give it anew and save again."
                )
                raise SaveError(message, name=name)
            self._spent.append(value)
        _fill(sink, draft)

    def _write_facts_of(self, group: list[_Steps]) -> None:
        """Write the facts of files of one folder; those of several new ones that lie side by side, together."""
        folders: dict[str, list[_Steps]] = {}
        for steps in group:
            if steps.aside is None:
                folders.setdefault(parent(steps.key), []).append(steps)
        alone = [steps for steps in group if steps.aside is not None or len(folders[parent(steps.key)]) == 1]
        for folder, fresh in folders.items():
            if len(fresh) > 1:
                names = {steps.key.rpartition("/")[2]: self._facts_of(steps) for steps in fresh}
                with _naming(fresh[0].draft):
                    self.note(*new_pack(folder, names))
        for steps in alone:
            with _naming(steps.draft):
                self._write_facts(steps.key, steps, self._facts_of(steps))

    def _facts_of(self, steps: _Steps) -> Facts:
        assert steps.draft is not None
        record, written = steps.draft.record, self.written[steps.key]
        return Facts(written.sha256, written.size, str(self._author), record["created_at"], record["handler"])

    def _write_facts(self, key: str, steps: _Steps, facts: Facts) -> None:
        target = facts_key(key)
        if steps.aside and read_facts(self._store, key, facts.created_at, facts.handler) is not None:
            steps.facts_late = target, facts.encode()
            return
        before = self._store.read(target)
        if before is None:
            try:
                with self._creator.create(target) as raw:
                    raw.write(facts.encode())
            except Exists:
                before = self._store.read(target)
            else:
                steps.created.append(target)
                return
        if before is not None:
            steps.facts_before = target, before[0]
        self._store.swap(target, facts.encode(), before[1] if before else None)

    def note(self, key: str, data: bytes) -> None:
        """Create a file of ours that tells something."""
        steps = _Steps()
        self._steps.append(steps)
        with self._creator.create(key) as raw:
            raw.write(data)
        steps.created.append(key)

    def publish(self) -> None:
        """Move the files that waited over those they replace; take back those of drafts that lost."""
        for steps in self._steps:
            if steps.draft is not None and steps.draft.lost:
                self._take_back(steps, None)
            elif steps.aside is not None:
                self._store.replace(*steps.aside)
                if steps.facts_late is not None:
                    self._put_facts(*steps.facts_late)

    def undo(self, cause: BaseException) -> None:
        """Take back what was created; what cannot be taken back is noted on `cause`."""
        for steps in reversed(self._steps):
            self._take_back(steps, cause)

    def _take_back(self, steps: _Steps, cause: BaseException | None) -> None:
        if steps.facts_before is not None:
            self._try(cause, steps.facts_before[0], partial(self._put_facts, *steps.facts_before))
        for key in reversed(steps.created):
            self._try(cause, key, partial(self._delete, key))

    def _delete(self, key: str) -> None:
        """Remove a file of ours, unless somebody who was saved meanwhile has replaced it by another of that name."""
        ours = self.written.get(key)
        if ours is None or self._holds(key, ours):
            self._store.delete(key)

    def _put_facts(self, key: str, data: bytes) -> None:
        found = self._store.read(key)
        self._store.swap(key, data, found[1] if found else None)

    def _try(self, cause: BaseException | None, key: str, action: Callable[[], object]) -> None:
        try:
            action()
        except Exception as error:
            if cause is None:
                raise
            cause.add_note(f"{self._store.describe(key)} could not be taken back: {error}")


@contextmanager
def _naming(draft: Draft | None) -> Iterator[None]:
    """Say which artifact it was that could not be written."""
    assert draft is not None
    try:
        yield
    except (SaveError, CorruptArtifactError):
        raise
    except Exception as error:
        name, key = draft.record["name"], join(draft.folder, str(draft.record["fname"]))
        message = (
            f"The artifact {name!r}, to be {key}, was not saved ({reason(error)}); mend the cause, or take it out of "
            "'artifacts', and save again."
        )
        raise SaveError(message, name=name) from error


def reason(error: BaseException) -> str:
    """Return what an error says, or what it is."""
    return str(error) or type(error).__name__


def further_names(artifact: Artifact) -> Iterator[str]:
    """Yield the file names to try if that of `artifact` is taken: with higher numbers, farther and farther apart.

    Many writers may want one name in one second; none has to try all those that the others have.
    """
    from lazyscribe.artifacts.base import unnumbered

    fname, number = unnumbered(artifact)
    if not number:
        yield fname
    step = 1
    while True:
        yield numbered(fname, number + step)
        step *= 2


def _new_aside() -> str:
    return f"{FOLDER}/staged/{os.urandom(8).hex()}"


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
