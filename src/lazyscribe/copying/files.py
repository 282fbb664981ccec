"""Files on their way from one place to the other: in threads, in bounded memory, each whole or not there.

Files that come together, of one folder and one author, are staged together, their facts with them. What was staged
stays, whatever happens after: the next copy finds it by its digest and does not copy it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from lazyscribe.claims import Claims
from lazyscribe.codec.artifacts import from_record
from lazyscribe.copying.ends import End
from lazyscribe.copying.plan import Item, Wanted
from lazyscribe.draft import Draft, Source, Written
from lazyscribe.exception import CommitUnknownError, SaveError
from lazyscribe.facts import digest_in
from lazyscribe.filling import further_names, reason
from lazyscribe.stage import Stage
from lazyscribe.store.keys import join, parent

FILES, BYTES = 64, 64 << 20
"""How many files, and of which size together, one thread stages at once."""

Taken = Callable[[str], bool]
"""Whether a key of the target belongs to a record there."""


class Batch(NamedTuple):
    """Files of one folder, to be staged together under the name of one author; ``None``: nothing is known of them."""

    folder: str
    author: str | None
    files: list[Wanted]


def size_of(wanted: Wanted) -> int:
    """Return how many bytes a file has, as far as is known."""
    size: object = wanted.facts.size if wanted.facts is not None else 0
    return size if isinstance(size, int) else 0


def batches(items: Iterable[Item]) -> Iterator[Batch]:
    """Put files together that are to be staged together."""
    groups: dict[tuple[str, str | None], list[Wanted]] = {}
    for item in items:
        for wanted in item.wanted:
            author = wanted.facts.author if wanted.facts is not None else None
            groups.setdefault((parent(wanted.key), author), []).append(wanted)
    for (folder, author), files in groups.items():
        batch, size = Batch(folder, author, []), 0
        for wanted in files:
            if batch.files and (len(batch.files) >= FILES or size + size_of(wanted) > BYTES):
                yield batch
                batch, size = Batch(folder, author, []), 0
            batch.files.append(wanted)
            size += size_of(wanted)
        yield batch


def draft_of(wanted: Wanted, source: End, taken: Taken) -> Draft:
    """Return what stages a file; its record gets the name that the file is given."""
    origin = Source(source.store, wanted.key, wanted.facts or wanted.told)
    return Draft(wanted.record, wanted.folder, from_record(wanted.record), taken, source=origin)


class Brought(NamedTuple):
    """Files that are in the target, by their keys.

    Attributes
    ----------
    written
        Those of which something was known in the source: what it is.
    stage
        What knows which were there already: an earlier copy left them, or somebody just begins with them.
    """

    written: dict[str, Written]
    stage: Stage


def bring(batch: Batch, source: End, target: End, taken: Taken, claims: Claims) -> Brought:
    """Stage the files of a batch: durable by then, and with their facts.

    Raises
    ------
    SaveError
        A file cannot be read or written.
    CorruptArtifactError
        It is not what was saved.
    """
    drafts = {id(wanted): draft_of(wanted, source, taken) for wanted in batch.files}
    there = set(target.store.files_in(batch.folder))
    left = {key: each for wanted in batch.files for key, each in _left_of(wanted, drafts[id(wanted)], there)}
    stage = Stage(target.store, batch.author, left, [], claims)
    try:
        with stage.all_at_once():
            stage.write_all(drafts.values())
    except SaveError as error:
        raise _told(error, target) from error
    unknown = {id(draft.artifact) for draft in drafts.values() if draft.source is None or draft.source.facts is None}
    written = {key: each for key, each in stage.written.items() if id(each.artifact) not in unknown}
    return Brought(written, stage)


def keep(brought: Brought, target: End) -> None:
    """See to it that what was found is still there: whoever had begun with it may have taken it back.

    Raises
    ------
    SaveError
        It cannot be created once more.
    """
    try:
        brought.stage.keep()
    except SaveError as error:
        raise _told(error, target) from error


def _left_of(wanted: Wanted, draft: Draft, there: set[str]) -> Iterator[tuple[str, Written]]:
    """Yield the keys of files, among those that are `there`, that an earlier copy may have left of this one."""
    for fname in chain([draft.record["fname"]], further_names(draft.artifact)):
        key = join(draft.folder, fname)
        if key not in there:  # it would have come there
            return
        if not draft.taken(key):
            yield key, _as_written(wanted, draft)


def _as_written(wanted: Wanted, draft: Draft) -> Written:
    """Return what an earlier copy, which was interrupted, wrote if it wrote this file."""
    assert draft.source is not None
    if (facts := wanted.facts) is not None:
        return Written(facts.sha256, facts.size, draft.artifact, None)
    return Written(*digest_in(draft.source.store, draft.source.key), draft.artifact, None)


def _told(error: SaveError, target: End) -> SaveError:
    if isinstance(error, CommitUnknownError):
        return error
    name, cause = getattr(error, "name", None), error.__cause__ or error
    message = (
        f"{name!r} was not copied to {target.place} ({reason(cause)}); what was copied before stays; mend the cause "
        "and copy again."
    )
    return SaveError(message, name=name, path=target.place)


def keys_of(end: End, records: Iterable[dict[str, object]]) -> Iterator[str]:
    """Yield the keys of all files that records name."""
    for record in records:
        for folder, artifact in end.files(record):
            yield join(folder, artifact["fname"])
