"""Which files may be loaded that can run code."""

import json
import pickle
import shutil
from pathlib import Path
from typing import Any, ClassVar

import pytest
from attrs import define

from lazyscribe import Project, Repository
from lazyscribe.artifacts import _get_handler
from lazyscribe.artifacts.base import Artifact
from lazyscribe.artifacts.json import JSONArtifact
from lazyscribe.artifacts.trust import runs_code
from lazyscribe.exception import ArtifactLoadError, CorruptArtifactError, InvalidArgumentError, UntrustedError
from lazyscribe.registry import registry
from tests.artifacts import handlers
from tests.artifacts.hostile import CORPUS, object_array, object_arrays
from tests.artifacts.samples import SAMPLES

LEVELS = ["recorded", "none"]
RUN_CODE = {"pickle", "joblib", "cloudpickle", "dataclass", "attrs", "pydantic"}


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAZYSCRIBE_TRUST", raising=False)


def plant(folder: Path, alias: str, data: bytes) -> Path:
    """Put a file and its record into a repository, as somebody does who can write there; return the repository's."""
    file = folder / "repository.json"
    stamp = "2025-01-20T13:23:30"
    record = {"name": "x", "fname": "x", "created_at": stamp, "expiry": None, "version": 0, "handler": alias}
    (folder / "x").mkdir()
    (folder / "x" / "x").write_bytes(data)
    file.write_text(json.dumps([record]))
    return file


def plant_in_project(folder: Path, alias: str, data: bytes) -> Path:
    """Save an experiment with an artifact, and put another file in the place of its file, without a digest."""
    project = Project(folder / "project.json", author="tests")
    with project.log("run") as run:
        run.log_artifact("x", 1, alias, fname="x")
        with run.log_test("part") as part:
            part.log_artifact("x", 1, alias, fname="x")
    project.save()
    shutil.rmtree(folder / ".lazyscribe")
    (folder / run.slug / "x").write_bytes(data)
    (folder / run.slug / "part" / "x").write_bytes(data)
    return folder / "project.json"


@pytest.mark.parametrize("name", CORPUS)
def test_the_corpus_is_hostile(name: str, tmp_path: Path) -> None:
    """Each file runs its code when anything goes, which is the default."""
    alias, make = CORPUS[name]
    trace = tmp_path / "trace"
    Repository(plant(tmp_path, alias, make(trace)), mode="r").load_artifact("x", validate=False)
    assert trace.exists()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("how", ["keyword", "environment"])
@pytest.mark.parametrize("name", CORPUS)
def test_a_hostile_file_does_not_run(
    name: str, how: str, level: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a recorded digest, or where nothing is trusted, no file of the corpus runs, validated or not."""
    alias, make = CORPUS[name]
    trace = tmp_path / "trace"
    file, chosen = plant(tmp_path, alias, make(trace)), {"trust": level} if how == "keyword" else {}
    if how == "environment":
        monkeypatch.setenv("LAZYSCRIBE_TRUST", level)
    for validate in (True, False):
        with pytest.raises(UntrustedError, match=rf"'x'.*{alias!r}.*{level!r}.*trust='all'") as caught:
            Repository(file, mode="r", **chosen).load_artifact("x", validate=validate)
        assert isinstance(caught.value, ArtifactLoadError)
    assert not trace.exists()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("alias", ["pickle", "joblib", "cloudpickle"])
def test_a_hostile_file_of_an_experiment_does_not_run(alias: str, level: Any, tmp_path: Path) -> None:
    """Experiments and tests are guarded as repositories are, also when they get another file system."""
    trace = tmp_path / "trace"
    make = next(make for handler, make in CORPUS.values() if handler == alias)
    run = Project(plant_in_project(tmp_path, alias, make(trace)), mode="w+", trust=level)["run"]
    for _ in range(2):
        for each in (run, run.tests[0]):
            with pytest.raises(UntrustedError):
                each.load_artifact("x", validate=False)
        run.fs, run.tests[0].fs = run.fs, run.tests[0].fs
    assert not trace.exists()


@pytest.mark.parametrize("level", ["all", *LEVELS])
@pytest.mark.parametrize(("alias", "make"), [("npy", object_array), ("npz", object_arrays)])
def test_arrays_of_objects_never_run(alias: str, make: Any, level: Any, tmp_path: Path) -> None:
    """A file of NumPy's that holds pickles is refused whatever is trusted."""
    trace = tmp_path / "trace"
    repository = Repository(plant(tmp_path, alias, make(trace)), mode="r", trust=level)
    with pytest.raises(ValueError, match="allow_pickle"):
        repository.load_artifact("x")
    assert not trace.exists()


@pytest.mark.parametrize("level", ["all", *LEVELS])
def test_yaml_makes_no_objects(level: Any, tmp_path: Path) -> None:
    """A YAML document with a tag that calls something is refused whatever is trusted."""
    trace = tmp_path / "trace"
    document = f"!!python/object/apply:os.mkdir [{str(trace)!r}]".encode()
    with pytest.raises(Exception, match="could not determine a constructor"):
        Repository(plant(tmp_path, "yaml", document), mode="r", trust=level).load_artifact("x")
    assert not trace.exists()


def test_a_typed_document_makes_only_what_its_handler_takes(tmp_path: Path) -> None:
    """A document that names a function or a class of another kind is refused."""
    for number, name in enumerate(["os:mkdir", "subprocess:Popen", "no.such:Thing", "builtins:list"]):
        folder = tmp_path / str(number)
        folder.mkdir()
        file = plant(folder, "dataclass", json.dumps({"type": name, "value": {"a": 1}}).encode())
        with pytest.raises(ArtifactLoadError, match=name):
            Repository(file, mode="r").load_artifact("x")


@pytest.mark.filterwarnings("ignore:The artifact 'x' is of an output-only handler")
@pytest.mark.parametrize("alias", sorted(SAMPLES))
def test_what_levels_allow(alias: str, tmp_path: Path) -> None:
    """What was saved here loads when its digest is recorded; with nothing trusted, only what can run no code."""
    repository = Repository(tmp_path / "repository.json")
    repository.log_artifact("x", SAMPLES[alias].values[0], alias)
    repository.save()
    Repository(tmp_path / "repository.json", mode="r", trust="recorded").load_artifact("x")
    strict = Repository(tmp_path / "repository.json", mode="r", trust="none")
    if alias in RUN_CODE:
        with pytest.raises(UntrustedError):
            strict.load_artifact("x")
    else:
        strict.load_artifact("x")


def test_who_can_run_code() -> None:
    """The built-in handlers say whether they can run code."""
    assert {alias for alias in SAMPLES if runs_code(_get_handler(alias))} == RUN_CODE


def test_a_handler_that_does_not_say_counts_as_one_that_can() -> None:
    """Only who says so beside the ``read`` that is meant is believed."""

    @define
    class Says(handlers.Plain):
        alias: ClassVar[str] = "tests-says"
        runs_code: ClassVar[bool] = False

    class Reads(JSONArtifact):
        alias = "tests-reads"

        @classmethod
        def read(cls, buf: Any, **kwargs: Any) -> Any:
            return eval(buf.read())

    class Renames(JSONArtifact):
        alias = "tests-renames"

    assert [runs_code(each) for each in (handlers.Plain, handlers.Defined, Reads)] == [True] * 3
    assert [runs_code(each) for each in (Says, Renames, JSONArtifact)] == [False] * 3
    assert runs_code(Artifact)


@pytest.mark.parametrize("level", LEVELS)
def test_an_unknown_handler_is_guarded(level: Any, tmp_path: Path) -> None:
    """A third party's handler is held like one that runs code."""
    file = plant(tmp_path, "tests-plain", b"text")
    with pytest.raises(UntrustedError, match="tests-plain"):
        Repository(file, mode="r", trust=level).load_artifact("x")
    assert Repository(file, mode="r").load_artifact("x") == "text"


@pytest.mark.parametrize("level", ["all", *LEVELS])
def test_a_wrong_digest_is_refused_at_every_level(level: Any, tmp_path: Path) -> None:
    """A file whose digest is another one is refused, whatever is trusted."""
    repository = Repository(tmp_path / "repository.json", trust=level)
    repository.log_artifact("x", 1, "json")
    repository.log_artifact("y", 1, "pickle")
    repository.save()
    for name in ("x", "y"):
        (tmp_path / name / repository[name].fname).write_bytes(b"2")
    for name in ("x", "y"):
        with pytest.raises(UntrustedError if (level, name) == ("none", "y") else CorruptArtifactError):
            repository.load_artifact(name)


def test_the_keyword_goes_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keyword decides, else the variable, which is read at each load, else everything is trusted."""
    file = plant(tmp_path, "pickle", pickle.dumps(1))
    free, held, asks = (Repository(file, "r", trust=level) for level in ("all", "none", None))
    assert [each.trust for each in (free, held, asks)] == ["all", "none", "all"]
    monkeypatch.setenv("LAZYSCRIBE_TRUST", "none")
    assert [each.trust for each in (free, held, asks)] == ["all", "none", "none"]
    assert free.load_artifact("x", validate=False) == 1
    with pytest.raises(UntrustedError):
        asks.load_artifact("x", validate=False)
    monkeypatch.setenv("LAZYSCRIBE_TRUST", "")
    assert asks.load_artifact("x", validate=False) == 1


@pytest.mark.parametrize("kind", [Project, Repository])
def test_another_level_is_refused(kind: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no level is an error at once, or in the environment, at each load; so is the keyword misspelt."""
    for level in ("some", "", True):
        with pytest.raises(InvalidArgumentError, match="'all', 'recorded', 'none'"):
            kind(tmp_path / "file.json", trust=level)
    with pytest.raises(InvalidArgumentError, match="'trust'"):
        kind(tmp_path / "file.json", turst="none")
    monkeypatch.setenv("LAZYSCRIBE_TRUST", "Recorded")
    repository = Repository(plant(tmp_path, "json", b"1"), mode="r")
    with pytest.raises(InvalidArgumentError, match="LAZYSCRIBE_TRUST"):
        repository.load_artifact("x")


def test_the_level_is_no_storage_option_and_travels(tmp_path: Path) -> None:
    """The level reaches no file system; pickled, filtered and merged objects keep it."""
    repository = Repository(plant(tmp_path, "pickle", pickle.dumps(1)), mode="r", trust="none", auto_mkdir=True)
    assert repository.storage_options == {"auto_mkdir": True}
    copies = [pickle.loads(pickle.dumps(repository)), repository.filter([("x", 0)])]
    folder = tmp_path / "project"
    folder.mkdir()
    project = Project(plant_in_project(folder, "pickle", pickle.dumps(1)), mode="r", trust="none")
    assert project.storage_options == {}
    project["run"]
    merged = [pickle.loads(pickle.dumps(project)), project.merge(Project(folder / "other.json"))]
    for each in [*copies, *(found["run"] for found in merged), *(found["run"].tests[0] for found in merged)]:
        with pytest.raises(UntrustedError):
            each.load_artifact("x", validate=False)


def test_dependencies_are_held_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The project that an experiment depends on is opened at the same level; so is one further up."""
    monkeypatch.chdir(tmp_path)
    above: Any = None
    for name in ("first", "second", "third"):
        project = Project(f"{name}.json", author="tests")
        with project.log(name) as experiment:
            experiment.log_artifact("x", 1, "pickle")
            if above is not None:
                experiment.dependencies["above"] = above
        project.save()
        above = experiment
    assert not registry.projects
    third = Project("third.json", mode="r", trust="none")["third"]
    second = third.dependencies["second"]
    for each in (third, second, second.dependencies["first"]):
        with pytest.raises(UntrustedError):
            each.load_artifact("x")


def test_promoted_files_are_recorded(tmp_path: Path) -> None:
    """A promoted file, saved or not, loads where digests are asked for; promoting reads no value."""
    project = Project(tmp_path / "project.json", author="tests", trust="none")
    with project.log("run") as run:
        run.log_artifact("saved", {1}, "pickle")
    project.save()
    run.log_artifact("fresh", {2}, "pickle")
    repository = Repository(tmp_path / "repository.json", trust="recorded")
    run.promote_artifact(repository, "saved")
    run.promote_artifact(repository, "fresh")
    repository.save()
    again = Repository(tmp_path / "repository.json", mode="r", trust="recorded")
    assert [again.load_artifact(name) for name in ("saved", "fresh")] == [{1}, {2}]
