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
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from functools import partial

from lazyscribe.codec.experiments import files_named
from lazyscribe.codec.text import Record, check_experiment, check_version
from lazyscribe.exception import CorruptManifestError, InvalidNameError
from lazyscribe.facts import FOLDER, facts_key
from lazyscribe.journal.files import TURN, level_of
from lazyscribe.progress import Meter
from lazyscribe.store.base import Store
from lazyscribe.store.keys import fold, parent
from lazyscribe.verification.contents import Contents, Subject
from lazyscribe.verification.past import Past, read_past
from lazyscribe.verification.report import Finding
from lazyscribe.verification.threads import default_workers, in_threads
from lazyscribe.verification.told import FACTS, PACKS, read_told
from lazyscribe.verification.waiting import STAGED, Around

_TEMPORARY = re.compile(r"\.lsc-[0-9a-f]{16}\.tmp")

RELEASE_LOCK = b"format = "
"""What a lock of a release begins with, whatever it is called: it names no files by records."""

_NO_PAST = Past({}, {}, [])

GUESSED = ("orphan", "facts-without-file", "staged-file", "temporary-file")
"""Kinds of findings that are none where a save that was under way has ended."""

REASONS = 5
"""How many causes a note names."""

PEEK = 4096
"""Bytes by which a manifest is told from other files."""


class Leftovers:
    """What lies around a manifest.

    Attributes
    ----------
    ours
        Every key under ``.lazyscribe/``; ``None`` where that folder cannot be listed.
    told
        What is known of facts; ``None`` where they cannot be listed.
    around
        What waits to replace other files.
    """

    def __init__(self, subject: Subject, contents: Contents) -> None:
        self._subject = subject
        self._contents = contents
        self._store = subject.store
        self._unclear: list[str] = []
        self._temporary: set[str] = set()
        self.ours = self._listed(self._store.keys, FOLDER)
        self.told = read_told(self._store, self.ours) if self.ours is not None else None
        staged = [key for key in self._known(STAGED) if not _is_temporary(key)]
        others = {name.removesuffix(".log") for name in self._noted() if name.endswith(".log")} - {subject.key}
        self.around = Around(staged, sorted(others), self.told)

    def _listed(self, listing: Callable[[str], Iterable[str]], folder: str) -> list[str] | None:
        try:
            return sorted(listing(folder))
        except Exception as error:  # whatever a file system may raise
            self._unclear.append(f"{self._place(folder)} cannot be listed ({error})")
            return None

    def _place(self, key: str) -> str:
        return self._store.describe(key)

    def _noted(self) -> set[str]:
        """Return the names below the folder of ours."""
        return {key.split("/")[1] for key in self.ours or ()}

    def _known(self, start: str) -> Iterator[str]:
        return (key for key in self.ours or () if key.startswith(start))

    # Looking

    def findings(self) -> list[Finding]:
        """Look into the folders and return what is left over."""
        root = self._listed(self._store.files_in, "") or []
        lying, about = self._lying(), self._told_of()
        beside = self._beside()
        self._temporary = {key for key in (*root, *beside, *(self.ours or ()), *lying) if _is_temporary(key)}
        lying = {key for key in lying if not key.rpartition("/")[2].startswith(".")}
        lying, about = self._without_others(root, lying, about)
        found = [*self._incomplete(), *self._damaged_facts(), *self._damaged_history()]
        return [*found, self._not_looked_for()] if self._unclear else [*found, *self._orphans(lying, about)]

    def _told_of(self) -> set[str]:
        """Return the keys of the files that there are facts about and that neither records nor history here name."""
        keys = self.told.own | self.told.packed.keys() if self.told is not None else set()
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
        if past.gap:
            self._unclear.append(f"not all of the history of {self._place(key)} can be read ({past.gap})")

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
        told = {parent(key[len(start) :]) for start in (FACTS, PACKS) for key in self._known(start)}
        found: set[str] = set()
        for folder in told - {""}:
            if self._contents.folders.isdisjoint((folder, *_above(folder))):
                found.update(self._listed(self._store.files_in, folder) or ())
        return found

    # Other manifests

    def _named_by_others(self, root: Iterable[str]) -> set[str]:
        """Return the folded keys of the files that other manifests in this folder and their histories name."""
        noted = self._noted()
        saved = {name.removesuffix(ending) for name in noted for ending in (".lock", ".log") if name.endswith(ending)}
        likely = saved | {"project.json", "repository.json"}
        files: set[str] = set()
        for key in sorted({*root, *saved} - {self._subject.key}):
            start = self._start_of(key, likely)
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
            if key.endswith(".json") and _looks_like_manifest(self._start_of(key)):
                foreign.add(parent(key))
            else:
                kept.add(key)
        return {key for key in kept if not any(folder in foreign for folder in _above(key))}

    def _start_of(self, key: str, likely: Collection[str] = ()) -> bytes:
        """Return what a file begins with; note if it cannot be read, but of `likely` ones, which are read anyway."""
        try:
            with self._store.open(key) as buf:
                return buf.read(PEEK)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError, InvalidNameError):  # a dangling link
            return b""
        except Exception as error:  # whatever a file system may raise
            if key.endswith(".json") and key not in likely:
                self._unclear.append(f"{self._place(key)} cannot be read ({error})")
            return b""

    # Telling

    def _find(self, kind: str, key: str, message: str) -> Finding:
        return Finding(kind, "warning", self._place(key), message)

    def _incomplete(self) -> Iterator[Finding]:
        for key in self._temporary:
            message = (
                f"{self._place(key)} was never completed: a save was killed or runs just now; if nobody is saving, "
                "delete it."
            )
            yield self._find("temporary-file", key, message)

    def _damaged_facts(self) -> Iterator[Finding]:
        for key, what in (self.told.damaged if self.told is not None else {}).items():
            folder = self._place(parent(key[len(PACKS) :]))
            message = (
                f"{self._place(key)} {what}, so files in {folder} whose facts lay there are loaded without a check; "
                "restore it from a good copy."
            )
            yield self._find("facts-damaged", key, message)

    def _damaged_history(self) -> Iterator[Finding]:
        past = self._contents.history
        if past.trouble:
            place = self._subject.place()
            message = f"The history of {place} cannot be read ({past.trouble}); see to its permissions or its "
            yield Finding("history-unreadable", "warning", place, message + "disk.")
        if past.missing:
            log, ids = f"{FOLDER}/{self._subject.key}.log", ", ".join(past.missing)
            message = (
                f"Entries of the history of {self._subject.place()} are missing, {ids} and perhaps what came before; "
                f"restore {self._place(log)} from a good copy, since what they told is nowhere else."
            )
            yield self._find("history-damaged", log, message)
        for key in past.damaged:
            message = (
                f"{self._place(key)} holds no entry of the history, which goes on without it; restore it from a good "
                "copy, for what it told is lost if there is none."
            )
            if level_of(key.rpartition("/")[2]):
                message = (
                    f"{self._place(key)} carries entries of the history of which not all can be read; restore it from "
                    "a good copy, and keep it if there is none, for the others are nowhere else."
                )
            yield self._find("history-damaged", key, message)

    def _orphans(self, lying: set[str], about: set[str]) -> Iterator[Finding]:
        packed = self.told.packed if self.told is not None else {}
        claimed = {each for each in in_threads(self._if_claimed, lying | about, default_workers(), Meter(None)) if each}
        for key in claimed:
            message = (
                f"{self._place(key)} holds the name of a large file that is on its way here, or whose writer was "
                "killed; delete it only if nobody has been saving for a day."
            )
            yield self._find("temporary-file", key, message)
        for key in (lying | about) - claimed:
            if key in lying or self._is_there(key):
                message = f"{self._place(key)} belongs to no record; if nobody is saving and nobody needs it, delete it"
                own = key in about and key not in packed
                also = f", and its facts {self._place(facts_key(key))}." if own else "."
                yield self._find("orphan", key, message + also)
            elif key not in packed:  # what a pack knows of a file that is gone harms nobody
                facts = facts_key(key)
                message = f"{self._place(facts)} tells of a file that is not there and belongs to no record; delete it."
                yield self._find("facts-without-file", facts, message)

    def _if_claimed(self, key: str) -> str:
        """Return `key` if it only holds a name; one that cannot be read is told like others."""
        with suppress(Exception):
            return key if self._store.is_claimed(key) else ""
        return ""

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
        message = f"Files that belong to no record were not looked for, because {self._reasons()}; mend that."
        return Finding("orphans-unchecked", "note", place, message)

    def _reasons(self) -> str:
        more = len(self._unclear) - REASONS
        return "; ".join([*self._unclear[:REASONS], *([f"{more} more"] if more > 0 else [])])

    def unsettled(self, findings: Iterable[Finding]) -> list[Finding]:
        """Return `findings` without what may only be left over, since somebody saves all the time."""
        place = self._subject.place()
        why = f"because {place} changes all the time; check again when nobody is saving."
        note = Finding("orphans-unchecked", "note", place, f"Files that belong to no record were not looked for, {why}")
        return [*(each for each in findings if each.kind not in {*GUESSED, note.kind}), note]


def _is_temporary(key: str) -> bool:
    name = key.rpartition("/")[2]
    return (_TEMPORARY.fullmatch(name) or TURN.fullmatch(name)) is not None


def _above(key: str) -> Iterator[str]:
    """Yield the folders that `key` lies in."""
    while key := parent(key):
        yield key


def _looks_like_manifest(start: bytes) -> bool:
    marks = (b'"created_at"', b'"artifacts"', b'"fname"', b'"slug"')
    return start.lstrip().startswith(b"[") and any(mark in start for mark in marks)


def _files_of(store: Store, key: str, strict: bool) -> tuple[bytes | None, set[str]]:
    """Return another manifest and the folded keys of the files that its records name; a `strict` one has no others."""
    found = store.read(key)
    if found is None:
        return None, set()
    named = files_named(found[0], store.describe(key), partial(_check_record, strict))
    return found[0], set(map(fold, named))


def _check_record(strict: bool, record: Record, place: str, position: int) -> None:
    if "fname" in record:
        check_version(record, place, position)
    elif "slug" in record:
        check_experiment(record, place, position)
    elif strict and "tag" not in record:  # no release either
        raise CorruptManifestError(f"record {position} is of no kind that is known", path=place, record=position)
