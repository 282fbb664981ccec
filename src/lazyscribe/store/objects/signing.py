"""What signs requests to S3: a key, its secret and its token, all from one source."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

from lazyscribe.exception import InvalidArgumentError
from lazyscribe.store.objects.options import Options, unsendable
from lazyscribe.store.objects.profiles import Profile
from lazyscribe.store.objects.settings import KEYS

_WORDS = dict(zip(KEYS, ("key", "secret", "token"), strict=True))


class _Source(NamedTuple):
    """Where they are, and how each is called there."""

    called: dict[str, str]
    values: dict[str, str | None]


def take_keys(options: Options, profile: Profile, given: bool) -> None:
    """Take them from options, from a profile that is `given` by one, from the environment, or from another profile.

    Those of the environment are left there: obstore takes them when it connects, so that renewed ones are used.

    Raises
    ------
    InvalidArgumentError
        The source lacks one of them, one cannot be sent, or the profile that is given has none.
    """
    config = options.settings.config
    found = _Source({name: repr(word) for name, word in _WORDS.items()}, {name: config.get(name) for name in KEYS})
    if not any(found.values.values()):
        found = _source([f"AWS_{name.upper()}" for name in KEYS], "the environment", os.environ.get)
        if given or not found.values[KEYS[0]]:
            found = _source([f"aws_{name}" for name in KEYS], f"the profile {profile.name!r}", profile.get)
            if not found.values[KEYS[0]]:
                if given:
                    raise _other_ways(profile.name)
                return
            options.put(**found.values)
    _check(found, options.settings.shown)


def _source(names: list[str], place: str, get: Callable[[str], str | None]) -> _Source:
    """Return what a place holds under the names that they have there."""
    called = (f"{name} in {place}" for name in names)
    return _Source(dict(zip(KEYS, called, strict=True)), dict(zip(KEYS, map(get, names), strict=True)))


def _other_ways(profile: str) -> InvalidArgumentError:
    message = (
        f"The profile {profile!r} holds no aws_access_key_id, and other ways to credentials than that are not read; "
        "give a credential_provider (obstore.auth.boto3 has one for boto3 sessions)."
    )
    return InvalidArgumentError(message, profile=profile)


def _check(source: _Source, shown: str) -> None:
    """Refuse what would be filled in from elsewhere, and what no header can hold; none of it is shown."""
    values = source.values
    key, secret, _ = KEYS
    if lacking := next((name for name in (key, secret) if not values[name]), None):
        there = next(name for name in KEYS if values[name])
        message = (
            f"The options for {shown} cannot be used (there is a {_WORDS[there]} without its {_WORDS[lacking]}); "
            f"give {source.called[lacking]} as well."
        )
        raise InvalidArgumentError(message, path=shown)
    for name, value in values.items():
        if isinstance(value, str) and (
            not value.isprintable() or value != value.strip() or (" " in value and name != secret)
        ):
            raise unsendable(source.called[name], "a blank or a control character")
