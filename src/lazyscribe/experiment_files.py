"""Which files a save of an experiment has to write."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from lazyscribe.codec.experiments import artifact_files
from lazyscribe.codec.text import Record, decode
from lazyscribe.draft import Draft, Source
from lazyscribe.place import Place
from lazyscribe.promotion import source_of
from lazyscribe.rows import Row
from lazyscribe.store.keys import fold, join

if TYPE_CHECKING:
    from lazyscribe.experiment import Experiment


_READ = "what was read before"
"""Where texts come from that have been decoded once already, so that nothing is wrong with them."""


def add_drafts(row: Row[Experiment], place: Place, replacing: bool, avoid: set[str]) -> None:
    """Plan the files of an experiment's unsaved artifacts, and of saved ones that lie elsewhere.

    Parameters
    ----------
    place
        Where the experiment is being saved.
    replacing
        Whether files that belong to no record are replaced, whatever they are.
    avoid
        Folded keys that others have taken.
    """
    if not row.artifacts:
        return
    experiment, record = row.entry.obj, row.record
    assert experiment is not None
    assert record is not None
    sources = _sources_elsewhere(row, place)
    pairs = list(zip(artifact_files(record), row.artifacts, strict=True))
    needed = {id(artifact) for artifact in row.artifacts if artifact.dirty} | sources.keys()
    clean = {fold(join(folder, each["fname"])) for (folder, each), artifact in pairs if id(artifact) not in needed}
    overwritten = {name for holder in (experiment, *experiment.tests) for name in holder.overwritten}
    for (folder, each), artifact in pairs:
        if id(artifact) in needed:
            replaces = replacing or (artifact.dirty and artifact.fname in overwritten)
            taken = partial(_is_among, clean | avoid)
            row.drafts.append(Draft(each, folder, artifact, taken, replaces, sources.get(id(artifact))))


def _sources_elsewhere(row: Row[Experiment], place: Place) -> dict[int, Source]:
    """Return the files of saved artifacts that do not lie where the record says, by the id of the artifact.

    The experiment joined from another folder or was saved there meanwhile, or a slug, a test or a file was renamed. A
    file that is not there is left out: a record without its file stays one.
    """
    experiment, record, found = row.entry.obj, row.record, {}
    assert experiment is not None
    assert record is not None
    saved = _saved_files(row)
    homes = {id(artifact): each._home() for each in (experiment, *experiment.tests) for artifact in each.artifacts}
    wanted = [
        (join(folder, each["fname"]), each, artifact)
        for (folder, each), artifact in zip(artifact_files(record), row.artifacts, strict=True)
        if not artifact.dirty and id(artifact) in homes
    ]
    kept = {key for key, _, _ in wanted}
    left = {key: each for key, each in saved.items() if key not in kept}
    for key, each, artifact in wanted:
        if key in saved:
            continue
        home, folder = homes[id(artifact)]
        before = next((old for old, other in left.items() if _is_renamed(other, each)), None)
        if before is not None:
            del left[before]
        elif home.same_as(place) and join(folder, artifact.fname) == key:
            continue
        with suppress(FileNotFoundError):
            source = (home.store, join(folder, artifact.fname)) if before is None else (place.store, before)
            found[id(artifact)] = source_of(artifact, *source)
    return found


def _saved_files(row: Row[Experiment]) -> dict[str, Record]:
    """Return the artifacts of the experiment as it was last saved, by the keys of their files."""
    raw = row.entry.raw
    files = artifact_files(decode(raw, _READ)) if raw is not None else []
    return {join(folder, each["fname"]): each for folder, each in files}


def _is_renamed(before: Record, after: Record) -> bool:
    """Whether two records are of one artifact; its folder and one of its names may differ."""
    same = all(before[field] == after[field] for field in ("created_at", "handler"))
    return same and (before["name"] == after["name"] or before["fname"] == after["fname"])


def taken_by_others(rows: list[Row[Experiment]], theirs: Mapping[str, bytes], base: Mapping[str, bytes]) -> set[str]:
    """Return the (folded) keys of staged files that others have given to artifacts of other names since `base`."""
    taken = set()
    for row in rows:
        text = theirs.get(row.record["slug"]) if row.record is not None and row.drafts else None
        if row.record is None or text is None or text == base.get(row.record["slug"]):
            continue
        known = _owners(base.get(row.record["slug"]))
        owners = {key: name for key, name in _owners(text).items() if known.get(key) != name}
        for draft in row.drafts:
            key = fold(join(draft.folder, draft.record["fname"]))
            if draft.size >= 0 and owners.get(key, draft.record["name"]) != draft.record["name"]:
                taken.add(key)
    return taken


def _owners(text: bytes | None) -> dict[str, str]:
    """Return the names of the artifacts of an experiment by the folded keys of their files."""
    files = artifact_files(decode(text, _READ)) if text is not None else []
    return {fold(join(folder, each["fname"])): each["name"] for folder, each in files}


def _is_among(keys: set[str], key: str) -> bool:
    return fold(key) in keys
