"""The record of an artifact, and the artifact of a record."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from lazyscribe._dates import parse_date, rewritten, to_text
from lazyscribe.artifacts import _get_handler
from lazyscribe.codec.text import Record

if TYPE_CHECKING:
    from lazyscribe.artifacts.base import Artifact


def to_record(artifact: Artifact) -> Record:
    """Return the record of `artifact`: the fixed keys, its environment, and nothing more."""
    from lazyscribe.artifacts.base import environment

    record = {
        "name": artifact.name,
        "fname": artifact.fname,
        "created_at": to_text(artifact.created_at),
        "expiry": to_text(artifact.expiry) if artifact.expiry is not None else None,
        "version": artifact.version,
        **environment(artifact),
        "handler": artifact._handler_alias(),
    }
    return artifact._as_found(record)


def looks(artifact: Artifact) -> tuple[Any, ...]:
    """Return what the record of `artifact` is made of, as it is now."""
    found: tuple[Any, ...] = _getter(type(artifact))(artifact)
    return found


def lasting(looked: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """Return what an artifact `looked` like, if its record stays the same for as long as it looks so.

    ``None`` for one that is not saved, and where the environment holds what may change in place.
    """
    return looked if not looked[0] and all(type(each) in _PLAIN for each in looked) else None


_PLAIN = frozenset({str, int, float, bool, datetime, type(None)})


@lru_cache(256)
def _getter(kind: type[Artifact]) -> Any:
    from lazyscribe.artifacts.base import environment_fields

    return attrgetter("dirty", "name", "fname", "created_at", "expiry", "version", *environment_fields(kind))


def from_record(record: Record) -> Artifact:
    """Return the artifact that a (checked) record describes, without its value.

    The handler's ``construct`` gets every key of the record but ``handler``. Where that cannot be done here, a
    `MissingArtifact` stands in, which says why when it is loaded.
    """
    given = {key: value for key, value in record.items() if key != "handler"}
    given["created_at"] = parse_date(given["created_at"])
    given["expiry"] = parse_date(given["expiry"]) if given.get("expiry") is not None else None
    given.setdefault("version", 0)
    try:
        return _get_handler(record["handler"]).construct(**given, dirty=False)
    except Exception as error:
        from lazyscribe.artifacts.missing import MissingArtifact

        known = {key: given[key] for key in ("name", "fname", "created_at", "expiry", "version")}
        return MissingArtifact(**known, value=None, writer_kwargs={}, dirty=False, record=record, reason=str(error))


def written_again(record: Record) -> Record:
    """Return the record of the artifact that a (checked) record describes: ``to_record(from_record(record))``.

    Handlers that say so of themselves need not be made for that.
    """
    try:
        kind = _get_handler(record["handler"])
    except Exception:
        return to_record(from_record(record))
    if not kind.__dict__.get("_keeps_records"):
        return to_record(from_record(record))
    expiry = record.get("expiry")
    return {
        "name": record["name"],
        "fname": record["fname"],
        "created_at": rewritten(record["created_at"]),
        "expiry": rewritten(expiry) if expiry is not None else None,
        "version": record.get("version", 0),
        "handler": kind.alias,
    }


def as_listed(record: Record) -> Record:
    """Return a (checked) record of a version as it stands in the file, dates and defaults as they are written today."""
    expiry = record.get("expiry")
    return {
        **record,
        "created_at": rewritten(record["created_at"]),
        "expiry": rewritten(expiry) if expiry is not None else None,
        "version": record.get("version", 0),
    }


def keep_artifacts(present: Any, fresh: Any) -> None:
    """Put the artifacts of `present` into `fresh` in the places of those that have the same record."""
    held = {str(sorted(to_record(artifact).items(), key=str)): artifact for artifact in present.artifacts}
    for position, artifact in enumerate(fresh.artifacts):
        same = held.get(str(sorted(to_record(artifact).items(), key=str)))
        if same is not None:
            fresh.artifacts[position] = same
