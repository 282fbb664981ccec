"""``release.lock``: the versions of a release with the digests of their files, as a text to be checked in.

TOML, one line for each version, sorted by name, so that a difference between two releases is a difference of lines.
Written beside the repository unless told otherwise.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lazyscribe._dates import parse_date, to_second, to_text
from lazyscribe.commit import update_document
from lazyscribe.exception import CorruptManifestError, InvalidArgumentError, LazyscribeError, UnreadableError
from lazyscribe.facts import digest_of, read_facts
from lazyscribe.place import Place, split_url
from lazyscribe.reading import open_file
from lazyscribe.store.keys import join

if TYPE_CHECKING:
    from lazyscribe.lookup import VersionReader
    from lazyscribe.releases import Release

__all__ = ["Lock", "Locked", "Mismatch", "ReleaseDiff", "lock_release", "read_lock", "release_diff", "verify_lock"]

FILE = "release.lock"

FORMAT = 1


class Locked(NamedTuple):
    """A version of a release, and what its file is."""

    name: str
    version: int
    fname: str
    created_at: str
    sha256: str
    size: int

    def line(self) -> str:
        """Return its line in the file."""
        fields = {name: value for name, value in self._asdict().items() if name != "name"}
        told = ", ".join(f"{name} = {_quoted(value)}" for name, value in fields.items())
        return f"{_quoted(self.name)} = {{ {told} }}"


class Lock(NamedTuple):
    """A release with the digests of its files; `artifacts` are sorted by name."""

    tag: str
    created_at: datetime
    locked: tuple[Locked, ...]

    @property
    def artifacts(self) -> list[tuple[str, int]]:
        """Names and numbers, as of a release."""
        return [(each.name, each.version) for each in self.locked]

    def to_text(self) -> str:
        """Return what the file holds."""
        head = f"format = {FORMAT}\ntag = {_quoted(self.tag)}\ncreated_at = {_quoted(to_text(self.created_at))}\n"
        return head + "\n[artifacts]\n" + "".join(f"{each.line()}\n" for each in self.locked)

    @classmethod
    def from_text(cls, text: str, place: str = "the text") -> Lock:
        """Return the lock that `to_text` gave.

        Raises
        ------
        CorruptManifestError
            It is none, or one of a later format.
        """
        try:
            found = tomllib.loads(text)
            if found["format"] != FORMAT:
                raise CorruptManifestError(f"it is of format {found['format']!r:.20}, which a newer lazyscribe reads")
            tables = sorted(found["artifacts"].items())
            locked = tuple(_locked(name, table) for name, table in tables)
            return cls(_typed(found["tag"], str), parse_date(found["created_at"]), locked)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            message = f"{place} is no release.lock ({error}); restore a good copy or lock the release anew."
            raise CorruptManifestError(message, path=place) from error


def _locked(name: str, table: Mapping[str, Any]) -> Locked:
    kinds = {"version": int, "fname": str, "created_at": str, "sha256": str, "size": int}
    return Locked(name, **{field: _typed(table[field], kind) for field, kind in kinds.items()})


def _typed(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise CorruptManifestError(f"it holds {value!r:.60} where a {kind.__name__} is expected")
    return value


def _quoted(value: str | int) -> str:
    """Return a value as TOML has it: JSON's text, but that no character is written as two."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


# -- writing and reading ----------------------------------------------------------------------------------------------


def lock_release(repository: VersionReader, release: Release, path: str | Path | None = None) -> Lock:
    """Write the lock of a release, replacing one that is there, and return it.

    Digests are those that were recorded when the files were saved; a file of which none is known is read.

    Parameters
    ----------
    path
        Default: ``release.lock`` beside the repository.

    Raises
    ------
    UnknownArtifactError, VersionNotFoundError
        The release names what the repository does not hold.
    FileNotFoundError
        A file is not there.
    SaveError
        The lock cannot be written.
    """
    if len({name for name, _ in release.artifacts}) < len(release.artifacts):
        raise InvalidArgumentError(f"The release {release.tag!r} holds two versions of one name; lock one of each.")
    locked = [_lock_one(repository, name, version) for name, version in release.artifacts]
    lock = Lock(release.tag, to_second(release.created_at), tuple(sorted(locked)))
    try:
        data = lock.to_text().encode("utf-8")
    except UnicodeEncodeError as error:
        message = f"The release {release.tag!r} cannot be locked: a name is no text that files can hold ({error})."
        raise InvalidArgumentError(message) from error
    place, name = (repository._location, FILE) if path is None else _place(path)
    update_document(place.store, name, lambda _: data)
    return lock


def _lock_one(repository: VersionReader, name: str, version: int) -> Locked:
    artifact = repository._search_artifact_versions(name, version)
    store, key, created_at = repository._location.store, join(name, artifact.fname), to_text(artifact.created_at)
    facts = read_facts(store, key, created_at, artifact._handler_alias())
    if facts is not None:
        open_file(store, key, name).close()
        return Locked(name, version, artifact.fname, created_at, facts.sha256, facts.size)
    with open_file(store, key, name) as buf:
        return Locked(name, version, artifact.fname, created_at, *digest_of(buf))


def read_lock(path: str | Path, **storage_options: Any) -> Lock:
    """Read a lock.

    Raises
    ------
    UnreadableError
        There is none, or it cannot be read.
    CorruptManifestError
        The file is no lock.
    """
    place, name = _place(path, storage_options)
    where = place.store.describe(name)
    try:
        found = place.store.read(name)
    except OSError as error:
        raise UnreadableError(f"{where} cannot be read ({error}); see what is there.", path=where) from error
    if found is None:
        raise UnreadableError(f"There is no {where}; lock the release first, or give another path.", path=where)
    try:
        return Lock.from_text(found[0].decode("utf-8"), where)
    except UnicodeDecodeError as error:
        message = f"{where} is no release.lock ({error}); restore a good copy or lock the release anew."
        raise CorruptManifestError(message, path=where) from error


def _place(path: str | Path, options: dict[str, Any] | None = None) -> tuple[Place, str]:
    protocol, found = split_url(path)
    return Place(protocol, found.parent, options), found.name


# -- comparing --------------------------------------------------------------------------------------------------------


class ReleaseDiff(NamedTuple):
    """What differs between two releases, the first one being the older; `str()` gives one line each.

    Attributes
    ----------
    added, removed
        Names and numbers that only one of them has.
    changed
        Names, and both numbers.
    rewritten
        Names and numbers that both have, whose files differ, or belong to another version: that should not be.
    """

    added: tuple[tuple[str, int], ...]
    removed: tuple[tuple[str, int], ...]
    changed: tuple[tuple[str, int, int], ...]
    rewritten: tuple[tuple[str, int], ...]

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return any(tuple(self))

    def __str__(self) -> str:
        lines = [(name, f"- {name} {version}") for name, version in self.removed]
        lines += [(name, f"+ {name} {version}") for name, version in self.added]
        lines += [(name, f"~ {name} {before} → {after}") for name, before, after in self.changed]
        lines += [(name, f"! {name} {version}: another file") for name, version in self.rewritten]
        return "\n".join(line for _, line in sorted(lines))


def release_diff(a: Release | Lock | str | Path, b: Release | Lock | str | Path) -> ReleaseDiff:
    """Return what differs between two releases or locks (or paths of locks), `a` being the older.

    Files are compared where both are locks.

    Raises
    ------
    UnreadableError, CorruptManifestError
        As `read_lock`.
    """
    older, newer = (read_lock(each) if isinstance(each, (str, Path)) else each for each in (a, b))
    before, after = (dict(each.artifacts) for each in (older, newer))
    common = sorted(before.keys() & after.keys())
    return ReleaseDiff(
        tuple((name, after[name]) for name in sorted(after.keys() - before.keys())),
        tuple((name, before[name]) for name in sorted(before.keys() - after.keys())),
        tuple((name, before[name], after[name]) for name in common if before[name] != after[name]),
        tuple(_rewritten(older, newer)) if isinstance(older, Lock) and isinstance(newer, Lock) else (),
    )


def _rewritten(older: Lock, newer: Lock) -> list[tuple[str, int]]:
    before = {(each.name, each.version): each for each in older.locked}
    same = [each for each in newer.locked if (each.name, each.version) in before]
    return [(each.name, each.version) for each in same if before[each.name, each.version] != each]


# -- verifying --------------------------------------------------------------------------------------------------------


class Mismatch(NamedTuple):
    """A version that is not what the lock says."""

    name: str
    version: int
    message: str

    def __str__(self) -> str:
        return self.message


def verify_lock(lock: Lock | str | Path, repository: VersionReader) -> tuple[Mismatch, ...]:
    """Return what in a repository is not as the lock (or the file at that path) says; empty if all is.

    Every file of the release is read, and its digest compared.

    Raises
    ------
    UnreadableError, CorruptManifestError
        As `read_lock`. What is not as it should be is no exception.
    """
    held = read_lock(lock) if isinstance(lock, (str, Path)) else lock
    return tuple(found for each in held.locked if (found := _verify_one(each, repository)) is not None)


def _verify_one(locked: Locked, repository: VersionReader) -> Mismatch | None:
    name, version = locked.name, locked.version
    what = f"Version {version} of {name!r}"
    try:
        artifact = repository._search_artifact_versions(name, version)
        if (artifact.fname, to_text(artifact.created_at)) != (locked.fname, locked.created_at):
            told = f"{locked.fname} of {locked.created_at}"
            return Mismatch(name, version, f"{what} is {artifact.fname} of {to_text(artifact.created_at)}, not {told}.")
        with open_file(repository._location.store, join(name, artifact.fname), name) as buf:
            sha256, _ = digest_of(buf)
    except (LazyscribeError, OSError) as error:
        return Mismatch(name, version, f"{what} cannot be read: {error}")
    if sha256 == locked.sha256:
        return None
    return Mismatch(name, version, f"{what} has the SHA-256 {sha256}, but {locked.sha256} was locked.")
