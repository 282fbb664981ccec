"""Copies that are interrupted, and how to see that they were finished."""

from pathlib import Path
from typing import Any

import lazyscribe
from lazyscribe import Project, Repository
from tests.copying.sources import project, repository, version
from tests.repository.tools import tree


class Scene:
    """A source, and a target that holds something else and some of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source, self.target = folder / "from" / "records.json", folder / "to" / "records.json"
        self.make()
        self.before = tree(folder / "from")

    def make(self) -> None:
        raise NotImplementedError

    def work(self) -> Any:
        return lazyscribe.copy(self.source, self.target, workers=1)

    def opened(self) -> Any:
        raise NotImplementedError

    def damaged(self) -> list[str]:
        """Return what is wrong with what the target's records name."""
        report = self.opened().verify()
        return [str(each) for each in report.findings if each.severity == "error"]

    def check(self) -> None:
        """See that the copy is whole, that the source is what it was, and what nobody has any use for is not there."""
        report = self.opened().verify()
        left = {each.kind for each in report.findings if not each.path.endswith("named.json")}
        assert left <= {"temporary-file"}, str(report)
        assert tree(self.folder / "from") == self.before
        assert self.work() == (0, 0, 0)


class OfRepository(Scene):
    """Versions, two of which are there."""

    def make(self) -> None:
        repository(self.source, 2)
        lazyscribe.copy(self.source, self.target, names="deep/er")
        own = Repository(self.target)
        own.artifacts.append(version("own", 0))
        own.save()

    def opened(self) -> Repository:
        return Repository(self.target, mode="r")

    def check(self) -> None:
        super().check()
        assert len(self.opened().artifacts) == 6
        assert self.opened().load_artifact("model", version=1) == {"name": "model", "number": 1}


class OfProject(Scene):
    """Experiments, one of which is there in an older state, one of whose files was overwritten since."""

    def make(self) -> None:
        made = project(self.source)
        made["forest"].artifacts.append(version("named", 3, "old", fname="named.json"))
        made.save()
        lazyscribe.copy(self.source, self.target, names="Forest")
        made["forest"].log_artifact("named", "new", handler="json", fname="named.json", overwrite=True)
        made.save()

    def opened(self) -> Project:
        return Project(self.target, mode="r")

    def check(self) -> None:
        super().check()
        assert self.opened().experiments == Project(self.source, mode="r").experiments
        assert self.opened()["forest"].load_artifact("named") == "new"


SCENES = [OfRepository, OfProject]
