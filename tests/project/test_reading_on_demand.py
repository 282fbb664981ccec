"""Experiments of a file are read field by field, when somebody asks; nobody can tell."""

import copy
import math
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lazyscribe import Experiment, Project
from lazyscribe.exception import LazyscribeError
from tests.project.support import make, names, on, records, saved, write

TEXT = st.text("abc é/'\x07", max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
VALUES = st.dictionaries(TEXT, JSON, max_size=3)
DATES = st.sampled_from(
    [
        *["2025-01-20T13:23:30", "2025-01-20 13:23:30", "2025-01-20T13:23:30.9999999", "2025-01-20T13:23:30+05:30"],
        *["2025-W03-1T13:23:30", "2025-01-20", "20250120T132330.250", "2025-01-20T13:23", "2025-01-20T13:23:30Z"],
    ]
)
ARTIFACTS = st.fixed_dictionaries(
    {"name": TEXT, "fname": st.sampled_from(["a.json", "b/c"]), "created_at": DATES}
    | {"handler": st.sampled_from(["json", "pickle", "of-nobody"])},
    optional={"version": st.integers(0, 9), "expiry": st.none() | DATES, "python_version": st.just("2.7"), "x": JSON},
)
TESTS = st.fixed_dictionaries(
    {"name": TEXT, "metrics": VALUES, "parameters": VALUES},
    optional={"description": st.none() | TEXT, "artifacts": st.lists(ARTIFACTS, max_size=2), "x": JSON},
)
RECORDS = st.fixed_dictionaries(
    {"name": TEXT, "slug": st.sampled_from(["a", "b-1"]), "short_slug": st.just("a"), "author": st.none() | TEXT}
    | {
        "created_at": DATES,
        "last_updated": DATES,
        "metrics": VALUES,
        "parameters": VALUES,
        "dependencies": st.just([]),
    },
    optional={
        "artifacts": st.lists(ARTIFACTS, max_size=2),
        "last_updated_by": st.none() | TEXT,
        "tags": st.none() | st.lists(JSON, max_size=2),
        "tests": st.lists(TESTS, max_size=2),
        "x": JSON,
    },
)
PLAIN = {
    **{"name": "a", "slug": "a", "short_slug": "a", "author": "ada", "dependencies": []},
    **{"created_at": "2025-01-20T13:23:30", "last_updated": "2025-01-20T13:23:30", "metrics": {}, "parameters": {}},
}


def shape(value: Any) -> str:
    """Return a text that tells values apart, types and order included."""
    return repr(value)


@given(st.lists(RECORDS, min_size=1, max_size=4))
@example([{**PLAIN, "metrics": {"m": math.nan}}, PLAIN])
@example([{**PLAIN, "tags": [["nested"], None]}])
def test_iteration_yields_what_to_dict_gives(content: list[dict[str, Any]]) -> None:
    """Dictionaries of experiments that no one has asked for equal those of their objects, order of keys included."""
    write("any.json", content)
    assert len({shape(tuple(read)) for read in map(dict, Project("any.json", mode="r"))}) == 1
    for mode in ("r", "w+"):
        expected = [experiment.to_dict() for experiment in Project("any.json", mode=mode).experiments]  # type: ignore[arg-type]
        assert shape(list(Project("any.json", mode=mode))) == shape(expected)  # type: ignore[arg-type]


@given(RECORDS)
def test_what_is_read_is_what_the_file_says(record: dict[str, Any]) -> None:
    """Each field, asked for first, is what the record holds; dates are cut to the microsecond."""
    write("any.json", [record])
    (record,) = records("any.json")
    for field, expected in {
        "name": record["name"],
        "last_updated_by": record.get("last_updated_by") or record["author"],
        "metrics": record["metrics"],
        "parameters": record["parameters"],
        "tags": record.get("tags") or [],
        "dirty": False,
        "dependencies": {},
        "dir": Path(),
    }.items():
        assert shape(getattr(Project("any.json")["a"], field)) == shape(expected)
    experiment = Project("any.json")["a"]
    date = datetime.fromisoformat(record["created_at"])
    assert experiment.created_at == (date - (date.utcoffset() or date - date)).replace(tzinfo=None)
    assert [each.name for each in experiment.artifacts] == [each["name"] for each in record.get("artifacts", ())]
    assert [each.name for each in experiment.tests] == [each["name"] for each in record.get("tests", ())]


def several(count: int = 40) -> None:
    """Save experiments ``0``, ``1``, … with metrics, tags, a test and an artifact each."""
    project = Project("project.json", mode="w", author="ada")
    for number in range(count):
        experiment = make(str(number), 20, tags=["t"], metrics={"m": number})
        experiment.log_artifact("a", number, "json", fname="a.json")
        with experiment.log_test("Of it") as test:
            test.log_artifact("b", -number, "json", fname="b.json")
        project.append(experiment)
    project.save()


def test_yielded_dictionaries_are_nobodys() -> None:
    """What is changed in a yielded dictionary shows neither in the next one nor in the experiment."""
    several()
    project = Project("project.json", mode="w+")
    before = list(project)
    for record in project:
        record["metrics"]["m"] = record["tests"][0]["metrics"]["x"] = "changed"
        record["tags"].append("changed")
        record["artifacts"].clear()
    assert list(project) == before
    assert [experiment.to_dict() for experiment in project.experiments] == before


def test_an_edit_while_iterating_shows() -> None:
    """An experiment that is edited before its turn has come is yielded as edited."""
    several()
    project, seen = Project("project.json", mode="w+"), []
    for record in project:
        project["39"].metrics["m"] = project["1"].metrics["m"] = "edited"
        seen.append(record["metrics"]["m"])
    assert seen == [0, "edited", *range(2, 39), "edited"]


def test_iterating_over_what_came_with_a_reload() -> None:
    """Experiments that others saved are yielded too, with what they depend on; one that leads nowhere at its turn."""
    saved(make("a"))
    project = Project("project.json", mode="w+")
    first = records()[0]
    write("project.json", [first, {**PLAIN, "slug": "b", "dependencies": [f"project.json|{first['slug']}"]}])
    project.reload()
    assert [record["dependencies"] for record in project] == [[], [f"project.json|{first['slug']}"]]
    iterator = iter(broken().experiments)
    assert next(iterator).name == "a"
    with pytest.raises(FileNotFoundError, match="nowhere"):
        next(iterator)


def broken() -> Project:
    """Return a project into which a reload has brought an experiment that depends on a file which is not there."""
    saved(make("a"), fpath="broken.json")
    project = Project("broken.json", mode="w+")
    write("broken.json", [*records("broken.json"), {**PLAIN, "name": "b", "dependencies": ["nowhere.json|x"]}])
    project.reload()
    return project


@pytest.fixture
def restless() -> Iterator[None]:
    """Let threads take turns as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("restless")
@pytest.mark.parametrize("ask", ["metrics", "tags", "tests", "artifacts", "mutex_"])
def test_threads_that_ask_at_once_get_one_object(ask: str) -> None:
    """A field is one object, whoever asks first, and edits of all threads are in it."""
    several(1)
    for _ in range(20):
        project, barrier = Project("project.json", mode="w+"), threading.Barrier(4, timeout=30)

        def read(project: Project = project, barrier: threading.Barrier = barrier) -> Any:
            barrier.wait()
            return getattr(project["0"], ask)

        with ThreadPoolExecutor(4) as pool:
            found = [each.result() for each in [pool.submit(read) for _ in range(4)]]
        assert all(each is found[0] for each in found)
        assert getattr(project["0"], ask) is found[0]


def test_what_was_only_looked_at_stays_as_it_is_in_the_file() -> None:
    """A save writes the text of an experiment again if nothing of it was handed out that may be edited."""
    old = {key: value for key, value in PLAIN.items() if key != "last_updated"} | {"last_updated": "2025-01-21"}
    write("project.json", [old, {**old, "slug": "b", "metrics": {"m": 1}}])
    project = Project("project.json", mode="w+")
    assert [each.name for each in project.experiments if each.created_at.year == 2025 and not each.dirty] == ["a", "a"]
    project["b"].metrics["m"] = 2
    project.save()
    assert records()[0] == old
    assert records()[1]["metrics"] == {"m": 2}


EDITS: dict[str, Callable[[Experiment], object]] = {
    "a field": lambda each: setattr(each, "name", "other"),
    "a date": lambda each: setattr(each, "created_at", on(1)),
    "the author": lambda each: setattr(each, "author", "bob"),
    "tags": lambda each: each.tags.append("x"),
    "tags anew": lambda each: setattr(each, "tags", ["x"]),
    "a metric": lambda each: each.metrics.update(x=1),
    "a parameter": lambda each: each.log_parameter("x", 1),
    "a metric of a test": lambda each: each.tests[0].metrics.update(x=1),
    "an artifact": lambda each: each.artifacts.clear(),
    "a dependency": lambda each: each.dependencies.update(x=each),
    "the flag alone": lambda each: setattr(each, "dirty", True),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_every_first_edit_is_saved(edit: Callable[[Experiment], object]) -> None:
    """Whatever is changed first in an experiment, the save takes it in."""
    several(2)
    before = records()
    project, other = (Project("project.json", mode="w+", author="eve") for _ in range(2))
    edit(project["1"])
    project.save()
    edit(other["1"])
    expected = other["1"].to_dict()
    assert records()[0] == before[0]
    assert records()[1] != before[1]
    anyone = {"last_updated_by": "", "last_updated": ""}
    assert {**records()[1], **anyone} == {**expected, **anyone}


@pytest.mark.parametrize("field", ["slug", "dir", "fs"])
def test_tests_are_found_where_they_were(field: str, tmp_path: Path) -> None:
    """A test that is asked for after its experiment was given another folder loads what was saved with it."""
    several(1)
    experiment = Project("project.json", mode="w+")["0"]
    setattr(experiment, field, {"slug": "new", "dir": tmp_path / "new", "fs": None}[field])
    assert experiment.tests[0].load_artifact("b") == 0


def test_a_renamed_experiment_takes_its_files_along() -> None:
    """An experiment that gets another slug before anything else was asked of it is saved with all its files."""
    several(2)
    project = Project("project.json", mode="w+")
    project["1"].slug = "new"
    project.save()
    found = Project("project.json")["new"]
    assert (found.load_artifact("a"), found.tests[0].load_artifact("b")) == (1, -1)


def test_a_deleted_field_stays_deleted() -> None:
    """After ``del`` a field is not there, and the others are."""
    several(1)
    experiment = Project("project.json", mode="w+")["0"]
    del experiment.metrics
    assert not hasattr(experiment, "metrics")
    assert (experiment.tags, experiment.name) == (["t"], "0")


@pytest.mark.parametrize("mode", ["r", "w+"])
def test_an_experiment_of_which_nothing_was_read_is_as_good_as_any(mode: Any) -> None:
    """It equals itself read, and its copies, its pickle, its repr and what attrs makes of it hold every field."""
    several(1)

    def fresh() -> Experiment:
        return Project("project.json", mode=mode)["0"]

    read = fresh()
    assert read.tests
    assert read.metrics == {"m": 0}
    assert fresh() == read == fresh()
    for other in (copy.copy(fresh()), copy.deepcopy(fresh()), pickle.loads(pickle.dumps(fresh()))):
        assert type(other) is type(read)
        assert other == read
        assert other.to_dict() == read.to_dict()
    assert fresh().__getstate__().keys() == {each.name for each in attrs.fields(type(read))} - {"mutex_"}
    assert attrs.asdict(fresh(), filter=lambda field, _: field.name == "metrics") == {"metrics": {"m": 0}}
    assert repr(fresh()) == repr(read)


def test_keys_of_others_stay_whatever_happens_before_the_save() -> None:
    """Keys that this version does not know are written again by a project that was pickled, or reloaded, meanwhile."""
    write("project.json", [{**PLAIN, "later": 1}])
    project = Project("project.json", mode="w+")
    assert project["a"].name == "a"
    project = pickle.loads(pickle.dumps(project))
    project["a"].metrics["m"] = 1
    write("project.json", [{**PLAIN, "later": 2}])
    project.reload()
    project.save()
    assert (records()[0]["later"], records()[0]["metrics"]) == (2, {"m": 1})


def test_a_read_only_experiment_refuses_the_first_touch() -> None:
    """Nothing needs to have been read for an assignment to be refused, with the name in the error."""
    several(1)
    with pytest.raises(LazyscribeError, match="'0'"):
        Project("project.json", mode="r")["0"].name = "other"
    with pytest.raises(LazyscribeError, match="'0'"):
        del Project("project.json", mode="r")["0"].metrics


@pytest.mark.usefixtures("restless")
def test_threads_that_come_first_get_one_object() -> None:
    """The first look-ups of a project that was just opened, from many threads, find one object."""
    write("project.json", [{**PLAIN, "slug": f"a-{number}"} for number in range(3000)])
    for _ in range(10):
        project, barrier = Project("project.json", mode="r"), threading.Barrier(4, timeout=30)

        def look_up(project: Project = project, barrier: threading.Barrier = barrier) -> Experiment:
            barrier.wait()
            assert len(project.experiments) == 3000
            return project["a-3"]

        with ThreadPoolExecutor(4) as pool:
            found = [each.result() for each in [pool.submit(look_up) for _ in range(4)]]
        assert all(each is found[0] for each in found)
        assert project.experiments[3] is found[0]


def test_a_long_list_is_gone_through_in_order() -> None:
    """All experiments of a long file come once and in order, as objects and as dictionaries."""
    write("project.json", [{**PLAIN, "name": str(number), "slug": f"a-{number}"} for number in range(3000)])
    project = Project("project.json")
    assert [record["name"] for record in project] == [str(number) for number in range(3000)]
    assert names(project) == [str(number) for number in range(3000)]
