"""Damaged project files: an error that names file and record, and the file left alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Project
from lazyscribe.exception import CorruptManifestError, LazyscribeError
from tests.project.support import make, names, records, saved, tree, write

MODES = ("r", "a", "w+")


def _refused(record: int | None = None) -> CorruptManifestError:
    """Open project.json in each mode that loads, expect a refusal, return the last."""
    before = tree()
    for mode in MODES:
        with pytest.raises(CorruptManifestError, match=r"project\.json") as caught:
            Project("project.json", mode=mode)
        assert isinstance(caught.value, ValueError)
        assert isinstance(caught.value, LazyscribeError)
        assert Path(caught.value.path).name == "project.json"  # type: ignore[attr-defined]
        if record is not None:
            assert caught.value.record == record  # type: ignore[attr-defined]
            assert f"ecord {record}" in str(caught.value)
        assert len(str(caught.value)) < 1000
    assert tree() == before
    return caught.value


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"   \n",
        b"[",
        b"[{",
        b'[{"name": "one"',
        b"not JSON",
        b"null",
        b"1",
        b'"text"',
        b"{}",
        b'{"experiments": []}',
        b"[1]",
        b"[null]",
        b"[[]]",
        b'["one"]',
        b"[{}]",
        b"[]]",
        b"[] []",
        b"[,]",
        b"\x00",
        b"\x80\x04\x95",
        bytes(range(256)),
        b"\xff\xfe[\x00]\x00",
        b'["\xff"]',
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"<html></html>",
        b"PK\x03\x04",
    ],
    ids=lambda content: repr(content[:12]),
)
def test_what_is_no_list_of_records(content: bytes) -> None:
    """A file that is empty, cut, binary, nested without end or something else than a list of objects is refused."""
    Path("project.json").write_bytes(content)
    _refused()


def test_a_file_that_was_cut_anywhere() -> None:
    """A saved file that was cut short at any place is refused."""
    experiment = make(metrics={"m": 1}, parameters={"p": "ü"}, tags=["t"])
    experiment.log_artifact("f", [1], "json")
    with experiment.log_test("t"):
        pass
    saved(experiment)
    data = Path("project.json").read_bytes()
    for end in range(0, len(data) - 1, 7):
        Path("project.json").write_bytes(data[:end])
        with pytest.raises(CorruptManifestError):
            Project("project.json", mode="r")
        assert Path("project.json").read_bytes() == data[:end]


WRONG: dict[str, list[Any]] = {
    "artifacts": [None, {}, "x", 1, [1], [None], [[]], [{}], ["x"]],
    "author": [1, [], {}, True],
    "created_at": [None, "", "yesterday", 1, [], {}, True, "2025-13-01", "10000-01-01T00:00:00"],
    "dependencies": [None, "x", 1, {}, [1], [None]],
    "last_updated": [None, "", "now", 1, []],
    "last_updated_by": [1, [], {}],
    "metrics": [None, [], "x", 1],
    "name": [None, 1, [], {}, True],
    "parameters": [None, [], "x", 1],
    "short_slug": [None, 1, []],
    "slug": [None, 1, [], ""],
    "tags": ["x", 1, {}],
    "tests": [None, {}, "x", 1, [1], [None], [{}], ["x"]],
}


def _cases(wrong: dict[str, list[Any]]) -> list[Any]:
    return [pytest.param(key, value, id=f"{key}-{value!r}") for key, values in wrong.items() for value in values]


@pytest.mark.parametrize(("key", "value"), _cases(WRONG))
def test_a_field_of_a_wrong_type(key: str, value: object) -> None:
    """A record with a field of a wrong type is refused, its position told."""
    saved(make(), make("two", 21))
    one, two = records()
    write("project.json", [one, {**two, key: value}])
    _refused(1)


@pytest.mark.parametrize(
    "key",
    ["author", "created_at", "dependencies", "last_updated", "metrics", "name", "parameters", "short_slug", "slug"],
)
def test_a_field_that_is_missing(key: str) -> None:
    """A record that lacks a field which every version writes is refused, its position and the field told."""
    saved(make(), make("two", 21))
    one, two = records()
    del one[key]
    write("project.json", [one, two])
    assert key in str(_refused(0))


TEST_WRONG: dict[str, list[Any]] = {
    "name": [None, 1, []],
    "metrics": [None, [], 1],
    "parameters": [None, [], 1],
    "artifacts": [None, {}, 1, [1], [{}]],
    "description": [1, []],
}
ARTIFACT_WRONG: dict[str, list[Any]] = {
    "name": [None, 1, []],
    "fname": [None, 1, [], ""],
    "handler": [None, 1, []],
    "created_at": [None, "x", 1],
    "expiry": ["x", 1, []],
    "version": [None, "1", [], 1.5, True],
}


@pytest.mark.parametrize(("key", "value"), _cases(TEST_WRONG))
def test_a_wrong_field_in_a_test(key: str, value: object) -> None:
    """A test in a record with a field of a wrong type is refused."""
    experiment = make()
    with experiment.log_test("t"):
        pass
    saved(experiment)
    record = records()[0]
    record["tests"][0][key] = value
    write("project.json", [record])
    _refused(0)


@pytest.mark.parametrize(("key", "value"), _cases(ARTIFACT_WRONG))
@pytest.mark.parametrize("in_test", [False, True])
def test_a_wrong_field_in_an_artifact(key: str, value: object, in_test: bool) -> None:
    """An artifact of a record, or of a test in it, with a field of a wrong type is refused."""
    experiment = make()
    with experiment.log_test("t") as test:
        (test if in_test else experiment).log_artifact("f", [1], "json")
    saved(experiment)
    record = records()[0]
    holder = record["tests"][0] if in_test else record
    holder["artifacts"][0][key] = value
    write("project.json", [record])
    _refused(0)


ESCAPES = ["../x", "a/../../x", "/etc/passwd", "..", "x\0y", ".lazyscribe/x", "a/../b"]


@pytest.mark.parametrize("fname", ESCAPES[:5])
@pytest.mark.parametrize("in_test", [False, True])
def test_file_names_that_escape(fname: str, in_test: bool) -> None:
    """An artifact whose file lies outside the experiment's folder is refused when the file opens."""
    experiment = make()
    with experiment.log_test("t") as test:
        (test if in_test else experiment).log_artifact("f", [1], "json")
    saved(experiment)
    record = records()[0]
    (record["tests"][0] if in_test else record)["artifacts"][0]["fname"] = fname
    write("project.json", [record])
    _refused(0)


@pytest.mark.parametrize("slug", ESCAPES)
def test_slugs_that_escape(slug: str) -> None:
    """An experiment with artifacts whose slug leads out of the project's folder, or into ours, is refused."""
    experiment = make()
    experiment.log_artifact("f", [1], "json", fname="f.json")
    saved(experiment)
    write("project.json", [{**records()[0], "slug": slug}])
    _refused(0)


def test_a_deep_value_is_no_damage() -> None:
    """Values nested as deep as JSON readers go open; far deeper ones are refused and left alone."""
    saved()
    record = records()[0]
    write("project.json", [{**record, "parameters": {"p": json.loads("[" * 50 + "]" * 50)}}])
    assert names(Project("project.json", mode="w+")) == ["one"]
    text = json.dumps([record]).replace(
        '"parameters": {}', '"parameters": {"p": ' + "[" * 100_000 + "]" * 100_000 + "}"
    )
    Path("project.json").write_text(text)
    _refused()


def test_a_damaged_upstream_file() -> None:
    """A damaged file of a dependency is refused under its own name."""
    up = saved(make(project=Path("up.json")), fpath="up.json")
    down = make("two", 21)
    down.dependencies["one"] = up["one"]
    saved(down)
    Path("up.json").write_text("[")
    with pytest.raises(CorruptManifestError, match=r"up\.json"):
        Project("project.json", mode="r")


@pytest.mark.parametrize(
    "content", [b"", b"[{", b"{}", b"[{}]", b'[{"slug": 1}]', b'[{"slug": "x", "name": 1}]', b"[1]"]
)
def test_damage_that_appears_while_a_project_is_open(content: bytes) -> None:
    """A file that is damaged after opening is neither replaced by a save nor taken in by a reload."""
    project = saved()
    project["one"].log_metric("m", 1)
    Path("project.json").write_bytes(content)
    for call in (project.save, project.reload):
        with pytest.raises(CorruptManifestError, match=r"project\.json"):
            call()
    assert Path("project.json").read_bytes() == content
    assert project["one"].metrics == {"m": 1}


def test_another_layout_is_no_damage() -> None:
    """A file that another program formatted opens, and is formatted like ours at the next save."""
    saved(make(), make("two", 21))
    canonical = Path("project.json").read_bytes()
    Path("project.json").write_text("\n" + json.dumps(records(), ensure_ascii=False) + "\n", "utf-8")
    project = Project("project.json", mode="w+", author="ada")
    assert names(project) == ["one", "two"]
    project["one"].log_metric("m", 1)
    project.save()
    del project["one"].metrics["m"]
    project["one"].last_updated = make().last_updated
    project.save()
    assert Path("project.json").read_bytes() == canonical
