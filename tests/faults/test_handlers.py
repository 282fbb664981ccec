"""The suite for handlers, on the built-in ones and on handlers of a user's own, good and bad."""

import errno
from pathlib import Path
from typing import Any, ClassVar

import pytest
from attrs import define

from lazyscribe.artifacts.base import Artifact
from lazyscribe.artifacts.json import JSONArtifact
from lazyscribe.artifacts.pickle import PickleArtifact
from lazyscribe.testing.handlers import HandlerTests


class TestJSON(HandlerTests):
    handler = JSONArtifact
    values: ClassVar[list[Any]] = [{"a": [1, 2.5, None]}, "text", 3]


class TestPickle(HandlerTests):
    handler = PickleArtifact
    values: ClassVar[list[Any]] = [{1, 2}, b"bytes"]
    writer_kwargs: ClassVar[dict[str, Any]] = {"protocol": 4}


@define
class Words(Artifact):
    """A handler as a user writes it."""

    alias: ClassVar[str] = "words"
    suffix: ClassVar[str] = "txt"
    binary: ClassVar[bool] = False
    output_only: ClassVar[bool] = False

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        return buf.read().split()

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        for word in obj:
            buf.write(word + "\n")


class TestWords(HandlerTests):
    handler = Words
    values: ClassVar[list[Any]] = [["a", "b"], ["ü"], []]


@define
class Forgetful(Words):
    """Keeps only the first word."""

    alias: ClassVar[str] = "forgetful"

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        return buf.read().split()[:1]


@define
class Consuming(Words):
    """Takes the words out of the list that it writes."""

    alias: ClassVar[str] = "consuming"

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        Words.write([obj.pop(0) for _ in list(obj)], buf)


class OfForgetful(HandlerTests):
    handler = Forgetful
    values: ClassVar[list[Any]] = [["a"], ["a", "b"]]


class OfConsuming(HandlerTests):
    handler = Consuming
    values: ClassVar[list[Any]] = [["a", "b"], ["c"]]


def test_a_handler_that_forgets_is_found(tmp_path: Path) -> None:
    """The suite fails for a handler whose values do not come back."""
    for test in (OfForgetful().test_repository, OfForgetful().test_a_process_that_dies):
        with pytest.raises(AssertionError, match=r"is not \['a', 'b'\]"):
            test(tmp_path)


def test_a_handler_that_cannot_write_twice_is_found(tmp_path: Path) -> None:
    """The suite fails for a handler that uses up what it writes, so that a save cannot be tried again."""
    with pytest.raises(AssertionError, match=r"\[\] is not|is not \["):
        OfConsuming().test_a_write_that_fails(tmp_path, errno.EIO)
