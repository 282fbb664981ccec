"""Large files of a bucket: fetched once, held once, checked before anything is made of them."""

import pytest

from lazyscribe import Repository, reading
from lazyscribe.exception import CorruptArtifactError
from lazyscribe.store.objects import reading as fetching
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
    server.raw(folder).put(key, bytes(SIZE - fetching._PART))
    with pytest.raises(CorruptArtifactError):
        saved.load_artifact("large")
