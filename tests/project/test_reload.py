"""Two handles on one file: reload, merging saves, slugs that collide."""

import pickle
from pathlib import Path

import pytest

from lazyscribe import Project
from lazyscribe.exception import ConflictError, SaveError
from tests.project.support import make, names, on, records, saved, tree


def _two(*experiments: object) -> tuple[Project, Project]:
    saved(*(experiments or (make(), make("two", 21))))  # type: ignore[arg-type]
    return Project("project.json", mode="w+", author="ada"), Project("project.json", mode="w+", author="grace")


def test_both_add() -> None:
    """What two handles add is in the file after both saved, in order, and the second knows it in memory."""
    mine, theirs = _two()
    mine.append(make("mine", 23))
    theirs.append(make("theirs", 22))
    theirs.save()
    mine.save()
    assert [record["name"] for record in records()] == ["one", "two", "theirs", "mine"]
    assert names(mine) == ["one", "two", "theirs", "mine"]
    assert names(theirs) == ["one", "two", "theirs"]


def test_both_edit_different_experiments() -> None:
    """Edits of different experiments are both kept, and objects that were handed out are refreshed in place."""
    mine, theirs = _two()
    kept = mine["two"]
    mine["one"].log_metric("mine", 1)
    theirs["two"].log_metric("theirs", 2)
    theirs.save()
    mine.save()
    assert [record["metrics"] for record in records()] == [{"mine": 1}, {"theirs": 2}]
    assert kept.metrics == {"theirs": 2}
    assert mine["two"] is kept


def test_both_change_one_value() -> None:
    """One metric changed to two values is a ConflictError; disk and memory are what they were."""
    mine, theirs = _two()
    mine["one"].log_metric("m", 1)
    mine.append(make("new", 25))
    theirs["one"].log_metric("m", 2)
    theirs.save()
    before, memory = tree(), list(mine)
    for _ in range(2):
        with pytest.raises(ConflictError, match="one") as caught:
            mine.save()
        assert isinstance(caught.value, SaveError)
        assert tree() == before
        assert list(mine) == memory
        assert mine["one"].dirty is True


def test_the_same_change_is_no_conflict() -> None:
    """If both changed an experiment to the same, saving is no conflict."""
    mine, theirs = _two()
    for project in (theirs, mine):
        project["one"].metrics["m"] = 1
        project.save()
    assert records()[0]["metrics"] == {"m": 1}


def test_reload_takes_in_what_others_added() -> None:
    """reload() shows what others added since, in order, keeps unsaved work, and writes nothing."""
    mine, theirs = _two()
    unsaved = make("unsaved", 23)
    mine.append(unsaved)
    mine["one"].log_metric("mine", 1)
    theirs.append(make("theirs", 22))
    theirs.save()
    before = tree()
    mine.reload()
    assert names(mine) == ["one", "two", "theirs", "unsaved"]
    assert mine["unsaved"] is unsaved
    assert mine["one"].metrics == {"mine": 1}
    assert tree() == before
    mine.save()
    assert [record["name"] for record in records()] == ["one", "two", "theirs", "unsaved"]
    assert records()[0]["metrics"] == {"mine": 1}


@pytest.mark.parametrize("mode", ["r", "a", "w+"])
def test_reload_refreshes_objects_in_place(mode: str) -> None:
    """Objects that were handed out, read-only ones too, show after reload() what others saved, and stay the same."""
    saved()
    theirs = Project("project.json", mode="w+", author="grace")
    mine = Project("project.json", mode=mode)
    kept = mine["one"]
    theirs["one"].log_metric("m", 1)
    theirs["one"].tag("t")
    with theirs["one"].log_test("t") as test:
        test.log_artifact("f", [1], "json")
    theirs["one"].log_artifact("f", [2], "json")
    theirs.save()
    assert kept.metrics == {}
    mine.reload()
    assert mine["one"] is kept
    assert kept.to_dict() == records()[0]
    assert kept.load_artifact("f") == [2]
    assert kept.tests[0].load_artifact("f") == [1]
    assert type(kept.tests[0]) is type(Project("project.json", mode=mode)["one"].tests[0])


def test_reload_in_mode_a_keeps_new_ones() -> None:
    """In mode a reload() brings the experiments of others and keeps the unsaved ones."""
    mine = Project("project.json", mode="a")
    with mine.log("mine") as experiment:
        experiment.log_artifact("f", [1], "json")
    saved(make("theirs"))
    mine.reload()
    assert names(mine) == ["theirs", "mine"]
    mine.save()
    assert [record["name"] for record in records()] == ["theirs", "mine"]
    assert Project("project.json", mode="r")["mine"].load_artifact("f") == [1]


def test_reload_where_both_changed() -> None:
    """If one value was changed here and there, reload() is a ConflictError and changes nothing in memory."""
    mine, theirs = _two()
    mine["one"].log_metric("m", 1)
    theirs["one"].log_metric("m", 2)
    theirs.append(make("more", 22))
    theirs.save()
    memory = list(mine)
    for _ in range(2):
        with pytest.raises(ConflictError, match="one"):
            mine.reload()
        assert list(mine) == memory
    del mine["one"].metrics["m"]
    mine.experiments.remove(mine["one"])
    assert names(mine) == ["two"]


def test_reload_of_nothing_new() -> None:
    """Without news reload() changes nothing, of an empty project, a missing file or an edited one."""
    mine, _ = _two()
    kept = mine["one"]
    mine["one"].metrics["m"] = 1
    mine.reload()
    assert mine["one"] is kept
    assert kept.metrics == {"m": 1}
    missing = Project("missing.json")
    missing.reload()
    assert missing.experiments == []


def test_reload_shows_others_deletions() -> None:
    """What another handle removed is gone after reload(), and a save does not bring it back."""
    mine, theirs = _two()
    theirs.experiments.remove(theirs["two"])
    theirs.save()
    mine.reload()
    assert names(mine) == ["one"]
    mine["one"].log_metric("m", 1)
    mine.save()
    assert [record["name"] for record in records()] == ["one"]


def test_reload_in_mode_w() -> None:
    """Before its first save a project of mode w shows nothing, and reload() lets it replace what is there now."""
    mine = Project("project.json", mode="w")
    mine.append(make("mine"))
    saved(make("theirs"))
    mine.reload()
    assert names(mine) == ["mine"]
    mine.save()
    assert [record["name"] for record in records()] == ["mine"]


def test_a_deletion_and_an_addition() -> None:
    """One handle removes an experiment, the other adds one: after both saves the file has neither lost the addition."""
    mine, theirs = _two()
    mine.experiments.remove(mine["two"])
    theirs.append(make("theirs", 22))
    theirs.save()
    mine.save()
    assert [record["name"] for record in records()] == ["one", "theirs"]


def test_a_deletion_of_what_others_changed() -> None:
    """Removing an experiment that somebody changed since is a ConflictError, and the file keeps it."""
    mine, theirs = _two()
    mine.experiments.remove(mine["two"])
    theirs["two"].log_metric("m", 1)
    theirs.save()
    before = tree()
    with pytest.raises(ConflictError, match="two"):
        mine.save()
    assert tree() == before


# Slugs that collide


@pytest.mark.parametrize("count", [2, 5])
def test_one_name_in_one_second_in_one_project(count: int) -> None:
    """Experiments of one name and one second in one project all come back, with all their files."""
    project = Project("project.json", mode="w")
    for number in range(count):
        experiment = make(metrics={"number": number})
        experiment.log_artifact("f", number, "json", fname="f.json")
        with experiment.log_test("t") as test:
            test.log_artifact("f", -number, "json", fname="f.json")
        project.append(experiment)
    project.save()
    assert len({record["slug"] for record in records()}) == count
    assert [each.slug for each in project.experiments] == [record["slug"] for record in records()]
    found = Project("project.json", mode="r")
    assert [each.metrics["number"] for each in found.experiments] == list(range(count))
    assert [each.load_artifact("f") for each in found.experiments] == list(range(count))
    assert [each.tests[0].load_artifact("f") for each in found.experiments] == [-n for n in range(count)]
    assert [each.load_artifact("f") for each in project.experiments] == list(range(count))
    assert found["one"].metrics == {"number": count - 1}


def test_one_name_in_one_second_in_two_handles() -> None:
    """Experiments of one name and second that two handles save both come back, the second as slug-1."""
    projects = [Project("project.json", mode="a") for _ in range(3)]
    for number, project in enumerate(projects):
        experiment = make(metrics={"number": number})
        experiment.log_artifact("f", number, "json", fname="f.json")
        project.append(experiment)
    for project in projects:
        project.save()
    slug = "one-20250120132300"
    assert sorted(record["slug"] for record in records()) == [slug, f"{slug}-1", f"{slug}-2"]
    found = Project("project.json", mode="r")
    assert sorted(each.load_artifact("f") for each in found.experiments) == [0, 1, 2]
    for number, project in enumerate(projects):
        mine = next(project.filter(lambda each, number=number: each.metrics["number"] == number))
        assert mine.load_artifact("f") == number


@pytest.mark.parametrize("where", ["in one project", "in two handles"])
def test_a_dependency_on_an_experiment_whose_slug_was_taken(where: str) -> None:
    """A dependency on an experiment that gets another slug in the same save names that slug, not its taker."""
    mine = Project("project.json", mode="a")
    up, down = make(metrics={"who": "up"}), make("down", 21)
    down.dependencies["one"] = up
    if where == "in two handles":
        saved(make(metrics={"who": "other"}))
    else:
        mine.append(make(metrics={"who": "other"}))
    mine.append(up)
    mine.append(down)
    mine.save()
    assert records()[-1]["dependencies"] == [f"project.json|{up.slug}"]
    assert Project("project.json", mode="r")["down"].dependencies["one"].metrics == {"who": "up"}


def test_slugs_that_one_file_system_takes_for_one() -> None:
    """Slugs that differ in case alone get two folders."""
    project = Project("project.json", mode="w")
    for slug in ("same", "SAME"):
        experiment = make(slug=slug)
        experiment.log_artifact("f", slug, "json", fname="f.json")
        project.append(experiment)
    project.save()
    found = Project("project.json", mode="r")
    assert len({record["slug"].casefold() for record in records()}) == 2
    assert [each.load_artifact("f") for each in found.experiments] == ["same", "SAME"]


def test_reload_with_a_slug_that_was_taken() -> None:
    """If others saved an experiment of the slug of an unsaved one, reload() keeps both."""
    mine = Project("project.json", mode="a")
    mine.append(make(metrics={"who": "mine"}))
    saved(make(metrics={"who": "theirs"}))
    mine.reload()
    assert sorted(each.metrics["who"] for each in mine.experiments) == ["mine", "theirs"]
    mine.save()
    assert sorted(record["metrics"]["who"] for record in records()) == ["mine", "theirs"]
    assert len({record["slug"] for record in records()}) == 2


def test_a_copy_that_was_pickled_is_another_handle() -> None:
    """A project and its pickled copy save side by side."""
    mine = saved()
    copy = pickle.loads(pickle.dumps(mine))
    copy.append(make("copy", 22, created_at=on(22)))
    copy.save()
    mine.append(make("mine", 23))
    mine.save()
    assert [record["name"] for record in records()] == ["one", "copy", "mine"]
    assert Path("project.json").read_bytes().endswith(b"]")
