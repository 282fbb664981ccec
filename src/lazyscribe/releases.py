"""What a release is, and which versions make one; how ``releases.json`` is read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import define, field

from lazyscribe import _utils
from lazyscribe._dates import as_utc, parse_date, to_text
from lazyscribe.exception import CorruptManifestError, InvalidArgumentError, VersionNotFoundError

if TYPE_CHECKING:
    from lazyscribe.lookup import Version, VersionReader

Names: TypeAlias = "Iterable[str | tuple[str, Version]] | Mapping[str, Version]"
"""Names, or pairs of a name and a version."""

FILE = "releases.json"


@define
class Release:
    """A tag and the versions it stands for.

    Attributes
    ----------
    artifacts
        Pairs of name and number; tuples when made by `create_release`, lists when loaded from JSON, and the two
        are not equal.
    created_at
        Naive UTC; default: now, with microseconds, which files do not keep.
    """

    tag: str
    artifacts: list[tuple[str, int]]
    created_at: datetime = field(factory=_utils.present, converter=as_utc)

    def to_dict(self) -> dict[str, Any]:
        """Return the release as ``releases.json`` holds it, the pairs as they are."""
        return {"tag": self.tag, "artifacts": list(self.artifacts), "created_at": to_text(self.created_at)}

    @classmethod
    def from_dict(cls, info: Mapping[str, Any]) -> Release:
        """Return the release that `to_dict` gave; further keys are ignored.

        Raises
        ------
        CorruptManifestError
            A key is missing or of the wrong type.
        """
        fault = fault_of(info)
        if fault is not None:
            raise CorruptManifestError(f"The dictionary is no release: {fault}.")
        return cls(tag=info["tag"], artifacts=info["artifacts"], created_at=parse_date(info["created_at"]))


Release.__module__ = "lazyscribe.release"  # where people import it from, and pickles look for it


def fault_of(info: Any) -> str | None:
    """Say what keeps `info` from being a release."""
    if not isinstance(info, Mapping):
        return f"it is {info!r:.60} where an object with tag, artifacts and created_at is expected"
    for key in ("tag", "artifacts", "created_at"):
        if key not in info:
            return f"it has no {key!r}"
    if not isinstance(info["tag"], str):
        return f"its 'tag' is {info['tag']!r:.60}, which is no text"
    if not isinstance(info["artifacts"], (list, tuple)):
        return f"its 'artifacts' are {info['artifacts']!r:.60}, which is no list"
    for pair in info["artifacts"]:
        if not _is_pair(pair):
            return f"{pair!r:.60} among its 'artifacts' is no pair of a name and a version number"
    try:
        parse_date(info["created_at"])
    except (ValueError, AttributeError):
        return f"its 'created_at' is {info['created_at']!r:.60}, which is no ISO 8601 date"
    return None


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, (list, tuple)) and len(pair) == 2 and isinstance(pair[0], str) and type(pair[1]) is int


def read_releases(text: str | bytes, place: str, **kwargs: Any) -> tuple[list[Any], list[Release]]:
    """Return the elements as they stand in the text, and as releases."""
    try:
        items = json.loads(text, **kwargs)
    except (ValueError, RecursionError) as error:
        message = f"Releases cannot be read from {place}, which is not valid JSON ({error}); restore a good copy."
        raise CorruptManifestError(message, path=place) from error
    if not isinstance(items, list):
        message = f"Releases cannot be read from {place}: it holds {items!r:.60} where a list is expected."
        raise CorruptManifestError(message, path=place)
    for position, item in enumerate(items):
        fault = fault_of(item)
        if fault is not None:
            message = f"Record {position} of {place} is no release: {fault}; mend it or restore a good copy."
            raise CorruptManifestError(message, path=place, record=position)
    return items, [Release.from_dict(item) for item in items]


def chosen(repository: VersionReader, names: Names | None) -> list[tuple[str, int]]:
    """Return names and numbers of the newest versions, or of those that are named, sorted by name.

    Raises
    ------
    UnknownArtifactError, VersionNotFoundError, InvalidArgumentError
        As `lazyscribe.release.create_release`.
    """
    if names is None:
        return [pair for name in sorted(repository._records.names()) if (pair := _newest(repository, name)) is not None]
    pairs: dict[str, int] = {}
    for name, version in _named(names):
        if name in pairs:
            message = f"{name!r} is named twice; a release holds one version of each name."
            raise InvalidArgumentError(message, name=name)
        pairs[name] = int(repository._find(name, version, "exact").known.version)
    return sorted(pairs.items())


def _named(names: Names) -> list[tuple[str, Version]]:
    if isinstance(names, str):
        return [(names, None)]
    try:
        pairs = [(each, None) if isinstance(each, str) else each for each in _items(names)]
        return [(name, version) for name, version in pairs]
    except (TypeError, ValueError) as error:
        message = f"{names!r:.80} are neither names nor pairs (name, version); name what belongs to the release."
        raise InvalidArgumentError(message) from error


def _items(names: Any) -> Iterable[Any]:
    return names.items() if isinstance(names, Mapping) else names


def _newest(repository: VersionReader, name: str) -> tuple[str, int] | None:
    try:
        return name, int(repository._find(name, None, "exact").known.version)
    except VersionNotFoundError:
        return None
