"""Repositories in time: aliases, deletions with a trace, moments, and why a version was chosen."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from lazyscribe import _utils
from lazyscribe._dates import to_text
from lazyscribe.exception import (
    InvalidArgumentError,
    LazyscribeError,
    UnreadableError,
    UsageError,
    VersionDeletedError,
    VersionNotFoundError,
)
from lazyscribe.journal.pending import Move
from lazyscribe.lookup import Match, Version, VersionReader
from lazyscribe.records.entries import Entry

if TYPE_CHECKING:
    from lazyscribe.artifacts.base import Artifact
    from lazyscribe.history import Commit
    from lazyscribe.index import Selector
    from lazyscribe.journal.entries import Pointer
    from lazyscribe.merge_fields import Prefer
    from lazyscribe.moment import Moment


class TimeMachine(VersionReader):
    """What a repository knows of its past."""

    _moment: Moment | None = None

    # Aliases

    def set_alias(self, name: str, alias: str, version: Version = None, match: Match = "exact") -> None:
        """Let ``@alias`` mean a version of `name`, one that is not saved yet too; written at the next save.

        Parameters
        ----------
        alias
            Without the ``@``.
        version, match
            As for `load_artifact`; default: the newest that has not expired.

        Raises
        ------
        ReadOnlyError
            Opened with ``mode="r"``.
        ValueError
            `alias` is no text, empty, or begins with ``@``. Others as `load_artifact`.
        """
        self._refuse_if_read_only("set an alias in")
        self._pending.moves.append(Move(name, _checked(alias), self._find(name, version, match)))

    def remove_alias(self, name: str, alias: str) -> None:
        """Let ``@alias`` mean no version of `name` any more; written at the next save.

        Raises
        ------
        ReadOnlyError
            Opened with ``mode="r"``.
        VersionNotFoundError
            There is no such alias.
        """
        self._refuse_if_read_only("remove an alias from")
        if _checked(alias) not in self.aliases(name):
            raise self._no_alias(name, alias)
        self._pending.moves.append(Move(name, alias, None))

    def aliases(self, name: str) -> dict[str, int]:
        """Return the aliases of `name`, sorted, and the numbers of the versions that they mean."""
        found: dict[str, int] = {}
        for alias, pointer in self._pointers().get(name, {}).items():
            entry = self._entry_of(name, pointer)  # its number is another one if a merge by git has changed it
            found[alias] = pointer.version if entry is None else entry.known.version
        for move in self._pending.moves:
            if move.name == name:
                found.pop(move.alias, None)
                if move.entry is not None:
                    found[move.alias] = move.entry.known.version
        return dict(sorted(found.items()))

    def _pointers(self) -> dict[str, dict[str, Pointer]]:
        """Return where aliases point to in what this object has read; looked up once, unless that is not sure."""
        known: list[dict[str, dict[str, Pointer]]] = self._pending.pointers  # before the manifest that is asked for
        if known:
            return known[0]
        if self._replacing:
            return {}
        from lazyscribe.moment import pointers_of

        found, sure = pointers_of(self)
        if sure:
            known[:] = [found]
        return found

    def _aliased(self, name: str, alias: str) -> Entry[Artifact]:
        for move in reversed(self._pending.moves):
            if (move.name, move.alias) == (name, alias):
                if move.entry is None:
                    break
                entry: Entry[Artifact] = move.entry
                return entry
        else:
            pointer = self._pointers().get(name, {}).get(alias)
            if pointer is not None:
                return self._pointed(name, alias, pointer)
        raise self._no_alias(name, alias)

    def _pointed(self, name: str, alias: str, pointer: Pointer) -> Entry[Artifact]:
        entry = self._entry_of(name, pointer)
        if entry is not None:
            return entry
        what = f"The alias '@{alias}' of {name!r} means version {pointer.version}"
        message = f"{what}, which {self.fpath} does not hold; point it to another one."
        missing = VersionNotFoundError(message, name=name, version=f"@{alias}")
        told = self._trace(name, lambda gone: gone.fname == pointer.fname, missing)
        if told is not None:
            raise VersionDeletedError(f"{what}, which {told[0]}; point it to another one.", **told[1])
        raise missing

    def _entry_of(self, name: str, pointer: Pointer) -> Entry[Artifact] | None:
        """Return what a pointer means; by its file alone, of which there are many, only if its number has changed."""

        def those(entries: list[Entry[Artifact]]) -> Entry[Artifact] | None:
            return next((entry for entry in entries if entry.known.fname == pointer.fname), None)

        found = those(self._records.numbered(name, pointer.version))
        return found if found is not None else those(self._records.named(name))

    def _no_alias(self, name: str, alias: str) -> VersionNotFoundError:
        known = ", ".join(f"'@{each}'" for each in self.aliases(name)) or "none"
        message = f"{self.fpath} has no alias '@{alias}' of {name!r}; it has: {known}."
        return VersionNotFoundError(message, name=name, version=f"@{alias}")

    # Deleting

    def delete(self, name: str, version: Version, reason: str) -> None:
        """Take a version out at the next save, and say why; its file stays, its number is not used again.

        Parameters
        ----------
        version
            A number, a date or an alias, as for `load_artifact`.

        Raises
        ------
        ReadOnlyError
            Opened with ``mode="r"``, or with ``"a"`` and the version is in the file.
        ValueError
            `reason` is no text, or empty. Others as `load_artifact`.
        """
        self._refuse_if_read_only("delete a version from")
        if not str(reason).strip() or reason is None:
            raise InvalidArgumentError(f"Say in words why {name!r} is to be deleted, not {reason!r}.", name=name)
        entry = self._find(name, version, "exact")
        with self._records.lock:
            known = entry.known
            self._records.take_out(entry)
            self._pending.reasons[f"{known.name}\0{known.fname}"] = reason

    def _not_found(self, name: str, version: Version, selector: Selector) -> LazyscribeError:
        from lazyscribe.index import Number, On

        missing = super()._not_found(name, version, selector)
        match selector:
            case Number(number):
                told = self._trace(name, lambda gone: gone.version == number, missing)
            case On(date):
                told = self._trace(name, lambda gone: gone.date == to_text(date), missing)
            case _:
                told = None
        if told is None:
            return missing
        words, facts = told
        what = f"Version {facts['version']} of {name!r} {words}"
        return VersionDeletedError(f"{what}; load another one, or this one by at(known=...).", **facts)

    def _trace(self, name: str, meant: Any, missing: LazyscribeError) -> tuple[str, dict[str, Any]] | None:
        """Return when, by whom and why a version was taken out that is `meant`, in words and as facts.

        If the journal cannot be read, a note says so to the error that a version is `missing`.
        """
        from lazyscribe.moment import trace

        try:
            return trace(self, name, meant)
        except UnreadableError as error:
            missing.add_note(f"Whether it was deleted is not known: {error}")
            return None

    # Moments

    def history(self, name: str | None = None) -> list[Commit]:
        """Return what every commit did, the first one first, as the journal tells now; see `Commit`.

        Parameters
        ----------
        name
            Only what was done to versions and aliases of this name.
        """
        from lazyscribe.history import history

        return history(self, name)

    def at(self, valid: datetime | str | None = None, known: datetime | str | int | None = None) -> Self:
        """Return a read-only repository as it was valid at one moment, as far as it was known at another.

        It is what is saved now that this looks back from. Dates are compared to the second.

        Parameters
        ----------
        valid
            A date or its ISO 8601 text: no version or alias that came later is there, versions that were deleted later
            are; the newest is the one that had not expired then. Default: now.
        known
            A date, or number or id of an entry of the `history`: what was saved later does not count. Default: all.
            What another program saved counts from the commit on that observed it.

        Raises
        ------
        ValueError
            One of them is no date.
        VersionNotFoundError
            There is no such entry.
        """
        from lazyscribe.moment import at

        return at(self, valid, known)

    def explain(self, name: str, version: Version = None, match: Match = "exact") -> str:
        """Return in words which version these arguments mean to `load_artifact`, and why no newer one.

        Raises
        ------
        ValueError
            As `load_artifact`, but for versions that are not there: that is explained, too.
        """
        from lazyscribe.explanation import explain

        return explain(self, name, version, match)

    def _now(self) -> datetime:
        return self._moment.now if self._moment is not None else _utils.utcnow()

    def load(self) -> None:
        """Read the file; what was in memory and not saved is gone. A missing file is an empty one."""
        self._refuse_in_a_moment()
        super().load()

    def reload(self, on_conflict: Prefer = "raise") -> None:
        """Take in what others saved; see `Document.reload`."""
        self._refuse_in_a_moment()
        super().reload(on_conflict)

    def _refuse_in_a_moment(self) -> None:
        if self._moment is not None:
            message = f"This is {self.fpath} as of a moment, which does not change; open the file to see what is new."
            raise UsageError(message, path=str(self.fpath))


def _checked(alias: Any) -> str:
    if not isinstance(alias, str) or not alias.strip() or alias.startswith("@") or not alias.isprintable():
        message = f"{alias!r:.80} cannot be an alias; give a printable text that does not begin with '@'."
        raise InvalidArgumentError(message, alias=alias)
    return alias
