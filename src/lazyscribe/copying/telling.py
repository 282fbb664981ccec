"""What a copy asks the target's journal, and tells it: the versions or experiments that came, as any commit does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from lazyscribe._dates import parse_date, to_text
from lazyscribe.copying.ends import End, Row
from lazyscribe.exception import ConflictError
from lazyscribe.journal.pending import Pending
from lazyscribe.journaling import Telling
from lazyscribe.merge import Merged
from lazyscribe.reconcile import Reconciled, journal_of, keyed
from lazyscribe.unchanged import NewVersions

if TYPE_CHECKING:
    from lazyscribe.draft import Written
    from lazyscribe.journal.entries import Told
    from lazyscribe.journal.log import Ticket
from lazyscribe.stage import Stage


class Teller:
    """Tells of one swap; `files` are those that were staged for it, by their keys."""

    def __init__(self, target: End, files: Mapping[str, Written]) -> None:
        self._target, self._files = target, files

    def staged(self, stage: Stage) -> None:
        """Do nothing: all that is staged was staged before."""

    def look(self) -> None:
        """Begin to list the target's journal."""
        self._listing = self._target.document._manifest.journal.files.listing()

    def ticket(self, current: bytes | None, data: bytes, written: Mapping[str, Written], turn: str) -> Ticket | None:
        """Return the entry of a swap from `current` to `data`."""
        if data == current:
            return None
        document = self._target.document
        theirs, after = keyed(document, current), keyed(document, data)
        merge = Reconciled(Merged(after.texts, [], []), [], {}, theirs, set(), [])
        new = NewVersions(document, [], [])
        view = journal_of(document, current, listing=self._listing)
        telling = Telling(document, new, merge, view, current)
        return telling.ticket(data, {**self._files, **written}, Pending(), None, turn)


def refuse_used_numbers(source: End, target: End, rows: Iterable[Row]) -> None:
    """Refuse new versions whose numbers others had in the target that were deleted there; those may come again.

    Raises
    ------
    ConflictError
        There is one.
    """
    data = target.manifest.data
    if target.kind != "repository" or not journal_of(target.document, data).summary.gone:
        return
    gone: dict[str, Told] = {}
    for entry in journal_of(target.document, data, whole=True).entries:
        if entry.replaced:  # numbers begin anew
            gone.clear()
            continue
        gone.update({f"{each.told.name}\0{each.told.version}": each.told for each in entry.deleted})
    for row in rows:
        told, created_at = gone.get(row.key), to_text(parse_date(row.record["created_at"]))
        if told is not None and (told.date, told.handler) != (created_at, row.record["handler"]):
            message = (
                f"Version {told.version} of {told.name!r} was deleted from {target.place}, and its number is not used "
                f"again; in {source.place} it is another one, of {created_at}: copy to another place, or only what "
                "else there is by names=."
            )
            raise ConflictError(message, path=target.place, conflicts=[], name=told.name)
