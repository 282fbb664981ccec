"""What two handles, two projects or two threads once lost: each of these stays, in memory and on disk."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Experiment, Project, Repository, sync
from lazyscribe.artifacts.json import JSONArtifact
from lazyscribe.exception import CommitUnknownError, ConflictError, LockTimeoutError, Unsure
from tests.clock import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return a clock that stands still."""
    return Clock(monkeypatch)


@pytest.fixture
def path(tmp_path: Path, clock: Clock) -> str:
    """Return a saved project with one experiment, its artifact, and a test with an artifact."""
    project = Project(str(tmp_path / "project.json"), mode="w", author="first")
    with project.log("one") as experiment:
        experiment.log_artifact("model", "value", "json")
        with experiment.log_test("rows") as test:
            test.log_artifact("table", "cells", "json")
    project.save()
    clock.tick()
    return str(tmp_path / "project.json")


def values(path: str | Path) -> dict[str, Any]:
    """Return the values of all artifacts by the name of their experiment or test and their own, each file verified."""
    project = Project(path, mode="r")
    assert project.verify().ok
    found = {}
    for experiment in project.experiments:
        for holder in (experiment, *experiment.tests):
            for artifact in holder.artifacts:
                found[f"{experiment.slug}/{holder.name}/{artifact.name}"] = holder.load_artifact(artifact.name)
    return found


def during(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, action: Callable[[], object]) -> None:
    """Let `action` happen once, in a thread of its own where it can, when `module.name` is called next."""
    original, done = getattr(module, name), []

    def wrapped(*args: Any) -> Any:
        result = original(*args)
        if not done:
            done.append(True)
            action()
        return result

    monkeypatch.setattr(module, name, wrapped)


def test_what_a_thread_logs_while_a_save_merges(path: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Metrics, tags, artifacts and tests that come while others' changes are taken in stay, and are saved next time."""
    mine, theirs = Project(path, mode="w+"), Project(path, mode="w+")
    experiment = mine["one"]
    experiment.log_metric("before", 1)
    theirs["one"].log_metric("theirs", 2)
    theirs["one"].tests[0].log_metric("theirs", 3)
    theirs.save()

    def work() -> None:
        clock.tick()
        experiment.log_metric("late", 4)
        experiment.log_parameter("late", 5)
        experiment.tag("late")
        experiment.log_artifact("late", 6, "json")
        experiment.tests[0].log_metric("late", 7)
        with experiment.log_test("late") as test:
            test.log_artifact("late", 8, "json")

    def in_a_thread() -> None:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(60)

    during(monkeypatch, sync, "mark_lost", in_a_thread)
    mine.save()
    assert "late" not in Project(path, mode="r")["one"].metrics
    assert experiment.dirty
    mine.save()
    for project in (mine, Project(path, mode="r")):
        found = project["one"]
        assert found.metrics == {"before": 1, "theirs": 2, "late": 4}
        assert (found.parameters, found.tags) == ({"late": 5}, ["late"])
        assert [test.metrics for test in found.tests] == [{"theirs": 3, "late": 7}, {}]
    assert {name.partition("/")[2]: value for name, value in values(path).items()} == {
        "one/model": "value",
        "one/late": 6,
        "rows/table": "cells",
        "late/late": 8,
    }


def test_an_expiry_that_a_thread_sets_while_a_save_merges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An expiry set while others' changes of the same version are taken in stays."""
    path = str(tmp_path / "repository.json")
    first = Repository(path)
    first.log_artifact("model", 1, "json")
    first.save()
    mine, theirs = Repository(path), Repository(path)
    mine.log_artifact("other", 2, "json")
    assert mine["model"].expiry is None
    theirs.set_artifact_expiry("model", expiry="2030-01-01T00:00:00")
    theirs.save()
    during(monkeypatch, sync, "mark_lost", lambda: mine.set_artifact_expiry("model", expiry="2031-01-01T00:00:00"))
    mine.save()
    assert mine.get_artifact_metadata("model", version=0)["expiry"] == "2031-01-01T00:00:00"


def test_tests_of_one_name_keep_their_values(path: str) -> None:
    """Two tests of one name stay two when what others saved is taken in."""
    mine = Project(path, mode="w+")
    for number in (1, 2):
        with mine["one"].log_test("twice") as test:
            test.log_metric("n", number)
    mine.save()
    theirs = Project(path, mode="w+")
    theirs["one"].log_metric("theirs", 1)
    theirs.save()
    mine["one"].log_metric("mine", 1)
    mine.save()
    mine.save()
    assert [test.metrics.get("n") for test in mine["one"].tests] == [None, 1, 2]
    assert [test.metrics.get("n") for test in Project(path, mode="r")["one"].tests] == [None, 1, 2]


def test_two_artifacts_of_two_handles_that_overwrite_one_file(path: str) -> None:
    """Of two artifacts with one explicit file name, each overwritten before its handle saves, both values stay."""
    handles = Project(path, mode="w+"), Project(path, mode="w+")
    for name, project in zip(("left", "right"), handles, strict=True):
        project["one"].log_artifact(name, "draft", "json", fname="shared.json")
        project["one"].log_artifact(name, name, "json", fname="shared.json", overwrite=True)
    handles[0].save()
    with pytest.warns(UserWarning, match=r"'shared.json'.*is taken"):
        handles[1].save()
    assert {"left", "right"} <= set(values(path).values())


def test_a_failed_save_leaves_a_file_that_somebody_else_put_in_its_place(
    path: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taking back what was staged does not remove the file that another handle's commit moved there meanwhile."""
    mine, theirs = Project(path, mode="w+"), Project(path, mode="w+")
    mine["one"].log_artifact("notes", "mine", "json", fname="notes.json")
    clock.tick()
    theirs["one"].log_artifact("notes", "draft", "json", fname="notes.json")
    theirs["one"].log_artifact("notes", "theirs", "json", fname="notes.json", overwrite=True)
    original, done = sync.merge_rows, []

    def after_the_others(document: Any, *args: Any) -> Any:
        if not done:
            done.append(True)
            theirs.save()
            raise ConflictError("came too late", path=path, conflicts=[])
        return original(document, *args)

    monkeypatch.setattr(sync, "merge_rows", after_the_others)
    with pytest.raises(ConflictError):
        mine.save()
    assert "theirs" in values(path).values()


RENAMINGS: dict[str, Callable[[Experiment], None]] = {
    "slug": lambda experiment: setattr(experiment, "slug", "new"),
    "test": lambda experiment: setattr(experiment.tests[0], "name", "columns"),
    "file": lambda experiment: setattr(experiment.artifacts[0], "fname", "new.json"),
    "file of a test": lambda experiment: setattr(experiment.tests[0].artifacts[0], "fname", "new.json"),
    "artifact": lambda experiment: setattr(experiment.artifacts[0], "name", "new"),
}


@pytest.mark.parametrize("rename", RENAMINGS.values(), ids=RENAMINGS)
def test_files_follow_what_is_renamed(path: str, rename: Callable[[Experiment], None]) -> None:
    """A saved experiment, test or artifact that gets another name keeps its files, and saving once more adds none."""
    project = Project(path, mode="w+")
    rename(project.experiments[0])
    project.save()
    assert sorted(values(path).values()) == ["cells", "value"]
    before = sorted(Path(path).parent.rglob("*.json"))
    project.save()
    assert sorted(Path(path).parent.rglob("*.json")) == before


def test_slugs_that_change_places(path: str) -> None:
    """Two experiments that swap their slugs keep each its own values."""
    project = Project(path, mode="w+")
    with project.log("two") as experiment:
        experiment.log_artifact("model", "second", "json", fname="model.json")
    project["one"].log_artifact("model", "first", "json", fname="model.json", overwrite=True)
    project.save()
    one, two = project.experiments
    one.slug, two.slug = two.slug, one.slug
    with pytest.warns(UserWarning, match=r"'model.json'.*is taken"):
        project.save()
    found = {each.name: each.load_artifact("model") for each in Project(path, mode="r").experiments}
    assert found == {"one": "first", "two": "second"}


@pytest.mark.parametrize("field", ["name", "fname"])
def test_files_follow_a_version_that_is_renamed(tmp_path: Path, field: str) -> None:
    """A saved version that gets another name or file name keeps its value."""
    repository = Repository(tmp_path / "repository.json")
    repository.log_artifact("model", "value", "json")
    repository.save()
    setattr(repository["model"], field, "other")
    repository.save()
    opened = Repository(tmp_path / "repository.json", mode="r")
    assert opened.verify().ok
    assert opened.load_artifact(opened.artifacts[0].name) == "value"


def test_an_experiment_joins_where_its_slug_is_taken(path: str) -> None:
    """A read-only experiment that joins under another slug, in the same folder, brings its files."""
    project = Project(path, mode="w+")
    project.append(Project(path, mode="r").experiments[0])
    project.save()
    found = values(path)
    assert len(project.experiments) == 2
    assert sorted(found.values()) == ["cells", "cells", "value", "value"]


def test_an_experiment_of_two_projects_is_saved_in_both(path: str, tmp_path: Path) -> None:
    """An artifact that another project in another folder saved first has its file in both."""
    project, other = Project(path, mode="w+"), Project(tmp_path / "other" / "project.json", mode="w+")
    experiment = project["one"]
    experiment.log_artifact("late", "later", "json")
    other.append(experiment)
    other.save()
    project.save()
    for place in (path, tmp_path / "other" / "project.json"):
        assert sorted(values(place).values()) == ["cells", "later", "value"]


def test_a_file_overwritten_within_one_second_stays_readable_until_it_is_replaced(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A save that dies before its commit leaves the old value loadable, though the records of both are the same."""
    project = Project(path, mode="w+")
    project["one"].log_artifact("notes", "old", "json", fname="notes.json")
    project.save()
    project["one"].log_artifact("notes", "new", "json", fname="notes.json", overwrite=True)

    def read() -> None:
        assert Project(path, mode="r")["one"].load_artifact("notes") == "old"

    during(monkeypatch, sync, "merge_rows", read)
    project.save()
    assert "new" in values(path).values()


def test_late_facts_that_fail(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose facts could not follow it is reported as an unknown outcome, and saving again mends it."""
    project = Project(path, mode="w+")
    project["one"].log_artifact("notes", "old", "json", fname="notes.json")
    project.save()
    project["one"].log_artifact("notes", "new", "json", fname="notes.json", overwrite=True)
    store, original = type(project._location.store), type(project._location.store).swap

    def failing(self: Any, key: str, data: bytes, expected: Any) -> Any:
        if "facts" in key:
            raise OSError("no space left")
        return original(self, key, data, expected)

    with monkeypatch.context() as patch:
        patch.setattr(store, "swap", failing)
        with pytest.raises(CommitUnknownError):
            project.save()
    project.save()
    assert "new" in values(path).values()


def test_what_is_taken_out_and_put_in_again_counts_as_no_deletion(path: str) -> None:
    """An experiment that leaves and joins again before a save is put back when a foreign program drops it."""
    project = Project(path, mode="w+")
    experiment = project["one"]
    project.experiments.remove(experiment)
    project.append(experiment)
    project.save()
    Path(path).write_text("[]", "ascii")
    with pytest.warns(UserWarning, match="put back"):
        project.save()
    assert sorted(values(path).values()) == ["cells", "value"]


def test_what_a_replacement_keeps_counts_as_no_deletion(path: str) -> None:
    """An experiment that a merged project in mode w saves unchanged is put back when a foreign program drops it."""
    other = Project(path, mode="w+")
    Project(path, mode="w").merge(Project(path, mode="r")).save()
    Path(path).write_text("[]", "ascii")
    with pytest.warns(UserWarning, match="put back"):
        other.save()
    assert sorted(values(path).values()) == ["cells", "value"]


def test_a_version_made_while_a_reload_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version that another thread is just making when a reload comes to it shows what the reload brought."""
    acts: dict[str, Callable[[], object]] = {}
    making = threading.Event()

    class Acting(JSONArtifact):
        alias = "acts when it is made of a record"

        @classmethod
        def construct(cls, name: str, *given: Any, **more: Any) -> Acting:
            acts.pop(name, bool)()
            return super().construct(name, *given, **more)

    def checked(self: Any, text: bytes, position: int) -> Any:
        if b'"between"' in text and acts:
            making.wait(10)
        return original(self, text, position)

    writer = Repository(tmp_path / "repository.json")
    for name in ("first", "between", "last"):
        writer.artifacts.append(Acting.construct(name, fname="f.json", dirty=False))
    writer.save()
    reader = Repository(tmp_path / "repository.json")
    assert reader["first"].expiry is None
    for artifact in writer.artifacts:
        artifact.expiry = artifact.created_at
    writer.save()
    original = Repository._checked
    monkeypatch.setattr(Repository, "_checked", checked)
    thread = threading.Thread(target=lambda: reader.artifacts[-1], daemon=True)
    acts["last"] = lambda: (making.set(), time.sleep(0.3))
    acts["first"] = thread.start
    reader.reload()
    thread.join(10)
    assert making.is_set()
    assert [artifact.name for artifact in reader.artifacts if artifact.expiry is None] == []


def test_an_interrupt_while_a_save_settles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What others added stays if a save is interrupted right after it has written it, and is tried again."""
    mine, other = (Repository(tmp_path / "repository.json") for _ in range(2))
    for name, handle in (("a", mine), ("b", other)):
        handle.log_artifact(name, name, "json")
        handle.save()

    def interrupted(draft: Any) -> None:
        raise KeyboardInterrupt

    mine.log_artifact("c", "c", "json")
    with monkeypatch.context() as patch:
        patch.setattr(sync, "_settle_file", interrupted)
        with pytest.raises(KeyboardInterrupt):
            mine.save()
    mine.save()
    fresh = Repository(tmp_path / "repository.json", mode="r")
    assert [fresh.load_artifact(name) for name in "abc"] == ["a", "b", "c"]
    assert list(mine) == list(fresh)


def test_another_value_after_an_unknown_outcome(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that a commit of unknown outcome left is not taken for that of a value logged since under its name."""
    project = Project(path, mode="w+")
    store = type(project._location.store)
    swap = "_swap" if hasattr(store, "_swap") else "swap"
    original = getattr(store, swap)

    def unanswered(*given: Any) -> Any:
        original(*given)
        raise Unsure("no answer", path=path)

    project["one"].log_artifact("notes", "old", "json", fname="notes.json")
    with monkeypatch.context() as patch:
        patch.setattr(store, swap, unanswered)
        with pytest.raises(CommitUnknownError):
            project.save()
    project["one"].log_artifact("notes", "new", "json", fname="notes.json", overwrite=True)
    project.save()
    assert "new" in values(path).values()


def test_a_deletion_is_noted_once(path: str) -> None:
    """Saves after the one that deleted do not tell of it again."""
    project = Project(path, mode="w+")
    del project.experiments[0]
    project.save()
    with project.log("two"):
        pass
    project.save()
    assert [len(each.deleted) for each in project.history()] == [0, 1, 0]


def test_files_move_into_place_before_another_writer_may_begin(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a file that waited replaces another, the guard of the records is still held."""
    project = Project(path, mode="w+")
    project["one"].log_artifact("notes", "new", "json", fname="model.json")
    project.save()
    project["one"].log_artifact("notes", "newer", "json", fname="model.json", overwrite=True)
    store = project._location.store
    original, seen = type(store).replace, []

    def begin() -> None:
        try:
            with store.guard("project.json"):
                seen.append("held by nobody")
        except LockTimeoutError:
            seen.append("held")

    def replace(self: Any, source: str, target: str) -> None:
        monkeypatch.setenv("LAZYSCRIBE_LOCK_TIMEOUT", "0")
        thread = threading.Thread(target=begin)
        thread.start()
        thread.join(60)
        original(self, source, target)

    monkeypatch.setattr(type(store), "replace", replace)
    project.save()
    assert seen == ["held"]


def test_what_is_taken_out_during_a_save(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is gone from memory, the next save takes it out of the file, and no other handle puts it back."""
    mine, theirs = Project(path, mode="w+"), Project(path, mode="w+")
    with mine.log("two"):
        pass
    with theirs.log("three"):
        pass
    during(monkeypatch, sync, "merge_rows", lambda: mine.experiments.__delitem__(0))
    mine.save()
    assert [each.name for each in mine.experiments] == ["two"]
    assert [each["name"] for each in Project(path, mode="r")] == ["one", "two"]
    mine.save()
    theirs.save()
    assert sorted(each["name"] for each in Project(path, mode="r")) == ["three", "two"]
