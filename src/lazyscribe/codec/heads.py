"""What look-ups need of records, read from a whole manifest at once. Imported when a file is opened.

:mod:`msgspec` decodes the manifest into these types and checks the types of all fields on the way; what is inside
metrics and parameters is passed over. Whatever it refuses gets a closer look, record by record: it may be in order
(NaN, dates in other forms of ISO 8601) or damaged, and then the error says how.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta, Struct, convert

from lazyscribe._dates import parse_date
from lazyscribe.codec.experiments import test_folder
from lazyscribe.codec.text import Record, check_experiment, check_version, decode

Naive = Annotated[datetime, Meta(tz=False)]


class VersionHead(Struct, gc=False):
    """A version that is not built; dates are naive UTC."""

    name: str
    fname: str
    created_at: Naive
    handler: str
    version: int = 0
    expiry: Naive | None = None


class _Object(Struct, gc=False):
    """A JSON object, whatever it holds."""


class _TestHead(Struct, gc=False):
    name: str
    metrics: _Object
    parameters: _Object
    description: str | None = None
    artifacts: list[VersionHead] = []


class ExperimentHead(Struct, gc=False):
    """An experiment that is not built."""

    slug: str
    short_slug: str
    dependencies: list[str]
    author: str | None
    created_at: Naive
    last_updated: Naive
    metrics: _Object
    name: str
    parameters: _Object
    artifacts: list[VersionHead] = []
    last_updated_by: str | None = None
    tags: list[Any] | None = None
    tests: list[_TestHead] = []

    def files(self) -> Iterator[tuple[str, str]]:
        """Yield folder and name of every file of an artifact, those of tests after its own."""
        for artifact in self.artifacts:
            yield self.slug, artifact.fname
        for test in self.tests:
            for artifact in test.artifacts:
                yield test_folder(self.slug, test.name), artifact.fname


Head = TypeVar("Head", bound=VersionHead | ExperimentHead)


class Reader(Generic[Head]):
    """Reads heads of one type.

    Attributes
    ----------
    names
        Gives the names in some heads that decide where files lie.
    key
        Gives what makes two records the same one.
    """

    def __init__(
        self,
        kind: type[Head],
        read: Callable[[Record, str, int], Head],
        names: Callable[[Sequence[Head]], list[str]],
        key: Callable[[Head], str],
    ) -> None:
        self._all: msgspec.json.Decoder[list[Head]] = msgspec.json.Decoder(list[kind])  # type: ignore[valid-type]
        self._one: msgspec.json.Decoder[Head] = msgspec.json.Decoder(kind)
        self._read = read
        self.names = names
        self.key = key

    def all(self, data: bytes) -> list[Head] | None:
        """Return the heads of all records of a manifest; ``None`` if one needs a closer look."""
        try:
            _check_encoding(data)
            return self._all.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None

    def one(self, text: bytes, place: str, position: int) -> Head:
        """Return the head of one record.

        Raises
        ------
        CorruptManifestError
            It lacks a key or holds a wrong type.
        """
        try:
            _check_encoding(text)
            return self._one.decode(text)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return self._read(decode(text, place, position), place, position)


class ExperimentReader(Reader[ExperimentHead]):
    """Reads heads of experiments."""

    def fits(self, record: Record) -> bool:
        """Whether no closer look is needed at a record that is about to be written; if not, it may still be sound."""
        try:
            convert(record, ExperimentHead)
        except (msgspec.MsgspecError, RecursionError):
            return False
        for part in (record, *record.get("tests", ())):
            if not type(part["metrics"]) is type(part["parameters"]) is dict:  # other mappings are converted, too
                return False
        return True


def _check_encoding(data: bytes) -> None:
    """Raise `UnicodeDecodeError` for what is no UTF-8; msgspec does not look at it where it passes over."""
    if not data.isascii():
        data.decode("utf-8")


def _read_version(record: Record, place: str, position: int) -> VersionHead:
    check_version(record, place, position)
    return convert(_with_dates(record), VersionHead)


def _read_experiment(record: Record, place: str, position: int) -> ExperimentHead:
    check_experiment(record, place, position)
    artifacts = [_with_dates(artifact) for artifact in record.get("artifacts", ())]
    tests = [
        {**test, "artifacts": [_with_dates(artifact) for artifact in test.get("artifacts", ())]}
        for test in record.get("tests", ())
    ]
    return convert({**_with_dates(record), "artifacts": artifacts, "tests": tests}, ExperimentHead)


def _with_dates(record: Record) -> Record:
    dates = {key: parse_date(record[key]) for key in _DATES if record.get(key) is not None}
    return {**record, **dates}


_DATES = ("created_at", "expiry", "last_updated")


def _version_names(heads: Sequence[VersionHead]) -> list[str]:
    return [*{head.name for head in heads}, *[head.fname for head in heads]]


def _experiment_names(heads: Sequence[ExperimentHead]) -> list[str]:
    names = [head.slug for head in heads]
    names += [artifact.fname for head in heads for artifact in head.artifacts]
    return names + [artifact.fname for head in heads for test in head.tests for artifact in test.artifacts]


VERSIONS = Reader(VersionHead, _read_version, _version_names, lambda head: f"{head.name}\0{head.fname}")
EXPERIMENTS = ExperimentReader(ExperimentHead, _read_experiment, _experiment_names, lambda head: head.slug)

_OBJECT = msgspec.json.Decoder(_Object)


def is_object(text: bytes) -> bool:
    """Whether `text` is one JSON object, NaN and the like allowed."""
    try:
        _OBJECT.decode(text)
        return True
    except (msgspec.MsgspecError, RecursionError):
        pass
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
