"""The places of records in a list, made and read many at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from lazyscribe.codec.texts import Source, Texts

T = TypeVar("T")


_STATE = ("text", "head", "obj", "frozen", "unknown")
_NOTHING: Mapping[str, Any] = {}


class Entry(Generic[T]):
    """One place in a list.

    Attributes
    ----------
    text
        The record as in the manifest last read or written; ``None`` for one that was never saved.
    saved
        Whether there is a text.
    head
        What look-ups need of a record that is not built.
    obj
        The object, once it was asked for.
    frozen
        The object was made from `text` and cannot be changed: saving writes `text`.
    unknown
        Keys of the record that this version does not know, kept for whoever wrote them; ``None``: not read yet.
    seen
        What the object looked like when its record was `text`, where the owner knows it; not set until then.
    """

    __slots__ = ("_at", "_texts", "frozen", "head", "obj", "saved", "seen", "unknown")

    _at: Any
    _texts: Texts | None
    saved: bool
    seen: Any

    def __init__(self, text: bytes | None = None, head: Any = None, obj: T | None = None) -> None:
        self._texts, self._at, self.saved = None, text, text is not None  # as `text` does it
        self.head = head
        self.obj = obj
        self.frozen = False
        self.unknown: Any = _NOTHING

    @classmethod
    def all_of(cls, texts: Texts, heads: Iterable[Any], start: int = 0) -> list[Entry[T]]:
        """Return the entries of a manifest from `start` on; their texts are cut when they are asked for."""
        new, entries = cls.__new__, []
        for position, head in enumerate(heads, start):  # this runs once for each record of a file that is opened
            entry = new(cls)
            entry._texts, entry._at, entry.saved = texts, position, True
            entry.head, entry.obj, entry.frozen, entry.unknown = head, None, False, _NOTHING
            entries.append(entry)
        return entries

    @staticmethod
    def buffers(entries: Iterable[Entry[Any]]) -> list[Any]:
        """Return the texts of many saved entries at once, as buffers of bytes."""
        cut: dict[Texts | None, Any] = {}
        found = []
        for entry in entries:
            texts = entry._texts
            if texts is None:
                found.append(entry._at)
                continue
            if texts not in cut:
                cut[texts] = texts.formatted()
            found.append(cut[texts][entry._at])
        return found

    @staticmethod
    def beginning(entries: Sequence[Entry[Any]]) -> Texts | None:
        """Return the texts of a manifest if `entries` are its first records in their order, none of them built."""
        texts = entries[0]._texts if entries else None
        if texts is None or any(entry.obj is not None or entry._texts is not texts for entry in entries):
            return None
        return texts if [entry._at for entry in entries] == list(range(len(entries))) else None

    @property
    def text(self) -> bytes | None:
        """See the attributes of the class."""
        return self._at if self._texts is None else self._texts[self._at]

    @text.setter
    def text(self, text: bytes | None) -> None:
        self._texts, self._at, self.saved = None, text, text is not None

    @property
    def raw(self) -> bytes | None:
        """The record as it stands in the file, in whatever format: enough to decode it."""
        return self._at if self._texts is None else self._texts.raw(self._at)

    def source(self) -> Source:
        """Return where the present `raw` is to be had, whatever becomes of this entry."""
        return self._texts, self._at

    @property
    def known(self) -> Any:
        """What is known of the record without building it: the object if there is one, else the head."""
        return self.obj if self.obj is not None else self.head

    def state(self) -> tuple[Any, ...]:
        """Return what pickles."""
        return tuple(getattr(self, name) for name in _STATE)

    def twin(self) -> Entry[T]:
        """Return another entry of the same record and object."""
        return Entry.restored(self.state())

    @classmethod
    def restored(cls, state: tuple[Any, ...]) -> Entry[T]:
        """Return the entry that gave `state`."""
        entry: Entry[T] = cls()
        for name, value in zip(_STATE, state, strict=True):
            setattr(entry, name, value)
        return entry


def in_parts(entries: list[Entry[T]]) -> Iterator[list[Entry[T]]]:
    """Yield runs of entries, a short one first, that are worth being read at once."""
    start, size = 0, 8
    while start < len(entries):
        yield entries[start : start + size]
        start, size = start + size, min(2 * size, 1024)


class Unmade(Generic[T]):
    """The entries of a whole manifest, as long as nobody has asked for all of them.

    Attributes
    ----------
    made
        Those that were asked for one by one, by their places.
    """

    __slots__ = ("heads", "made", "texts")

    def __init__(self, texts: Texts, heads: list[Any]) -> None:
        self.texts = texts
        self.heads = heads
        self.made: dict[int, Entry[T]] = {}

    def entry(self, position: int) -> Entry[T]:
        """Return one of them, the same each time."""
        found = self.made.get(position)
        if found is None:
            (found,) = Entry.all_of(self.texts, self.heads[position : position + 1], position)
            self.made[position] = found
        return found

    def known(self, positions: Sequence[int] | None = None) -> list[Any]:
        """Return what is known of those at some places, or of all, as their entries would tell; not to be changed."""
        heads = self.heads
        if self.made:
            heads = heads.copy()
            for position, entry in self.made.items():
                heads[position] = entry.known
        return heads if positions is None else [heads[position] for position in positions]

    def all(self) -> list[Entry[T]]:
        """Return all of them."""
        entries: list[Entry[T]] = Entry.all_of(self.texts, self.heads)
        for position, entry in self.made.items():
            entries[position] = entry
        return entries
