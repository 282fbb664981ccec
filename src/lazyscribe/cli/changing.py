"""``alias``, ``expire`` and ``rm``: what will change is shown, and asked about."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lazyscribe.cli.codes import WRONG_USE
from lazyscribe.cli.console import Console, Refused, plain
from lazyscribe.cli.opening import Found, Times, document, documents, moment, wanted
from lazyscribe.cli.options import AsOf, DryRun, In, Storage, Version, Yes

if TYPE_CHECKING:
    from lazyscribe.cli.opening import Wanted

Artifact = Annotated[
    str, typer.Argument(metavar="NAME[@VERSION]", help="An artifact; its newest version if none is given.")
]
On = Annotated[str | None, typer.Option("--on", metavar="DATE", help="When it expires; default: now.")]
Alias = Annotated[str, typer.Argument(metavar="ALIAS", help="Without the @.")]
Removed = Annotated[bool, typer.Option("--remove", help="Let the alias mean no version any more.")]
Message = Annotated[str | None, typer.Option("--message", "-m", metavar="TEXT", help="Why, for the history.")]
Reason = Annotated[str, typer.Option("--reason", "-m", metavar="TEXT", help="Why; kept in the history.")]
Target = Annotated[str, typer.Argument(metavar="NAME@VERSION", help="A version, or an experiment's slug.")]


class Change:
    """Something that was done in memory and is to be saved.

    Parameters
    ----------
    before, after
        What is changed, as data.
    text
        The change in words.
    """

    def __init__(self, text: str, before: Any, after: Any, save: Callable[[], object]) -> None:
        self.text = text
        self.before = before
        self.after = after
        self.save = save


def _carry_out(console: Console, found: Found, change: Change, yes: bool, dry_run: bool) -> None:
    """Show a change, ask, and save it."""
    if not dry_run:
        if not yes:
            console.tell(change.text)
        console.confirm("Save this?", yes)
        change.save()
    if console.json:
        told = {"text": change.text, "before": change.before, "after": change.after}
        console.write_json({"path": found.path, "done": not dry_run, "change": told})
    else:
        console.write(("would change " if dry_run else "") + plain(change.text))


def expire(
    console: Console,
    name: Artifact,
    version: Version = None,
    as_of: AsOf = None,
    on: On = None,
    message: Message = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    path: In = ".",
    option: Storage = None,
) -> None:
    """Let a version expire: it stays, and "the newest" passes it over from then on.

    Example: lazyscribe expire model@3 --on 2030-01-01
    """
    found = document(path, option, "repository")
    repository = found.repository("w+")
    choice = wanted(name, Times(version, as_of, console.utc), repository)
    before = _record(repository, choice)
    date = None if on is None else moment(on, console.utc)
    repository.set_artifact_expiry(*choice, expiry=date)
    after = next(each for each in repository if all(each[key] == before[key] for key in ("name", "fname")))
    text = f"version {after['version']} of {after['name']}: expiry {console.date(before['expiry']) or 'none'}"
    text += f" -> {console.date(after['expiry'])}"
    change = Change(text, before["expiry"], after["expiry"], lambda: repository.save(message=message))
    _carry_out(console, found, change, yes, dry_run)


def alias(
    console: Console,
    name: Artifact,
    alias: Alias,
    version: Version = None,
    as_of: AsOf = None,
    remove: Removed = False,
    message: Message = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    path: In = ".",
    option: Storage = None,
) -> None:
    """Let an alias mean a version from now on, or with --remove none.

    Example: lazyscribe alias model@3 production --message "better on the new data"
    """
    found = document(path, option, "repository")
    repository = found.repository("w+")
    choice = wanted(name, Times(version, as_of, console.utc), repository)
    meant = alias.removeprefix("@")
    before = repository.aliases(choice.name).get(meant)
    if remove:
        repository.remove_alias(choice.name, meant)
        after = None
    else:
        after = _record(repository, choice)["version"]
        repository.set_alias(choice.name, meant, choice.version, choice.match)
    shown = ["none" if each is None else str(each) for each in (before, after)]
    text = f"alias @{meant} of {choice.name}: {shown[0]} -> {shown[1]}"
    change = Change(text, before, after, lambda: repository.save(message=message))
    _carry_out(console, found, change, yes, dry_run)


def rm(
    console: Console,
    name: Target,
    reason: Reason,
    yes: Yes = False,
    dry_run: DryRun = False,
    path: In = ".",
    option: Storage = None,
) -> None:
    """Take a version, or an experiment, out of its file; its own files stay.

    The number of a version is not used again, and whoever asks for it is told when, by whom and why it went.

    Example: lazyscribe rm model@3 --reason "trained on the wrong data"
    """
    found = documents(path, option)
    for each in found:
        change = _experiment_taken_out(each, name, reason) if each.kind == "project" else None
        if change is None and each.kind == "repository":
            change = _version_taken_out(each, name, reason, console.utc)
        if change is not None:
            _carry_out(console, each, change, yes, dry_run)
            return
    raise Refused(f"There is no experiment {name!r} in {found[0].path}; give its slug.", kind="not-found")


def _experiment_taken_out(found: Found, slug: str, reason: str) -> Change | None:
    project = found.project("w+")
    if slug not in project:
        return None
    experiment = project[slug]
    project.experiments.remove(experiment)
    text = f"experiment {experiment.slug} is taken out: {reason}"
    return Change(text, experiment.slug, None, lambda: project.save(message=reason))


def _version_taken_out(found: Found, name: str, reason: str, utc: bool) -> Change:
    repository = found.repository("w+")
    choice = wanted(name, Times(utc=utc), repository)
    if choice.version is None:
        raise Refused(f"Say which version of {name!r} is to go, as in {name}@3.", WRONG_USE, "wrong-use")
    record = _record(repository, choice)
    repository.delete(choice.name, choice.version, reason)  # not by the number, which two may have
    text = f"version {record['version']} of {record['name']} is taken out: {reason}"
    return Change(text, record, None, repository.save)


def _record(repository: Any, choice: Wanted) -> dict[str, Any]:
    found: dict[str, Any] = repository.get_artifact_metadata(choice.name, choice.version, choice.match)
    return found
