"""Options for buckets, in the spelling of the fsspec file systems and in that of obstore.

What is not understood is refused, by its name: an option that is dropped in silence may be the one that matters.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from types import NoneType
from typing import Any

from lazyscribe.exception import InvalidArgumentError
from lazyscribe.store.objects.settings import Settings
from lazyscribe.store.protocols import refuse_secrets_in_endpoint


def words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


CONCURRENCY = "concurrency"
"""Ours: ``"single-writer"`` for stores that ignore conditions, if nobody else writes."""

_OF_FSSPEC = words(
    "asynchronous batch_size block_size blocksize cache_regions default_block_size default_cache_type "
    "default_fill_cache directory_cache listings_expiry_time loop max_concurrency max_paths "
    "skip_instance_cache use_listings_cache version_aware"
)
"""How a file system of fsspec buffers and remembers; means nothing here."""

_OF_CLIENTS = words(
    "allow_http allow_invalid_certificates connect_timeout default_content_type default_headers http1_only "
    "http2_keep_alive_interval http2_keep_alive_timeout http2_keep_alive_while_idle http2_only "
    "pool_idle_timeout pool_max_idle_per_host proxy_url proxy_ca_certificate proxy_excludes root_certificate "
    "randomize_addresses read_timeout timeout user_agent"
)
_URL = re.compile(r"https?://(?:[\w.~%-]+|\[[\da-fA-F:.]+\])(?::(\d{1,5}))?(?:/[!$-;=A-Z_a-z~]*)?", re.ASCII)
_OF_RETRIES = frozenset(["backoff", "max_retries", "retry_timeout"])
_LAST_PORT = 65535
_OF_BACKOFF = words("init_backoff max_backoff base")


class Options:
    """Options being understood: each is taken once, and what is left at the end is refused.

    Attributes
    ----------
    settings
        What came of those taken.
    """

    def __init__(self, protocol: str, settings: Settings, given: dict[str, Any]) -> None:
        self._protocol = protocol
        self._given = {name: value for name, value in given.items() if name not in _OF_FSSPEC}
        self._understood: set[str] = set()
        self.settings = settings

    def take(self, *names: str) -> Any:
        """Return the first of these that was given and is not ``None``."""
        self._understood.update(names)
        found = [self._given.pop(name, None) for name in names]
        return next((value for value in found if value is not None), None)

    def take_all(self, names: Collection[str], prefix: str) -> None:
        """Put options into the configuration as they are; obstore takes them with a prefix too, and as ``config``."""
        self._given = {**self._dictionary("config", {*names, *(prefix + name for name in names)}), **self._given}
        self._understood.update(names)
        for given in list(self._given):
            name = given if given in names else given.removeprefix(prefix)
            if name in names:
                self.put(**{name: self._given.pop(given)})

    def put(self, **config: Any) -> None:
        """Put into the configuration what is given: neither ``None`` nor an empty text."""
        self.settings.config.update(
            (name, value) for name, value in config.items() if value is not None and value != ""
        )

    def flag(self, name: str) -> bool | None:
        """Take an option that is true or false, perhaps as a text; ``None``: it was not given."""
        value = self.take(name)
        return None if value is None else flag_of(name, value)

    def inside(self, name: str, takers: dict[str, Callable[[Any], object]]) -> None:
        """Take an option that is a dictionary of options."""
        self.each(name, self.take(name) or {}, takers)

    def each(self, name: str, found: Any, takers: dict[str, Callable[[Any], object]]) -> None:
        """Take the options of a dictionary of that name."""
        for inner, value in self._checked(name, found, set(takers)).items():
            takers[inner](value)

    def common(self) -> None:
        """Take what is the same for all stores."""
        settings = self.settings
        concurrency = self.take(CONCURRENCY)
        if concurrency not in (None, "single-writer", "many-writers"):
            message = f"concurrency is {concurrency!r}; give 'single-writer', or leave it out for many writers."
            raise InvalidArgumentError(message, concurrency=concurrency)
        settings.single = concurrency == "single-writer"
        settings.client_options.update(self._dictionary("client_options", _OF_CLIENTS))
        self._take_retries()
        settings.provider = self.take("credential_provider") or settings.provider
        self.verify(self.take("verify"))

    def _take_retries(self) -> None:
        """Take how long, and how often, it is asked again."""
        found = self._dictionary("retry_config", _OF_RETRIES)
        limit, tries = found.get("retry_timeout"), found.get("max_retries")
        if isinstance(limit, (int, float)):
            found = {**found, "retry_timeout": timedelta(seconds=limit)}
        elif not isinstance(limit, (timedelta, NoneType)):
            raise unfit("retry_timeout", "seconds or a timedelta", limit)
        if not isinstance(tries, (int, NoneType)):
            raise unfit("max_retries", "a whole number", tries)
        self._checked("backoff", found.get("backoff") or {}, _OF_BACKOFF)
        self.settings.retry_config.update(found)

    def verify(self, verify: Any) -> None:
        """Trust any certificate, those that the system trusts, or those of a file as well."""
        if verify is False:
            self.settings.client_options["allow_invalid_certificates"] = True
        elif isinstance(verify, (str, os.PathLike)):
            try:
                found = _certificates(os.fspath(verify), state_of(verify))
                self.settings.client_options["root_certificate"] = found
            except OSError as error:
                message = f"The certificates {os.fspath(verify)!r} cannot be read ({error.strerror}); mend 'verify'."
                raise InvalidArgumentError(message, path=os.fspath(verify)) from error

    def finish(self) -> Settings:
        """Return the settings; refuse what was not understood, and what cannot be sent."""
        if self._given:
            self._refuse(next(iter(self._given)), self._understood, f"for {self._protocol}:// URLs")
        for name, value in self.settings.config.items():
            if name != "service_account_key" and isinstance(value, str) and not value.isprintable():
                raise unsendable(f"The option {name!r}", "a control character")
        return self.settings

    def _dictionary(self, name: str, understood: Iterable[str]) -> dict[str, Any]:
        return self._checked(name, self.take(name) or {}, understood)

    def _checked(self, name: str, found: Any, understood: Iterable[str]) -> dict[str, Any]:
        if not isinstance(found, dict):
            message = f"The option {name!r} must be a dictionary, not a {type(found).__name__}."
            raise InvalidArgumentError(message, name=name)
        for inner in found:
            if inner not in understood:
                self._refuse(inner, understood, f"in {name!r}")
        return found

    def _refuse(self, name: str, understood: Iterable[str], where: str) -> None:
        from difflib import get_close_matches

        names = sorted(set(understood))
        close = get_close_matches(name, names, n=1, cutoff=0.6)
        meant = f" (did you mean {close[0]!r}?)" if close else ""
        message = f"{name!r} is no option {where}{meant}; understood are {', '.join(names)}."
        raise InvalidArgumentError(message, name=name)


def unfit(name: str, wanted: str, value: Any) -> InvalidArgumentError:
    """Return what is to be raised of an option whose value cannot be meant."""
    return InvalidArgumentError(f"The option {name!r} must be {wanted}, not {value!r}.", name=name)


def unsendable(what: str, having: str) -> InvalidArgumentError:
    """Return what is to be raised of a text that no request can hold; it may be secret, so it is not shown."""
    message = f"{what} has {having}, such as the end of a line, so it cannot be sent; copy it once more."
    return InvalidArgumentError(message)


def flag_of(name: str, value: Any) -> bool:
    """Return whether an option says yes; a text does by its word."""
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, int):
        raise unfit(name, "true or false", value)
    return bool(value)


def state_of(path: str | os.PathLike[str]) -> tuple[int, ...]:
    """Return what changes with a file."""
    found = os.stat(path)
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


@lru_cache(8)
def _certificates(path: str, changed: tuple[int, ...]) -> bytes:
    """Return what a file of certificates holds, the same object as long as it has not `changed`."""
    del changed
    return Path(path).read_bytes()


def accept_endpoint(settings: Settings, endpoint: Any) -> None:
    """Refuse an endpoint that is no URL or holds a secret; allow one without encryption, if the user names one."""
    if not isinstance(endpoint, str):
        return
    refuse_secrets_in_endpoint(endpoint)
    found = _URL.fullmatch(endpoint)
    if found is None or int(found[1] or 0) > _LAST_PORT:
        message = f"The endpoint {endpoint!r} is no URL; write it as https://host or http://host:port."
        raise InvalidArgumentError(message)
    if endpoint.startswith("http://"):
        settings.client_options.setdefault("allow_http", True)
