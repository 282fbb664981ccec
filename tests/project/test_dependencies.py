"""Dependencies: how files name experiments of other projects, and how they are found again."""

from pathlib import Path

import fsspec
import pytest

from lazyscribe import Project
from lazyscribe.exception import LazyscribeError
from lazyscribe.experiment import ReadOnlyExperiment
from lazyscribe.registry import Registry, registry
from tests.project.support import make, names, records, saved, write


def _chain(up: str = "up.json", down: str = "down.json") -> Project:
    """Save an experiment ``one`` in `up`, and ``two``, which depends on it, in `down`."""
    upstream = saved(make(project=Path(up)), fpath=up)
    second = make("two", 21, project=Path(down))
    second.dependencies["one"] = upstream["one"]
    return saved(second, fpath=down)


def test_the_path_form() -> None:
    """A dependency is written as path|slug, the path as the upstream project was opened with."""
    _chain("sub/up.json")
    assert records("down.json")[0]["dependencies"] == ["sub/up.json|one-20250120132300"]


@pytest.mark.parametrize("mode", ["r", "a", "w+"])
def test_a_dependency_comes_back(mode: str) -> None:
    """Opening gives the upstream experiment by its short slug, read-only and whole."""
    _chain()
    found = Project("down.json", mode=mode)["two"].dependencies
    assert list(found) == ["one"]
    assert isinstance(found["one"], ReadOnlyExperiment)
    assert found["one"].slug == "one-20250120132300"
    assert found["one"].project == Path("up.json")


def test_paths_are_relative_to_the_working_directory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative upstream path is looked for from the working directory, not from the file that names it."""
    _chain("up.json", "deep/down.json")
    assert Project("deep/down.json", mode="r")["two"].dependencies["one"].name == "one"
    monkeypatch.chdir(folder / "deep")
    with pytest.raises(FileNotFoundError):
        Project("down.json", mode="r")


def test_the_upstream_artifact_loads() -> None:
    """Artifacts of an upstream experiment are loaded through the dependency."""
    up = make(project=Path("sub/up.json"))
    up.log_artifact("f", [1], "json")
    down = make("two", 21)
    down.dependencies["one"] = saved(up, fpath="sub/up.json")["one"]
    saved(down)
    assert Project("project.json", mode="r")["two"].dependencies["one"].load_artifact("f") == [1]


def test_the_registry_form() -> None:
    """Of a registered project the name is written, and the registered project gives the experiment."""
    upstream = saved(make(project=Path("up.json")), fpath="up.json")
    registry.add_project("upstream", upstream)
    second = make("two", 21)
    second.dependencies["one"] = upstream["one"]
    saved(second)
    assert records()[0]["dependencies"] == ["upstream|one-20250120132300"]
    Path("up.json").unlink()
    assert Project("project.json", mode="r")["two"].dependencies["one"] is upstream["one"]


def test_a_project_registered_by_path() -> None:
    """A dependency written as a path is found in the registered project of that path, without its file."""
    _chain()
    upstream = Project("up.json", mode="r")
    Path("up.json").unlink()
    with pytest.raises(FileNotFoundError):
        Project("down.json", mode="r")
    registry.add_project("anything", upstream)
    assert Project("down.json", mode="r")["two"].dependencies["one"] is upstream["one"]


def test_a_project_registered_by_absolute_path(folder: Path) -> None:
    """The registered project is found if its path means the same file, absolute or relative."""
    _chain()
    upstream = Project(folder / "up.json", mode="r")
    registry.add_project("anything", upstream)
    assert Project("down.json", mode="r")["two"].dependencies["one"] is upstream["one"]


def test_a_registry_name_comes_before_a_file() -> None:
    """A name that is registered is the project of that name, even if a file is called so."""
    _chain("up.json")
    other = Project("other.json", mode="w", author="ada")
    other.append(make(metrics={"other": 1}))
    registry.add_project("up.json", other)
    assert Project("down.json", mode="r")["two"].dependencies["one"].metrics == {"other": 1}


def test_a_missing_file() -> None:
    """A dependency whose file is gone is a FileNotFoundError of ours that names both, when the file opens."""
    _chain()
    Path("up.json").unlink()
    for mode in ("r", "a", "w+"):
        with pytest.raises(FileNotFoundError, match=r"down\.json.*up\.json") as caught:
            Project("down.json", mode=mode)
        assert isinstance(caught.value, LazyscribeError)


def test_a_missing_slug() -> None:
    """A dependency whose experiment is not in its file is a KeyError of ours that names it."""
    _chain()
    write("up.json", [])
    for mode in ("r", "a", "w+"):
        with pytest.raises(KeyError, match="one-20250120132300") as caught:
            Project("down.json", mode=mode)
        assert isinstance(caught.value, LazyscribeError)


def test_mode_w_needs_no_upstream() -> None:
    """In mode w, which loads nothing, missing upstream files are no error."""
    _chain()
    Path("up.json").unlink()
    assert Project("down.json", mode="w").experiments == []


def test_an_experiment_of_the_same_file() -> None:
    """A dependency on an experiment of the same file is that very object after opening."""
    project = Project("project.json", mode="w", author="ada")
    first, second = make(), make("two", 21)
    second.dependencies["one"] = first
    project.append(first)
    project.append(second)
    project.save()
    for mode in ("r", "a", "w+"):
        found = Project("project.json", mode=mode)
        assert found["two"].dependencies["one"] is found["one"]


def test_a_circle_in_one_file() -> None:
    """Two experiments of one file that depend on each other open as two objects in a circle."""
    first, second = make(), make("two", 21)
    first.dependencies["two"], second.dependencies["one"] = second, first
    saved(first, second)
    found = Project("project.json", mode="w+")
    assert found["one"].dependencies["two"] is found["two"]
    assert found["two"].dependencies["one"] is found["one"]
    found["one"].log_metric("m", 1)
    found.save()
    assert records()[0]["metrics"] == {"m": 1}


def test_an_experiment_that_depends_on_itself() -> None:
    """An experiment that names itself opens and holds itself."""
    first = make()
    first.dependencies["one"] = first
    saved(first)
    found = Project("project.json", mode="r")["one"]
    assert found.dependencies["one"] is found


def test_a_circle_between_two_files() -> None:
    """Two files whose experiments depend on each other open, from either side."""
    first, second = make(project=Path("a.json")), make("two", 21, project=Path("b.json"))
    first.dependencies["two"], second.dependencies["one"] = second, first
    saved(first, fpath="a.json")
    saved(second, fpath="b.json")
    one = Project("a.json", mode="r")["one"]
    assert one.dependencies["two"].dependencies["one"] is one
    two = Project("b.json", mode="r")["two"]
    assert two.dependencies["one"].dependencies["two"] is two


def test_a_circle_among_dependencies_of_a_third() -> None:
    """A file that depends on one of two files in a circle opens as well."""
    first, second = make(project=Path("a.json")), make("two", 21, project=Path("b.json"))
    first.dependencies["two"], second.dependencies["one"] = second, first
    saved(first, fpath="a.json")
    saved(second, fpath="b.json")
    third = make("three", 22)
    third.dependencies["one"] = first
    saved(third)
    found = Project("project.json", mode="r")["three"].dependencies["one"]
    assert found.dependencies["two"].dependencies["one"] is found


def test_a_long_chain_of_files() -> None:
    """Fifty files, each depending on the one before, open from the last."""
    previous = None
    for number in range(50):
        experiment = make(f"e{number}", project=Path(f"{number}.json"))
        if previous is not None:
            experiment.dependencies[previous.short_slug] = previous
        saved(experiment, fpath=f"{number}.json")
        previous = experiment
    found = Project("49.json", mode="r")["e49"]
    for number in range(48, -1, -1):
        found = found.dependencies[f"e{number}"]
    assert found.name == "e0"


def test_the_protocol_of_the_project_is_used() -> None:
    """The upstream of a project in memory:// is read in memory://, with its path written without the scheme."""
    upstream = Project("memory://a/up.json", mode="w")
    with upstream.log("one") as first:
        pass
    upstream.save()
    down = Project("memory://b/down.json", mode="w")
    with down.log("two") as second:
        second.dependencies["one"] = first
    down.save()
    text = fsspec.filesystem("memory").cat("/b/down.json").decode()
    assert f'"a/up.json|{first.slug}"' in text
    found = Project("memory://b/down.json", mode="r")["two"].dependencies["one"]
    assert (found.name, found.project) == ("one", Path("a/up.json"))


def test_edits_of_dependencies_are_saved() -> None:
    """Dependencies that are added and removed in w+ are written as they stand."""
    _chain()
    project = Project("down.json", mode="w+")
    del project["two"].dependencies["one"]
    project.save()
    assert records("down.json")[0]["dependencies"] == []
    project["two"].dependencies["one"] = Project("up.json", mode="r")["one"]
    project.save()
    assert records("down.json")[0]["dependencies"] == ["up.json|one-20250120132300"]


def test_a_path_with_bars() -> None:
    """A path that holds the character between path and slug is found again."""
    _chain("u|p.json")
    assert Project("down.json", mode="r")["two"].dependencies["one"].name == "one"


def test_opening_upstream_changes_nothing() -> None:
    """Saving a project writes nothing into the files it depends on."""
    _chain()
    before = Path("up.json").read_bytes()
    project = Project("down.json", mode="w+")
    project["two"].log_metric("m", 1)
    project.save()
    assert Path("up.json").read_bytes() == before
    assert names(Project("up.json", mode="r")) == ["one"]


@pytest.mark.parametrize("reference", ["", "|", "no bar", "|one", "up.json|", "../|x", "\0|x"])
def test_a_dependency_that_says_nothing(reference: str) -> None:
    """A reference that names no experiment is an error of ours when the file opens."""
    _chain()
    write("down.json", [{**records("down.json")[0], "dependencies": [reference]}])
    with pytest.raises(LazyscribeError):
        Project("down.json", mode="r")


def test_a_registry_of_ones_own() -> None:
    """A Registry knows projects by name and by path; unknown names are a KeyError of ours."""
    mine = Registry()
    assert mine.projects == {}
    project, other = Project("sub/a.json"), Project("b.json")
    mine.add_project("a", project)
    mine.add_project("b", other)
    assert mine.projects == {"a": project, "b": other}
    assert mine["a"] is project
    assert "a" in mine
    assert "c" not in mine
    with pytest.raises(KeyError, match="c") as caught:
        mine["c"]
    assert isinstance(caught.value, LazyscribeError)
    assert mine.search("sub/a.json") == "a"
    assert mine.search(Path("b.json")) == "b"
    assert mine.search(Path("b.json").absolute()) == "b"
    assert mine.search("sub/b.json") is None
    mine.add_project("a", other)
    assert mine["a"] is other
    assert "a" not in registry


def test_registering_a_project_changes_no_file() -> None:
    """Registering and asking are done in memory alone."""
    registry.add_project("a", Project("a.json"))
    assert registry.search("a.json") == "a"
    assert list(Path().iterdir()) == []


def test_the_registry_is_looked_up_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """``registry`` is read from lazyscribe.project when a file is opened, from lazyscribe._utils when it is written."""
    upstream = saved(make(project=Path("up.json")), fpath="up.json")
    other = Registry()
    other.add_project("elsewhere", upstream)
    second = make("two", 21)
    second.dependencies["one"] = upstream["one"]
    monkeypatch.setattr("lazyscribe._utils.registry", other)
    saved(second)
    assert records()[0]["dependencies"] == ["elsewhere|one-20250120132300"]
    with pytest.raises(FileNotFoundError):
        Project("project.json", mode="r")
    monkeypatch.setattr("lazyscribe.project.registry", other)
    assert Project("project.json", mode="r")["two"].dependencies["one"] is upstream["one"]
