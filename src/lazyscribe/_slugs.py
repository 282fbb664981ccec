"""Slugs: python-slugify's with its defaults."""

import re

_USUAL = re.compile(r"[A-Za-z0-9 _./:-]*")
_WORD = re.compile(r"[a-z0-9]+")


def slugify(text: str) -> str:
    """Return the slug of a name; of one of ASCII letters, digits and the usual signs in a tenth of the time."""
    if _USUAL.fullmatch(text):
        return "-".join(_WORD.findall(text.lower()))
    import slugify as python_slugify

    return python_slugify.slugify(text)
