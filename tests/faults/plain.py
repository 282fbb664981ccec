"""Scenes that both releases can play, and what is wrong in a folder afterwards, told without lazyscribe.

This runs in the interpreter of either release, and only `prepare` and `work` import that. Every version has a file name
of its own here: that 2.2 lets two versions of one second share a file is another fault than those that are looked for.
"""

import json
import pickle
from pathlib import Path
from typing import Any, ClassVar

Found = dict[tuple[str, str], Any]


def value_in(path: Path) -> Any:
    """Return what a file of the JSON or the pickle handler holds."""
    data = path.read_bytes()
    return json.loads(data) if path.suffix == ".json" else pickle.loads(data)


def rows_of(manifest: Path) -> list[dict[str, Any]]:
    """Return the records of a manifest; `ValueError` if it is not whole, `FileNotFoundError` if it is not there."""
    rows = json.loads(manifest.read_bytes())
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{manifest.name} is no list of records")
    return rows


def named_files(row: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the folder and the file name of everything that a record names."""
    if "slug" not in row:
        return [(row["name"], row["fname"])]
    tests = [(f"{row['slug']}/{test['name']}", each["fname"]) for test in row["tests"] for each in test["artifacts"]]
    return [*((row["slug"], each["fname"]) for each in row["artifacts"]), *tests]


class Scene:
    """A piece of work in a folder.

    Attributes
    ----------
    before, after
        The value of each file, by name of artifact and file, that was saved before the work, and that it saves.
    """

    manifest = "repository.json"
    before: ClassVar[Found] = {}
    after: ClassVar[Found] = {}

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        """Save what is there before."""

    def work(self) -> None:
        """Save; after an error, once more."""

    def damage(self, done: bool) -> list[str]:
        """Tell what is wrong; `done` says that the work is said to be done, so that all it saves must be there."""
        must = self.before | (self.after if done else {})
        try:
            rows = rows_of(self.folder / self.manifest)
        except FileNotFoundError:
            return ["the manifest is not there"] if must else []
        except ValueError:
            return ["the manifest is not whole"]
        numbers = [(row["name"], row.get("version")) for row in rows]
        wrong = [f"{number} is given twice" for number in set(numbers) if numbers.count(number) > 1]
        found = {self.key(*names): Path(*names) for row in rows for names in named_files(row)}
        wrong += [f"{name} is lost" for name in must.keys() - found.keys()]
        values = self.before | self.after
        return sorted(wrong + [text for key, path in found.items() for text in self.wrong(path, values[key])])

    def key(self, folder: str, fname: str) -> tuple[str, str]:
        """Return under what name a file stands in `before` and `after`."""
        return folder, fname

    def wrong(self, path: Path, value: Any) -> list[str]:
        """Tell whether a file that a record names is missing, or not what was logged."""
        try:
            found = value_in(self.folder / path)
        except FileNotFoundError:
            return [f"{path} is named and not there"]
        except Exception:
            return [f"{path} is not whole"]
        return [] if found == value else [f"{path} holds something else"]

    def repository(self, mode: str = "w+") -> Any:
        from lazyscribe import Repository

        return Repository(self.folder / "repository.json", mode=mode)

    def project(self, mode: str = "w+") -> Any:
        from lazyscribe import Project

        return Project(self.folder / "project.json", mode=mode, author="root")


LONG = list(range(3000))
"""More than one buffer of a file holds."""


class First(Scene):
    """The first save of a repository: two versions, two handlers."""

    after: ClassVar[Found] = {("a", "a-0.json"): LONG, ("a", "a-1.pkl"): {"one": 1}}

    def prepare(self) -> None:
        self.open = self.repository()
        self.open.log_artifact("a", LONG, "json", fname="a-0.json")
        self.open.log_artifact("a", {"one": 1}, "pickle", fname="a-1.pkl")

    def work(self) -> None:
        self.open.save()


class Append(Scene):
    """Another version of what is there."""

    before: ClassVar[Found] = First.after
    after: ClassVar[Found] = {("a", "a-2.json"): "two"}

    def prepare(self) -> None:
        first = First(self.folder)
        first.prepare()
        first.work()
        self.open = self.repository()
        self.open.log_artifact("a", "two", "json", fname="a-2.json")

    def work(self) -> None:
        self.open.save()


class Promote(Scene):
    """A saved artifact goes to a repository that has others."""

    before: ClassVar[Found] = First.after
    after: ClassVar[Found] = {("model", "model.pkl"): LONG}

    def prepare(self) -> None:
        first = First(self.folder)
        first.prepare()
        first.work()
        aside = Scene(self.folder / "p")
        project = aside.project("w")
        with project.log("run") as run:
            run.log_artifact("model", LONG, "pickle", fname="model.pkl")
        project.save()
        self.run, self.open = aside.project("r")["run"], self.repository()

    def work(self) -> None:
        self.run.promote_artifact(self.open, "model")


class SaveProject(Scene):
    """An experiment with an artifact and a test joins another one."""

    manifest = "project.json"
    before: ClassVar[Found] = {("old", "a.json"): "old"}
    after: ClassVar[Found] = {("new", "a.json"): LONG, ("new/t", "b.pkl"): "tested"}

    def key(self, folder: str, fname: str) -> tuple[str, str]:
        """Leave out the date in an experiment's folder."""
        slug, *test = folder.split("/")
        return "/".join([slug[:3], *test]), fname

    def prepare(self) -> None:
        project = self.project("w")
        with project.log("old") as run:
            run.log_artifact("a", "old", "json", fname="a.json")
        project.save()
        self.open = self.project("a")
        with self.open.log("new") as run:
            run.log_artifact("a", LONG, "json", fname="a.json")
            with run.log_test("t") as test:
                test.log_artifact("b", "tested", "pickle", fname="b.pkl")

    def work(self) -> None:
        self.open.save()


class Release(Scene):
    """A second release joins the first."""

    before: ClassVar[Found] = First.after

    def prepare(self) -> None:
        first = First(self.folder)
        first.prepare()
        first.work()
        self.release("1")

    def work(self) -> None:
        self.release("2")

    def release(self, tag: str) -> None:
        from lazyscribe.release import release_from_toml

        path = (self.folder / "repository.json").as_posix()
        release_from_toml(f'[project]\nversion = "{tag}"\n[tool.lazyscribe]\nrepositories = ["{path}"]\n')

    def damage(self, done: bool) -> list[str]:
        """Tell what is wrong with the repository, and with its releases."""
        wrong = super().damage(done)
        try:
            rows = rows_of(self.folder / "releases.json")
        except FileNotFoundError:
            return [*wrong, "the releases are not there"]
        except ValueError:
            return [*wrong, "the releases are not whole"]
        tags = [row["tag"] for row in rows]
        if tags not in (["1", "2"], ["1"])[: 1 if done else 2]:
            wrong.append(f"the releases are {tags}")
        return wrong + [f"release {row['tag']} names something else" for row in rows if row["artifacts"] != [["a", 1]]]


SCENES = {kind.__name__: kind for kind in (First, Append, Promote, SaveProject, Release)}
