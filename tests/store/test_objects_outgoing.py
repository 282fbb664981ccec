"""What is written to a new file of a bucket is what arrives, however it is written, and wherever it waits."""

import io
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from hashlib import sha256
from typing import Any, ClassVar
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lazyscribe.digest import HashingFile
from lazyscribe.exception import SaveError
from lazyscribe.store import staging
from lazyscribe.store.objects import client, outgoing
from tests.artifacts.handlers import PlainBinary
from tests.store.bucket_server import Bucket, Fault, serving
from tests.store.test_objects_answers import LARGE, begun, opened

PART = 8 << 20


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with serving() as found:
        yield found


@pytest.fixture(scope="module")
def one_bucket() -> Iterator[Bucket]:
    with serving() as found:
        yield found


def until(true: Callable[[], bool]) -> None:
    """Wait for something."""
    latest = time.monotonic() + 10
    while not true():
        assert time.monotonic() < latest
        time.sleep(0.001)


# Whatever is done to the file


class Model:
    """A file: a `bytearray` and a position, to compare with."""

    def __init__(self) -> None:
        self.data, self.place = bytearray(), 0

    def write(self, data: bytes) -> int:
        self.data.extend(bytes(max(0, self.place - len(self.data)) if data else 0))
        self.data[self.place : self.place + len(data)] = data
        self.place += len(data)
        return len(data)

    def read(self, size: int) -> bytes:
        found = bytes(self.data[self.place :] if size < 0 else self.data[self.place : self.place + size])
        self.place += len(found)
        return found

    def seek(self, offset: int, whence: int) -> int:
        self.place = max(0, offset + (0, self.place, len(self.data))[whence])
        return self.place

    def truncate(self, size: int | None) -> int:
        size = self.place if size is None else size
        self.data.extend(bytes(max(0, size - len(self.data))))
        del self.data[size:]
        return size


def into(file: Any, size: int) -> bytes:
    """Read by `readinto`."""
    buffer = bytearray(size)
    return bytes(buffer[: file.readinto(buffer)])


VALUE = bytes(range(256)) * 3
"""What lasts: twelve parts, where a part has 64 bytes."""

SIZES = st.integers(0, 300)
STEPS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from([bytes, bytearray, memoryview]), st.binary(max_size=300)),
    st.tuples(st.just("write"), st.just(bytes), SIZES.map(lambda size: bytes([size % 251]) * size)),
    st.just(("value",)),
    st.tuples(st.just("seek"), SIZES, st.just(0)),
    st.tuples(st.just("seek"), st.integers(-9, 9), st.sampled_from([1, 2])),
    st.tuples(st.just("truncate"), st.none() | SIZES),
    st.tuples(st.sampled_from(["read", "read1", "readinto"]), st.integers(0, 300)),
    st.just(("read", -1)),
    st.just(("wait",)),
)


def step(file: Any, model: Model, kind: str, *told: Any) -> None:
    """Do the same to both, and compare what they say."""
    if kind == "write":
        assert file.write(told[0](told[1])) == model.write(told[1])
    elif kind == "value":
        assert file.write(VALUE) == model.write(VALUE)
    elif kind == "seek":
        told = told if told[1] != 1 else (max(told[0], -model.place), 1)
        told = told if told[1] != 2 else (max(told[0], -len(model.data)), 2)
        assert file.seek(*told) == model.seek(*told)
    elif kind == "truncate":
        assert file.truncate(*told) == model.truncate(*told)
    elif kind == "readinto":
        assert into(file, *told) == model.read(*told)
    elif kind == "wait":
        time.sleep(0.002)
    else:
        assert getattr(file, kind)(*told) == model.read(*told)
    assert file.tell() == model.place


@settings(max_examples=150)
@given(steps=st.lists(STEPS, max_size=12), begin=st.booleans())
def test_it_is_a_file(one_bucket: Bucket, steps: list[Any], begin: bool) -> None:
    """Whatever is written, read, cut and skipped in whatever order, of a value that lasts too, it is as in any file.

    What arrives is what is in it then, and the digest that of what arrives.
    """
    one_bucket.objects.clear()
    store, model = opened(one_bucket)._location.store, Model()
    with ExitStack() as stack:
        for module, name, size in (
            (staging, "IN_MEMORY", 100),
            (outgoing, "IN_MEMORY", 100),
            (outgoing, "PART", 64),
            (client, "PART", 64),
        ):
            stack.enter_context(patch.object(module, name, size))
        with store.create("x.bin") as raw:
            file = HashingFile(raw)
            file.lasting = VALUE
            for each in [("value",)] * begin + steps:
                step(file, model, *each)
            told = file.result()
    assert one_bucket.objects["models/x.bin"].data == model.data
    assert told == (sha256(model.data).hexdigest(), len(model.data))


def test_what_is_overwritten_while_it_waits_to_be_sent(bucket: Bucket) -> None:
    """What is let go, and not sent yet, may be written over: what is sent is what was written last."""
    store = begun(bucket)._location.store
    expected = bytearray(LARGE)
    held = threading.Event()
    with patch.object(client.Client, "create", waiting(held, client.Client.create)), store.create("x.bin") as file:
        file.write(LARGE)
        file.seek(PART + 5)
        file.write(b"another")
        expected[PART + 5 : PART + 12] = b"another"
        held.set()
        until(lambda: bucket.asked.count(("PUT", "models/x.bin")) >= 3)  # the claim, and two parts
    assert bucket.objects["models/x.bin"].data == expected
    assert bucket.asked.count(("PUT", "models/x.bin")) == 4


def waiting(held: threading.Event, call: Any) -> Any:
    """Return the call, which is not made before something happens."""

    def later(*arguments: Any) -> Any:
        held.wait(10)
        return call(*arguments)

    return later


# What is borrowed


def no_temporary_file(*_: Any) -> None:
    raise AssertionError("there is no need for a temporary file")


def borrowing(bucket: Bucket, value: Any = LARGE, handler: str = "bytes", **options: Any) -> Any:
    """Return a repository in which a large value is to be saved that is in memory as it will be in the file."""
    repository = begun(bucket)
    repository.log_artifact("large", value, handler=handler, fname="large.bin", **options)
    return repository


@pytest.mark.parametrize("handler", ["bytes", PlainBinary.alias])
@pytest.mark.parametrize("told", [True, False], ids=["told", "untold"])
def test_bytes_travel_from_where_they_are(
    bucket: Bucket, handler: str, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes that a handler writes as they are need no temporary file, whether or not somebody is told how far it is."""
    begun(bucket)
    calls: list[tuple[int, int]] = []
    repository = opened(bucket, progress=told and (lambda done, total: calls.append((done, total))))
    repository.log_artifact("large", LARGE, handler, fname="large.bin")
    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", no_temporary_file)
    repository.save()
    assert bucket.objects["models/large/large.bin"].data == LARGE
    assert bool(calls) is told
    assert all(done == total >= 2 * len(LARGE) for done, total in calls[-1:])
    assert opened(bucket, "r").verify().ok


@pytest.mark.parametrize(
    "faults",
    [
        [Fault("POST", "large.bin", 400)],
        [Fault("POST", "large.bin?complete", 0, done=True)],
        [Fault("PUT", "large.bin", 0, done=True), Fault("PUT", "large.bin", 500)],
    ],
    ids=["sent anew", "end lost", "claim lost"],
)
def test_what_is_borrowed_is_sent_again(bucket: Bucket, faults: list[Fault], monkeypatch: pytest.MonkeyPatch) -> None:
    """From where it is, too, as often as it takes."""
    repository = borrowing(bucket)
    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", no_temporary_file)
    bucket.faults = list(faults)
    repository.save()
    assert bucket.faults == []
    assert opened(bucket, "r").load_artifact("large") == LARGE


class Counting(PlainBinary):
    """Bytes, and how often they were written."""

    alias: ClassVar[str] = "tests-counting"
    runs: ClassVar[int] = 0

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        cls.runs += 1
        buf.write(obj)


@pytest.mark.parametrize("value", [LARGE, bytearray(LARGE)], ids=["borrowed", "staged"])
def test_another_name_needs_no_other_writing(bucket: Bucket, value: Any) -> None:
    """A large file whose name others took goes under another one, without its handler."""
    repository = borrowing(bucket, value, Counting.alias)
    bucket.put("models/large/large.bin", b"theirs")
    Counting.runs = 0
    with pytest.warns(UserWarning, match="is taken"):
        repository.save()
    assert Counting.runs == 1
    assert bucket.objects["models/large/large.bin"].data == b"theirs"
    assert opened(bucket, "r").load_artifact("large") == LARGE


class Spoiling(PlainBinary):
    """A buffer that is used for something else once it was written."""

    alias: ClassVar[str] = "tests-spoiling"

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        buf.write(memoryview(obj).toreadonly() if kwargs["readonly"] else obj)
        obj[:] = bytes(len(obj))


@pytest.mark.parametrize("readonly", [True, False], ids=["as read-only", "as it is"])
def test_what_may_change_is_copied(bucket: Bucket, readonly: bool) -> None:
    """What is written is kept as it was then, if somebody can change it afterwards."""
    repository = borrowing(bucket, bytearray(LARGE), Spoiling.alias, readonly=readonly)
    repository.save()
    assert bucket.objects["models/large/large.bin"].data == LARGE
    assert opened(bucket, "r").verify().ok


class Amending(PlainBinary):
    """Bytes, of which the beginning is written once more when parts have been sent, and something behind the end."""

    alias: ClassVar[str] = "tests-amending"
    sent: ClassVar[Callable[[], bool]] = staticmethod(lambda: True)

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        buf.write(obj)
        until(cls.sent)
        if kwargs["way"] == "beginning":
            buf.seek(0)
            buf.write(b"another")
        if kwargs["way"] == "end":
            buf.write(b"the end" * PART)
        if kwargs["way"] == "cut":
            buf.truncate(PART)
        if kwargs["way"] == "read":
            buf.seek(-5, io.SEEK_END)
            assert buf.read() == obj[-5:]


@pytest.mark.parametrize("way", ["beginning", "end", "cut", "read"])
def test_what_is_borrowed_and_then_changed(bucket: Bucket, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was sent from where it is, and is then written to, arrives as it became; the value stays."""
    value = bytes(bytearray(LARGE))
    repository = borrowing(bucket, value, Amending.alias, way=way)
    monkeypatch.setattr(Amending, "sent", lambda: bucket.asked.count(("PUT", "models/large/large.bin")) >= 3)
    repository.save()
    expected = {"beginning": b"another" + LARGE[7:], "end": LARGE + b"the end" * PART, "cut": LARGE[:PART]}
    assert bucket.objects["models/large/large.bin"].data == expected.get(way, LARGE)
    assert value == LARGE
    assert opened(bucket, "r").verify().ok


def test_a_disk_that_is_full(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """If what is borrowed cannot be copied to be changed, nothing of it stays, and the save fails."""
    repository = borrowing(bucket, handler=Amending.alias, way="beginning")
    before = dict(bucket.objects)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", full)
    with pytest.raises(SaveError, match="No space left"):
        repository.save()
    assert bucket.objects == before
    assert not [thread.name for thread in threading.enumerate() if thread.name == "lazyscribe-send"]
