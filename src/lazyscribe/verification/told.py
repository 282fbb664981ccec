"""What facts tell of files, read anew: what this process remembers of them may not be what is there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple

import msgspec

from lazyscribe.facts import FOLDER, NOT_THERE, Facts, facts_key, matching
from lazyscribe.store.base import Store
from lazyscribe.store.keys import fold, join, parent

FACTS, PACKS = f"{FOLDER}/facts/", f"{FOLDER}/packs/"


class Told(NamedTuple):
    """What is known of facts.

    Attributes
    ----------
    own
        Keys of files that have facts of their own.
    folded
        The same as `fold` gives them.
    packed
        What packs tell of files, the latest first, by the keys of these.
    damaged
        Why a pack tells nothing, by its key.
    """

    own: set[str]
    folded: set[str]
    packed: dict[str, list[Any]]
    damaged: dict[str, str]

    def find(self, store: Store, key: str, created_at: str, handler: str) -> Facts | None:
        """Return the facts of one write of the file `key`, if there are any.

        Raises
        ------
        Exception
            Its own facts cannot be read: whatever a file system may raise.
        """
        own = _own(store, key) if fold(key) in self.folded else ()
        return matching(chain(own, self.packed.get(key, ())), created_at, handler)


def read_told(store: Store, ours: Iterable[str]) -> Told:
    """Return what is known of facts, `ours` being every key below the folder of ours."""
    ours = sorted(ours, reverse=True)
    own = {key[len(FACTS) : -len(".json")] for key in ours if key.startswith(FACTS) and key.endswith(".json")}
    told = Told(own, {fold(key) for key in own}, {}, {})
    for pack in ours:
        if not (pack.startswith(PACKS) and pack.endswith(".json")):
            continue
        try:
            found = store.read(pack)
        except Exception as error:  # whatever a file system may raise
            told.damaged[pack] = f"cannot be read ({str(error) or type(error).__name__})"
            continue
        content = _decoded(found[0]) if found is not None else {}
        if not isinstance(content, dict):
            told.damaged[pack] = "holds no facts"
            continue
        folder = parent(pack.removeprefix(PACKS))
        for name, each in content.items():
            told.packed.setdefault(join(folder, name), []).append(each)
    return told


def _own(store: Store, key: str) -> Iterator[Any]:
    try:
        found = store.read(facts_key(key))
    except NOT_THERE:
        return
    if found is not None:
        yield _decoded(found[0])


def _decoded(data: bytes) -> Any:
    """Return what a text of ours holds; ``None`` if it is none."""
    for decode in (msgspec.json.decode, json.loads):  # which takes more
        try:
            return decode(data)
        except (msgspec.MsgspecError, RecursionError, ValueError):
            continue
    return None
