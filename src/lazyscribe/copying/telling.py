"""What a copy tells the target's journal: the versions or experiments that came, as those of any commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lazyscribe.copying.ends import End
from lazyscribe.journal.pending import Pending
from lazyscribe.journaling import Telling
from lazyscribe.merge import Merged
from lazyscribe.reconcile import Reconciled, journal_of, keyed
from lazyscribe.unchanged import NewVersions

if TYPE_CHECKING:
    from lazyscribe.journal.log import Ticket
    from lazyscribe.stage import Stage, Written


class Teller:
    """Tells of one swap; `files` are those that were staged for it, by their keys."""

    def __init__(self, target: End, files: Mapping[str, Written]) -> None:
        self._target, self._files = target, files

    def staged(self, stage: Stage) -> None:
        """Do nothing: all that is staged was staged before."""

    def ticket(self, current: bytes | None, data: bytes, written: Mapping[str, Written]) -> Ticket | None:
        """Return the entry of a swap from `current` to `data`."""
        if data == current:
            return None
        document = self._target.document
        theirs, after = keyed(document, current), keyed(document, data)
        merge = Reconciled(Merged(after.texts, [], []), [], {}, theirs, set(), [])
        new = NewVersions(document, [], [])
        telling = Telling(document, new, merge, journal_of(document, current), current)
        return telling.ticket(data, {**self._files, **written}, Pending(), None)
