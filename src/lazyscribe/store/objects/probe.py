"""Whether a store heeds the conditions of writes. Some take them and write all the same; there work would be lost."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from lazyscribe.exception import LazyscribeError, UnsafeStoreError
from lazyscribe.store import keys
from lazyscribe.store.objects.trouble import Failed, Refused

if TYPE_CHECKING:
    from lazyscribe.store.objects.client import Client
    from lazyscribe.store.objects.settings import Settings

_LOCK = threading.Lock()


def check_conditions(client: Client, settings: Settings, folder: str) -> None:
    """See, once a process and folder, that a file is not created twice and not swapped by who knows another version.

    Raises
    ------
    UnsafeStoreError
        It was, and the user has not vouched for being the only writer.
    """
    if folder in client.checked:
        return
    with _LOCK:
        if folder not in client.checked:
            if settings.single:
                _warn(client.url(folder))
            else:
                _check(client, folder)
            client.checked.add(folder)


def _check(client: Client, folder: str) -> None:
    path = keys.join(folder, ".lazyscribe", f"probe-{os.urandom(8).hex()}")
    fault, failed = "", None
    try:
        fault = _fault(client, path)
    except Failed as error:
        failed = error
    finally:
        left = _remove(client, path)
    if failed is not None:
        raise failed.error(client.url(folder))
    if fault:
        raise UnsafeStoreError(f"{client.url(folder)} {fault.format(left)}.", path=client.url(folder))


_LOSES = (
    ", so many writers would lose each other's work there{}; use a store that heeds conditional writes, or, if nobody "
    "else writes there, open it with concurrency='single-writer'"
)
_NAMELESS = "names no version of what is written" + _LOSES
_CREATES = "creates a file that is there already" + _LOSES
_REPLACES = "replaces a file that somebody else has changed" + _LOSES
_TWO_NAMES = (
    "names one version in two ways, when it is written and when it is read, so nothing could be saved there twice{}; "
    "use another store, or reach this one without what changes its ETags on the way"
)


def _fault(client: Client, path: str) -> str:
    """Return what the store does wrong, what comes of it and what to do, or ``""``."""
    written = client.create(path, b"1", "first")
    if written.e_tag is None and written.number is None:
        return _NAMELESS
    try:
        client.swap(path, b"2", None)
        return _CREATES
    except Refused as refused:
        read = refused.there or written
    try:
        known = client.swap(path, b"3", read)
        if read != written:
            client.swap(path, b"4", known)
    except Refused:
        return _TWO_NAMES
    try:
        client.swap(path, b"5", written)
        return _REPLACES
    except Refused:
        return ""


def _remove(client: Client, path: str) -> str:
    """Remove the probe; return what is to be said if it stays."""
    try:
        client.delete(path)
    except (LazyscribeError, OSError):
        return f" ({client.url(path)} could not be removed)"
    return ""


def _warn(place: str) -> None:
    import warnings

    warnings.warn(
        f"{place} was opened with concurrency='single-writer': only a single writer is safe there.", stacklevel=6
    )
