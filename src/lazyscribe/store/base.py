"""The seam between lazyscribe and the places where files live.

A store is rooted at one folder. Keys are POSIX paths relative to it (see :mod:`lazyscribe.store.keys`). Stores know
nothing of artifacts, records or dates; every method either does all it says or leaves what was there.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, TypeAlias, TypeVar

from lazyscribe.exception import Exists, Stale, Unsure
from lazyscribe.store.keys import join, parent

T = TypeVar("T")

Token: TypeAlias = Any
"""What :meth:`Store.read` saw: opaque, comparable for equality, given back to :meth:`Store.swap`."""


if TYPE_CHECKING:

    class Creator(Protocol):
        """What can create files: see :meth:`Store.create`."""

        def create(self, key: str) -> AbstractContextManager[BinaryIO]:
            """Yield a new file that becomes `key`, perhaps only later."""

        def send_off(self) -> None:
            """Begin with what waits to become a file with others."""

        def failed(self) -> Mapping[str, BaseException]:
            """Wait for what becomes a file later; return why keys are none that did not since the last call."""

        def again(self, taken: str, key: str) -> None:
            """Create as `key` what `failed` with `Exists` as `taken`."""

    class Writer(Creator, Protocol):
        """What can swap files, too: see :meth:`Store.swap`."""

        def swap(self, key: str, data: bytes, expected: Token | None) -> Token:
            """Replace the content of `key`."""


class Store(ABC):
    """Files under one folder, written once or swapped whole.

    Attributes
    ----------
    exclusive
        Whether ``create`` and ``swap`` truly exclude other writers there. May become false once a write has shown
        that locks do not work.
    optimistic
        Whether only ``swap`` excludes the writers of other processes there, and ``guard`` does not.
    """

    exclusive: bool
    optimistic: bool = False

    @abstractmethod
    def read(self, key: str) -> tuple[bytes, Token] | None:
        """Return the bytes of `key` with a token for :meth:`swap`, or ``None`` when there is no such file."""

    def holds(self, key: str, token: Token | None) -> bool:
        """Whether `key` still is what `token` stands for (``None``: no such file).

        Stores that can tell without reading it into memory do so.
        """
        found = self.read(key)
        return (found[1] if found is not None else None) == token

    def reread(self, key: str, known: tuple[bytes, Token]) -> tuple[bytes, Token] | None:
        """Return what `read` does, where `known` is what was read before.

        Stores that can tell that it is unchanged without reading it do so.
        """
        return known if self.holds(key, known[1]) else self.read(key)

    def ahead(self, work: Callable[[], T]) -> Callable[[], T]:
        """Return what gives the result of reading `work`.

        Stores from which answers come late begin with it at once; others do it when asked for the result.
        """
        return work

    @abstractmethod
    def open(self, key: str) -> BinaryIO:
        """Open `key` for reading; seekable.

        What nobody but the caller can change may have its SHA-256 and size as attribute ``taken_digest``, if they were
        taken on the way.

        Raises
        ------
        FileNotFoundError
            When there is no such file.
        """

    def open_held(self, key: str, limit: int) -> BinaryIO:  # noqa: ARG002
        """Open as `open` does; stores that fetch whole files hold one of up to `limit` bytes in an `io.BytesIO`."""
        return self.open(key)

    def confirm(self, key: str) -> None:  # noqa: B027 - most stores give nothing else
        """Make sure that what was opened as `key` is that file, where no digest tells.

        Raises
        ------
        FileNotFoundError
            There is no such file; the store gives something else in its place.
        UnreadableError
            It cannot be told.
        """

    def is_claimed(self, key: str) -> bool:  # noqa: ARG002
        """Whether `key` only holds the name of a large file that is on its way, or whose writer was killed.

        Of stores that hold names so.
        """
        return False

    @abstractmethod
    def create(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Yield a new, seekable, readable and writable file that becomes `key` when the block ends well.

        All or nothing: under `key` appears either the whole content, made durable, or (the block or the store
        failing) nothing. A kill leaves at worst a temporary file.

        Raises
        ------
        Exists
            `key` is taken; what is there stays untouched. May be raised on entry or on leaving.
        """

    def batch(self) -> AbstractContextManager["Creator"]:
        """Yield what creates files that are there and durable, all together, when the block ends well.

        Stores to which one file alone costs as much as many do so; to others each is by itself.
        """
        return nullcontext(self)

    def at_hand(self, key: str, *folders: str) -> AbstractContextManager["Writer"]:  # noqa: ARG002
        """Yield what swaps `key` and creates files in `folders`, each perhaps once, while the caller holds its guard.

        What it creates is durable before what it swaps next is there, perhaps not earlier. Stores to which it takes
        time to make a file do so beforehand, so that nobody has to wait for that. What was not needed is gone when the
        block ends; a kill leaves at worst a temporary file each.
        """
        return nullcontext(self)

    def send_off(self) -> None:  # noqa: B027 - most stores let nothing wait
        """Do nothing: nothing waits."""

    def failed(self) -> Mapping[str, BaseException]:
        """Return nothing: what `create` has left well is there."""
        return {}

    def again(self, taken: str, key: str) -> None:  # noqa: ARG002
        """Refuse: nothing ever failed."""
        raise KeyError(taken)

    @abstractmethod
    def swap(self, key: str, data: bytes, expected: Token | None) -> Token:
        """Replace the content of `key` if it still is what `expected` stands for (``None``: no such file).

        Raises
        ------
        Stale
            It is something else by now; nothing was written.
        Unsure
            The new content may be there, or not.
        """

    @abstractmethod
    def replace(self, source: str, target: str) -> None:
        """Move `source` over `target`, whole and durable; afterwards there is no `source`."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Remove `key`; that there is none is no error."""

    def discard(self, keys: Iterable[str]) -> None:
        """Remove files that do no harm where they stay, as far as that is possible, and perhaps not for good."""
        for key in keys:
            with suppress(Exception):
                self.delete(key)

    @abstractmethod
    def keys(self, prefix: str) -> Iterator[str]:
        """Yield every key that begins with the folder `prefix` (``""``: all), in no order."""

    def files_in(self, folder: str) -> Iterator[str]:
        """Yield the keys of the files in `folder` itself (``""``: the root), not of those further below, in no order.

        Stores that can list one folder without what lies below it do so.
        """
        start = join(folder)
        return (key for key in self.keys(folder) if parent(key) == start)

    @abstractmethod
    def guard(self, key: str) -> AbstractContextManager[None]:
        """Exclude other writers of `key`, other threads and processes, while the block runs. Reentrant per thread.

        Raises
        ------
        LockTimeoutError
            Another writer held the guard for longer than the time allowed.
        """

    @abstractmethod
    def describe(self, key: str) -> str:
        """Return `key` as a user would write it: a path, or a URL."""

    # What stores answer, in the same words everywhere

    def _exists(self, key: str) -> Exists:
        return Exists(f"{self.describe(key)} exists already; choose another name.", path=self.describe(key))

    def _stale(self, key: str) -> Stale:
        return Stale(f"Someone else changed {self.describe(key)} meanwhile; read it again.", path=self.describe(key))

    def _unsure(self, key: str) -> Unsure:
        return Unsure(f"{self.describe(key)} may have been replaced, or not; read it again.", path=self.describe(key))
