"""What can be imported, and the tree of errors: what the package says of itself is what it is."""

import ast
import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest

import lazyscribe
from lazyscribe import exception
from lazyscribe.exception import LazyscribeError

PUBLIC = {
    "lazyscribe": {"Project", "Experiment", "Test", "Repository", "__version__"},
    "lazyscribe.project": {"Project", "Experiment", "Test", "ReadOnlyExperiment", "ReadOnlyTest", "registry"},
    "lazyscribe.experiment": {"Experiment", "Test", "ReadOnlyExperiment", "ReadOnlyTest"},
    "lazyscribe.test": {"Test", "ReadOnlyTest"},
    "lazyscribe.repository": {"Repository"},
    "lazyscribe.release": {
        *("Release", "create_release", "find_release", "dump", "dumps", "load", "loads"),
        *("release_from_toml", "minimal_repository_from_release"),
    },
    "lazyscribe.registry": {"Registry", "registry"},
    "lazyscribe.artifacts.base": {"Artifact"},
    "lazyscribe.artifacts.json": {"JSONArtifact"},
    "lazyscribe.artifacts.pickle": {"PickleArtifact"},
}

LINE = re.compile(r"^(?P<lead>[ │├└─]*)(?P<name>[A-Z]\w+)(?: \[(?P<others>[\w., ]+)\])?")


def _import_everything() -> None:
    for module in pkgutil.walk_packages(lazyscribe.__path__, "lazyscribe."):
        importlib.import_module(module.name)


def _errors(root: type = LazyscribeError) -> set[type]:
    """Return the package's own errors; other tests may define some of theirs."""
    deep = {found for each in root.__subclasses__() for found in _errors(each)}
    return {root, *deep} if root.__module__.split(".")[0] == "lazyscribe" else deep


def _parents(cls: type) -> set[str]:
    return {each.__name__ for each in cls.__bases__}


def _tree() -> dict[str, set[str]]:
    """Read the tree in the docstring: the parents of each error, without their modules."""
    found: dict[str, set[str]] = {}
    above: list[str] = []
    for line in (exception.__doc__ or "").splitlines():
        match = LINE.match(line[4:])
        if not line.startswith("    ") or match is None:
            continue
        depth = len(match["lead"]) // 4
        others = {each.rpartition(".")[2] for each in (match["others"] or "").split(", ") if each}
        found[match["name"]] = {above[depth - 1] if depth else "Exception", *others}
        above[depth:] = [match["name"]]
    return found


@pytest.mark.parametrize("name", PUBLIC)
def test_all_is_what_is_promised(name: str) -> None:
    """`__all__` of every module that people import from holds what the contract names, and all of it is there."""
    module = importlib.import_module(name)
    assert set(module.__all__) == PUBLIC[name]
    namespace: dict[str, Any] = {}
    exec(f"from {name} import *", namespace)
    assert PUBLIC[name] <= namespace.keys()


@pytest.mark.parametrize("name", PUBLIC)
def test_all_is_what_is_public(name: str) -> None:
    """A class that a module defines and its `__all__` lacks is none that its users meet."""
    path = Path(importlib.import_module(name).__file__ or "")
    own = {node.name for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.ClassDef)}
    inner = {"Located", "Frozen"}  # what experiments and tests share
    assert {each for each in own if not each.startswith("_")} - inner <= PUBLIC[name]


def test_one_class_under_every_name() -> None:
    """A class that can be imported from several modules is the same one from each of them."""
    for name in ("Project", "Experiment", "Test", "Repository", "ReadOnlyExperiment", "ReadOnlyTest"):
        classes = {getattr(importlib.import_module(module), name) for module, names in PUBLIC.items() if name in names}
        assert len(classes) == 1, name


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    """The docstring shows every error of the package with all of its parents, and no other."""
    _import_everything()
    assert _tree() == {each.__name__: _parents(each) for each in _errors()}


def test_all_of_the_errors_can_be_imported() -> None:
    """The module of errors exports exactly those of its tree."""
    assert set(exception.__all__) == _tree().keys()
    assert all(issubclass(getattr(exception, name), LazyscribeError) for name in exception.__all__)


def test_the_parents_that_are_promised() -> None:
    """The errors that the contract names stand under each other as it says."""
    promised = {
        "ReadOnlyError": "LazyscribeError",
        "SaveError": "LazyscribeError",
        "ArtifactError": "LazyscribeError",
        "ArtifactLogError": "ArtifactError",
        "ArtifactLoadError": "ArtifactError",
        "VersionNotFoundError": "LazyscribeError",
        "InvalidVersionError": "LazyscribeError",
    }
    tree = _tree()
    assert {name: parent for name, parent in promised.items() if parent not in tree[name]} == {}


def test_every_error_raised_is_one_of_ours() -> None:
    """No module but stores and their tests raises a builtin error that Python, json or argparse do not ask for."""
    expected = {("verify.py", "ValueError"), ("text.py", "TypeError"), ("_dates.py", "TypeError")}
    of_python = {"AttributeError", "AssertionError"}
    raised = {
        (path.name, name)
        for path in Path(lazyscribe.__path__[0]).rglob("*.py")
        if not {"store", "testing"}.intersection(path.parts)
        for name in re.findall(r"raise (\w*(?:Error|Exception))\(", path.read_text("utf-8"))
        if name not in of_python and name not in exception.__all__
    }
    assert raised == expected
