"""What is kept of how experiments ran, beside the project's file, by the save that they are new in.

``.lazyscribe/runs/{manifest}/{slug}.json`` for one experiment, ``.lazyscribe/runs/{manifest}/packs/{time}-{id}.json``
for several that are saved together, or where the other name is taken: by another writer of this moment, or because more
has become known of an experiment. So the latest pack counts, and the file of its own last. All hold ``settings`` (what
experiments share) and ``runs``: by slug the experiment's ``created_at`` (of another date: it tells of another one), the
position of its setting, ``duration`` in seconds and the versions of ``packages``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from lazyscribe._dates import to_text
from lazyscribe.facts import FOLDER, NOT_THERE, encoded, read_pack
from lazyscribe.provenance import Provenance, Run, Setting, of_run, packages_of

if TYPE_CHECKING:
    from lazyscribe.experiment import Experiment
    from lazyscribe.store.base import Store

LONGEST = 200
"""Bytes of a slug that a file is named for."""


def own_key(manifest: str, slug: str) -> str | None:
    """Return the key of what is kept of one experiment; ``None`` where its slug is no name of a file."""
    plain = "/" not in slug and len(os.fsencode(slug)) <= LONGEST
    return f"{FOLDER}/runs/{manifest}/{slug}.json" if plain else None


def note_of(manifest: str, ran: Mapping[str, tuple[str, Run]]) -> tuple[str | None, str, bytes]:
    """Return what is to be kept of experiments that are saved together: its own key, if it is one, a pack's, content.

    Parameters
    ----------
    ran
        By slug, the text of ``created_at`` and how it ran.
    """
    key = own_key(manifest, next(iter(ran))) if len(ran) == 1 else None
    pack = f"{FOLDER}/runs/{manifest}/packs/{time.time_ns():020d}-{os.urandom(8).hex()}.json"
    settings: dict[Setting, int] = {}
    runs = {
        slug: {
            "created_at": created_at,
            "setting": settings.setdefault(setting, len(settings)),
            "duration": duration,
            **({"packages": packages} if packages else {}),
        }
        for slug, (created_at, (setting, duration, packages)) in ran.items()
    }
    return key, pack, encoded({"settings": [each._asdict() for each in settings], "runs": runs})


def read_run(store: Store, manifest: str, slug: str, created_at: str) -> Run | None:
    """Return how an experiment ran, as far as it is known."""
    for told in _told(store, manifest, slug):
        try:
            found = told["runs"][slug]
            setting = told["settings"][found["setting"]]
            if found["created_at"] == created_at:
                setting = Setting(**{**setting, "command": tuple(setting["command"])})
                return setting, found["duration"], found.get("packages", {})
        except (KeyError, IndexError, TypeError):
            continue  # it knows nothing of this one, or is nothing of ours
    return None


def _told(store: Store, manifest: str, slug: str) -> Iterator[Any]:
    """Yield what may tell of an experiment: those of several, the latest first, then its own file."""
    try:
        packs = sorted(store.files_in(f"{FOLDER}/runs/{manifest}/packs"), reverse=True)
    except NOT_THERE:
        packs = []
    for pack in packs:
        with suppress(*NOT_THERE):
            yield read_pack(store, pack)
    if (own := own_key(manifest, slug)) is not None:
        with suppress(*NOT_THERE):
            yield read_pack(store, own, keep=False)


def run_of(experiment: Experiment) -> Run | None:
    """Return how an experiment ran: as it was logged here, or as is kept where it is saved."""
    known: Run | None = experiment.__dict__.get("_run")
    if known is not None:
        return known
    place, slug = experiment._home()
    return read_run(place.store, experiment.project.name, slug, to_text(experiment.created_at))


def provenance_of(experiment: Experiment) -> Provenance | None:
    """See `Experiment.provenance`."""
    run = run_of(experiment)
    if run is None:
        return None
    setting, duration, packages = run
    return of_run((setting, duration, {**packages, **_fresh_packages(experiment)}))


def _fresh_packages(experiment: Experiment) -> dict[str, str]:
    if "_origin" in experiment.__dict__:  # as it was saved
        return {}
    holders = (experiment, *experiment.tests)
    return packages_of(artifact for each in holders for artifact in each.artifacts if artifact.dirty)
