"""A failed save leaves files and memory as they were; mended and saved again, every value is there."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Project, Repository, Test
from lazyscribe.exception import ArtifactLogError, CorruptArtifactError, LazyscribeError, SaveError
from tests.commit.states import TROUBLE, files_of, memory_of, open_project, open_repository

COUNT = 7
POSITIONS = [0, COUNT // 2, COUNT - 1]
LENGTH = 200_000
"""More than a buffer holds: half of a value is on the disk when trouble comes."""


def text(number: int) -> str:
    return f"{number}-" * (LENGTH // 2)


@pytest.fixture(autouse=True)
def no_trouble() -> Any:
    TROUBLE.over()
    yield
    TROUBLE.over()


class Story:
    """A document with saved and unsaved artifacts, and how its values are found again."""

    document: Any
    manifest: Path

    def __init__(self, folder: Path, values: list[Any], handlers: list[str]) -> None:
        self.folder = folder
        self.names = [f"a{number}" for number in range(len(values))]
        self.build(values, handlers)

    def build(self, values: list[Any], handlers: list[str]) -> None: ...

    def artifact(self, number: int) -> Any: ...

    def load(self, number: int) -> Any: ...


class InExperiment(Story):
    """Artifacts of an experiment that is saved already."""

    def build(self, values: list[Any], handlers: list[str]) -> None:
        self.document = open_project(self.folder)
        with self.document.log("run") as run:
            run.log_artifact("old", "old", "json")
        self.document.save()
        run.log_metric("m", 1)
        run.tag("t")
        for name, value, handler in zip(self.names, values, handlers, strict=True):
            run.log_artifact(name, value, handler)

    def artifact(self, number: int) -> Any:
        return self.document["run"].artifacts[number + 1]

    def load(self, number: int) -> Any:
        run = open_project(self.folder, "r")["run"]
        assert run.load_artifact("old") == "old"
        return run.load_artifact(self.names[number])


class InTest(Story):
    """Artifacts of three tests of a new experiment beside a saved one; the last test is made by hand."""

    def build(self, values: list[Any], handlers: list[str]) -> None:
        self.document = open_project(self.folder)
        with self.document.log("before"):
            pass
        self.document.save()
        with self.document.log("run") as run:
            for name in ("one", "two"):
                with run.log_test(name):
                    pass
            run.tests.append(Test("three"))
        for number, (value, handler) in enumerate(zip(values, handlers, strict=True)):
            run.tests[number % 3].log_artifact(self.names[number], value, handler)

    def artifact(self, number: int) -> Any:
        return self.document["run"].tests[number % 3].artifacts[number // 3]

    def load(self, number: int) -> Any:
        return open_project(self.folder, "r")["run"].tests[number % 3].load_artifact(self.names[number])


class InRepository(Story):
    """New versions of one name, after one that is saved and about to expire."""

    def build(self, values: list[Any], handlers: list[str]) -> None:
        self.document = open_repository(self.folder)
        self.document.log_artifact("a", "old", "json")
        self.document.save()
        for value, handler in zip(values, handlers, strict=True):
            self.document.log_artifact("a", value, handler)
        self.document.set_artifact_expiry("a", version=0, expiry="2099-01-01")

    def artifact(self, number: int) -> Any:
        return self.document.artifacts[number + 1]

    def load(self, number: int) -> Any:
        repository = open_repository(self.folder, "r")
        assert repository.load_artifact("a", version=0) == "old"
        assert [each.version for each in repository.artifacts] == list(range(COUNT + 1))
        return repository.load_artifact("a", version=number + 1)


class Replacing(Story):
    """Explicit file names, used again for new values of saved artifacts."""

    def build(self, values: list[Any], handlers: list[str]) -> None:
        self.document = open_project(self.folder)
        with self.document.log("run") as run:
            for name in self.names:
                run.log_artifact(name, f"old {name}", "json", fname=f"{name}.dat")
        self.document.save()
        for name, value, handler in zip(self.names, values, handlers, strict=True):
            run.log_artifact(name, value, handler, fname=f"{name}.dat", overwrite=True)

    def artifact(self, number: int) -> Any:
        return self.document["run"].artifacts[number]

    def load(self, number: int) -> Any:
        run = open_project(self.folder, "r")["run"]
        assert [each.fname for each in run.artifacts] == [f"{name}.dat" for name in self.names]
        return run.load_artifact(self.names[number])


class Anew(InRepository):
    """A repository opened with mode "w" over one that holds the same explicit file names."""

    def build(self, values: list[Any], handlers: list[str]) -> None:
        before = open_repository(self.folder)
        for number in range(COUNT):
            before.log_artifact("a", f"old {number}", "json", fname=f"f{number}")
        before.save()
        self.document = open_repository(self.folder, "w")
        for number, (value, handler) in enumerate(zip(values, handlers, strict=True)):
            self.document.log_artifact("a", value, handler, fname=f"f{number}")

    def artifact(self, number: int) -> Any:
        return self.document.artifacts[number]

    def load(self, number: int) -> Any:
        return open_repository(self.folder, "r").load_artifact("a", version=number)


STORIES = [InExperiment, InTest, InRepository, Replacing, Anew]


def fail(story: Story, error: type[BaseException] = SaveError) -> BaseException:
    """Save, expect an error, and that nothing else happened."""
    files, memory = files_of(story.folder), memory_of(story.document)
    with pytest.raises(error) as caught:
        story.document.save()
    assert files_of(story.folder) == files
    assert memory_of(story.document) == memory
    return caught.value


def succeed(story: Story, values: list[Any]) -> None:
    """Save, and find every value in a new object."""
    story.document.save()
    assert [story.load(number) for number in range(len(values))] == values
    with_files = files_of(story.folder)
    story.document.save()
    assert files_of(story.folder) == with_files, "a second save has nothing left to do"


@pytest.mark.parametrize("handler", ["halves", "binary-halves"])
@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("kind", STORIES)
@pytest.mark.parametrize("error", [RuntimeError("no"), KeyboardInterrupt(), SystemExit(3)], ids=repr)
def test_handler_raises_half_way(
    kind: type[Story], position: int, handler: str, error: BaseException, tmp_path: Path
) -> None:
    """A handler that raises half-way, by an error or an interrupt, costs nothing: files and memory stay."""
    values = [text(number) for number in range(COUNT)]
    story = kind(tmp_path, values, [handler] * COUNT)
    TROUBLE.at(values[position], error)
    if isinstance(error, Exception):
        caught = fail(story)
        assert repr(story.artifact(position).name) in str(caught)
        assert caught.__cause__ is error
    else:
        assert fail(story, type(error)) is error
    fail(story, BaseException)
    TROUBLE.over()
    succeed(story, values)


UNWRITABLE: dict[str, tuple[str, Callable[[], Any]]] = {
    "generator as JSON": ("json", lambda: (n for n in range(9))),
    "generator as pickle": ("pickle", lambda: (n for n in range(9))),
    "object late in JSON": ("json", lambda: [["x"] * LENGTH, object()]),
    "circular JSON": ("json", lambda: circular()),
    "lock late in pickle": ("pickle", lambda: [b"x" * LENGTH, threading.Lock()]),
    "lambda as pickle": ("pickle", lambda: lambda: None),
    "nested JSON": ("json", lambda: nested()),
    "lone surrogate as UTF-8": ("halves", lambda: "x" * LENGTH + "\ud800"),
    "number as text": ("halves", lambda: 5),
}


def circular() -> list[Any]:
    value: list[Any] = [1]
    value.append(value)
    return value


def nested() -> list[Any]:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("kind", "trouble"),
    [(kind, trouble) for trouble in UNWRITABLE for kind in (STORIES if "generator" in trouble else STORIES[1:3])],
)
@pytest.mark.parametrize("position", POSITIONS)
def test_value_that_cannot_be_written(kind: type[Story], position: int, trouble: str, tmp_path: Path) -> None:
    """A generator, or another value that its handler cannot write, is one error; with a good value all are saved."""
    handler, make = UNWRITABLE[trouble]
    good: list[Any] = [f"value {number}" for number in range(COUNT)]
    values = [make() if number == position else value for number, value in enumerate(good)]
    story = kind(tmp_path, values, [handler if number == position else "json" for number in range(COUNT)])
    fail(story)
    fail(story)
    story.artifact(position).value = good[position]
    succeed(story, good)


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize(("where", "of"), [("metrics", "experiment"), ("parameters", "test")])
@pytest.mark.parametrize(
    "bad",
    [object(), {1, 2}, b"x", 1j, {(1, 2): 3}, {1: 2, "1": 3}, circular(), nested()],
    ids=lambda bad: type(bad).__name__,
)
def test_metric_that_cannot_be_written(position: int, where: str, of: str, bad: Any, tmp_path: Path) -> None:
    """A metric or parameter that JSON cannot hold, of whichever experiment, leaves no artifact file behind."""
    project = open_project(tmp_path)
    with project.log("old") as old:
        old.log_artifact("a", "old", "json")
    project.save()
    for number in range(COUNT):
        with project.log(f"run {number}") as run:
            run.log_artifact("a", number, "json")
            with run.log_test("t") as test:
                test.log_artifact("b", -number, "pickle")
    run = project.experiments[position + 1]
    recorder = run if of == "experiment" else run.tests[0]
    getattr(recorder, where)["bad"] = bad
    story = Story.__new__(Story)
    story.folder, story.document = tmp_path, project
    assert repr(run.name) in str(fail(story))
    getattr(recorder, where)["bad"] = "good"
    project.save()
    fresh = open_project(tmp_path, "r")
    assert [run.name for run in fresh.experiments] == ["old", *(f"run {number}" for number in range(COUNT))]
    for number, each in enumerate(fresh.experiments[1:]):
        assert (each.load_artifact("a"), each.tests[0].load_artifact("b")) == (number, -number)
    found = fresh.experiments[position + 1]
    assert getattr(found if of == "experiment" else found.tests[0], where) == {"bad": "good"}


def saved_run(folder: Path, handler: str = "halves") -> tuple[Project, Repository]:
    """A project with one saved artifact, and a repository elsewhere with one saved and one unsaved version."""
    project = open_project(folder / "p")
    with project.log("run") as run:
        run.log_artifact("model", text(1), handler, fname="model.bin")
    project.save()
    repository = open_repository(folder / "r")
    repository.log_artifact("other", 1, "json")
    repository.save()
    return project, repository


@pytest.mark.parametrize("error", [RuntimeError("no"), KeyboardInterrupt(), SystemExit(3)], ids=repr)
def test_promotion_of_an_unsaved_artifact(error: BaseException, tmp_path: Path) -> None:
    """An unsaved artifact that joined a repository stays there through a failed save and is saved by the next."""
    project, repository = saved_run(tmp_path)
    project["run"].log_artifact("new", text(2), "halves")
    project["run"].promote_artifact(repository, "new")
    story = Story.__new__(Story)
    story.folder, story.document = tmp_path, repository
    TROUBLE.at(text(2), error)
    fail(story, SaveError if isinstance(error, Exception) else type(error))
    TROUBLE.over()
    repository.save()
    project.save()
    assert open_repository(tmp_path / "r", "r").load_artifact("new") == text(2)
    assert open_project(tmp_path / "p", "r")["run"].load_artifact("new") == text(2)


@pytest.mark.parametrize("error", [RuntimeError("no"), KeyboardInterrupt(), SystemExit(3)], ids=repr)
def test_promotion_beside_what_cannot_be_saved(error: BaseException, tmp_path: Path) -> None:
    """A saved artifact whose promotion fails is nowhere in the repository; promoted again it is there once."""
    project, repository = saved_run(tmp_path)
    repository.log_artifact("waits", text(3), "halves")
    TROUBLE.at(text(3), error)
    files, memory, run = files_of(tmp_path), memory_of(repository), project["run"]
    expected = (ArtifactLogError, SaveError) if isinstance(error, Exception) else type(error)
    with pytest.raises(expected) as caught:
        run.promote_artifact(repository, "model")
    if isinstance(error, Exception):
        assert isinstance(caught.value, ArtifactLogError)
        assert isinstance(caught.value, SaveError)
    assert (files_of(tmp_path), memory_of(repository)) == (files, memory)
    TROUBLE.over()
    run.promote_artifact(repository, "model")
    fresh = open_repository(tmp_path / "r", "r")
    assert [each.name for each in fresh.artifacts] == ["other", "waits", "model"]
    assert (fresh.load_artifact("model"), fresh.load_artifact("waits")) == (text(1), text(3))


def test_promotion_of_a_damaged_file(tmp_path: Path) -> None:
    """A file that is not what was saved is not promoted: nothing is written, nothing joins."""
    project, repository = saved_run(tmp_path)
    path = project["run"].path / "model.bin"
    good = path.read_bytes()
    path.write_bytes(good[:-1])
    files, memory = files_of(tmp_path), memory_of(repository)
    with pytest.raises(CorruptArtifactError):
        project["run"].promote_artifact(repository, "model")
    assert (files_of(tmp_path), memory_of(repository)) == (files, memory)
    path.write_bytes(good)
    project["run"].promote_artifact(repository, "model")
    assert open_repository(tmp_path / "r", "r").load_artifact("model") == text(1)


def test_value_that_a_failed_save_used_up(tmp_path: Path) -> None:
    """An iterator that a failed save has used up is refused by the next: nothing empty is saved in its place."""
    repository = open_repository(tmp_path)
    repository.log_artifact("lines", (str(n) for n in range(9)), "lines")
    repository.log_artifact("bad", object(), "json")
    for _ in range(2):
        with pytest.raises(SaveError):
            repository.save()
    repository["bad"].value = 1
    with pytest.raises(SaveError, match="'lines'"):
        repository.save()
    repository["lines"].value = (str(n) for n in range(9))
    repository.save()
    assert open_repository(tmp_path, "r").load_artifact("lines") == "012345678"


@pytest.mark.parametrize("blocked", ["file for folder", "folder for file", "file for folder below"])
def test_place_that_cannot_be_written(blocked: str, tmp_path: Path) -> None:
    """Where a file or a folder stands in the way, the error is ours, nothing changes, and clearing it is enough."""
    repository = open_repository(tmp_path)
    repository.log_artifact("first", 1, "json")
    repository.log_artifact("second", 2, "json", fname="sub/f.json")
    if blocked == "file for folder":
        obstacle = tmp_path / "second"
        obstacle.write_text("mine")
    elif blocked == "folder for file":
        obstacle = tmp_path / "repository.json"
        obstacle.mkdir()
    else:
        obstacle = tmp_path / "second"
        obstacle.mkdir()
        (obstacle / "sub").write_text("mine")
    story = Story.__new__(Story)
    story.folder, story.document = tmp_path, repository
    fail(story, LazyscribeError)
    if obstacle.is_file():
        obstacle.unlink()
    elif blocked == "folder for file":
        obstacle.rmdir()
    else:
        (obstacle / "sub").unlink()
    repository.save()
    fresh = open_repository(tmp_path, "r")
    assert (fresh.load_artifact("first"), fresh.load_artifact("second")) == (1, 2)
