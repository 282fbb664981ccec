"""Files that are damaged, doubled, or need what is not there."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Repository
from lazyscribe.exception import (
    ArtifactLoadError,
    CorruptManifestError,
    LazyscribeError,
    SaveError,
    VersionNotFoundError,
)
from tests.clock import Clock
from tests.repository.tools import opened, record, tree, write

DEEP = 100_000

WHOLE = {
    "empty": b"",
    "blank": b" \n",
    "cut short": json.dumps([record(), record(version=1)], indent=4).encode()[:-40],
    "cut in the first line": b"[",
    "no JSON": b"created_at: now",
    "more after the end": b"[] []",
    "trailing comma": b'[{"a": 1},]',
    "object": b"{}",
    "object of records": json.dumps({"x": record()}).encode(),
    "null": b"null",
    "number": b"3",
    "text": b'"text"',
    "true": b"true",
    "binary": bytes(range(256)),
    "zeros": b"\0" * 500,
    "UTF-16": "[]".encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf[]",
    "Latin-1": '[{"name": "ö"}]'.encode("latin-1"),
    "deep array": b"[" * DEEP + b"]" * DEEP,
    "deep array, open": b"[" * DEEP,
    "deep object": b'[{"a":' * DEEP,
}


@pytest.mark.parametrize("mode", ["r", "a", "w+"])
@pytest.mark.parametrize("damage", WHOLE)
def test_damaged_file(file: Path, damage: str, mode: Any) -> None:
    """A file that is no list of records is a `CorruptManifestError` that names it; it stays untouched."""
    file.write_bytes(WHOLE[damage])
    with pytest.raises(CorruptManifestError, match=r"repository\.json") as caught:
        Repository(file, mode)
    assert isinstance(caught.value, ValueError)
    assert caught.value.path == str(file)
    assert len(str(caught.value)) < 600
    assert tree(file.parent) == {"repository.json": WHOLE[damage]}


def deep_record() -> bytes:
    good = json.dumps([record(), record(version=1, x=0)])
    return good.replace('"x": 0', '"x": ' + "[" * DEEP + "]" * DEEP).encode()


RECORDS: dict[str, Any] = {
    **{f"is {thing!r}": thing for thing in (None, 1, "x", [], [record()], True)},
    **{f"no {key}": record(**{key: ...}) for key in ("name", "fname", "created_at", "handler")},
    **{
        f"{key} is {wrong!r}": record(**{key: wrong})
        for key in ("name", "fname", "handler")
        for wrong in (None, 1, [], {}, True)
    },
    **{f"version is {wrong!r}": record(version=wrong) for wrong in (None, "0", 1.0, True, [], {})},
    **{
        f"created_at is {wrong!r}": record(created_at=wrong)
        for wrong in (None, 0, "", "now", "2025-13-01T00:00:00", "2025-02-30", "0001-01-01T00:00:00+14:00", [])
    },
    **{f"expiry is {wrong!r}": record(expiry=wrong) for wrong in (0, "", "never", "2025-02-30", [], {}, False)},
}


@pytest.mark.parametrize("mode", ["r", "a", "w+"])
@pytest.mark.parametrize("damage", RECORDS)
def test_damaged_record(file: Path, damage: str, mode: Any) -> None:
    """A record that is none is a `CorruptManifestError` that names file and record; the file stays untouched."""
    write(file, [record(), RECORDS[damage]])
    before = file.read_bytes()
    with pytest.raises(CorruptManifestError, match=r"Record 1 of .*repository\.json") as caught:
        Repository(file, mode)
    assert caught.value.record == 1
    assert tree(file.parent) == {"repository.json": before}


def test_deep_record(file: Path) -> None:
    """So is one that is nested too deeply to be read."""
    file.write_bytes(deep_record())
    with pytest.raises(CorruptManifestError, match=r"repository\.json"):
        Repository(file)


@pytest.mark.parametrize("damage", ["empty", "cut short", "object", "binary"])
def test_damaged_while_open(three: Path, damage: str) -> None:
    """A file that is damaged while it is open makes a save fail, untouched; what was to be saved stays in memory."""
    repository = opened(three, "w+")
    repository.log_artifact("x", 3, "json")
    good = three.read_bytes()
    three.write_bytes(WHOLE[damage])
    before = tree(three.parent)
    with pytest.raises(CorruptManifestError):
        repository.save()
    assert tree(three.parent) == before
    assert repository.artifacts[3].dirty
    three.write_bytes(good)
    repository.save()
    assert opened(three).load_artifact("x", version=3) == 3


def test_formatted_otherwise(three: Path) -> None:
    """A file that another tool formatted opens, with its order and unknown keys."""
    records = json.loads(three.read_bytes())
    three.write_text(json.dumps(list(reversed(records)), separators=(",", ":")) + "\n", "utf-8")
    repository = opened(three, "w+")
    assert [each["version"] for each in repository] == [2, 1, 0]
    repository.log_artifact("x", 3, "json")
    repository.save()
    assert [each["version"] for each in json.loads(three.read_bytes())] == [2, 1, 0, 3]


def test_numbers_of_every_size(file: Path) -> None:
    """Numbers that no machine word holds are numbers."""
    write(file, [record(version=10**40), record(version=-1, fname="y")])
    assert opened(file)._search_artifact_versions("x", 10**40).version == 10**40
    assert opened(file)._search_artifact_versions("x", -1).fname == "y"


# Doubled numbers


@pytest.fixture
def doubled(file: Path) -> Path:
    """Two versions 1 of `x`, as two clones that were merged have them, and a version 0."""
    dates = {0: "2025-01-01T00:00:00", 1: "2025-01-02T00:00:00", 2: "2025-01-03T00:00:00"}
    write(file, [record(version=min(n, 1), fname=f"{n}.json", created_at=date) for n, date in dates.items()])
    (file.parent / "x").mkdir()
    for number in range(3):
        (file.parent / "x" / f"{number}.json").write_text(str(number))
    return file


@pytest.mark.parametrize("mode", ["r", "a", "w+"])
def test_doubled_number_opens(doubled: Path, mode: Any) -> None:
    """A doubled number gives one warning on opening that names it, and everything else works."""
    with pytest.warns(UserWarning, match=r"'x': 1\b") as caught:
        repository = Repository(doubled, mode)
    assert len(caught) == 1
    assert str(doubled) in str(caught[0].message)
    assert repository.load_artifact("x", version=0) == 0
    assert repository.load_artifact("x") == 2
    assert repository.load_artifact("x", version="2025-01-02T00:00:00") == 1
    assert repository.load_artifact("x", version="2025-01-03") == 2


def test_doubled_number_is_not_guessed(doubled: Path) -> None:
    """Loading a doubled number says which dates tell the two apart."""
    with pytest.warns(UserWarning, match="same number"):
        repository = Repository(doubled)
    for ask in (
        lambda: repository.load_artifact("x", version=1),
        lambda: repository.get_artifact_metadata("x", 1),
        lambda: repository.set_artifact_expiry("x", 1),
    ):
        with pytest.raises(VersionNotFoundError, match="2025-01-02T00:00:00 and 2025-01-03T00:00:00"):
            ask()


def test_doubled_number_stays(doubled: Path) -> None:
    """A save keeps both as they are, and the next number follows the highest."""
    before = json.loads(doubled.read_bytes())
    with pytest.warns(UserWarning, match="same number"):
        repository = Repository(doubled)
    repository.log_artifact("x", 3, "json")
    repository.save()
    after = json.loads(doubled.read_bytes())
    assert after[:3] == before
    assert after[3]["version"] == 2


# Handlers that are not there


@pytest.fixture
def foreign(file: Path) -> Path:
    """A record of a handler that nobody has, between two that load."""
    (file.parent / "x").mkdir()
    (file.parent / "x" / "0.json").write_text("0")
    (file.parent / "x" / "2.json").write_text("2")
    (file.parent / "x" / "1.weird").write_bytes(b"weird")
    odd = record(version=1, fname="1.weird", handler="weird-handler", lib={"version": [1, 2]}, zeta=None, expiry=...)
    write(file, [record(fname="0.json"), odd, record(version=2, fname="2.json")])
    return file


def test_the_rest_opens(foreign: Path) -> None:
    """A record whose handler is missing is listed; all others load."""
    repository = opened(foreign)
    assert [each["handler"] for each in repository] == ["json", "weird-handler", "json"]
    assert repository.get_artifact_metadata("x", 1) == json.loads(foreign.read_bytes())[1]
    assert repository.load_artifact("x", version=0) == 0
    assert repository.load_artifact("x") == 2


@pytest.mark.parametrize("validate", [True, False])
def test_loading_says_what_is_missing(foreign: Path, validate: bool) -> None:
    """Loading the version whose handler is missing names the handler."""
    with pytest.raises(ArtifactLoadError, match="weird-handler") as caught:
        opened(foreign).load_artifact("x", version=1, validate=validate)
    assert isinstance(caught.value, ValueError)
    with pytest.raises(ArtifactLoadError, match="weird-handler"):
        opened(foreign).get_version_diff("x", (0, 1))


@pytest.mark.parametrize("touch", [False, True])
def test_saving_keeps_it(foreign: Path, touch: bool) -> None:
    """Saving writes the record of a missing handler back unchanged, looked at or not."""
    before = foreign.read_bytes()
    repository = opened(foreign, "w+")
    if touch:
        assert [each.version for each in repository.artifacts] == [0, 1, 2]
    repository.save()
    assert foreign.read_bytes() == before
    repository.log_artifact("y", 1, "json")
    repository.save()
    assert json.loads(foreign.read_bytes())[:3] == json.loads(before)


def test_it_may_expire(foreign: Path) -> None:
    """A version whose handler is missing may expire, which changes only that."""
    before = json.loads(foreign.read_bytes())
    repository = opened(foreign, "w+")
    repository.set_artifact_expiry("x", 1, expiry=datetime(2030, 1, 1))
    repository.save()
    before[1]["expiry"] = "2030-01-01T00:00:00"
    assert json.loads(foreign.read_bytes()) == before


# Folders and files in the way


def test_folder_where_the_file_should_be(file: Path) -> None:
    """A folder in the place of the file is an error that names it, and nothing is written."""
    file.mkdir()
    for mode in ("r", "a", "w", "w+"):
        with pytest.raises((OSError, LazyscribeError), match=r"repository\.json"):
            Repository(file, mode)
    assert tree(file.parent) == {}


def test_file_where_the_folder_should_be(tmp_path: Path, clock: Clock) -> None:
    """A file in the place of the folder cannot be saved to: `SaveError` or an `OSError` on opening; it stays."""
    (tmp_path / "blocked").write_text("a file")
    with pytest.raises((OSError, SaveError), match="blocked"):
        Repository(tmp_path / "blocked" / "repository.json").save()
    assert tree(tmp_path) == {"blocked": b"a file"}


def test_folder_appears_while_open(file: Path) -> None:
    """A folder that appears in the place of the file makes the save fail; it works once the folder is gone."""
    repository = Repository(file)
    repository.log_artifact("x", 1, "json")
    file.mkdir()
    with pytest.raises(SaveError):
        repository.save()
    assert tree(file.parent) == {}
    assert repository.artifacts[0].dirty
    file.rmdir()
    repository.save()
    assert opened(file).load_artifact("x") == 1


def test_file_where_a_version_should_go(three: Path) -> None:
    """A file in the place of a version's folder makes the save fail, and takes nothing along."""
    (three.parent / "y").write_text("in the way")
    repository = opened(three, "w+")
    repository.log_artifact("x", 3, "json")
    repository.log_artifact("y", 1, "json")
    before = tree(three.parent)
    with pytest.raises(SaveError, match="'y'"):
        repository.save()
    assert tree(three.parent) == before
    assert [each.dirty for each in repository.artifacts] == [False] * 3 + [True] * 2
    (three.parent / "y").unlink()
    repository.save()
    assert opened(three).load_artifact("y") == 1
    assert opened(three).load_artifact("x") == 3
