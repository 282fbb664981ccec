"""Many threads, one project."""

import threading
from collections.abc import Callable

from lazyscribe import Project
from tests.project.support import make, names, on, records, saved


def _together(work: Callable[[int], object], count: int = 8) -> None:
    """Run work(0), work(1), … in threads that begin together; raise the first error of any."""
    barrier, errors = threading.Barrier(count), []

    def run(number: int) -> None:
        barrier.wait()
        try:
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    if errors:
        raise errors[0]


def test_threads_log_into_one_project() -> None:
    """Everything that threads log into one project is there, in order, and is saved with its files."""
    project = Project("project.json", mode="w")

    def work(number: int) -> None:
        for turn in range(20):
            with project.log(f"e{number}-{turn}") as experiment:
                experiment.log_metric("id", 20 * number + turn)
                experiment.log_artifact("f", 20 * number + turn, "json")

    _together(work)
    assert len(project.experiments) == 160
    assert list(project.experiments) == sorted(project.experiments)
    project.save()
    found = Project("project.json", mode="r")
    assert sorted(each.load_artifact("f") for each in found.experiments) == list(range(160))


def test_threads_append_and_look_up() -> None:
    """While threads append, each finds what it appended, and the list stays in order."""
    project = Project("project.json", mode="w")

    def work(number: int) -> None:
        for turn in range(50):
            experiment = make(f"e{number}-{turn}", created_at=on(1 + (turn * 7 + number) % 28, turn))
            (project.append if turn % 2 else project.experiments.append)(experiment)
            assert project[experiment.slug] is experiment
            assert experiment in project.experiments
            assert project.experiments.index(experiment) >= 0

    _together(work)
    assert len(project.experiments) == 400
    dates = [experiment.created_at for experiment in project.experiments]
    assert dates == sorted(dates)


def test_threads_log_tests_into_one_experiment() -> None:
    """Every test that threads log into one experiment is there and is saved."""
    experiment = make()
    project = saved(experiment)

    def work(number: int) -> None:
        for turn in range(50):
            with experiment.log_test(f"t{number}-{turn}") as test:
                test.log_metric("id", 50 * number + turn)

    _together(work)
    project.save()
    assert sorted(test["metrics"]["id"] for test in records()[0]["tests"]) == list(range(400))


def test_threads_build_one_object() -> None:
    """Threads that ask for the same experiment of a file get the same object."""
    saved(*(make(f"e{number}", 1 + number) for number in range(20)))
    project = Project("project.json", mode="w+")
    found: list[list[object]] = [[] for _ in range(8)]

    def work(number: int) -> None:
        for turn in range(20):
            found[number].append(project.experiments[turn] if number % 2 else project[f"e{turn}"])

    _together(work)
    for turn in range(20):
        assert len({id(objects[turn]) for objects in found}) == 1


def test_threads_log_while_another_saves() -> None:
    """Saving while threads log loses nothing: a last save writes what came during the others."""
    project = Project("project.json", mode="w")
    shared = make("shared", 1)
    project.append(shared)

    def work(number: int) -> None:
        for turn in range(15):
            if number == 0:
                project.save()
                continue
            with project.log(f"e{number}-{turn}") as experiment:
                experiment.log_artifact("f", 15 * number + turn, "json")
            with shared.log_test(f"t{number}-{turn}"):
                pass
            shared.log_metric(f"m{number}-{turn}", turn)

    _together(work, 4)
    project.save()
    found = Project("project.json", mode="r")
    assert len(found.experiments) == 46
    assert sorted(each.load_artifact("f") for each in found.experiments if each.artifacts) == list(range(15, 60))
    assert len(found["shared"].tests) == 45
    assert len(found["shared"].metrics) == 45


def test_threads_save_one_project() -> None:
    """Threads that each log and save one project write everything, each record once."""
    project = Project("project.json", mode="a")

    def work(number: int) -> None:
        for turn in range(5):
            with project.log(f"e{number}-{turn}"):
                pass
            project.save()

    _together(work, 4)
    assert len(records()) == 20
    assert [record["name"] for record in records()] == names(project)


def test_threads_with_projects_of_their_own() -> None:
    """Threads with a handle of their own on one file, files and in memory, lose nothing."""
    for fpath in ("project.json", "memory://threads/project.json"):

        def work(number: int, fpath: str = fpath) -> None:
            project = Project(fpath, mode="a")
            for turn in range(5):
                with project.log("same") as experiment:
                    experiment.log_artifact("f", 5 * number + turn, "json")
                project.save()

        _together(work, 4)
        found = Project(fpath, mode="r")
        assert sorted(each.load_artifact("f") for each in found.experiments) == list(range(20))
