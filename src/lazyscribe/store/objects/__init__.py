"""Buckets of S3, Google Cloud Storage and Azure, and files read over HTTP: all through obstore."""

from __future__ import annotations

import re
from typing import Any

from lazyscribe.exception import InvalidArgumentError
from lazyscribe.store.base import Store
from lazyscribe.store.objects.settings import Settings
from lazyscribe.store.protocols import BUCKETS

_SECRET = re.compile(
    r"[?&](sig|signature|token|password|secret|api_?key|access_?key|x-(amz|goog|ms)-\w[\w-]*|awsaccesskeyid)=",
    re.IGNORECASE,
)


def open_bucket(protocol: str, root: str, options: dict[str, Any]) -> Store:
    """Return the store for a folder of a bucket, or below an HTTP URL; asks nothing of it yet.

    Raises
    ------
    InvalidArgumentError
        An option is not understood, or the URL holds a secret.
    """
    root = root.removeprefix(f"{protocol}://").strip("/")
    refuse_secrets(protocol, root)
    host, _, folder = root.partition("/")
    if not host:
        raise InvalidArgumentError(f"{protocol}:// names no bucket; write {protocol}://bucket/folder/file.json.")
    kind = BUCKETS[protocol]
    if kind == "HTTPStore":
        from lazyscribe.store.objects.http import HttpStore

        return HttpStore(understood(protocol, f"{protocol}://{host}", options), folder)
    from lazyscribe.store.objects.bucket import BucketStore

    return BucketStore(understood(protocol, host, options), folder)


def understood(protocol: str, host: str, options: dict[str, Any]) -> Settings:
    """Return the way to a bucket that some options describe."""
    from lazyscribe.store.objects import azure, google, s3
    from lazyscribe.store.objects.options import Options

    kind = BUCKETS[protocol]
    settings = Settings(kind, host, host if kind == "HTTPStore" else f"{protocol}://{host}")
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


def refuse_secrets(protocol: str, path: str) -> None:
    """Refuse a URL that holds a secret: it would be shown, logged and stored wherever the path is.

    Raises
    ------
    InvalidArgumentError
        Without the URL.
    """
    host = path.partition("/")[0]
    if BUCKETS[protocol] == "AzureStore":
        host = host.partition("@")[0] if ":" not in host else host
    if "@" in host:
        message = (
            f"The {protocol}:// URL names a user or a password before '@'; leave them out of it and give them as "
            "options, in the environment or in a profile, since a path is shown and stored."
        )
        raise InvalidArgumentError(message)
    if _SECRET.search(path) or (BUCKETS[protocol] == "HTTPStore" and "?" in path):
        message = (
            f"The {protocol}:// URL holds a query, which may be a secret and would be shown and stored with the path; "
            "leave it out and give credentials as options."
        )
        raise InvalidArgumentError(message)
