"""``release`` and ``rollback``, and the promotion of a release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from lazyscribe.cli.codes import WRONG_USE
from lazyscribe.cli.console import Console, Refused, plain
from lazyscribe.cli.opening import Found, document
from lazyscribe.cli.options import DryRun, In, Storage, Yes

if TYPE_CHECKING:
    from lazyscribe import Repository
    from lazyscribe.release import Release

Tag = Annotated[str | None, typer.Argument(metavar="[TAG]", help="Of the new release; without one, all are listed.")]
Names = Annotated[list[str] | None, typer.Option("--name", metavar="NAME", help="Only this artifact. May be repeated.")]
LockFile = Annotated[str | None, typer.Option("--lock", metavar="FILE", help="Write its lock, too, to be checked in.")]
Message = Annotated[str | None, typer.Option("--message", "-m", metavar="TEXT", help="Why, for the history.")]
Alias = Annotated[str, typer.Argument(metavar="ALIAS", help="Without the @.")]
OnConflict = Annotated[
    str,
    typer.Option(
        "--on-conflict", help="What was moved by itself since: 'raise' an error, move it back ('ours'), leave it."
    ),
]


def release(
    console: Console,
    tag: Tag = None,
    name: Names = None,
    lock: LockFile = None,
    message: Message = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    path: In = ".",
    option: Storage = None,
) -> None:
    """Name the newest version of everything by a tag; without a tag, list the releases that there are.

    Example: lazyscribe release 1.2 --lock release.lock
    """
    from lazyscribe.release import create_release

    found = document(path, option, "repository")
    reading = found.repository()
    if tag is None:
        _list(console, found, reading.releases())
        return
    if any(each.tag == tag for each in reading.releases()):
        raise Refused(f"{found.path} has a release {tag!r} already; give another tag.", kind="exists")
    made = create_release(reading, tag, name)
    if not dry_run:
        if not yes:
            console.tell(_in_words(made))
        console.confirm(f"Release this as {tag!r}?", yes)
        found.repository("a").add_release(made, message)
        if lock is not None:
            from lazyscribe.release_lock import lock_release

            lock_release(reading, made, lock)
    if console.json:
        console.write_json({"path": found.path, "done": not dry_run, "releases": [_told(made)]})
    else:
        console.write(("would be: " if dry_run else "") + plain(_in_words(made)))


def _in_words(made: Release) -> str:
    return f"release {made.tag}: " + (", ".join(f"{name}@{version}" for name, version in made.artifacts) or "nothing")


def _told(made: Release) -> dict[str, Any]:
    artifacts = [{"name": name, "version": version} for name, version in made.artifacts]
    return {"tag": made.tag, "created_at": made.to_dict()["created_at"], "artifacts": artifacts}


def _list(console: Console, found: Found, known: list[Release]) -> None:
    if console.json:
        console.write_json({"path": found.path, "done": False, "releases": [_told(each) for each in known]})
        return
    rows = [[each.tag, console.date(each.created_at), _in_words(each).partition(": ")[2]] for each in known]
    console.page(console.table(["tag", "created", "holds"], rows) if rows or not console.terminal else "no releases")


def promote_release(
    console: Console, found: Found, tag: str, alias: str, message: str | None, yes: bool, dry_run: bool
) -> None:  # fmt: skip
    """Let an alias mean the versions of a release, of all its names at once."""
    repository = found.repository("a")
    chosen = next((each for each in repository.releases() if each.tag == tag), None)
    if chosen is None:
        known = ", ".join(repr(each.tag) for each in repository.releases()) or "none"
        raise Refused(f"{found.path} knows no release {tag!r}; it knows: {known}.", kind="not-found")
    meant = alias.removeprefix("@")
    before = {name: repository.aliases(name).get(meant) for name, _ in chosen.artifacts}
    moves = [{"name": name, "before": before[name], "after": version} for name, version in chosen.artifacts]
    _move(console, found, meant, moves, yes, dry_run, lambda: repository.promote(tag, meant, message=message))


def rollback(
    console: Console,
    alias: Alias,
    on_conflict: OnConflict = "raise",
    message: Message = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    path: In = ".",
    option: Storage = None,
) -> None:
    """Let an alias mean what it meant before the last release was promoted to it, of all names at once.

    Example: lazyscribe rollback production --message "slow on new data"
    """
    found = document(path, option, "repository")
    if on_conflict not in ("raise", "ours", "theirs"):
        raise Refused(f"{on_conflict!r} decides nothing; use raise, ours or theirs.", WRONG_USE, "wrong-use")
    how: Literal["raise", "ours", "theirs"] = on_conflict  # type: ignore[assignment]
    meant = alias.removeprefix("@")
    repository = found.repository("a")
    moves = _moves_back(repository, meant)
    _move(console, found, meant, moves, yes, dry_run, lambda: repository.rollback(meant, how, message))


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


def _move(
    console: Console, found: Found, alias: str, moves: list[dict[str, Any]], yes: bool, dry_run: bool, action: Any
) -> None:  # fmt: skip
    lines = [
        f"alias @{alias} of {each['name']}: {_number(each['before'])} -> {_number(each['after'])}" for each in moves
    ]
    if not dry_run:
        if not yes:
            for line in lines:
                console.tell(line)
        if lines:
            console.confirm("Save this?", yes)
        action()  # says, too, if there is nothing to be moved
    if console.json:
        console.write_json({"path": found.path, "done": not dry_run, "alias": alias, "moves": moves})
    else:
        for line in lines:
            console.write(("would change " if dry_run else "") + plain(line))


def _number(version: int | None) -> str:
    return "none" if version is None else str(version)
