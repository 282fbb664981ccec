"""Files too large to be held in memory twice, and values that are written in one large piece.

What counts as large is made small here, but for the last tests.
"""

import hashlib
import json
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

from lazyscribe import Project, Repository, digest, reading
from lazyscribe.artifacts.base import Artifact
from lazyscribe.exception import ArtifactLogError, CorruptArtifactError, SaveError
from tests.artifacts.handlers import Plain, PlainBinary
from tests.clock import Clock
from tests.repository.tools import facts_of, opened

PIECE = b"0123456789" * 100
MANY = 48 << 20


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything above a few bytes be large."""
    monkeypatch.setattr(reading, "IN_MEMORY", 100)
    monkeypatch.setattr(digest, "AT_ONCE", 500)


class Pieces(Artifact):
    """Pieces of bytes, one after the other; reading can be interrupted by somebody else."""

    alias: ClassVar[str] = "tests-pieces"
    suffix: ClassVar[str] = "p"
    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = False

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> bytes:
        start = bytes(buf.read(10))
        kwargs.get("between", lambda: None)()
        return start + bytes(buf.read())

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        for each in obj:
            buf.write(each)


class Detaching(Plain):
    """Text; takes the binary file out of the one it gets."""

    alias: ClassVar[str] = "tests-detaching"

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> str:
        return str(buf.detach().read(), "utf-8")


def saved(file: Path, value: Any = (PIECE,), handler: str = "tests-pieces") -> Path:
    """Save one version of `x` and return its file."""
    repository = Repository(file)
    repository.log_artifact("x", value, handler, fname="f")
    repository.save()
    return file.parent / "x" / "f"


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("place", ["file", "memory"])
@pytest.mark.parametrize(
    ("handler", "value"),
    [
        ("json", ["é"] * 200),
        ("pickle", PIECE),
        (Plain.alias, "é\r\n" * 200),
        (PlainBinary.alias, PIECE),
        ("tests-closing", PIECE),
        ("tests-closing-text", "é" * 300),
        ("tests-seeking", PIECE),
        ("tests-detaching", "é" * 300),
    ],
)
def test_large_values_come_back(file: Path, memory: str, place: str, handler: str, value: Any) -> None:
    """Text or binary, sought in or closed by the handler, on any store: a large value comes back."""
    where = str(file) if place == "file" else f"{memory}/repository.json"
    repository = Repository(where)
    repository.log_artifact("x", value, handler)
    repository.save()
    again = Repository(where, mode="r")
    assert [again.load_artifact("x") for _ in range(2)] == [value] * 2
    assert again.verify().ok


@pytest.mark.usefixtures("large")
def test_large_pieces_among_small_ones_are_digested_in_order(file: Path) -> None:
    """Pieces of any size, and buffers of wider items, make one file, with its digest and its size."""
    pieces = [b"a", PIECE, b"", b"b" * 499, memoryview(b"12345678" * 100).cast("d"), bytearray(PIECE), b"c"]
    stored = saved(file, pieces).read_bytes()
    facts = json.loads(facts_of(file, "x", "f").read_bytes())
    assert stored == b"".join(bytes(each) for each in pieces)
    assert (facts["sha256"], facts["size"]) == (hashlib.sha256(stored).hexdigest(), len(stored))


@pytest.mark.usefixtures("large")
def test_large_pieces_are_digested_where_there_are_no_threads(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no thread is to be had, hashing and writing follow each other."""

    def refuse(self: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", refuse)
    stored = saved(file, [PIECE, PIECE]).read_bytes()
    assert stored == PIECE * 2
    assert json.loads(facts_of(file, "x", "f").read_bytes())["sha256"] == hashlib.sha256(stored).hexdigest()


@pytest.mark.usefixtures("large")
def test_large_piece_that_cannot_be_written(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk while a large piece is written is a `SaveError`; saving again then works."""
    write, full = os.write, [True]

    def refuse(descriptor: int, data: Any) -> int:
        if full and len(data) >= len(PIECE):
            raise OSError(28, "No space left on device")
        return write(descriptor, data)

    repository = Repository(file)
    repository.log_artifact("x", [PIECE], "tests-pieces", fname="f")
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", refuse)
        with pytest.raises(SaveError, match="No space left"):
            repository.save()
    full.clear()
    repository.save()
    assert opened(file).load_artifact("x") == PIECE


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("change", [lambda data: b"9" + data[1:], lambda data: data[:-1], lambda data: data + b" "])
def test_damage_of_a_large_file_is_found_before_its_handler_sees_it(
    file: Path, change: Callable[[bytes], bytes]
) -> None:
    """A large file that was changed, cut or extended is refused before anything is read from it."""
    stored = saved(file)
    stored.write_bytes(change(stored.read_bytes()))
    seen: list[int] = []
    with pytest.raises(CorruptArtifactError):
        opened(file).load_artifact("x", between=lambda: seen.append(1))
    assert seen == []


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("change", ["in place", "cut", "extended"])
def test_large_file_that_is_written_to_while_it_is_read(file: Path, change: str) -> None:
    """What was read from a large file that somebody wrote to meanwhile is refused, with both digests."""
    stored = saved(file)
    expected = hashlib.sha256(stored.read_bytes()).hexdigest()

    def between() -> None:
        with stored.open("r+b") as other:
            other.seek(0 if change == "in place" else 2 if change == "cut" else len(PIECE))
            other.truncate() if change == "cut" else other.write(b"other")

    with pytest.raises(CorruptArtifactError) as caught:
        opened(file).load_artifact("x", between=between)
    found = hashlib.sha256(stored.read_bytes()).hexdigest()
    assert (caught.value.path, caught.value.expected, caught.value.found) == (str(stored), expected, found)


@pytest.mark.usefixtures("large")
def test_large_file_that_is_touched_or_replaced_while_it_is_read(file: Path) -> None:
    """A new date alone is no damage, and a file put in its place leaves the open one as it was."""
    stored = saved(file)
    assert opened(file).load_artifact("x", between=lambda: os.utime(stored, (1, 1))) == PIECE
    other = stored.with_name("other")
    other.write_bytes(b"other")
    assert opened(file).load_artifact("x", between=lambda: other.replace(stored)) == PIECE


@pytest.mark.usefixtures("large")
def test_error_of_a_handler_goes_first(file: Path) -> None:
    """What a handler raises while a large file changes is what the user sees."""
    stored = saved(file)

    def between() -> None:
        stored.write_bytes(b"other")
        raise KeyError("the handler's")

    with pytest.raises(KeyError, match="the handler's"):
        opened(file).load_artifact("x", between=between)


@pytest.mark.usefixtures("large")
def test_large_file_of_which_nothing_is_known(file: Path) -> None:
    """Without facts a large file loads, whatever it holds by now."""
    stored = saved(file)
    facts_of(file, "x", "f").unlink()
    stored.write_bytes(PIECE * 2)
    assert opened(file).load_artifact("x", between=lambda: stored.touch()) == PIECE * 2


@pytest.mark.parametrize("known", [True, False])
def test_promoting_twice_within_a_second_of_a_file_without_facts(file: Path, clock: Clock, known: bool) -> None:
    """Within one second the content decides what is newer, also where no digest is known."""
    experiments = []
    for number in range(2):
        project = Project(file.parent / f"p{number}" / "project.json")
        with project.log("one") as experiment:
            experiment.log_artifact("x", number, "json")
        project.save()
        if not known:
            for each in file.parent.glob(f"p{number}/.lazyscribe/facts/*/*.json"):
                each.unlink()
        experiments.append(Project(project.fpath, mode="r")["one"])
    repository = Repository(file)
    experiments[0].promote_artifact(repository, "x")
    with pytest.raises(ArtifactLogError, match="not newer"):
        experiments[0].promote_artifact(repository, "x")
    experiments[1].promote_artifact(repository, "x")
    assert [opened(file).load_artifact("x", version=number) for number in range(2)] == [0, 1]
    told = json.loads(facts_of(file, "x", repository.artifacts[0].fname).read_bytes())
    assert told["sha256"] == hashlib.sha256(b"0").hexdigest()


def most(work: Callable[[], object]) -> int:
    """Return how many bytes Python held at the most, beyond what it held before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("handler", ["bytes", "pickle", PlainBinary.alias])
def test_large_value_is_held_once(file: Path, handler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Saving and promoting a large value hold no copy of it, loading it no second one."""
    monkeypatch.setattr(reading, "IN_MEMORY", MANY // 2)
    project, repository = Project(file.parent / "p" / "project.json", mode="w+"), Repository(file)
    with project.log("one") as experiment:
        experiment.log_artifact("x", bytes(MANY), handler)
    assert most(project.save) < MANY // 8
    assert most(lambda: experiment.promote_artifact(repository, "x")) < MANY // 8
    assert most(lambda: repository.load_artifact("x")) < MANY * 9 // 8
    assert repository.load_artifact("x") == bytes(MANY)
