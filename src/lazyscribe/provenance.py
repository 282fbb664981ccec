"""Where an experiment comes from: code, command, interpreter, packages, machine, duration.

What is the same for all experiments of a moment is found out once, and again when it may have changed: after a second,
or later if git took long, so that it takes no more than a fiftieth of the time.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from lazyscribe.artifacts.base import Artifact

HOLDS = 1.0
"""Seconds for which what was found out holds."""

SHARE = 50
"""In the same folder it holds at least this many times as long as it took."""

LOOKED_AT = 200
"""Objects in a value of an artifact that are looked at for the packages that they come from."""


class Setting(NamedTuple):
    """What experiments of one moment share."""

    commit: str | None
    dirty: bool | None
    command: tuple[str, ...]
    python: str
    host: str


Run: TypeAlias = "tuple[Setting, float | None, Mapping[str, str]]"
"""One experiment as it ran: its setting, its duration in seconds if it was measured, versions of packages.

A plain tuple: one is made as an experiment begins, and another as it ends.
"""


class Provenance(NamedTuple):
    """Where an experiment comes from.

    Attributes
    ----------
    commit
        Of the git work tree that the program lies in, or else the working directory; ``None``: there is none.
    dirty
        Whether files that git knows differed from the commit; ``None``: not known.
    command
        The command line, what looks like a secret replaced by ``***``.
    python
        The version of the interpreter.
    packages
        Versions by the names that are imported: of what the artifacts' handlers and values need.
    duration
        Of the ``with`` block, in seconds; ``None`` if there was none.
    """

    commit: str | None
    dirty: bool | None
    command: tuple[str, ...]
    python: str
    packages: Mapping[str, str]
    host: str
    duration: float | None

    def __str__(self) -> str:
        changed = {True: " with changes", False: "", None: ", changes unknown"}[self.dirty]
        parts = [f"commit {self.commit[:12]}{changed}"] if self.commit else []
        parts += [" ".join(self.command), f"Python {self.python} on {self.host}"]
        parts += [", ".join(f"{name} {version}" for name, version in self.packages.items())]
        parts += [f"{self.duration:.3g} s"] if self.duration is not None else []
        return "; ".join(part for part in parts if part)


def of_run(run: Run) -> Provenance:
    """Return what a run tells."""
    (commit, dirty, command, python, host), duration, packages = run
    return Provenance(commit, dirty, command, python, dict(packages), host, duration)


class _Seen:
    """What was found out, and until when (`time.monotonic`) it holds; of the folder that was worked in, longer."""

    until = 0.0
    setting: Setting
    folders: ClassVar[dict[str, tuple[float, Setting]]] = {}


def present_setting() -> Setting:
    """Return what holds now; found out anew when it may have changed."""
    now = time.monotonic()
    if now < _Seen.until:
        return _Seen.setting
    try:
        folder = str(Path.cwd())
    except OSError:  # it was deleted
        folder = ""
    if folder not in _Seen.folders or now >= _Seen.folders[folder][0]:
        _Seen.folders.clear()
        setting = _look(folder)
        _Seen.folders[folder] = time.monotonic() + SHARE * (time.monotonic() - now), setting
    _Seen.setting = _Seen.folders[folder][1]
    _Seen.until = time.monotonic() + HOLDS
    return _Seen.setting


def _look(folder: str) -> Setting:
    from lazyscribe.redaction import names_a_secret, redacted
    from lazyscribe.worktree import worktree_of

    found = (worktree_of(each) for each in _folders(folder))
    worktree = next((each for each in found if each is not None), None)
    commit, dirty = worktree or (None, None)
    secrets = [value for name, value in os.environ.items() if names_a_secret(name) and name != "PWD"]
    arguments = [each if isinstance(each, str) else repr(each) for each in getattr(sys, "argv", ())]
    return Setting(commit, dirty, redacted(arguments, secrets), sys.version.split()[0], _host())


def _folders(working: str) -> Iterator[Path]:
    """Yield the folder of the program, unless it belongs to the interpreter, and the working directory."""
    program = getattr(sys.modules.get("__main__"), "__file__", None)
    if program is not None and working:
        path = Path(working, program)
        if not any(path.is_relative_to(prefix) for prefix in (sys.prefix, sys.base_prefix)):
            yield path.parent
    if working:
        yield Path(working)


def _host() -> str:
    try:
        return os.uname().nodename
    except AttributeError:  # pragma: no cover - on Windows
        import platform

        return platform.node()


def packages_of(artifacts: Iterable[Artifact]) -> dict[str, str]:
    """Return the versions of the packages that these artifacts need to be read: of their handlers and their values."""
    names: set[str] = set()
    for artifact in artifacts:
        names.update(getattr(type(artifact), "requires", ()))
        names.update(_tops(type(artifact)))
        names.update(_within(artifact.value))
    found = {name: _version_of(name) for name in sorted(names)}
    return {name: version for name, version in found.items() if version is not None}


def _within(value: Any) -> set[str]:
    """Return the packages that the types in a value come from; asks nothing of the value but its attributes."""
    names: set[str] = set()
    waiting, seen = [value], 0
    while waiting and seen < LOOKED_AT:
        each = waiting.pop(0)
        seen += 1
        names |= _tops(type(each))
        if type(each) in (list, tuple, set, frozenset):
            waiting += islice(each, LOOKED_AT)
        elif type(each) is dict:
            waiting += islice(each.values(), LOOKED_AT)
        elif type(each).__module__ != "builtins":
            waiting += islice(_state_of(each).values(), LOOKED_AT)
    return names


def _state_of(value: Any) -> dict[str, Any]:
    try:
        state = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return state if type(state) is dict else {}


_KNOWN = sys.stdlib_module_names | {"__main__", "lazyscribe"}


def _tops(kind: type) -> set[str]:
    return {str(each.__module__).partition(".")[0] for each in kind.__mro__} - _KNOWN


def _version_of(name: str) -> str | None:
    version = getattr(sys.modules.get(name), "__version__", None)
    if isinstance(version, str):
        return version
    from importlib import metadata

    for distribution in (name, *_distributions().get(name, ())):
        try:
            return metadata.version(distribution)
        except (metadata.PackageNotFoundError, ValueError):
            continue
    return None


@cache
def _distributions() -> Mapping[str, list[str]]:
    """Return what provides which package; it is needed of those that are not imported yet, and takes a while."""
    from importlib import metadata

    return metadata.packages_distributions()
