"""Projects, repositories and plain dictionaries: picked, ordered, the best of them."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lazyscribe import Project, Repository
from lazyscribe.exception import InvalidArgumentError, QueryError
from lazyscribe.query import Selection, select


def _project(path: Path, mode: Any = "w") -> Project:
    project = Project(path / "project.json", mode=mode, author="ada")
    for name, metrics in (("a", {"auc": 0.5}), ("b", {"auc": 0.9}), ("c", {}), ("d", {"auc": 0.7})):
        with project.log(name) as experiment:
            experiment.metrics.update(metrics)
            experiment.tag("old" if name in "ab" else "new")
            with experiment.log_test("adults") as test:
                test.log_metric("r2", len(metrics))
    return project


def _names(selection: Any) -> list[str]:
    return [each.name for each in selection]


def test_questions_are_answered_of_saved_and_of_unsaved_work(tmp_path: Path) -> None:
    project = _project(tmp_path)
    assert _names(project.where("metrics.auc > 0.6")) == ["b", "d"]
    project.save()
    for mode in ("r", "w+"):
        again = Project(tmp_path / "project.json", mode=mode)
        assert _names(again.where("metrics.auc > 0.6")) == ["b", "d"]
        assert _names(again.where('"new" in tags and tests.adults.metrics.r2 == 1')) == ["d"]
    again["c"].metrics["auc"] = 1
    with again.log("e") as new:
        new.log_metric("auc", 2)
    assert _names(again.where("metrics.auc > 0.6 and last_updated_by is not missing")) == ["b", "c", "d", "e"]


def test_selections_go_on_and_give_the_objects_of_the_project(tmp_path: Path) -> None:
    project = _project(tmp_path)
    project.save()
    project = Project(tmp_path / "project.json", mode="w+")
    chosen = project.where("metrics.auc is not missing").sort("-metrics.auc")
    assert _names(chosen) == ["b", "d", "a"]
    assert _names(chosen.where('"old" in tags').top(1)) == ["b"]
    assert _names(chosen[1:]) == ["d", "a"]
    assert isinstance(chosen[1:], Selection)
    assert chosen[0] is project["b"]
    assert chosen == [project["b"], project["d"], project["a"]]
    assert chosen.to_dicts() == [project[name].to_dict() for name in "bda"]
    assert project["c"] not in chosen


def test_a_project_is_sorted_with_what_is_missing_last(tmp_path: Path) -> None:
    project = _project(tmp_path)
    assert _names(project.sort("metrics.auc")) == ["a", "d", "b", "c"]
    assert _names(project.sort("-metrics.auc")) == ["b", "d", "a", "c"]
    assert _names(project.sort("tags[0]", "-name")) == ["d", "c", "b", "a"]


def test_the_best_are_the_greatest_or_the_least_and_have_what_is_compared(tmp_path: Path) -> None:
    project = _project(tmp_path)
    assert _names(project.top(2, by="metrics.auc")) == ["b", "d"]
    assert _names(project.top(2, by="-metrics.auc")) == ["a", "d"]
    assert _names(project.top(9, by="metrics.auc")) == ["b", "d", "a"]
    assert _names(project.top(3)) == ["a", "b", "c"]
    with pytest.raises(InvalidArgumentError):
        project.top(-1)


def test_versions_are_asked_by_their_records(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository.json")
    for value in range(3):
        repository.log_artifact("numbers", value, "json")
    repository.log_artifact("object", {1}, "pickle")
    repository.save()
    for each in (repository, Repository(tmp_path / "repository.json", mode="r")):
        assert [found.version for found in each.where('name == "numbers" and version > 0')] == [1, 2]
        assert _names(each.where("python_version is not missing")) == ["object"]
        assert [found.version for found in each.top(2, by="version")] == [2, 1]
        assert each.select().to_dicts() == list(each)
        with pytest.raises(QueryError, match="did you mean 'version'"):
            each.where("versoin > 1")


def test_misspelt_fields_of_experiments_are_refused_with_what_is_meant(tmp_path: Path) -> None:
    project = _project(tmp_path)
    for ask in (project.where, project.sort, lambda key: project.top(1, key)):
        with pytest.raises(QueryError, match="did you mean 'metrics'"):
            ask("metric.auc" + " > 1" * (ask == project.where))


def test_what_json_alone_can_read_is_asked_too(tmp_path: Path) -> None:
    """NaN in one record, other line ends, fields that older versions lack: all that opens."""
    project = _project(tmp_path)
    project["c"].metrics["auc"] = math.nan
    project.save()
    file = tmp_path / "project.json"
    content = json.loads(file.read_text())
    del content[0]["tags"], content[0]["last_updated_by"]
    file.write_text(json.dumps(content))
    project = Project(file, mode="r")
    assert _names(project.where("metrics.auc >= 0")) == ["a", "b", "d"]
    assert _names(project.where('tags == [] and last_updated_by == "ada"')) == ["a"]
    content[2]["metrics"] = {}
    file.write_text(json.dumps(content))
    assert _names(Project(file, mode="r").where('tags == [] and last_updated_by == "ada"')) == ["a"]


def test_plain_dictionaries_are_selected_the_same_way() -> None:
    rows = [{"x": 1, "y": "a"}, {"x": 3}, {"y": "b"}]
    assert list(select(rows).where("x > 0").sort("-x")) == [rows[1], rows[0]]
    assert select(rows).top(1, by="x")[0] is rows[1]
    assert len(select(iter(rows))) == 3


numbers = st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.sampled_from(["", "a", "b"]) | st.just([])


@given(st.lists(st.fixed_dictionaries({}, optional={"x": numbers, "y": numbers})), st.booleans(), st.booleans())
def test_sorting_keeps_the_order_of_equals_and_puts_what_is_missing_last(
    rows: list[dict[str, Any]], falling: bool, both: bool
) -> None:
    def rank(value: Any) -> Any:
        kind = (
            2
            if isinstance(value, bool)
            else 0
            if isinstance(value, (int, float))
            else 1
            if isinstance(value, str)
            else 3
        )
        return kind, 0 if kind == 3 else value

    def missing(value: Any) -> bool:
        return value is None or (isinstance(value, float) and math.isnan(value))

    expected = list(rows)
    for key, reverse in ([("y", False)] * both) + [("x", falling)]:
        there = [row for row in expected if not missing(row.get(key))]
        there.sort(key=lambda row: rank(row[key]), reverse=reverse)
        expected = there + [row for row in expected if missing(row.get(key))]
    found = select(rows).sort(*["-x" if falling else "x", *(["y"] * both)])
    assert [id(each) for each in found] == [id(each) for each in expected]
