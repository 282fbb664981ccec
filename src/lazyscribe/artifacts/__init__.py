"""Artifact handlers and how they are found by their alias."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lazyscribe.exception import HandlerImportError, HandlerTypeError, UnknownHandlerError

if TYPE_CHECKING:
    from lazyscribe.artifacts.base import Artifact

GROUP = "lazyscribe.artifact_type"

FIRST = ("json", "pickle")
"""Built-in handlers that come before a user's own class of that alias; the others make way for it."""


class Subclasses:
    """How many classes were made from `Artifact` so far."""

    count = 0


subclasses = Subclasses()
_known: dict[str, type[Artifact]] = {}
_built_in: dict[str, tuple[int, type[Artifact]]] = {}
"""Built-in handlers that make way, with the number of classes there were when none had to be made way for."""


def entry_points(**params: Any) -> Any:
    """Call :func:`importlib.metadata.entry_points`, imported at the first look-up."""
    from importlib.metadata import entry_points as installed

    return installed(**params)


def _get_handler(alias: str) -> type[Artifact]:
    """Return the handler class of `alias`.

    Looks among the entry points of the group ``lazyscribe.artifact_type`` that other packages have, then among the
    imported subclasses of :class:`~lazyscribe.artifacts.base.Artifact`, of which the latest defined wins, then among
    the built-in handlers, of which only `FIRST` go before subclasses. Entry points that were found are remembered for
    the life of the process, failures never are.

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
    count, built_in = _built_in.get(alias, (-1, None))
    if built_in is not None and count == subclasses.count:
        return built_in
    count = subclasses.count
    ours, theirs = _entry_points_of(alias)
    if theirs:
        _known[alias] = _load_entry_point(alias, theirs[0])
        return _known[alias]
    subclass = None if alias in FIRST else _find_subclass(alias, built_in=False)
    if subclass is not None:
        return subclass
    if ours:
        loaded = _load_entry_point(alias, ours[0])
        _built_in[alias] = count, loaded
        return loaded
    if (subclass := _find_subclass(alias, built_in=True)) is not None:
        return subclass
    names = ", ".join(sorted(_aliases()))
    message = f"No handler is known by the alias {alias!r}; known are {names}; install the package that provides it."
    raise UnknownHandlerError(message, alias=alias)


def _entry_points_of(alias: str) -> tuple[list[Any], list[Any]]:
    """Return the entry points of that name: ours, and those of other packages."""
    ours: list[Any] = []
    theirs: list[Any] = []
    for entry in entry_points(group=GROUP):
        if entry.name == alias:
            (ours if _is_ours(getattr(entry, "value", "")) else theirs).append(entry)
    return ours, theirs


def _is_ours(module: str) -> bool:
    return module.startswith(f"{__name__}.")


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


def _find_subclass(alias: str, built_in: bool) -> type[Artifact] | None:
    from lazyscribe.artifacts.base import Artifact

    for subclass in reversed(_subclasses(Artifact)):
        if getattr(subclass, "alias", None) == alias and _is_ours(subclass.__module__) == built_in:
            return subclass
    return None


def _aliases() -> set[str]:
    from lazyscribe.artifacts.base import Artifact

    aliases = {entry.name for entry in entry_points(group=GROUP)}
    own = (getattr(subclass, "alias", None) for subclass in _subclasses(Artifact))
    return aliases | {alias for alias in own if isinstance(alias, str)}
