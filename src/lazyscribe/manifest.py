"""A manifest on its store: what this process last saw of it, and what a lost answer left open."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from lazyscribe.exception import LazyscribeError, UnreadableError
from lazyscribe.store.base import Store, Token

if TYPE_CHECKING:
    from lazyscribe.stage import Written


class Manifest:
    """A manifest as this process last saw it.

    Attributes
    ----------
    data, token
        Its bytes and the store's token for them, ``None`` where there was no file.
    attempt
        The bytes of a commit whose answer was lost; ``None`` after one that was answered.
    unsure
        The files of such a commit, by key. Saving again takes them for its own.
    spent
        Iterators that were handed to a handler by saves that failed.
    """

    def __init__(self, store: Store, key: str) -> None:
        self.store = store
        self.key = key
        self.data: bytes | None = None
        self.token: Token | None = None
        self.attempt: bytes | None = None
        self.unsure: dict[str, Written] = {}
        self.spent: list[Any] = []

    @cached_property
    def place(self) -> str:
        """The manifest as a user would write it."""
        return self.store.describe(self.key)

    def read(self) -> bytes | None:
        """Read the manifest; what was read becomes what this process last saw."""
        self.data, self.token = self.peek()
        return self.data

    def twin(self) -> Manifest:
        """Return another one that saw the same."""
        twin = Manifest(self.store, self.key)
        twin.data, twin.token, twin.attempt, twin.unsure = self.data, self.token, self.attempt, dict(self.unsure)
        return twin

    def peek(self) -> tuple[bytes | None, Token | None]:
        """Read the manifest and remember nothing."""
        try:
            if self.data is None:
                return self.store.read(self.key) or (None, None)
            return self.store.reread(self.key, (self.data, self.token)) or (None, None)
        except LazyscribeError:
            raise
        except OSError as error:
            message = f"{self.place} cannot be read ({error}); see what is there, or give another path."
            raise UnreadableError(message, path=self.place) from error
