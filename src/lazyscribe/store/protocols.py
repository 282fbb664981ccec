"""What the name of a protocol says; no other module looks at it."""

import os
import re
from typing import Any

from lazyscribe.exception import InvalidArgumentError

LOCAL = ("file", "local")
"""The names of local disks; neither needs fsspec."""

BUCKETS = {
    **dict.fromkeys(("s3", "s3a"), "S3Store"),
    **dict.fromkeys(("gs", "gcs"), "GCSStore"),
    **dict.fromkeys(("az", "azure", "abfs", "abfss", "adl"), "AzureStore"),
    **dict.fromkeys(("http", "https"), "HTTPStore"),
}
"""Which class of obstore serves a protocol, if that is installed."""

_QUERY = r"(?i)[?&](sig|signature|token|password|secret|api_?key|access_?key|x-(amz|goog|ms)-\w[\w-]*|awsaccesskeyid)="


def parted(path: str) -> tuple[str, str]:
    """Return the protocol, in small letters, and the rest of a URL; the protocol of a path that is none is ""."""
    protocol, separator, rest = path.partition("://")
    return (protocol.lower(), rest) if separator else ("", path)


def protocol_of(fs: Any) -> str:
    """Return the first name of the protocol of an fsspec file system."""
    return str(fs.protocol if isinstance(fs.protocol, str) else fs.protocol[0])


def is_local(protocol: str) -> bool:
    """Whether files of that protocol lie on local disks."""
    return protocol in LOCAL


def is_read_only(protocol: str) -> bool:
    """Whether files of that protocol can be read and not written."""
    return BUCKETS.get(protocol) == "HTTPStore"


def folder_named(protocol: str, path: str) -> str:
    """Return what a URL names that is no file, in words: by its end a folder, or a whole bucket or server; else ""."""
    if is_local(protocol) or protocol == "memory":
        return ""
    if protocol in BUCKETS and "/" not in path.rstrip("/"):
        return "a server" if BUCKETS[protocol] == "HTTPStore" else "a bucket"
    return "a folder" if path.endswith("/") else ""


def absolute(protocol: str, path: str | os.PathLike[str]) -> tuple[str, str]:
    """Return what tells two paths apart, whatever their protocol: a name that all local ones share, and a POSIX path.

    On local disks a relative path means the one that it leads to at this moment; symbolic links stay as they are.
    """
    if is_local(protocol):
        return LOCAL[0], os.path.abspath(os.path.expanduser(path))
    return protocol, os.fspath(path).replace(os.sep, "/")


def refuse_secrets(protocol: str, path: str) -> None:
    """Refuse a URL of a bucket that holds a secret: it would be shown, logged and stored wherever the path is.

    Raises
    ------
    InvalidArgumentError
        Without the URL.
    """
    if protocol not in BUCKETS:
        return
    host = path.partition("/")[0]
    if BUCKETS[protocol] == "AzureStore":
        host = host.partition("@")[0] if ":" not in host else host
    if "@" in host or _before_a_slash(protocol, host):
        message = (
            f"The {protocol}:// URL names a user or a password before '@'; leave them out of it and give them as "
            "options, in the environment or in a profile, since a path is shown and stored."
        )
        raise InvalidArgumentError(message)
    if re.search(_QUERY, path) or (BUCKETS[protocol] == "HTTPStore" and "?" in path):
        message = (
            f"The {protocol}:// URL holds a query, which may be a secret and would be shown and stored with the path; "
            "leave it out and give credentials as options."
        )
        raise InvalidArgumentError(message)


def refuse_secrets_in_endpoint(endpoint: str) -> None:
    """Refuse the address of a store that holds a secret: it is shown when nobody answers there.

    Raises
    ------
    InvalidArgumentError
        Without the address.
    """
    address = endpoint.partition("://")[2] or endpoint
    if "@" in address or "?" in address:
        message = (
            "The endpoint holds a user, a password or a query, which would be shown with it; leave them out of it and "
            "give them as options, in the environment or in a profile."
        )
        raise InvalidArgumentError(message)


def _before_a_slash(protocol: str, host: str) -> bool:
    """Whether a host is the beginning of a password with slashes in it: it has a colon, and no port after it."""
    _, colon, port = host.rpartition(":")
    return bool(colon) and not (BUCKETS[protocol] == "HTTPStore" and (port.isdigit() or host.endswith("]")))
