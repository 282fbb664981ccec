"""Which handler is taken for a value that came without one."""

import subprocess
import sys
from collections import OrderedDict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy
import pandas
import polars
import pyarrow
import pytest

from lazyscribe import Project, Repository
from lazyscribe.exception import ArtifactLogError, LazyscribeError, NoHandlerFitsError
from tests.artifacts.samples import SAMPLES, estimators, figure, same, wine

FOUND = ("onnx", "image", "plotly", "pydantic", "dataclass", "attrs", "file", "folder")
FITTING = {
    "text": "größe",
    "bytes": b"\0",
    "json": {"a": [1, 2.5, None, True, {"b": "c"}]},
    "npy": numpy.arange(3),
    "npz": {"a": numpy.arange(3), "b": numpy.eye(2)},
    "parquet": pyarrow.table({"x": [1]}),
    "skops": estimators()[0],
    **{alias: SAMPLES[alias].values[0] for alias in FOUND},
}


class Frame(pandas.DataFrame):
    """A frame of somebody's own."""


class Stream:
    """Whatever has Arrow's interface, such as what a database returns."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return pyarrow.table({"x": [1, 2]}).__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize("alias", sorted(FITTING))
def test_a_value_finds_its_handler(alias: str, tmp_path: Path) -> None:
    """Experiments, tests and repositories take the handler of the value's type, and give the value back."""
    project = Project(tmp_path / "project.json", author="tests")
    with project.log("run") as run:
        run.log_artifact("value", FITTING[alias])
        with run.log_test("part") as part:
            part.log_artifact("value", FITTING[alias])
    project.save()
    repository = Repository(tmp_path / "repository.json")
    repository.log_artifact("value", FITTING[alias])
    repository.save()
    assert repository.get_artifact_metadata("value")["handler"] == alias
    found = Project(tmp_path / "project.json", mode="r")["run"]
    assert [each.artifacts[0].alias for each in (found, found.tests[0])] == [alias] * 2
    again = Repository(tmp_path / "repository.json", mode="r")
    assert same(again.load_artifact("value"), FITTING[alias])


@pytest.mark.parametrize(
    "table",
    [
        wine(),
        Frame({"x": [1]}),
        polars.DataFrame({"x": [1]}),
        pyarrow.record_batch({"x": [1]}),
        Stream(),
    ],
    ids=["pandas", "subclass", "polars", "batch", "stream"],
)
def test_tables_become_parquet(table: Any, tmp_path: Path) -> None:
    """Frames, what is made from them, and whatever has Arrow's stream interface become Parquet."""
    repository = Repository(tmp_path / "repository.json")
    repository.log_artifact("table", table)
    repository.save()
    assert repository.get_artifact_metadata("table")["handler"] == "parquet"
    assert repository.load_artifact("table").num_rows == {Frame: 1, Stream: 2, pandas.DataFrame: 178}.get(
        type(table), 1
    )


def test_a_figure_becomes_a_picture(tmp_path: Path) -> None:
    """A figure of Matplotlib becomes PNG, with the warning that it does not come back as a figure."""
    repository = Repository(tmp_path / "repository.json")
    with pytest.warns(UserWarning, match="output-only"):
        repository.log_artifact("curve", figure(1))
    assert repository["curve"].alias == "png"


class Words(list):  # type: ignore[type-arg]
    """A list of somebody's own, which JSON would give back as a plain one."""


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (object(), []),
        (lambda: 1, []),
        ((1, 2), ["json", "yaml", "npy"]),
        (datetime(2025, 1, 20), ["yaml"]),
        ({1: "a"}, ["json", "yaml", "toml"]),
        ({"a": (1,)}, ["json", "yaml", "toml"]),
        ({"a": numpy.array([object()])}, ["json"]),
        (OrderedDict(a=1), ["json"]),
        (Words([1]), ["json"]),
        ({1, 2}, ["yaml"]),
        (numpy.array([object()]), []),
        (numpy.ma.array([1, 2], mask=[True, False]), []),
        (numpy.float64(0.5), ["npy", "json"]),
        (numpy.sum, []),
        (numpy.random.default_rng(), []),
        (pandas.Series([1]), []),
        (polars.Series([1]), []),
        (pyarrow.chunked_array([[1]]), []),
        (dict, []),
    ],
    ids=lambda value: type(value).__qualname__ if not isinstance(value, list) else None,
)
def test_what_nothing_fits_is_refused_and_never_pickled(value: Any, named: list[str], tmp_path: Path) -> None:
    """A value that no handler gives back as it was is refused, the error naming those that could be asked for."""
    repository = Repository(tmp_path / "repository.json")
    with pytest.raises(NoHandlerFitsError) as caught:
        repository.log_artifact("value", value)
    assert isinstance(caught.value, (LazyscribeError, ValueError, ArtifactLogError))
    assert {*named, "joblib", "cloudpickle", "pickle"} <= set(caught.value.handlers)
    assert all(repr(each) in str(caught.value) for each in caught.value.handlers)
    assert len(repository.artifacts) == 0


@pytest.mark.parametrize(
    "value", [(1, 2), {1, 2}, {1: "a"}, OrderedDict(a=1), datetime(2025, 1, 20), numpy.float64(0.5), numpy.array([{}])]
)
def test_those_that_are_named_can_be_used(value: Any, tmp_path: Path) -> None:
    """What the error names takes the value."""
    repository = Repository(tmp_path / "repository.json")
    with pytest.raises(NoHandlerFitsError) as caught:
        repository.log_artifact("value", value)
    for alias in caught.value.handlers:
        if (alias, type(value)) != ("toml", dict):  # which wants keys that are texts
            repository.log_artifact(alias, value, alias)
    repository.save()
    assert len(repository.artifacts) >= 3


def test_a_value_that_holds_itself_is_refused(tmp_path: Path) -> None:
    """A list in itself ends as an error, not in a loop."""
    value: list[Any] = []
    value.append(value)
    with pytest.raises(NoHandlerFitsError):
        Repository(tmp_path / "repository.json").log_artifact("value", value)


PROGRAM = """
import sys
from lazyscribe.artifacts.inference import infer
from lazyscribe.exception import NoHandlerFitsError
class Base: pass
def made(package, name):
    return type("Mine", (type(name, (Base,), {"__module__": package + ".deep.inside"}),), {})()
fakes = {"pandas": "DataFrame", "polars": "DataFrame", "sklearn": "BaseEstimator", "matplotlib": "Figure"}
fakes |= {"plotly": "BaseFigure", "PIL": "Image", "pydantic": "BaseModel", "onnx": "ModelProto"}
values = [made(*each) for each in fakes.items()] + ["a", b"a", [1], {"a": 1}, object(), (1,), dict, len]
before = set(sys.modules)
told = []
for value in values:
    try:
        told.append(infer(value))
    except NoHandlerFitsError:
        told.append(None)
assert set(sys.modules) == before, set(sys.modules) - before
print(told)
"""


def test_nothing_is_imported_to_find_out() -> None:
    """Types are told by the names along their MRO, any library being absent; `sys.modules` stays as it was."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    named = ["parquet", "parquet", "skops", "png", "plotly", "image", "pydantic", "onnx"]
    assert done.stdout.strip() == str([*named, "text", "bytes", "json", "json", None, None, None, None])
