"""What stands in for a stored artifact whose handler is not available here."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from attrs import define, field

from lazyscribe.artifacts.base import Artifact
from lazyscribe.exception import LazyscribeError, MissingHandlerError


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

    @property
    def missing_alias(self) -> str:
        """The alias of the handler that would be needed."""
        return str(self.record["handler"])

    def refuse(self, cause: LazyscribeError | None = None) -> NoReturn:
        """Raise the error that says what is missing."""
        message = f"The artifact {self.name!r} needs the handler {self.missing_alias!r}: {self.reason}"
        raise MissingHandlerError(message, name=self.name, alias=self.missing_alias) from cause

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:  # noqa: ARG003 - the base's signature
        """Refuse; loading goes through :meth:`refuse` before."""
        raise MissingHandlerError("The handler of this artifact is not available here; install its package.")

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:  # noqa: ARG003 - the base's signature
        """Refuse; nothing is ever logged with this class."""
        raise MissingHandlerError("The handler of this artifact is not available here; install its package.")
