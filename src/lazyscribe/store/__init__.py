"""Places where files live, chosen by the name of the protocol."""

import os
from contextlib import suppress
from typing import Any

from lazyscribe.exception import InvalidArgumentError, StoreImportError
from lazyscribe.store.base import Store, Token
from lazyscribe.store.protocols import BUCKETS, absolute, is_local, protocol_of, refuse_secrets

__all__ = [
    "Store",
    "Token",
    "absolute",
    "file_system",
    "is_one",
    "open_store",
    "protocol_of",
    "refuse_shortened",
    "store_of",
]


def open_store(protocol: str, root: str, options: dict[str, Any]) -> Store:
    """Return the store for the folder `root` (a path, with or without the scheme); touches nothing yet.

    Parameters
    ----------
    protocol
        As fsspec names it. ``file`` and ``local`` need no fsspec and ignore the options.
    options
        For ``fsspec.filesystem``, or, where obstore is installed, for buckets in the same spelling.

    Raises
    ------
    InvalidArgumentError
        No library for such URLs is known.
    StoreImportError
        The library for such URLs is not installed.
    """
    if is_local(protocol):
        return _local(root)
    if by_obstore(protocol):
        from lazyscribe.store.objects import open_bucket

        return open_bucket(protocol, root, options)
    return store_of(_of_fsspec(protocol, options), root)


def is_one(mine: tuple[str, str, dict[str, Any]], theirs: tuple[str, str, dict[str, Any]]) -> bool:
    """Whether two folders of buckets (protocol, path, options) are one, as far as what reaches them tells."""
    if BUCKETS.get(mine[0]) != BUCKETS.get(theirs[0]):
        return False
    from lazyscribe.store.objects import address

    with suppress(InvalidArgumentError):  # some option only another library understands
        return address(*mine) == address(*theirs)
    return False


def store_of(fs: Any, root: str) -> Store:
    """Return the store for the folder `root` of an fsspec file system, by the name of its protocol."""
    protocol = protocol_of(fs)
    if is_local(protocol):
        return _local(root)
    if protocol == "memory":
        from lazyscribe.store.memory import MemoryStore

        return MemoryStore(root, fs)
    if by_obstore(protocol):
        from lazyscribe.store.objects import open_bucket

        with suppress(InvalidArgumentError):  # it was made with options that only itself understands
            return open_bucket(protocol, root, fs.storage_options)
    from lazyscribe.store.fsspec import FsspecStore

    return FsspecStore(fs, root)


def file_system(protocol: str, root: str, options: dict[str, Any]) -> Any:
    """Return the fsspec file system that `open_store` stands for.

    For a bucket that is the one of its own package, if installed and if it takes the options, else obstore's.
    """
    if not by_obstore(protocol):
        return _of_fsspec(protocol, options)
    from lazyscribe.store.objects import file_system_of
    from lazyscribe.store.objects.options import CONCURRENCY

    try:
        return _of_fsspec(protocol, {name: value for name, value in options.items() if name != CONCURRENCY})
    except (ImportError, TypeError):
        return file_system_of(protocol, root, options)


def refuse_shortened(path: str) -> None:
    """Refuse a path that was a URL: a ``Path`` takes one of two slashes for too many.

    Raises
    ------
    InvalidArgumentError
        It begins with the name of a protocol.
    """
    protocol, colon, rest = path.replace(os.sep, "/").partition(":/")
    if not colon or len(protocol) < 2 or "/" in protocol or is_local(protocol.lower()):
        return
    if protocol.lower() in _known():
        refuse_secrets(protocol.lower(), rest)
        message = f"{path!r} is what a Path leaves of a URL; give the URL as text: {f'{protocol}://{rest}'!r}."
        raise InvalidArgumentError(message, path=path)


def _known() -> set[str]:
    """Return the names of all protocols that some library is known to serve."""
    import fsspec

    return {*BUCKETS, *fsspec.available_protocols(), *fsspec.registry}


def _refuse_unknown(protocol: str) -> None:
    known = _known()
    if protocol in known:
        return
    from difflib import get_close_matches

    near = " or ".join(f"{each}://" for each in get_close_matches(protocol, sorted(known), 3, 0.5))
    meant = f"write {near} if that is meant, or " if near else ""
    message = f"No library is known here that serves {protocol}:// URLs; {meant}install one that fsspec knows of."
    raise InvalidArgumentError(message, protocol=protocol)


def _of_fsspec(protocol: str, options: dict[str, Any]) -> Any:
    _refuse_unknown(protocol)
    import fsspec

    try:
        if protocol in BUCKETS and protocol not in {*fsspec.available_protocols(), *fsspec.registry}:
            raise ImportError(protocol)  # a name that only obstore knows
        return fsspec.filesystem(protocol, **options)
    except ImportError as error:
        if protocol in BUCKETS:
            need = "obstore, which is not installed; run: pip install 'lazyscribe[cloud]'"
        else:
            need = f"a library that cannot be imported ({error}); install it, then try again"
        raise StoreImportError(f"{protocol}:// URLs need {need}.", protocol=protocol) from error


def by_obstore(protocol: str) -> bool:
    """Whether such URLs are served through obstore, which is installed then."""
    if protocol not in BUCKETS:
        return False
    from importlib.util import find_spec

    return find_spec("obstore") is not None


def _local(root: str) -> Store:
    from lazyscribe.store.local import LocalStore

    return LocalStore(root.removeprefix("file://").removeprefix("local://"))
