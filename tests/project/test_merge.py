"""project.merge: a new project of the experiments of several."""

import pickle
import shutil
import warnings
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from lazyscribe import Project
from lazyscribe.exception import CorruptArtifactError
from tests.project.support import make, names, on, records, saved


def _project(fpath: str, *experiments: object, mode: str = "w", author: str = "ada") -> Project:
    project = Project(fpath, mode=mode, author=author)
    for experiment in experiments:
        project.append(experiment)  # type: ignore[arg-type]
    return project


def test_merge_gives_a_new_project() -> None:
    """The result is another project with path, author and mode of the first; the others keep what they had."""
    mine = _project("mine.json", make("a", 20), author="ada")
    theirs = _project("theirs.json", make("b", 21), author="grace")
    merged = mine.merge(theirs)
    assert type(merged) is Project
    assert merged is not mine
    assert (merged.fpath, merged.author, merged.mode) == (Path("mine.json"), "ada", "w")
    assert [names(each) for each in (merged, mine, theirs)] == [["a", "b"], ["a"], ["b"]]
    merged.append(make("c", 22))
    merged.author = "somebody"
    assert names(mine) == ["a"]
    assert mine.author == "ada"


def test_merge_sorts() -> None:
    """The experiments of all stand in one order."""
    merged = _project("x.json", make("b", 21), make("d", 23)).merge(
        _project("y.json", make("c", 22)), _project("z.json", make("a", 20))
    )
    assert names(merged) == list("abcd")


@pytest.mark.parametrize("read", [False, True])
def test_merge_sorts_by_the_date_of_the_one_that_stays(read: bool) -> None:
    """Of equal slugs of different dates of creation, the one that stays stands where its own date puts it."""
    older, newer = make("a", 20, slug="same", last_updated=on(21)), make("z", 23, slug="same")
    parts = [[older], [make("b", 22), newer], [make("c", 24)]]
    projects = [
        saved(*each, fpath=f"{number}.json") if read else _project(f"{number}.json", *each)
        for number, each in enumerate(parts)
    ]
    if read:
        projects = [Project(project.fpath, mode="w+") for project in projects]
    assert names(projects[0].merge(*projects[1:])) == ["b", "z", "c"]


def test_of_equal_slugs_the_newest() -> None:
    """Of experiments with one slug the one with the newest update stays, whichever project it is in."""
    old, new = make(last_updated=on(21)), make(last_updated=on(22))
    newest = make(last_updated=on(23))
    for order in ([old, new, newest], [newest, old, new], [new, newest, old]):
        first, *rest = (_project(f"{number}.json", each) for number, each in enumerate(order))
        merged = first.merge(*rest)
        assert len(merged.experiments) == 1
        assert merged.experiments[0] is newest


def test_on_a_tie_mine_stays() -> None:
    """Of equal slugs with the same update the one of this project stays, else of the project that is named first."""
    mine, theirs, others = (make(author=name) for name in ("ada", "grace", "alan"))
    assert _project("a.json", mine).merge(_project("b.json", theirs))["one"] is mine
    assert _project("a.json").merge(_project("b.json", theirs), _project("c.json", others))["one"] is theirs


def test_merging_nothing() -> None:
    """Merged with nothing, and with empty projects, a project gives its own experiments, the same objects."""
    project = _project("a.json", make("a", 20), make("b", 21))
    for merged in (project.merge(), project.merge(_project("b.json")), project.merge(project)):
        assert merged.experiments == project.experiments
        assert all(mine is theirs for mine, theirs in zip(merged.experiments, project.experiments, strict=True))


def test_the_deprecated_keyword() -> None:
    """merge(other=...) still works and gives one DeprecationWarning; merge(other) gives none."""
    mine, theirs = _project("a.json", make("a", 20)), _project("b.json", make("b", 21))
    with pytest.warns(DeprecationWarning, match="other") as caught:
        merged = mine.merge(other=theirs)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert names(merged) == ["a", "b"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mine.merge(theirs)


def test_a_merged_project_saves() -> None:
    """A merged project of mode w+ saves all experiments into the file of the first."""
    saved(make("a", 20), fpath="a.json")
    saved(make("b", 21), fpath="b.json")
    merged = Project("a.json", mode="w+").merge(Project("b.json", mode="w+"))
    merged.save()
    assert [record["name"] for record in records("a.json")] == ["a", "b"]
    assert [record["name"] for record in records("b.json")] == ["b"]


def test_merge_of_read_only_projects() -> None:
    """Projects of mode r can be merged to look at; the result is read-only as well."""
    from lazyscribe.exception import ReadOnlyError

    saved(make("a", 20), fpath="a.json")
    saved(make("b", 21), fpath="b.json")
    merged = Project("a.json", mode="r").merge(Project("b.json", mode="r"))
    assert names(merged) == ["a", "b"]
    with pytest.raises(ReadOnlyError):
        merged.save()


def test_merge_into_a_project_of_mode_a() -> None:
    """Experiments of a project of mode r join one of mode a and are saved there beside what it has."""
    saved(make("a", 20), fpath="a.json")
    saved(make("b", 21, metrics={"m": 1}), fpath="b.json")
    Project("a.json", mode="a").merge(Project("b.json", mode="r")).save()
    assert [(record["name"], record["metrics"]) for record in records("a.json")] == [("a", {}), ("b", {"m": 1})]


def test_merge_takes_the_newer_of_a_saved_slug() -> None:
    """A newer experiment of a saved slug replaces that record at the save, and adds none."""
    saved(make(), fpath="a.json")
    saved(make(last_updated=on(25), metrics={"m": 1}), fpath="b.json")
    merged = Project("a.json", mode="w+").merge(Project("b.json", mode="w+"))
    merged.save()
    (record,) = records("a.json")
    assert (record["metrics"], record["slug"]) == ({"m": 1}, "one-20250120132300")


def test_unsaved_artifacts_are_written_where_the_merged_project_lies(folder: Path) -> None:
    """Artifacts of unsaved experiments are written into the folder of the merged project."""
    mine, theirs = Project("x/p.json", mode="w"), Project("y/p.json", mode="w")
    with theirs.log("b") as experiment:
        experiment.log_artifact("f", [1], "json", fname="f.json")
    merged = mine.merge(theirs)
    merged.save()
    assert (folder / "x" / experiment.slug / "f.json").read_text() == "[1]"
    assert not (folder / "y").exists()
    assert Project("x/p.json", mode="r")["b"].load_artifact("f") == [1]


def test_parts_of_one_project_from_other_processes_are_merged() -> None:
    """Copies of a project that were pickled, logged into elsewhere and merged back give one project that saves."""
    project = Project("project.json", mode="w", author="ada")
    parts = [pickle.loads(pickle.dumps(project)) for _ in range(3)]
    for number, part in enumerate(parts):
        part.append(make(f"e{number}", 20 + number))
    merged = project.merge(*parts)
    merged.save()
    assert [record["name"] for record in records()] == ["e0", "e1", "e2"]


def test_merge_of_dependencies() -> None:
    """Dependencies among merged experiments are kept."""
    up = make("up", 20)
    down = make("down", 21)
    down.dependencies["up"] = up
    merged = _project("project.json", up).merge(_project("b.json", down))
    merged.save()
    assert Project("project.json", mode="r")["down"].dependencies["up"].name == "up"


def test_merge_compares_aware_and_naive_dates() -> None:
    """Updates with and without an offset are compared as moments."""
    zone = timezone(timedelta(hours=2))
    late = make(last_updated=datetime(2025, 1, 22, 1, tzinfo=zone))
    early = make(last_updated=datetime(2025, 1, 21, 22, 59))
    for first, second in ((late, early), (early, late)):
        assert _project("a.json", first).merge(_project("b.json", second))["one"] is late


def test_saved_artifacts_come_along_from_another_folder(tmp_path: Path) -> None:
    """Merging projects of two folders and saving copies the files too, so that no record is without its file."""
    for name in ("one", "two"):
        project = Project(tmp_path / name / "project.json", mode="w")
        with project.log(name) as experiment:
            experiment.log_artifact("value", name, handler="json", fname="sub/value.json")
            with experiment.log_test("t") as test:
                test.log_artifact("inner", [name], handler="json")
        project.save()
    first = Project(tmp_path / "one" / "project.json", mode="a")
    merged = first.merge(Project(tmp_path / "two" / "project.json", mode="r"))
    merged.save()
    shutil.rmtree(tmp_path / "two")
    again = Project(tmp_path / "one" / "project.json", mode="r")
    assert [each.load_artifact("value") for each in again.experiments] == ["one", "two"]
    assert [each.tests[0].load_artifact("inner") for each in again.experiments] == [["one"], ["two"]]
    assert again.verify().ok


def test_a_damaged_artifact_does_not_come_along(tmp_path: Path) -> None:
    """A file that is not what was saved stops the save of the merged project, and nothing is written."""
    project = Project(tmp_path / "two" / "project.json", mode="w")
    with project.log("two") as experiment:
        experiment.log_artifact("value", "two", handler="json", fname="value.json")
    project.save()
    (tmp_path / "two" / experiment.slug / "value.json").write_text("else")
    merged = Project(tmp_path / "one" / "project.json").merge(project)
    with pytest.raises(CorruptArtifactError):
        merged.save()
    assert not (tmp_path / "one" / "project.json").exists()
