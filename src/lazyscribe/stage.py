"""Files on their way: created under keys of their own, digest taken, facts beside them, and taken back if need be."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from lazyscribe.claims import Claims
from lazyscribe.digest import HashingFile
from lazyscribe.draft import Written
from lazyscribe.exception import Exists, SaveError
from lazyscribe.facts import CHUNK, Facts, facts_key, holds, new_pack, read_facts
from lazyscribe.filling import fill, naming, new_aside
from lazyscribe.steps import Steps
from lazyscribe.store.base import Store
from lazyscribe.store.keys import check_key, join, parent

if TYPE_CHECKING:
    from lazyscribe.draft import Draft
    from lazyscribe.store.base import Creator


class Stage:
    """The files that one save has created, so that they can be taken back.

    Everything is staged in one block of `all_at_once`; from `finish` on, each note is created by itself.

    Parameters
    ----------
    author
        Written into the facts; ``None``: no facts are written.
    unsure
        Files by key that are taken for our own if they hold what is to be written.
    spent
        Iterators that a handler had already; those handed to one now are added.
    claims
        The names that are given away; default: by this stage.
    """

    def __init__(
        self,
        store: Store,
        author: str | None,
        unsure: Mapping[str, Written],
        spent: list[Any],
        claims: Claims | None = None,
    ) -> None:
        self._store = store
        self._unsure = unsure
        self._spent = spent
        self._author = author
        self._creator: Creator = store
        self._together = ExitStack()
        self._steps: list[Steps] = []
        self._claims = Claims() if claims is None else claims
        self._known: dict[str, Draft] = {}  # the drafts whose files are among the unsure ones
        self.written: dict[str, Written] = {}

    @contextmanager
    def all_at_once(self) -> Iterator[None]:
        """Stage together what is staged in the block; when it ends well, all of it is durable, facts included."""
        with self._together:
            self._creator = self._together.enter_context(self._store.batch())
            try:
                yield
                self.finish()
            except BaseException:
                self._wait_at_last()
                raise

    def keep(self) -> None:
        """Create those files once more that were found and that whoever had begun with them has taken back since."""
        found = [steps for steps in self._steps if steps.key and steps.key not in steps.created]
        there = {folder: set(self._store.files_in(folder)) for folder in {parent(steps.key) for steps in found}}
        for steps in found:
            if steps.key not in there[parent(steps.key)]:
                with naming(steps.draft):
                    self._create(steps.key, steps)
                    if self._author is not None:
                        self._add_facts(steps)

    def finish(self) -> None:
        """Wait until all that was staged so far is durable; nothing more is staged together."""
        self._settle()
        self._together.close()
        self._creator = self._store

    def write_all(self, drafts: Iterable[Draft], meanwhile: Callable[[], object] = lambda: None) -> None:
        """Create the files of `drafts` and, when all are there, begin with their facts; put names into the records.

        Parameters
        ----------
        meanwhile
            Called when the last of the files is on its way.

        Raises
        ------
        SaveError, CorruptArtifactError
            Naming the artifact that could not be written.
        """
        folders: dict[str, list[Draft]] = {}
        names = {id(file.artifact): key for key, file in self._unsure.items()}
        for draft in drafts:
            if (key := names.get(id(draft.artifact), "")).startswith(join(draft.folder) + "/"):
                self._known[key] = draft
            folders.setdefault(draft.folder, []).append(draft)
        groups = [[self._write(draft) for draft in group] for group in folders.values()]
        self._creator.send_off()
        meanwhile()
        self._settle()
        for group in groups:
            if self._author is not None:
                self._write_facts_of(group)
        self._creator.send_off()

    def _write(self, draft: Draft) -> Steps:
        steps = Steps(draft)
        self._steps.append(steps)
        known = (key.removeprefix(join(draft.folder) + "/") for key, each in self._known.items() if each is draft)
        steps.names = chain(known, steps.names)
        with naming(draft):
            self._try_names(steps, lambda key: self._find(key, steps) or self._create(key, steps))
        return steps

    def _try_names(self, steps: Steps, make: Callable[[str], tuple[str, int] | None]) -> None:
        """Try the names that are left for a file, until one is free."""
        draft = steps.draft
        assert draft is not None
        for fname in steps.names:
            key = check_key(join(draft.folder, fname))
            of = self._known.get(key)
            if draft.taken(key) if of is None else of is not draft:
                continue
            with self._claims.trying(key) as free:
                written = make(key) if free else None
                if free and written is None and draft.replaces and fname == steps.wanted:
                    aside = new_aside()
                    written = self._create(aside, steps)
                    steps.aside = aside, key
                if written is not None:
                    self._claims.give(key)
            if written is not None:
                draft.record["fname"], (draft.sha256, draft.size) = fname, written
                self.written[key] = Written(*written, draft.artifact, steps.aside and steps.aside[0])
                steps.key = key
                return

    def _settle(self) -> None:
        """Wait for the files that are on their way; those whose name others had meanwhile get another one."""
        while failed := self._creator.failed():
            of = {key: steps for steps in self._steps for key in steps.created if key in failed}
            self._drop(failed)
            for key, error in failed.items():
                steps = of[key]
                with naming(steps.draft):
                    if not isinstance(error, Exists) or not (steps.key or steps.spare):
                        raise error
                    self._was_taken(key, steps)

    def _wait_at_last(self) -> None:
        """Wait for the files that are on their way; if that is cut short, too, let be those that may be others'."""
        try:
            self._drop(self._creator.failed())
        except BaseException:
            for steps in self._steps:
                if not steps.ours:
                    steps.created.clear()
            raise

    def _drop(self, failed: Collection[str]) -> None:
        for steps in self._steps:
            steps.created = [key for key in steps.created if key not in failed]

    def _was_taken(self, key: str, steps: Steps) -> None:
        """Do with another name what turned out to be impossible with `key`: nothing has to be written anew for it."""
        if not steps.key:  # a note
            self._creator.again(key, steps.spare)
            steps.created.append(steps.spare)
            steps.spare = ""
            return
        draft = steps.draft
        assert draft is not None

        def move(target: str) -> tuple[str, int]:
            self._creator.again(key, target)
            steps.created.append(target)
            return before.sha256, before.size

        if key != steps.key:
            self._add_facts(steps)
        elif draft.replaces and draft.record["fname"] == steps.wanted:
            before, aside = self.written[key], new_aside()
            move(aside)
            steps.aside = aside, key
            self.written[key] = before._replace(aside=aside)
        else:
            before = self.written.pop(key)
            self._try_names(steps, lambda target: self._find(target, steps) or move(target))

    def _create(self, key: str, steps: Steps) -> tuple[str, int] | None:
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

    def _find(self, key: str, steps: Steps) -> tuple[str, int] | None:
        """Return digest and size if a commit whose answer was lost left the file of this draft, here or aside."""
        assert steps.draft is not None
        if (before := self._unsure.get(key)) is None:
            return None
        place = next((each for each in (key, before.aside) if each and holds(self._store, each, before[:2])), None)
        if place is None or not self._is_same(steps.draft, before):
            return None
        if before.aside is not None and place == key:  # it was moved there, perhaps not for good
            place = self._copy_aside(key, steps)
        if place != key:
            steps.aside = place, key
        return before.sha256, before.size

    def _copy_aside(self, key: str, steps: Steps) -> str:
        """Return the key of a copy of the file, to be moved over it once more."""
        from shutil import copyfileobj

        aside = new_aside()
        with self._store.open(key) as buf, self._creator.create(aside) as raw:
            copyfileobj(buf, raw, CHUNK)
        steps.created.append(aside)
        return aside

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
                message = f"The value of {name!r} is an iterator that a failed save used up; give it anew, save again."
                raise SaveError(message, name=name)
            self._spent.append(value)
        fill(sink, draft)

    def _write_facts_of(self, group: list[Steps]) -> None:
        """Write the facts of files of one folder; those of several new ones that lie side by side, together."""
        folders: dict[str, list[Steps]] = {}
        for steps in group:
            if steps.aside is None:
                folders.setdefault(parent(steps.key), []).append(steps)
        alone = [steps for steps in group if steps.aside is not None or len(folders[parent(steps.key)]) == 1]
        for folder, fresh in folders.items():
            if len(fresh) > 1:
                names = {steps.key.rpartition("/")[2]: self._facts_of(steps) for steps in fresh}
                with naming(fresh[0].draft):
                    self.note(*new_pack(folder, names), [steps.draft for steps in fresh])
        for steps in alone:
            with naming(steps.draft):
                self._write_facts(steps)

    def _facts_of(self, steps: Steps) -> Facts:
        assert steps.draft is not None
        record, written = steps.draft.record, self.written[steps.key]
        return Facts(written.sha256, written.size, str(self._author), record["created_at"], record["handler"])

    def _write_facts(self, steps: Steps) -> None:
        facts, target = self._facts_of(steps), facts_key(steps.key)
        if steps.aside and self._known_of(steps, facts) is not None:
            steps.facts_late = target, facts.encode()
        elif not self._create_note(target, facts.encode(), steps):
            self._add_facts(steps)

    def _add_facts(self, steps: Steps) -> None:
        """Tell of a file whose key has facts already: they stay, since the file that they are of may be needed."""
        facts = self._facts_of(steps)
        if (known := self._known_of(steps, facts)) is None:
            folder, _, name = steps.key.rpartition("/")
            self.note(*new_pack(folder, {name: facts}), [steps.draft])
        elif known[:2] != facts[:2]:  # of a save of this very record that was killed: the file is not there any more
            steps.created.append(facts_key(steps.key))
            self._put_facts(facts_key(steps.key), facts.encode())

    def _known_of(self, steps: Steps, facts: Facts) -> Facts | None:
        return read_facts(self._store, steps.key, facts.created_at, facts.handler)

    def note(self, key: str, data: bytes, of: Sequence[Draft | None] = (), spare: str = "") -> None:
        """Create a file of ours that tells something, under the key `spare` if `key` is taken.

        Nobody else has `key`, or else `spare`. If all the drafts that it tells `of` lose, it is taken back.
        """
        steps = Steps(*of, spare=spare)
        self._steps.append(steps)
        if spare and self._create_note(key, data, steps):
            return
        steps.spare, steps.ours = "", True
        steps.created.append(spare or key)  # at once: the answer may be lost
        with self._creator.create(spare or key) as raw:
            raw.write(data)

    def tell(self, key: str, data: bytes, by: Creator) -> None:
        """Note, `by` a creator of its own, what all of this is for, while the rest is on its way; then `finish`."""
        together, self._creator = self._creator, by
        try:
            together.send_off()
            self.note(key, data)
        finally:
            self._creator = together
        self.finish()

    def _create_note(self, key: str, data: bytes, steps: Steps) -> bool:
        try:
            with self._creator.create(key) as raw:
                raw.write(data)
        except Exists:
            return False
        steps.created.append(key)
        return True

    def withdraw(self, needed: bool) -> None:
        """Take back what `note` created last: what it tells has not happened.

        Parameters
        ----------
        needed
            Whether that it cannot be is an error. The next entry that changes the manifest calls void what stays.
        """
        if not self._take_back(self._steps[-1], None if needed else SaveError()):
            self._steps.pop()

    def publish(self) -> None:
        """Move the files that waited over those they replace; take back those of drafts that lost."""
        for steps in self._steps:
            if steps.of and all(draft is not None and draft.lost for draft in steps.of):
                self._take_back(steps, None)
            elif steps.aside is not None:
                self._store.replace(*steps.aside)
                if steps.facts_late is not None:
                    self._put_facts(*steps.facts_late)

    def undo(self, cause: BaseException, named: Callable[[str], bool] = lambda _: False) -> set[str]:
        """Take back what was created; the keys of what cannot be taken back are noted on `cause`, and returned.

        Parameters
        ----------
        named
            Whether a record of somebody who was saved meanwhile has a file: it stays, and what is known of it.
        """
        kept: set[int] = set()
        for steps in self._steps:
            if steps.key and named(steps.key):
                steps.created = [key for key in steps.created if steps.aside and key == steps.aside[0]]
                if steps.aside is None:
                    kept.add(id(steps.draft))
        for steps in self._steps:
            if any(id(draft) in kept for draft in steps.of):
                steps.created.clear()
        return {key for steps in reversed(self._steps) for key in self._take_back(steps, cause)}

    def _take_back(self, steps: Steps, cause: BaseException | None) -> list[str]:
        return [key for key in reversed(steps.created) if not self._try(cause, key, partial(self._delete, key))]

    def _delete(self, key: str) -> None:
        """Remove a file of ours, unless somebody who was saved meanwhile has replaced it by another of that name."""
        ours = self.written.get(key)
        if ours is None or holds(self._store, key, ours[:2]):
            self._store.delete(key)

    def _put_facts(self, key: str, data: bytes) -> None:
        found = self._store.read(key)
        self._store.swap(key, data, found[1] if found else None)

    def _try(self, cause: BaseException | None, key: str, action: Callable[[], object]) -> bool:
        try:
            action()
        except Exception as error:
            if cause is None:
                raise
            cause.add_note(f"{self._store.describe(key)} could not be taken back: {error}")
            return False
        return True
