"""Manifests as text: the array, its records, and what a record may hold.

The text of a manifest is what :func:`json.dumps` with ``sort_keys=True, indent=4`` gives, byte for byte. Records are
kept as text and decoded when they are asked for. :mod:`msgspec` does the work; what it refuses and :mod:`json`
accepts (NaN, infinities, lone surrogates) is done by :mod:`json` for that record alone.

Pure: no clock, no I/O. Errors name the manifest by the `place` that callers pass in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeAlias

from lazyscribe._dates import parse_date, to_text
from lazyscribe.exception import CorruptManifestError

Record: TypeAlias = dict[str, Any]
"""One element of a manifest's array, as plain objects."""

_OPEN, _BETWEEN, _CLOSE = b"[\n    ", b",\n    ", b"\n]"

_ARTIFACT = {"created_at": "date", "expiry": "date?", "fname": "str", "handler": "str", "name": "str", "version": "int"}
_TEST = {"artifacts": "list", "description": "str?", "metrics": "dict", "name": "str", "parameters": "dict"}
_EXPERIMENT = {
    "artifacts": "list",
    "author": "str?",
    "created_at": "date",
    "dependencies": "list",
    "last_updated": "date",
    "last_updated_by": "str?",
    "metrics": "dict",
    "name": "str",
    "parameters": "dict",
    "short_slug": "str",
    "slug": "str",
    "tags": "list?",
    "tests": "list",
}
EXPERIMENT_FIELDS = frozenset(_EXPERIMENT)
"""The keys of an experiment's record."""

_OPTIONAL = frozenset({"expiry", "last_updated_by", "tags", "description", "version", "artifacts", "tests"})
"""Keys that files of older versions lack."""

_TYPES: dict[str, type] = {"str": str, "int": int, "list": list, "dict": dict}


def load(data: bytes, place: str) -> Any:
    """Return what a text holds, by :mod:`json`, which takes what :mod:`msgspec` refuses; `CorruptManifestError`."""
    import json

    try:
        return json.loads(data.decode("utf-8"))
    except RecursionError as error:
        message = f"{place} is nested too deeply to be read; restore it from a good copy."
        raise CorruptManifestError(message, path=place) from error
    except ValueError as error:
        what = "is empty" if not data.strip() else f"is not valid JSON ({error})"
        raise CorruptManifestError(f"{place} {what}; restore it from a good copy.", path=place) from error


def decode(text: bytes, place: str, position: int | None = None) -> Record:
    """Return the record that `text` holds."""
    import msgspec

    try:
        return msgspec.json.decode(text, type=dict)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        pass
    record = load(text, place)
    if not isinstance(record, dict):
        raise wrong_record(place, position, record)
    return record


def encode(record: Mapping[str, Any]) -> bytes:
    """Return the text of `record` as it stands in a manifest, indented by one level.

    Raises
    ------
    TypeError, ValueError
        A value that JSON cannot hold.
    """
    import msgspec

    plain = _encoder().encode(record)
    try:
        return _place_in_array(msgspec.json.format(plain.encode("ascii"), indent=4))
    except (msgspec.MsgspecError, RecursionError):
        import json

        return _encode_plain(json.loads(plain))  # sorted already, by the keys before they became text


def encode_all(records: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the manifest of these records, as `assemble` gives it of their texts, made at once.

    Raises
    ------
    Exception
        One of them needs `encode`, which may say why.
    """
    import msgspec

    found: bytes = msgspec.json.format(_encoder().encode(records).encode("ascii"), indent=4)
    return found


def _encode_plain(record: Any) -> bytes:
    import json

    text = json.dumps([record], indent=4).encode("ascii")
    return text[len(_OPEN) : -len(_CLOSE)]


def _place_in_array(text: bytes) -> bytes:
    return text.replace(b"\n", b"\n    ")


def assemble(texts: list[bytes]) -> bytes:
    """Return the manifest that holds the records of these texts, in this order."""
    return _OPEN + _BETWEEN.join(texts) + _CLOSE if texts else b"[]"


def extend(data: bytes, texts: list[bytes]) -> bytes:
    """Return the manifest `data`, as `assemble` gave it, with the records of these texts added at the end."""
    if not texts:
        return data
    if data == b"[]":
        return assemble(texts)
    return b"".join([memoryview(data)[: -len(_CLOSE)], _BETWEEN, _BETWEEN.join(texts), _CLOSE])


def appended(before: bytes, after: bytes) -> bytes | None:
    """Return a manifest of the records that `after` holds behind all of `before`; ``None`` if it is not so.

    It is so if `after` begins with `before` up to its end and goes on with a comma: whatever the format, those are the
    same records then.
    """
    end = len(before) - len(_CLOSE)
    if not (before.endswith(_CLOSE) and after.startswith(_BETWEEN, end)):
        return None
    if not after.startswith(memoryview(before)[:end]):
        return None
    return b"[" + after[end + 1 :]


def to_plain(value: Any) -> Any:
    """Return what JSON holds in place of `value`: a date as text, a NumPy-like scalar as its Python number.

    Raises
    ------
    TypeError
        JSON has nothing for it.
    """
    if isinstance(value, datetime):
        return to_text(value)
    if hasattr(value, "dtype") and getattr(value, "shape", None) == () and hasattr(value, "item"):
        return value.item()
    raise TypeError(f"a value of type {type(value).__name__} cannot be written as JSON")


@cache
def _encoder() -> Any:
    """Return what ``json.dumps(sort_keys=True, default=to_plain)`` makes anew each time."""
    import json

    return json.JSONEncoder(sort_keys=True, default=to_plain)


_AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})


def with_dates_as_text(value: Any) -> Any:
    """Return a copy of `value` with every date in its dictionaries, lists and tuples as text to the second."""
    if isinstance(value, datetime):
        return to_text(value)
    if type(value) is dict:
        copy = value.copy()
        for key, item in copy.items():
            if type(item) not in _AS_THEY_ARE:
                copy[key] = with_dates_as_text(item)
        return copy
    if type(value) in (list, tuple):
        return type(value)(with_dates_as_text(item) for item in value)
    return value


def check_version(record: Record, place: str, position: int) -> None:
    """Refuse a repository's record that lacks a key or holds a wrong type."""
    _check_kind(record, "slug", "handler", place, "experiments; open it with Project")
    _check(record, _ARTIFACT, place, position)


def check_experiment(record: Record, place: str, position: int) -> None:
    """Refuse a project's record that lacks a key or holds a wrong type, its tests and artifacts included."""
    _check_kind(record, "handler", "slug", place, "versions of artifacts; open it with Repository")
    _check(record, _EXPERIMENT, place, position)
    for artifact in record.get("artifacts", ()):
        _check(artifact, _ARTIFACT, place, position, "an artifact in it")
    for test in record.get("tests", ()):
        _check(test, _TEST, place, position, "a test in it")
        for artifact in test.get("artifacts", ()):
            _check(artifact, _ARTIFACT, place, position, "an artifact of a test in it")
    for entry in record["dependencies"]:
        if not isinstance(entry, str):
            raise _wrong(place, position, f"has {_kind(entry)} among its dependencies, not text")


def _check_kind(record: Any, theirs: str, ours: str, place: str, holds: str) -> None:
    """Say so if a file is of the other kind, which is no damage."""
    if isinstance(record, dict) and theirs in record and ours not in record:
        raise CorruptManifestError(f"{place} holds {holds}.", path=place)


def _check(record: Any, shape: dict[str, str], place: str, position: int, what: str = "it") -> None:
    if not isinstance(record, dict):
        raise _wrong(place, position, f"is damaged: {what} is {_kind(record)}, not an object")
    for key, kind in shape.items():
        if key not in record:
            if key in _OPTIONAL:
                continue
            raise _wrong(place, position, f"is damaged: {what} has no {key!r}")
        if not _fits(record[key], kind):
            raise _wrong(place, position, f"is damaged: the {key!r} of {what} is {record[key]!r:.60}")


def _fits(value: Any, kind: str) -> bool:
    if kind.endswith("?"):
        return value is None or _fits(value, kind[:-1])
    if kind == "date":
        try:
            return isinstance(value, str) and bool(parse_date(value))
        except ValueError:
            return False
    return isinstance(value, _TYPES[kind]) and not isinstance(value, bool)


def wrong_record(place: str, position: int | None, value: Any) -> CorruptManifestError:
    """Return the error that `value` stands where a record, or (without `position`) a list of them, is expected."""
    if position is None:
        message = f"{place} holds {_kind(value)} where a list of records is expected; restore it from a good copy."
        return CorruptManifestError(message, path=place)
    return _wrong(place, position, f"is {_kind(value)}, not an object")


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "an array", str: "text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _wrong(place: str, position: int | None, what: str) -> CorruptManifestError:
    where = "A record" if position is None else f"Record {position}"
    message = f"{where} of {place} {what}; mend it or restore the file from a good copy."
    return CorruptManifestError(message, path=place, record=position, what=what)


def reason(error: Exception, record: Mapping[str, Any] | None = None) -> str:
    """Return why a record cannot be written, with the field and the name at fault where they can be told."""
    what = getattr(error, "what", None)
    if what is not None:  # it would be damage if it stood in the file
        return f"the record {what}"
    for path, value in _leaves(record or {}):
        try:
            encode({"": value})
        except Exception:
            return f"{path}: {error}"
    return str(error)


def _leaves(record: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for field, value in record.items():
        if isinstance(value, dict):
            yield from ((f"{field} / {key}", item) for key, item in value.items())
        yield field, value
