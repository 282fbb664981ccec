"""Tests of experiments: log_test, tests made by hand, read-only tests."""

from pathlib import Path
from typing import Any

import attrs
import pytest
from fsspec.implementations.local import LocalFileSystem

from lazyscribe import Experiment, Project, Test
from lazyscribe.exception import ArtifactLoadError, ArtifactLogError, LazyscribeError
from lazyscribe.test import ReadOnlyTest
from tests.project.support import make, records, saved, tree


def test_the_defaults_of_a_test() -> None:
    """Only the name is required; the rest is empty, local and here."""
    test = Test("t")
    assert (test.name, test.description, test.path) == ("t", None, Path())
    assert (test.metrics, test.parameters, test.artifacts) == ({}, {}, [])
    assert isinstance(test.fs, LocalFileSystem)
    assert test.metrics is not Test("t").metrics
    names = [field.name for field in attrs.fields(Test)]
    assert names[:7] == ["name", "description", "metrics", "parameters", "artifacts", "path", "fs"]


@pytest.mark.parametrize(
    ("name", "value", "compared"),
    [
        ("name", "u", True),
        ("description", "d", True),
        ("metrics", {"m": 1}, True),
        ("parameters", {"p": 1}, True),
        ("path", Path("x"), False),
        ("fs", LocalFileSystem(auto_mkdir=True), False),
    ],
)
def test_which_fields_of_a_test_are_compared(name: str, value: Any, compared: bool) -> None:
    """Path and file system take no part in the equality of tests; the other fields do."""
    given: dict[str, Any] = {"name": "t", name: value}
    assert (Test(**given) != Test("t")) is compared
    test = Test("t")
    setattr(test, name, value)
    assert test == Test(**given)


def test_the_record_of_a_test() -> None:
    """to_dict() of a test holds its five keys and neither path nor file system."""
    test = Test("t", description="d", metrics={"m": 1}, parameters={"p": (1, 2)}, path=Path("x"))
    assert test.to_dict() == {
        "name": "t",
        "description": "d",
        "metrics": {"m": 1},
        "parameters": {"p": (1, 2)},
        "artifacts": [],
    }


def test_log_test_yields_a_test_that_joins_at_the_end() -> None:
    """The block gets a Test with its folder in the experiment's, which joins when the block has ended."""
    experiment = make(dir=Path("sub"))
    with experiment.log_test("My test", description="d") as test:
        assert type(test) is Test
        assert experiment.tests == []
        assert (test.name, test.description) == ("My test", "d")
        assert test.path == experiment.path / "my-test"
        assert test.fs is experiment.fs
    assert experiment.tests == [test]
    assert experiment.tests[0] is test


def test_an_error_in_the_block_of_a_test() -> None:
    """A test whose block ends with an exception does not join, and the exception comes out."""
    experiment = make()
    with pytest.raises(ZeroDivisionError), experiment.log_test("t"):
        1 / 0  # noqa: B018
    with pytest.raises(KeyboardInterrupt), experiment.log_test("t"):
        raise KeyboardInterrupt
    assert experiment.tests == []


def test_logging_into_a_test_of_a_saved_experiment() -> None:
    """What is logged into a test after a save is saved by the next one, artifacts too."""
    experiment = make()
    with experiment.log_test("t") as test:
        pass
    project = saved(experiment)
    test.log_metric("m", 1)
    test.log_parameter("p", 2)
    test.log_artifact("f", [1], "json", fname="f.json")
    project.save()
    assert records()[0]["tests"][0]["metrics"] == {"m": 1}
    assert (experiment.path / "t" / "f.json").read_text() == "[1]"
    assert test.load_artifact("f") == [1]


def test_test_artifacts_follow_the_rules_of_experiments() -> None:
    """A second name is refused, overwrite replaces, an unknown name and a missing file are errors."""
    experiment = make()
    with experiment.log_test("t") as test:
        test.log_artifact("f", 1, "json", fname="f.json")
        with pytest.raises(ArtifactLogError):
            test.log_artifact("f", 2, "json")
    project = saved(experiment)
    test.log_artifact("f", 2, "json", fname="f.json", overwrite=True)
    project.save()
    assert (test.load_artifact("f"), test.artifacts[0].fname) == (2, "f.json")
    assert set(tree(experiment.path)) == {"t/f.json"}
    with pytest.raises(ArtifactLoadError):
        test.load_artifact("g")
    (test.path / "f.json").unlink()
    with pytest.raises(FileNotFoundError):
        test.load_artifact("f")


def test_a_test_made_by_hand_is_stored_in_the_experiments_folder(folder: Path) -> None:
    """A test that was made by hand and appended has its artifacts in the experiment's folder, and loads from there."""
    test = Test(name="By hand")
    test.log_artifact("f", [1], "json", fname="f.json")
    project = Project("sub/project.json", mode="w")
    with project.log("one") as experiment:
        experiment.tests.append(test)
    project.save()
    assert set(tree()) == {"sub/project.json", f"sub/{experiment.slug}/by-hand/f.json"}
    assert test.path == experiment.path / "by-hand"
    assert test.load_artifact("f") == [1]
    assert Project("sub/project.json", mode="r")["one"].tests[0].load_artifact("f") == [1]


def test_tests_that_are_given_to_the_experiment() -> None:
    """Tests given when an experiment is made by hand are stored in its folder too."""
    test = Test(name="t")
    test.log_artifact("f", [1], "pickle", fname="f.pkl")
    experiment = Experiment(name="one", project=Path("project.json"), tests=[test])
    saved(experiment)
    assert f"{experiment.slug}/t/f.pkl" in tree()


def test_a_test_of_no_experiment() -> None:
    """Until it belongs to an experiment, a test by hand has its files where its path says, and loads none unsaved."""
    test = Test(name="t", path=Path("x"))
    test.log_artifact("f", [1], "json")
    with pytest.raises(FileNotFoundError) as caught:
        test.load_artifact("f")
    assert isinstance(caught.value, LazyscribeError)


def test_loaded_tests() -> None:
    """Tests come back in order, with path and file system, read-only in r and a and editable in w+."""
    experiment = make()
    for name in ("b", "a"):
        with experiment.log_test(name, description=name * 2) as test:
            test.log_metric("m", 1)
    saved(experiment)
    for mode, kind in (("r", ReadOnlyTest), ("a", ReadOnlyTest), ("w+", Test)):
        found = Project("project.json", mode=mode)["one"]
        assert [type(test) for test in found.tests] == [kind, kind]
        assert [test.to_dict() for test in found.tests] == [test.to_dict() for test in experiment.tests]
        assert [test.path for test in found.tests] == [found.path / "b", found.path / "a"]
    assert issubclass(ReadOnlyTest, Test)
    assert ReadOnlyTest(name="t") != Test(name="t")


def test_two_tests_of_one_name() -> None:
    """Two tests of one name, logged or by hand, are both kept, and so are the files of both."""
    experiment = make()
    for number in range(2):
        with experiment.log_test("t") as test:
            test.log_artifact("f", number, "json")
    project = saved(experiment)
    project.save()
    found = Project("project.json", mode="r")["one"]
    assert [test.load_artifact("f") for test in found.tests] == [0, 1]


def test_experiments_without_artifacts_make_no_folder(folder: Path) -> None:
    """Only artifacts make folders: an experiment with tests and metrics alone is one file."""
    experiment = make(metrics={"m": 1})
    with experiment.log_test("t") as test:
        test.log_metric("m", 1)
    saved(experiment)
    assert sorted(path.name for path in folder.iterdir()) == [".lazyscribe", "project.json"]
