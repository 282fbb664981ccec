"""Releases in a repository: told in its journal, promoted as a whole, and taken back as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self, TypeAlias, cast

from lazyscribe._dates import to_text
from lazyscribe.exception import (
    CheckFailedError,
    ConflictError,
    LazyscribeError,
    UnreadableError,
    VersionNotFoundError,
)
from lazyscribe.journal.pending import Move
from lazyscribe.keywords import choice
from lazyscribe.manifest import Manifest
from lazyscribe.timeline import TimeMachine

if TYPE_CHECKING:
    from lazyscribe.journal.entries import LogEntry, Summary
    from lazyscribe.merge_fields import Prefer
    from lazyscribe.release_lock import Lock
    from lazyscribe.releases import Release
    from lazyscribe.repository import Repository

Check: TypeAlias = "Callable[[Repository], Any]"

PROMOTED, ROLLED_BACK, RELEASED = "promoted", "rolled_back", "released"
"""The kinds of notes in the journal."""

TRIES = 20
"""How often a rollback is worked out again because an alias has moved just then."""


class Releasing(TimeMachine):
    """What a repository does with releases."""

    def promote(
        self,
        release: Release | Lock | str,
        alias: str,
        checks: Mapping[str, Check] | None = None,
        message: str | None = None,
    ) -> dict[str, Any]:
        """Let ``@alias`` mean the versions of a release: of all its names, in one commit, or of none.

        It is written at once; what is not saved of this repository stays so. Aliases of names that the release does
        not hold stay where they are. Of two promotions at once, the one that is written later counts, as a whole.

        Parameters
        ----------
        release
            Or its lock, of which every file is verified first; or the tag of one of the `releases`.
        checks
            By name, what is called with a read-only repository of the release's versions before anything is written.
            One that raises an exception or answers false does not pass; ``None`` passes.
        message
            Why, for the `history`.

        Returns
        -------
        dict
            What each check answered, as the journal keeps it.

        Raises
        ------
        ReadOnlyError
            Opened with ``mode="r"``.
        CheckFailedError
            A check did not pass; it names each that did not.
        VersionNotFoundError, ValueError
            No release of that tag; a version that is not there; an alias that cannot be one.
        SaveError
            Nothing was written. `CommitUnknownError`: doing it again is harmless.
        """
        self._refuse_if_read_only("promote a release in")
        fresh = self._anew()
        chosen = fresh._release(release) if isinstance(release, str) else release
        for name, version in chosen.artifacts:
            fresh.set_alias(name, alias, version)
        answers = _answers(chosen, fresh._anew("r"), checks or {})
        told = {"tag": chosen.tag, "created_at": to_text(chosen.created_at), "artifacts": list(chosen.artifacts)}
        notes = fresh._pending.notes
        notes[PROMOTED] = [{**told, "alias": alias, "checks": answers}]
        if chosen.tag not in {each["tag"] for each in _notes(fresh._entries(), RELEASED)}:
            notes[RELEASED] = [told]
        fresh.save(message=message or f"Promote the release {chosen.tag!r} to @{alias}")
        self._take_in()
        return answers

    def rollback(self, alias: str, on_conflict: Prefer = "raise", message: str | None = None) -> None:
        """Let ``@alias`` mean what it meant before the last release was promoted to it: of all names, in one commit.

        It is written at once; what is not saved of this repository stays so. Again: before the release before that.
        Only what that promotion moved is moved back.

        Parameters
        ----------
        on_conflict
            What happens to an alias that has been moved by itself since: ``"raise"`` an error, and nothing is moved;
            move it back with the others (``"ours"``); leave it where it is now (``"theirs"``).
        message
            Why, for the `history`.

        Raises
        ------
        ReadOnlyError
            Opened with ``mode="r"``.
        ConflictError
            See `on_conflict`.
        VersionNotFoundError
            No release was promoted to this alias, or all were taken back; or a version is not there any more.
        UnreadableError
            Something of the history cannot be read.
        SaveError
            As `promote`.
        """
        self._refuse_if_read_only("roll back an alias in")
        choice("on_conflict", on_conflict, ("raise", "ours", "theirs"))
        for turn in range(TRIES):
            try:
                self._anew()._roll_back(alias, on_conflict, message)
                break
            except ConflictError as error:
                if vars(error)["conflicts"] or turn == TRIES - 1:  # without: something has changed just then
                    raise
        self._take_in()

    def _roll_back(self, alias: str, on_conflict: Prefer, message: str | None) -> None:
        from lazyscribe.journal.entries import summarised
        from lazyscribe.merge_fields import ABSENT, Conflict

        entries = self._whole_history()
        place, *repeated = self._last_promotion(entries, alias)
        entry = entries[place]
        moved = [each for each in entry.aliased if each.alias == alias]
        before, now = summarised(entries[:place]).aliases, summarised(entries).aliases
        conflicts = []
        for each in moved:
            target, current = before.get(each.name, {}).get(alias), now.get(each.name, {}).get(alias)
            if (current.fname if current is not None else None) != each.fname:
                values = [each.version if each else ABSENT for each in (each, current, target)]
                conflicts.append(Conflict(each.name, (f"@{alias}",), *values))
                if on_conflict == "theirs":
                    continue
            meant = self._pointed(each.name, alias, target) if target is not None else None
            self._pending.moves.append(Move(each.name, alias, meant))
        if conflicts and on_conflict == "raise":
            listed = "; ".join(map(str, conflicts))
            words = f"@{alias} was moved since {_tag(entry, alias)!r} was promoted to it: {listed}"
            text = f"{words}. Decide with on_conflict='ours' or 'theirs'."
            raise ConflictError(text, path=self._manifest.place, conflicts=conflicts)
        self._pending.condition = self._unmoved(alias, [each.name for each in moved], now)
        told = {"alias": alias, "tag": _tag(entry, alias)}
        self._pending.notes[ROLLED_BACK] = [{**told, "promotion": entries[each].id} for each in (place, *repeated)]
        self.save(message=message or f"Roll back the release {_tag(entry, alias)!r} from @{alias}")

    def _unmoved(
        self, alias: str, names: Sequence[str], now: Mapping[str, Mapping[str, Any]]
    ) -> Callable[[Summary], None]:
        """Return what refuses to save if one of these aliases points elsewhere by then."""
        place = self._manifest.place

        def condition(summary: Summary) -> None:
            for name in names:
                held, then = summary.aliases.get(name, {}).get(alias), now.get(name, {}).get(alias)
                if (held and held.fname) != (then and then.fname):
                    text = f"The alias '@{alias}' of {name!r} in {place} is being moved by others; try again."
                    raise ConflictError(text, path=place, conflicts=[])

        return condition

    def _last_promotion(self, entries: Sequence[LogEntry], alias: str) -> list[int]:
        """Return the place of the last promotion to `alias` that was not taken back, and those where it was repeated.

        A release that is promoted once more moves nothing, so nothing would come of taking that back.
        """
        found: list[int] = []
        undone = {each["promotion"] for each in _notes(entries, ROLLED_BACK) if each["alias"] == alias}
        for place in reversed(range(len(entries))):
            tag = _tag(entries[place], alias) if entries[place].id not in undone else None
            if tag is None:
                continue
            if found and tag != _tag(entries[found[0]], alias):
                break
            found.insert(0, place)
            if any(moved.alias == alias for moved in entries[place].aliased):
                break
        if found:
            return found
        message = f"No release is promoted to '@{alias}' in {self.fpath}; promote one first, or move single aliases."
        raise VersionNotFoundError(message, version=f"@{alias}")

    # Telling of releases

    def add_release(self, release: Release, message: str | None = None) -> None:
        """Tell the journal of a release, so that `releases` and moments know it; written at once.

        Raises
        ------
        ReadOnlyError
            Opened with ``mode="r"``.
        SaveError
            Nothing was written.
        """
        self._refuse_if_read_only("add a release to")
        fresh = self._anew()
        if any(each.tag == release.tag for each in fresh._journaled()):
            return
        fresh._pending.notes[RELEASED] = [release.to_dict()]
        fresh.save(message=message or f"Release {release.tag!r}")
        self._take_in()

    def releases(self) -> list[Release]:
        """Return the releases that are known: those of ``releases.json`` beside the file, and of the journal.

        Of a moment (`at`), those that were made by then; with a ``known`` date or entry, those that the journal told of
        by then.
        """
        from lazyscribe.releases import FILE, read_releases

        found: list[Release] = []
        moment = self._moment
        if moment is None or moment.known is None:
            store = self._location.store
            data = store.read(FILE)
            found = read_releases(data[0], store.describe(FILE))[1] if data is not None else []
        tags = {each.tag for each in found}
        found += [each for each in self._journaled() if each.tag not in tags]
        if moment is not None and moment.valid is not None:
            found = [each for each in found if to_text(each.created_at) <= moment.valid]
        return found

    def _journaled(self) -> list[Release]:
        from lazyscribe.releases import Release

        return [Release.from_dict(each) for each in _notes(self._entries(), RELEASED)]

    def _release(self, tag: str) -> Release:
        known = {each.tag: each for each in self.releases()}
        if tag in known:
            return known[tag]
        listed = ", ".join(map(repr, known)) or "none"
        raise VersionNotFoundError(f"{self.fpath} knows no release {tag!r}; it knows: {listed}.", version=tag)

    # Within

    def _entries(self) -> list[LogEntry]:
        """Return what the journal tells; of a moment, what it told by then."""
        if self._moment is not None:
            return list(self._moment.entries[: self._moment.told])
        from lazyscribe.reconcile import journal_of

        return journal_of(self, self._manifest.peek()[0], whole=True).entries

    def _whole_history(self) -> list[LogEntry]:
        """Return what the journal tells; refuse if some of it cannot be read: what was before is not known then."""
        entries, journal = self._entries(), self._manifest.journal
        if journal.damaged:
            place = self._manifest.store.describe(f"{journal.folder}/{min(journal.damaged)}")
            message = f"{place} cannot be read, so it is not known what to go back to; restore it, or move the aliases."
            raise UnreadableError(message, path=place)
        return entries

    def _anew(self, mode: str = "a") -> Self:
        """Return the same repository as it is on disk now, without what is not saved here."""
        twin = object.__new__(type(self))
        state = {"mode": mode, "_replacing": False, "_as_saved": None, "_sources": {}, "_promoted_": []}
        twin.__setstate__({**self.__getstate__(), **state})
        twin._manifest = Manifest(self._manifest.store, self._manifest.key)
        twin.load()
        return twin

    def _take_in(self) -> None:
        """Let this object know what was written by another one; what keeps it from that, its next save says."""
        self._pending.pointers = []
        if not self._replacing:
            with suppress(LazyscribeError, OSError):
                self.reload()


def _notes(entries: Sequence[LogEntry], kind: str) -> list[dict[str, Any]]:
    return [told for entry in entries for told in (entry.notes or {}).get(kind, ()) if isinstance(told, dict)]


def _tag(entry: LogEntry, alias: str) -> str | None:
    """Return the tag of the release that an entry promoted to `alias`."""
    return next((str(each["tag"]) for each in _notes([entry], PROMOTED) if each["alias"] == alias), None)


# Checks


def _answers(release: Release | Lock, repository: Any, checks: Mapping[str, Check]) -> dict[str, Any]:
    """Return what each check says of a release.

    Raises
    ------
    CheckFailedError
        One or several do not pass.
    """
    from lazyscribe.release_lock import Lock, verify_lock

    answers: dict[str, Any] = {}
    failed: dict[str, str] = {}
    if isinstance(release, Lock):
        mismatches = verify_lock(release, repository)
        answers["release.lock"] = not mismatches
        if mismatches:
            failed["release.lock"] = " ".join(map(str, mismatches))
    filtered = repository.filter(list(release.artifacts)) if checks else None
    for name, check in checks.items():
        try:
            answer = _plain(check(cast("Repository", filtered)))
        except Exception as error:
            failed[name] = f"{type(error).__name__}: {error}"
            continue
        answers[name] = answer
        if answer is False:
            failed[name] = "it answered false"
    if failed:
        told = "; ".join(f"{name!r} ({why})" for name, why in failed.items())
        message = (
            f"The release {release.tag!r} was not promoted, since it did not pass {told}; mend that, and try again."
        )
        raise CheckFailedError(message, tag=release.tag, failed=failed)
    return answers


def _plain(answer: Any) -> Any:
    """Return an answer as the journal can hold it: true for nothing, and text for what JSON has no word for."""
    if answer is None:
        return True
    if getattr(answer, "shape", None) == () and hasattr(answer, "item"):
        answer = answer.item()
    return answer if isinstance(answer, (bool, int, float, str)) else repr(answer)[:200]
