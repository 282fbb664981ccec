"""YAML documents, in PyYAML's safe subset."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define

from lazyscribe.artifacts.base import Artifact, refuse_keywords
from lazyscribe.artifacts.libraries import library

__all__ = ["YAMLArtifact"]


@define
class YAMLArtifact(Artifact):
    """What YAML itself knows: mappings, lists, sets, texts, numbers, dates, bytes; no objects of Python's.

    Keywords of `write` go to ``yaml.safe_dump``. Reads what lazyscribe-yaml wrote, as far as it is of that kind.
    """

    alias: ClassVar[str] = "yaml"
    suffix: ClassVar[str] = "yaml"
    binary: ClassVar[bool] = False
    output_only: ClassVar[bool] = False
    runs_code: ClassVar[bool] = False
    differ: ClassVar[str] = "lazyscribe.artifacts.diffs.values:differences"
    requires: ClassVar[tuple[str, ...]] = ("yaml",)
    extra: ClassVar[str] = "yaml"

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        """Return the document; a tag that would make an object of Python's is refused by PyYAML."""
        refuse_keywords(cls, kwargs)
        return library("yaml", cls.extra).safe_load(buf)

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        """Write one document; a value that YAML does not know is refused by PyYAML."""
        library("yaml", cls.extra).safe_dump(obj, buf, **{"allow_unicode": True, **kwargs})
