"""The profiles of ``~/.aws``: what one says of keys, of a region, and of where buckets are."""

from __future__ import annotations

import os
from configparser import ConfigParser
from configparser import Error as ConfigError
from functools import lru_cache
from pathlib import Path

from lazyscribe.exception import InvalidArgumentError
from lazyscribe.store.objects.options import state_of

_VARIABLES = {"credentials": "AWS_SHARED_CREDENTIALS_FILE", "config": "AWS_CONFIG_FILE"}


class Profile:
    """A profile: one that an option names, or the environment, or that for all.

    Attributes
    ----------
    name
        How it is called.
    """

    def __init__(self, given: str | None) -> None:
        named = given or os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE")
        self.name = named or "default"
        credentials = _sections("credentials").get(self.name)
        config = _sections("config").get("default" if self.name == "default" else f"profile {self.name}")
        self._is_there = named is None or credentials is not None or config is not None
        self._found = {**(config or {}), **(credentials or {})}
        if given is not None:
            self.get("")

    def get(self, name: str) -> str | None:
        """Return what it says of something.

        Raises
        ------
        InvalidArgumentError
            It is not there, though an option or the environment names it.
        """
        if not self._is_there:
            message = (
                f"There is no profile {self.name!r} in {_file('credentials')} or {_file('config')}; "
                "add it, or name another."
            )
            raise InvalidArgumentError(message, profile=self.name)
        return self._found.get(name)

    @property
    def region(self) -> str | None:
        """Its region; that it is not there does not matter for that."""
        return self._found.get("region")

    @property
    def ignores_endpoints(self) -> bool:
        """Whether no endpoint counts but one that is an option, as the environment, or else the profile, may say."""
        name = "ignore_configured_endpoint_urls"
        said = os.environ.get(f"AWS_{name.upper()}") or self._found.get(name)
        return (said or "").lower() == "true"

    @property
    def endpoint(self) -> str | None:
        """Where buckets are: as its section of services says, or as for all services.

        Raises
        ------
        InvalidArgumentError
            There is no such section, or no such profile.
        """
        services = self.get("services")
        if services is not None:
            section = _sections("config").get(f"services {services}")
            if section is None:
                message = (
                    f"The profile {self.name!r} names the services {services!r}, but {_file('config')} has no section "
                    f"[services {services}]; add it, or give 'endpoint_url'."
                )
                raise InvalidArgumentError(message, profile=self.name)
            inner = (line.partition("=") for line in section.get("s3", "").splitlines())
            found = next((value.strip() for name, _, value in inner if name.strip() == "endpoint_url"), None)
            if found:
                return found
        return self.get("endpoint_url") or None


def _file(kind: str) -> Path:
    return Path(os.environ.get(_VARIABLES[kind]) or f"~/.aws/{kind}").expanduser()


def _sections(kind: str) -> dict[str, dict[str, str]]:
    path = _file(kind)
    try:
        changed = state_of(path)
    except (OSError, ValueError):
        return {}
    return _read(str(path), changed)


@lru_cache(8)
def _read(path: str, changed: tuple[int, ...]) -> dict[str, dict[str, str]]:
    """Return the sections of an ini file, the same object as long as it has not `changed`."""
    del changed
    parser = ConfigParser(interpolation=None)
    unreadable = False
    try:
        parser.read(path, encoding="utf-8")
    except (ConfigError, UnicodeDecodeError, OSError):  # whose texts quote the lines, secrets and all
        unreadable = True
    if unreadable:
        raise InvalidArgumentError(f"{path} cannot be read as an ini file; mend it.", path=path)
    return {name: dict(parser[name]) for name in parser.sections()}
