"""What the file of a draft holds: what a handler makes of a value, or a file that is there already."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO, cast

from lazyscribe.facts import CHUNK, check

if TYPE_CHECKING:
    from lazyscribe.digest import HashingFile
    from lazyscribe.stage import Draft, Source


def fill(sink: HashingFile, draft: Draft) -> None:
    """Write what the file of `draft` is to hold."""
    if draft.source is not None:
        _copy(draft.source, sink, draft)
    elif draft.artifact.binary:
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
    check(source.facts, sink.result()[0], source.store.describe(source.key), str(draft.record["name"]))
