"""Projects and repositories found by a path: their own, or that of the folder that they lie in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from lazyscribe.exception import (
    DocumentMissingError,
    InvalidArgumentError,
    InvalidNameError,
    LazyscribeError,
    UnreachableError,
    UnreadableError,
)
from lazyscribe.place import Place, folder_of, split_url
from lazyscribe.store.protocols import is_read_only

Kind = Literal["project", "repository"]
NAMES: dict[str, Kind] = {"project.json": "project", "repository.json": "repository"}
"""What is looked for in a folder."""


def find(path: str, options: Mapping[str, Any] | None = None, by_name: bool = False) -> list[tuple[str, Kind]]:
    """Return path and kind of every file that `path` means: itself, or what lies in that folder, a project first.

    Parameters
    ----------
    options
        Passed to the file system.
    by_name
        Take a file that is named like ours for what it is named, without reading it.

    Raises
    ------
    FileNotFoundError
        As `DocumentMissingError`: there is nothing to be read.
    ValueError
        As `InvalidArgumentError`: a path that cannot be opened, or of another file.
    ImportError
        As `StoreImportError`: the library for such URLs is not installed.
    OSError
        As `UnreadableError`: the place could not be asked.
    """
    if not path:
        raise InvalidArgumentError("PATH is empty; give the path of a file or a folder.")
    named = NAMES.get(path.rpartition("/")[2]) if by_name else None
    data, trouble = (None, None) if folder_of(path) else _read(path, options, whole=named is None)
    if data is not None:
        return [(path, named or _kind(path, data))]
    folder = path if path.endswith("/") else f"{path}/"
    inside = [(folder + name, kind) for name, kind in NAMES.items()]
    there = [(file, kind, _read(file, options, whole=not by_name)) for file, kind in inside]
    troubles = [error for _, _, (_, error) in there if error]
    for error in [trouble] if path.endswith(".json") else troubles:
        if isinstance(error, UnreadableError):
            raise error
    if all(content is None for _, _, (content, _) in there):
        reasons = [_words(error) for error in (*troubles, trouble) if error and not isinstance(error, UnreadableError)]
        message = f"There is no project or repository to be read at {path}{f' ({reasons[0]})' if reasons else ''}"
        raise DocumentMissingError(f"{message}; give the path of its file, or of a folder that holds one.", path=path)
    for file, _, (_, error) in there:
        if error:
            raise DocumentMissingError(f"{file} cannot be read ({_words(error)}); see who may read it.", path=file)
    return [(file, kind) for file, kind, (content, _) in there if content is not None]


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _read(path: str, options: Mapping[str, Any] | None, whole: bool) -> tuple[bytes | None, Exception | None]:
    """Return the bytes of a file (not the `whole`: none), or ``None`` and, if there is one, why it cannot be read."""
    protocol, fpath = split_url(path)
    try:
        store = Place(protocol, fpath.parent, dict(options or {})).store
    except LazyscribeError:
        raise
    except ValueError as error:  # options that a file system does not know
        raise InvalidArgumentError(f"{path} cannot be opened ({error}).") from error
    if not fpath.name:
        return None, None
    try:
        if not whole:
            with store.open(fpath.name):
                return b"", None
        found = store.read(fpath.name)
    except UnreachableError:  # asked long enough; the next file would be asked for as long
        raise
    except UnreadableError as error:
        return None, error
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, InvalidNameError):
        return None, None
    except LazyscribeError:  # the way to it cannot be
        raise
    except Exception as error:  # whatever a file system may raise
        return None, error
    return (found[0] if found is not None else None), None


def _kind(path: str, data: bytes) -> Kind:
    """Tell by its records whose file it is, and where they do not say by its name."""
    records = _records(data)
    keys = {key for record in records or () if isinstance(record, dict) for key in record}
    if keys & {"slug", "fname"}:
        return "repository" if "fname" in keys else "project"
    last = path.rpartition("/")[2].lower()
    named = next((kind for kind in NAMES.values() if kind in last), None)
    if named is not None or records == []:
        return named or "repository"
    if records is None and b'"created_at"' in data:  # the beginning of what once was one
        return "project" if b'"artifacts"' in data else "repository"
    message = f"{path} is neither a project's nor a repository's file; give the path of one."
    raise InvalidArgumentError(message, path=path)


def _records(data: bytes) -> Any:
    """Return what the file holds, a list; ``None`` if it is not JSON."""
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, list) else [content]


def promises(path: str, options: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the name of the store of `path`, whether it can be written to and excludes others; touches nothing.

    Whether locks work at all on a network file system shows at the first write.
    """
    protocol, fpath = split_url(path)
    store = Place(protocol, fpath.parent, dict(options or {})).store
    return {"store": type(store).__name__, "writable": not is_read_only(protocol), "exclusive": store.exclusive}
