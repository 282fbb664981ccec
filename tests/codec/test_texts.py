"""Cutting manifests into texts, and reading the heads of all records at once or one by one."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lazyscribe import Project, Repository
from lazyscribe.codec.heads import EXPERIMENTS, VERSIONS
from lazyscribe.codec.text import assemble, encode, extend
from lazyscribe.codec.texts import Texts, split
from lazyscribe.exception import CorruptManifestError
from lazyscribe.names import are_plain, check_file

DATE = "2025-01-20T13:23:30"


def version(number: int = 0, **more: Any) -> dict[str, Any]:
    plain = {"created_at": DATE, "expiry": None, "fname": f"f{number}.json", "handler": "json", "name": "a"}
    return {**plain, "version": number, **more}


def experiment(number: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "artifacts": [version()],
        "author": "ann",
        "created_at": DATE,
        "dependencies": [],
        "last_updated": DATE,
        "last_updated_by": "ann",
        "metrics": {},
        "name": "a",
        "parameters": {},
        "short_slug": "a",
        "slug": f"a-{number}",
        "tags": [],
        "tests": [{"artifacts": [], "description": None, "metrics": {}, "name": "t", "parameters": {}}],
        **more,
    }


def text(records: list[dict[str, Any]], **how: Any) -> bytes:
    return json.dumps(records, **({"sort_keys": True, "indent": 4} | how)).encode()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
records = st.lists(st.dictionaries(st.text(), json_values, max_size=4), max_size=5)
formats = st.sampled_from([{}, {"indent": None}, {"indent": 2}, {"sort_keys": False}, {"ensure_ascii": False}])


@given(records, formats)
def test_any_file_is_cut_into_what_we_would_write(found: list[dict[str, Any]], how: dict[str, Any]) -> None:
    """However an array of objects is formatted, each of its records comes out as a manifest of ours holds it."""
    try:
        data = text(found, **how)
    except UnicodeEncodeError:  # a lone surrogate, which no file can hold unescaped
        return
    want = json.loads(data)
    texts = Texts(data, "m.json")
    raw = [json.loads(texts.raw(n)) for n in range(len(texts))]
    assert [json.dumps(each, sort_keys=True) for each in raw] == [json.dumps(each, sort_keys=True) for each in want]
    if how.get("sort_keys", True) and how.get("ensure_ascii", True):  # texts that are indented like ours stay
        assert assemble(split(data, "m.json")) == json.dumps(want, indent=4, sort_keys=True).encode()
    assert [texts[n] for n in range(len(texts))] == split(data, "m.json")


@given(records, records)
def test_extending_is_assembling(one: list[dict[str, Any]], more: list[dict[str, Any]]) -> None:
    """A manifest that grows by some records is the manifest of all of them."""
    texts = [[encode(each) for each in part] for part in (one, more)]
    assert extend(assemble(texts[0]), texts[1]) == assemble(texts[0] + texts[1])


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'[{}, "x"]', b'["\xff"]', b"[{}", b'[{"a": NaN}, 3]', b"null"])
def test_what_is_no_array_of_objects(data: bytes) -> None:
    """Anything but an array of objects is refused with the name of the file."""
    with pytest.raises(CorruptManifestError, match=r"m\.json"):
        split(data, "m.json")


ODD = [
    {"created_at": "2025-01-20"},
    {"created_at": "2025-01-20T13:23:30+02:00"},
    {"expiry": "2025-01-20 13"},
    {"version": 10**30},
]


@pytest.mark.parametrize("odd", ODD)
def test_odd_versions_are_read_like_others(odd: dict[str, Any]) -> None:
    """A record that needs the closer look gives the head that it would give if it were written plainly."""
    head = VERSIONS.one(encode(version(**odd)), "m.json", 0)
    for key, value in odd.items():
        moment = {
            "2025-01-20": datetime(2025, 1, 20),
            "2025-01-20T13:23:30+02:00": datetime(2025, 1, 20, 11, 23, 30),
            "2025-01-20 13": datetime(2025, 1, 20, 13),
        }
        assert getattr(head, key) == moment.get(value, value)
    assert (VERSIONS.key(head), head.handler) == ("a\0f0.json", "json")


@pytest.mark.parametrize(
    "key", ["created_at", "last_updated", "slug", "metrics", "artifacts", "tests", "tags", "dependencies", "author"]
)
@pytest.mark.parametrize("value", [3, "x", [3], {"x": [1]}])
def test_both_ways_of_reading_agree(key: str, value: Any) -> None:
    """Reading all at once and the closer look accept the same records, and give the same heads."""
    record = experiment(**{key: value})
    at_once = EXPERIMENTS.all(text([record]))
    try:
        closely = EXPERIMENTS._read(record, "m.json", 0)
    except CorruptManifestError:
        closely = None
    assert (at_once is None) == (closely is None)
    assert at_once is None or at_once == [closely]


@pytest.mark.parametrize("look", [False, True])
@pytest.mark.parametrize("how", [{}, {"indent": 1}, {"ensure_ascii": False}])
def test_a_file_that_another_program_formatted(how: dict[str, Any], look: bool, tmp_path: Path) -> None:
    """It opens, and a save writes all of it the way we do."""
    path = tmp_path / "repository.json"
    path.write_bytes(text([version(0, note="ü"), version(1)], **how))
    repository = Repository(path)
    if look:
        assert [each.version for each in repository.artifacts] == [0, 1]
    repository.log_artifact("b", 1, "json")
    repository.save()
    found = json.loads(path.read_bytes())
    assert path.read_bytes() == json.dumps(found, indent=4, sort_keys=True).encode()
    assert [each.get("note") for each in found] == ["ü", None, None]


def test_one_nan_among_many(tmp_path: Path) -> None:
    """A file with NaN opens, is saved with all others' bytes as they were, and grows."""
    path = tmp_path / "project.json"
    many = [experiment(n, metrics={"m": float("nan") if n == 7 else 0.1}, artifacts=[]) for n in range(20)]
    path.write_bytes(text(many))
    project = Project(path, mode="w+", author="ann")
    assert project["a-3"].metrics == {"m": 0.1}
    assert str(project["a-7"].metrics) == "{'m': nan}"
    for turn in range(2):
        with project.log(f"new {turn}"):
            pass
        project.save()
        assert path.read_bytes().startswith(text(many)[:-2] + b",\n")
    assert len(Project(path, mode="r").experiments) == 22


@given(
    st.lists(
        st.text(min_size=1, max_size=6) | st.sampled_from(["..", "a/../b", "/a", ".lazyscribe", "m.json", "M.JSON"])
    )
)
def test_plain_names_are_good_names(names: list[str]) -> None:
    """What is taken for plain, the close look would not refuse either."""
    if are_plain(names, "m.json"):
        for name in names:
            check_file(name, "f", "m.json", new=False)
            check_file("a", name, "m.json", new=False)


def test_which_names_are_plain() -> None:
    """Usual names need no closer look; long, hidden, empty and climbing ones, and the manifest's own, do."""
    assert are_plain(["model-20250120132330.json", "My_Model.v1", "a"], "repository.json")
    for odd in ("", ".a", "a.", "a..b", "a/b", "a b", "ü", "a" * 256, "Repository.json", "a\0"):
        assert not are_plain(["a", odd, "b"], "repository.json"), odd


separators = st.sampled_from([b"\n    },\n    {\n        ", b"},{", b"}\n    ,{", b"\n    },\n    {\n        "])


@given(st.data())
def test_one_is_cut_out_as_with_all(data: st.DataObject) -> None:
    """A record near the end that is asked for alone is the one that stands there, whatever lines are inside of records.

    Between objects within records stand the same lines as between records of a file of ours.
    """

    def objects(count: int, deep: int) -> bytes:
        parts = []
        for _ in range(count):
            inner = data.draw(st.integers(0, 3)) if deep else 0
            more = b', "z": [{' + objects(inner, deep - 1) + b"}]" if inner else b""
            parts.append(b'"a": %d' % data.draw(st.integers(0, 3)) + more)
        text = parts[0]
        for part in parts[1:]:
            text += data.draw(separators) + part
        return text

    count = data.draw(st.integers(8, 24))
    text = data.draw(st.sampled_from([b"[\n    {\n        ", b"[{"])) + objects(count, 2)
    text += data.draw(st.sampled_from([b"\n    }\n]", b"}]", b"}]\n"]))
    whole = Texts(text, "m.json")
    position = data.draw(st.integers(max(count - 3, 0), count - 1))
    alone = Texts(text, "m.json")
    alone.count = len(whole)
    assert alone.count == count
    assert alone.raw(position) == whole.raw(position)


def test_the_last_are_cut_out_alone() -> None:
    """In a long file the last record, and some before, are found without cutting all; asking for many cuts all."""
    texts = Texts(text([version(number) for number in range(100)]), "m.json")
    texts.count = 100
    for number in (99, 97, 98, 99):
        assert json.loads(texts.raw(number))["version"] == number
        assert texts._cut is None
    assert [json.loads(texts.raw(number))["version"] for number in range(90, 100)] == list(range(90, 100))
    assert texts._cut is not None
