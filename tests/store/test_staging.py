"""Where content waits on this machine: what is copied to it, and what is not."""

import sys
from collections.abc import Iterator

import pytest

from lazyscribe.digest import HashingFile
from lazyscribe.store.staging import IN_MEMORY, Staging

VALUE = bytes(range(256)) * (36 << 10) + b"and some more"


@pytest.fixture
def staged() -> Iterator[Staging]:
    made = Staging()
    yield made
    made.dispose()


def test_what_lasts_is_not_copied(staged: Staging) -> None:
    """Of what lasts no second one is made; its pieces are where it is."""
    file = HashingFile(staged)  # type: ignore[arg-type]
    file.lasting = VALUE
    assert file.write(VALUE) == len(VALUE)
    piece = staged.piece(IN_MEMORY, 100)
    assert isinstance(piece, memoryview)
    assert piece.obj is VALUE
    assert piece == VALUE[IN_MEMORY : IN_MEMORY + 100]
    assert staged.tell() == staged.size() == len(VALUE)


@pytest.mark.parametrize("lasting", [None, VALUE], ids=["nothing lasts", "something else lasts"])
def test_what_does_not_last_is_not_held(staged: Staging, lasting: bytes | None) -> None:
    """Bytes that a handler made to be written are let go once they are written."""
    made = bytes(bytearray(VALUE))
    before = sys.getrefcount(made)
    file = HashingFile(staged)  # type: ignore[arg-type]
    file.lasting = lasting
    file.write(made)
    assert sys.getrefcount(made) == before
    staged.flush()
    assert staged.piece(0, len(VALUE)) == VALUE


@pytest.mark.parametrize("place", ["behind something", "moved", "a part of it", "small"])
def test_what_is_copied_although_it_lasts(staged: Staging, place: str) -> None:
    """What is not all of the file, or fits into memory anyway, is copied; the file is what was written."""
    value = VALUE[:IN_MEMORY] if place == "small" else VALUE
    file = HashingFile(staged)  # type: ignore[arg-type]
    file.lasting = value
    before = sys.getrefcount(value)
    if place == "behind something":
        file.write(b"head")
    if place == "moved":
        file.seek(4)
    file.write(memoryview(value)[:-1] if place == "a part of it" else value)
    assert sys.getrefcount(value) == before
    expected = {"behind something": b"head" + VALUE, "moved": bytes(4) + VALUE, "a part of it": VALUE[:-1]}
    staged.seek(0)
    assert staged.read() == expected.get(place, value)


def test_only_an_empty_file_borrows(staged: Staging) -> None:
    """What is there is not thrown away for what could be borrowed."""
    staged.write(b"there")
    staged.seek(0)
    assert not staged.borrow(VALUE)
    assert staged.read() == b"there"


def test_what_was_borrowed_is_all_there_once_it_is_copied(staged: Staging) -> None:
    """Another thread that asks for pieces meanwhile gets what it would have got before."""
    assert staged.borrow(VALUE)
    assert not staged.borrow(VALUE)
    staged.write(b"")
    assert staged.piece(0, len(VALUE)) == VALUE
    assert staged.tell() == len(VALUE)
