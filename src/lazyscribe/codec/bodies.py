"""What experiments hold beside their heads, read from the texts of their records. Imported when it is asked for.

The records have been checked when their file was opened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, convert

from lazyscribe._dates import rewritten
from lazyscribe.codec.artifacts import written_again
from lazyscribe.codec.text import Record, decode


class _Dates(Struct, gc=False):
    created_at: str
    last_updated: str


class _Measured(Struct, gc=False):
    metrics: dict[str, Any]
    parameters: dict[str, Any]


class _Body(Struct, gc=False):
    """All that this version knows of an experiment that depends on no other."""

    slug: str
    short_slug: str
    author: str | None
    created_at: str
    last_updated: str
    metrics: dict[str, Any]
    name: str
    parameters: dict[str, Any]
    artifacts: list[dict[str, Any]] = []
    last_updated_by: str | None = None
    tags: list[Any] | None = None
    tests: list[dict[str, Any]] = []


Part = TypeVar("Part", bound=Struct)


def _reader(kind: type[Part]) -> Callable[[bytes], Part]:
    """Return what reads some keys of a record and passes over the rest."""
    decoder = msgspec.json.Decoder(kind)

    def read(text: bytes) -> Part:
        try:
            return decoder.decode(text)
        except (msgspec.MsgspecError, RecursionError):
            return convert(decode(bytes(text), "what was read before"), kind)

    return read


dates_of, measured_of, _body_of = _reader(_Dates), _reader(_Measured), _reader(_Body)
_BODIES = msgspec.json.Decoder(list[_Body])


def listed(texts: Sequence[bytes]) -> list[Record]:
    """Return what `Experiment.to_dict` gives of experiments that depend on no others, made of records as these."""
    try:  # all at once is quicker
        bodies = _BODIES.decode(b"".join([b"[", b",".join(texts), b"]"]))
    except (msgspec.MsgspecError, RecursionError):
        bodies = [_body_of(text) for text in texts]
    return [_listed(body) for body in bodies]


def _listed(body: _Body) -> Record:
    return {
        "name": body.name,
        "author": body.author,
        "last_updated_by": body.last_updated_by or body.author,
        "metrics": body.metrics,
        "parameters": body.parameters,
        "created_at": rewritten(body.created_at),
        "last_updated": rewritten(body.last_updated),
        "dependencies": [],
        "short_slug": body.short_slug,
        "slug": body.slug,
        "tests": [_listed_test(test) for test in body.tests],
        "artifacts": [written_again(artifact) for artifact in body.artifacts],
        "tags": body.tags or [],
    }


def _listed_test(record: Record) -> Record:
    return {
        "name": record["name"],
        "description": record.get("description"),
        "metrics": record["metrics"],
        "parameters": record["parameters"],
        "artifacts": [written_again(artifact) for artifact in record.get("artifacts", ())],
    }
