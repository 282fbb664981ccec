"""Every error that lazyscribe raises.

The tree (in brackets a second parent; where that is a builtin, code that catches the builtin keeps working)::

    LazyscribeError
    ├── ReadOnlyError
    │   └── FrozenRecordError [attrs.exceptions.FrozenInstanceError]
    ├── SaveError
    │   ├── ConflictError              someone changed it: reload, then try again
    │   ├── CommitUnknownError         an answer was lost: look, trying again is harmless
    │   ├── LockTimeoutError [TimeoutError]
    │   ├── UnsafeStoreError           a bucket that ignores conditions: use another
    │   └── NameTakenError             saves try again by themselves
    ├── ArtifactError
    │   ├── ArtifactLogError
    │   │   ├── PromotionError [SaveError]
    │   │   └── InvalidNameError [ValueError]
    │   └── ArtifactLoadError
    │       ├── ArtifactFileMissingError [FileNotFoundError]
    │       ├── CorruptArtifactError
    │       └── UntrustedError
    ├── VersionNotFoundError
    │   └── VersionDeletedError
    ├── InvalidVersionError [ValueError]
    ├── CorruptManifestError [ValueError]
    ├── UnreadableError [OSError]
    │   ├── AccessDeniedError [PermissionError]
    │   └── UnreachableError [ConnectionError]
    ├── InvalidArgumentError [ValueError]
    ├── QueryError [ValueError]
    ├── UnknownArtifactError [ValueError]
    ├── NotInListError [ValueError]
    ├── UnknownNameError [KeyError]
    ├── UnknownHandlerError [ValueError]
    │   ├── MissingHandlerError [ArtifactLoadError]
    │   └── NoHandlerFitsError [ArtifactLogError]
    ├── HandlerImportError [ImportError]
    ├── StoreImportError [ImportError]
    ├── HandlerTypeError [TypeError]
    ├── DependencyFileMissingError [FileNotFoundError]
    ├── DocumentMissingError [FileNotFoundError]
    ├── UsageError [RuntimeError]
    ├── CheckFailedError               a release was not promoted
    └── StoreError
        ├── Exists [FileExistsError]
        ├── Stale
        └── Unsure

Facts travel as attributes (``error.path``, ``error.name``, …), set from the keywords an error is made with.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lazyscribe._frozen import FrozenRecordError

__all__ = [
    "LazyscribeError",
    "ReadOnlyError",
    "FrozenRecordError",
    "SaveError",
    "ConflictError",
    "CommitUnknownError",
    "LockTimeoutError",
    "UnsafeStoreError",
    "NameTakenError",
    "ArtifactError",
    "ArtifactLogError",
    "PromotionError",
    "InvalidNameError",
    "ArtifactLoadError",
    "ArtifactFileMissingError",
    "CorruptArtifactError",
    "UntrustedError",
    "VersionNotFoundError",
    "VersionDeletedError",
    "InvalidVersionError",
    "CorruptManifestError",
    "UnreadableError",
    "AccessDeniedError",
    "UnreachableError",
    "InvalidArgumentError",
    "QueryError",
    "UnknownArtifactError",
    "NotInListError",
    "UnknownNameError",
    "UnknownHandlerError",
    "MissingHandlerError",
    "NoHandlerFitsError",
    "HandlerImportError",
    "StoreImportError",
    "HandlerTypeError",
    "DependencyFileMissingError",
    "DocumentMissingError",
    "UsageError",
    "CheckFailedError",
    "StoreError",
    "Exists",
    "Stale",
    "Unsure",
]


class LazyscribeError(Exception):
    """Root of every error raised by lazyscribe.

    Parameters
    ----------
    message
        One sentence with the names involved and what to do next.
    **facts
        Kept as attributes of the error.
    """

    def __init__(self, message: str = "", **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.__dict__.update(facts)

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, dict(self.__dict__))


def _rebuild(cls: type[LazyscribeError], message: str, facts: dict[str, Any]) -> LazyscribeError:
    error = cls(message)
    error.__dict__.update(facts)
    return error


class ReadOnlyError(LazyscribeError):
    """A change was asked of something opened or loaded read-only."""


class SaveError(LazyscribeError):
    """Nothing was saved: the files and the objects in memory are what they were before the call."""


class ConflictError(SaveError):
    """Somebody else changed what this save would change; nothing was written."""


class CommitUnknownError(SaveError):
    """The save may or may not have been committed; saving again is harmless."""


class LockTimeoutError(SaveError, TimeoutError):
    """Another writer held the lock of this file for too long; nothing was written."""


class UnsafeStoreError(SaveError):
    """A bucket ignores the conditions of writes, so that writers would overwrite each other; nothing was written."""


class NameTakenError(SaveError):
    """Others took ``names`` meanwhile; the save is tried again under other ones before anybody sees this."""

    names: set[str]


class ArtifactError(LazyscribeError):
    """Root of the errors about one artifact."""


class ArtifactLogError(ArtifactError):
    """The artifact cannot be logged or promoted."""


class PromotionError(ArtifactLogError, SaveError):
    """The promoted artifact could not be written to the repository; nothing of it stays."""


class ArtifactLoadError(ArtifactError):
    """The artifact cannot be loaded."""


class ArtifactFileMissingError(ArtifactLoadError, FileNotFoundError):
    """The file of an artifact is not there (not saved yet, or removed)."""


class CorruptArtifactError(ArtifactLoadError):
    """The bytes of an artifact are not those that were saved: ``path``, ``expected``, ``found``."""


class UntrustedError(ArtifactLoadError):
    """Loading the artifact could run code, which the chosen level of ``trust`` does not allow for its file."""


class VersionNotFoundError(LazyscribeError):
    """No version of the artifact, or no release, answers the question."""


class VersionDeletedError(VersionNotFoundError):
    """The version was deleted: ``at``, by the ``author``, for the ``reason``."""


class InvalidVersionError(LazyscribeError, ValueError):
    """A version is neither a number, a date nor an ISO 8601 text."""


class CorruptManifestError(LazyscribeError, ValueError):
    """A manifest cannot be read: ``path`` and, where known, the position ``record``."""


class UnreadableError(LazyscribeError, OSError):
    """A file cannot be read: a folder in its place, no permission, a broken disk."""


class AccessDeniedError(UnreadableError, PermissionError):
    """A bucket refuses what was asked: wrong credentials, or ones that may not do it, or a wrong clock."""


class UnreachableError(UnreadableError, ConnectionError):
    """A bucket did not answer, or not well, for as long as it was asked."""


class InvalidNameError(ArtifactLogError, ValueError):
    """A name escapes its folder or cannot exist as a file."""


class InvalidArgumentError(LazyscribeError, ValueError):
    """An argument has a value that is not among those allowed."""


class QueryError(LazyscribeError, ValueError):
    """A condition or a key to sort by cannot be understood: ``text``, and the ``position`` where, from 0."""


class UnknownArtifactError(LazyscribeError, ValueError):
    """The repository holds no artifact of that name."""


class NotInListError(LazyscribeError, ValueError):
    """The very object asked for is not in the list."""


class UnknownNameError(LazyscribeError, KeyError):
    """No experiment, artifact or project is known by that key."""


class UnknownHandlerError(LazyscribeError, ValueError):
    """No artifact handler has that alias."""


class MissingHandlerError(UnknownHandlerError, ArtifactLoadError):
    """A stored artifact needs a handler that is not installed here."""


class NoHandlerFitsError(UnknownHandlerError, ArtifactLogError):
    """No handler was named, and none is taken by itself for such a value: ``handlers`` that could be named."""


class HandlerImportError(LazyscribeError, ImportError):
    """The package that provides a handler cannot be imported."""


class StoreImportError(LazyscribeError, ImportError):
    """The library that serves URLs of a ``protocol`` cannot be imported."""


class HandlerTypeError(LazyscribeError, TypeError):
    """An entry point for a handler does not name a class."""


class DependencyFileMissingError(LazyscribeError, FileNotFoundError):
    """The project file that a dependency points to is not there."""


class DocumentMissingError(LazyscribeError, FileNotFoundError):
    """A path leads to no project or repository that can be read."""


class UsageError(LazyscribeError, RuntimeError):
    """The call needs another mode or state of the object."""


class CheckFailedError(LazyscribeError):
    """A check did not pass, so a release was not promoted; ``failed`` holds what each said that did not."""


class StoreError(LazyscribeError):
    """Root of what a store answers to a writer; the commit turns these into the errors above."""


class Exists(StoreError, FileExistsError):
    """The key to be created is taken."""


class Stale(StoreError):
    """The key no longer holds what the writer had read.

    Attributes
    ----------
    perhaps
        Whether the writer's own content may have been there in between: an answer was lost.
    """

    perhaps = False


class Unsure(StoreError):
    """The answer was lost: the write may have happened."""


def __getattr__(name: str) -> Any:
    if name == "FrozenRecordError":  # its parent is attrs', which takes half of the time that importing us may take
        from lazyscribe._frozen import FrozenRecordError

        return FrozenRecordError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
