"""Promotion: an artifact of an experiment becomes the newest version in a repository."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from lazyscribe._dates import shown, to_second, to_text
from lazyscribe.draft import Source
from lazyscribe.exception import ArtifactLogError, NotInListError, PromotionError, SaveError
from lazyscribe.facts import digest_of, read_facts
from lazyscribe.progress import following
from lazyscribe.reading import open_file
from lazyscribe.store.base import Store
from lazyscribe.store.keys import join

if TYPE_CHECKING:
    from lazyscribe.artifacts.base import Artifact
    from lazyscribe.experiment import Experiment
    from lazyscribe.repository import Repository


def source_of(artifact: Artifact, store: Store, key: str) -> Source:
    """Return the saved file of an artifact, with the digest, if one is known, that it must have while it is copied.

    Raises
    ------
    FileNotFoundError
        The file is not there.
    """
    facts = read_facts(store, key, to_text(artifact.created_at), artifact._handler_alias())
    open_file(store, key, artifact.name).close()
    return Source(store, key, facts)


def promote(repository: Repository, artifact: Artifact, source: Source | None, experiment: Experiment) -> None:
    """Let `artifact` of `experiment` join `repository`: with its value, or from its saved file and then saved at once.

    Raises
    ------
    ArtifactLogError
        It is not newer than the newest version there, or (as `PromotionError`) it could not be written.
    """
    with repository.artifacts.lock:
        _refuse_if_not_newer(repository, artifact, source)
        number = repository.artifacts.next_number(artifact.name)
        value = artifact.value if source is None else None
        from attrs import evolve

        promoted = evolve(artifact, version=number, value=value, dirty=True)
        repository._join(promoted, chosen=source is None)
        repository._promoted.append((promoted, experiment))
    if source is not None:
        _save(repository, promoted, source)


def _save(repository: Repository, promoted: Artifact, source: Source) -> None:
    repository._sources[id(promoted)] = source
    try:
        with following(repository._location.progress, f"promoting {promoted.name!r}"):
            repository.save()
    except BaseException as error:
        if not promoted.dirty:  # it is saved; what came after that was interrupted
            raise
        with suppress(NotInListError):  # there already is one that holds the same
            repository.artifacts.remove(promoted)
        repository._promoted[:] = [each for each in repository._promoted if each[0] is not promoted]
        if type(error) is SaveError:
            message = f"{promoted.name!r} was not promoted to {repository.fpath}: {error}"
            raise PromotionError(message, name=promoted.name, path=str(repository.fpath)) from error
        raise
    finally:
        del repository._sources[id(promoted)]


def _refuse_if_not_newer(repository: Repository, artifact: Artifact, source: Source | None) -> None:
    present = repository.artifacts.named(artifact.name)
    if not present:
        return
    entry = max(present, key=lambda each: (to_second(each.known.created_at), each.known.version))
    mine, theirs = to_second(artifact.created_at), to_second(entry.known.created_at)
    if mine > theirs:
        return
    newest = repository.artifacts.get(entry)
    if mine == theirs and not _is_that_version(repository, newest, artifact, source):
        return
    message = (
        f"The artifact {artifact.name!r} of {shown(mine)} is not newer than version {newest.version} of "
        f"{shown(theirs)} in {repository.fpath}; log it anew to promote it."
    )
    raise ArtifactLogError(message, name=artifact.name)


def _is_that_version(repository: Repository, newest: Artifact, artifact: Artifact, source: Source | None) -> bool:
    """Tell whether `artifact` is what `newest`, of the same second, holds.

    Files keep dates to the second, so within one the content decides.
    """
    if source is None or newest.dirty:
        return artifact.created_at == newest.created_at
    theirs = repository._location.store, join(newest.name, newest.fname)
    try:
        there = _digest(*theirs, newest.name)
    except FileNotFoundError:
        return False
    return there == (source.facts.sha256 if source.facts else _digest(source.store, source.key, artifact.name))


def _digest(store: Store, key: str, name: str) -> str:
    with open_file(store, key, name) as buf:
        return digest_of(buf)[0]
