"""What tests of saving compare: the files of a folder, the fields of a project or repository, handlers that fail."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import attrs
from attrs import define

from lazyscribe import Experiment, Project, Repository, Test
from lazyscribe.artifacts.base import Artifact


def files_of(root: Path) -> dict[str, bytes]:
    """Every file under `root` but locks, temporary files and staged ones included."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


def memory_of(document: Any) -> Any:
    """Every field of what a project or a repository holds: which objects, in which order, with which values."""
    if isinstance(document, Repository):
        return [_artifact(each) for each in document.artifacts]
    return [_experiment(each) for each in document.experiments]


def _artifact(artifact: Artifact) -> Any:
    fields = {each.name: getattr(artifact, each.name) for each in attrs.fields(type(artifact))}
    return id(artifact), {**fields, "value": id(artifact.value), "writer_kwargs": dict(artifact.writer_kwargs)}


def _experiment(experiment: Experiment) -> Any:
    plain = ("name", "project", "dir", "author", "last_updated_by", "created_at", "last_updated", "slug", "short_slug")
    return (
        id(experiment),
        {name: getattr(experiment, name) for name in (*plain, "dirty")},
        sorted(experiment.__dict__.get("_overwritten", ())),
        {name: id(upstream) for name, upstream in experiment.dependencies.items()},
        _recorded(experiment),
        list(experiment.tags),
        [(id(test), test.name, test.description, test.path, _recorded(test)) for test in experiment.tests],
    )


def _recorded(recorder: Experiment | Test) -> Any:
    return (
        dict(recorder.metrics),
        dict(recorder.parameters),
        id(recorder.artifacts),
        [_artifact(each) for each in recorder.artifacts],
    )


def records_of(manifest: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The file and the record of every artifact that a manifest names, read without lazyscribe."""
    from slugify import slugify

    root = manifest.parent
    for record in json.loads(manifest.read_bytes()) if manifest.exists() else []:
        if "slug" not in record:
            yield root / record["name"] / record["fname"], record
            continue
        for each in record["artifacts"]:
            yield root / record["slug"] / each["fname"], each
        for test in record["tests"]:
            for each in test["artifacts"]:
                yield root / record["slug"] / slugify(test["name"]) / each["fname"], each


def facts_file(root: Path, path: Path) -> Path | None:
    """Where facts of a file below `root` stand: its own ones, or the last pack that knows of it."""
    key = path.relative_to(root)
    own = root / ".lazyscribe/facts" / f"{key.as_posix()}.json"
    if own.is_file():
        return own
    packs = sorted((root / ".lazyscribe/packs" / key.parent).glob("*.json"), reverse=True)
    return next((pack for pack in packs if key.name in json.loads(pack.read_bytes())), None)


def told_of(root: Path, path: Path) -> Iterator[dict[str, Any]]:
    """Everything that is told of a file below `root`, read without lazyscribe: in its own facts, then in packs."""
    key = path.relative_to(root)
    own = root / ".lazyscribe/facts" / f"{key.as_posix()}.json"
    if own.is_file():
        yield json.loads(own.read_bytes())
    for pack in sorted((root / ".lazyscribe/packs" / key.parent).glob("*.json"), reverse=True):
        if (told := json.loads(pack.read_bytes()).get(key.name)) is not None:
            yield told


def facts_of(root: Path, path: Path, record: dict[str, Any]) -> dict[str, Any] | None:
    """What is told of the write of a file that a record is of."""
    of = record["created_at"], record["handler"]
    return next((told for told in told_of(root, path) if (told["created_at"], told["handler"]) == of), None)


def damaged(manifest: Path) -> list[Path]:
    """The files that a manifest names and that are missing, or are not what their facts say; all have facts."""
    wrong = []
    for path, record in records_of(manifest):
        facts = facts_of(manifest.parent, path, record)
        if not path.is_file() or facts is None or facts["sha256"] != hashlib.sha256(path.read_bytes()).hexdigest():
            wrong.append(path)
    return wrong


def numbers_of(manifest: Path, name: str) -> list[int]:
    """The version numbers of `name` in the order of the file."""
    return [record["version"] for _, record in records_of(manifest) if record["name"] == name]


class Trouble:
    """What the handlers here do half-way through a write."""

    def __init__(self) -> None:
        self.strike: Callable[[Any], None] = lambda value: None

    def at(self, bad: Any, error: BaseException) -> None:
        """Raise `error` in the middle of writing `bad`, and only of that."""

        def strike(value: Any) -> None:
            if value == bad:
                raise error

        self.strike = strike

    def over(self) -> None:
        """Write everything from now on."""
        self.strike = lambda value: None


TROUBLE = Trouble()


@define
class Halves(Artifact):
    """Text in two halves; trouble may come between them."""

    alias: ClassVar[str] = "halves"
    suffix: ClassVar[str] = "txt"
    binary: ClassVar[bool] = False
    output_only: ClassVar[bool] = False

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        return buf.read()

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        buf.write(obj[: len(obj) // 2])
        TROUBLE.strike(obj)
        buf.write(obj[len(obj) // 2 :])


@define
class BinaryHalves(Artifact):
    """Bytes in two halves; trouble may come between them."""

    alias: ClassVar[str] = "binary-halves"
    suffix: ClassVar[str] = "bin"
    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = False

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        return buf.read().decode()

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        data = obj.encode()
        buf.write(data[: len(data) // 2])
        TROUBLE.strike(obj)
        buf.write(data[len(data) // 2 :])


@define
class Lines(Artifact):
    """Whatever can be iterated over, iterators too, as one text."""

    alias: ClassVar[str] = "lines"
    suffix: ClassVar[str] = "txt"
    binary: ClassVar[bool] = False
    output_only: ClassVar[bool] = False

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        return buf.read()

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        buf.writelines(obj)


def open_project(folder: Path, mode: Any = "w+") -> Project:
    return Project(folder / "project.json", mode=mode, author="root")


def open_repository(folder: Path, mode: Any = "w+") -> Repository:
    return Repository(folder / "repository.json", mode=mode)
