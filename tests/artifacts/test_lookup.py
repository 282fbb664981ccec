"""Handlers are found by their alias."""

import gc
import itertools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import define

from lazyscribe import Repository
from lazyscribe.artifacts import _get_handler
from lazyscribe.artifacts.json import JSONArtifact
from lazyscribe.artifacts.pickle import PickleArtifact
from lazyscribe.exception import LazyscribeError
from tests.artifacts import handlers


class EntryPoint:
    """An entry point that is not installed."""

    def __init__(self, name: str, load: Callable[[], Any]) -> None:
        self.name, self.load = name, load
        self.group = "lazyscribe.artifact_type"


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Make entry points known; return the groups that were asked for."""

    def install(*entries: EntryPoint) -> list[str]:
        asked: list[str] = []

        def entry_points(*, group: str) -> list[EntryPoint]:
            asked.append(group)
            return list(entries)

        monkeypatch.setattr("lazyscribe.artifacts.entry_points", entry_points)
        return asked

    return install


_numbers = itertools.count()


@pytest.fixture
def alias() -> str:
    """An alias of this test alone: what was found is remembered."""
    return f"tests-alias-{next(_numbers)}"


def fail(error: Exception) -> Callable[[], Any]:
    def load() -> Any:
        raise error

    return load


class Installed(EntryPoint):
    """An entry point that says what it names."""

    def __init__(self, name: str, value: str, load: Callable[[], Any]) -> None:
        super().__init__(name, load)
        self.value = value


def test_a_plug_in_keeps_its_alias(alias: str, install: Callable[..., list[str]]) -> None:
    """An entry point of another package goes before the built-in handler, in whichever order they are found."""
    ours = Installed(alias, "lazyscribe.artifacts.csv:CSVArtifact", fail(AssertionError("imported")))
    install(ours, Installed(alias, "lazyscribe_arrow.csv:CSVArtifact", lambda: handlers.Plain), ours)
    assert _get_handler(alias) is handlers.Plain


def test_a_class_of_the_users_keeps_its_alias(alias: str, install: Callable[..., list[str]], file: Path) -> None:
    """A class of that alias goes before a built-in handler, defined before or after that was found."""
    built_in = _get_handler("csv")
    install(Installed(alias, "lazyscribe.artifacts.csv:CSVArtifact", lambda: built_in))
    assert _get_handler(alias) is built_in

    class First(handlers.Plain):
        pass

    First.alias = alias
    assert _get_handler(alias) is First

    @define
    class Second(handlers.Plain):
        pass

    Second.alias = alias
    assert _get_handler(alias) is Second


def test_json_and_pickle_stay_what_they_are(install: Callable[..., list[str]]) -> None:
    """No class of the user's takes the place of the two that 2.2 has."""

    class Mine(JSONArtifact):
        pass

    assert Mine.alias == "json"
    assert _get_handler("json") is JSONArtifact


def test_a_built_in_handler_is_looked_up_once(alias: str, install: Callable[..., list[str]]) -> None:
    """Entry points are not read again for each record of a file."""
    asked = install(Installed(alias, "lazyscribe.artifacts.csv:CSVArtifact", lambda: handlers.Plain))
    assert {_get_handler(alias) for _ in range(5)} == {handlers.Plain}
    assert len(asked) <= 2


def test_built_in() -> None:
    """`json` and `pickle` are built in."""
    assert _get_handler("json") is JSONArtifact
    assert _get_handler("pickle") is PickleArtifact


def test_entry_points_come_first(install: Callable[..., list[str]]) -> None:
    """An entry point of the group wins over a subclass of the same alias."""

    class Other(handlers.Plain):
        alias = "tests-of-an-entry-point"

    found = handlers.PlainBinary
    asked = install(EntryPoint("another", fail(ImportError())), EntryPoint("tests-of-an-entry-point", lambda: found))
    assert _get_handler("tests-of-an-entry-point") is found
    assert asked == ["lazyscribe.artifact_type"]
    assert Other.alias == "tests-of-an-entry-point"


def test_only_the_wanted_entry_point_is_loaded(install: Callable[..., list[str]]) -> None:
    """Entry points of other names are not imported."""
    install(EntryPoint("other", fail(AssertionError("imported"))), EntryPoint("tests-wanted", lambda: handlers.Plain))
    assert _get_handler("tests-wanted") is handlers.Plain


@pytest.mark.parametrize(
    "error",
    [
        ImportError("no such library"),
        ModuleNotFoundError("no such library"),
        AttributeError("no such library"),
        OSError("no such library"),
        RuntimeError("no such library"),
    ],
)
def test_entry_point_that_cannot_be_imported(alias: str, install: Callable[..., list[str]], error: Exception) -> None:
    """An entry point that cannot be imported, whyever, is an `ImportError` that names it, and not remembered."""
    install(EntryPoint(alias, fail(error)))
    for _ in range(2):
        with pytest.raises(ImportError, match=rf"{alias}.*no such library") as caught:
            _get_handler(alias)
        assert isinstance(caught.value, LazyscribeError)
    install(EntryPoint(alias, lambda: handlers.Plain))
    assert _get_handler(alias) is handlers.Plain


@pytest.mark.parametrize("thing", [handlers, "handlers.Plain", None, lambda: None, handlers.Plain.read])
def test_entry_point_that_is_no_class(alias: str, install: Callable[..., list[str]], thing: Any) -> None:
    """An entry point that is no class is a `TypeError`, and not remembered."""
    install(EntryPoint(alias, lambda: thing))
    for _ in range(2):
        with pytest.raises(TypeError, match=alias) as caught:
            _get_handler(alias)
        assert isinstance(caught.value, LazyscribeError)
    install(EntryPoint(alias, lambda: handlers.Defined))
    assert _get_handler(alias) is handlers.Defined


def test_unknown_is_not_remembered(alias: str, install: Callable[..., list[str]]) -> None:
    """An unknown alias is a `ValueError` that names the known ones; entry points are asked at each miss."""
    asked = install()
    for count in (1, 2):
        with pytest.raises(ValueError, match=rf"{alias}.*json") as caught:
            _get_handler(alias)
        assert isinstance(caught.value, LazyscribeError)
        assert len(asked) >= count
    install(EntryPoint(alias, lambda: handlers.Plain))
    assert _get_handler(alias) is handlers.Plain


def test_subclass_that_is_defined_later() -> None:
    """A subclass that is defined after a failed look-up is found."""
    with pytest.raises(ValueError, match="tests-defined-later"):
        _get_handler("tests-defined-later")

    class Later(handlers.Plain):
        alias = "tests-defined-later"

    assert _get_handler("tests-defined-later") is Later


def test_deep_subclasses() -> None:
    """Subclasses of subclasses are found, through classes that have no alias of their own."""

    class Middle(handlers.Defined):
        pass

    class Deep(Middle):
        alias = "tests-deep"

    @define
    class Deeper(Deep):
        alias = "tests-deeper"

    assert _get_handler("tests-deep") is Deep
    assert _get_handler("tests-deeper") is Deeper
    assert _get_handler("tests-defined") is not Middle or Middle.alias == "tests-defined"


@pytest.mark.parametrize("collect", [False, True])
def test_redefinition_in_a_notebook(collect: bool, file: Path) -> None:
    """Of several definitions of a class, as a notebook leaves them, the latest is found."""
    for number in range(3):

        @define
        class Cell(handlers.Defined):
            alias = "tests-notebook"
            suffix = f"v{number}"

        if collect:
            gc.collect()
        assert _get_handler("tests-notebook") is Cell
        Repository(file).log_artifact("x", "v", "tests-notebook")
    assert _get_handler("tests-notebook").suffix == "v2"


def test_a_handler_is_the_class_with_slots() -> None:
    """The class that `@define` makes is found, not the one it was made from."""
    assert _get_handler("tests-versioned") is handlers.Versioned
    assert not hasattr(handlers.Versioned.construct("x"), "__dict__")


@pytest.mark.parametrize("alias", ["", "JSON", "json ", "nothing", 1])
def test_logging_with_an_unknown_alias(file: Path, alias: Any) -> None:
    """Logging with an unknown alias fails at once, and adds nothing."""
    repository = Repository(file)
    with pytest.raises(ValueError):
        repository.log_artifact("x", 1, alias)
    assert len(repository.artifacts) == 0


def test_a_handler_of_a_package_that_is_broken(file: Path, install: Callable[..., list[str]]) -> None:
    """Logging with a handler whose package is broken is an `ImportError`; opening is not."""
    repository = Repository(file)
    repository.log_artifact("x", 1, "json")
    repository.save()
    file.write_text(file.read_text().replace('"json"', '"tests-broken-package"'))
    install(EntryPoint("tests-broken-package", fail(ImportError("no such library"))))
    with pytest.raises(ImportError, match="no such library"):
        repository.log_artifact("x", 1, "tests-broken-package")
    again = Repository(file, mode="r")
    assert again.artifacts[0].name == "x"
    with pytest.raises(ValueError, match="no such library"):
        again.load_artifact("x")


PROGRAM = """
import sys
from lazyscribe import Repository
repository = Repository(sys.argv[1])
repository.log_artifact("j", 1, "json")
repository.log_artifact("p", 1, "pickle")
repository.save()
repository = Repository(sys.argv[1], mode="r")
repository.load_artifact("j"), repository.load_artifact("p")
before = set(sys.modules)
repository = Repository(sys.argv[1], mode="r")
assert repository.load_artifact("j") == repository.load_artifact("p") == 1
print(sorted(set(sys.modules) - before))
from lazyscribe.artifacts.json import JSONArtifact
from lazyscribe.artifacts.pickle import PickleArtifact
import io
before = set(sys.modules)
JSONArtifact.read(io.StringIO("1")), PickleArtifact.read(io.BytesIO(b"K\\x01."))
JSONArtifact.construct("x", fname="f"), PickleArtifact.construct("x", fname="f")
print(sorted(set(sys.modules) - before))
"""


def test_nothing_is_imported_for_the_first_time(file: Path) -> None:
    """Opening and loading import nothing for the first time in built-in handlers."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(file)], capture_output=True, text=True, timeout=100, check=False
    )
    assert (done.stdout.splitlines(), done.stderr) == (["[]", "[]"], "")
