"""How many requests an operation costs, told by a proxy: what docs/cloud.md says."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lazyscribe import Project, Repository, commit
from tests.cloud.proxy import Fault, Proxy, Request
from tests.cloud.servers import Server

LATENCY = 0.4
"""Seconds by which requests are delayed where round trips are counted."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is, let no files seem to be on their way for long."""
    monkeypatch.setattr(commit, "FRESH", 1000.0)


def told(requests: list[Request]) -> list[str]:
    """Return the methods, in order."""
    return [each.method for each in requests]


def takes_turns(number: int, proxy: Proxy, work: Callable[[], object]) -> list[Request]:
    """See that `work` takes so many round trips, and return its requests; a busy machine may be slow twice."""
    for _ in range(3):
        with proxy.faults(lambda request: Fault(seconds=LATENCY)) as requests:
            before = time.monotonic()
            work()
            took = time.monotonic() - before
        assert took >= number * LATENCY, told(requests)
        if took < (number + 0.8) * LATENCY:
            return requests
    raise AssertionError(f"{took} s: {told(requests)}")


@pytest.fixture
def options(server: Server, proxy: Proxy) -> dict[str, Any]:
    return server.options(proxy.endpoint)


@pytest.fixture
def url(server: Server, options: dict[str, Any]) -> str:
    """A repository of thirty versions, to which something has been written through the proxy, so that it is probed."""
    url = f"{server.new_folder()}/repository.json"
    repository = Repository(url, **options)
    for number in range(30):
        repository.log_artifact("a", number, "json")
    repository.save()
    return url


def test_opening_and_looking_up(url: str, options: dict[str, Any], proxy: Proxy) -> None:
    """Opening costs one request; metadata of the newest, of a number, of a date, and as of one, cost no more."""
    with proxy.counting() as requests:
        repository = Repository(url, mode="r", **options)
        assert repository.get_artifact_metadata("a")["version"] == 29
        assert repository.get_artifact_metadata("a", version=3)["version"] == 3
        assert repository.get_artifact_metadata("a", version="2100-01-01", match="asof")["version"] == 29
    assert told(requests) == ["GET"]


def test_loading(url: str, options: dict[str, Any], proxy: Proxy) -> None:
    """A load takes one round trip more than its bytes at most, whether much or little was saved with it."""
    repository = Repository(url, **options)
    repository.log_artifact("a", "alone", "json")
    repository.save()
    for version, most in ((30, 1), (7, 2), (29, 2)):
        opened = iter([Repository(url, mode="r", **options) for _ in range(3)])

        def load(version: int = version, opened: Iterator[Repository] = opened) -> None:
            assert next(opened).load_artifact("a", version=version) == ("alone" if version == 30 else version)

        assert len(takes_turns(most, proxy, load)) <= 4


def test_saving(url: str, options: dict[str, Any], proxy: Proxy) -> None:
    """A version costs four writes: its file, what is known of it, the journal's entry, the manifest; and two reads."""
    repository = Repository(url, **options)
    repository.log_artifact("a", "one more", "json")
    repository.save()
    repository.log_artifact("a", "and one more", "json")
    with proxy.counting() as requests:
        repository.save()
    methods, manifest = told(requests), [each.key.endswith("repository.json") for each in requests]
    assert (sorted(methods[:3]), methods[3:]) == (["GET", "GET", "PUT"], ["PUT", "PUT", "PUT"])
    assert (sorted(manifest[:3]), manifest[3:]) == ([False, False, True], [False, False, True])
    for number in range(100):
        repository.log_artifact("b", number, "json")
    with proxy.counting() as requests:
        repository.save()
    assert told(requests).count("GET") == 2
    assert told(requests).count("PUT") == 100 + 3


def test_saving_takes_turns(url: str, options: dict[str, Any], proxy: Proxy) -> None:
    """A save of one or of many takes three round trips: files and looks, facts and entry, and the swap."""
    repository = Repository(url, **options)
    repository.log_artifact("a", "one more", "json")
    repository.save()
    for count in (1, 30):

        def save(count: int = count) -> None:
            for number in range(count):
                repository.log_artifact("a", number, "json")
            repository.save()

        takes_turns(3, proxy, save)


def test_saving_an_experiment(url: str, options: dict[str, Any], proxy: Proxy) -> None:
    """An experiment without a file costs three writes (how it ran, entry, manifest) and two reads, in three turns."""
    project = Project(url.replace("repository.json", "project.json"), author="root", **options)
    for number in range(2):
        with project.log("run") as run:
            run.log_metric("n", number)
        with proxy.counting() as requests:
            project.save()
    assert sorted(told(requests)) == ["GET", "GET", "PUT", "PUT", "PUT"]

    def save() -> None:
        with project.log("run") as run:
            run.log_metric("n", 3)
        project.save()

    takes_turns(3, proxy, save)


def test_first_write(server: Server, options: dict[str, Any], proxy: Proxy) -> None:
    """The first write of a process to a folder asks seven requests more: whether the store heeds conditions."""
    repository = Repository(f"{server.new_folder()}/repository.json", **options)
    repository.log_artifact("a", 1, "json")
    with proxy.counting() as requests:
        repository.save()
    probes = [each for each in requests if "/probe-" in each.key or each.method in ("DELETE", "POST")]
    assert [each.method for each in probes][:6] == ["PUT", "PUT", "GET", "PUT", "PUT", "GET"]
    assert len(probes) == 7
    assert len(requests) == 13


def test_a_large_file_travels_in_parts(server: Server, options: dict[str, Any], proxy: Proxy) -> None:
    """Thirty-six MiB go up in parts, and come down in six requests at most; two more ask for what is known."""
    repository = Repository(f"{server.new_folder()}/repository.json", **options)
    value = bytes(range(256)) * (36 << 12)
    repository.log_artifact("large", value, "bytes")
    with proxy.counting() as requests:
        repository.save()
    assert max(len(each.body) for each in requests) < 9 << 20
    with proxy.counting() as requests:
        assert repository.load_artifact("large") == value
    assert set(told(requests)) == {"GET"}
    assert sum(each.key.endswith(".bin") for each in requests) <= 6
    assert len(requests) <= 8
