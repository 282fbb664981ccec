"""Experiments of a file: their fields are read from the record when they are asked for, and then stay.

What look-ups go by is known from the head. Dates, and metrics with parameters, are decoded without the rest of the
record; tests and artifacts are made of the whole of it. Whoever comes first puts a field in its place, in one step, so
that all threads get the same object.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from lazyscribe._dates import parse_date
from lazyscribe.codec.artifacts import from_record
from lazyscribe.codec.text import Record, decode
from lazyscribe.codec.texts import Source, piece_of
from lazyscribe.test import Located, ReadOnlyTest, Test

if TYPE_CHECKING:
    from lazyscribe.codec.heads import ExperimentHead
    from lazyscribe.place import Place


Origin: TypeAlias = "tuple[ExperimentHead, Source, Path, Path]"
"""Where an experiment comes from: its head, the text of its record, its project's file and its folder.

None of these ever changes.
"""


class Stored(Located):
    """An object whose hidden ``_origin``, if it has one, gives the fields that are not there yet."""

    @classmethod
    def _of(cls, origin: Origin, home: tuple[Place, str]) -> Self:
        """Return the object that comes from `origin` and lives in the folder `home`."""
        new = cls.__new__(cls)
        new.__dict__.update({"_origin": origin, "_home_": home, "_sealed": True})
        return new

    def __getattr__(self, name: str) -> Any:
        state = self.__dict__
        origin, read = state.get("_origin"), _FIELDS.get(name)
        if read is None:
            return super().__getattr__(name)
        if origin is not None:
            for each, value in read(self, origin).items():
                state.setdefault(each, value)
        if name in state:  # if nothing else, another thread has put it there, all fields perhaps
            return state[name]
        return super().__getattr__(name)

    def __delattr__(self, name: str) -> None:
        self._fill()
        super().__delattr__(name)

    def _fill(self) -> None:
        """Read every field that is not there yet: what is about to change decides where tests and artifacts live."""
        if "_origin" in self.__dict__:
            for name in _FIELDS:
                getattr(self, name)
            self.__dict__.pop("_origin", None)

    def _become(self, fresh: Stored) -> None:
        """Take over every field of `fresh`, which nobody else knows, but the lock."""
        fresh._fill()
        self.__dict__.update({name: fresh.__dict__[name] for name in _FIELDS if name != "mutex_"})
        self.__dict__.pop("_origin", None)

    def _adopt(self, test: Test) -> None:
        raise AssertionError(f"subclasses give {test} a folder")  # pragma: no cover

    def _says_no_more_than(self, head: ExperimentHead) -> bool:
        """Whether it can only say what the record of `head` says.

        It was made of that record, nothing was handed out that may be changed in itself, and nothing else assigned.
        """
        state = self.__dict__
        origin = state.get("_origin")
        if origin is None or origin[0] is not head or not state.keys().isdisjoint(_CHANGEABLE):
            return False
        return all(state[name] == _FIELDS[name](self, origin)[name] for name in state.keys() & _COMPARED)


def _head(name: str, read: Callable[[ExperimentHead], Any]) -> Callable[[Stored, Origin], dict[str, Any]]:
    return lambda _, origin: {name: read(origin[0])}


@cache
def _bodies() -> ModuleType:
    """Return the module that reads them, imported with the first of them."""
    from lazyscribe.codec import bodies

    return bodies


def _dates(_: Stored, origin: Origin) -> dict[str, Any]:
    found = _bodies().dates_of(piece_of(origin[1]))  # the head's are rounded below a microsecond, these are cut
    return {"created_at": parse_date(found.created_at), "last_updated": parse_date(found.last_updated)}


def _measured(_: Stored, origin: Origin) -> dict[str, Any]:
    found = _bodies().measured_of(piece_of(origin[1]))
    return {"metrics": found.metrics, "parameters": found.parameters}


def _contents(experiment: Stored, origin: Origin) -> dict[str, Any]:
    head, source, project, _ = origin
    if not head.tests and not head.artifacts:
        return {"tests": [], "artifacts": []}
    record = decode(bytes(piece_of(source)), str(project))
    tests = [_test(each, experiment.read_only) for each in record.get("tests", ())]
    for test in tests:
        experiment._adopt(test)
    return {"tests": tests, "artifacts": [from_record(each) for each in record.get("artifacts", ())]}


def _test(record: Record, read_only: bool) -> Test:
    kind = ReadOnlyTest if read_only else Test
    test = kind.__new__(kind)
    test.__setstate__(
        {
            **{name: record[name] for name in ("name", "metrics", "parameters")},
            "description": record.get("description"),
            "artifacts": [from_record(artifact) for artifact in record.get("artifacts", ())],
        }
    )
    return test


_FIELDS: dict[str, Callable[[Stored, Origin], dict[str, Any]]] = {
    **{name: _head(name, attrgetter(name)) for name in ("name", "author", "short_slug", "slug")},
    "last_updated_by": _head("last_updated_by", lambda head: head.last_updated_by or head.author),
    "tags": _head("tags", lambda head: deepcopy(head.tags or [])),
    "dependencies": lambda *_: {"dependencies": {}},
    "dirty": lambda *_: {"dirty": False},
    "mutex_": lambda *_: {"mutex_": threading.RLock()},
    "project": lambda _, origin: {"project": origin[2]},
    "dir": lambda _, origin: {"dir": origin[3]},
    **dict.fromkeys(("created_at", "last_updated"), _dates),
    **dict.fromkeys(("metrics", "parameters"), _measured),
    **dict.fromkeys(("tests", "artifacts"), _contents),
}
"""How each field is read, and others that come with it; all but ``fs``, which is made on demand anyway."""

_CHANGEABLE = frozenset({"metrics", "parameters", "tests", "artifacts", "tags", "dependencies"})
_COMPARED = _FIELDS.keys() - _CHANGEABLE - {"mutex_", "project"}
