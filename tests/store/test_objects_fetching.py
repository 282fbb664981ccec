"""Large files on their way down: each part is put where it belongs, and all of it has to come."""

import platform
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lazyscribe import Repository
from lazyscribe.exception import UnreachableError
from lazyscribe.progress import following
from lazyscribe.store import Store
from lazyscribe.store.objects.asking import PIECE, Version
from lazyscribe.store.objects.client import Client
from lazyscribe.store.objects.fetching import InMemory, part_of
from tests.store.bucket_server import Bucket, serving
from tests.store.test_objects_answers import opened

LARGE = b"".join(number.to_bytes(8, "big") for number in range((40 << 20) // 8)) + b"the end"
"""No two parts of it are equal, nor of the same size."""

PART = part_of(len(LARGE))


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with serving() as found:
        found.put("models/x.bin", LARGE)
        yield found


@pytest.fixture(params=[0, 1 << 30], ids=["on disk", "in memory"])
def limit(request: pytest.FixtureRequest) -> int:
    found: int = request.param
    return found


def over_http(bucket: Bucket) -> Store:
    return Repository(f"{bucket.endpoint}/bucket/models/repository.json", "r")._location.store


@pytest.fixture(params=["s3", "http"])
def store(bucket: Bucket, request: pytest.FixtureRequest) -> Store:
    if request.param == "http":
        return over_http(bucket)
    return opened(bucket)._location.store


def fetching() -> list[str]:
    """The threads that are still at it."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("lazyscribe-fetch")]


def test_all_of_it_comes(store: Store, limit: int) -> None:
    """A large file comes as it is, and can be read from any position; its digest is known."""
    with store.open_held("x.bin", limit) as found:
        assert found.read() == LARGE
        found.seek(PART - 3)
        assert found.read(9) == LARGE[PART - 3 : PART + 6]
        assert found.taken_digest[1] == len(LARGE)  # type: ignore[attr-defined]


def test_in_whatever_order_it_comes(bucket: Bucket, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts that come early wait in their place for those before."""
    came: list[int] = []
    part = Client.part

    def late(self: Client, path: str, version: Version, start: int, end: int) -> Iterator[bytes]:
        until = time.monotonic() + 10
        while start == PART and 2 * PART not in came and time.monotonic() < until:
            time.sleep(0.01)
        try:
            yield from part(self, path, version, start, end)
        finally:
            came.append(start)

    monkeypatch.setattr(Client, "part", late)
    with opened(bucket)._location.store.open_held("x.bin", limit) as found:
        assert found.read() == LARGE
    assert came.index(2 * PART) < came.index(PART)
    assert sorted(came) == list(range(PART, len(LARGE), PART))


def less(pieces: Any) -> Any:
    """Return a call that gives one piece less."""

    def call(*arguments: Any) -> Iterator[bytes]:
        found = list(pieces(*arguments))
        yield from found[:-1]

    return call


@pytest.mark.parametrize("what", ["part", "pieces"])
def test_a_part_of_which_not_all_comes(bucket: Bucket, limit: int, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ends early is an error, also where no digest is known, and not a file with a hole."""
    if what == "pieces":
        bucket.put("models/x.bin", LARGE[: 32 << 20] + b"!")
    monkeypatch.setattr(Client, what, less(getattr(Client, what)))
    with pytest.raises(UnreachableError, match=r"x\.bin broke off after \d+ bytes"):
        opened(bucket)._location.store.open_held("x.bin", limit)
    assert fetching() == []


def test_what_breaks_off_over_http(bucket: Bucket, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same of a file that comes in one piece."""
    monkeypatch.setattr(Client, "pieces", less(Client.pieces))
    with pytest.raises(UnreachableError, match=r"x\.bin broke off after \d+ bytes"):
        over_http(bucket).open_held("x.bin", limit)


def test_what_fails_ends_all_of_it(bucket: Bucket, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of one part goes up, and no thread goes on."""

    def broken(*_: Any) -> Iterator[bytes]:
        yield bytes(PIECE)
        raise ZeroDivisionError

    monkeypatch.setattr(Client, "part", broken)
    with pytest.raises(ZeroDivisionError):
        opened(bucket)._location.store.open_held("x.bin", limit)
    assert fetching() == []


class Enough(Exception):
    """What a callback raises."""


def test_who_is_told_ends_it(bucket: Bucket, limit: int) -> None:
    """A callback that raises while parts travel goes up once no thread goes on."""

    def tell(done: int, total: int) -> None:
        raise Enough

    store = opened(bucket)._location.store
    with pytest.raises(Enough) as caught, following(tell, "loading"):
        store.open_held("x.bin", limit)
    assert caught.value is not None
    assert fetching() == []


@given(st.integers(1, 1 << 40))
def test_how_much_is_asked_for_at_once(size: int) -> None:
    """Eight connections share a file of up to 256 MiB, in pieces that whole parts of an upload make up."""
    part = part_of(size)
    assert part in {8 << 20, 16 << 20, 24 << 20, 32 << 20}
    assert part == 32 << 20 or -(-size // part) <= 8
    assert part == 8 << 20 or -(-size // (part - (8 << 20))) > 8


def faults() -> int:
    """How often this thread was interrupted because memory had to be found."""
    import resource

    return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory is found when it is touched")
def test_memory_is_found_before_it_is_needed() -> None:
    """Putting what was expected finds its memory there, and what had been put before stays."""
    size = 64 << 20
    target = InMemory(size)
    target.put(5, b"before")
    target.expect(3, size - 3)
    piece, before = b"x" * PART, faults()
    for start in range(PART, size, PART):
        target.put(start, piece)
    if tuple(map(int, platform.release().split(".")[:2])) >= (5, 14):
        assert faults() - before < (size - PART) // 4096 // 8
    with target.finish() as file:
        found = file.read()
    assert len(found) == size
    assert found.strip(b"\0x") == b"before"


def test_a_python_without_ctypes(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is found when it is touched, and all of the file comes."""
    monkeypatch.setitem(sys.modules, "ctypes", None)
    with opened(bucket)._location.store.open_held("x.bin", 1 << 30) as found:
        assert found.read() == LARGE
