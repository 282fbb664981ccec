"""Two people, one file: everything both did is there, or the second is told what contradicts."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from lazyscribe import Project, Repository
from lazyscribe.exception import ConflictError, InvalidArgumentError


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Return a project with one experiment, saved."""
    project = Project(str(tmp_path / "project.json"), mode="w", author="first")
    with project.log("model") as experiment:
        experiment.log_metric("auc", 0.5)
        experiment.log_parameter("depth", 3)
        experiment.tag("base")
        with experiment.log_test("class a") as test:
            test.log_metric("n", 10)
    project.save()
    return str(tmp_path / "project.json")


def both(path: str) -> tuple[Project, Project]:
    """Return two handles on one file."""
    return Project(path, mode="w+", author="anna"), Project(path, mode="w+", author="ben")


def test_changes_of_different_fields_are_brought_together(path: str) -> None:
    """Metrics, tags, tests and artifacts that two handles added to one experiment are all saved and in memory."""
    one, two = both(path)
    mine, theirs = one["model"], two["model"]
    mine.log_metric("f1", 0.1)
    mine.tag("mine")
    mine.log_artifact("left", [1], handler="json")
    theirs.log_metric("loss", 2.0)
    theirs.tag("theirs")
    theirs.tests[0].log_metric("m", 20)
    theirs.log_artifact("right", [2], handler="json")
    theirs.dirty = True
    one.save()
    two.save()
    for project in (two, Project(path, mode="r")):
        experiment = project["model"]
        assert experiment.metrics == {"auc": 0.5, "f1": 0.1, "loss": 2.0}
        assert set(experiment.tags) == {"base", "mine", "theirs"}
        assert experiment.tests[0].metrics == {"n": 10, "m": 20}
        assert [experiment.load_artifact("left"), experiment.load_artifact("right")] == [[1], [2]]
    assert two["model"] is theirs


def test_one_key_changed_to_two_values_is_a_conflict(path: str) -> None:
    """The error carries both values, nothing is written, and memory stays as it was."""
    one, two = both(path)
    one["model"].log_metric("auc", 0.6)
    two["model"].log_metric("auc", 0.7)
    two["model"].log_artifact("extra", [1], handler="json")
    one.save()
    before = Path(path).read_bytes()
    with pytest.raises(ConflictError, match="auc") as caught:
        two.save()
    (conflict,) = caught.value.conflicts
    assert (conflict.path, conflict.base, conflict.theirs, conflict.mine) == (("metrics", "auc"), 0.5, 0.6, 0.7)
    assert Path(path).read_bytes() == before
    assert two["model"].metrics["auc"] == 0.7
    assert two["model"].artifacts[0].dirty
    assert not list(Path(path).parent.glob("model-*/extra*"))


@pytest.mark.parametrize(("prefer", "value"), [("ours", 0.7), ("theirs", 0.6)])
def test_a_preference_decides(path: str, prefer: str, value: float) -> None:
    """``on_conflict`` keeps one side's value of what conflicts, and both sides' of everything else."""
    one, two = both(path)
    one["model"].log_metric("auc", 0.6)
    one["model"].log_metric("one", 1)
    two["model"].log_metric("auc", 0.7)
    two["model"].log_metric("two", 2)
    one.save()
    two.save(on_conflict=prefer)  # type: ignore[arg-type]
    for project in (two, Project(path, mode="r")):
        assert project["model"].metrics == {"auc": value, "one": 1, "two": 2}


@pytest.mark.parametrize(("prefer", "value"), [("ours", "two"), ("theirs", "one")])
def test_a_file_that_both_overwrote(path: str, prefer: str, value: str) -> None:
    """Of an artifact that both replaced under one explicit name, record, file and digest are the winner's."""
    first = Project(path, mode="w+")
    first["model"].log_artifact("notes", "zero", handler="json", fname="notes.json")
    first.save()
    one, two = both(path)
    for project, text in ((one, "one"), (two, "two")):
        project["model"].log_artifact("notes", text, handler="json", fname="notes.json", overwrite=True, indent=2)
        project["model"].artifacts[0].created_at = (
            project["model"].artifacts[0].created_at.replace(year=2030 if project is one else 2031)
        )
    one.save()
    two.save(on_conflict=prefer)  # type: ignore[arg-type]
    assert Project(path, mode="r")["model"].load_artifact("notes") == value
    assert two["model"].load_artifact("notes") == value


def test_a_wrong_preference_is_refused(path: str) -> None:
    """Another ``on_conflict`` is a `ValueError` that names those there are."""
    with pytest.raises(InvalidArgumentError, match="'raise', 'ours' or 'theirs'"):
        Project(path, mode="w+").save(on_conflict="mine")  # type: ignore[arg-type]


def test_a_deletion_is_not_undone_by_another_handle(path: str) -> None:
    """What one handle deleted and saved stays deleted when another one saves, and leaves its memory."""
    one, two = both(path)
    del one.experiments[0]
    one.save()
    with two.log("new"):
        pass
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        two.save()
    assert [each["name"] for each in Project(path, mode="r")] == ["new"]
    assert [each.name for each in two.experiments] == ["new"]


def test_a_record_that_a_foreign_program_dropped_is_put_back(path: str) -> None:
    """A record that vanished without a note of ours is restored, with a warning that names it."""
    project = Project(path, mode="w+")
    slug = project["model"].slug
    Path(path).write_text("[]")
    with pytest.warns(UserWarning, match=f"{slug}.*put back"):
        project.save()
    assert Project(path, mode="r")["model"].metrics == {"auc": 0.5}


@pytest.mark.parametrize(("prefer", "names"), [("ours", ["model"]), ("theirs", [])])
def test_deleted_there_and_changed_here_is_a_conflict(path: str, prefer: str, names: list[str]) -> None:
    """Deleting against changing is decided like every other conflict."""
    one, two = both(path)
    del one.experiments[0]
    two["model"].log_metric("auc", 0.9)
    one.save()
    with pytest.raises(ConflictError):
        two.save()
    two.save(on_conflict=prefer)  # type: ignore[arg-type]
    assert [each["name"] for each in Project(path, mode="r")] == names


@pytest.mark.parametrize(("prefer", "names"), [("ours", []), ("theirs", ["model"])])
def test_changed_there_and_deleted_here_is_a_conflict(path: str, prefer: str, names: list[str]) -> None:
    """Changing against deleting is decided like every other conflict."""
    one, two = both(path)
    one["model"].log_metric("auc", 0.9)
    one.save()
    del two.experiments[0]
    with pytest.raises(ConflictError):
        two.save()
    two.save(on_conflict=prefer)  # type: ignore[arg-type]
    assert [each["name"] for each in Project(path, mode="r")] == names


def test_reload_keeps_what_is_not_saved(path: str) -> None:
    """A reload brings others' changes into the very objects and keeps unsaved fields and artifacts."""
    one, two = both(path)
    experiment = two["model"]
    experiment.log_metric("mine", 1)
    experiment.log_artifact("draft", [1, 2], handler="json")
    one["model"].log_metric("theirs", 2)
    one.save()
    two.reload()
    assert two["model"] is experiment
    assert experiment.metrics == {"auc": 0.5, "mine": 1, "theirs": 2}
    assert experiment.artifacts[0].dirty
    two.save()
    again = Project(path, mode="r")["model"]
    assert again.metrics == {"auc": 0.5, "mine": 1, "theirs": 2}
    assert again.load_artifact("draft") == [1, 2]


def test_preview_says_what_a_save_would_do_and_does_nothing(path: str) -> None:
    """The preview names added, updated and removed records, our own, and conflicts, without changing anything."""
    first = Project(path, mode="w+")
    with first.log("gone"):
        pass
    first.save()
    one, two = both(path)
    slugs = {name: one[name].slug for name in ("model", "gone")}
    one["model"].log_metric("auc", 0.6)
    with one.log("theirs") as theirs:
        pass
    one.experiments.remove(one["gone"])
    one.save()
    two["model"].log_metric("auc", 0.7)
    with two.log("mine") as mine:
        pass
    before = Path(path).read_bytes()
    preview = two.merge_preview()
    assert (preview.added, preview.updated, preview.removed) == ([theirs.slug], [slugs["model"]], [slugs["gone"]])
    assert preview.saved == sorted([mine.slug, slugs["model"]])
    assert [conflict.path for conflict in preview.conflicts] == [("metrics", "auc")]
    assert "auc" in str(preview)
    assert Path(path).read_bytes() == before
    assert two["model"].metrics["auc"] == 0.7
    assert str(Project(path, mode="r").merge_preview()) == "nothing to bring together"


def test_expiry_set_by_two(tmp_path: Path) -> None:
    """Two expiries of one version contradict; expiries of two versions do not."""
    path = str(tmp_path / "repository.json")
    first = Repository(path)
    for value in (1, 2):
        first.log_artifact("a", value, handler="json")
    first.save()
    one, two, three = Repository(path), Repository(path), Repository(path)
    one.set_artifact_expiry("a", 0, expiry="2030-01-01")
    two.set_artifact_expiry("a", 1, expiry="2031-01-01")
    three.set_artifact_expiry("a", 0, expiry="2032-01-01")
    one.save()
    two.save()
    with pytest.raises(ConflictError, match="expiry"):
        three.save()
    three.save(on_conflict="ours")
    records = [each["expiry"] for each in Repository(path, mode="r")]
    assert records == ["2032-01-01T00:00:00", "2031-01-01T00:00:00"]
