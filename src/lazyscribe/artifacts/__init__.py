"""Artifact handlers and how they are found by their alias."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lazyscribe.exception import HandlerImportError, HandlerTypeError, UnknownHandlerError

if TYPE_CHECKING:
    from lazyscribe.artifacts.base import Artifact

GROUP = "lazyscribe.artifact_type"

_known: dict[str, type[Artifact]] = {}


def entry_points(**params: Any) -> Any:
    """Call :func:`importlib.metadata.entry_points`, imported at the first look-up."""
    from importlib.metadata import entry_points as installed

    return installed(**params)


def _get_handler(alias: str) -> type[Artifact]:
    """Return the handler class of `alias`.

    Looks among the entry points of the group ``lazyscribe.artifact_type``, then among the imported subclasses of
    :class:`~lazyscribe.artifacts.base.Artifact`, of which the latest defined wins. Entry points that were found are
    remembered for the life of the process, failures never are.

    Raises
    ------
    ValueError
        No handler has that alias.
    ImportError
        The entry point cannot be imported.
    TypeError
        The entry point does not name a class.
    """
    if found := _known.get(alias):
        return found
    for entry in entry_points(group=GROUP):
        if entry.name == alias:
            _known[alias] = _load_entry_point(alias, entry)
            return _known[alias]
    if (subclass := _find_subclass(alias)) is not None:
        return subclass
    names = ", ".join(sorted(_aliases()))
    message = f"No handler is known by the alias {alias!r}; known are {names}; install the package that provides it."
    raise UnknownHandlerError(message, alias=alias)


def _load_entry_point(alias: str, entry: Any) -> type[Artifact]:
    try:
        loaded = entry.load()
    except Exception as error:  # whatever the package does while it is imported
        message = f"The handler {alias!r} cannot be imported ({error}); install what its package needs."
        raise HandlerImportError(message, alias=alias) from error
    if not isinstance(loaded, type):
        message = f"The entry point of the handler {alias!r} names {loaded!r}, which is no class; mend its package."
        raise HandlerTypeError(message, alias=alias)
    return loaded


def _subclasses(cls: Any) -> list[type[Artifact]]:
    """Return all subclasses, deep ones too, the latest defined last."""
    found: dict[type[Artifact], None] = {}
    for subclass in cls.__subclasses__():
        found[subclass] = None
        found.update(dict.fromkeys(_subclasses(subclass)))
    return list(found)


def _find_subclass(alias: str) -> type[Artifact] | None:
    from lazyscribe.artifacts.base import Artifact

    for subclass in reversed(_subclasses(Artifact)):
        if hasattr(subclass, "alias") and subclass.alias == alias:
            return subclass
    return None


def _aliases() -> set[str]:
    from lazyscribe.artifacts.base import Artifact

    aliases = {entry.name for entry in entry_points(group=GROUP)}
    own = (getattr(subclass, "alias", None) for subclass in _subclasses(Artifact))
    return aliases | {alias for alias in own if isinstance(alias, str)}
