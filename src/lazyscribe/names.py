"""Which names artifacts and their files may have."""

from __future__ import annotations

import warnings
from typing import Any

from lazyscribe.exception import InvalidNameError
from lazyscribe.facts import FOLDER, facts_key
from lazyscribe.store.keys import check_key, fold, join, portability_warning


def check_text(name: Any) -> None:
    """Refuse a name that is not text."""
    if not isinstance(name, str):
        raise InvalidNameError(f"A name must be text, not {name!r:.80}; give it as a string.", name=name)


def check_file(folder: str, fname: str, manifest: str | None = None, new: bool = True) -> str:
    """Return the key of a file, or refuse one that would lie outside its place or cannot exist.

    Parameters
    ----------
    manifest
        Name of the file of records; nothing may lie in its place.
    new
        Whether the file will be written, and its facts (whose name is longer) with it.

    Raises
    ------
    InvalidNameError
        Absolute, with ``..`` or NUL, a part too long, inside ``.lazyscribe``, or the manifest itself.
    """
    for part in (folder, fname):
        check_text(part)
        if part.startswith("/"):
            raise InvalidNameError(
                f"The name {part!r} cannot be used because it is absolute and would leave its folder; "
                "choose a relative name.",
                name=part,
            )
    if not join(fname):
        raise InvalidNameError(
            f"The file name {fname!r} cannot be used because it is empty; choose another.", name=fname
        )
    key = check_key(join(folder, fname))
    if new:
        check_key(facts_key(key))
    if fold(key.split("/")[0]) in (FOLDER, fold(manifest or FOLDER)):
        message = f"The file name {key!r} cannot be used because lazyscribe keeps its own data there; choose another."
        raise InvalidNameError(message, name=key)
    return key


def warn_of_names(*names: str) -> None:
    """Warn of names that other systems cannot hold; the caller's caller is named."""
    for name in names:
        if (message := portability_warning(name)) is not None:
            warnings.warn(message, UserWarning, stacklevel=3)
