"""The whole check: what the file of records says, its files, and what lies around them."""

from __future__ import annotations

from contextlib import suppress

from attrs import evolve

from lazyscribe.exception import InvalidArgumentError
from lazyscribe.facts import digest_of
from lazyscribe.progress import Followed, Meter, following
from lazyscribe.store.base import Store
from lazyscribe.verification.contents import Contents, Subject
from lazyscribe.verification.files import Look, check_files
from lazyscribe.verification.leftovers import Leftovers
from lazyscribe.verification.report import Finding, Report
from lazyscribe.verification.threads import default_workers

TRIES = 3
"""How often a check that found errors is begun anew because somebody saved meanwhile."""


def verify(subject: Subject, workers: int | None = None, progress: Followed = None) -> Report:
    """Check what is on disk now. Writes nothing and takes no lock; many threads may call at once.

    Damage is what the report says, never an exception. If there is any, of files of history too, and somebody saved
    meanwhile, the check is done again.

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
            contents = Contents(subject)
            report = _check(subject, contents, workers or default_workers(), meter)
            if _is_settled(report) or _read(subject) == contents.data:
                break
        return report


def _is_settled(report: Report) -> bool:
    return report.ok and not any(each.kind in ("past-file-missing", "past-file-damaged") for each in report.findings)


def _read(subject: Subject) -> bytes | None:
    try:
        found = subject.store.read(subject.key)
    except Exception:  # as it was when that became a finding
        return None
    return found[0] if found is not None else None


def _check(subject: Subject, contents: Contents, workers: int, meter: Meter) -> Report:
    around = Leftovers(subject, contents)
    outcome = check_files(subject, contents, around.told, workers, meter)
    findings = [*contents.findings, *around.findings(), *outcome.findings]
    meter.tell()
    repairable = _repairable(subject.store, outcome.damaged, around.staged)
    return Report(
        subject.kind,
        subject.place(),
        [_with_repair(each, repairable.get(each.path)) for each in findings],
        outcome.checked,
    )


def _repairable(store: Store, damaged: list[Look], staged: list[str]) -> dict[str, str]:
    """Return the waiting file, by the file that it was to replace when the save was killed."""
    if not damaged or not staged:
        return {}
    waiting: dict[str, str] = {}
    for key in staged:
        with suppress(Exception), store.open(key) as buf:  # one that cannot be read repairs nothing
            waiting[digest_of(buf)[0]] = store.describe(key)
    return {
        store.describe(look.file.key): waiting[facts.sha256]
        for look in damaged
        for facts in look.file.facts
        if facts is not None and facts.sha256 in waiting
    }


def _with_repair(finding: Finding, waiting: str | None) -> Finding:
    if waiting is None or finding.kind != "digest-wrong":
        return finding
    message = (
        f"The artifact {finding.name!r} was not moved into place by a save that was killed: its file waits in "
        f"{waiting}; move that to {finding.path}."
    )
    return evolve(finding, message=message)
