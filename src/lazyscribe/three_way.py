"""Merges three states of one file of records, as git hands them out: the common ancestor, one side, the other side.

Unlike a save, neither side is memory: both have been saved, and what one of them does not hold any more it has deleted.
Pure, and the same whichever side is which, save for the order of tags, and for values that contradict each other: there
`ours` is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from lazyscribe.codec.text import Record, assemble, check_experiment, check_version, decode, encode
from lazyscribe.codec.texts import Texts
from lazyscribe.exception import CorruptManifestError
from lazyscribe.merge import merge
from lazyscribe.merge_fields import ABSENT, Conflict, merge_records

Kind = Literal["project", "repository"]

SIDES = ("base", "ours", "theirs")


class Moved(NamedTuple):
    """A version that got another number, since both sides gave its number away."""

    name: str
    fname: str
    before: int
    after: int

    def __str__(self) -> str:
        return (
            f"{self.name}: both sides logged a version {self.before}; the later one, {self.fname}, is version "
            f"{self.after} now"
        )


class ThreeWay(NamedTuple):
    """What a merge gave.

    Attributes
    ----------
    data
        The file of records that holds the changes of both.
    conflicts
        What both changed to different values; of each, `data` holds ours.
    """

    kind: Kind
    data: bytes
    conflicts: list[Conflict]
    moved: list[Moved]


def merge_files(base: bytes, ours: bytes, theirs: bytes, place: str) -> ThreeWay:
    """Merge what two sides made of a project's or a repository's file; an empty `base` means that both made it.

    Raises
    ------
    CorruptManifestError
        One of the three is no such file.
    """
    sides = [_read(data, f"{place} ({side})") for data, side in zip((base, ours, theirs), SIDES, strict=True)]
    kind = _kind(sides, place)
    identify = _identify_version if kind == "repository" else _identify_experiment
    keyed = [_keyed(texts, identify) for texts in sides]
    conflicts: list[Conflict] = []
    mine = _without_deleted((keyed[0], keyed[1], keyed[2]), place, conflicts)

    def resolve(before: bytes, text: bytes, own: bytes | None) -> bytes | None:
        return _bring_together((before, text, own), place, conflicts)

    merged = merge(keyed[0], keyed[2], mine, lambda text: str(decode(text, place)["created_at"]), resolve)
    if kind == "project":
        return ThreeWay(kind, assemble(list(merged.texts.values())), conflicts, [])
    records, moved = _with_free_numbers(keyed[0], merged.texts, place)
    return ThreeWay(kind, assemble(records), conflicts, moved)


def _read(data: bytes, place: str) -> list[Record]:
    if not data.strip():
        return []
    return [decode(text, place, position) for position, text in enumerate(map(bytes, Texts(data, place).formatted()))]


def _kind(sides: list[list[Record]], place: str) -> Kind:
    """Tell by the first record there is, and see that all others are of that kind."""
    every = [record for side in sides for record in side]
    kind: Kind = "project" if any("slug" in record for record in every) else "repository"
    check = check_experiment if kind == "project" else check_version
    for name, side in zip(SIDES, sides, strict=True):
        for position, record in enumerate(side):
            check(record, f"{place} ({name})", position)
    return kind


def _identify_version(record: Record) -> str:
    return f"{record['name']}\0{record['fname']}"


def _identify_experiment(record: Record) -> str:
    return str(record["slug"])


def _keyed(records: Iterable[Record], identify: Any) -> dict[str, bytes]:
    """Return the texts of records by what makes them the same, later ones of the same with their ordinal."""
    found: dict[str, bytes] = {}
    for record in records:
        key, number = identify(record), 1
        while key in found:
            number += 1
            key = f"{identify(record)}\0{number}"
        found[key] = encode(record)
    return found


def _without_deleted(
    sides: tuple[dict[str, bytes], dict[str, bytes], dict[str, bytes]], place: str, conflicts: list[Conflict]
) -> dict[str, bytes]:
    """Return ours without the records that the other side deleted; one that we changed stays, and is a conflict."""
    base, ours, theirs = sides
    kept = dict(ours)
    for key in base.keys() - theirs.keys():
        if key not in kept:
            continue
        if kept[key] == base[key]:
            del kept[key]
        else:
            before, own = decode(base[key], place), decode(kept[key], place)
            conflicts.append(Conflict(_shown(own), (), before, ABSENT, own))
    return kept


def _bring_together(sides: tuple[bytes, bytes, bytes | None], place: str, conflicts: list[Conflict]) -> bytes | None:
    """Bring one record together that both changed or added; `sides` are the base, theirs and ours."""
    base = decode(sides[0], place) if sides[0] else {}
    theirs = decode(sides[1], place)
    if sides[2] is None:
        conflicts.append(Conflict(_shown(theirs), (), base, theirs, ABSENT))
        return None
    ours = decode(sides[2], place)
    if "fname" in ours and not base and ours.get("version") != theirs.get("version"):
        theirs["version"] = ours["version"] = min(ours["version"], theirs["version"])  # one file, promoted twice
    merged, found = merge_records(base, theirs, ours, "ours")
    conflicts += [conflict._replace(name=_shown(ours)) for conflict in found]
    return encode(merged)


def _shown(record: Record) -> str:
    return str(record["slug"]) if "slug" in record else f"{record['name']} version {record.get('version', 0)}"


def _with_free_numbers(base: dict[str, bytes], texts: dict[str, bytes], place: str) -> tuple[list[bytes], list[Moved]]:
    """Let no two versions of a name have one number: those that both knew keep theirs, and of others the oldest."""
    records = {key: decode(text, place) for key, text in texts.items()}
    moved: list[Moved] = []
    named: dict[str, tuple[list[Record], list[Record]]] = {}
    for key, record in records.items():
        named.setdefault(record["name"], ([], []))[key not in base].append(record)
    for name, (known, new) in named.items():
        taken = {record.get("version", 0) for record in known}
        late = []
        for record in sorted(new, key=lambda each: (str(each["created_at"]), str(each["fname"]))):
            if record.get("version", 0) in taken:
                late.append(record)
            taken.add(record.get("version", 0))
        for record in late:
            free = max(taken) + 1
            taken.add(free)
            moved.append(Moved(name, record["fname"], record.get("version", 0), free))
            record["version"] = free
    return [encode(record) for record in records.values()], moved


def merge_releases(base: bytes, ours: bytes, theirs: bytes, place: str) -> tuple[bytes, list[Conflict]]:
    """Merge what two sides made of a file of releases: all of both, by their tags; errors as `merge_files`."""
    before, mine, other = ({each["tag"]: each for each in _releases(data, place)} for data in (base, ours, theirs))
    conflicts: list[Conflict] = []
    merged: dict[str, Any] = {}
    for tag in dict.fromkeys((*other, *mine)):
        sides = before.get(tag), other.get(tag), mine.get(tag)
        if sides[2] == sides[0] or sides[1] == sides[2]:
            chosen = sides[1]
        else:
            chosen = sides[2]
            if sides[1] != sides[0]:
                values = [ABSENT if each is None else each for each in sides]
                conflicts.append(Conflict(tag, (), *values))
        if chosen is not None:
            merged[tag] = chosen
    import json

    text = json.dumps(sorted(merged.values(), key=lambda each: str(each.get("created_at"))), indent=4)
    return text.encode("ascii"), conflicts


def _releases(data: bytes, place: str) -> list[Record]:
    import json

    try:
        found = json.loads(data) if data.strip() else []
        if all(isinstance(each["tag"], str) for each in found):
            return list(found)
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    message = f"{place} is no file of releases; restore it from a good copy."
    raise CorruptManifestError(message, path=place)
