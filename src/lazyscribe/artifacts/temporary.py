"""For handlers whose library reads or writes nothing but a path."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import Any

CHUNK = 1 << 20


@contextmanager
def path_to_write(buf: Any, name: str = "value") -> Iterator[Path]:
    """Yield a path that is free; what lies there when the block ends is streamed into `buf`.

    The file is a temporary one and gone afterwards, also after an exception, which leaves `buf` alone. Of the content
    never more than a MiB is held in memory.

    Parameters
    ----------
    name
        The last part of the path, for libraries that go by its ending.
    """
    with TemporaryDirectory(prefix="lazyscribe-") as folder:
        path = Path(folder, name)
        yield path
        with path.open("rb") as written:
            copyfileobj(written, buf, CHUNK)


@contextmanager
def path_to_read(buf: Any, name: str = "value") -> Iterator[Path]:
    """Yield the path of a temporary file that holds what the open binary file `buf` holds from here on."""
    with TemporaryDirectory(prefix="lazyscribe-") as folder:
        path = Path(folder, name)
        with path.open("wb") as copy:
            copyfileobj(buf, copy, CHUNK)
        yield path
