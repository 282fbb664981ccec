"""Files that nobody names: what killed saves and deleted experiments leave, and nothing of anybody else's.

A folder may hold a project, a repository and whatever its user keeps there. A file is an **orphan** only if no record
of this manifest names it, nor its history (of versions that were deleted), nor those of another manifest in the same
folder, and either

- it lies in a folder that a record is kept in (``{name}/`` of a version, ``{slug}/`` of an experiment, and below), or
- there are facts of ours about it under ``.lazyscribe/``.

Not looked at are names that begin with a dot (systems and tools put such files anywhere), folders that hold a manifest
or a ``.lazyscribe`` of their own, and, if a version has no name, the folder of the manifest itself. If it is not known
which files belong to records or history (one of them here is damaged), nothing is called an orphan, and a note says so.

What a killed save leaves of a new experiment, or of the first version of a name, before the first facts are written (a
file in a folder that no record names) cannot be told from a user's file and is not reported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from lazyscribe.codec.experiments import artifact_files
from lazyscribe.codec.text import check_experiment, check_version, decode
from lazyscribe.codec.texts import split
from lazyscribe.exception import CorruptManifestError
from lazyscribe.facts import FOLDER, facts_key, packed
from lazyscribe.journal.files import TURN, level_of
from lazyscribe.store.base import Store
from lazyscribe.store.keys import fold, join, parent
from lazyscribe.verification.contents import Contents, Subject
from lazyscribe.verification.files import Told
from lazyscribe.verification.past import Past, read_past
from lazyscribe.verification.report import Finding

_TEMPORARY = re.compile(r"\.lsc-[0-9a-f]{16}\.tmp")
_FACTS, _PACKS, _STAGED = f"{FOLDER}/facts/", f"{FOLDER}/packs/", f"{FOLDER}/staged/"

RELEASE_LOCK = b"format = "
"""What a lock of a release begins with, whatever it is called: it names no files by records."""

_NO_PAST = Past({}, set(), [])

PEEK = 4096
"""Bytes by which a manifest is told from other files."""


class Leftovers:
    """What lies around a manifest.

    Attributes
    ----------
    ours
        Every key under ``.lazyscribe/``; ``None`` where that folder cannot be listed.
    staged
        Keys of the files that wait to replace others.
    packed
        What is told of files whose facts lie together with those of others, the latest first, by their keys.
    """

    def __init__(self, subject: Subject, contents: Contents) -> None:
        self._subject = subject
        self._contents = contents
        self._store = subject.store
        self._unclear: list[str] = []
        self._temporary: set[str] = set()
        self.ours = self._listed(self._store.keys, FOLDER)
        self.staged = [key for key in self._known(_STAGED) if not _is_temporary(key)]
        self.packed = self._all_packed()

    def _listed(self, listing: Callable[[str], Iterable[str]], folder: str) -> list[str] | None:
        try:
            return sorted(listing(folder))
        except Exception as error:  # whatever a file system may raise
            self._unclear.append(f"{self._place(folder)} cannot be listed ({error})")
            return None

    def _place(self, key: str) -> str:
        return self._store.describe(key)

    def _known(self, start: str) -> Iterator[str]:
        return (key for key in self.ours or () if key.startswith(start))

    def _all_packed(self) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for pack in sorted(self._known(_PACKS), reverse=True):
            try:
                for key, told in packed(self._store, pack):
                    found.setdefault(key, []).append(told)
            except Exception as error:  # whatever a file system may raise
                self._unclear.append(f"{self._place(pack)} cannot be read ({error})")
        return found

    @property
    def told(self) -> Told | None:
        """What is known of facts; ``None`` where they cannot be listed."""
        if self.ours is None:
            return None
        own = {key[len(_FACTS) : -len(".json")] for key in self._known(_FACTS) if key.endswith(".json")}
        return Told(own, self.packed)

    # Looking

    def findings(self) -> list[Finding]:
        """Look into the folders and return what is left over."""
        root = self._listed(self._store.files_in, "") or []
        lying, about = self._lying(), self._told_of()
        beside = self._beside()
        self._temporary = {key for key in (*root, *beside, *(self.ours or ()), *lying) if _is_temporary(key)}
        lying = {key for key in lying if not key.rpartition("/")[2].startswith(".")}
        lying, about = self._without_others(root, lying, about)
        found = [*self._waiting(), *self._incomplete(), *self._damaged_history()]
        return [*found, self._not_looked_for()] if self._unclear else [*found, *self._orphans(lying, about)]

    def _told_of(self) -> set[str]:
        """Return the keys of the files that there are facts about and that neither records nor history here name."""
        told = self.told
        keys = told.own | told.packed.keys() if told is not None else set()
        return {key for key in keys if not self._contents.names(key)}

    def _without_others(self, root: list[str], lying: set[str], about: set[str]) -> tuple[set[str], set[str]]:
        """Leave out what this manifest, its history or another one names; note why, if that cannot be told."""
        lying = {key for key in lying if not self._contents.names(key)}
        if (self._contents.data is None and not self._subject.seen) or not (lying or about):
            return set(), set()
        if not self._contents.complete:
            self._unclear.append(f"not every record of {self._subject.place()} can be read")
            return lying, about
        self._note_gaps(self._subject.key, self._contents.history)
        theirs = self._named_by_others(root)
        return self._outside(lying, theirs), {key for key in about if fold(key) not in theirs}

    def _note_gaps(self, key: str, past: Past) -> None:
        """Note that a history has lost something: it might have named any file."""
        if past.trouble or past.damaged:
            why = f" ({past.trouble})" if past.trouble else ""
            self._unclear.append(f"not all of the history of {self._place(key)} can be read{why}")

    def _lying(self) -> set[str]:
        """Return the keys of all files in the folders that records are kept in."""
        found: set[str] = set()
        last = "\0"
        for folder in sorted(filter(None, self._contents.folders), key=lambda each: each.split("/")):
            if not f"{folder}/".startswith(f"{last}/"):  # not below one that was listed
                last = folder
                found.update(self._listed(self._store.keys, folder) or ())
        return found

    def _beside(self) -> set[str]:
        """Return the keys of what lies in folders that facts, complete or not, lead to and no record is kept in."""
        told = {parent(key[len(start) :]) for start in (_FACTS, _PACKS) for key in self._known(start)}
        found: set[str] = set()
        for folder in told - {""}:
            if self._contents.folders.isdisjoint((folder, *_above(folder))):
                found.update(self._listed(self._store.files_in, folder) or ())
        return found

    # Other manifests

    def _named_by_others(self, root: Iterable[str]) -> set[str]:
        """Return the folded keys of the files that other manifests in this folder and their histories name."""
        noted = {key.split("/")[1] for key in self.ours or ()}
        saved = {name.removesuffix(ending) for name in noted for ending in (".lock", ".log") if name.endswith(ending)}
        likely = saved | {"project.json", "repository.json"}
        files: set[str] = set()
        for key in root:
            start = _start_of(self._store, key) if key != self._subject.key else RELEASE_LOCK
            if not start.startswith(RELEASE_LOCK) and (key in likely or _looks_like_manifest(start)):
                try:
                    data, found = _files_of(self._store, key, key in likely)
                except Exception as error:  # nonsense of every kind
                    self._unclear.append(f"{self._place(key)} cannot be read ({error})")
                    continue
                past = read_past(self._store, key, data) if f"{key}.log" in noted else _NO_PAST
                self._note_gaps(key, past)
                files |= found | past.folded()
        return files

    def _outside(self, keys: set[str], theirs: set[str]) -> set[str]:
        """Return those of `keys` that neither others name nor lie in a folder with a manifest of its own."""
        foreign = {key.partition(f"/{FOLDER}/")[0] for key in keys if f"/{FOLDER}/" in key}
        kept: set[str] = set()
        for key in sorted(keys, key=lambda each: (each.count("/"), not each.endswith(".json"), each)):
            if fold(key) in theirs or any(folder in foreign for folder in _above(key)):
                continue
            if key.endswith(".json") and _looks_like_manifest(_start_of(self._store, key)):
                foreign.add(parent(key))
            else:
                kept.add(key)
        return {key for key in kept if not any(folder in foreign for folder in _above(key))}

    # Telling

    def _find(self, kind: str, key: str, message: str) -> Finding:
        return Finding(kind, "warning", self._place(key), message)

    def _waiting(self) -> Iterator[Finding]:
        for key in self.staged:
            message = (
                f"{self._place(key)} was to replace another file, and the save was killed or runs just now; if nobody "
                "is saving and no digest is wrong, delete it."
            )
            yield self._find("staged-file", key, message)

    def _incomplete(self) -> Iterator[Finding]:
        for key in self._temporary:
            message = (
                f"{self._place(key)} was never completed: a save was killed or runs just now; if nobody is saving, "
                "delete it."
            )
            yield self._find("temporary-file", key, message)

    def _damaged_history(self) -> Iterator[Finding]:
        for key in self._contents.history.damaged:
            message = f"{self._place(key)} holds no entry of the history, which goes on without it; restore it from a "
            message += "good copy, or delete it."
            if level_of(key.rpartition("/")[2]):
                message = (
                    f"{self._place(key)} carries entries of the history of which not all can be read; restore it from "
                    "a good copy, and keep it if there is none, for the others are nowhere else."
                )
            yield self._find("history-damaged", key, message)

    def _orphans(self, lying: set[str], about: set[str]) -> Iterator[Finding]:
        for key in lying | about:
            if key in lying or self._is_there(key):
                message = f"{self._place(key)} belongs to no record; if nobody is saving and nobody needs it, delete it"
                own = key in about and key not in self.packed
                also = f", and its facts {self._place(facts_key(key))}." if own else "."
                yield self._find("orphan", key, message + also)
            elif key not in self.packed:  # what a pack knows of a file that is gone harms nobody
                facts = facts_key(key)
                message = f"{self._place(facts)} tells of a file that is not there and belongs to no record; delete it."
                yield self._find("facts-without-file", facts, message)

    def _is_there(self, key: str) -> bool:
        try:
            self._store.open(key).close()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except Exception:  # it is there, and cannot be read
            return True
        return True

    def _not_looked_for(self) -> Finding:
        place = self._subject.place()
        message = f"Files that belong to no record were not looked for, because {'; '.join(self._unclear)}; mend that."
        return Finding("orphans-unchecked", "note", place, message)


def _is_temporary(key: str) -> bool:
    name = key.rpartition("/")[2]
    return (_TEMPORARY.fullmatch(name) or TURN.fullmatch(name)) is not None


def _above(key: str) -> Iterator[str]:
    """Yield the folders that `key` lies in."""
    while key := parent(key):
        yield key


def _start_of(store: Store, key: str) -> bytes:
    try:
        with store.open(key) as buf:
            return buf.read(PEEK)
    except Exception:  # a dangling link, a forbidden file, a name that no key can have
        return b""


def _looks_like_manifest(start: bytes) -> bool:
    marks = (b'"created_at"', b'"artifacts"', b'"fname"', b'"slug"')
    return start.lstrip().startswith(b"[") and any(mark in start for mark in marks)


def _files_of(store: Store, key: str, strict: bool) -> tuple[bytes | None, set[str]]:
    """Return another manifest and the folded keys of the files that its records name."""
    place, found, files = store.describe(key), store.read(key), set()
    for position, text in enumerate(split(found[0], place) if found is not None else ()):
        record = decode(text, place, position)
        if "fname" in record:
            check_version(record, place, position)
            files.add(fold(join(record["name"], record["fname"])))
        elif "slug" in record:
            check_experiment(record, place, position)
            files.update(fold(join(folder, each["fname"])) for folder, each in artifact_files(record))
        elif strict and "tag" not in record:  # no release either
            raise CorruptManifestError(f"record {position} is of no kind that is known", path=place, record=position)
    return found[0] if found is not None else None, files
