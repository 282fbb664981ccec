"""How one bucket is reached, once its options are understood."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lazyscribe.exception import InvalidArgumentError, UsageError

if TYPE_CHECKING:
    from lazyscribe.store.objects.client import Client

SECONDS, TRIES = 60.0, 10
"""How long, and how often, what was not answered is asked again, unless ``retry_config`` says otherwise."""


_LACKING = {
    "Missing AccessKeyId": (
        "there is a secret without its key",
        "give AWS_ACCESS_KEY_ID in the environment as well",
    ),
    "Invalid Access Key": ("the account key is not in base64", "copy it once more, all of it"),
    "Account must be specified": (
        "no account is named",
        "give 'account_name' or 'connection_string', or AZURE_STORAGE_ACCOUNT_NAME in the environment",
    ),
}
"""What obstore says where something is lacking, and what is lacking and to be given."""

KEYS = ("access_key_id", "secret_access_key", "session_token")
"""What signs requests to S3, by the names of obstore."""
_DECIDES: tuple[str, ...] = ("AWS_", "AZURE_", "GOOGLE_", "IDENTITY_", "MSI_", "SSL_CERT_")
_DECIDES += tuple(each + "_PROXY" for each in ("HTTP", "HTTPS", "ALL", "NO"))
_DECIDES += tuple(each.lower() for each in _DECIDES if each.endswith("_PROXY"))
"""What the names of the variables begin with that decide, beside options, how a bucket is reached."""
_MAY_DECIDE = frozenset(each[:3] for each in _DECIDES)
"""Their first letters, by which most variables are passed over, in half the time."""


def environment() -> bytes:
    """Return what changes with what the environment says of buckets, and tells nothing of it."""
    from hashlib import sha256

    names = sorted(name for name in os.environ if name[:3] in _MAY_DECIDE and name.startswith(_DECIDES))
    text = repr([(name, os.environ.get(name)) for name in names])
    return sha256(text.encode("utf-8", "surrogateescape")).digest()


@dataclass(frozen=True, repr=False)
class _Keys:
    """Gives obstore a key without a token."""

    key: str
    secret: str

    def __call__(self) -> dict[str, Any]:
        """Return them as obstore wants them."""
        return {"access_key_id": self.key, "secret_access_key": self.secret, "token": None, "expires_at": None}


_keys = lru_cache(8)(_Keys)
"""The same object for the same keys, by which fsspec tells file systems apart."""
_TOKENS = ("AWS_SESSION_TOKEN", "AWS_TOKEN")
"""The variables from which obstore takes a token, even an empty one, whichever keys it goes with."""


def is_panic(error: BaseException) -> bool:
    """Whether obstore broke down over something that it was not made for; that is no `Exception` by its class."""
    return (type(error).__module__, type(error).__name__) == ("pyo3_runtime", "PanicException")


@dataclass(repr=False)
class Settings:
    """One bucket and the way to it. Holds secrets, so that it shows nothing of itself.

    Attributes
    ----------
    kind
        The name of obstore's class.
    shown
        The bucket as a user would write it.
    config, client_options, retry_config, provider
        For obstore.
    single
        Whether the user vouches for there being one writer only.
    """

    kind: str
    bucket: str
    shown: str
    config: dict[str, Any] = field(default_factory=dict)
    client_options: dict[str, Any] = field(default_factory=dict)
    retry_config: dict[str, Any] = field(default_factory=dict)
    provider: Any = None
    single: bool = False

    @property
    def patience(self) -> tuple[float, int]:
        """Seconds and tries."""
        seconds = self.retry_config.get("retry_timeout", timedelta(seconds=SECONDS))
        return seconds.total_seconds(), int(self.retry_config.get("max_retries", TRIES))

    @property
    def credentials(self) -> Any:
        """What gives obstore its credentials; ``None``: they are in `config`, or it looks for them itself."""
        if self.kind != "S3Store" or self.provider is not None or not any(name in os.environ for name in _TOKENS):
            return self.provider
        given = self.config
        if "access_key_id" not in given:
            found = {name: os.environ.get(f"AWS_{name.upper()}") for name in KEYS}
            given = {**found, "session_token": next(filter(None, map(os.environ.get, _TOKENS)), None)}
        key, secret, token = (given.get(name) for name in KEYS)
        return _keys(key, secret) if key and secret and not token else None

    def connect(self, repeat: bool) -> Any:
        """Return obstore's store; `repeat`: it asks again what was not answered."""
        from obstore import store
        from obstore.exceptions import BaseError

        seconds, tries = self.patience
        retry = {
            **self.retry_config,
            "retry_timeout": timedelta(seconds=seconds),
            "max_retries": tries if repeat else 0,
        }
        keywords: dict[str, Any] = {"client_options": self.client_options, "retry_config": retry}
        if (credentials := self.credentials) is not None:
            keywords["credential_provider"] = credentials
        trouble, advice = (
            "no connection can be made with them",
            "see whether bucket, endpoint, region and keys are right",
        )
        try:
            if self.kind == "HTTPStore":
                return store.HTTPStore(self.bucket, **keywords)
            config = self.config
            if self.kind == "S3Store" and "endpoint" in config:  # before which it takes one for S3 of the environment
                config = {**config, "aws_endpoint_url_s3": config["endpoint"]}
            return getattr(store, self.kind)(self.bucket, config=config, **keywords)
        except (BaseError, ValueError, TypeError) as error:
            trouble = self._without_secrets(str(error).partition("Debug source")[0].strip())
            advice = "mend them"
        except BaseException as error:
            if not is_panic(error):
                raise
        for theirs, ours in _LACKING.items():
            if theirs in trouble:
                trouble, advice = ours
        message = f"The options for {self.shown} cannot be used ({trouble}); {advice}."
        raise InvalidArgumentError(message, path=self.shown)

    def _without_secrets(self, text: str) -> str:
        """Return a text without what was given as an option."""
        for value in (*self.config.values(), *self.client_options.values()):
            if isinstance(value, str) and len(value) > 3:
                text = text.replace(value, "…")
        return text

    def key(self) -> bytes:
        """Return what is the same for two that reach one bucket in one way, in one `environment`."""
        from hashlib import sha256

        client = dict(self.client_options)
        trusted = _digest_of(client.pop("root_certificate", b""))  # long, and slow to write out
        options = (sorted(each.items()) for each in (self.config, client, self.retry_config))
        text = repr((self.kind, self.bucket, trusted, *options, id(self.provider), self.single, environment()))
        return sha256(text.encode()).digest()


@lru_cache(8)
def _digest_of(certificates: bytes | str) -> bytes:
    """Return a digest; quick for what it was asked about before, since a text keeps its hash."""
    from hashlib import sha256

    return sha256(certificates.encode() if isinstance(certificates, str) else certificates).digest()


class _Clients:
    """The latest clients of this process, since to make one means to read certificates and to begin connections."""

    KEPT = 16

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.found: OrderedDict[bytes, Client] = OrderedDict()
        self.process: int | None = None

    def get(self, settings: Settings) -> Client:
        """Return the client for a bucket."""
        from lazyscribe.store.objects.client import Client

        self.check(settings.shown)
        key = settings.key()
        with self.lock:
            client = self.found.pop(key, None)
            if client is None or client.is_stale:
                client = Client(settings)
            self.found[key] = client
            while len(self.found) > self.KEPT:
                self.found.popitem(last=False)
        return client

    def check(self, shown: str) -> None:
        """Refuse to go on in a forked child: obstore's threads are not there, so every call would wait for ever.

        Raises
        ------
        UsageError
            This process was forked from one that used a bucket.
        """
        if self.process is None:
            self.process = os.getpid()
        if self.process != os.getpid():
            message = (
                f"{shown} cannot be used here, since this process was forked from one that used a bucket; "
                "start processes by 'spawn' or 'forkserver'."
            )
            raise UsageError(message, path=shown)


CLIENTS = _Clients()
