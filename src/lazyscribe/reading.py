"""How the value of an artifact comes back: environment check, open, digest check, read."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from lazyscribe._dates import to_text
from lazyscribe.artifacts.trust import level_of, refuse, runs_code
from lazyscribe.exception import ArtifactFileMissingError, ArtifactLoadError, LazyscribeError
from lazyscribe.facts import Facts, check, digest_of, read_facts
from lazyscribe.progress import current, following, part
from lazyscribe.store.base import Store
from lazyscribe.store.keys import check_key

if TYPE_CHECKING:
    from lazyscribe.artifacts.base import Artifact
    from lazyscribe.place import Place

IN_MEMORY = 256 * 2**20
"""Files up to this many bytes are read once, and that buffer is hashed and read from; of any size, if all is wanted.

Larger ones are read twice, from one open file: for the digest, and by the handler. They are not mapped: a mapped file
that is cut short kills the process, and handlers would read a map through copies.
"""

IF_STREAMED = 8 * 2**20
"""The same for handlers that need no more than a little of a file at a time, of files of an operating system."""

PIECE = 4 << 20
"""Bytes that are read at once if somebody is told."""


def warn_output_only(artifact: type[Artifact] | Artifact, name: str) -> None:
    """Warn of a handler whose files cannot be read back as they were; the caller's caller is named."""
    if artifact.output_only:
        import warnings

        warnings.warn(output_only_notice(name), UserWarning, stacklevel=4)


def output_only_notice(name: str) -> str:
    """Say what is to be known of an artifact whose handler is output-only."""
    return f"The artifact {name!r} is of an output-only handler: what is loaded later is not what was logged."


def read_artifact(place: Place, key: str, artifact: Artifact, validate: bool, reader_kwargs: dict[str, Any]) -> Any:
    """Return the value that the file `key` holds.

    Raises
    ------
    ArtifactLoadError
        The environment differs (only if `validate`), the handler is missing, or it is not saved yet.
    CorruptArtifactError
        The digest is not the one that was saved.
    UntrustedError
        Reading could run code, which the place's level of trust does not allow for this file.
    FileNotFoundError
        The file is not there.
    """
    artifact._refuse_if_missing()
    level = level_of(place.trust)
    guarded = level != "all" and runs_code(type(artifact))
    if guarded and level == "none":
        refuse(artifact, level, place.store.describe(key))
    if artifact.dirty:
        message = f"The artifact {artifact.name!r} is not saved yet, so it has no file; call save() before loading it."
        raise ArtifactFileMissingError(message, name=artifact.name)
    warn_output_only(artifact, artifact.name)
    if validate:
        _validate(artifact)
    with (
        following(place.progress, f"loading {artifact.name!r}"),
        checked_file(place.store, key, artifact, artifact._reads, recorded=guarded) as buf,
    ):
        # In a variable: thrown away within the block, a text file would close the one below, with a warning.
        wanted = buf if artifact.binary else io.TextIOWrapper(buf, encoding="utf-8", newline="")
        return artifact.read(wanted, **reader_kwargs)


@contextmanager
def checked_file(
    store: Store, key: str, artifact: Artifact, reads: str = "little", recorded: bool = False
) -> Iterator[BinaryIO]:
    """Yield the open file of a saved artifact, its digest checked.

    Parameters
    ----------
    reads
        How much of it will be asked for at a time: see `Artifact`.
    recorded
        Refuse a file of which no digest is known.

    Raises
    ------
    UntrustedError
        See `recorded`.
    CorruptArtifactError
        The digest is not the one that was saved: on entry, or on leaving if a file too large to be held was written
        to meanwhile.
    FileNotFoundError
        The file is not there.
    """
    path = store.describe(check_key(key))
    told = store.ahead(partial(read_facts, store, key, to_text(artifact.created_at), artifact._handler_alias()))
    with open_file(store, key, artifact.name, _limits()[reads]) as raw:
        facts = told()
        if facts is None and recorded:
            refuse(artifact, "recorded", path)
        if facts is None:
            with _missed(store, key, artifact.name):
                store.confirm(key)
        if (size := raw.seek(0, io.SEEK_END)) <= _limit(reads, raw):
            raw.seek(0)
            held = _held(raw, size)
            if facts is not None:
                check(facts, digest_of(held)[0], path, artifact.name)
            yield held
        elif facts is not None:
            with _watched(raw, facts, path, artifact.name):
                with part([] if _is_counted(raw) else [size]):
                    meter = current()
                    digest, _ = digest_of(raw, None if meter is None or _is_counted(raw) else meter.add)
                check(facts, digest, path, artifact.name)
                yield raw
        else:
            with part([]):  # that it has come is told
                raw.seek(0)
            yield raw


def _limits() -> dict[str, int]:
    """Return how many bytes a file may have to be held, by how much of it a handler asks for at a time."""
    return {"all": sys.maxsize, "much": IN_MEMORY, "little": IF_STREAMED}


def _limit(reads: str, raw: BinaryIO) -> int:
    """Return the same of an open file; one that comes over a network is not read twice for less."""
    limit = _limits()[reads]
    try:
        raw.fileno()
    except (OSError, AttributeError):
        return max(limit, IN_MEMORY)
    return limit


def _held(raw: BinaryIO, size: int) -> io.BytesIO:
    """Return what is in an open file of that size, read in pieces if anybody wants to know how far it has come."""
    meter = current()
    if isinstance(raw, io.BytesIO):
        if meter is not None:
            more = 0 if _is_counted(raw) else size
            with meter.part([more]):
                meter.add(more)
        return raw
    if meter is None:
        return io.BytesIO(raw.read())
    held, place = io.BytesIO(bytes(size)), 0
    with meter.part([size]), held.getbuffer() as view:
        while number := raw.readinto(view[place : place + PIECE]):  # type: ignore[attr-defined]
            place += number
            meter.add(number)
    if place < size:  # somebody has cut it meanwhile
        held.truncate(place)
    return held


def _is_counted(raw: BinaryIO) -> bool:
    """Whether the bytes of an open file were counted, and hashed, on their way here."""
    return hasattr(raw, "taken_digest")


@contextmanager
def _watched(raw: BinaryIO, facts: Facts, path: str, name: str) -> Iterator[None]:
    """Check the digest once more at the end if somebody wrote to the file meanwhile.

    Size and time of change tell, so only files of an operating system are watched. What the block raises goes first.
    """
    try:
        file = os.fdopen(os.dup(raw.fileno()), "rb")  # a handler may close the other one
    except (OSError, AttributeError):
        yield
        return
    with file:
        before = os.fstat(file.fileno())
        yield
        after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            check(facts, digest_of(file)[0], path, name)


def open_file(store: Store, key: str, name: str, limit: int = 0) -> BinaryIO:
    """Open the file of an artifact (see `Store.open_held`), or say which one is not there."""
    with _missed(store, key, name):
        return store.open_held(key, limit)


@contextmanager
def _missed(store: Store, key: str, name: str) -> Iterator[None]:
    """Say of which artifact a file is not there."""
    try:
        yield
    except FileNotFoundError as error:
        message = f"The file of the artifact {name!r} is not there: {store.describe(key)}; restore it from a copy."
        raise ArtifactFileMissingError(message, name=name, path=store.describe(key)) from error


def _validate(artifact: Artifact) -> None:
    """Construct the artifact anew, as this interpreter would, and compare the environments."""
    from lazyscribe.artifacts.base import environment

    stored = environment(artifact)
    import inspect

    named = inspect.signature(type(artifact).construct).parameters
    try:
        fresh = type(artifact).construct(
            name=artifact.name, dirty=False, **{key: value for key, value in stored.items() if key in named}
        )
    except LazyscribeError:
        raise
    except Exception as error:
        message = (
            f"The artifact {artifact.name!r} cannot be checked against this environment ({error}); it was saved with "
            f"{stored}; install what it needs, or load it with validate=False."
        )
        raise ArtifactLoadError(message, name=artifact.name, expected=stored) from error
    if fresh != artifact:
        found = environment(fresh)
        message = (
            f"The artifact {artifact.name!r} was saved with {stored}, but here is {found}; load it where it fits, "
            "or with validate=False."
        )
        raise ArtifactLoadError(message, name=artifact.name, expected=stored, found=found)
