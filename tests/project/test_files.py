"""What lies on disk: layout, keys, order, older files."""

import json
from pathlib import Path

import pytest

from lazyscribe import Project
from lazyscribe.exception import ArtifactLogError, LazyscribeError
from tests.project.support import make, names, on, records, saved, tree, write

KEYS = [
    "artifacts",
    "author",
    "created_at",
    "dependencies",
    "last_updated",
    "last_updated_by",
    "metrics",
    "name",
    "parameters",
    "short_slug",
    "slug",
    "tags",
    "tests",
]


def test_the_text_of_a_file() -> None:
    """A project file is a JSON array, keys sorted, indented by 4, ASCII, without a final newline."""
    experiment = make("größe", metrics={"z": 1, "a": 0.1 + 0.2, "big": 10**30}, parameters={"ü": "😀"})
    experiment.log_artifact("f", [1], "json")
    with experiment.log_test("t", description="d"):
        pass
    saved(experiment, make("two", 21))
    data = Path("project.json").read_bytes()
    assert data.decode("ascii") == json.dumps(json.loads(data), sort_keys=True, indent=4)
    assert [list(record) for record in records()] == [KEYS, KEYS]
    assert sorted(records()[0]["tests"][0]) == ["artifacts", "description", "metrics", "name", "parameters"]
    assert records()[0]["metrics"] == {"a": 0.30000000000000004, "big": 10**30, "z": 1}


def test_exactly_these_files() -> None:
    """Beside the file of records lie the experiments' folders, the tests' in them, and nothing else of ours but one."""
    experiment = make()
    experiment.log_artifact("f", [1], "json", fname="f.json")
    with experiment.log_test("Test one") as test:
        test.log_artifact("g", [1], "json", fname="sub/g.json")
    saved(experiment)
    slug = "one-20250120132300"
    assert set(tree()) == {"project.json", f"{slug}/f.json", f"{slug}/test-one/sub/g.json"}
    assert {path.name for path in Path().iterdir()} == {"project.json", slug, ".lazyscribe"}


def test_no_temporary_file_stays() -> None:
    """After saves and a failed one no temporary file is anywhere."""
    project = saved()
    project["one"].log_artifact("bad", {1}, "json")
    with pytest.raises(LazyscribeError):
        project.save()
    project["one"].log_artifact("bad", [1], "json", fname="f.json", overwrite=True)
    project.save()
    project["one"].log_artifact("bad", [2], "json", fname="f.json", overwrite=True)
    project.save()
    assert [path for path in Path().rglob("*") if path.name.endswith(".tmp") or "staged" in path.parts[:-1]] == []


def test_order_is_kept() -> None:
    """The file keeps the order of the list, and opening keeps the order of the file, whatever the dates say."""
    saved(make("b", 20), make("a", 21))
    one, two = records()
    write("project.json", [two, one])
    project = Project("project.json", mode="w+")
    assert names(project) == ["a", "b"]
    project["a"].log_metric("m", 1)
    project.save()
    assert [record["name"] for record in records()] == ["a", "b"]


def test_a_small_change_is_a_small_difference() -> None:
    """Changing one metric changes that line, last_updated and last_updated_by at most."""
    project = saved(*(make(f"e{day}", day, metrics={"m": 0}) for day in range(1, 20)))
    before = Path("project.json").read_text().splitlines()
    project["e7"].log_metric("m", 1)
    project.save()
    after = Path("project.json").read_text().splitlines()
    assert len(after) == len(before)
    assert sum(old != new for old, new in zip(before, after, strict=True)) == 2


@pytest.mark.parametrize("mode", ["r", "a", "w+"])
def test_older_files_open(mode: str) -> None:
    """A file without last_updated_by, tags, expiry and artifacts of tests opens with what these mean."""
    experiment = make()
    experiment.log_artifact("f", [1], "json", fname="f.json")
    with experiment.log_test("t"):
        pass
    saved(experiment)
    record = records()[0]
    del record["last_updated_by"], record["tags"], record["artifacts"][0]["expiry"], record["tests"][0]["artifacts"]
    write("project.json", [record])
    found = Project("project.json", mode=mode)["one"]
    assert (found.last_updated_by, found.tags, found.tests[0].artifacts) == ("ada", [], [])
    assert found.artifacts[0].expiry is None
    assert found.load_artifact("f") == [1]


def test_older_records_stay_as_they_are() -> None:
    """In mode a the records that are there are written back byte for byte, keys that we do not know included."""
    saved()
    record = {**records()[0], "unknown": {"of": "later"}}
    del record["tags"]
    write("project.json", [record])
    project = Project("project.json", mode="a")
    project.append(make("two", 21))
    project.save()
    assert records()[0] == record


def test_keys_that_we_do_not_know_are_kept() -> None:
    """In w+ too, keys that another version wrote into a record stay when the experiment is changed."""
    saved()
    write("project.json", [{**records()[0], "unknown": 1}])
    project = Project("project.json", mode="w+")
    project["one"].log_metric("m", 1)
    project.save()
    assert (records()[0]["unknown"], records()[0]["metrics"]) == (1, {"m": 1})


def test_an_artifact_whose_handler_is_not_here() -> None:
    """An artifact of a handler that is not installed is listed, kept as it is, and says so when it is loaded."""
    experiment = make()
    experiment.log_artifact("f", [1], "json", fname="f.json")
    saved(experiment)
    record = records()[0]
    record["artifacts"][0].update(handler="from_elsewhere", environment_of_it="1.0")
    write("project.json", [record])
    project = Project("project.json", mode="w+")
    with pytest.raises(ValueError, match="from_elsewhere"):
        project["one"].load_artifact("f")
    project["one"].log_metric("m", 1)
    project.save()
    assert records()[0]["artifacts"] == record["artifacts"]


def test_extra_environment_keys() -> None:
    """Keys in an artifact's record that its handler does not know do not keep it from loading."""
    experiment = make()
    experiment.log_artifact("f", [1], "json", fname="f.json")
    experiment.log_artifact("p", [2], "pickle", fname="p.pkl")
    saved(experiment)
    record = records()[0]
    for artifact in record["artifacts"]:
        artifact["python_implementation"] = "x"
    write("project.json", [record])
    found = Project("project.json", mode="r")["one"]
    assert (found.load_artifact("f"), found.load_artifact("p")) == ([1], [2])


@pytest.mark.parametrize("name", ["a/b: c.", "x:y", "con", "trailing. ", "ü", "a\\b", "<>", ""])
def test_odd_names_round_trip(name: str) -> None:
    """Names with slashes, colons, trailing dots and the like are names of experiments, tests and artifacts."""
    experiment = make(name)
    experiment.log_artifact(name, [1], "json")
    with experiment.log_test(name) as test:
        test.log_artifact(name, [2], "json")
    saved(experiment)
    found = Project("project.json", mode="r").experiments[0]
    assert (found.name, found.artifacts[0].name, found.tests[0].name) == (name,) * 3
    assert (found.load_artifact(name), found.tests[0].load_artifact(name)) == ([1], [2])


@pytest.mark.parametrize("fname", ["../x", "/abs/x", "..", "a/../../x", "a\0b", "x" * 300, ".", "a/" + "y" * 300])
def test_file_names_that_escape_are_refused_when_logged(fname: str) -> None:
    """A file name that leaves its folder or cannot exist is an ArtifactLogError when it is logged."""
    experiment = make()
    with experiment.log_test("t") as test:
        for holder in (experiment, test):
            with pytest.raises(ArtifactLogError):
                holder.log_artifact("f", 1, "json", fname=fname)
            assert holder.artifacts == []


@pytest.mark.parametrize("fname", ["con.json", "a:b.json", "what?.json", "dot.", "tab\t.json"])
def test_file_names_that_some_systems_lack(fname: str) -> None:
    """A file name that other systems cannot hold is a UserWarning when logged, is kept, and opens silently."""
    experiment = make()
    with pytest.warns(UserWarning, match="every system") as caught:
        experiment.log_artifact("f", 1, "json", fname=fname)
    assert [each.filename for each in caught] == [__file__]
    saved(experiment)
    assert records()[0]["artifacts"][0]["fname"] == fname
    assert Project("project.json", mode="r")["one"].load_artifact("f") == 1


def test_an_artifact_of_a_test_and_one_of_the_experiment_in_its_folder() -> None:
    """A file of the experiment whose name leads into a test's folder and the test's own are two files."""
    experiment = make()
    experiment.log_artifact("outer", 1, "json", fname="t/f.json")
    with experiment.log_test("t") as test:
        test.log_artifact("inner", 2, "json", fname="f.json")
    project = Project("project.json", mode="w")
    project.append(experiment)
    with pytest.warns(UserWarning, match=r"f\.json"):
        project.save()
    found = Project("project.json", mode="r")["one"]
    assert (found.load_artifact("outer"), found.tests[0].load_artifact("inner")) == (1, 2)


def test_values_that_plain_json_lacks() -> None:
    """Dates and tuples in metrics are written as text and lists; empty containers stay what they are."""
    saved(make(metrics={"d": on(20)}, parameters={"t": (), "l": [], "o": {}, "n": None, "s": ""}))
    assert records()[0]["metrics"] == {"d": "2025-01-20T13:23:00"}
    assert records()[0]["parameters"] == {"t": [], "l": [], "o": {}, "n": None, "s": ""}
