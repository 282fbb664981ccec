"""Dataclasses, classes of attrs and models of pydantic, kept as JSON with their type."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import attrs
import pydantic
import pytest

from lazyscribe import Repository
from lazyscribe.artifacts import _get_handler
from lazyscribe.exception import ArtifactLoadError, SaveError
from tests.artifacts.models import Limits
from tests.artifacts.samples import SAMPLES, SPLIT
from tests.artifacts.typed import Settings, Split
from tests.repository.tools import tree


@dataclasses.dataclass
class Loose:
    """Annotated so that nobody can know what its field held."""

    anything: Any


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tight:
    """Frozen, with slots, and compared by identity."""

    names: dict[str, list[Split]]


@attrs.define
class Hidden:
    """A field whose argument has another name."""

    _secret: int = 0


@dataclasses.dataclass
class Child(Split):
    """A dataclass made of another."""

    more: int = 0


class Plain(Split):
    """Made of a dataclass, and none itself: what it adds would be lost."""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository.json")


def test_the_document_can_be_read_and_compared(repository: Repository) -> None:
    """The file is JSON with the name of the type, one field to a line, so versions can be compared."""
    repository.log_artifact("limits", Limits(low=0.5))
    repository.log_artifact("limits", Limits(low=0.5, high=2))
    repository.save()
    file = repository.dir / "limits" / repository["limits"].fname
    document = json.loads(file.read_text())
    assert document == {"type": "tests.artifacts.models:Limits", "value": {"low": 0.5, "high": None, "names": []}}
    lines = repository.get_version_diff("limits", (0, 1)).splitlines()
    assert [line.strip() for line in lines if line.startswith(("+ ", "- "))] == [
        '-        "high": null,',
        '+        "high": 2.0,',
    ]


def test_slots_inheritance_and_identity(repository: Repository) -> None:
    """Frozen classes, those with slots, children, and those that compare by identity come back."""
    tight, child = Tight(names={"a": [SPLIT]}), Child(1, SPLIT.when, more=3)
    repository.log_artifact("tight", tight)
    repository.log_artifact("child", child)
    repository.save()
    assert repository.load_artifact("tight").names == tight.names
    assert repository.load_artifact("child") == child


def test_another_class_may_be_asked_for(repository: Repository) -> None:
    """``as_`` names the class, such as one that has moved, and the one in the file need not be there."""
    repository.log_artifact("split", SPLIT)
    repository.save()
    assert repository.load_artifact("split", as_=Child) == Child(SPLIT.seed, SPLIT.when)
    with pytest.raises(ArtifactLoadError, match="as_="):
        repository.load_artifact("split", as_=dict)


def local() -> Any:
    @dataclasses.dataclass
    class Local:
        a: int = 1

    return Local()


@pytest.mark.parametrize(
    ("value", "alias", "told"),
    [
        (local(), "dataclass", "top of a module"),
        (Loose(SPLIT), "dataclass", "does not come back"),
        (Loose((1, 2)), "dataclass", "does not come back"),
        (Split(float("nan"), SPLIT.when), "dataclass", "does not come back"),  # type: ignore[arg-type]
        (Split(1, SPLIT.when, (float("nan"),)), "dataclass", "does not come back"),
        (Loose(object()), "dataclass", "object"),
        (Hidden(5), "attrs", "does not come back"),
        (Settings(0.5, SPLIT), "dataclass", "takes a dataclass"),
        (SPLIT, "attrs", "takes a class of attrs"),
        (SPLIT, "pydantic", "takes a model of pydantic"),
        (Plain(1, SPLIT.when), "dataclass", "takes a dataclass"),
        (pydantic.create_model("Made", a=(int, ...))(a=1), "pydantic", "top of a module"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)
def test_what_would_not_come_back_is_refused(repository: Repository, value: Any, alias: str, told: str) -> None:
    """An object that JSON or its annotations would change is refused when it is saved, and nothing is left."""
    repository.log_artifact("x", value, alias)
    with pytest.raises(SaveError, match=told):
        repository.save()
    assert tree(repository.dir) == {}


@pytest.mark.parametrize("alias", ["dataclass", "attrs", "pydantic"])
def test_a_type_that_is_gone(repository: Repository, alias: str) -> None:
    """A file whose class is not there any more says so, and loads as another one."""
    value = SAMPLES[alias].values[0]
    repository.log_artifact("x", value, alias)
    repository.save()
    file = repository.dir / "x" / repository["x"].fname
    name = f"{type(value).__module__}:{type(value).__qualname__}"
    text = file.read_text().replace(name, "tests.gone:Gone")
    with pytest.raises(ArtifactLoadError, match=r"tests\.gone:Gone"):
        _get_handler(alias).read(_Text(text))
    assert _get_handler(alias).read(_Text(text), as_=type(value)) == value


class _Text:
    def __init__(self, text: str) -> None:
        self.text = text

    def read(self) -> str:
        return self.text
