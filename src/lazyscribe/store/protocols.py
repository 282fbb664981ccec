"""What the name of a protocol says; no other module looks at it."""

import os
from typing import Any

LOCAL = ("file", "local")
"""The names of local disks; neither needs fsspec."""

BUCKETS = {
    **dict.fromkeys(("s3", "s3a"), "S3Store"),
    **dict.fromkeys(("gs", "gcs"), "GCSStore"),
    **dict.fromkeys(("az", "azure", "abfs", "abfss", "adl"), "AzureStore"),
    **dict.fromkeys(("http", "https"), "HTTPStore"),
}
"""Which class of obstore serves a protocol, if that is installed."""


def protocol_of(fs: Any) -> str:
    """Return the first name of the protocol of an fsspec file system."""
    return str(fs.protocol if isinstance(fs.protocol, str) else fs.protocol[0])


def is_local(protocol: str) -> bool:
    """Whether files of that protocol lie on local disks."""
    return protocol in LOCAL


def absolute(protocol: str, path: str | os.PathLike[str]) -> tuple[str, str]:
    """Return what tells two paths apart, whatever their protocol: a name that all local ones share, and a POSIX path.

    On local disks a relative path means the one that it leads to at this moment; symbolic links stay as they are.
    """
    if is_local(protocol):
        return LOCAL[0], os.path.abspath(os.path.expanduser(path))
    return protocol, os.fspath(path).replace(os.sep, "/")
