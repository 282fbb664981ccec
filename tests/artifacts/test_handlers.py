"""What every handler has, and how its values travel to files and back."""

import io
import pickle
from array import array
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from lazyscribe import Project, Repository
from lazyscribe.artifacts.base import Artifact
from lazyscribe.artifacts.json import JSONArtifact
from lazyscribe.artifacts.pickle import PickleArtifact
from lazyscribe.exception import SaveError
from tests.artifacts import handlers
from tests.clock import START, Clock

FIELDS = ["name", "fname", "value", "writer_kwargs", "created_at", "expiry", "version", "dirty"]
ALL: list[type[Artifact]] = [
    JSONArtifact,
    PickleArtifact,
    handlers.Plain,
    handlers.PlainBinary,
    handlers.Defined,
    handlers.Seeking,
    handlers.Closing,
]


@pytest.mark.parametrize("handler", ALL)
def test_class_attributes_and_fields(handler: type[Artifact]) -> None:
    """A handler has four class attributes and eight fields: keywords without defaults."""
    assert all(hasattr(handler, name) for name in ("alias", "suffix", "binary", "output_only"))
    fields = [each for each in attrs.fields(handler) if each.name in FIELDS]
    assert sorted(each.name for each in fields) == sorted(FIELDS)
    assert all(each.default is attrs.NOTHING for each in fields)
    assert not any(each.eq for each in fields)


def test_built_in_handlers() -> None:
    """The built-in handlers have the attributes of 2.2."""
    assert (JSONArtifact.alias, JSONArtifact.suffix, JSONArtifact.binary, JSONArtifact.output_only) == (
        "json",
        "json",
        False,
        False,
    )
    assert (PickleArtifact.alias, PickleArtifact.suffix, PickleArtifact.binary, PickleArtifact.output_only) == (
        "pickle",
        "pkl",
        True,
        False,
    )


@pytest.mark.parametrize("handler", ALL)
def test_construct_defaults(handler: type[Artifact], clock: Clock) -> None:
    """`construct` needs a name only; the default file name is slug, stamp and suffix."""
    made = handler.construct("My Name")
    assert {each: getattr(made, each) for each in FIELDS} == {
        "name": "My Name",
        "fname": f"my-name-20250120132330.{handler.suffix}",
        "value": None,
        "writer_kwargs": {},
        "created_at": START,
        "expiry": None,
        "version": 0,
        "dirty": True,
    }


@pytest.mark.parametrize("handler", ALL)
def test_construct_in_order(handler: type[Artifact]) -> None:
    """`construct` takes its arguments in the order of the contract."""
    date = datetime(2020, 2, 3, 4, 5, 6, 7)
    made = handler.construct("n", [1], "f", date, datetime(2021, 1, 1), {"a": 1}, 3, False)
    assert [getattr(made, each) for each in FIELDS] == [
        "n", "f", [1], {"a": 1}, date, datetime(2021, 1, 1), 3, False,
    ]  # fmt: skip


@pytest.mark.parametrize("handler", [JSONArtifact, PickleArtifact])
def test_construct_ignores_what_it_does_not_know(handler: type[Artifact]) -> None:
    """The built-in ones accept keys they do not know."""
    made = handler.construct(name="x", weather="fine", library_version="1")
    assert not hasattr(made, "weather")


def test_stamp_of_a_date(clock: Clock) -> None:
    """The stamp in the default name is that of the given date, converted to UTC."""
    assert JSONArtifact.construct("x", created_at=datetime(800, 1, 2)).fname == "x-08000102000000.json"
    east = datetime.fromisoformat("2025-01-01T01:00:00+02:00")
    made = JSONArtifact.construct("x", created_at=east, expiry=datetime(2030, 1, 1, tzinfo=UTC))
    assert made.fname == "x-20241231230000.json"
    assert made.created_at == datetime(2024, 12, 31, 23)
    assert made.expiry == datetime(2030, 1, 1)


@pytest.mark.parametrize("handler", ALL)
def test_equality(handler: type[Artifact]) -> None:
    """None of the eight fields takes part in equality; the class does."""
    one = handler.construct("x", 1, "f", START, None, {}, 0, True)
    two = handler.construct("y", 2, "g", START.replace(year=2020), START, {"a": 1}, 7, False)
    assert one == two
    assert (one != two) is False
    assert all(one != other.construct("x", 1) for other in ALL if other is not handler)


def test_environment_takes_part_in_equality() -> None:
    """Fields that a defined subclass adds take part in equality."""
    one = handlers.Versioned.construct("x", library_version="1")
    assert one == handlers.Versioned.construct("y", library_version="1")
    assert one != handlers.Versioned.construct("x", library_version="2")
    assert PickleArtifact.construct("x") != PickleArtifact.construct("x", python_version="2.7")


VALUES: list[tuple[type[Artifact], Any]] = [
    (JSONArtifact, {"a": [1, 2.5, None, "é\r\n"]}),
    (JSONArtifact, None),
    (PickleArtifact, {1, (2, 3)}),
    (PickleArtifact, None),
    (handlers.Plain, ""),
    (handlers.Plain, "é\r\n\n\r\x85\u2028 end"),
    (handlers.PlainBinary, b"\r\n\0\xff"),
    (handlers.Defined, "text\r\n"),
    (handlers.Versioned, b"bytes"),
    (handlers.Seeking, b"body of the archive"),
    (handlers.Seeking, b"x" * 300_000),
    (handlers.Closing, b"closed"),
    (handlers.ClosingText, "closed é" * 50_000),
]


@pytest.mark.parametrize("place", ["file", "memory"])
@pytest.mark.parametrize(("handler", "value"), VALUES, ids=lambda value: str(value)[:30])
def test_round_trip(tmp_path: Path, handler: type[Artifact], value: Any, place: str) -> None:
    """A value comes back as it was, from a repository, an experiment and a test, on every file system."""
    folder = str(tmp_path) if place == "file" else f"memory://{tmp_path}"
    repository = Repository(f"{folder}/repository.json")
    repository.log_artifact("x", value, handler.alias)
    repository.save()
    assert repository.load_artifact("x") == value
    assert Repository(f"{folder}/repository.json", mode="r").load_artifact("x") == value
    project = Project(f"{folder}/project.json")
    with project.log("one") as experiment:
        experiment.log_artifact("x", value, handler.alias)
        with experiment.log_test("test") as test:
            test.log_artifact("x", value, handler.alias)
    project.save()
    again = Project(f"{folder}/project.json", mode="r")["one"]
    assert again.load_artifact("x") == value
    assert again.tests[0].load_artifact("x") == value


def test_text_is_utf_8_as_it_is(file: Path) -> None:
    """Text is UTF-8, its line ends untouched."""
    repository = Repository(file)
    repository.log_artifact("x", "é\r\n\n", "tests-plain", fname="f")
    repository.save()
    assert (file.parent / "x" / "f").read_bytes() == b"\xc3\xa9\r\n\n"


def test_seeking_is_digested_as_it_ends(file: Path) -> None:
    """What a handler overwrites or cuts is digested and measured as it ends."""
    repository = Repository(file)
    repository.log_artifact("x", b"body", "tests-seeking", fname="f")
    repository.save()
    stored = (file.parent / "x" / "f").read_bytes()
    assert stored == (4).to_bytes(8, "big") + b"body" + b"tail"
    assert repository.load_artifact("x") == b"body"
    assert b'"size": 16' in (file.parent / ".lazyscribe" / "facts" / "x" / "f.json").read_bytes()


@pytest.mark.parametrize(
    "value", [memoryview(b"abc"), bytearray(b"abc"), array("H", [1, 2]), memoryview(array("d", [1.5]))]
)
def test_any_buffer_is_written(file: Path, value: Any) -> None:
    """A binary handler may write whatever is a buffer."""
    repository = Repository(file)
    repository.log_artifact("x", value, "tests-plain-binary")
    repository.save()
    assert repository.load_artifact("x") == bytes(memoryview(value))


def test_text_that_was_begun(file: Path) -> None:
    """A text handler that fails half-way is a `SaveError`, and leaves nothing."""

    class HalfWay(handlers.Plain):
        alias = "tests-half-way"

        @classmethod
        def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
            buf.write("begun")
            raise ArithmeticError("half-way")

    repository = Repository(file)
    repository.log_artifact("x", 1, "tests-half-way")
    with pytest.raises(SaveError, match="half-way") as caught:
        repository.save()
    assert isinstance(caught.value.__cause__, ArithmeticError)
    assert list(file.parent.rglob("*.txt")) == []
    assert not file.exists()


def test_pickle_protocol(file: Path) -> None:
    """`PickleArtifact` writes protocol 5 unless told otherwise."""
    repository = Repository(file)
    repository.log_artifact("new", [1], "pickle", fname="f")
    repository.log_artifact("old", [1], "pickle", fname="f", protocol=2)
    repository.save()
    assert (file.parent / "new" / "f").read_bytes() == pickle.dumps([1], protocol=5)
    assert (file.parent / "old" / "f").read_bytes() == pickle.dumps([1], protocol=2)
    assert repository.load_artifact("old") == [1]


@pytest.mark.parametrize(("handler", "value"), [(JSONArtifact, {"a": 1}), (PickleArtifact, {"a": 1})])
def test_read_and_write_directly(handler: type[Artifact], value: Any) -> None:
    """`read` and `write` are class methods on a buffer, with keywords for the library below."""
    buf: Any = io.BytesIO() if handler.binary else io.StringIO()
    handler.write(value, buf, **({"protocol": 4} if handler.binary else {"indent": 2}))
    buf.seek(0)
    assert handler.read(buf) == value
