"""Values for every built-in handler, and how two of them are told to be the same."""

import datetime
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, NamedTuple

import matplotlib.figure
import numpy
import onnx
import pandas
import PIL.Image
import plotly.graph_objects
import polars
import pyarrow
import sklearn.base
import sklearn.datasets
import sklearn.linear_model
import sklearn.naive_bayes
import sklearn.pipeline
import sklearn.preprocessing

from tests.artifacts.folders import contents, fill
from tests.artifacts.models import Limits
from tests.artifacts.typed import Colour, Settings, Split


def figure(number: int) -> matplotlib.figure.Figure:
    drawn = matplotlib.figure.Figure(figsize=(1, 1))
    drawn.text(0.5, 0.5, str(number))
    return drawn


def model(number: int) -> onnx.ModelProto:
    names = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [number]) for name in ("in", "out")]
    nodes = [onnx.helper.make_node("Relu", ["in"], ["out"])]
    return onnx.helper.make_model(onnx.helper.make_graph(nodes, "graph", names[:1], names[1:]))


def estimators() -> list[Any]:
    """Return estimators that were fitted on data that comes with scikit-learn."""
    table, target = sklearn.datasets.load_diabetes(return_X_y=True)
    flowers, kinds = sklearn.datasets.load_iris(return_X_y=True)
    scaled = sklearn.pipeline.make_pipeline(
        sklearn.preprocessing.StandardScaler(), sklearn.linear_model.Ridge(alpha=0.5)
    )
    return [
        scaled.fit(table, target),
        sklearn.naive_bayes.GaussianNB().fit(flowers, kinds),
        sklearn.linear_model.LinearRegression().fit(table, target),
    ]


def wine() -> pandas.DataFrame:
    """Return a table that comes with scikit-learn, with an index of its own."""
    data = sklearn.datasets.load_wine(as_frame=True)
    frame = data.frame.assign(kind=[str(data.target_names[each]) for each in data.target])
    return frame.set_index(pandas.Index([f"bottle {number}" for number in range(len(frame))], name="bottle"))


FOLDER = {
    "a.txt": b"a",
    "größe/b c.bin": bytes(range(256)) * 5000,
    "größe/deep/er/empty": None,
    "run.sh!": b"#!/bin/sh",
}
_KEPT = TemporaryDirectory(prefix="lazyscribe-samples-")
FILES = fill(Path(_KEPT.name, "files"), {"model.bin": bytes(range(256)) * 5000, "page.html": b"<p>", "empty": b""})
FOLDERS = [fill(Path(_KEPT.name, "one"), FOLDER), fill(Path(_KEPT.name, "none"), {})]

SPLIT = Split(7, datetime.datetime(2025, 1, 20, 13, 23, 30))
DOCUMENT = {"größe 😀": [1, 2.5, True], "nested": {"a": [], "day": datetime.date(2025, 1, 20)}, "line": "a\nb: c"}


class Sample(NamedTuple):
    """Values of one handler, and the keywords of its ``write``."""

    values: list[Any]
    writer_kwargs: Mapping[str, Any] = MappingProxyType({})


SAMPLES = {
    "text": Sample(["größe\r\nend\n", "", "\ufeffbom \u2028 line"]),
    "markdown": Sample(["# Title\n", "*größe*"]),
    "html": Sample(["<p>größe</p>", "<html></html>"]),
    "bytes": Sample([b"\0\xff\r\n", b"", bytes(range(256)) * 5000]),
    "json": Sample([{"a": [1, 2.5, None]}, "text"]),
    "yaml": Sample([DOCUMENT, [1, None], {"keys": {1: "one", None: {1, 2}}}]),
    "toml": Sample([DOCUMENT, {}, {"x": datetime.time(1, 2)}]),
    "csv": Sample([pyarrow.table({"x": [1, 2], "größe": ['a "q"', "b,\nc"]}), pyarrow.table({"x": [0.5]})]),
    "parquet": Sample([pyarrow.table({"x": [1, None], "l": [["a"], []]}), pyarrow.table({"d": [SPLIT.when]})]),
    "arrow": Sample([pyarrow.table({"x": [1, None], "l": [["a"], []]}), pyarrow.table({"x": [0.5]})]),
    "npy": Sample([numpy.arange(12.0).reshape(3, 4), numpy.array(["ü", "ab"]), numpy.zeros((0, 2), "M8[s]")]),
    "npz": Sample([{"file": numpy.arange(3), "a/b": numpy.array(1.5)}, {"x": numpy.eye(2, dtype="f4")}]),
    "joblib": Sample([numpy.polynomial.Polynomial([1, 2.5]), estimators()[0]], {"compress": 3}),
    "cloudpickle": Sample([{"a": (1, 2)}, numpy.arange(3)], {"protocol": 4}),
    "pickle": Sample([{1, 2}, b"bytes"]),
    "skops": Sample(estimators()[1:]),
    "onnx": Sample([model(1), model(2)]),
    "png": Sample([figure(1), figure(2)], {"dpi": 40}),
    "svg": Sample([figure(1), figure(2)]),
    "file": Sample([FILES / "model.bin", FILES / "page.html", FILES / "empty"]),
    "folder": Sample(FOLDERS),
    "image": Sample([PIL.Image.new("RGBA", (3, 2), (1, 2, 3, 4)), PIL.Image.linear_gradient("L")]),
    "plotly": Sample([plotly.graph_objects.Figure(plotly.graph_objects.Bar(x=["a"], y=[number])) for number in (1, 2)]),
    "pydantic": Sample([Limits(low=0.5, names={"a"}), Limits(low=1, high=2)]),
    "dataclass": Sample([SPLIT, Split(1, SPLIT.when, (1.0,), frozenset(Colour))]),
    "attrs": Sample([Settings(0.5, SPLIT), Settings(1, SPLIT, [1, 2])]),
}
"""By alias."""


def same(one: Any, other: Any) -> bool:
    """Whether two values are of one kind and hold the same."""
    if isinstance(other, PIL.Image.Image):
        return bool((one.mode, one.size, one.tobytes()) == (other.mode, other.size, other.tobytes()))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, Path) and isinstance(other, Path):
        return one != other and bool(contents(one) == contents(other))
    if type(one) is not type(other):
        return False
    if isinstance(one, numpy.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and bool((one == other).all())
    if isinstance(one, (pandas.DataFrame, polars.DataFrame)):
        return one.equals(other)
    if isinstance(one, sklearn.base.BaseEstimator):
        return _predicts_alike(one, other)
    return bool(one == other)


def _predicts_alike(one: Any, other: Any) -> bool:
    data = sklearn.datasets.load_iris if one.n_features_in_ == 4 else sklearn.datasets.load_diabetes
    table = data(return_X_y=True)[0]
    return bool((one.predict(table) == other.predict(table)).all())
