"""What differs between two versions: their lines, or what their handlers say of their values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lazyscribe.artifacts.trust import runs_code
from lazyscribe.exception import ArtifactFileMissingError, InvalidArgumentError
from lazyscribe.reading import checked_file, read_artifact
from lazyscribe.store.keys import join

if TYPE_CHECKING:
    from lazyscribe.artifacts.base import Artifact
    from lazyscribe.place import Place

WAYS = ("lines", "values")


def between(place: Place, older: Artifact, newer: Artifact, how: str | None, keywords: dict[str, Any]) -> str:
    """Return what differs, an empty text if nothing does.

    No file is opened before it is clear that both versions can be compared, and none for a comparison of values by a
    handler that could run code.

    Raises
    ------
    ValueError
        There is no such diff of these two, or it has no such keyword.
    ArtifactLoadError
        A version is not saved, or cannot be loaded.
    """
    if how is not None and how not in WAYS:
        raise InvalidArgumentError(f"{how!r:.80} is no way to compare; how is 'lines' or 'values'.", how=how)
    both = (older, newer)
    for each in both:
        each._refuse_if_missing()
    if how == "lines" or (how is None and not (older.binary and newer.binary)):
        for each in both:
            _refuse_binary(each)
        compare: Callable[..., str] = _lines_differ
        read: Callable[[Place, Artifact], Any] = _lines_of
    else:
        compare, read = _differ_of(older, newer), _value_of
    _check_keywords(compare, keywords, older.name)
    for each in both:
        _refuse_unsaved(each)
    before, after = (read(place, each) for each in both)
    return "" if older is newer else compare(before, after, **keywords)


def _refuse_binary(artifact: Artifact) -> None:
    if artifact.binary:
        message = f"{artifact.name!r} is binary, so there is no diff of it; load both versions to compare them."
        raise InvalidArgumentError(message, name=artifact.name)


def _refuse_unsaved(artifact: Artifact) -> None:
    if artifact.dirty:
        message = f"Version {artifact.version} of {artifact.name!r} is not saved yet; call save() before comparing it."
        raise ArtifactFileMissingError(message, name=artifact.name)


def _lines_of(place: Place, artifact: Artifact) -> list[str]:
    with checked_file(place.store, join(artifact.name, artifact.fname), artifact, "all") as buf:
        return buf.read().decode("utf-8").splitlines()


def _lines_differ(older: list[str], newer: list[str]) -> str:
    import difflib

    return "\n".join(difflib.unified_diff(older, newer))


def _value_of(place: Place, artifact: Artifact) -> Any:
    return read_artifact(place, join(artifact.name, artifact.fname), artifact, validate=True, reader_kwargs={})


def _differ_of(older: Artifact, newer: Artifact) -> Callable[..., str]:
    """Return the function that both handlers name; what runs code to read a value has none."""
    for each in (older, newer):
        alias, kind = each._handler_alias(), "binary" if each.binary else "text"
        if not each.differ or runs_code(type(each)):
            message = (
                f"There is no diff of values of the {kind} artifact {each.name!r}, whose handler is {alias!r}; load "
                "both versions to compare them."
            )
            raise InvalidArgumentError(message, name=each.name, alias=alias)
    if older.differ != newer.differ:
        message = (
            f"The versions of {older.name!r} are of the handlers {older._handler_alias()!r} and "
            f"{newer._handler_alias()!r}, whose values cannot be compared; load both."
        )
        raise InvalidArgumentError(message, name=older.name)
    from importlib import import_module

    module, _, function = older.differ.partition(":")
    found: Callable[..., str] = getattr(import_module(module), function)
    return found


def _check_keywords(compare: Callable[..., str], keywords: dict[str, Any], name: str) -> None:
    from inspect import signature

    known = list(signature(compare).parameters)[2:]
    try:
        signature(compare).bind(None, None, **keywords)
    except TypeError as error:
        unknown = ", ".join(repr(each) for each in keywords if each not in known)
        message = f"This diff of {name!r} knows no keyword {unknown}; it knows: {', '.join(known) or 'none'}."
        raise InvalidArgumentError(message, name=name, names=unknown) from error
