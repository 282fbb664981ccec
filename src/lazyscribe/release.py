"""Releases: a tag and, of each artifact in a repository, the version that was newest when the tag was given.

They are kept in ``releases.json`` beside the repository, a JSON array indented by 4 in the order of release. Its
keys are not sorted: ``tag``, ``artifacts`` (pairs of name and number), ``created_at``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Literal

from lazyscribe import _utils
from lazyscribe._dates import to_second, to_text, to_utc
from lazyscribe.codec.text import assemble, encode
from lazyscribe.commit import save, update_document
from lazyscribe.draft import Draft, Source
from lazyscribe.exception import (
    Exists,
    InvalidArgumentError,
    InvalidVersionError,
    LazyscribeError,
    UsageError,
    VersionNotFoundError,
)
from lazyscribe.facts import read_facts
from lazyscribe.index import parse_version
from lazyscribe.manifest import Manifest
from lazyscribe.place import Place, split_url
from lazyscribe.release_config import read_config
from lazyscribe.releases import FILE, Names, Release, chosen, fault_of, read_releases
from lazyscribe.repository import Repository
from lazyscribe.store.keys import join

__all__ = [
    "Release",
    "create_release",
    "dump",
    "dumps",
    "find_release",
    "load",
    "loads",
    "minimal_repository_from_release",
    "release_from_toml",
]

# -- making and finding -----------------------------------------------------------------------------------------------


def create_release(repository: Repository, tag: str, names: Names | None = None) -> Release:
    """Return a release of the newest unexpired version of each name, sorted by name; nothing is written.

    Names of which every version has expired are left out.

    Parameters
    ----------
    names
        Only these: names, or pairs of a name and a version (a number, a date, an alias such as ``"@production"``), or
        a mapping of such pairs. What is named must be there.

    Raises
    ------
    UsageError
        The repository is not in mode ``r``.
    UnknownArtifactError, VersionNotFoundError, InvalidArgumentError
        Of `names`: no such name, no such version, one name twice.
    """
    _require_read_only(repository, "create a release from it")
    return Release(tag=tag, artifacts=chosen(repository, names))


def _require_read_only(repository: Repository, purpose: str) -> None:
    if repository.mode != "r":
        message = f"{repository.fpath} is open in mode {repository.mode!r}; open it in mode 'r' to {purpose}."
        raise UsageError(message, path=str(repository.fpath))


def find_release(
    releases: Iterable[Release],
    version: str | datetime | None = None,
    match: Literal["exact", "asof"] = "exact",
) -> Release:
    """Return the newest release that answers; of several of one date, the last given.

    Parameters
    ----------
    version
        None: any release. A text: the one of this tag, even if it looks like a date. A datetime: one of that
        second, or with ``match="asof"`` one of that second or before it.

    Raises
    ------
    VersionNotFoundError
        No release answers, or none was given.
    InvalidArgumentError
        Another `match`, or ``"asof"`` with a tag.
    InvalidVersionError
        `version` is of another type.
    """
    answers = _question(version, match)
    found = [release for release in releases if answers(release)]
    if not found:
        raise VersionNotFoundError(_not_found(version, match), version=version)
    return max(reversed(found), key=lambda release: to_utc(release.created_at))


def _question(version: Any, match: str) -> Callable[[Release], bool]:
    """Return what tells whether a release answers; refuse what no release can answer."""
    parse_version(None, match)
    if version is None:
        return lambda _: True
    if isinstance(version, str):
        if match == "asof":
            raise InvalidArgumentError(f'match="asof" needs a datetime, not the tag {version!r}.', match=match)
        return lambda release: release.tag == version
    if isinstance(version, datetime):
        date = _second(version)
        if match == "asof":
            return lambda release: to_second(release.created_at) <= date
        return lambda release: to_second(release.created_at) == date
    message = f"A release is found by a tag or a datetime, not by {version!r} of type {type(version).__name__}."
    raise InvalidVersionError(message, version=version)


def _second(version: datetime) -> datetime:
    try:
        return to_second(version)
    except ValueError as error:
        raise InvalidVersionError(f"{version!r} is no date in UTC.", version=version) from error


def _not_found(version: str | datetime | None, match: str) -> str:
    if version is None:
        return "There is no release yet; create one first."
    if isinstance(version, str):
        return f"No release has the tag {version!r}."
    return f"No release was created {'at or before' if match == 'asof' else 'at'} {to_text(version)} (UTC)."


# -- reading and writing ----------------------------------------------------------------------------------------------


def dump(obj: Iterable[Release], fp: IO[str], **kwargs: Any) -> None:
    """Write the releases to an open text file, as `json.dump` does with these keywords."""
    json.dump([release.to_dict() for release in obj], fp, **kwargs)


def dumps(obj: Iterable[Release], **kwargs: Any) -> str:
    """Return the releases as JSON, as `json.dumps` does with these keywords."""
    return json.dumps([release.to_dict() for release in obj], **kwargs)


def load(fp: IO[Any], **kwargs: Any) -> list[Release]:
    """Read the releases that an open file holds, as `json.load` does with these keywords.

    Raises
    ------
    CorruptManifestError
        The file is not a JSON array of releases.
    """
    return read_releases(fp.read(), str(getattr(fp, "name", "the file")), **kwargs)[1]


def loads(s: str | bytes, **kwargs: Any) -> list[Release]:
    """Read releases from JSON, as `json.loads` does with these keywords.

    Raises
    ------
    CorruptManifestError
        The text is not a JSON array of releases.
    """
    return read_releases(s, "the text", **kwargs)[1]


# -- releasing by configuration ---------------------------------------------------------------------------------------


def release_from_toml(text: str) -> None:
    """Release every repository that a ``pyproject.toml`` names in ``[tool.lazyscribe] repositories``.

    The tag is the version in ``[project]``, else the one in ``[tool.lazyscribe]``. Paths are relative to the working
    directory. Afterwards ``releases.json`` beside each repository ends with the new release; releases that stood
    there keep every key they had. A tag that stands there already is skipped with a logged WARNING. The releases are
    all made before the first is written, so that a repository that cannot be opened leaves no file changed. Each
    file is changed under its guard: several processes may release at once.

    Parameters
    ----------
    text
        What the file holds, not its path.

    Raises
    ------
    InvalidArgumentError
        The text is no TOML, or a table or key is missing or of the wrong type.
    UsageError
        There is no folder where a repository should be.
    CorruptManifestError
        A repository or a ``releases.json`` is damaged.
    SaveError
        A ``releases.json`` cannot be written; those of the repositories named before are.
    """
    paths, tag = read_config(text, _utils.utcnow())
    made = [_release_at(path, tag) for path in paths]
    for repository, release in made:
        _append(repository, release)


def _release_at(path: str, tag: str) -> tuple[Repository, Release]:
    repository = Repository(path, mode="r")
    if not len(repository.artifacts):
        if not repository.fs.exists(repository.dir.as_posix()):
            message = f"There is no folder {repository.dir} for the repository {path!r}; mend 'repositories'."
            raise UsageError(message, path=path)
        _warn("The repository %s holds no versions; release %r of it is empty.", path, tag)
    return repository, create_release(repository, tag)


def _append(repository: Repository, release: Release) -> None:
    """Add the release to the file beside the repository unless its tag stands there."""
    store = repository._location.store
    path = store.describe(FILE)
    standing: list[Release] = []

    def change(data: bytes | None) -> bytes:
        items, releases = read_releases(data, path) if data is not None else ([], [])
        standing[:] = [each for each in releases if each.tag == release.tag]  # may be asked again
        if standing and data is not None:
            return data
        return json.dumps([*items, release.to_dict()], indent=4).encode("ascii")

    update_document(store, FILE, change)
    if standing:
        _warn("%s holds a release %r already; it is left as it is.", path, release.tag)
    _tell_journal(repository, (standing or [release])[-1])


def _tell_journal(repository: Repository, release: Release) -> None:
    """Tell the repository's journal of a release; what keeps it from that is logged, since the file tells of it."""
    if repository._manifest.data is None:
        return
    try:
        repository._anew().add_release(release)
    except (LazyscribeError, OSError) as error:
        _warn("The release %r is in %s, but not in the history (%s).", release.tag, FILE, str(error))


def _warn(message: str, *facts: str) -> None:
    import logging

    logging.getLogger(__name__).warning(message, *facts)


# -- the repository of one release ------------------------------------------------------------------------------------


def minimal_repository_from_release(location: str | Path, repository: Repository, release: Release) -> None:
    """Copy the versions of a release into a repository of their own.

    Afterwards there are ``location/repository.json`` and ``location/{name}/{fname}`` of each version, in the order of
    the release, with their numbers, dates and bytes, and nothing else. If that fails, no file is there.

    Parameters
    ----------
    location
        A folder, made where missing, on the file system of the repository; or a URL.

    Raises
    ------
    UsageError
        The repository is not in mode ``r``.
    UnknownArtifactError, VersionNotFoundError
        The release names what the repository does not hold.
    Exists
        There is a ``repository.json`` at `location`.
    CorruptArtifactError
        A file is not what was saved.
    SaveError
        A file cannot be read or written.
    """
    _require_read_only(repository, "copy a release of it")
    fault = fault_of(release.to_dict())
    if fault is not None:
        raise InvalidArgumentError(f"The release {release.tag!r} cannot be copied: {fault}.")
    pairs = dict.fromkeys((name, version) for name, version in release.artifacts)
    _export(location, repository, repository.filter(list(pairs)))


def _export(location: str | Path, repository: Repository, filtered: Repository) -> None:
    """Write every version of `filtered`, whose files lie where those of `repository` do, to `location`."""
    source, target = repository._location.store, _target(location, repository).store
    manifest = Manifest(target, "repository.json")

    def compose(found: bytes | None) -> bytes:
        if found is not None:
            message = f"{manifest.place} exists already; choose another location for the release."
            raise Exists(message, path=manifest.place)
        return assemble([encode(draft.record) for draft in drafts])

    drafts: list[Draft] = []
    compose(manifest.peek()[0])
    for artifact in filtered.artifacts:
        record = filtered.get_artifact_metadata(artifact.name, version=artifact.version)
        key = join(artifact.name, artifact.fname)
        facts = read_facts(source, key, to_text(artifact.created_at), record["handler"])
        drafts.append(Draft(dict(record), artifact.name, artifact, lambda _: False, source=Source(source, key, facts)))
    save(manifest, drafts, compose, author=None, guarded=False)


def _target(location: str | Path, repository: Repository) -> Place:
    protocol, folder = split_url(location)
    if isinstance(location, Path) or "://" not in location:
        protocol = repository.protocol
    return Place(protocol, folder, repository.storage_options if protocol == repository.protocol else {})
