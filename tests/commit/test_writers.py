"""Several writers of one file: handles, threads and processes; crowds of them are in `tests.faults`."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from lazyscribe.exception import ConflictError, LockTimeoutError
from lazyscribe.testing.calls import through
from lazyscribe.testing.faults import Faults
from lazyscribe.testing.writers import forked, in_processes, in_threads
from tests.commit.states import damaged, files_of, memory_of, numbers_of, open_project, open_repository

VERSIONS = 10


def check_versions(folder: Path, writers: int) -> None:
    """Each of the writers' values is there once, in each writer's order, numbered from 0 on without a gap."""
    manifest = folder / "repository.json"
    assert damaged(manifest) == []
    assert sorted(numbers_of(manifest, "a")) == list(range(writers * VERSIONS))
    fresh = open_repository(folder, "r")
    values = [tuple(fresh.load_artifact("a", version=number)) for number in range(writers * VERSIONS)]
    assert sorted(values) == [(writer, turn) for writer in range(writers) for turn in range(VERSIONS)]
    for writer in range(writers):
        assert [turn for who, turn in values if who == writer] == list(range(VERSIONS))


def log_run(project: Any, writer: int, turn: int) -> None:
    with project.log("run") as run:
        run.log_metric("writer", writer)
        run.log_metric("turn", turn)
        run.log_artifact("a", (writer, turn), "json")
        with run.log_test("t") as test:
            test.log_artifact("b", (writer, turn), "pickle")


def test_processes_that_want_one_file_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight processes save ten versions under one name and one file name: each gets a file and a number of its own."""
    monkeypatch.setenv("LAZYSCRIBE_DURABILITY", "relaxed")

    def work(writer: int) -> None:
        import warnings

        warnings.simplefilter("ignore")
        repository = open_repository(tmp_path)
        for turn in range(VERSIONS):
            if writer % 2:
                repository = open_repository(tmp_path, "a")
            repository.log_artifact("a", (writer, turn), "json", fname="same.json")
            repository.save()
            assert repository.load_artifact("a", version=repository.artifacts[-1].version) is not None

    assert in_processes(8, work) == [0] * 8
    check_versions(tmp_path, 8)


def test_threads_in_one_experiment(tmp_path: Path) -> None:
    """Threads that log tests and artifacts into one saved experiment, while another saves, lose nothing."""
    project = open_project(tmp_path)
    with project.log("run") as run:
        pass

    def work(writer: int) -> None:
        for turn in range(VERSIONS):
            if writer == 0:
                project.save()
                continue
            with run.log_test(f"t {writer} {turn}") as test:
                test.log_artifact("a", (writer, turn), "json")
            run.log_artifact(f"a {writer} {turn}", turn, "json")
            run.log_metric(f"m {writer} {turn}", turn)

    assert in_threads(4, work) == [None] * 4
    project.save()
    fresh = open_project(tmp_path, "r")["run"]
    assert damaged(tmp_path / "project.json") == []
    assert (len(fresh.tests), len(fresh.artifacts), len(fresh.metrics)) == (30, 30, 30)
    for test in fresh.tests:
        assert test.name == "t {} {}".format(*test.load_artifact("a"))


def test_two_handles_take_turns(tmp_path: Path) -> None:
    """Two objects that save in turn see each other's versions afterwards; numbers that were provisional move on."""
    one, other = open_repository(tmp_path), open_repository(tmp_path)
    for turn in range(6):
        for writer, repository in enumerate((one, other)):
            repository.log_artifact("a", (writer, turn), "json")
        (one, other)[turn % 2].save()
        (other, one)[turn % 2].save()
    one.reload()
    other.reload()
    expected = [(writer, turn) for turn in range(6) for writer in ((0, 1), (1, 0))[turn % 2]]
    for repository in (one, other, open_repository(tmp_path, "r")):
        assert [each.version for each in repository.artifacts] == list(range(12))
        assert [tuple(repository.load_artifact("a", version=number)) for number in range(12)] == expected


def test_killed_holder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is killed while it holds the lock costs its own unsaved work and holds nobody up."""
    monkeypatch.setenv("LAZYSCRIBE_LOCK_TIMEOUT", "5")
    repository = open_repository(tmp_path)
    repository.log_artifact("a", "first", "json")
    repository.save()
    before = (tmp_path / "repository.json").read_bytes()

    def die() -> None:
        def strike(when: str, number: int, name: str) -> None:
            if (when, name) == ("before", "replace"):
                os._exit(77)

        faults = Faults(strike)
        with through(faults.calls):
            dying = open_repository(tmp_path)
            dying.log_artifact("a", "never", "json")
            faults.armed = True
            dying.save()

    assert forked(die) == 77
    assert (tmp_path / "repository.json").read_bytes() == before
    start = time.monotonic()
    repository.log_artifact("a", "second", "json")
    repository.save()
    assert time.monotonic() - start < 4
    fresh = open_repository(tmp_path, "r")
    assert [fresh.load_artifact("a", version=number) for number in range(2)] == ["first", "second"]


def test_holder_that_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that another process keeps is an error after the time allowed: files and memory stay, later it works."""
    monkeypatch.setenv("LAZYSCRIBE_LOCK_TIMEOUT", "0.2")
    repository = open_repository(tmp_path)
    repository.log_artifact("a", 1, "json")
    repository.save()
    repository.log_artifact("a", 2, "json")
    held, ready = os.pipe()
    release, go = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with repository._manifest.store.guard("repository.json"):
                os.write(ready, b"x")
                os.read(release, 1)
        finally:
            os._exit(0)
    os.read(held, 1)
    files, memory = files_of(tmp_path), memory_of(repository)
    with pytest.raises(LockTimeoutError):
        repository.save()
    assert (files_of(tmp_path), memory_of(repository)) == (files, memory)
    os.write(go, b"x")
    os.waitpid(child, 0)
    for end in (held, ready, release, go):
        os.close(end)
    repository.save()
    assert open_repository(tmp_path, "r").load_artifact("a", version=1) == 2


def test_conflict(tmp_path: Path) -> None:
    """Two objects give one metric different values: the second is told, nothing of it is written, nothing is lost."""
    first = open_project(tmp_path)
    with first.log("run") as run:
        run.log_metric("m", 0)
    first.save()
    second = open_project(tmp_path)
    run.log_metric("m", 1)
    run.log_artifact("a", "first", "json")
    first.save()
    second["run"].log_metric("m", 2)
    second["run"].log_artifact("b", "second", "json")
    with second.log("new") as new:
        new.log_artifact("a", "new", "json")
    files, memory = files_of(tmp_path), memory_of(second)
    for attempt in (second.save, second.reload, second.save):
        with pytest.raises(ConflictError, match="run"):
            attempt()
        assert (files_of(tmp_path), memory_of(second)) == (files, memory)
    second["run"].metrics["m"] = 1
    second.save()
    fresh = open_project(tmp_path, "r")
    assert fresh["run"].metrics == {"m": 1}
    assert fresh["new"].load_artifact("a") == "new"
    for project in (fresh, second):
        assert (project["run"].load_artifact("a"), project["run"].load_artifact("b")) == ("first", "second")


def test_conflict_in_a_repository(tmp_path: Path) -> None:
    """Two objects let one version expire at different dates: the second is told, and its new version is not lost."""
    first = open_repository(tmp_path)
    first.log_artifact("a", 0, "json")
    first.save()
    second = open_repository(tmp_path)
    first.set_artifact_expiry("a", version=0, expiry="2098-01-01")
    first.log_artifact("a", 1, "json")
    first.save()
    second.set_artifact_expiry("a", version=0, expiry="2099-01-01")
    second.log_artifact("a", 2, "json")
    files, memory = files_of(tmp_path), memory_of(second)
    with pytest.raises(ConflictError, match="a"):
        second.save()
    assert (files_of(tmp_path), memory_of(second)) == (files, memory)
    second.set_artifact_expiry("a", version=0, expiry="2098-01-01")
    second.save()
    for each in (second, open_repository(tmp_path, "r")):
        assert [each.load_artifact("a", version=number) for number in range(3)] == [0, 1, 2]


def test_reload_then_save(tmp_path: Path) -> None:
    """Reloading takes in what others saved, keeps what is not saved here, and the save after it writes both."""
    first, second = open_project(tmp_path), open_project(tmp_path)
    with first.log("run") as run:
        run.log_artifact("a", "first", "json")
    first.save()
    log_run(second, 0, 0)
    second.reload()
    assert [len(each.artifacts) for each in second.experiments] == [1, 1]
    second.save()
    first.reload()
    run.log_metric("late", 1)
    first.save()
    second.reload()
    for project in (first, second, open_project(tmp_path, "r")):
        assert len(project.experiments) == 2
        assert {"late": 1} in [each.metrics for each in project.experiments]
        assert sorted(str(each.load_artifact("a")) for each in project.experiments) == ["[0, 0]", "first"]


def test_reload_of_a_repository(tmp_path: Path) -> None:
    """An unsaved version whose number was taken meanwhile gets the next one, reloaded before or not."""
    first, second = open_repository(tmp_path), open_repository(tmp_path)
    second.log_artifact("a", "second", "json")
    first.log_artifact("a", "first", "json")
    first.save()
    second.reload()
    second.log_artifact("a", "third", "json")
    second.save()
    for repository in (second, open_repository(tmp_path, "r")):
        assert [each.version for each in repository.artifacts] == [0, 1, 2]
        assert [repository.load_artifact("a", version=number) for number in range(3)] == ["first", "second", "third"]
