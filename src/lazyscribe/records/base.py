"""A list of records that are objects once somebody asks for them."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableSequence, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload
from weakref import ref

from lazyscribe._utils import without_collections
from lazyscribe.exception import NotInListError
from lazyscribe.records.entries import Entry, Unmade, in_parts

if TYPE_CHECKING:
    pass

T = TypeVar("T")


class Owner(Generic[T]):
    """What a list asks of the project or repository that it belongs to."""

    @abstractmethod
    def _build(self, entry: Entry[T]) -> T:
        """Make the object of `entry`, whose ``obj`` is ``None``."""

    @abstractmethod
    def _may_add(self, obj: T) -> None:
        """Refuse an object that may not join."""

    @abstractmethod
    def _may_remove(self, entry: Entry[T]) -> None:
        """Refuse the removal of an entry."""


class RecordList(MutableSequence[T]):
    """List-like; the same place gives the same object each time.

    `index` and `remove` take the very object, not one that is equal. Each call is safe from many threads; iterating
    goes over the state at its start. Slices are plain lists.

    It keeps its owner only if it was handed out, by `kept`. So a project or repository that nobody holds any more is
    gone at once, and all that it has read with it, which no garbage collector would know to be much.

    Attributes
    ----------
    burnt
        By name, the highest number that was ever deleted, as far as is known.
    """

    _entries: list[Entry[T]]

    def __init__(self, owner: Owner[T], entries: Iterable[Entry[T]] | Unmade[T] = ()) -> None:
        self._whose = ref(owner)
        self._kept: Owner[T] | None = None
        self.lock = threading.RLock()
        if isinstance(entries, Unmade):
            self._unmade = entries
        else:
            self._entries = list(entries)
        self._removed: list[Entry[T]] = []
        self.burnt: Mapping[str, int] = {}
        self._reindex()

    def kept(self) -> Self:
        """Return itself, for whoever may hold it and let go of its owner."""
        self._kept = self._owner
        return self

    @property
    def _owner(self) -> Owner[T]:
        owner = self._kept if self._kept is not None else self._whose()
        assert owner is not None, "whoever holds a list that was not handed out holds its owner"
        return owner

    def __getattr__(self, name: str) -> Any:
        if name != "_entries":
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
        with self.lock, without_collections():
            if "_entries" not in self.__dict__:
                unmade: Unmade[T] = self.__dict__.pop("_unmade")
                self._entries = unmade.all()
            return self._entries

    def _entry(self, position: int) -> Entry[T]:
        """Return the entry at a place, without making others; the caller holds the lock."""
        unmade: Unmade[T] | None = self.__dict__.get("_unmade")
        return self._entries[position] if unmade is None else unmade.entry(position)

    def _known(self, positions: Sequence[int] | None = None) -> list[Any]:
        """Return what is known of the records at some places, or of all, without making entries.

        The caller holds the lock, and changes nothing of what it gets.
        """
        unmade: Unmade[T] | None = self.__dict__.get("_unmade")
        if unmade is not None:
            return unmade.known(positions)
        entries = self._entries
        if positions is None:
            return [entry.known for entry in entries]
        return [entries[position].known for position in positions]

    @abstractmethod
    def _reindex(self) -> None:
        """Forget what look-up tables hold."""

    def _appended(self, position: int) -> None:
        """Bring look-up tables up to date with a new entry behind all that they know; by default they are forgotten."""
        del position
        self._reindex()

    def forget_tables(self) -> None:
        """Take note that names have changed which look-ups go by."""
        with self.lock:
            self._reindex()

    def withdraw(self, start: int, entries: list[Entry[T]]) -> bool:
        """Take what stands from `start` on out of look-up tables, if the list still is `entries`.

        The caller holds the lock; it may then change those objects, and puts what stands there in place by `put_from`.
        """
        if self._entries != entries:
            return False
        self._leave(self._entries[start:])
        return True

    def put_from(self, start: int, entries: list[Entry[T]]) -> None:
        """Let `entries` stand from `start` on, after `withdraw`."""
        self._entries[start:] = entries
        for position in range(start, len(self._entries)):
            self._appended(position)

    def _leave(self, entries: list[Entry[T]]) -> None:
        """Bring look-up tables up to date with the last entries having left; by default they are forgotten."""
        del entries
        self._reindex()

    def snapshot(self) -> list[Entry[T]]:
        """Return the entries as they stand."""
        with self.lock:
            return list(self._entries)

    def removed(self) -> list[bytes]:
        """Return the texts of the saved records that were taken out and not put in again."""
        with self.lock:
            if not self._removed:
                return []
            present = {id(entry) for entry in self._entries}
            return [entry.text for entry in self._removed if entry.text is not None and id(entry) not in present]

    def taken_out(self) -> list[Entry[T]]:
        """Return the entries that were taken out since the last save."""
        with self.lock:
            return list(self._removed)

    def forget_removed(self, entries: list[Entry[T]]) -> None:
        """Take note that the manifest does not hold the records of these removed entries any more."""
        with self.lock:
            gone = {id(entry) for entry in entries}
            self._removed = [entry for entry in self._removed if id(entry) not in gone]

    def replace_entries(self, entries: list[Entry[T]], before: list[Entry[T]]) -> list[Entry[T]]:
        """Put `entries` in the place of those that `before` held; entries added since stay, those removed stay away.

        Returns those that were added since.
        """
        with self.lock:
            known, now = {id(entry) for entry in before}, {id(entry) for entry in self._entries}
            added = [entry for entry in self._entries if id(entry) not in known]
            self._entries = [entry for entry in entries if id(entry) in now or id(entry) not in known]
            self._reindex()
            for entry in added:
                self._entries.insert(self._place_of(entry), entry)
            self._reindex()
            return added

    def get(self, entry: Entry[T]) -> T:
        """Return the object of `entry`, built at the first call."""
        if entry.obj is None:
            with self.lock:
                if entry.obj is None:
                    return self._owner._build(entry)
        assert entry.obj is not None
        return entry.obj

    def _place_of(self, entry: Entry[T]) -> int:
        """Return where an appended entry goes."""
        del entry
        return len(self._entries)

    def _insert(self, position: int, entry: Entry[T]) -> None:
        at_end = position >= len(self._entries)
        self._entries.insert(position, entry)
        if at_end:
            self._appended(len(self._entries) - 1)
        else:
            self._reindex()

    def _wrap(self, obj: T) -> Entry[T]:
        self._owner._may_add(obj)
        return Entry(obj=obj)

    def append(self, value: T) -> None:
        """Add an object where the order of the list wants it: at the end, unless the list is sorted."""
        with self.lock:
            entry = self._wrap(value)
            self._insert(self._place_of(entry), entry)

    def insert(self, index: int, value: T) -> None:
        """Add an object before position `index`."""
        with self.lock:
            position = range(len(self._entries) + 1)[max(min(index, len(self._entries)), -len(self._entries) - 1)]
            position = position if index >= 0 else max(len(self._entries) + index, 0)
            self._insert(position, self._wrap(value))

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        with self.lock:
            found = self._entries[index]
        return [self.get(entry) for entry in found] if isinstance(found, list) else self.get(found)

    @overload
    def __setitem__(self, index: int, value: T) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[T]) -> None: ...
    def __setitem__(self, index: int | slice, value: Any) -> None:
        with self.lock:
            gone = self._entries[index]
            old = gone if isinstance(gone, list) else [gone]
            values = list(value) if isinstance(index, slice) else [value]
            new = self._reuse(old, values)
            if isinstance(index, slice):
                self._entries[index] = new
            else:
                self._entries[index] = new[0]
            self._reindex()

    def _reuse(self, old: list[Entry[T]], values: list[T]) -> list[Entry[T]]:
        """Return entries for `values`; an object that had a place in `old` keeps its entry."""
        held = {id(entry.obj): entry for entry in old if entry.obj is not None}
        kept = {id(value) for value in values}
        for entry in old:
            if entry.obj is None or id(entry.obj) not in kept:
                self._owner._may_remove(entry)
        self._removed += [entry for entry in old if entry.obj is None or id(entry.obj) not in kept]
        return [held.get(id(value)) or self._wrap(value) for value in values]

    def __delitem__(self, index: int | slice) -> None:
        with self.lock:
            gone = self._entries[index]
            old = gone if isinstance(gone, list) else [gone]
            for entry in old:
                self._owner._may_remove(entry)
            del self._entries[index]
            self._removed += old
            self._reindex()

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[T]:
        return self._each(self._owner)

    def _each(self, owner: Owner[T]) -> Iterator[T]:
        for entries in in_parts(self.snapshot()):
            with self.lock, without_collections(), suppress(Exception):  # an error waits for its turn
                for entry in entries:
                    if entry.obj is None:
                        owner._build(entry)
            for entry in entries:
                yield entry.obj if entry.obj is not None else self.get(entry)

    def __contains__(self, value: object) -> bool:
        return any(each is value or each == value for each in self)

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        """Return the position of this very object; `ValueError` if it has none."""
        entries = self.snapshot()
        for position in range(*slice(start, stop).indices(len(entries))):
            if entries[position].obj is value:
                return position
        raise NotInListError(f"{value!r:.80} is not in this list; look it up in the list that it came from.")

    def remove(self, value: T) -> None:
        """Take this very object out; `ValueError` if it is not there."""
        with self.lock:
            del self[self.index(value)]

    def sort(self, *, key: Callable[[T], Any] | None = None, reverse: bool = False) -> None:
        """Sort in place, as a list does."""
        with self.lock:
            order: Callable[[Entry[T]], Any] = self.get if key is None else lambda entry: key(self.get(entry))
            self._entries.sort(key=order, reverse=reverse)
            self._reindex()

    def copy(self) -> list[T]:
        """Return the objects as a plain list."""
        return list(self)

    def __add__(self, other: Iterable[T]) -> list[T]:
        return [*self, *other]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (list, RecordList)):
            return NotImplemented
        return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(self))

    def __getstate__(self) -> dict[str, Any]:
        return {"owner": self._owner, "entries": [each.state() for each in self.snapshot()]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        entries: list[Entry[T]] = [Entry.restored(each) for each in state["entries"]]
        self.__init__(state["owner"], entries)  # type: ignore[misc]
        self._kept = state["owner"]
