"""A command line without what looks like a secret. Pure.

What is told by its name (``--token x``, ``db.password=x``, ``?sig=x``), stands in a URL before the ``@``, has the shape
of a well-known kind of key, or is the value of a secret that was handed over is replaced by ``***``. A secret that says
nothing of itself (``-p hunter2``) cannot be told from any other word.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

HIDDEN = "***"

_NAME = re.compile(
    r"pass(word|wd|phrase)?$|^pwd$|secret|token$|credentials?$|(api|access|private|secret|auth|account|signing)[-_.]?key$"
    r"|^(.*[-_.])?(auth|authorization|signature|sig|key|pat)$",
    re.IGNORECASE,
)
_SHAPE = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|hf_[A-Za-z0-9]{20,}|glpat-[\w-]{20,}|xox[abprs]-[\w-]{10,}"
    r"|sk-[\w-]{20,}|(?:AKIA|ASIA)[A-Z0-9]{16}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*)"
)
_USER = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_PARAMETER = re.compile(r"(?<=[?&;])([^=&;\s]+)=([^&;\s]*)")
_HEADER = re.compile(r"\b(authorization|bearer|basic)(:?\s+)\S.*", re.IGNORECASE)
_SHORTEST = 6
"""A value of fewer characters is not looked for elsewhere: it would be found in the midst of words."""


def names_a_secret(name: str) -> bool:
    """Whether what goes by this name (of an option, a variable) is likely to be a secret."""
    return _NAME.search(name) is not None


def redacted(arguments: Iterable[str], secrets: Collection[str] = ()) -> tuple[str, ...]:
    """Return a command line without what looks like a secret.

    Parameters
    ----------
    secrets
        Values that are to be hidden wherever they stand.
    """
    hidden = sorted((secret for secret in secrets if len(secret) >= _SHORTEST), key=len, reverse=True)
    found: list[str] = []
    follows = False
    for argument in arguments:
        if follows and not argument.startswith("--"):
            found.append(HIDDEN)
            follows = False
            continue
        name, equals, value = argument.partition("=")
        secret = names_a_secret(name.lstrip("-+"))
        follows = secret and not equals and name.startswith("-")
        if secret and equals and value:
            found.append(f"{name}={HIDDEN}")
        else:
            found.append(_without(argument, hidden))
    return tuple(found)


def _without(argument: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        argument = argument.replace(secret, HIDDEN)
    argument = _SHAPE.sub(HIDDEN, _USER.sub(HIDDEN, argument))
    argument = _HEADER.sub(rf"\1\2{HIDDEN}", argument)
    return _PARAMETER.sub(_parameter, argument)


def _parameter(match: re.Match[str]) -> str:
    return f"{match[1]}={HIDDEN}" if names_a_secret(match[1]) else match[0]
