"""Which files may run code when they are loaded.

``all``: any, unless its digest is wrong. ``recorded``: those whose digest our facts hold. ``none``: none.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from lazyscribe.exception import InvalidArgumentError, UntrustedError

if TYPE_CHECKING:
    from lazyscribe.artifacts.base import Artifact

Trust: TypeAlias = Literal["all", "recorded", "none"]

VARIABLE = "LAZYSCRIBE_TRUST"
LEVELS = ("all", "recorded", "none")


def checked(level: Any, origin: str = "trust") -> Any:
    """Return `level` if it is one.

    Raises
    ------
    ValueError
        It is none.
    """
    if level not in LEVELS:
        message = f"{level!r} is no level of trust; set {origin} to one of {', '.join(map(repr, LEVELS))}."
        raise InvalidArgumentError(message, trust=level)
    return level


def level_of(chosen: Trust | None) -> Trust:
    """Return what holds: the level `chosen` for a project or repository, else the environment's, else ``all``."""
    level: Trust = chosen or checked(os.environ.get(VARIABLE) or "all", VARIABLE)
    return level


def runs_code(handler: type[Artifact]) -> bool:
    """Whether loading with `handler` can run code that the file brings along or names.

    The class says so by ``runs_code``. One that has a ``read`` of its own and does not say counts as one that can,
    whatever it was made from.
    """
    for each in handler.__mro__:
        if "runs_code" in vars(each):
            return bool(vars(each)["runs_code"])
        if "read" in vars(each):
            break
    return True


def refuse(artifact: Artifact, level: Trust, where: str) -> None:
    """Raise the error of a file that may not be loaded at `level`."""
    alias = artifact._handler_alias()
    why = "this file, of which no digest was recorded," if level == "recorded" else "its files"
    message = (
        f"The artifact {artifact.name!r} was not loaded: the handler {alias!r} can run code, and trust={level!r} does "
        f"not allow {why} to be read ({where}); if you trust who wrote it, open it with trust='all'."
    )
    raise UntrustedError(message, name=artifact.name, alias=alias, trust=level)
