"""How experiments run, as their project takes it down: while they are logged, and with the save."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import cache
from time import perf_counter
from types import ModuleType
from typing import TYPE_CHECKING

from lazyscribe.document import Document
from lazyscribe.exception import InvalidArgumentError
from lazyscribe.rows import Note

if TYPE_CHECKING:
    from lazyscribe.experiment import Experiment
    from lazyscribe.provenance import Run
    from lazyscribe.rows import Row


VARIABLE = "LAZYSCRIBE_CAPTURE"


class Capturing(Document["Experiment"]):
    """The half of a project that knows where its experiments come from."""

    author: str
    capture: bool = True

    def _author(self) -> str:
        return self.author

    def _begin_run(self, experiment: Experiment) -> float | None:
        """Take down what holds as `experiment` begins; return a time for `_end_run`, ``None`` if nothing is kept."""
        if not self.capture:
            return None
        experiment.__dict__["_run"] = _provenance().present_setting(), None, {}
        return perf_counter()

    def _end_run(self, experiment: Experiment, began: float | None) -> None:
        if began is not None and (run := experiment.__dict__.get("_run")) is not None:
            experiment.__dict__["_run"] = run[0], perf_counter() - began, run[2]

    def _notes(self, rows: Iterable[Row[Experiment]]) -> Iterator[Note]:
        from lazyscribe.runs import note_of

        changed: dict[str, tuple[str, Run]] = {}
        new = True
        for row in rows:
            if row.record is None or (run := self._to_keep(row)) is None:
                continue
            new = new and not row.entry.saved
            changed[row.record["slug"]] = row.record["created_at"], run
        if changed:
            own, pack, data = note_of(self.fpath.name, changed)
            yield Note(own if own and new else pack, data, spare=pack)

    def _to_keep(self, row: Row[Experiment]) -> Run | None:
        """Return how an experiment ran if that is new, or the slug is, or the packages of its artifacts are."""
        experiment = row.entry.obj
        assert experiment is not None
        assert row.record is not None
        state = experiment.__dict__
        run: Run | None = state.get("_run")
        if run is not None and not row.entry.saved and not row.drafts:  # as it mostly is
            return run
        if run is None and (row.drafts or not row.entry.saved):
            run = self._look_up(experiment)
        if run is None:
            return None
        moved = not row.entry.saved or state.get("_kept_as", row.record["slug"]) != row.record["slug"]
        if row.drafts:
            packages = {**run[2], **_provenance().packages_of(draft.artifact for draft in row.drafts)}
            moved = moved or packages != run[2]
            run = run[0], run[1], packages
        state["_run"] = run
        return run if moved else None

    def _look_up(self, experiment: Experiment) -> Run | None:
        """Return how an experiment ran that was not logged here: made by hand, or taken over from another file."""
        if "_made" in experiment.__dict__:
            return (_provenance().present_setting(), None, {}) if self.capture else None
        from lazyscribe.runs import run_of

        return run_of(experiment)


def is_off() -> bool:
    """Whether the environment says that nothing is to be kept of how experiments run.

    Raises
    ------
    ValueError
        It says something else than ``on`` or ``off``.
    """
    said = os.environ.get(VARIABLE) or "on"
    if said not in ("on", "off"):
        raise InvalidArgumentError(f"{VARIABLE} is {said!r}; set it to 'on' or 'off'.", capture=said)
    return said == "off"


@cache
def _provenance() -> ModuleType:
    """Return the module that finds out, which is imported with the first experiment."""
    from lazyscribe import provenance

    return provenance
