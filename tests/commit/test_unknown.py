"""After a commit whose answer was lost, saving again takes what is there for its own."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from attrs import define

from lazyscribe import Project, Repository
from lazyscribe.artifacts.base import Artifact
from lazyscribe.exception import CommitUnknownError, ConflictError, CorruptManifestError
from lazyscribe.testing.calls import OPENING, through
from lazyscribe.testing.faults import Faults
from tests.commit.states import damaged, memory_of, numbers_of, open_project, open_repository


@define
class Salted(Artifact):
    """Writes other bytes each time, as formats with dates in them do."""

    alias: ClassVar[str] = "salted"
    suffix: ClassVar[str] = "bin"
    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = False

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        return buf.read()[8:].decode()

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        buf.write(os.urandom(8) + "".join(obj).encode())


class Lost:
    """Loses the answer to the first replacement of a file whose name ends so."""

    def __init__(self, ending: str) -> None:
        self.faults = Faults(self.strike)
        self.ending = ending

    def strike(self, when: str, number: int, name: str) -> None:
        calls = self.faults.calls
        if (when, name) == ("after", "replace") and calls.log[-1][1][1].endswith(self.ending):
            self.faults.armed = False
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def during(self, save: Callable[[], None]) -> None:
        self.faults.armed = True
        with pytest.raises(CommitUnknownError):
            save()
        assert not self.faults.armed


def both(folder: Path, lost: Lost) -> tuple[Repository, Repository]:
    """Two objects of one repository; the first one saves through calls that lose an answer."""
    with through(lost.faults.calls):
        repository = open_repository(folder)
    return repository, open_repository(folder)


@pytest.mark.parametrize("value", ["text", "iterator"])
@pytest.mark.parametrize("reloading", [False, True])
def test_version(value: str, reloading: bool, tmp_path: Path) -> None:
    """A version whose number had to move, by a handler that never writes the same, is there once, others' too."""
    lost = Lost("repository.json")
    repository, other = both(tmp_path, lost)
    other.log_artifact("a", "theirs", "json")
    other.save()
    repository.log_artifact("a", iter(["mi", "ne"]) if value == "iterator" else "mine", "salted")
    memory = memory_of(repository)
    lost.during(repository.save)
    assert memory_of(repository) == memory
    other.log_artifact("a", "later", "json")
    other.save()
    if reloading:
        repository.reload()
    repository.log_artifact("a", "last", "json")
    repository.save()
    assert damaged(tmp_path / "repository.json") == []
    assert numbers_of(tmp_path / "repository.json", "a") == [0, 1, 2, 3]
    for each in (repository, open_repository(tmp_path, "r")):
        assert [each.load_artifact("a", version=n) for n in range(4)] == ["theirs", "mine", "later", "last"]


@pytest.mark.parametrize("reloading", [False, True])
def test_version_of_others_of_a_name_that_is_chosen_later(reloading: bool, tmp_path: Path) -> None:
    """What others saved before a commit whose answer was lost is not taken for what is logged after that."""
    lost = Lost("repository.json")
    repository, other = both(tmp_path, lost)
    other.log_artifact("a", "theirs", "json", fname="a.json")
    other.save()
    repository.log_artifact("a", "mine", "json", fname="b.json")
    lost.during(repository.save)
    repository.log_artifact("a", "later", "json", fname="a.json")
    if reloading:
        repository.reload()
    with pytest.warns(UserWarning, match="is taken"):
        repository.save()
    for each in (repository, open_repository(tmp_path, "r")):
        assert [each.load_artifact("a", version=n) for n in range(3)] == ["theirs", "mine", "later"]


def test_new_experiment_that_goes_on(tmp_path: Path) -> None:
    """An experiment that may have been saved is changed further and saved again: it is one, as it stands in memory."""
    lost = Lost("project.json")
    with through(lost.faults.calls):
        project = open_project(tmp_path)
    with project.log("run") as run:
        run.log_artifact("a", "salty", "salted")
        run.log_metric("m", 1)
    lost.during(project.save)
    run.log_metric("m", 2)
    run.log_artifact("b", 3, "json")
    project.save()
    project.save()
    for each in (project, open_project(tmp_path, "r")):
        (found,) = each.experiments
        assert found.metrics == {"m": 2}
        assert (found.load_artifact("a"), found.load_artifact("b")) == ("salty", 3)


@pytest.mark.parametrize("reloading", [False, True])
def test_experiment_of_others_of_a_slug_that_is_taken_later(reloading: bool, tmp_path: Path) -> None:
    """What others saved before that is not taken for what is logged after it; both are there."""
    lost = Lost("project.json")
    with through(lost.faults.calls):
        project = open_project(tmp_path)
    other = open_project(tmp_path)
    for each, name in ((other, "theirs"), (project, "first"), (project, "mine")):
        with each.log(name) as run:
            pass
        run.slug = "first" if name == "first" else "same"
        if name == "first":
            lost.during(each.save)
        elif each is other:
            other.save()
    if reloading:
        project.reload()
    project.save()
    found = {(each.name, each.slug) for each in open_project(tmp_path, "r").experiments}
    assert found == {("first", "first"), ("theirs", "same"), ("mine", "same-1")}


def test_new_slug_after_that(tmp_path: Path) -> None:
    """An experiment that may have been saved, and got another slug then, has its files where that says."""
    lost = Lost("project.json")
    with through(lost.faults.calls):
        project = open_project(tmp_path)
    with project.log("run") as run:
        run.log_artifact("a", 3, "json", fname="a.json")
    lost.during(project.save)
    run.slug = "other"
    project.save()
    (found,) = [each for each in open_project(tmp_path, "r").experiments if each.slug == "other"]
    assert (found.artifacts[0].fname, found.load_artifact("a")) == ("a.json", 3)


def replacing(project: Project) -> Any:
    """An experiment of `project` with a saved explicit file name, and a new value for it."""
    with project.log("run") as run:
        run.log_artifact("a", "old", "json", fname="a.bin")
    project.save()
    run.log_artifact("a", iter(["n", "ew"]), "salted", fname="a.bin", overwrite=True)
    return run


def test_replaced_file(tmp_path: Path) -> None:
    """A file that was to be moved into place after the commit is moved by the next save; what others saved stays."""
    lost = Lost("a.bin")
    with through(lost.faults.calls):
        project = open_project(tmp_path)
    replacing(project)
    other = open_project(tmp_path)
    with other.log("theirs"):
        pass
    other.save()
    lost.during(project.save)
    project.save()
    for each in (project, open_project(tmp_path, "r")):
        assert sorted(one.name for one in each.experiments) == ["run", "theirs"]
        assert each["run"].load_artifact("a") == "new"
    assert damaged(tmp_path / "project.json") == []
    assert list((tmp_path / ".lazyscribe/staged").iterdir()) == []


def test_mode_w(tmp_path: Path) -> None:
    """A repository that replaces another may be saved again; if somebody else saved since, that is a conflict."""
    before = open_repository(tmp_path)
    before.log_artifact("old", 0, "json")
    before.save()
    lost = Lost("repository.json")
    with through(lost.faults.calls):
        repository = open_repository(tmp_path, "w")
    repository.log_artifact("a", "mine", "salted")
    lost.during(repository.save)
    repository.save()
    assert [each.name for each in open_repository(tmp_path, "r").artifacts] == ["a"]
    assert open_repository(tmp_path, "r").load_artifact("a") == "mine"
    late = open_repository(tmp_path, "w")
    repository.log_artifact("a", 2, "json")
    repository.save()
    with pytest.raises(ConflictError):
        late.save()


def test_records_that_cannot_be_taken_in(tmp_path: Path) -> None:
    """A broken record that somebody else left meanwhile is told before anything is written, and stays."""
    repository = open_repository(tmp_path)
    repository.log_artifact("a", 1, "json")
    repository.save()
    manifest = tmp_path / "repository.json"
    good = manifest.read_bytes()
    manifest.write_bytes(good.replace(b"[\n", b'[\n    {\n        "fname": "x",\n        "name": "b"\n    },\n'))
    broken = manifest.read_bytes()
    repository.log_artifact("a", 2, "json")
    memory = memory_of(repository)
    with pytest.raises(CorruptManifestError):
        repository.save()
    assert (manifest.read_bytes(), memory_of(repository)) == (broken, memory)
    manifest.write_bytes(good)
    repository.save()
    assert numbers_of(manifest, "a") == [0, 1]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_interrupt_at_every_call(tmp_path: Path, moment: str) -> None:
    """Ctrl-C at any call is raised as itself; whatever it left, saving again gives every value exactly once."""
    number, interrupted = 0, True
    while interrupted:
        folder = tmp_path / str(number)
        faults = Faults()
        with through(faults.calls):
            repository = Repository(folder / "repository.json")
        repository.log_artifact("a", [number], handler="json")
        repository.log_artifact("a", [number, 1], handler="json", fname="b.json")
        interrupted = _interrupted(repository, faults, number, moment)
        repository.save()
        again = Repository(folder / "repository.json", mode="r")
        assert [again.load_artifact("a", version=each) for each in (0, 1)] == [[number], [number, 1]]
        assert len(again.artifacts) == 2
        assert damaged(folder / "repository.json") == []
        number += 1
    assert number > 20


def _interrupted(repository: Repository, faults: Faults, number: int, moment: str) -> bool:
    """Save while the call of that number is interrupted; tell whether it came to that."""

    def strike(when: str, current: int, name: str) -> None:
        if (when, current) == (moment, number) and (when == "before" or name not in OPENING):
            raise KeyboardInterrupt

    faults.strike, faults.armed = strike, True
    try:
        repository.save()
    except KeyboardInterrupt:
        return True
    finally:
        faults.armed = False
    return len(faults.names) > number
