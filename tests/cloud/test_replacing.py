"""Files that replace others by their name, in real buckets: what was saved is somewhere, whatever happens meanwhile."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from lazyscribe import Project
from lazyscribe.exception import CorruptArtifactError, SaveError
from lazyscribe.store import open_store
from tests.clock import Clock
from tests.cloud.proxy import Fault, Plan, Proxy, Request
from tests.cloud.servers import Server
from tests.repository.test_large_files import most

SMALL, LARGE = bytes(range(256)) * 10, bytes(range(256)) * (34 << 10)  # 2.5 KiB; 8.5 MiB, which are two parts


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def begun(clock: Clock, url: str, options: dict[str, Any], value: bytes) -> Project:
    """Save an experiment with a file of a given name, and log another value for it, later."""
    project = Project(url, mode="w+", **options)
    with project.log("run") as experiment:
        experiment.log_artifact("model", b"old", "bytes", fname="model.bin")
    project.save()
    clock.tick()
    experiment.log_artifact("model", value, "bytes", fname="model.bin", overwrite=True)
    return project


def staged(server: Server, url: str) -> list[str]:
    """Return the keys of what waits to replace something."""
    return list(open_store(server.scheme, url.rpartition("/")[0], server.options()).keys(".lazyscribe/staged"))


def loaded(server: Server, url: str) -> bytes:
    """Return the value as somebody new reads it."""
    value: bytes = Project(url, mode="r", **server.options())["run"].load_artifact("model")
    return value


@pytest.fixture
def late_copies(azurite: Server) -> Iterator[Proxy]:
    """A proxy before Azurite that accepts copies, and has them made half a second later, as Azure may."""
    waiting: list[threading.Timer] = []

    def within(address: str) -> str:
        return unquote(urlsplit(address).path).partition(f"/{azurite.bucket}/")[2]

    def plan(request: Request) -> Fault | None:
        if not (source := request.header("x-ms-copy-source")):
            return None

        def later() -> None:
            with suppress(FileNotFoundError):
                azurite.raw().copy(within(source), within(request.target))

        waiting.append(threading.Timer(0.5, later))
        return Fault(status=202, then=waiting[-1].start)

    with Proxy(azurite.endpoint, plan) as proxy:
        yield proxy
        for timer in waiting:
            timer.join()


@pytest.mark.parametrize("value", [b"", SMALL, LARGE], ids=["empty", "small", "large"])
def test_what_azure_copies_later_is_not_lost(azurite: Server, late_copies: Proxy, clock: Clock, value: bytes) -> None:
    """A save that replaces a file waits for no copy that Azure has only accepted, and needs none."""
    url = f"{azurite.new_folder('replacing')}/project.json"
    begun(clock, url, azurite.options(late_copies.endpoint), value).save()
    assert loaded(azurite, url) == value
    assert Project(url, mode="r", **azurite.options()).verify().findings == ()
    assert staged(azurite, url) == []


@pytest.mark.parametrize("value", [SMALL, LARGE], ids=["small", "large"])
def test_requests_that_end_while_a_file_is_replaced(server: Server, proxy: Proxy, clock: Clock, value: bytes) -> None:
    """Wherever they end, as they do if the writer is killed, the file is the old or the new one, or waits."""
    options = {**server.options(proxy.endpoint), "retry_config": {"retry_timeout": 0.1, "max_retries": 0}}
    last, seen = 0, []
    while seen[-1:] != ["all"]:
        url = f"{server.new_folder('cut')}/project.json"
        project = begun(clock, url, options, value)
        with proxy.faults(ending(last)) as requests, suppress(SaveError):
            project.save()
        found = state(server, url, value)
        seen.append("all" if len(requests) <= last else found)
        last += 1
    assert found == "new"
    assert set(seen) == {"old", "waiting", "new", "all"}


def ending(last: int) -> Plan:
    """Cut off every request from one on."""
    return lambda request: Fault(cut=True) if request.number >= last else None


def state(server: Server, url: str, value: bytes) -> str:
    """Return which value is there; the old one under the record of the new one only if that waits, and it is told."""
    try:
        return {b"old": "old", value: "new"}[loaded(server, url)]
    except CorruptArtifactError:
        damage = Project(url, mode="r", **server.options()).verify().findings[0]
        store = open_store(server.scheme, url.rpartition("/")[0], server.options())
        (waits,) = staged(server, url)
        assert (damage.kind, store.describe(waits) in damage.message) == ("digest-wrong", True)
        file = damage.path.removeprefix(store.describe("") + "/")
        assert [(store.read(key) or (b"",))[0] for key in (file, waits)] == [b"old", value]
        return "waiting"


def test_what_travels_through_this_machine_is_not_held(azurite: Server, clock: Clock) -> None:
    """Replacing a large file takes the memory of some of its parts; those that are told how far it is see it once."""
    url, size = f"{azurite.new_folder('replacing')}/project.json", 160 << 20
    told: list[tuple[int, int]] = []
    project = begun(clock, url, {**azurite.options(), "progress": lambda *numbers: told.append(numbers)}, bytes(size))
    assert most(project.save) < 100 << 20
    assert told[-1] == (size, size)
    assert loaded(azurite, url) == bytes(size)
