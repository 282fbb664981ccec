"""What `construct` is told when a file is opened, and how environments are checked on loading."""

import sys
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lazyscribe import Project, Repository
from lazyscribe.artifacts.pickle import PickleArtifact
from lazyscribe.exception import ArtifactLoadError, CorruptArtifactError
from tests.artifacts import handlers
from tests.clock import START, Clock


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The construct calls of `Versioned`."""
    monkeypatch.setattr(handlers.Versioned, "calls", [])
    monkeypatch.setitem(handlers.LIBRARY, "version", "1.0")
    return handlers.Versioned.calls


@pytest.fixture
def saved(file: Path, clock: Clock, calls: list[Any]) -> Path:
    """A repository with a version of `Versioned`, expiring in 2030."""
    repository = Repository(file)
    repository.log_artifact("x", b"value", "tests-versioned", fname="f.v", option=1)
    repository.set_artifact_expiry("x", expiry="2030-01-01")
    repository.artifacts[0].writer_kwargs.clear()
    repository.save()
    calls.clear()
    return file


def test_logging_constructs(file: Path, clock: Clock, calls: list[Any]) -> None:
    """Logging calls `construct` with the value, the date and the writer's keywords."""
    Repository(file).log_artifact("x", b"value", "tests-versioned", fname="f.v", option=1)
    assert [{key: value for key, value in call.items() if value is not None} for call in calls] == [
        {
            "name": "x",
            "value": b"value",
            "fname": "f.v",
            "created_at": START,
            "writer_kwargs": {"option": 1},
            "version": 0,
            "dirty": True,
        }
    ]


def test_opening_constructs(file: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening calls `construct` with every key of the record but `handler`, dates parsed, `dirty=False`, no more."""
    monkeypatch.setattr(handlers.Defined, "calls", [])
    repository = Repository(file)
    repository.log_artifact("x", "value", "tests-defined", fname="f")
    repository.set_artifact_expiry("x", expiry="2030-01-01")
    repository.save()
    file.write_text(file.read_text().replace('"handler"', '"weather": [1, {"a": null}],\n        "handler"'))
    handlers.Defined.calls.clear()
    for mode in ("r", "a", "w+"):
        again = Repository(file, mode)  # type: ignore[arg-type]
        assert again.artifacts[0].name == "x"
        assert handlers.Defined.calls == [
            (
                (),
                {
                    "name": "x",
                    "fname": "f",
                    "created_at": START,
                    "expiry": datetime(2030, 1, 1),
                    "version": 0,
                    "weather": [1, {"a": None}],
                    "dirty": False,
                },
            )
        ]
        handlers.Defined.calls.clear()


def test_the_record_holds_the_environment(saved: Path) -> None:
    """Fields that a defined subclass adds are written into the record, and come back from it."""
    metadata = Repository(saved, mode="r").get_artifact_metadata("x")
    assert (metadata["flavour"], metadata["library_version"]) == ("bytes", "1.0")
    artifact = Repository(saved, mode="r").artifacts[0]
    assert isinstance(artifact, handlers.Versioned)
    assert (artifact.flavour, artifact.library_version) == ("bytes", "1.0")


def test_a_subclass_without_define_adds_none(file: Path) -> None:
    """A subclass without `@define` adds no key, though it annotates one."""

    class Annotated(handlers.Plain):
        alias = "tests-annotated"
        extra: str = "value"

    repository = Repository(file)
    repository.log_artifact("x", "v", "tests-annotated")
    repository.save()
    assert set(repository.get_artifact_metadata("x")) == {
        "name", "fname", "created_at", "expiry", "version", "handler",
    }  # fmt: skip
    assert Repository(file, mode="r").load_artifact("x") == "v"


def test_validation_constructs(saved: Path, calls: list[Any]) -> None:
    """Validation calls `construct` with name, `dirty=False`, and the stored values that its signature names."""
    repository = Repository(saved, mode="r")
    assert repository.artifacts[0].name == "x"
    calls.clear()
    assert repository.load_artifact("x") == b"value"
    assert len(calls) == 1
    given = {key: value for key, value in calls[0].items() if value is not None}
    assert given == {"name": "x", "dirty": False, "flavour": "bytes", "version": 0}
    calls.clear()
    assert repository.load_artifact("x", validate=False) == b"value"
    assert calls == []


def test_validation_passes_nothing_else(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told nothing else, so that what its signature does not name is computed afresh."""
    seen: list[dict[str, Any]] = []

    def construct(name: str, flavour: str = "?", **kwargs: Any) -> Any:
        seen.append({"name": name, "flavour": flavour, **kwargs})
        return artifact

    repository = Repository(saved, mode="r")
    artifact = repository.artifacts[0]
    monkeypatch.setattr(handlers.Versioned, "construct", construct)
    assert repository.load_artifact("x") == b"value"
    assert seen == [{"name": "x", "flavour": "bytes", "dirty": False}]


def test_environments_differ(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another environment is an `ArtifactLoadError` that shows both; `validate=False` loads."""
    monkeypatch.setitem(handlers.LIBRARY, "version", "2.0")
    repository = Repository(saved, mode="r")
    with pytest.raises(ArtifactLoadError) as caught:
        repository.load_artifact("x")
    assert caught.value.expected == {"flavour": "bytes", "library_version": "1.0"}
    assert caught.value.found == {"flavour": "bytes", "library_version": "2.0"}
    assert "1.0" in str(caught.value)
    assert "2.0" in str(caught.value)
    assert "validate=False" in str(caught.value)
    assert repository.load_artifact("x", validate=False) == b"value"


@pytest.mark.parametrize("file_is", ["missing", "damaged"])
def test_validation_comes_first(saved: Path, monkeypatch: pytest.MonkeyPatch, file_is: str) -> None:
    """The environment is checked before the file is opened; without validation its digest still is."""
    stored = saved.parent / "x" / "f.v"
    if file_is == "missing":
        stored.unlink()
    else:
        stored.write_bytes(b"other")
    monkeypatch.setitem(handlers.LIBRARY, "version", "2.0")
    repository = Repository(saved, mode="r")
    with pytest.raises(ArtifactLoadError, match=r"2\.0"):
        repository.load_artifact("x")
    with pytest.raises(FileNotFoundError if file_is == "missing" else CorruptArtifactError):
        repository.load_artifact("x", validate=False)


def test_experiments_validate_too(tmp_path: Path, calls: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Experiments and tests check the environment as repositories do."""
    project = Project(tmp_path / "project.json")
    with project.log("one") as experiment:
        experiment.log_artifact("x", b"value", "tests-versioned")
        with experiment.log_test("test") as test:
            test.log_artifact("x", b"value", "tests-versioned")
    project.save()
    monkeypatch.setitem(handlers.LIBRARY, "version", "2.0")
    again = Project(tmp_path / "project.json", mode="r")["one"]
    for each in (again, again.tests[0]):
        with pytest.raises(ArtifactLoadError, match=r"2\.0"):
            each.load_artifact("x")
        assert each.load_artifact("x", validate=False) == b"value"


def test_construct_that_fails_now(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `construct` that fails while it validates is an `ArtifactLoadError`."""
    repository = Repository(saved, mode="r")
    assert repository.artifacts[0].name == "x"
    monkeypatch.delitem(handlers.LIBRARY, "version")
    with pytest.raises(ArtifactLoadError, match="version"):
        repository.load_artifact("x")
    assert repository.load_artifact("x", validate=False) == b"value"


# PickleArtifact


def test_python_version(file: Path) -> None:
    """`PickleArtifact` records the interpreter's major and minor version."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert PickleArtifact.construct("x").python_version == version  # type: ignore[attr-defined]
    repository = Repository(file)
    repository.log_artifact("x", 1, "pickle")
    repository.save()
    assert repository.get_artifact_metadata("x")["python_version"] == version


def test_another_python(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pickle of another Python is refused unless `validate=False`; `sys` is read when `construct` is called."""
    repository = Repository(file)
    repository.log_artifact("x", [1], "pickle")
    repository.save()
    assert repository.load_artifact("x") == [1]
    fake = SimpleNamespace(version_info=(3, 99, 1))
    monkeypatch.setattr("lazyscribe.artifacts.pickle.sys", fake)
    assert PickleArtifact.construct("y").python_version == "3.99"  # type: ignore[attr-defined]
    for asked in (repository, Repository(file, mode="r")):
        with pytest.raises(ArtifactLoadError, match=r"3\.99") as caught:
            asked.load_artifact("x")
        assert f"{sys.version_info[0]}.{sys.version_info[1]}" in str(caught.value)
        assert asked.load_artifact("x", validate=False) == [1]


def test_pickle_without_a_version(file: Path) -> None:
    """A record without the version opens, as one of this interpreter."""
    repository = Repository(file)
    repository.log_artifact("x", [1], "pickle")
    repository.save()
    lines = [line for line in file.read_text().splitlines() if "python_version" not in line]
    file.write_text("\n".join(lines))
    assert Repository(file, mode="r").load_artifact("x") == [1]
