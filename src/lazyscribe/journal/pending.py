"""What the next save is to tell the journal beside what the records say."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lazyscribe.journal.entries import Summary


class Move:
    """An alias on its way: to the version that `entry` (of the list of records) holds, or, with none, away."""

    __slots__ = ("alias", "entry", "name")

    def __init__(self, name: str, alias: str, entry: Any) -> None:
        self.name = name
        self.alias = alias
        self.entry = entry


class Pending:
    """What was asked for since the last save.

    Attributes
    ----------
    moves
        Of aliases, in order.
    reasons
        Why records are deleted, by key.
    notes
        What else is to stand in the entry, by kind; a save that has nothing else to tell is told by these.
    condition
        Asked under the guard of what the journal tells by then; an error that it raises ends the save.
    kept
        Whether memory holds records that a reload did not find in the manifest any more: no change of theirs tells that
        they come back.
    pointers
        Where the saved aliases point to, once somebody asked; empty: not known. Another list as soon as that may be no
        longer true, so that nobody keeps what was looked up before.
    told
        The ids of entries that were to tell of this, with what they told; copies share it. One counts perhaps although
        its save has failed.
    """

    def __init__(self) -> None:
        self.moves: list[Move] = []
        self.reasons: dict[str, str] = {}
        self.notes: dict[str, list[Any]] = {}
        self.condition: Callable[[Summary], None] | None = None
        self.kept = False
        self.pointers: list[Any] = []
        self.told: list[tuple[str, Pending]] = []
        self._unbound = False

    def placed(self, entries: list[Any]) -> Pending:
        """Return one that pickles: moves know the places of their entries among `entries`."""
        places = {id(entry): place for place, entry in enumerate(entries)} if self.moves else {}
        twin = self.copy()
        twin.told = []
        twin.moves = [Move(each.name, each.alias, places.get(id(each.entry))) for each in self.moves]
        twin._unbound = bool(twin.moves)
        return twin

    def bind(self, entries: Callable[[], list[Any]]) -> None:
        """Undo what `placed` did, once the entries are there."""
        if self._unbound:
            self._unbound, there = False, entries()
            for move in self.moves:
                move.entry = there[move.entry] if move.entry is not None else None

    def copy(self) -> Pending:
        """Return what there is now: what comes later is for a later save."""
        twin = Pending()
        twin.moves, twin.reasons = list(self.moves), dict(self.reasons)
        twin.condition, twin.kept = self.condition, self.kept
        twin.notes = {kind: list(told) for kind, told in self.notes.items()}
        twin.told = self.told
        return twin

    def without_told(self, counts: Callable[[str], bool]) -> Pending:
        """Return what is left to tell: others may have moved an alias since it was moved by an entry that counts."""
        left = self.copy()
        for entry, done in self.told:
            if counts(entry):
                left._leave_out(done)
        return left

    def settle(self, done: Pending) -> None:
        """Forget what `done` held, and what was known before."""
        self.pointers, self.kept = [], False
        self._leave_out(done)
        self.told = []

    def _leave_out(self, done: Pending) -> None:
        self.moves = [move for move in self.moves if move not in done.moves]
        self.reasons = {key: reason for key, reason in self.reasons.items() if key not in done.reasons}
        for kind, told in done.notes.items():
            self.notes[kind] = self.notes.get(kind, [])[len(told) :]
        self.notes = {kind: told for kind, told in self.notes.items() if told}
