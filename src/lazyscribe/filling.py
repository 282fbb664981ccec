"""What goes into a file that is staged, and the names it may have."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from lazyscribe.exception import CorruptArtifactError, InvalidNameError, SaveError
from lazyscribe.facts import CHUNK, FOLDER, check
from lazyscribe.store.keys import join, numbered

if TYPE_CHECKING:
    from lazyscribe.artifacts.base import Artifact
    from lazyscribe.digest import HashingFile
    from lazyscribe.draft import Draft, Source


def further_names(artifact: Artifact) -> Iterator[str]:
    """Yield the file names to try if that of `artifact` is taken: with higher numbers, farther and farther apart.

    Many writers may want one name in one second; none has to try all those that the others have.
    """
    from lazyscribe.artifacts.base import unnumbered

    fname, number = unnumbered(artifact)
    if not number:
        yield fname
    step = 1
    while True:
        yield numbered(fname, number + step)
        step *= 2


def new_aside() -> str:
    """Return a new key for a file that waits."""
    return f"{FOLDER}/staged/{os.urandom(8).hex()}"


def fill(sink: HashingFile, draft: Draft) -> None:
    """Write what is to be in the file of a draft."""
    if draft.source is not None:
        _copy(draft.source, sink, draft)
    elif draft.artifact.binary:
        sink.lasting = draft.artifact.value
        draft.artifact.write(draft.artifact.value, sink, **draft.artifact.writer_kwargs)
    else:
        text = io.TextIOWrapper(cast("BinaryIO", sink), encoding="utf-8", newline="")
        draft.artifact.write(draft.artifact.value, text, **draft.artifact.writer_kwargs)
        if not text.closed:
            text.flush()
            text.detach()


def _copy(source: Source, sink: HashingFile, draft: Draft) -> None:
    with source.store.open(source.key) as buf:
        while chunk := buf.read(CHUNK):
            sink.write(chunk)
    if source.facts is None:
        source.store.confirm(source.key)
    check(source.facts, sink.result()[0], source.store.describe(source.key), str(draft.record["name"]))


@contextmanager
def naming(draft: Draft | None) -> Iterator[None]:
    """Say which artifact it was that could not be written, if it was one."""
    try:
        yield
    except (SaveError, CorruptArtifactError):
        raise
    except Exception as error:
        if draft is None:
            raise
        name, key = draft.record["name"], join(draft.folder, str(draft.record["fname"]))
        message = (
            f"The artifact {name!r}, to be {key}, was not saved ({reason(error)}); mend the cause, or take it out of "
            "'artifacts', and save again."
        )
        if isinstance(error, InvalidNameError):
            message = f"The artifact {name!r} was not saved: {error}"
        raise SaveError(message, name=name) from error


def reason(error: BaseException) -> str:
    """Return what an error says, or what it is."""
    return str(error) or type(error).__name__
