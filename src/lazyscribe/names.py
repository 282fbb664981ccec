"""Which names artifacts and their files may have."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Any

from lazyscribe.exception import InvalidNameError
from lazyscribe.store.keys import MAX_SEGMENT, check_key, fold, join, portability_warning


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
    check_text(folder)
    check_text(fname)
    return _checked(folder, fname, manifest, new)


@lru_cache(1024)  # on its way into a file a name is checked again and again
def _checked(folder: str, fname: str, manifest: str | None, new: bool) -> str:
    from lazyscribe.facts import FOLDER, facts_key

    for part in (folder, fname):
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


_PLAIN = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."

_MARKED = bytes(code if code in _PLAIN.lower() else ord("!") for code in bytes(range(256)).lower().replace(b"\n", b"."))
"""Makes ``!`` of what is not plain, small letters of large ones, and dots of the lines between names.

So there are two dots in a row in an empty name too, and in one that begins or ends with a dot.
"""


def are_plain(names: list[str], manifest: str) -> bool:
    """Whether no file of these names, which stand in `manifest`, needs the closer look of `check_file`.

    Tells so of most names, at a hundredth of the cost: they are short, of ASCII letters, digits, ``_``, ``-`` and
    dots, with no dot at an end and no two in a row.
    """
    if not names:
        return True
    joined = "\n".join(["", *names, ""])
    if not joined.isascii():
        return False
    marked = joined.encode("ascii").translate(_MARKED)
    if b"!" in marked or b".." in marked or f".{manifest.lower()}.".encode() in marked:
        return False
    return max(map(len, names)) <= MAX_SEGMENT


def warn_of_names(*names: str) -> None:
    """Warn of names that other systems cannot hold; the caller's caller is named."""
    for name in names:
        if (message := portability_warning(name)) is not None:
            warnings.warn(message, UserWarning, stacklevel=3)
