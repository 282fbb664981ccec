"""Promotions, told on both sides: beside the version where it comes from, beside the experiment where it went.

``.lazyscribe/origins/{name}/{fname}/{id}.json`` goes with the save of the version; it counts for the write of that file
whose ``created_at`` and ``sha256`` it names. ``.lazyscribe/promoted/{manifest}/{slug}/{time}-{id}.json`` in the
project's folder is written once that save is done, if it can be. Both name the other file relative to their own folder
(or by a URL), so that folders which are moved together still find each other.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from lazyscribe import _utils
from lazyscribe._dates import to_text
from lazyscribe._utils import user_name
from lazyscribe.facts import FOLDER, NOT_THERE, encoded, read_facts, read_pack
from lazyscribe.stage import Stage
from lazyscribe.store.keys import join

if TYPE_CHECKING:
    from lazyscribe.artifacts.base import Artifact
    from lazyscribe.experiment import Experiment
    from lazyscribe.place import Place
    from lazyscribe.store.base import Store


class Origin(NamedTuple):
    """Where a version comes from.

    Attributes
    ----------
    project
        Path of the project's file, relative to the repository's folder, or a URL.
    slug, artifact
        The experiment there, and its artifact.
    author
        Who promoted it, and when: `at`.
    """

    project: str
    slug: str
    artifact: str
    author: str
    at: str


class Promotion(NamedTuple):
    """Where an artifact of an experiment went.

    Attributes
    ----------
    repository
        Path of the repository's file, relative to the project's folder, or a URL.
    name, version
        What it is there.
    author
        Who promoted it, and when: `at`.
    """

    artifact: str
    repository: str
    name: str
    version: int
    author: str
    at: str


def origin_note(place: Place, record: dict[str, Any], sha256: str, experiment: Experiment) -> tuple[str, bytes]:
    """Return key and content of what is told beside a version that is promoted from an experiment."""
    home, slug = experiment._home()
    origin = Origin(
        place.reference(home, experiment.project.name), slug, record["name"], user_name(), to_text(_utils.utcnow())
    )
    key = f"{FOLDER}/origins/{join(record['name'], record['fname'])}/{os.urandom(8).hex()}.json"
    return key, encoded({**origin._asdict(), "created_at": record["created_at"], "sha256": sha256})


def origin_of(store: Store, artifact: Artifact) -> Origin | None:
    """Return where a saved version comes from; ``None``: it was logged, or that is not known."""
    key = join(artifact.name, artifact.fname)
    created_at = to_text(artifact.created_at)
    facts = read_facts(store, key, created_at, artifact._handler_alias())
    for told in _told(store, f"{FOLDER}/origins/{key}"):
        with suppress(KeyError):
            if facts is not None and (told["created_at"], told["sha256"]) == (created_at, facts.sha256):
                return Origin(*(told[name] for name in Origin._fields))
    return None


def tell_experiment(place: Place, manifest: str, version: Artifact, experiment: Experiment) -> None:
    """Write beside the project's file that an artifact of an experiment has become a version.

    That is done, whatever comes of this: what keeps it from being written is logged.
    """
    home, slug = experiment._home()
    target = home.reference(place, manifest)
    told = Promotion(version.name, target, version.name, version.version, user_name(), to_text(_utils.utcnow()))
    key = f"{_folder(experiment, slug)}/{time.time_ns():020d}-{os.urandom(8).hex()}.json"
    try:
        stage = Stage(home.store, None, {}, [])
        with stage.all_at_once():
            stage.note(key, encoded(told._asdict()))
    except Exception as error:  # a folder that cannot be written, as many are that others only read
        import logging

        message = "That %r went to %s could not be noted beside %s (%s)."
        logging.getLogger("lazyscribe").info(message, version.name, target, experiment.project, error)


def promotions_of(experiment: Experiment) -> list[Promotion]:
    """Return where the artifacts of an experiment went, in the order of time."""
    home, slug = experiment._home()
    return promotions_at(home.store, experiment.project.name, slug)


def promotions_at(store: Store, manifest: str, slug: str) -> list[Promotion]:
    """Return where the artifacts of a saved experiment went, in the order of time."""
    found = []
    for told in _told(store, f"{FOLDER}/promoted/{manifest}/{slug}"):
        with suppress(KeyError):
            found.append(Promotion(*(told[name] for name in Promotion._fields)))
    return found


def _folder(experiment: Experiment, slug: str) -> str:
    return f"{FOLDER}/promoted/{experiment.project.name}/{slug}"


def _told(store: Store, folder: str) -> Iterator[dict[str, Any]]:
    try:
        files: Iterable[str] = sorted(store.files_in(folder))
    except NOT_THERE:
        return
    for key in files:
        with suppress(*NOT_THERE):
            yield read_pack(store, key, keep=False)
