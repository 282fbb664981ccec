"""Buckets of S3, Google Cloud Storage and Azure, and files read over HTTP: all through obstore."""

from __future__ import annotations

import os
from typing import Any

from lazyscribe.exception import InvalidArgumentError
from lazyscribe.store.base import Store
from lazyscribe.store.keys import check_sent
from lazyscribe.store.objects.settings import Settings
from lazyscribe.store.protocols import BUCKETS, refuse_secrets


def open_bucket(protocol: str, root: str, options: dict[str, Any]) -> Store:
    """Return the store for a folder of a bucket, or below an HTTP URL; asks nothing of it yet.

    Raises
    ------
    InvalidArgumentError
        An option is not understood, or the URL holds a secret.
    InvalidNameError
        The URL holds a character that cannot be sent.
    """
    host, folder = _split(protocol, root)
    if BUCKETS[protocol] == "HTTPStore":
        from lazyscribe.store.objects.http import HttpStore

        return HttpStore(understood(protocol, host, options), folder)
    from lazyscribe.store.objects.bucket import BucketStore

    return BucketStore(understood(protocol, host, options), folder)


def file_system_of(protocol: str, root: str, options: dict[str, Any]) -> Any:
    """Return obstore's fsspec file system.

    Raises
    ------
    InvalidArgumentError
        As `open_bucket`, or it would look elsewhere than the store.
    """
    from obstore.fsspec import FsspecStore

    settings = understood(protocol, _split(protocol, root)[0], options)
    endpoint, taken = settings.config.get("endpoint"), os.environ.get("AWS_ENDPOINT_URL_S3")
    if settings.kind == "S3Store" and taken not in (None, endpoint):
        message = (
            f"The file system of {settings.shown} would look for it at AWS_ENDPOINT_URL_S3, not at {endpoint}; "
            "unset that variable, or let it say the same."
        )
        raise InvalidArgumentError(message, path=settings.shown)
    keywords: dict[str, Any] = {"config": settings.config or None, "client_options": settings.client_options}
    keywords |= {"retry_config": settings.retry_config or None, "credential_provider": settings.credentials}
    made: Any = FsspecStore
    return made("gs" if protocol == "gcs" else protocol, **keywords)


def address(protocol: str, root: str, options: dict[str, Any]) -> tuple[str, ...]:
    """Return what tells a folder from all others; asks nothing.

    Raises
    ------
    InvalidArgumentError
        As `open_bucket`.
    """
    from lazyscribe.store.objects.addresses import address_of

    host, folder = _split(protocol, root)
    return *address_of(understood(protocol, host, options)), folder


def _split(protocol: str, root: str) -> tuple[str, str]:
    root = root.removeprefix(f"{protocol}://").strip("/")
    refuse_secrets(protocol, root)
    check_sent(root)
    host, _, folder = root.partition("/")
    if not host:
        raise InvalidArgumentError(f"{protocol}:// names no bucket; write {protocol}://bucket/folder/file.json.")
    return host, folder


def understood(protocol: str, host: str, options: dict[str, Any]) -> Settings:
    """Return the way to a bucket that some options describe."""
    from lazyscribe.store.objects import azure, google, s3
    from lazyscribe.store.objects.options import Options

    kind = BUCKETS[protocol]
    shown = f"{protocol}://{host}"
    settings = Settings(kind, shown if kind == "HTTPStore" else host, shown)
    taken = Options(protocol, settings, options)
    taken.common()
    if kind == "AzureStore":
        settings.bucket, account = azure.account_of(host)
        taken.put(account_name=account or None)
        azure.understand(taken)
    elif kind == "HTTPStore":
        taken.inside("client_kwargs", {"headers": lambda value: settings.client_options.update(default_headers=value)})
        if (headers := taken.take("headers")) is not None:
            settings.client_options["default_headers"] = headers
        settings.client_options.setdefault("allow_http", protocol == "http")
    else:
        (s3 if kind == "S3Store" else google).understand(taken)
    return taken.finish()
