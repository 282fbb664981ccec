"""Looking up versions: by number, by date, as of a date; their values, records and differences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

from lazyscribe import _utils
from lazyscribe._dates import shown, to_second
from lazyscribe.codec.artifacts import as_listed, to_record
from lazyscribe.codec.text import Record, decode
from lazyscribe.document import Document
from lazyscribe.exception import (
    InvalidArgumentError,
    InvalidVersionError,
    LazyscribeError,
    UnknownArtifactError,
    UsageError,
    VersionNotFoundError,
)
from lazyscribe.opening import Opening
from lazyscribe.records.entries import Entry
from lazyscribe.records.versions import VersionList
from lazyscribe.store.keys import join

if TYPE_CHECKING:
    from lazyscribe.artifacts.base import Artifact
    from lazyscribe.index import Selector

Version: TypeAlias = datetime | str | int | None
"""A number, a date, an ISO 8601 text, an alias (``"@production"``), or ``None``: the newest that has not expired."""

Match: TypeAlias = Literal["exact", "asof"]

How: TypeAlias = Literal["lines", "values"]


class VersionReader(Opening, Document["Artifact"]):
    """The reading half of a repository."""

    _records: VersionList

    def load_artifact(
        self, name: str, validate: bool = True, version: Version = None, match: Match = "exact", **reader_kwargs: Any
    ) -> Any:
        """Return the value of a version, its digest checked.

        Parameters
        ----------
        validate
            Whether the environment that the handler recorded must be that of this interpreter.
        version
            ``None``: the newest that has not expired; a number; a date, or its ISO 8601 text; an alias, such as
            ``"@production"``.
        match
            ``"exact"``: created in that second, whatever its expiry. ``"asof"``: the newest created at or before the
            date that had not expired then.
        **reader_kwargs
            Passed to the handler's ``read``.

        Raises
        ------
        ValueError
            Unknown name or `match`, ``"asof"`` with a number.
        VersionNotFoundError, InvalidVersionError
            No version fits; a text that is no date.
        ArtifactLoadError
            Another environment; as `CorruptArtifactError` a damaged file, as `UntrustedError` one that could run code.
        FileNotFoundError
            The file is not there, or not saved yet.
        """
        from lazyscribe.reading import read_artifact

        artifact = self._search_artifact_versions(name, version, match)
        key = join(artifact.name, artifact.fname)
        return read_artifact(self._location, key, artifact, validate, reader_kwargs)

    def _search_artifact_versions(self, name: str, version: Version = None, match: str = "exact") -> Artifact:
        """Return the handler object of the version that is meant."""
        return self._records.get(self._find(name, version, match))

    def _find(self, name: str, version: Version, match: str) -> Entry[Artifact]:
        from lazyscribe.index import Alias, Number, parse_version

        selector = parse_version(version, match)
        if not self._records.has(name):
            raise self._not_found(name, version, selector)
        if isinstance(selector, Alias):
            return self._aliased(name, selector.name)
        if isinstance(selector, Number):
            self._refuse_duplicate(name, selector.number)
        entry = self._records.find(name, selector, self._now())
        if entry is None:
            raise self._not_found(name, version, selector)
        return entry

    def _aliased(self, name: str, alias: str) -> Entry[Artifact]:
        """Return the entry that an alias means."""
        raise AssertionError(f"repositories know what @{alias} of {name} means")  # pragma: no cover

    def _now(self) -> datetime:
        """Return what counts as the present here."""
        return _utils.utcnow()

    def _not_found(self, name: str, version: Version, selector: Selector) -> LazyscribeError:
        """Return the error that says that there is no such version."""
        from lazyscribe.index import in_words

        if not self._records.has(name):
            return UnknownArtifactError(self._no_artifact(name), name=name)
        message = f"{self.fpath} has no version of {name!r} {in_words(selector)}; {self._has(name)}."
        return VersionNotFoundError(message, name=name, version=version)

    def _no_artifact(self, name: str) -> str:
        known = ", ".join(map(repr, self._records.names()[:20])) or "none"
        return f"{self.fpath} has no artifact {name!r}; it has: {known}."

    def _refuse_duplicate(self, name: str, number: int) -> None:
        twins = self._records.numbered(name, number)
        if len(twins) > 1:
            dates = " and ".join(shown(entry.known.created_at) for entry in twins)
            message = (
                f"{self.fpath} has {len(twins)} versions {number} of {name!r}, created at {dates}; "
                "load the one you mean by its date."
            )
            raise VersionNotFoundError(message, name=name, version=number)

    def _has(self, name: str) -> str:
        count, first, last = self._records.span(name)
        return f"it has {count} from {shown(first.known.created_at)} to {shown(last.known.created_at)}"

    def get_artifact_metadata(self, name: str, version: Version = None, match: Match = "exact") -> dict[str, Any]:
        """Return the record of a version as it stands, or will stand, in the file; errors as `load_artifact`."""
        return self._record_of(self._find(name, version, match))

    def get_version_diff(
        self,
        name: str,
        version: Version | tuple[Version, Version],
        match: Match = "exact",
        how: How | None = None,
        **keywords: Any,
    ) -> str:
        """Return what differs between two versions, the older first; an empty text if nothing does.

        Parameters
        ----------
        version
            One version, compared with the newest; or a pair.
        how
            ``"lines"``: the unified diff of the texts. ``"values"``: what the handler says of the two values.
            ``None``: lines if both files are text, otherwise values.
        **keywords
            Of the handler's comparison: ``key="id"`` (or several columns) for tables, and ``examples=5`` for tables,
            arrays and images.

        Raises
        ------
        ValueError
            There is no such diff of these versions, or it has no such keyword. Others as `load_artifact`.
        ArtifactLoadError
            A version is not saved.
        """
        wanted: Sequence[Version] = version if isinstance(version, (tuple, list)) else (version, None)
        if len(wanted) != 2:
            message = f"A diff is of one version or of a pair, not of {version!r:.80}."
            raise InvalidArgumentError(message, name=name, version=version)
        older, newer = (self._search_artifact_versions(name, each, match) for each in wanted)
        if _age(older) > _age(newer):
            older, newer = newer, older
        from lazyscribe.differences import between

        difference = between(self._location, older, newer, how, keywords)
        if older is newer:
            _log_warning(f"Version {older.version} of {name!r} was compared with itself.")
        return difference

    def filter(self, version: datetime | str | Sequence[tuple[str, Version]]) -> Self:
        """Return a read-only repository of some versions.

        Parameters
        ----------
        version
            A date: of each name the version as of it, sorted by name; names without one are left out, with one logged
            warning each. Or pairs of a name and a version, in this order.

        Raises
        ------
        RuntimeError
            Not opened with ``mode="r"``, or not everything is saved.
        """
        if self.mode != "r":
            message = f"{self.fpath} was opened with mode={self.mode!r}; open it with mode='r' to filter it."
            raise UsageError(message, path=str(self.fpath))
        if not all(entry.saved for entry in self._records.snapshot()):
            raise UsageError(f"{self.fpath} has versions that are not saved; save them to filter it.")
        if isinstance(version, (str, datetime)):
            chosen = self._as_of(version)
        else:
            chosen = [self._find(name, each, "exact") for name, each in _pairs(version)]
        filtered = object.__new__(type(self))
        filtered.__setstate__(self.__getstate__())
        filtered._manifest = self._manifest.twin()
        filtered._records = VersionList(filtered, chosen)
        return filtered

    def _as_of(self, version: datetime | str) -> list[Entry[Artifact]]:
        from lazyscribe.index import in_words, parse_version

        selector, now, chosen = parse_version(version, "asof"), self._now(), []
        for name in sorted(self._records.names()):
            entry = self._records.find(name, selector, now)
            if entry is None:
                _log_warning(f"{name!r} is left out: it has no version {in_words(selector)}.")
            else:
                chosen.append(entry)
        return chosen

    def _dicts(self, entries: list[Entry[Artifact]]) -> Iterator[Record]:
        for entry in entries:
            if entry.obj is None and entry.raw is not None:  # no handler need be found for its record
                yield as_listed(decode(entry.raw, self._manifest.place))
            else:
                yield self._record_of(entry)

    def _record_of(self, entry: Entry[Artifact]) -> Record:
        artifact = self._records.get(entry)
        return {**entry.unknown, **to_record(artifact)}


def _pairs(version: Any) -> list[tuple[str, Version]]:
    try:
        pairs = [each if isinstance(each, (tuple, list)) else () for each in version]
        return [(name, each) for name, each in pairs]
    except (TypeError, ValueError) as error:
        message = f"{version!r:.80} is neither a date nor pairs (name, version); filter by one of them."
        raise InvalidVersionError(message, version=version) from error


def _age(artifact: Artifact) -> tuple[datetime, int]:
    return to_second(artifact.created_at), artifact.version


def _log_warning(message: str) -> None:
    import logging

    logging.getLogger("lazyscribe").warning(message)
