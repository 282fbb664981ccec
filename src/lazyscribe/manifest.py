"""A manifest on its store: what this process last saw of it, and what a lost answer left open."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from lazyscribe.exception import LazyscribeError, UnreadableError
from lazyscribe.store.base import Store, Token

if TYPE_CHECKING:
    from lazyscribe.draft import Written
    from lazyscribe.journal.log import Journal


class Digests:
    """Digests of the states of one file, each quick if the file has only grown before its last two bytes.

    Its first 128 bits are enough: nobody gains by two manifests of one digest.
    """

    def __init__(self) -> None:
        self._last: list[tuple[bytes, Any, str]] = []

    def of(self, data: bytes) -> str:
        """Return the first half of the SHA-256, in hexadecimal."""
        from hashlib import sha256

        last = list(self._last)
        for known, _, digest in last:
            if known is data:
                return digest
        before = next((each for each in last if _begins_with(data, each[0])), None)
        start, state = (len(before[0]) - 2, before[1].copy()) if before is not None else (0, sha256())
        state.update(memoryview(data)[start : max(len(data) - 2, start)])
        whole = state.copy()
        whole.update(data[max(len(data) - 2, start) :])
        found: str = whole.hexdigest()[:32]
        self._last = [(data, state, found), *last[:1]]
        return found


def _begins_with(data: bytes, known: bytes) -> bool:
    """Whether `data` begins with all of `known` but its last two bytes."""
    end = len(known) - 2
    return 0 <= end <= len(data) - 2 and data.startswith(memoryview(known)[:end])


class Manifest:
    """A manifest as this process last saw it.

    Attributes
    ----------
    data, token
        Its bytes and the store's token for them, ``None`` where there was no file.
    attempt
        The bytes of a commit whose answer was lost; ``None`` after one that was answered.
    trying, tried
        The entries of records that a save is about, and those that such a commit may have written; ``None``: any.
    unsure
        The files of such a commit, by key. Saving again takes them for its own.
    spent
        Iterators that were handed to a handler by saves that failed.
    journal
        What is known of its journal; shared with twins.
    """

    def __init__(self, store: Store, key: str) -> None:
        self.store = store
        self.key = key
        self.data: bytes | None = None
        self.token: Token | None = None
        self.attempt: bytes | None = None
        self.trying: list[Any] | None = None
        self.tried: list[Any] | None = None
        self.unsure: dict[str, Written] = {}
        self.spent: list[Any] = []
        self._digests = Digests()

    @cached_property
    def place(self) -> str:
        """The manifest as a user would write it."""
        return self.store.describe(self.key)

    @cached_property
    def journal(self) -> Journal:
        """See the attributes of the class."""
        from lazyscribe.journal.log import Journal

        return Journal(self.store, self.key)

    def digest(self, data: bytes | None) -> str:
        """Return what the journal calls a manifest by; an empty text for none."""
        return self._digests.of(data) if data is not None else ""

    def read(self) -> bytes | None:
        """Read the manifest; what was read becomes what this process last saw."""
        self.data, self.token = self.peek()
        return self.data

    def twin(self) -> Manifest:
        """Return another one that saw the same."""
        twin = Manifest(self.store, self.key)
        twin.data, twin.token, twin.attempt, twin.unsure = self.data, self.token, self.attempt, dict(self.unsure)
        twin.__dict__["journal"], twin._digests = self.journal, self._digests
        return twin

    def __getstate__(self) -> dict[str, Any]:
        kept = {name: value for name, value in self.__dict__.items() if name not in ("journal", "_digests")}
        return {**kept, "trying": None, "tried": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._digests = Digests()

    def peek(self, known: tuple[bytes | None, Token | None] = (None, None)) -> tuple[bytes | None, Token | None]:
        """Read the manifest and remember nothing; `known` is what the last call has returned."""
        data, token = known if known[0] is not None else (self.data, self.token)
        try:
            if data is None:
                return self.store.read(self.key) or (None, None)
            return self.store.reread(self.key, (data, token)) or (None, None)
        except LazyscribeError:
            raise
        except OSError as error:
            message = f"{self.place} cannot be read ({error}); see what is there, or give another path."
            raise UnreadableError(message, path=self.place) from error
