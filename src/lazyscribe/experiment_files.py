"""Which files a save of an experiment has to write."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from lazyscribe.codec.experiments import artifact_files
from lazyscribe.commit import Draft, Source
from lazyscribe.place import Place
from lazyscribe.promotion import source_of
from lazyscribe.rows import Row
from lazyscribe.store.keys import fold, join

if TYPE_CHECKING:
    from lazyscribe.experiment import Experiment


def add_drafts(row: Row[Experiment], place: Place, replacing: bool) -> None:
    """Plan the files of an experiment's unsaved artifacts, and of saved ones that lie elsewhere.

    Parameters
    ----------
    place
        Where the experiment is being saved.
    replacing
        Whether files that belong to no record are replaced, whatever they are.
    """
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
            replaces = replacing or artifact.fname in overwritten
            taken = partial(_is_among, clean)
            row.drafts.append(Draft(each, folder, artifact, taken, replaces, sources.get(id(artifact))))


def _sources_elsewhere(row: Row[Experiment], place: Place) -> dict[int, Source]:
    """Return the files of an experiment that joined from another folder, by the id of the artifact.

    A file that is not there is left out: a record without its file stays one.
    """
    experiment, found = row.entry.obj, {}
    if row.entry.text is not None or experiment is None or experiment._home()[0].same_as(place):
        return {}
    for holder in (experiment, *experiment.tests):
        home, folder = holder._home()
        for artifact in holder.artifacts:
            if not artifact.dirty:
                with suppress(FileNotFoundError):
                    found[id(artifact)] = source_of(artifact, home.store, join(folder, artifact.fname))
    return found


def _is_among(keys: set[str], key: str) -> bool:
    return fold(key) in keys
