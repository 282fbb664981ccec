"""What is recorded of the libraries, and which others are taken for compatible."""

import decimal
import functools
import importlib.metadata
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy
import pytest
import sklearn
import sklearn.datasets

from lazyscribe import Repository
from lazyscribe.artifacts import _get_handler, libraries
from lazyscribe.artifacts.joblib import JoblibArtifact
from lazyscribe.artifacts.libraries import Compatible
from lazyscribe.exception import ArtifactLoadError, HandlerImportError
from tests.artifacts.samples import estimators, same


@pytest.mark.parametrize(
    ("stored", "here", "parts", "fits"),
    [
        ("1.9.1", "1.9.1", 2, True),
        ("1.9.1", "1.9.0", 2, True),
        ("1.9.0", "1.9.7.post1", 2, True),
        ("1.9", "1.9.2rc1", 2, True),
        ("1.9.1", "1.10.1", 2, False),
        ("1.9.1", "1.91", 2, False),
        ("1.9.1", "1.10.1", 1, True),
        ("1.9.1", "2.0", 1, False),
        ("1!1.9", "1.9", 2, False),
        ("1.9.1+local", "1.9.2", 2, True),
        ("2", "2.0.1", 2, True),
        ("unknown", "unknown", 2, True),
        ("unknown", "1.9", 2, False),
        (None, None, 2, True),
        (None, "1.9", 2, False),
    ],
)
def test_which_versions_fit(stored: Any, here: Any, parts: int, fits: bool) -> None:
    """Versions fit if they begin with the same numbers; it does not matter which one is stored."""
    assert (Compatible(parts, stored) == Compatible(parts, here)) is fits
    assert (Compatible(parts, here) == Compatible(parts, stored)) is fits
    assert Compatible(parts, stored) != stored


def test_without_packaging_only_the_same_version_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where versions cannot be understood they are compared as texts."""
    monkeypatch.setitem(sys.modules, "packaging.specifiers", None)
    assert Compatible(2, "1.9.1") == Compatible(2, "1.9.1")
    assert Compatible(2, "1.9.1") != Compatible(2, "1.9.2")


def saved(folder: Path, alias: str, value: Any, **changes: Any) -> Repository:
    """Save a value, change its record, and open it again."""
    repository = Repository(folder / "repository.json")
    repository.log_artifact("x", value, alias)
    repository.save()
    file = folder / "repository.json"
    records = json.loads(file.read_text())
    assert changes.keys() <= records[0].keys()
    file.write_text(json.dumps([{**records[0], **changes}]))
    return Repository(file, mode="r")


def near(version: str) -> str:
    return ".".join([*version.split(".")[:2], "99"])


CASES = [
    ("skops", "sklearn_version", near(sklearn.__version__), "0.1.0"),
    ("skops", "skops_version", near(importlib.metadata.version("skops")), "0.1.0"),
    ("joblib", "package_version", near(sklearn.__version__), "0.1.0"),
    ("joblib", "joblib_version", near(joblib.__version__), "0.1.0"),
    ("cloudpickle", "cloudpickle_version", near(importlib.metadata.version("cloudpickle")), "1.0.0"),
    ("cloudpickle", "python_version", f"{sys.version_info[0]}.{sys.version_info[1]}", "2.7"),
]


@pytest.mark.parametrize(("alias", "field", "close", "far"), CASES)
def test_another_version_decides(alias: str, field: str, close: str, far: str, tmp_path: Path) -> None:
    """A file of a version close to the one here loads; one of a version far from it only with ``validate=False``."""
    value = estimators()[2]
    assert same(saved(tmp_path, alias, value, **{field: close}).load_artifact("x"), value)
    (tmp_path / "far").mkdir()
    far_off = saved(tmp_path / "far", alias, value, **{field: far})
    with pytest.raises(ArtifactLoadError, match=far) as caught:
        far_off.load_artifact("x")
    assert caught.value.expected[field] == far
    assert caught.value.found[field] != far
    assert same(far_off.load_artifact("x", validate=False), value)


@pytest.mark.parametrize(
    ("value", "package"),
    [
        (numpy.polynomial.Polynomial([1, 2]), "numpy"),
        (numpy.arange(3), "numpy"),
        (numpy.sum, "numpy"),
        ([1], None),
        (functools.partial(int, 1), None),
        (Path("x"), None),
        (decimal.Decimal(1), None),  # whose module has a version of its own
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_package_of_a_joblib_file(value: Any, package: str | None, tmp_path: Path) -> None:
    """joblib's record names the package of the value and its version, none for what comes with Python."""
    repository = saved(tmp_path, "joblib", value)
    record = repository.get_artifact_metadata("x")
    assert record["package"] == package
    assert record["package_version"] == (numpy.__version__ if package else None)
    repository.load_artifact("x")


def test_the_package_need_not_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The version of a package that is not imported yet is that of its distribution, whatever that is called."""
    monkeypatch.delitem(sys.modules, "sklearn")
    made: Any = JoblibArtifact.construct("x", package="sklearn")
    assert made.package_version == sklearn.__version__
    assert "sklearn" not in sys.modules


def test_a_package_that_is_not_here(tmp_path: Path) -> None:
    """A joblib file of a package that is not installed is not loaded unless asked."""
    repository = saved(tmp_path, "joblib", [1], package="no_such_package", package_version="1.0")
    with pytest.raises(ArtifactLoadError, match="no_such_package"):
        repository.load_artifact("x")
    assert repository.load_artifact("x", validate=False) == [1]


def test_a_record_without_versions_opens(tmp_path: Path) -> None:
    """A record that lacks the fields, as another program may write it, is opened and loaded."""
    saved(tmp_path, "joblib", [1])
    file = tmp_path / "repository.json"
    record = json.loads(file.read_text())[0]
    kept = ("name", "fname", "created_at", "expiry", "version", "handler")
    file.write_text(json.dumps([{key: record[key] for key in kept}]))
    assert Repository(file, mode="r").load_artifact("x") == [1]


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let a distribution be one that is not installed."""

    def without(name: str) -> None:
        libraries.version_of.cache_clear()
        version = importlib.metadata.version

        def asked(distribution: str) -> str:
            if distribution == name:
                raise importlib.metadata.PackageNotFoundError(name)
            return version(distribution)

        monkeypatch.setattr(importlib.metadata, "version", asked)

    return without


def test_a_version_that_cannot_be_told(without: Callable[[str], None], tmp_path: Path) -> None:
    """Where the distribution is missing, logging and validating say what to install; opening asks for nothing."""
    value = estimators()[2]
    repository = saved(tmp_path, "skops", value)
    without("scikit-learn")
    try:
        with pytest.raises(HandlerImportError, match=r"scikit-learn.*pip install 'lazyscribe\[skops\]'"):
            _get_handler("skops").construct("x", value)
        again = Repository(tmp_path / "repository.json", mode="r")
        assert again["x"].sklearn_version == sklearn.__version__  # type: ignore[attr-defined]
        with pytest.raises(HandlerImportError, match="scikit-learn"):
            again.load_artifact("x")
        assert same(repository.load_artifact("x", validate=False), value)
    finally:
        libraries.version_of.cache_clear()
