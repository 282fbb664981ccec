"""The whole check: what the file of records says, its files, and what lies around them."""

from __future__ import annotations

from lazyscribe.exception import InvalidArgumentError
from lazyscribe.progress import Followed, Meter, following
from lazyscribe.verification.contents import Contents, Subject
from lazyscribe.verification.files import check_files
from lazyscribe.verification.leftovers import Leftovers
from lazyscribe.verification.report import Finding, Report
from lazyscribe.verification.threads import default_workers
from lazyscribe.verification.waiting import with_waiting

TRIES = 3
"""How often it is looked again, if something is wrong or left over, because somebody saved meanwhile."""


def verify(subject: Subject, workers: int | None = None, progress: Followed = None) -> Report:
    """Check what is on disk now. Writes nothing and takes no lock; many threads may call at once.

    Damage is what the report says, never an exception. If there is any, of files of history too, or something is left
    over, and somebody saved meanwhile, it is looked again.

    Parameters
    ----------
    workers
        Threads that read; default: one per core.
    progress
        See `lazyscribe.progress`. The total is known at the first call; it grows only if the check is done again.

    Raises
    ------
    ValueError
        Less than one worker.
    """
    if workers is not None and workers < 1:
        raise InvalidArgumentError(f"{workers!r} workers cannot check anything; ask for 1 or more.", workers=workers)
    with following(progress, f"checking {subject.key}", needed=True) as meter:
        assert meter is not None
        for _ in range(TRIES):
            contents, report = _check(subject, workers or default_workers(), meter)
            if _is_settled(report) or not contents.is_old():
                break
        return report


def _is_settled(report: Report) -> bool:
    return report.ok and not any(each.kind in ("past-file-missing", "past-file-damaged") for each in report.findings)


def _check(subject: Subject, workers: int, meter: Meter) -> tuple[Contents, Report]:
    contents, around, left, settled = _look_around(subject)
    outcome = check_files(subject, contents, around.told, workers, meter)
    found = with_waiting(subject, contents, around.around, outcome)
    meter.tell()
    findings = [*contents.findings, *left, *found]
    findings = findings if settled else around.unsettled(findings)
    return contents, Report(subject.kind, subject.place(), findings, outcome.checked)


def _look_around(subject: Subject) -> tuple[Contents, Leftovers, list[Finding], bool]:
    """Return the records, what lies around them, what is left over, and whether that may belong to no later save.

    If it may, it is looked again.
    """
    for _ in range(TRIES):
        contents = Contents(subject)
        around = Leftovers(subject, contents)
        found = around.findings()
        if not (found or around.around.staged) or not contents.is_old():
            return contents, around, found, True
    return contents, around, found, False
