"""Some fields of many records, read without the rest. Imported when it is asked for.

The records have been checked when their file was opened.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any, TypedDict

import msgspec

from lazyscribe.codec.text import Record, decode
from lazyscribe.codec.texts import Texts


@lru_cache(maxsize=64)
def _decoder(fields: tuple[str, ...]) -> msgspec.json.Decoder[list[Record]]:
    """Return what decodes a list of records to these fields alone, each a dictionary of those that are there."""
    kind = TypedDict("kind", dict.fromkeys(fields, Any), total=False)  # type: ignore[misc]
    return msgspec.json.Decoder(list[kind])


def parts(texts: Texts | Sequence[bytes], fields: Collection[str]) -> list[Record]:
    """Return of each record what it holds in `fields`."""
    names = tuple(sorted(fields))
    try:
        data = texts.data if isinstance(texts, Texts) else b"".join([b"[", b",".join(texts), b"]"])
        return _decoder(names).decode(data)
    except (msgspec.MsgspecError, RecursionError):  # NaN, and the like
        every = texts.formatted() if isinstance(texts, Texts) else texts
        records = [decode(bytes(text), "what was read before") for text in every]
        return [{name: record[name] for name in names if name in record} for record in records]


_LISTS = frozenset({"tags", "tests", "artifacts"})
"""Fields that files of older versions lack."""


def parts_of_experiments(texts: Texts | Sequence[bytes], fields: Collection[str]) -> list[Record]:
    """Return of experiments what `Experiment.to_dict` gives in `fields`, as far as a question can tell."""
    late = "last_updated_by" in fields
    found = parts(texts, {*fields, "author"} if late else fields)
    for name in _LISTS.intersection(fields):
        for record in found:
            record[name] = record.get(name) or []
    if late:
        for record in found:
            record["last_updated_by"] = record.get("last_updated_by") or record["author"]
    return found
