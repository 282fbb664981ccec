"""The copy itself: look what the target lacks, bring its files, then name them in one swap; in rounds.

A kill or an error leaves, of each round, at worst files that no record names. Repeated, a copy passes over what the
target's records hold, and takes files that are there with the right digest for its own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from lazyscribe import _utils
from lazyscribe.claims import Claims
from lazyscribe.codec.text import Record, assemble, encode
from lazyscribe.commit import save
from lazyscribe.copying.ends import End, Row, source_end, target_end
from lazyscribe.copying.files import Brought, batches, bring, keep, keys_of, size_of
from lazyscribe.copying.plan import Item, look, own_dependency, select, settle
from lazyscribe.copying.telling import Teller, refuse_used_numbers
from lazyscribe.document import Document
from lazyscribe.exception import ConflictError, DependencyFileMissingError, InvalidArgumentError
from lazyscribe.place import Place
from lazyscribe.progress import Followed, Meter, checked, following
from lazyscribe.project import Project
from lazyscribe.repository import Repository
from lazyscribe.store.keys import fold, join
from lazyscribe.verification.threads import default_workers, in_threads

FILES, BYTES = 256, 1 << 30
"""After how many files, or bytes, what was copied is named in the target's file of records."""

Where = str | Path | Project | Repository


class Copied(NamedTuple):
    """What a copy did.

    Attributes
    ----------
    records
        Versions or experiments that are new in the target, or have changed there.
    files
        Files that were copied for them, those that an earlier copy had left included.
    size
        Of these, in bytes, as far as their facts know it.
    """

    records: int
    files: int
    size: int


def copy(
    source: Where,
    target: Where,
    names: Collection[str] | None = None,
    since: datetime | str | None = None,
    *,
    workers: int | None = None,
    progress: Followed = None,
) -> Copied:
    """Copy a repository or a project, as it is saved, to any other place; nothing there is deleted.

    Numbers, slugs, dates and expiry stay, records keep every key, files their digests, which are checked on the way,
    and their names where these are free. What the target holds already is not copied again, so a copy that was
    interrupted, at whatever file, is finished by repeating it. Files are copied in several threads, a piece at a time.
    An experiment that the target holds in another state is brought together with it, as a save would; where the two
    contradict each other, the one that was changed last is right. Only records, files and what is known of these are
    copied: no releases, aliases or history, and not how experiments ran.

    Parameters
    ----------
    source, target
        Paths or URLs of the files of records; or a `Project` or a `Repository`, for a place that needs options. What is
        in their memory and not saved is not copied; the target takes in what came.
    names
        Only these: names of artifacts; names, slugs or short slugs of experiments, with those of the same project that
        they depend on.
    since
        Only versions made, or experiments changed, at that date or later.
    workers
        Threads that copy; default: four per core, at most sixteen.
    progress
        As for a `Repository`; default: what `target` was opened with.

    Raises
    ------
    ConflictError
        A number or a slug is taken by something else there; nothing was copied.
    CorruptArtifactError, SaveError, InvalidNameError
        A file is not what was saved, cannot be read or written, or has a name that the target does not take; what was
        copied before stays.
    ReadOnlyError, UsageError
        The target was opened with ``mode="r"``, or is the source, or of the other kind.
    FileNotFoundError
        An experiment depends on a project that is not there, seen from the target.
    """
    if workers is not None and workers < 1:
        raise InvalidArgumentError(f"{workers!r} workers cannot copy anything; ask for 1 or more.", workers=workers)
    origin = source_end(source)
    goal = target_end(target, origin)
    told = goal.document._location.progress if progress is None else checked(progress)
    with following(told, f"copying {origin.manifest.key}", needed=True) as meter:
        assert meter is not None
        copied = _Copy(origin, goal, workers or min(16, 4 * default_workers()), meter).run(names, since)
    if isinstance(target, Document):
        target.reload()
    return copied


class _Copy:
    """One copy, and what the target is known to hold."""

    def __init__(self, source: End, target: End, workers: int, meter: Meter) -> None:
        self._source, self._target = source, target
        self._workers, self._meter = workers, meter
        self._owned: set[str] = set()
        self._claims = Claims()

    def run(self, names: Collection[str] | None, since: datetime | str | None) -> Copied:
        """Do it."""
        source, target = self._source, self._target
        rows = source.rows(source.manifest.read())
        chosen = [self._as_there(row) for row in select(source, rows, names, since)]
        there = _by_key(target.rows(target.manifest.read()))
        self._own(record for records in there.values() for record in records)
        if source.shares_folder_with(target):
            self._owned.update(fold(key) for key in keys_of(source, (row.record for row in rows)))
        _refuse_twins(source, chosen)
        refuse_used_numbers(source, target, [row for row in chosen if row.key not in there])
        for row in chosen:  # first all of them: what is in the way is told before anything is written
            if row.key in there:
                settle(Item(row), there[row.key], source, target)
            elif source.kind == "project":
                self._check_upstream(row)
        find = lambda row: look(Item(row), there.get(row.key, []), source, target)  # noqa: E731
        found = {item.key: item for item in in_threads(find, chosen, self._workers, Meter(None))}
        items = [found[row.key] for row in chosen if found[row.key].changes or found[row.key].wanted]
        self._meter.expect(sum(size_of(wanted) for item in items for wanted in item.wanted))
        for part in _rounds(items):
            self._bring(part)
        wanted = [each for item in items for each in item.wanted]
        return Copied(len(items), len(wanted), sum(map(size_of, wanted)))

    def _own(self, records: Iterable[Record]) -> None:
        self._owned.update(fold(key) for key in keys_of(self._target, records))

    def _is_taken(self, key: str) -> bool:
        return fold(key) in self._owned

    def _bring(self, items: list[Item]) -> None:
        """Copy the files of some items, and name them."""
        work = partial(bring, source=self._source, target=self._target, taken=self._is_taken, claims=self._claims)
        staged = in_threads(work, batches(items), self._workers, self._meter)
        self._meter.tell()
        teller = Teller(self._target, {key: file for part in staged for key, file in part.written.items()})

        def compose(data: bytes | None) -> bytes:
            self._keep(staged)  # while the guard holds off who would take something back
            return self._compose(items, data)

        save(self._target.manifest, [], compose, author=None, teller=teller)
        self._keep(staged)  # of a bucket, whose guard holds nobody off
        self._own(item.record for item in items)

    def _keep(self, staged: Iterable[Brought]) -> None:
        for part in staged:
            keep(part, self._target)

    # Records

    def _as_there(self, row: Row) -> Row:
        """Return a record whose dependencies on its own project mean the target."""
        texts = row.record.get("dependencies") if self._source.kind == "project" else None
        if not texts:
            return row
        slugs = [(text, own_dependency(self._source, text)) for text in texts]
        here = self._target.document.fpath
        moved = [text if slug is None else f"{here}|{slug}" for text, slug in slugs]
        record = {**row.record, "dependencies": moved}
        return Row(row.key, record, encode(record))

    def _check_upstream(self, row: Row) -> None:
        """Refuse an experiment that could not be opened in the target, because of what it depends on."""
        document = self._target.document
        for text in row.record["dependencies"]:
            path = text.rpartition("|")[0]
            if path in _utils.registry or _utils.registry.search(path) is not None or path == str(document.fpath):
                continue
            place = Place(document.protocol, Path(path).parent, document.storage_options)
            if place.store.read(Path(path).name) is None:
                message = (
                    f"The experiment {row.key!r} depends on {path}, which is not there as seen from "
                    f"{self._target.place}; copy that project first, or register it."
                )
                raise DependencyFileMissingError(message, path=path)

    def _compose(self, items: list[Item], data: bytes | None) -> bytes:
        """Return the target's records with those of `items`."""
        rows = self._target.rows(data)
        by_key: dict[str, list[int]] = {}
        for position, row in enumerate(rows):
            by_key.setdefault(row.key, []).append(position)
        changed, added = False, []
        for item in items:
            positions = by_key.get(item.key)
            if positions is None and not item.fresh:  # only what had changed was to be taken over
                raise self._changed_meanwhile(item)
            if positions is None:
                added.append(Row(item.key, item.record, item.text))
                continue
            present = [rows[each].record for each in positions]
            if item.fresh:  # somebody else was quicker
                look(item.anew(), present, self._source, self._target)
            settled = settle(item, present, self._source, self._target)
            self._refuse_what_was_not_brought(item, settled, present)
            if all(settled != rows[each].record for each in positions):
                same = next(each for each in positions if rows[each].record["created_at"] == settled["created_at"])
                rows[same], changed = Row(item.key, settled, encode(settled)), True
        if data is not None and not changed and not added:
            return data
        joined = self._joined(rows, added)
        self._refuse_shared_files(items, joined)
        return assemble([row.text for row in joined])

    def _changed_meanwhile(self, item: Item) -> ConflictError:
        message = f"{item.record['name']!r} was changed in {self._target.place} while it was copied; copy again."
        return ConflictError(message, path=self._target.place, conflicts=[])

    def _refuse_shared_files(self, items: list[Item], rows: list[Row]) -> None:
        """Make sure that no file which was brought is named twice: somebody else may have begun with it, and saved."""
        named = Counter(map(fold, keys_of(self._target, (row.record for row in rows))))
        for item in items:
            if any(named[fold(join(each.folder, each.record["fname"]))] > 1 for each in item.wanted):
                raise self._changed_meanwhile(item)

    def _refuse_what_was_not_brought(self, item: Item, settled: Record, there: list[Record]) -> None:
        """Make sure that every file which the settled record names was brought or is another's in the target."""
        if self._target.kind != "project":
            return
        known = [pair for record in there for pair in self._target.files(record)]
        known += [(each.folder, each.record) for each in item.wanted]
        if any(pair not in known for pair in self._target.files(settled)):
            raise self._changed_meanwhile(item)

    def _joined(self, rows: list[Row], added: list[Row]) -> list[Row]:
        """Return the records in the order of the file: experiments by creation, versions as they came."""
        if self._target.kind != "project":
            return [*rows, *added]
        dates = [str(row.record["created_at"]) for row in rows]
        for row in added:
            position = bisect_right(dates, str(row.record["created_at"]))
            dates.insert(position, str(row.record["created_at"]))
            rows.insert(position, row)
        return rows


def _by_key(rows: Iterable[Row]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for row in rows:
        found.setdefault(row.key, []).append(row.record)
    return found


def _refuse_twins(source: End, rows: list[Row]) -> None:
    """Refuse a source that holds one number twice, which racing writers of 2.2 may have left."""
    for records in _by_key(rows).values():
        if len(records) > 1:
            dates = " and ".join(str(record["created_at"]) for record in records)
            what = records[0]["name"]
            message = f"{source.place} holds {what!r} twice under one number or slug, of {dates}; mend that, then copy."
            raise ConflictError(message, path=source.place, conflicts=[], name=what)


def _rounds(items: Iterable[Item]) -> Iterator[list[Item]]:
    part: list[Item] = []
    files = size = 0
    for item in items:
        part.append(item)
        files += len(item.wanted) or 1
        size += sum(map(size_of, item.wanted))
        if files >= FILES or size >= BYTES:
            yield part
            part, files, size = [], 0, 0
    if part:
        yield part
