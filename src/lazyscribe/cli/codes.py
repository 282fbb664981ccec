"""The codes that the command ends with, and which errors mean which."""

from __future__ import annotations

from lazyscribe import exception as errors

DONE, REFUSED, WRONG_USE, CONFLICT, DAMAGED, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 4, 130, 143

_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (errors.ConflictError, CONFLICT),
    (errors.CorruptManifestError, DAMAGED),
    (errors.CorruptArtifactError, DAMAGED),
    (errors.ArtifactFileMissingError, DAMAGED),
    (errors.QueryError, WRONG_USE),
    (errors.InvalidArgumentError, WRONG_USE),
    (errors.InvalidVersionError, WRONG_USE),
    (errors.InvalidNameError, WRONG_USE),
    (errors.UnknownHandlerError, WRONG_USE),
)


class Terminated(KeyboardInterrupt):
    """Somebody wants this process to end (SIGTERM); everything is tidied up as after ctrl-C."""


def code_of(error: BaseException) -> int:
    """Return the code that the command ends with after an error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), REFUSED)


def kind_of(error: BaseException) -> str:
    """Return the name of an error's class in lower case with dashes, without ``Error``: ``not-found`` and the like."""
    name = type(error).__name__.removesuffix("Error")
    return "".join(f"-{each.lower()}" if each.isupper() else each for each in name).lstrip("-") or "error"
