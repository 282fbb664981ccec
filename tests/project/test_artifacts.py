"""Artifacts of experiments."""

import json
from pathlib import Path

import pytest

from lazyscribe import Project
from lazyscribe.exception import (
    ArtifactError,
    ArtifactLoadError,
    ArtifactLogError,
    CorruptArtifactError,
    LazyscribeError,
    SaveError,
)
from tests.project.support import make, records, saved, tree


@pytest.fixture
def project() -> Project:
    """Return a project with one experiment whose artifact lies in a file that the user named."""
    experiment = make()
    experiment.log_artifact("f", {"v": 1}, "json", fname="mine.json")
    return saved(experiment)


def test_the_record_of_an_artifact(project: Project) -> None:
    """The record holds the six keys, and the handler's environment where it has one."""
    project["one"].log_artifact("p", (1,), "pickle", protocol=4)
    project.save()
    first, second = records()[0]["artifacts"]
    assert {key: first[key] for key in ("name", "fname", "handler", "version", "expiry")} == {
        "name": "f",
        "fname": "mine.json",
        "handler": "json",
        "version": 0,
        "expiry": None,
    }
    assert sorted(set(second) - set(first)) == ["python_version"]
    assert (project["one"].path / second["fname"]).read_bytes().startswith(b"\x80\x04")


def test_logging_returns_and_loading_gives_the_value(project: Project) -> None:
    """What was logged is loaded equal, from the same project and from one that is opened."""
    project["one"].log_artifact("p", {"a": (1, {2})}, "pickle")
    project.save()
    for found in (project["one"], Project("project.json", mode="r")["one"]):
        assert found.load_artifact("p") == {"a": (1, {2})}
        assert found.load_artifact(name="f", validate=False) == {"v": 1}


def test_keywords_reach_the_handler(project: Project) -> None:
    """Writer and reader keywords go to write and read of the handler."""
    project["one"].log_artifact("i", {"a": 1.5}, "json", fname="i.json", indent=1)
    project.save()
    assert (project["one"].path / "i.json").read_text() == '{\n "a": 1.5\n}'
    assert project["one"].load_artifact("i", parse_float=str) == {"a": "1.5"}


def test_a_second_artifact_of_one_name(project: Project) -> None:
    """A second artifact of one name is an ArtifactLogError, saved or not, and the first stays."""
    experiment = project["one"]
    experiment.log_artifact("new", 1, "json")
    for name in ("f", "new"):
        with pytest.raises(ArtifactLogError, match=repr(name)) as caught:
            experiment.log_artifact(name, 2, "json")
        assert isinstance(caught.value, ArtifactError)
    assert [artifact.name for artifact in experiment.artifacts] == ["f", "new"]
    project.save()
    assert experiment.load_artifact("new") == 1


def test_one_name_in_two_places() -> None:
    """An experiment and its tests may each have an artifact of one name."""
    experiment = make()
    experiment.log_artifact("f", 0, "json", fname="f.json")
    for number in (1, 2):
        with experiment.log_test(f"t{number}") as test:
            test.log_artifact("f", number, "json", fname="f.json")
    saved(experiment)
    found = Project("project.json", mode="r")["one"]
    assert [found.load_artifact("f"), *(test.load_artifact("f") for test in found.tests)] == [0, 1, 2]


def test_overwrite_replaces_record_and_file(project: Project) -> None:
    """overwrite=True replaces the artifact in its place, and a default name gets a file of its own."""
    experiment = project["one"]
    experiment.log_artifact("g", 1, "json")
    experiment.log_artifact("f", {"v": 2}, "json", overwrite=True)
    assert [artifact.name for artifact in experiment.artifacts] == ["f", "g"]
    project.save()
    assert experiment.load_artifact("f") == {"v": 2}
    assert len(records()[0]["artifacts"]) == 2


def test_overwrite_keeps_an_explicit_file_name(project: Project) -> None:
    """With overwrite=True and the same explicit fname the file is replaced and keeps its name, time after time."""
    for number in (2, 3):
        project["one"].log_artifact("f", {"v": number}, "json", fname="mine.json", overwrite=True)
        assert json.loads((project["one"].path / "mine.json").read_text()) == {"v": number - 1}
        project.save()
        assert set(tree()) == {"project.json", f"{project['one'].slug}/mine.json"}
        assert project["one"].load_artifact("f") == {"v": number}
        assert Project("project.json", mode="r")["one"].load_artifact("f") == {"v": number}


def test_overwrite_across_handles(project: Project) -> None:
    """Overwriting in a project that was opened anew replaces the file as well."""
    again = Project("project.json", mode="w+")
    again["one"].log_artifact("f", {"v": 2}, "json", fname="mine.json", overwrite=True)
    again.save()
    assert records()[0]["artifacts"][0]["fname"] == "mine.json"
    assert Project("project.json", mode="r")["one"].load_artifact("f") == {"v": 2}


@pytest.mark.parametrize("bad", ["itself", "another"])
def test_an_overwrite_whose_save_fails(project: Project, bad: str) -> None:
    """If the save of an overwrite fails, the old file and record stay, and saving again works."""
    experiment = project["one"]
    experiment.log_artifact("f", {1} if bad == "itself" else {"v": 2}, "json", fname="mine.json", overwrite=True)
    if bad == "another":
        experiment.log_artifact("g", {1}, "json")
    before = tree()
    with pytest.raises(SaveError):
        project.save()
    assert tree() == before
    assert Project("project.json", mode="r")["one"].load_artifact("f") == {"v": 1}
    experiment.log_artifact("f", {"v": 3}, "json", fname="mine.json", overwrite=True)
    if bad == "another":
        experiment.log_artifact("g", [1], "json", overwrite=True)
    project.save()
    assert experiment.artifacts[0].fname == "mine.json"
    assert experiment.load_artifact("f") == {"v": 3}


def test_overwrite_of_a_name_that_is_not_there(project: Project) -> None:
    """overwrite=True for a new name just logs it."""
    project["one"].log_artifact("new", 1, "json", overwrite=True)
    project.save()
    assert project["one"].load_artifact("new") == 1


def test_one_file_name_for_two_artifacts() -> None:
    """Two artifacts with one explicit fname are two files; the second gets a suffix and a warning."""
    experiment = make()
    experiment.log_artifact("a", 1, "json", fname="same.json")
    experiment.log_artifact("b", 2, "json", fname="same.json")
    project = Project("project.json", mode="w")
    project.append(experiment)
    with pytest.warns(UserWarning, match=r"same\.json"):
        project.save()
    assert [artifact["fname"] for artifact in records()[0]["artifacts"]] == ["same.json", "same-1.json"]
    found = Project("project.json", mode="r")["one"]
    assert (found.load_artifact("a"), found.load_artifact("b")) == (1, 2)


def test_overwrite_may_not_take_the_file_of_another(project: Project) -> None:
    """An overwrite that names the file of another record gets a name of its own; the other stays."""
    project["one"].log_artifact("g", 1, "json", fname="g.json")
    project.save()
    project["one"].log_artifact("g", 2, "json", fname="mine.json", overwrite=True)
    with pytest.warns(UserWarning, match=r"mine\.json"):
        project.save()
    found = Project("project.json", mode="r")["one"]
    assert (found.load_artifact("f"), found.load_artifact("g")) == ({"v": 1}, 2)


def test_a_foreign_file_is_not_replaced_without_being_asked(folder: Path) -> None:
    """A file that lies there already is kept when an artifact of that fname is logged without overwrite."""
    project = Project("project.json", mode="a")
    experiment = make()
    experiment.path.mkdir()
    (experiment.path / "f.json").write_text("mine")
    experiment.log_artifact("f", 1, "json", fname="f.json")
    project.append(experiment)
    with pytest.warns(UserWarning, match=r"f\.json"):
        project.save()
    assert (experiment.path / "f.json").read_text() == "mine"
    assert experiment.load_artifact("f") == 1


def test_mode_w_replaces_a_file_that_is_there() -> None:
    """In mode w an explicit fname replaces the file of the state that is replaced, keeping the name."""
    for value in (1, 2):
        experiment = make()
        experiment.log_artifact("f", value, "json", fname="f.json")
        saved(experiment)
    assert records()[0]["artifacts"][0]["fname"] == "f.json"
    assert (experiment.path / "f.json").read_text() == "2"
    assert Project("project.json", mode="r")["one"].load_artifact("f") == 2


def test_mode_w_whose_save_fails_leaves_the_files(project: Project) -> None:
    """A failed save in mode w leaves the old file of the same name untouched."""
    before = tree()
    again = Project("project.json", mode="w")
    experiment = make()
    experiment.log_artifact("f", {"v": 2}, "json", fname="mine.json")
    experiment.log_artifact("g", {1}, "json")
    again.append(experiment)
    with pytest.raises(SaveError):
        again.save()
    assert tree() == before
    assert Project("project.json", mode="r")["one"].load_artifact("f") == {"v": 1}


def test_sub_folders_in_file_names() -> None:
    """A file name with slashes makes sub-folders."""
    experiment = make()
    experiment.log_artifact("f", 1, "json", fname="deep/er/f.json")
    saved(experiment)
    assert (experiment.path / "deep/er/f.json").read_text() == "1"
    assert Project("project.json", mode="r")["one"].load_artifact("f") == 1


def test_loading_an_unknown_name(project: Project) -> None:
    """Loading a name that was never logged is an ArtifactLoadError that names what there is."""
    with pytest.raises(ArtifactLoadError, match="'f'"):
        project["one"].load_artifact("missing")


def test_loading_a_file_that_is_not_there(project: Project) -> None:
    """Loading an artifact whose file is gone, or was never saved, is a FileNotFoundError of ours."""
    project["one"].log_artifact("new", 1, "json")
    (project["one"].path / "mine.json").unlink()
    for name in ("f", "new"):
        with pytest.raises(FileNotFoundError, match=name) as caught:
            project["one"].load_artifact(name)
        assert isinstance(caught.value, LazyscribeError)


@pytest.mark.parametrize("validate", [True, False])
def test_a_file_that_was_changed(project: Project, validate: bool) -> None:
    """A file whose bytes are not those that were saved is refused, with validate=False too."""
    (project["one"].path / "mine.json").write_text('{"v": 2}')
    with pytest.raises(CorruptArtifactError, match=r"mine\.json"):
        project["one"].load_artifact("f", validate=validate)


def test_another_environment(project: Project) -> None:
    """A pickle of another Python is an ArtifactLoadError that shows both; validate=False loads it."""
    project["one"].log_artifact("p", [1], "pickle")
    project.save()
    text = Path("project.json").read_text()
    version = records()[0]["artifacts"][1]["python_version"]
    Path("project.json").write_text(text.replace(f'"python_version": "{version}"', '"python_version": "2.7"'))
    found = Project("project.json", mode="r")["one"]
    with pytest.raises(ArtifactLoadError, match=rf"2\.7.*{version}"):
        found.load_artifact("p")
    assert found.load_artifact("p", validate=False) == [1]


def test_an_unknown_handler() -> None:
    """An alias that no handler has is a ValueError of ours, and nothing is logged."""
    experiment = make()
    with pytest.raises(ValueError, match="nonsense") as caught:
        experiment.log_artifact("f", 1, "nonsense")
    assert isinstance(caught.value, LazyscribeError)
    assert experiment.artifacts == []


def test_artifacts_in_mode_a() -> None:
    """An experiment that joins in mode a writes its artifacts beside those of others."""
    first = make()
    first.log_artifact("f", 1, "json")
    saved(first)
    project = Project("project.json", mode="a")
    with project.log("two") as second:
        second.log_artifact("f", 2, "json")
    project.save()
    found = Project("project.json", mode="r")
    assert (found["one"].load_artifact("f"), found["two"].load_artifact("f")) == (1, 2)
