"""``alias``, ``expire`` and ``rm``: what will change is shown, and asked about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from lazyscribe.cli.codes import WRONG_USE
from lazyscribe.cli.consent import Change, carry_out
from lazyscribe.cli.console import Console, Refused, or_none
from lazyscribe.cli.opening import Found, choose, date_of, document, documents, first_of
from lazyscribe.cli.options import AliasArgument, Artifact, Consent, Message, Place, Times

On = Annotated[str | None, typer.Option("--on", metavar="DATE", help="When it expires; default: now.")]
Removed = Annotated[bool, typer.Option("--remove", help="Let the alias mean no version any more.")]
Reason = Annotated[str, typer.Option("--reason", "-m", metavar="TEXT", help="Why; kept in the history.")]
Target = Annotated[str, typer.Argument(metavar="NAME@VERSION", help="A version, or an experiment's slug.")]


def expire(
    console: Console,
    name: Artifact,
    on: On = None,
    message: Message = None,
    *,
    times: Times,
    consent: Consent,
    place: Place,
) -> None:
    """Let a version expire: it stays, and "the newest" passes it over from then on.

    Example: lazyscribe expire model@3 --on 2030-01-01
    """
    chosen = choose(document(place, "repository"), name, times, console.utc, "w+")
    repository, before = chosen.repository, chosen.record()
    repository.set_artifact_expiry(*chosen.choice, expiry=None if on is None else date_of(on, console.utc))
    after = next(each for each in repository if all(each[key] == before[key] for key in ("name", "fname")))
    text = f"version {after['version']} of {after['name']}: expiry {console.date(before['expiry']) or 'none'}"
    text += f" -> {console.date(after['expiry'])}"
    change = _change(chosen.found, text, (before["expiry"], after["expiry"]), lambda: repository.save(message=message))
    carry_out(console, change, consent)


def alias(
    console: Console,
    name: Artifact,
    alias: AliasArgument,
    remove: Removed = False,
    message: Message = None,
    *,
    times: Times,
    consent: Consent,
    place: Place,
) -> None:
    """Let an alias mean a version from now on, or with --remove none.

    Example: lazyscribe alias model@3 production --message "better on the new data"
    """
    chosen = choose(document(place, "repository"), name, times, console.utc, "w+")
    repository, choice, meant = chosen.repository, chosen.choice, alias.removeprefix("@")
    before, after = repository.aliases(choice.name).get(meant), None
    if remove:
        repository.remove_alias(choice.name, meant)
    else:
        after = chosen.record()["version"]
        repository.set_alias(choice.name, meant, choice.version, choice.match)
    text = f"alias @{meant} of {choice.name}: {or_none(before)} -> {or_none(after)}"
    change = _change(chosen.found, text, (before, after), lambda: repository.save(message=message))
    carry_out(console, change, consent)


def rm(
    console: Console,
    name: Target,
    reason: Reason,
    *,
    consent: Consent,
    place: Place,
) -> None:
    """Take a version, or an experiment, out of its file; its own files stay.

    The number of a version is not used again, and whoever asks for it is told when, by whom and why it went.

    Example: lazyscribe rm model@3 --reason "trained on the wrong data"
    """

    def taken_out(found: Found) -> Change:
        if found.kind == "project":
            return _experiment_taken_out(found, name, reason)
        return _version_taken_out(found, name, reason, console.utc)

    carry_out(console, first_of(documents(place), taken_out), consent)


def _experiment_taken_out(found: Found, slug: str, reason: str) -> Change:
    project = found.project("w+")
    experiment = project[slug]
    project.experiments.remove(experiment)
    text = f"experiment {experiment.slug} is taken out: {reason}"
    return _change(found, text, (experiment.slug, None), lambda: project.save(message=reason))


def _version_taken_out(found: Found, name: str, reason: str, utc: bool) -> Change:
    chosen = choose(found, name, Times(), utc, "w+")
    repository, choice = chosen.repository, chosen.choice
    record = chosen.record()
    if choice.version is None:
        raise Refused(f"Say which version of {name!r} is to go, as in {name}@3.", WRONG_USE, "wrong-use")
    repository.delete(choice.name, choice.version, reason)  # not by the number, which two may have
    text = f"version {record['version']} of {record['name']} is taken out: {reason}"
    return _change(found, text, (record, None), repository.save)


def _change(found: Found, text: str, states: tuple[Any, Any], save: Callable[[], Any]) -> Change:
    before, after = states
    told = {"path": found.path, "change": {"text": text, "before": before, "after": after}}
    return Change([text], save, lambda _: told)
