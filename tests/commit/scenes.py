"""Small pieces of work that write, each with what must hold when it is done, and calls that fail in them."""

import json
from pathlib import Path
from typing import Any

from lazyscribe import Repository
from lazyscribe.release import create_release, minimal_repository_from_release, release_from_toml
from tests.commit.states import damaged, numbers_of, open_project, open_repository


class Scene:
    """Work in a folder.

    Attributes
    ----------
    documents
        The objects whose memory must stay as it was when the work fails.
    replaces
        Names of files that are replaced.
    """

    manifest = "repository.json"
    replaces: frozenset[str] = frozenset()

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.documents: list[Any] = []
        self.prepare()

    def prepare(self) -> None: ...

    def work(self) -> None: ...

    def check(self) -> None:
        """Every value is there, exactly once."""
        assert damaged(self.folder / self.manifest) == []

    def load(self, fname: str) -> None:
        """Load one of the files that are replaced."""

    def goes_on(self) -> None:
        """A new process can open, log and save."""
        repository = open_repository(self.folder)
        number = len(numbers_of(self.folder / self.manifest, "a"))
        repository.log_artifact("a", "after", "json")
        repository.save()
        fresh = open_repository(self.folder, "r")
        assert fresh.load_artifact("a") == fresh.load_artifact("a", version=number) == "after"


class First(Scene):
    """The first save of a repository, two handlers, two versions of one name in one second."""

    def prepare(self) -> None:
        self.fill(open_repository(self.folder))

    def fill(self, repository: Repository) -> None:
        repository.log_artifact("a", 0, "json")
        repository.log_artifact("a", 1, "pickle")
        repository.log_artifact("b", 2, "json", fname="sub/b.json")
        self.documents = [repository]

    def work(self) -> None:
        self.documents[0].save()

    def check(self) -> None:
        super().check()
        fresh = open_repository(self.folder, "r")
        assert [fresh.load_artifact("a", version=0), fresh.load_artifact("a", version=1)] == [0, 1]
        assert fresh.load_artifact("b") == 2
        assert len(fresh.artifacts) == 3


class Append(Scene):
    """A save after somebody else's, whose number it had in mind; a version expires with it, another is deleted."""

    def prepare(self) -> None:
        repository = open_repository(self.folder)
        repository.log_artifact("a", 0, "json")
        repository.log_artifact("gone", 0, "json")
        repository.save()
        other = open_repository(self.folder)
        other.log_artifact("a", 1, "json")
        other.save()
        repository.log_artifact("a", 2, "json")
        repository.set_artifact_expiry("a", version=0, expiry="2099-01-01")
        repository.artifacts.remove(repository["gone"])
        self.documents = [repository]

    def work(self) -> None:
        self.documents[0].save()

    def check(self) -> None:
        super().check()
        for each in (open_repository(self.folder, "r"), self.documents[0]):
            assert [each.load_artifact("a", version=number) for number in range(3)] == [0, 1, 2]
            assert [(one.name, one.version) for one in each.artifacts] == [("a", 0), ("a", 1), ("a", 2)]
            assert each.get_artifact_metadata("a", version=0)["expiry"] == "2099-01-01T00:00:00"


class Promote(Scene):
    """A saved artifact goes to a repository that somebody else saved meanwhile."""

    def prepare(self) -> None:
        project = open_project(self.folder / "p")
        with project.log("run") as run:
            run.log_artifact("a", "promoted", "json")
        project.save()
        repository = open_repository(self.folder)
        other = open_repository(self.folder)
        other.log_artifact("b", "theirs", "json")
        other.save()
        self.documents = [repository, project]

    def work(self) -> None:
        self.documents[1]["run"].promote_artifact(self.documents[0], "a")

    def check(self) -> None:
        super().check()
        for each in (open_repository(self.folder, "r"), self.documents[0]):
            assert each.load_artifact("a") == "promoted"
            assert sorted((one.name, one.version) for one in each.artifacts) == [("a", 0), ("b", 0)]
            assert each.load_artifact("b") == "theirs"


class Replace(Scene):
    """New values under explicit file names that are saved already: one file in an experiment, one in a test."""

    manifest = "project.json"
    replaces = frozenset({"a.json", "b.json"})

    def load(self, fname: str) -> None:
        run = open_project(self.folder, "r")["run"]
        (run if fname == "a.json" else run.tests[0]).load_artifact(fname[0])

    def prepare(self) -> None:
        project = open_project(self.folder)
        with project.log("run") as run:
            run.log_artifact("a", "old", "json", fname="a.json")
            with run.log_test("t") as test:
                test.log_artifact("b", "old", "json", fname="b.json")
        project.save()
        other = open_project(self.folder)
        with other.log("theirs"):
            pass
        other.save()
        run.log_artifact("a", "new", "pickle", fname="a.json", overwrite=True)
        test.log_artifact("b", "new", "pickle", fname="b.json", overwrite=True)
        self.documents = [project]

    def work(self) -> None:
        self.documents[0].save()

    def check(self) -> None:
        super().check()
        for project in (open_project(self.folder, "r"), self.documents[0]):
            run = project["run"]
            assert [each.fname for each in (*run.artifacts, *run.tests[0].artifacts)] == ["a.json", "b.json"]
            assert (run.load_artifact("a"), run.tests[0].load_artifact("b")) == ("new", "new")
            assert sorted(each.name for each in project.experiments) == ["run", "theirs"]

    def goes_on(self) -> None:
        project = open_project(self.folder)
        with project.log("after") as after:
            after.log_artifact("a", "after", "json")
        project.save()
        assert open_project(self.folder, "r")["after"].load_artifact("a") == "after"


class SaveProject(Replace):
    """A new experiment of a taken name and an edited one, after somebody else's save."""

    def prepare(self) -> None:
        project = open_project(self.folder)
        with project.log("run") as run:
            run.log_artifact("a", "old", "json")
        project.save()
        other = open_project(self.folder)
        with other.log("new") as new:
            new.slug = "new-1"
            new.log_metric("m", "theirs")
        other.save()
        run.log_metric("m", 1)
        run.log_artifact("b", "late", "json")
        with project.log("new") as new:
            new.slug = "new-1"
            new.log_artifact("a", "mine", "json")
            with new.log_test("t") as test:
                test.log_artifact("b", "test", "pickle")
        self.documents = [project]

    def check(self) -> None:
        Scene.check(self)
        for project in (open_project(self.folder, "r"), self.documents[0]):
            assert sorted(each.name for each in project.experiments) == ["new", "new", "run"]
            assert len({each.slug for each in project.experiments}) == 3
            run, mine, theirs = (self.named(project, *which) for which in (("run", 2), ("new", 1), ("new", 0)))
            assert (run.load_artifact("a"), run.load_artifact("b"), run.metrics) == ("old", "late", {"m": 1})
            assert (mine.load_artifact("a"), mine.tests[0].load_artifact("b")) == ("mine", "test")
            assert theirs.metrics == {"m": "theirs"}

    def named(self, project: Any, name: str, artifacts: int) -> Any:
        (found,) = [each for each in project.experiments if each.name == name and len(each.artifacts) == artifacts]
        return found


class Anew(First):
    """A repository opened with mode "w" over another one, using one of its file names."""

    def prepare(self) -> None:
        before = open_repository(self.folder)
        before.log_artifact("b", "old", "pickle", fname="sub/b.json")
        before.save()
        self.replaces = frozenset({"b.json"})
        self.fill(open_repository(self.folder, "w"))

    def load(self, fname: str) -> None:
        open_repository(self.folder, "r").load_artifact("b")


class Release(Scene):
    """A release is written beside the repository."""

    def prepare(self) -> None:
        repository = open_repository(self.folder)
        repository.log_artifact("a", 0, "json")
        repository.save()

    def work(self) -> None:
        path = (self.folder / "repository.json").as_posix()
        release_from_toml(f'[tool.lazyscribe]\nversion = "1"\nrepositories = ["{path}"]\n')

    def check(self) -> None:
        super().check()
        (release,) = json.loads((self.folder / "releases.json").read_bytes())
        assert (release["tag"], release["artifacts"]) == ("1", [["a", 0]])


class Export(Scene):
    """The versions of a release are copied into a repository of their own."""

    def prepare(self) -> None:
        repository = open_repository(self.folder)
        for number in range(2):
            repository.log_artifact("a", number, "json")
        repository.log_artifact("b", 7, "pickle")
        repository.save()

    def work(self) -> None:
        repository = open_repository(self.folder, "r")
        minimal_repository_from_release(self.folder / "out", repository, create_release(repository, "1"))

    def check(self) -> None:
        super().check()
        fresh = Repository(self.folder / "out/repository.json", mode="r")
        assert [(each.name, each.version) for each in fresh.artifacts] == [("a", 1), ("b", 0)]
        assert (fresh.load_artifact("a"), fresh.load_artifact("b")) == (1, 7)


SCENES = [First, Append, Promote, Replace, SaveProject, Anew, Release, Export]
