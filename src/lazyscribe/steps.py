"""What was done for one file that is staged."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from lazyscribe.filling import further_names

if TYPE_CHECKING:
    from lazyscribe.draft import Draft


class Steps:
    """What staging one draft did, or one note of several, so that it can be taken back.

    Attributes
    ----------
    facts_late
        Key and content of facts that wait with the file: its record is that of the file it replaces (of the same
        second), so until then they would be wrong for that one.
    aside
        The key of a file that waits, and of the one it will replace.
    key
        Of the file; empty for a note.
    spare
        The key that a note takes if its own turns out to be taken.
    ours
        Whether what it creates can be nobody else's, whatever was answered.
    names
        The file names that are still to be tried, and the one that was wanted.
    """

    def __init__(self, *of: Draft | None, spare: str = "") -> None:
        self.of, self.draft = of, of[0] if len(of) == 1 else None
        self.created: list[str] = []
        self.facts_late: tuple[str, bytes] | None = None
        self.aside: tuple[str, str] | None = None
        self.key, self.spare = "", spare
        self.ours = False
        self.wanted = self.draft.record["fname"] if self.draft is not None else ""
        self.names = chain([self.wanted], further_names(self.draft.artifact)) if self.draft is not None else iter(())
