"""The four published plug-ins, as PyPI gives them, in an environment of their own with this checkout."""

import importlib.metadata
import json
import pickle
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import lazyscribe.artifacts
from lazyscribe import Experiment, Project, Repository, Test
from tests.compat.actor import Actor, Refused, interpreter

#: Alias, and the package that must bring it.
HANDLERS = {
    "csv": "lazyscribe_arrow.csv",
    "parquet": "lazyscribe_arrow.parquet",
    "joblib": "lazyscribe_joblib",
    "yaml": "lazyscribe_yaml.pyyaml",
    "yaml12": "lazyscribe_yaml.py_yaml12",
    "onnx": "lazyscribe_onnx",
}
RECORD = ["created_at", "expiry", "fname", "handler", "name", "version"]
ENVIRONMENT = {"joblib": ["joblib_version", "package", "package_version"]}


@pytest.fixture(scope="module")
def plugged() -> Iterator[Actor]:
    """This checkout with the plug-ins."""
    with Actor("ours with plug-ins", interpreter("LAZYSCRIBE_PLUGINS_PYTHON")) as actor:
        yield actor


def value_of(alias: str, number: int) -> Any:
    """Make a value that a handler takes."""
    if alias in ("csv", "parquet"):
        import pyarrow

        return pyarrow.table({"x": [number, 2, 3], "größe": ["a", "ü", "😀"]})
    if alias == "joblib":
        import numpy

        return numpy.polynomial.Polynomial([number, 2.5])
    if alias == "onnx":
        import onnx

        names = ["in", "out"]
        inner, outer = (onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [number]) for name in names)
        return onnx.helper.make_model(
            onnx.helper.make_graph([onnx.helper.make_node("Relu", ["in"], ["out"])], "graph", [inner], [outer])
        )
    return {"number": number, "text": "größe 😀", "list": [1, 2.5, None, True], "nested": {"a": []}}


def same(one: Any, other: Any) -> bool:
    """Compare two values of a handler."""
    return bool(one == other) and type(one) is type(other)


def journey(alias: str, prefix: str) -> dict[str, Any]:
    """Log to an experiment, a test and a repository; save, reopen, load, validate, promote; tell what held."""
    held: dict[str, Any] = {}
    handler = lazyscribe.artifacts._get_handler(alias)
    held["module"] = handler.__module__
    held["distributions"] = [
        point.dist.name for point in importlib.metadata.entry_points(group="lazyscribe.artifact_type", name=alias)
    ]
    values = [value_of(alias, number) for number in range(4)]
    project = Project(f"{prefix}project.json", mode="w", author="ann")
    with project.log("exp") as experiment:
        experiment.log_artifact("my value", values[0], alias)
        experiment.log_artifact("other", values[1], alias, fname=f"sub/other.{handler.suffix}")
        with experiment.log_test("test") as test:
            test.log_artifact("inner", values[2], alias)
    experiment.artifacts[0].created_at = datetime(2025, 1, 1)
    project.save()
    held["loads at once"] = same(experiment.load_artifact("my value"), values[0])
    stored = Project(f"{prefix}project.json", mode="r")["exp"]
    held["experiment"] = same(stored.load_artifact("my value"), values[0])
    held["not validated"] = same(stored.load_artifact("my value", validate=False), values[0])
    held["in a sub-folder"] = same(stored.load_artifact("other"), values[1])
    held["test"] = same(stored.tests[0].load_artifact("inner"), values[2])
    held["fname"] = stored.artifacts[0].fname
    repository = Repository(f"{prefix}repository.json", mode="w+")
    stored.promote_artifact(repository, "my value")
    repository.log_artifact("my value", values[3], alias)
    repository.save()
    for mode in ("r", "a", "w+"):
        back = Repository(f"{prefix}repository.json", mode=mode)
        held[f"versions in {mode}"] = [a.version for a in back.artifacts]
        held[f"promoted in {mode}"] = same(back.load_artifact("my value", version=0), values[0])
        held[f"by date in {mode}"] = same(back.load_artifact("my value", version="2025-01-01T00:00:00"), values[0])
        held[f"newest in {mode}"] = same(back.load_artifact("my value"), values[3])
    held["record"] = sorted(back.get_artifact_metadata("my value"))
    with project.log("unsaved") as experiment:
        experiment.log_artifact("fresh", values[1], alias)
    experiment.promote_artifact(back, "fresh")
    back.save()
    held["promoted unsaved"] = same(Repository(f"{prefix}repository.json", mode="r").load_artifact("fresh"), values[1])
    for artifact in (experiment.artifacts[0], stored.artifacts[0]):
        copy = pickle.loads(pickle.dumps(artifact))
        key = "handler travels" if artifact.value is not None else "empty handler travels"
        held[key] = (copy.name, copy.fname, copy.created_at) == (artifact.name, artifact.fname, artifact.created_at)
        held[key] = held[key] and (artifact.value is None) == (copy.value is None)
    held["project travels"] = len(pickle.loads(pickle.dumps(Project(f"{prefix}project.json", mode="r"))).experiments)
    return held


@pytest.mark.parametrize("prefix", ["", "memory://{alias}/"], ids=["local", "memory"])
@pytest.mark.parametrize("alias", HANDLERS)
def test_a_plug_in_makes_the_whole_journey(plugged: Actor, tmp_path: Path, alias: str, prefix: str) -> None:
    """Each handler logs, saves, reopens, loads, validates and promotes, found through its entry point."""
    prefix = prefix.format(alias=alias)
    all_held(alias, plugged(journey, tmp_path, helpers=(value_of, same), alias=alias, prefix=prefix))


def all_held(alias: str, held: dict[str, Any]) -> None:
    """Look whether a journey ended as it has to."""
    assert held.pop("module") == HANDLERS[alias]
    plug_in = f"lazyscribe-{HANDLERS[alias].split('.')[0].removeprefix('lazyscribe_')}"
    assert set(held.pop("distributions")) == {plug_in, "lazyscribe"} - ({"lazyscribe"} if alias == "yaml12" else set())
    assert held.pop("fname").startswith("my-value-20")
    assert held.pop("record") == sorted(RECORD + ENVIRONMENT.get(alias, []))
    assert held.pop("project travels") == 1
    for mode in ("r", "a", "w+"):
        assert held.pop(f"versions in {mode}") == [0, 1]
    assert all(value is True for value in held.values()), held


def write_yaml() -> None:
    """Save one YAML artifact."""
    project = Project("project.json", mode="w", author="ann")
    with project.log("exp") as experiment:
        experiment.log_artifact("conf", {"a": [1]}, "yaml")
    project.save()


def open_without_import() -> list[Any]:
    """Open a file whose handler nobody imported."""
    before = any(name.startswith("lazyscribe_yaml") for name in sys.modules)
    return [before, Project("project.json", mode="r")["exp"].load_artifact("conf")]


def test_a_plug_in_that_nobody_imported_is_found(tmp_path: Path) -> None:
    """A file with a plug-in's artifact opens in a fresh interpreter that imported only lazyscribe."""
    for program in (write_yaml, open_without_import):
        with Actor("fresh", interpreter("LAZYSCRIBE_PLUGINS_PYTHON")) as fresh:
            told = fresh(program, tmp_path)
    assert told == [False, {"a": [1]}]


def unmodified() -> dict[str, list[str]]:
    """Tell which installed files of the plug-ins differ from what their packages said."""
    import base64
    import hashlib

    differing: dict[str, list[str]] = {}
    for name in ("lazyscribe-arrow", "lazyscribe-joblib", "lazyscribe-yaml", "lazyscribe-onnx"):
        differing[name] = []
        for file in importlib.metadata.distribution(name).files or []:
            if file.hash and file.suffix == ".py":
                digest = hashlib.new(file.hash.mode, file.locate().read_bytes()).digest()
                if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
                    differing[name].append(str(file))
    return differing


def test_the_plug_ins_are_as_published(plugged: Actor, tmp_path: Path) -> None:
    """All four are installed, and no file of theirs was changed."""
    told = plugged(unmodified, tmp_path)
    assert told == {f"lazyscribe-{name}": [] for name in ("arrow", "joblib", "yaml", "onnx")}


def joblib_environment() -> list[Any]:
    """Load a joblib artifact whose package has another version now."""
    project = Project("project.json", mode="w", author="ann")
    with project.log("exp") as experiment:
        experiment.log_artifact("poly", value_of("joblib", 1), "joblib", compress=3)
    project.save()
    stored = json.loads(Path("project.json").read_text())
    told = [stored[0]["artifacts"][0]["package"]]
    stored[0]["artifacts"][0]["package_version"] = "0.0.1"
    Path("project.json").write_text(json.dumps(stored))
    experiment = Project("project.json", mode="r")["exp"]
    told.append(same(experiment.load_artifact("poly", validate=False), value_of("joblib", 1)))
    try:
        experiment.load_artifact("poly")
    except Exception as error:
        told += [type(error).__name__, "0.0.1" in str(error)]
    return told


def test_a_joblib_artifact_is_validated(plugged: Actor, tmp_path: Path) -> None:
    """Another version of the package that made the object is an ``ArtifactLoadError`` that shows it."""
    told = plugged(joblib_environment, tmp_path, helpers=(value_of, same))
    assert told == ["numpy", True, "ArtifactLoadError", True]


def joblib_without_package() -> None:
    """Log a value from which joblib's handler cannot tell the package."""
    project = Project("project.json", mode="w", author="ann")
    with project.log("exp") as experiment:
        experiment.log_artifact("list", [1], "joblib")


def test_a_plug_in_that_refuses_a_value_is_heard(plugged: Actor, tmp_path: Path) -> None:
    """An error that a handler raises when it is constructed reaches the caller as it is."""
    with pytest.raises(Refused) as refused:
        plugged(joblib_without_package, tmp_path)
    assert "AttributeError" in refused.value.kinds


def yaml_difference() -> str:
    """Compare two versions of a YAML artifact."""
    repository = Repository("repository.json", mode="w")
    repository.log_artifact("conf", {"a": 1, "b": 2}, "yaml", sort_keys=False)
    repository.log_artifact("conf", {"a": 1, "b": 3}, "yaml")
    repository.save()
    return repository.get_version_diff("conf", (0, 1))


def test_versions_of_a_yaml_artifact_are_compared(plugged: Actor, tmp_path: Path) -> None:
    """``get_version_diff`` works on the text that a plug-in wrote."""
    assert plugged(yaml_difference, tmp_path) == "--- \n\n+++ \n\n@@ -1,2 +1,2 @@\n\n a: 1\n-b: 2\n+b: 3"


def tables() -> list[Any]:
    """Turn a project and a repository into Arrow tables."""
    from lazyscribe_arrow.interchange import to_table

    project = Project("project.json", mode="w", author="ann")
    when = datetime(2025, 1, 1, 2, 3, 4)
    for name in ("one", "two"):
        experiment = Experiment(
            name=name,
            project=Path("project.json"),
            created_at=when,
            last_updated=when,
            metrics={"auc": 0.5},
            parameters={"p": [1, 2]},
            tests=[Test("t", metrics={"m": 1})],
        )
        project.append(experiment)
    project.save()
    repository = Repository("repository.json", mode="w")
    repository.log_artifact("a", 1, "json")
    repository.log_artifact("b", 1, "pickle")
    repository.save()
    opened = [Project("project.json", mode="r"), Repository("repository.json", mode="r")]
    made = [to_table(item) for item in (project, repository, *opened)]
    return [
        [table.num_rows, sorted(table.column_names), str(table.schema.field("created_at").type)] for table in made
    ] + [str(made[0].column("created_at")[0]), made[2].column("metrics").to_pylist()]


def test_projects_and_repositories_become_arrow_tables(plugged: Actor, tmp_path: Path) -> None:
    """``lazyscribe_arrow``'s table of a project and of a repository holds each record, dates as UTC time stamps."""
    told = plugged(tables, tmp_path)
    project = ["artifacts", "author", "created_at", "dependencies", "last_updated", "last_updated_by", "metrics"]
    project += ["name", "parameters", "short_slug", "slug", "tags", "tests"]
    repository = [*RECORD, "python_version"]
    assert [row[0] for row in told[:4]] == [2, 2, 2, 2]
    assert [row[1] for row in told[:4]] == [project, sorted(repository)] * 2
    assert {row[2] for row in told[:4]} == {"timestamp[s, tz=UTC]"}
    assert told[4:] == ["2025-01-01 02:03:04+00:00", [{"auc": 0.5}, {"auc": 0.5}]]


def threads(alias: str) -> list[str]:
    """Log from many threads with a handler that none of them used before."""
    from concurrent.futures import ThreadPoolExecutor

    project = Project("project.json", mode="w", author="ann")

    def one(number: int) -> None:
        with project.log(f"exp-{number}") as experiment:
            experiment.log_artifact("value", value_of(alias, number), alias)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(8)))
    project.save()
    back = Project("project.json", mode="r")
    return sorted(e.name for e in back.experiments if same(e.load_artifact("value"), value_of(alias, int(e.name[-1]))))


@pytest.mark.parametrize("alias", ["yaml", "parquet"])
def test_threads_log_with_a_plug_in(plugged: Actor, tmp_path: Path, alias: str) -> None:
    """Eight threads log with a plug-in's handler at once, and every value comes back."""
    told = plugged(threads, tmp_path, helpers=(value_of, same), alias=alias)
    assert told == [f"exp-{number}" for number in range(8)]
