"""What stands in for a stored artifact whose handler is not available here."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define, field

from lazyscribe.artifacts.base import Artifact
from lazyscribe.exception import MissingHandlerError


@define
class MissingArtifact(Artifact):
    """A record that cannot be loaded here, but is listed, kept, and written back unchanged.

    Attributes
    ----------
    record
        The record as in the file.
    reason
        Why there is no handler.
    """

    suffix: ClassVar[str] = ""
    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = False

    record: dict[str, Any]
    reason: str = field(eq=False)

    def _handler_alias(self) -> str:
        return str(self.record["handler"])

    def _refuse_if_missing(self) -> None:
        alias = self._handler_alias()
        message = f"The artifact {self.name!r} needs the handler {alias!r}: {self.reason}"
        raise MissingHandlerError(message, name=self.name, alias=alias)

    def _as_found(self, record: dict[str, Any]) -> dict[str, Any]:
        changed = {key: record[key] for key in ("fname", "version", "expiry") if key in self.record or record[key]}
        return {**self.record, **changed}

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:  # noqa: ARG003 - the base's signature
        """Refuse; loading says why before it comes here."""
        raise MissingHandlerError("The handler of this artifact is not available here; install its package.")

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:  # noqa: ARG003 - the base's signature
        """Refuse; nothing is ever logged with this class."""
        raise MissingHandlerError("The handler of this artifact is not available here; install its package.")
