"""What a callback or a signal handler may do with the very project or repository that is being saved."""

import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Project, Repository
from lazyscribe.exception import UsageError
from tests.store.bucket_server import serving

Opened = Project | Repository


class Place:
    """Where a project or a repository lies."""

    def __init__(self, kind: type[Opened], path: str, options: dict[str, Any]) -> None:
        self._kind, self.path, self._options = kind, path, options

    def open(self, mode: str = "a", progress: Any = None) -> Any:
        return self._kind(self.path, mode=mode, progress=progress, **self._options)

    def names(self) -> list[str]:
        """Return what is saved, once each, and see that all is well."""
        found = self.open("r")
        assert found.verify().ok
        if isinstance(found, Project):
            assert len({each.slug for each in found.experiments}) == len(found.experiments)
            return sorted(each.name for each in found.experiments)
        assert len({(each.name, each.version) for each in found.artifacts}) == len(found.artifacts)
        assert all(found.load_artifact(each.name, version=each.version) for each in found.artifacts)
        return sorted(each.name for each in found.artifacts)


@pytest.fixture(params=[Project, Repository], ids=["project", "repository"])
def kind(request: pytest.FixtureRequest) -> type[Opened]:
    found: type[Opened] = request.param
    return found


@pytest.fixture(params=["disk", "bucket"])
def place(request: pytest.FixtureRequest, kind: type[Opened], tmp_path: Path) -> Iterator[Place]:
    name = f"{kind.__name__.lower()}.json"
    if request.param == "disk":
        yield Place(kind, str(tmp_path / name), {})
        return
    with serving() as bucket:
        yield Place(kind, f"s3://bucket/models/{name}", {"endpoint_url": bucket.endpoint, "key": "k", "secret": "s"})


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell at each step."""
    monkeypatch.setattr("lazyscribe.progress.INTERVAL", 0.0)


def log(opened: Any, name: str, value: Any = "x") -> None:
    if isinstance(opened, Repository):
        opened.log_artifact(name, value)
        return
    with opened.log(name) as experiment:
        experiment.log_artifact("value", value)


class Calling:
    """A callback that does something with what is being saved, the first few times."""

    def __init__(self, place: Place, what: Callable[[Any, str], object], times: int) -> None:
        self._what, self._times = what, times
        self.did: list[str] = []
        self.errors: list[str] = []
        self.catches = True
        self.opened = place.open(progress=self)

    def __call__(self, done: int, total: int) -> None:
        if len(self.did) == self._times:
            return
        self.did.append(f"within-{len(self.did)}")
        try:
            self._what(self.opened, self.did[-1])
        except UsageError as error:
            self.errors.append(str(error))
            if not self.catches:
                raise


def log_twice(opened: Any, name: str) -> None:
    log(opened, name)
    log(opened, name)


def log_twice_and_save(opened: Any, name: str) -> None:
    log_twice(opened, name)
    opened.save()


@pytest.mark.parametrize("what", ["save", "load", "reload"])
def test_what_is_being_saved_is_not_touched_from_within(place: Place, what: str) -> None:
    """A save, a load and a reload within a save are refused by one sentence, and the save that was begun ends well."""
    calling = Calling(place, lambda opened, _: getattr(opened, what)(), 1)
    log(calling.opened, "first", bytes(1000))
    calling.opened.save()
    assert place.names() == ["first"]
    (error,) = calling.errors
    assert error == (
        f"{place.path} is being saved or read right now, and this is asked for within that, by a callback or a "
        "signal handler; do it once that has ended."
    )
    log(calling.opened, "second")
    calling.opened.save()
    calling.opened.reload()
    assert place.names() == ["first", "second"]


@pytest.mark.parametrize("saves", [False, True])
def test_what_a_callback_logs_is_saved_once(place: Place, saves: bool) -> None:
    """What is logged within a save is part of the next one; also where the callback has tried to save it at once."""
    calling = Calling(place, log_twice_and_save if saves else log_twice, 1)
    log(calling.opened, "first", bytes(3_000_000))
    calling.opened.save()
    assert place.names() == ["first"]
    calling.opened.save()
    expected = ["first", "within-0", "within-0"]
    assert place.names() == expected
    calling.opened.save()
    log(calling.opened, "later")
    calling.opened.save()
    assert place.names() == sorted([*expected, "later"])


def test_an_error_that_ends_the_save(place: Place) -> None:
    """If the refusal is not caught, nothing is saved, and the next save writes all of it."""
    calling = Calling(place, log_twice_and_save, 1)
    calling.catches = False
    log(calling.opened, "first", bytes(1000))
    with pytest.raises(UsageError, match="once that has ended"):
        calling.opened.save()
    assert place.names() == []
    calling.opened.save()
    assert place.names() == ["first", "within-0", "within-0"]


def test_a_copy_made_within_a_save_is_free(place: Place) -> None:
    """What a callback pickles can be saved when it is read back, at once."""
    copies: list[Any] = []
    calling = Calling(place, lambda opened, _: copies.append(pickle.loads(pickle.dumps(opened))), 1)
    log(calling.opened, "first")
    calling.opened.save()
    log(copies[0], "second")
    copies[0].reload()
    copies[0].save()
    assert "second" in place.names()


def test_other_threads_wait_for_their_turn(place: Place) -> None:
    """A thread that saves while another one does waits for it, and is not refused."""
    errors: list[BaseException] = []

    def save() -> None:
        try:
            calling.opened.save()
        except BaseException as error:
            errors.append(error)

    threads: list[threading.Thread] = []

    def begin(opened: Any, name: str) -> None:
        log(opened, name)
        threads.append(threading.Thread(target=save))
        threads[-1].start()

    calling = Calling(place, begin, 2)
    log(calling.opened, "first", bytes(3_000_000))
    calling.opened.save()
    for each in threads:
        each.join()
    assert errors == []
    assert place.names() == sorted(["first", *calling.did])


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="no such signals")
def test_a_signal_handler_that_logs_and_saves(kind: type[Opened], tmp_path: Path) -> None:
    """Whenever a signal comes, what its handler logs is saved once: by itself, or by the next save."""
    place = Place(kind, str(tmp_path / f"{kind.__name__.lower()}.json"), {})
    opened, names, refused = place.open(), ["m0"], []

    def handle(*_: object) -> None:
        names.append(f"s{len(names)}")
        log(opened, names[-1])
        try:
            opened.save()
        except UsageError as error:
            refused.append(error)

    before = signal.signal(signal.SIGUSR1, handle)
    try:
        log(opened, "m0")
        opened.save()
        for number in range(1, 41):
            names.append(f"m{number}")
            log(opened, names[-1], "y" * 1000)
            timer = threading.Timer(number % 20 * 0.0005, os.kill, (os.getpid(), signal.SIGUSR1))
            timer.start()
            opened.save()
            timer.join()
        while len(names) < 81:
            time.sleep(0.01)
        opened.save()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert refused
    assert place.names() == sorted(names)
