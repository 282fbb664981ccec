"""``release`` and ``rollback``, and the promotion of a release."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from lazyscribe.cli.codes import WRONG_USE
from lazyscribe.cli.consent import Change, carry_out
from lazyscribe.cli.console import Console, Refused, or_none
from lazyscribe.cli.opening import Found, document, release_of
from lazyscribe.cli.options import AliasArgument, Consent, Message, Place

if TYPE_CHECKING:
    from lazyscribe import Repository
    from lazyscribe.release import Release

Tag = Annotated[str | None, typer.Argument(metavar="[TAG]", help="Of the new release; without one, all are listed.")]
Names = Annotated[list[str] | None, typer.Option("--name", metavar="NAME", help="Only this artifact. May be repeated.")]
LockFile = Annotated[str | None, typer.Option("--lock", metavar="FILE", help="Write its lock, too, to be checked in.")]
OnConflict = Annotated[
    str,
    typer.Option(
        "--on-conflict",
        metavar="HOW",
        help="What was moved by itself since: 'raise' an error, move it back ('ours'), leave it.",
    ),
]


def release(
    console: Console,
    tag: Tag = None,
    name: Names = None,
    lock: LockFile = None,
    message: Message = None,
    *,
    consent: Consent,
    place: Place,
) -> None:
    """Name the newest version of everything by a tag; without a tag, list the releases that there are.

    Example: lazyscribe release 1.2 --lock release.lock
    """
    from lazyscribe.release import create_release

    found = document(place, "repository")
    reading = found.repository()
    if tag is None:
        _list(console, found, reading.releases())
        return
    if any(each.tag == tag for each in reading.releases()):
        raise Refused(f"{found.path} has a release {tag!r} already; give another tag.", kind="exists")
    made = create_release(reading, tag, name)

    def save() -> None:
        found.repository("a").add_release(made, message)
        if lock is not None:
            from lazyscribe.release_lock import lock_release

            lock_release(reading, made, lock)

    change = Change([_in_words(made)], save, lambda _: {"path": found.path, "releases": [_told(made)]})
    carry_out(console, change, consent, f"Release this as {tag!r}?")


def _in_words(made: Release) -> str:
    return f"release {made.tag}: {_held(made)}"


def _held(made: Release) -> str:
    return ", ".join(f"{name}@{version}" for name, version in made.artifacts) or "nothing"


def _told(made: Release) -> dict[str, Any]:
    artifacts = [{"name": name, "version": version} for name, version in made.artifacts]
    return {"tag": made.tag, "created_at": made.to_dict()["created_at"], "artifacts": artifacts}


def _list(console: Console, found: Found, known: list[Release]) -> None:
    rows = [[each.tag, console.date(each.created_at), _held(each)] for each in known]
    console.answer(
        lambda: {"path": found.path, "done": False, "releases": [_told(each) for each in known]},
        lambda: console.table(["tag", "created", "holds"], rows, empty="no releases"),
    )


def promote_release(
    console: Console, found: Found, what: tuple[str, str], message: str | None, consent: Consent
) -> None:  # fmt: skip
    """Let an alias mean the versions of a release, given its tag, of all its names at once."""
    repository = found.repository("a")
    chosen, meant = release_of(repository, what[0]), what[1].removeprefix("@")
    before = {name: repository.aliases(name).get(meant) for name, _ in chosen.artifacts}
    moves = [{"name": name, "before": before[name], "after": version} for name, version in chosen.artifacts]
    change = _moved(found, meant, moves, lambda: repository.promote(chosen, meant, message=message))
    carry_out(console, change, consent)


def rollback(
    console: Console,
    alias: AliasArgument,
    on_conflict: OnConflict = "raise",
    message: Message = None,
    *,
    consent: Consent,
    place: Place,
) -> None:
    """Let an alias mean what it meant before the last release was promoted to it, of all names at once.

    Example: lazyscribe rollback production --message "slow on new data"
    """
    found = document(place, "repository")
    if on_conflict not in ("raise", "ours", "theirs"):
        raise Refused(f"{on_conflict!r} decides nothing; use raise, ours or theirs.", WRONG_USE, "wrong-use")
    how: Literal["raise", "ours", "theirs"] = on_conflict  # type: ignore[assignment]
    meant = alias.removeprefix("@")
    repository = found.repository("a")
    moves = _moves_back(repository, meant)
    change = _moved(found, meant, moves, lambda: repository.rollback(meant, how, message))
    carry_out(console, change, consent)


def _moves_back(repository: Repository, alias: str) -> list[dict[str, Any]]:
    """Return what the last promotion that stands would give back, as far as the history tells."""
    commits = repository.history()
    undone = {note["promotion"] for each in commits for note in dict(each.notes).get("rolled_back", ())}
    for place in reversed(range(len(commits))):
        notes = dict(commits[place].notes).get("promoted", ())
        if commits[place].id in undone or not any(note["alias"] == alias for note in notes):
            continue
        moves = []
        for each in (move for move in commits[place].aliased if move.alias == alias):
            earlier = [move for commit in commits[:place] for move in commit.aliased if move[:2] == each[:2]]
            before = earlier[-1].version if earlier else None
            moves.append({"name": each.name, "before": repository.aliases(each.name).get(alias), "after": before})
        return moves
    return []


def _moved(found: Found, alias: str, moves: list[dict[str, Any]], save: Callable[[], Any]) -> Change:
    lines = [
        f"alias @{alias} of {each['name']}: {or_none(each['before'])} -> {or_none(each['after'])}" for each in moves
    ]
    return Change(lines, save, lambda _: {"path": found.path, "alias": alias, "moves": moves})
