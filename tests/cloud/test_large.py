"""Large files of a bucket: sent from where they are, fetched once, held once, checked before they become anything."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any
from unittest.mock import ANY

import pytest

from lazyscribe import Repository, reading
from lazyscribe.exception import CorruptArtifactError, Exists
from lazyscribe.store.objects import fetching
from lazyscribe.store.objects.client import Client
from tests.cloud.servers import Server
from tests.repository.test_large_files import most

SIZE = 48 << 20


@pytest.fixture(params=["bytes", "pickle", "pickle in a file"])
def saved(server: Server, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Repository:
    """A large value in a bucket: of a handler that asks for all of it; of one that does not, held and not."""
    handler, _, in_a_file = request.param.partition(" ")
    if in_a_file:
        monkeypatch.setattr(reading, "IN_MEMORY", SIZE // 2)
    made = Repository(f"{server.new_folder('large')}/repository.json", trust="all", **server.options())
    made.log_artifact("large", bytes(SIZE), handler)
    made.save()
    return made


def test_it_is_held_once(saved: Repository, request: pytest.FixtureRequest) -> None:
    """What is loaded takes its own size; a file that a handler reads bit by bit, twice that if it is not huge."""
    held = most(lambda: saved.load_artifact("large"))
    twice = request.node.callspec.params["saved"] == "pickle"
    assert held < SIZE * (1 + twice) * 9 // 8


def test_what_was_changed_is_refused(saved: Repository, server: Server) -> None:
    """One bit of a large file is another one: it is not loaded, and the digests are told."""
    (key,) = saved._location.store.keys("large")
    folder = saved._location.store.describe("").rstrip("/").rpartition("/")[2]
    server.raw(folder).put(key, bytes(SIZE - 1) + b"\1")
    with pytest.raises(CorruptArtifactError) as caught:
        saved.load_artifact("large")
    assert caught.value.found != caught.value.expected


def test_a_piece_that_is_missing_is_no_value(saved: Repository, server: Server) -> None:
    """A large file that was cut short is not loaded either."""
    (key,) = saved._location.store.keys("large")
    folder = saved._location.store.describe("").rstrip("/").rpartition("/")[2]
    server.raw(folder).put(key, bytes(SIZE - fetching.part_of(SIZE)))
    with pytest.raises(CorruptArtifactError):
        saved.load_artifact("large")


SAVING = """
import resource, sys
from lazyscribe import Repository

def value(size):
    if sys.argv[2] == "pickle":
        return [bytes([number % 256]) * (1 << 20) for number in range(size >> 20)]
    return b"x" * size

def save(it):
    repository.log_artifact("large", it, sys.argv[2])
    repository.save()

def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

repository = Repository(sys.argv[1])
save(value(9 << 20))
large = value(int(sys.argv[3]))
before = most()
save(large)
print(most() - before)
"""


@pytest.mark.parametrize(("handler", "bound"), [("bytes", 24 << 20), ("pickle", 120 << 20)])
def test_what_a_save_takes_beside_the_value(seaweedfs: Server, handler: str, bound: int) -> None:
    """Bytes travel from where they are; of what else is written no more is in memory than the parts on their way."""
    url = f"{seaweedfs.new_folder('held')}/repository.json"
    environment = {**os.environ, **seaweedfs.environment(), "AWS_ALLOW_HTTP": "true"}
    command = [sys.executable, "-c", SAVING, url, handler, str(256 << 20)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert int(done.stdout) < bound


@pytest.mark.parametrize("size", [0, 5, 9 << 20])
def test_what_is_cut_after_parts_have_travelled(server: Server, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However little is left of a file whose name was claimed for a large one, that is what is there."""
    store = Repository(f"{server.new_folder('cut')}/repository.json", **server.options())._location.store
    sent = threading.Event()
    put = Client._put_parts

    def noted(self: Client, path: str, parts: Iterator[Any], identity: str) -> Any:
        def passing() -> Iterator[Any]:
            for part in parts:
                yield part
                sent.set()

        return put(self, path, passing(), identity)

    monkeypatch.setattr(Client, "_put_parts", noted)
    with store.create("x.bin") as file:
        file.write(b"x" * SIZE)
        assert sent.wait(30)
        file.truncate(size)
    assert store.read("x.bin") == (b"x" * size, ANY)
    with pytest.raises(Exists), store.create("x.bin") as file:
        file.write(b"another")
