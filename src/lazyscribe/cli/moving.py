"""``copy``, ``merge`` and ``promote``: records and files from one place to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from lazyscribe.cli.codes import CONFLICT, WRONG_USE
from lazyscribe.cli.consent import Change, carry_out
from lazyscribe.cli.console import Console, Refused, plain, size
from lazyscribe.cli.opening import Found, date_of, document, documents, options_of
from lazyscribe.cli.options import Consent, Message, Place, Storage
from lazyscribe.locating import promises

if TYPE_CHECKING:
    from lazyscribe.copying import Copied

Source = Annotated[str, typer.Argument(metavar="SOURCE", help="Path or URL of a file of records or of a folder.")]
Target = Annotated[str, typer.Argument(metavar="TARGET", help="Path or URL; what ends with / or is a folder is one.")]
Names = Annotated[list[str] | None, typer.Option("--name", metavar="NAME", help="Only this one. May be repeated.")]
Since = Annotated[str | None, typer.Option("--since", metavar="DATE", help="Only what is new or changed since a date.")]
Workers = Annotated[int | None, typer.Option("--workers", metavar="N", min=1, help="Threads that copy.")]
ToOption = Annotated[
    list[str] | None,
    typer.Option("--to-option", metavar="KEY=VALUE", help="An option of the target's file system."),
]
Other = Annotated[str, typer.Argument(metavar="OTHER", help="Path or URL of the one that is merged into this one.")]
Slug = Annotated[str | None, typer.Argument(metavar="EXPERIMENT", help="The experiment's slug.")]
Artifact = Annotated[str | None, typer.Argument(metavar="ARTIFACT", help="The name of its artifact.")]
Tag = Annotated[str | None, typer.Option("--release", metavar="TAG", help="Instead: the release of this tag …")]
Alias = Annotated[str | None, typer.Option("--alias", metavar="ALIAS", help="… is what this alias means from now on.")]
Repo = Annotated[
    str | None,
    typer.Option(
        "--to", metavar="PATH", help="Path or URL of the repository; default: beside the project. May be new."
    ),
]


def copy(
    console: Console,
    source: Source,
    target: Target,
    name: Names = None,
    since: Since = None,
    workers: Workers = None,
    option: Storage = None,
    to_option: ToOption = None,
) -> None:
    """Copy a project or repository, or all of a folder, with its files to another place.

    Nothing there is deleted or replaced; a copy that was interrupted is finished by repeating it.

    Example: lazyscribe copy models s3://bucket/models/ --name model
    """
    told = []
    found = documents(Place(source, option))
    if len(found) > 1 and target.endswith(".json"):
        message = (
            f"{source} holds a project and a repository, which cannot both be {target}; give a folder as the target."
        )
        raise Refused(message, WRONG_USE, "wrong-use")
    for each in found:
        goal = Found(_goal(target, each.kind), each.kind, options_of(to_option))
        date = date_of(since, console.utc) if since is not None else None
        copied = _copied(console, each, goal, name, date, workers)
        told.append({"source": each.path, "target": goal.path, "kind": each.kind, **copied._asdict()})
        if not console.json:
            console.write(f"{plain(each.path)} -> {plain(goal.path)}: {_counted(copied)}")
    if console.json:
        console.write_json({"copies": told})


def _goal(target: str, kind: str) -> str:
    return target if target.endswith(".json") else f"{target.rstrip('/')}/{kind}.json"


def _counted(copied: Copied) -> str:
    return f"{_many(copied.records, 'record')}, {_many(copied.files, 'file')} ({size(copied.size)}) copied"


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _copied(
    console: Console, source: Found, goal: Found, names: list[str] | None = None, since: Any = None,
    workers: int | None = None,
) -> Copied:  # fmt: skip
    import lazyscribe

    mode: Any = "w+"
    ends = [(source, "r"), (goal, mode)]
    opened = [end.project(how) if end.kind == "project" else end.repository(how) for end, how in ends]
    bar = console.bar(f"copying {source.path}")
    return lazyscribe.copy(opened[0], opened[1], names, since, workers=workers, progress=bar)


def merge(
    console: Console,
    other: Other,
    *,
    consent: Consent,
    place: Place,
) -> None:
    """Bring another project or repository into this one, with its files; what will come is shown first.

    Experiments that both hold are brought together field by field; where they contradict each other, the one that was
    changed last is right. Versions whose numbers are taken here are a conflict, and then nothing is done.

    Example: lazyscribe merge ../colleague/project.json
    """
    theirs, *more = documents(Place(other, place.option))
    if more:
        message = f"{other} holds a project and a repository; give the path of the one that is to be merged."
        raise Refused(message, WRONG_USE, "wrong-use")
    mine = document(place, theirs.kind)
    preview = _preview(theirs, mine)
    lines = [f"{what}: {', '.join(found)}" for what, found in preview.items() if found]
    if preview["conflicts"]:
        for line in lines:
            console.tell(line)
        listed = ", ".join(preview["conflicts"])
        message = f"{mine.path} holds other versions of these numbers: {listed}; nothing was done."
        raise Refused(message, CONFLICT, "conflict")
    change = Change(
        lines,
        lambda: _copied(console, theirs, mine) if lines else None,
        lambda copied: {
            **{"path": mine.path, "other": theirs.path, **preview},
            "copied": copied._asdict() if copied is not None else None,
        },
        lambda copied: [f"{theirs.path} -> {mine.path}: {_counted(copied)}"],
    )
    carry_out(console, change, consent, f"Bring this into {mine.path}?")


def _preview(theirs: Found, mine: Found) -> dict[str, list[str]]:
    """Return the names of what is new, what both hold in different states, and what cannot go together."""
    found: dict[str, list[str]] = {"added": [], "updated": [], "conflicts": []}
    key = _experiment_key if theirs.kind == "project" else _version_key
    here = {key(record): record for record in mine.open()}
    for record in theirs.open():
        held = here.get(key(record))
        if held is None:
            found["added"].append(key(record))
        elif theirs.kind == "repository" and held["created_at"] != record["created_at"]:
            found["conflicts"].append(key(record))
        elif held != record:
            found["updated"].append(key(record))
    return found


def _experiment_key(record: dict[str, Any]) -> str:
    return str(record["slug"])


def _version_key(record: dict[str, Any]) -> str:
    return f"{record['name']}@{record['version']}"


def promote(
    console: Console,
    experiment: Slug = None,
    artifact: Artifact = None,
    to: Repo = None,
    release: Tag = None,
    alias: Alias = None,
    message: Message = None,
    to_option: ToOption = None,
    *,
    consent: Consent,
    place: Place,
) -> None:
    """Make an experiment's artifact the newest version of its name in a repository; its file is copied.

    Without --to that is the repository.json beside the project, made if there is none.

    With --release and --alias: let the alias mean the versions of a release, of all its names in one commit.

    Example: lazyscribe promote ridge weights --to models/repository.json
    """
    if release is not None and alias is not None and experiment is None:
        from lazyscribe.cli.releasing import promote_release

        found = document(place, "repository")
        promote_release(console, found, (release, alias), message, consent)
    elif experiment is not None and artifact is not None and release is None and alias is None:
        found = document(place, "project")
        options = options_of(to_option)
        if to is None:
            goal = Found(found.beside("repository.json"), "repository", {**found.options, **options})
            if not promises(goal.path, goal.options)["writable"]:
                raise Refused(f"{goal.path} can only be read; say by --to which repository gets the artifact.")
        else:
            goal = Found(_goal(to, "repository"), "repository", options)
        carry_out(console, _promotion(found, goal, experiment, artifact), consent, "Promote it?")
    else:
        what = "Give an experiment and its artifact, or --release and --alias"
        raise Refused(f"{what}; see: lazyscribe promote --help", WRONG_USE, "wrong-use")


def _promotion(found: Found, goal: Found, experiment: str, artifact: str) -> Change:
    project = found.project()
    repository = goal.repository("a")
    chosen = project[experiment]
    if artifact not in {each.name for each in chosen.artifacts}:
        known = ", ".join(repr(each.name) for each in chosen.artifacts) or "none"
        raise Refused(f"{experiment!r} has no artifact {artifact!r}; it has: {known}.", kind="not-found")
    numbers = [each["version"] for each in repository if each["name"] == artifact]
    number = max(numbers, default=-1) + 1
    text = f"{artifact} of {chosen.slug} becomes version {number} of {artifact} in {goal.full_path}"

    def save() -> int:
        chosen.promote_artifact(repository, artifact)
        return int(repository.artifacts[-1].version)

    told = {"path": found.path, "to": goal.path, "artifact": artifact, "experiment": chosen.slug, "text": text}
    return Change([text], save, lambda version: {**told, "version": version})
