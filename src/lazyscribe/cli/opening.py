"""From paths to projects and repositories, and from NAME@VERSION to versions."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from lazyscribe.cli.codes import WRONG_USE, kind_of
from lazyscribe.cli.console import Refused
from lazyscribe.cli.options import Place, PlaceArgument, Times
from lazyscribe.exception import DocumentMissingError, UnknownArtifactError, UnknownNameError, UnreadableError
from lazyscribe.locating import Kind, find

if TYPE_CHECKING:
    from lazyscribe import Project, Repository
    from lazyscribe.release import Release

T = TypeVar("T")


def options_of(given: Sequence[str] | None) -> dict[str, Any]:
    """Return options of a file system, given as KEY=VALUE; true, false and numbers are what they say."""
    found: dict[str, Any] = {}
    for each in given or ():
        key, sign, value = each.partition("=")
        if not key or not sign:
            raise Refused(f"{each!r} is no option of a file system; write it as KEY=VALUE.", WRONG_USE, "wrong-use")
        found[key] = _value(value)
    if own := sorted(found.keys() & (_keywords() if found else set())):
        raise Refused(f"{own[0]!r} is no option of a file system; leave it out.", WRONG_USE, "wrong-use")
    return found


def _keywords() -> set[str]:
    """Return what projects and repositories take themselves: ``trust`` among it."""
    from inspect import signature

    from lazyscribe import Project, Repository

    return {name for kind in (Project, Repository) for name in signature(kind).parameters}


def _value(text: str) -> Any:
    import json

    try:
        found = json.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, (bool, int, dict)) else text


class Found(NamedTuple):
    """A project's or repository's file."""

    path: str
    kind: Kind
    options: dict[str, Any]

    @property
    def full_path(self) -> str:
        """Its path from the root of the disk, or its URL."""
        return self.path if self.local is None else os.path.abspath(self.local)  # noqa: PTH100 - links stay

    @property
    def local(self) -> str | None:
        """Its path on local disks; ``None`` elsewhere."""
        if "://" in self.path and not self.path.startswith("file://"):
            return None
        return self.path.removeprefix("file://")

    def beside(self, name: str) -> str:
        """Return the path or URL of another file in its folder."""
        folder, slash, _ = self.path.replace(os.sep, "/").rpartition("/")
        return f"{folder}{slash}{name}"

    def project(self, mode: Literal["r", "a", "w", "w+"] = "r", trust: bool = False) -> Project:
        """Open the project."""
        from lazyscribe import Project

        return Project(self.path, mode, trust="all" if trust else "none", **self.options)

    def repository(self, mode: Literal["r", "a", "w", "w+"] = "r", trust: bool = False) -> Repository:
        """Open the repository."""
        from lazyscribe import Repository

        return Repository(self.path, mode, trust="all" if trust else "none", **self.options)

    def open(self) -> Project | Repository:
        """Open whichever it is, to look at."""
        return self.project() if self.kind == "project" else self.repository()


def documents(place: Place | PlaceArgument, name: str = "") -> list[Found]:
    """Return the project and the repository that there are at a place, at least one of them.

    Parameters
    ----------
    name
        What is going to be looked for in them: where there are none, it may have been meant for the place.
    """
    options = options_of(place.option)
    try:
        found = find(place.path, options, by_name=True)
    except DocumentMissingError as error:
        if not (is_url(name) or _is_there(name)):
            raise
        message = (
            f"There is no project or repository to be read at {place.path}; if {name} is one, or a folder that holds "
            "one, give it by --in, and what is looked for by its name."
        )
        raise Refused(message, kind=kind_of(error)) from error
    return [Found(file.removeprefix("./"), kind, options) for file, kind in found]


def is_url(text: str) -> bool:
    """Whether a text is a URL, and no path on local disks."""
    return "://" in text


def _is_there(path: str) -> bool:
    try:
        return bool(path) and os.path.exists(path)  # noqa: PTH110 - it may be any text
    except ValueError:
        return False


def document(place: Place, kind: Kind, name: str = "") -> Found:
    """Return the one of that kind at a place; `name` as for `documents`."""
    return document_of(documents(place, name), kind)


def document_of(found: Sequence[Found], kind: Kind) -> Found:
    """Return the one of that kind."""
    chosen = next((each for each in found if each.kind == kind), None)
    if chosen is None:
        other = found[0]
        raise Refused(f"{other.path} is a {other.kind}, and this needs a {kind}; give the path of one by --in.")
    return chosen


def first_of(found: Sequence[Found], ask: Callable[[Found], T]) -> T:
    """Return what the first of them answers that knows the name it is asked for; else tell what each of them says."""
    errors = []
    for each in found:
        try:
            return ask(each)
        except (UnknownNameError, UnknownArtifactError, UnreadableError) as error:
            errors.append(error)  # not readable: over HTTP, whether it was deleted
    if len(errors) == 1:
        raise errors[0]
    raise Refused(" ".join(map(str, errors)), kind="not-found")


class Wanted(NamedTuple):
    """A version of an artifact, as the methods of a repository want it."""

    name: str
    version: Any
    match: Literal["exact", "asof"]


class Chosen(NamedTuple):
    """A repository that was opened, and what is wanted of it."""

    found: Found
    repository: Repository
    choice: Wanted

    def record(self) -> dict[str, Any]:
        """Return the record of the version."""
        return self.repository.get_artifact_metadata(*self.choice)


def choose(found: Found, name: str, times: Times, utc: bool, mode: Literal["r", "w+"] = "r") -> Chosen:
    """Open a repository, and understand which version of it NAME or NAME@VERSION means."""
    repository = found.repository(mode)
    return Chosen(found, repository, wanted(name, times, repository, utc))


def wanted(text: str, times: Times, repository: Repository, utc: bool) -> Wanted:
    """Understand NAME or NAME@VERSION; a name that is there as it stands is not cut at its ``@``."""
    version, as_of, release = times
    name = text
    if times.given > 1:
        raise Refused("Give only one of --version, --as-of and --release.", WRONG_USE, "wrong-use")
    if "@" in text and text not in repository:
        name, _, version = text.rpartition("@")
        if times.given:
            message = f"{text!r} says a version already; leave it out, or --version, --as-of and --release."
            raise Refused(message, WRONG_USE, "wrong-use")
    if release is not None:
        return Wanted(name, _number_in(release_of(repository, release), name), "exact")
    if as_of is not None:
        return Wanted(name, date_of(as_of, utc), "asof")
    return Wanted(name, number_or_date(version, utc), "exact")


def release_of(repository: Repository, tag: str) -> Release:
    """Return the release of a tag."""
    from lazyscribe.exception import VersionNotFoundError
    from lazyscribe.release import find_release

    releases = repository.releases()
    try:
        return find_release(releases, tag)
    except VersionNotFoundError as error:
        known = ", ".join(repr(each.tag) for each in releases[-20:]) or "none"
        message = f"{repository.fpath} knows no release {tag!r}; it knows: {known}."
        raise Refused(message, kind="not-found") from error


def _number_in(release: Release, name: str) -> int:
    held = dict(release.artifacts)
    if name not in held:
        what = ", ".join(map(repr, sorted(held)[:20])) or "nothing"
        raise Refused(f"The release {release.tag!r} holds no version of {name!r}; it holds: {what}.", kind="not-found")
    return held[name]


def number_or_date(text: str | None, utc: bool = False) -> Any:
    """Return what a text says of a version: a number, a date, or an alias, with or without its ``@``."""
    if text is None:
        return None
    if text.isdecimal() and len(text) < 9:
        return int(text)
    found = moment(text, utc)
    return f"@{found.removeprefix('@')}" if isinstance(found, str) else found


def moment(text: str, utc: bool = False) -> Any:
    """Return a date; without an offset it is in local time, as dates are shown. Other text stays as it is."""
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return text
    if date.tzinfo is not None or utc:
        return date
    try:
        return date.astimezone()
    except (OverflowError, ValueError, OSError):  # no zone knows that year
        return date


def date_of(text: str, utc: bool = False) -> datetime:
    """Return a date as `moment` does; refuse what is none."""
    date = moment(text, utc)
    if not isinstance(date, datetime):
        raise Refused(f"{text!r} is no date; write it as 2025-01-31, or as 2025-01-31T12:00.", WRONG_USE, "wrong-use")
    return date


def local_path(found: Found, *parts: str) -> str | None:
    """Return the path of a file beside a local project or repository; ``None`` elsewhere."""
    if found.local is None:
        return None
    return os.path.join(os.path.dirname(found.local), *parts)  # noqa: PTH118, PTH120


def size_of(found: Found, *parts: str) -> int | None:
    """Return the size of a file beside a local project or repository; ``None`` elsewhere, or if it is not there."""
    path = local_path(found, *parts)
    if path is None:
        return None
    try:
        return os.stat(path).st_size  # noqa: PTH116 - asked of every version that is listed
    except (OSError, ValueError):
        return None
