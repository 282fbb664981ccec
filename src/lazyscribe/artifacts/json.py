"""JSON artifacts."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from attrs import define

from lazyscribe.artifacts.base import Artifact

__all__ = ["JSONArtifact"]


@define
class JSONArtifact(Artifact):
    """Values that :mod:`json` can write; keywords go to :func:`json.dump` and :func:`json.load`."""

    alias: ClassVar[str] = "json"
    suffix: ClassVar[str] = "json"
    binary: ClassVar[bool] = False
    output_only: ClassVar[bool] = False
    _keeps_records: ClassVar[bool] = True
    runs_code: ClassVar[bool] = False
    _reads = "all"
    differ: ClassVar[str] = "lazyscribe.artifacts.diffs.values:differences"

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        """Return the decoded document."""
        return json.load(buf, **kwargs)

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        """Encode `obj`; a value that JSON cannot hold raises what :mod:`json` raises."""
        buf.write(json.dumps(obj, **kwargs))  # the same text as json.dump writes, piece by piece, in ten times the time
