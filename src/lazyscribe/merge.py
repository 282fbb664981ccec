"""Three-way merges of manifests. Pure: a function of what both started from, what they made of it, what we did.

Records are compared as texts under keys that are unique in each manifest.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

Resolve: TypeAlias = Callable[[bytes, bytes, bytes | None], bytes | None]


class Merged(NamedTuple):
    """What a merge gives.

    Attributes
    ----------
    texts
        The records by key, in the order of the new manifest.
    restored
        Keys of records that we know of and the others' manifest lacks: put back.
    conflicts
        Keys of records that both changed, to different texts; of these, `texts` holds the others'.
    """

    texts: dict[str, bytes]
    restored: list[str]
    conflicts: list[str]


def merge(
    base: Mapping[str, bytes],
    theirs: Mapping[str, bytes],
    mine: Mapping[str, bytes],
    rank: Callable[[bytes], str] | None = None,
    resolve: Resolve | None = None,
) -> Merged:
    """Bring `theirs` and `mine`, both made from `base`, together record by record.

    Parameters
    ----------
    rank
        Gives what manifests of this kind are sorted by; records that only we have go to their place in that order.
        Without it they go to the end.
    resolve
        Brings the texts of a record together that both changed, in the order of the other parameters; ``None`` as a
        text or an answer means that the record is deleted. Without it such keys are `Merged.conflicts`.
    """
    if theirs == base and list(theirs) == list(base):
        return Merged(dict(mine), [], [])
    merged = Merged({}, [], [])
    for key, text in theirs.items():
        chosen = _choose(text, base.get(key), mine.get(key))
        if chosen is _BOTH and resolve is not None:
            chosen = resolve(base.get(key, b""), text, mine.get(key))
        elif chosen is _BOTH:
            merged.conflicts.append(key)
            chosen = text
        if isinstance(chosen, bytes):
            merged.texts[key] = chosen
    added = [key for key in mine if key not in theirs]
    merged.restored.extend(key for key in added if key in base)
    return merged._replace(texts=_insert(merged.texts, {key: mine[key] for key in added}, rank))


_BOTH = object()


def _choose(theirs: bytes, base: bytes | None, mine: bytes | None) -> object:
    """Return the text that stays, ``None`` for a record that we deleted, or `_BOTH` if both changed it."""
    if mine in (theirs, base):
        return theirs
    return mine if theirs == base else _BOTH


def _insert(texts: dict[str, bytes], added: dict[str, bytes], rank: Callable[[bytes], str] | None) -> dict[str, bytes]:
    if not added or rank is None:
        return {**texts, **added}
    keys = list(texts)
    ranks = [rank(text) for text in texts.values()]
    for key, text in added.items():
        position = bisect_right(ranks, rank(text))
        ranks.insert(position, rank(text))
        keys.insert(position, key)
    everything = {**texts, **added}
    return {key: everything[key] for key in keys}
