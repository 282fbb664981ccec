"""What is known of each file, and what happens to one that changed."""

import getpass
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Project, Repository
from lazyscribe.artifacts.json import JSONArtifact
from lazyscribe.exception import ArtifactLoadError, CorruptArtifactError
from tests.clock import Clock
from tests.commit.states import told_of
from tests.repository.tools import facts_of, opened, tree

FIRST = "x-20250120132330.json"


def test_every_file_has_them(file: Path, clock: Clock) -> None:
    """Every file written has its digest, size and author beside it, with the record's date and handler."""
    repository = Repository(file)
    repository.log_artifact("x", "é" * 10, "json", ensure_ascii=False)
    repository.log_artifact("x", 2, "json")
    repository.log_artifact("a/b", [1] * 1000, "pickle", fname="sub/p.bin")
    repository.log_artifact("empty", b"", "pickle")
    repository.save()
    for each in repository:
        path = file.parent / each["name"] / each["fname"]
        data = path.read_bytes()
        (told,) = told_of(file.parent, path)
        assert told == {
            "sha256": hashlib.sha256(data).hexdigest(),
            "size": len(data),
            "author": getpass.getuser(),
            "created_at": "2025-01-20T13:23:30",
            "handler": each["handler"],
        }
    assert len(list((file.parent / ".lazyscribe" / "facts").rglob("*.json"))) == 2
    assert len(list((file.parent / ".lazyscribe" / "packs").rglob("*.json"))) == 1, "those of one folder lie together"


def test_the_file_of_records_tells_none(three: Path) -> None:
    """The records hold exactly the keys of 2.2; all else lies under `.lazyscribe`."""
    assert {key for each in json.loads(three.read_bytes()) for key in each} == {
        "created_at",
        "expiry",
        "fname",
        "handler",
        "name",
        "version",
    }
    assert {name.split("/")[0] for name in tree(three.parent)} == {"repository.json", "x", ".lazyscribe"}


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("validate", [False, True])
def test_flipped_byte(three: Path, again: bool, validate: bool) -> None:
    """A flipped byte is a `CorruptArtifactError` that names path, expected and found, with or without validation."""
    repository = opened(three, "r" if again else "w+")
    stored = three.parent / "x" / FIRST
    expected = hashlib.sha256(stored.read_bytes()).hexdigest()
    stored.write_bytes(b"7")
    with pytest.raises(CorruptArtifactError) as caught:
        repository.load_artifact("x", version=0, validate=validate)
    error = caught.value
    assert isinstance(error, ArtifactLoadError)
    assert (error.path, error.expected, error.found) == (str(stored), expected, hashlib.sha256(b"7").hexdigest())
    assert all(part in str(error) for part in (error.path, error.expected, error.found, "'x'"))
    assert repository.load_artifact("x", version=1) == 1


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + b" ", lambda data: b""])
def test_other_length(file: Path, clock: Clock, change: Callable[[bytes], bytes]) -> None:
    """A file that was cut, extended or emptied is found, too, before its handler sees it."""
    repository = Repository(file)
    repository.log_artifact("p", [1, 2, 3], "pickle", fname="p")
    repository.save()
    stored = file.parent / "p" / "p"
    stored.write_bytes(change(stored.read_bytes()))
    with pytest.raises(CorruptArtifactError):
        opened(file).load_artifact("p")


@pytest.mark.parametrize(
    "foreign",
    [
        None,
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"3",
        b"{}",
        b'{"sha256": "00"}',
        b'{"sha256": "0", "size": 1, "author": "a", "created_at": "c", "handler": "json", "more": 1}',
        b"[" * 100_000,
        "folder",
    ],
    ids=lambda value: str(value)[:20],
)
def test_missing_or_foreign_facts(three: Path, foreign: Any) -> None:
    """Missing or foreign facts are unknown: the version loads, even if its file has changed."""
    facts = facts_of(three, "x", FIRST)
    facts.unlink()
    if foreign == "folder":
        facts.mkdir()
    elif foreign is not None:
        facts.write_bytes(foreign)
    (three.parent / "x" / FIRST).write_text('"rewritten"')
    assert opened(three).load_artifact("x", version=0) == "rewritten"
    repository = opened(three, "w+")
    repository.log_artifact("x", 3, "json")
    repository.save()
    assert opened(three).load_artifact("x", version=3) == 3


@pytest.fixture
def pack(file: Path, clock: Clock) -> Path:
    """The one file that holds the facts of versions 0, 1, 2 of `x`, which hold 0, 1, 2 and were saved together."""
    repository = Repository(file)
    for number in range(3):
        repository.log_artifact("x", number, "json", fname=f"{number}.json")
    repository.save()
    (found,) = (file.parent / ".lazyscribe" / "packs" / "x").iterdir()
    return found


def test_a_pack_tells_of_each_file(pack: Path, file: Path) -> None:
    """A flipped byte in any of the files that were saved together is found, by whoever opens the repository next."""
    for number in range(3):
        stored = file.parent / "x" / f"{number}.json"
        stored.write_bytes(b"7")
        with pytest.raises(CorruptArtifactError):
            opened(file).load_artifact("x", version=number)
        stored.write_text(str(number))
        assert opened(file).load_artifact("x", version=number) == number


@pytest.mark.parametrize(
    "foreign",
    [None, b"", b"\xff\xfe", b"null", b"[]", b"{}", b'{"0.json": 3}', b'{"0.json": {"sha256": "00"}}', "folder"],
    ids=lambda value: str(value)[:20],
)
def test_missing_or_foreign_packs(pack: Path, file: Path, foreign: Any) -> None:
    """Where a pack is missing or no pack of ours, nothing is known: versions load, and others are saved."""
    pack.unlink()
    if foreign == "folder":
        pack.mkdir()
    elif foreign is not None:
        pack.write_bytes(foreign)
    (file.parent / "x" / "0.json").write_text('"rewritten"')
    assert opened(file).load_artifact("x", version=0) == "rewritten"
    repository = opened(file, "w+")
    for value in ("one", "more"):
        repository.log_artifact("x", value, "json")
    repository.save()
    assert opened(file).load_artifact("x", version=4) == "more"


def test_a_pack_that_was_not_whole_yet(pack: Path, file: Path) -> None:
    """A pack that was empty when it was looked at, as one may be for a moment, is looked at again."""
    whole = pack.read_bytes()
    pack.write_bytes(b"")
    repository = opened(file)
    assert repository.load_artifact("x", version=0) == 0
    pack.write_bytes(whole)
    (file.parent / "x" / "0.json").write_text("7")
    with pytest.raises(CorruptArtifactError):
        repository.load_artifact("x", version=0)


@pytest.mark.parametrize(("key", "other"), [("created_at", "2025-01-20T13:23:31"), ("handler", "pickle")])
def test_a_pack_of_another_write(pack: Path, file: Path, key: str, other: str) -> None:
    """Facts in a pack whose date or handler differ from the record belong to another write of that path: unknown."""
    told = json.loads(pack.read_bytes())
    told["0.json"][key] = other
    pack.write_text(json.dumps(told))
    (file.parent / "x" / "0.json").write_text('"rewritten"')
    assert opened(file).load_artifact("x", version=0) == "rewritten"


def test_the_later_of_two_packs_counts(pack: Path, file: Path) -> None:
    """If two packs tell of one write of a path, as after a file was removed by hand, the later one is believed."""
    told = json.loads(pack.read_bytes())
    told["0.json"]["sha256"] = hashlib.sha256(b'"again"').hexdigest()
    pack.with_name(f"9{pack.name[1:]}").write_text(json.dumps(told))
    (file.parent / "x" / "0.json").write_text('"again"')
    assert opened(file).load_artifact("x", version=0) == "again"
    told["0.json"]["sha256"] = "0"
    pack.with_name(f"0{pack.name[1:]}").write_text(json.dumps(told))
    assert opened(file).load_artifact("x", version=0) == "again"


def test_own_facts_count_before_packs(pack: Path, file: Path) -> None:
    """A file of a pack that is replaced under its name has facts of its own, which are believed."""
    repository = opened(file, "w")
    repository.log_artifact("x", "new", "json", fname="0.json")
    repository.save()
    assert opened(file).load_artifact("x") == "new"
    (file.parent / "x" / "0.json").write_text('"old"')
    with pytest.raises(CorruptArtifactError):
        opened(file).load_artifact("x")


@pytest.mark.parametrize("first", [1, 2], ids=["facts of its own", "facts in a pack"])
def test_a_file_that_is_about_to_be_replaced_still_loads(first: int, tmp_path: Path, clock: Clock) -> None:
    """Until a save has replaced a file within the second, the old one is what its facts tell of."""

    class Looking(JSONArtifact):
        alias = "loads another one when it is written"

        @classmethod
        def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
            kept = Project(tmp_path / "project.json", mode="r")["run"]
            super().write(kept.load_artifact("x"), buf)

    project = Project(tmp_path / "project.json", mode="w+")
    with project.log("run") as run:
        for name in ("x", "y")[:first]:
            run.log_artifact(name, f"old {name}", "json", fname=f"{name}.json")
    project.save()
    run.log_artifact("x", "new", "json", fname="x.json", overwrite=True)
    with run.log_test("later") as later:
        later.log_artifact("found", None, Looking.alias)
    project.save()
    assert later.load_artifact("found") == "old x"
    assert Project(tmp_path / "project.json", mode="r")["run"].load_artifact("x") == "new"


def test_no_facts_at_all(three: Path) -> None:
    """A folder without `.lazyscribe`, as 2.2 leaves it, loads; reading makes none."""
    (three.parent / ".lazyscribe").rename(three.parent.parent / "gone")
    before = tree(three.parent)
    assert [opened(three).load_artifact("x", version=number) for number in range(3)] == [0, 1, 2]
    assert tree(three.parent) == before
    (three.parent / ".lazyscribe").write_text("a file")
    assert opened(three).load_artifact("x") == 2


@pytest.mark.parametrize(("key", "other"), [("created_at", "2025-01-20T13:23:31"), ("handler", "pickle")])
def test_facts_of_another_write(three: Path, key: str, other: str) -> None:
    """Facts whose date or handler differ from the record belong to another write of that path: unknown."""
    facts = facts_of(three, "x", FIRST)
    told = json.loads(facts.read_bytes())
    facts.write_text(json.dumps({**told, key: other}))
    (three.parent / "x" / FIRST).write_text('"rewritten"')
    assert opened(three).load_artifact("x", version=0) == "rewritten"


def test_a_path_that_is_written_again(file: Path, clock: Clock) -> None:
    """A path that is written again has the facts of the later write."""
    for value in ("old", "new"):
        repository = opened(file, "w")
        repository.log_artifact("x", value, "json", fname="f.json")
        repository.save()
        clock.tick()
    told = {each["created_at"]: each["sha256"] for each in told_of(file.parent, file.parent / "x/f.json")}
    assert told["2025-01-21T13:23:30"] == hashlib.sha256(b'"new"').hexdigest()
    assert opened(file).verify().counts["verified"] == 1


@pytest.mark.parametrize(("size", "kept"), [(10, True), (2**20 - 2, True), (2**20 - 1, False), (2**20 + 10, False)])
def test_large_values_are_let_go(file: Path, clock: Clock, size: int, kept: bool) -> None:
    """A value whose file is over 1 MiB is let go after the save, not before, and loads again."""
    value = "x" * size
    repository = Repository(file)
    repository.log_artifact("x", value, "json")
    assert repository["x"].value == value
    repository.save()
    assert repository["x"].value == (value if kept else None)
    assert repository.load_artifact("x") == value
    repository.save()
    assert opened(file).load_artifact("x") == value


def test_large_values_stay_when_the_save_fails(file: Path, clock: Clock) -> None:
    """A save that fails lets nothing go."""
    repository = Repository(file)
    repository.log_artifact("x", "x" * 2**21, "json")
    repository.log_artifact("bad", {1}, "json")
    with pytest.raises(Exception, match="bad"):
        repository.save()
    assert len(repository["x"].value) == 2**21
    del repository.artifacts[1]
    repository.save()
    assert len(opened(file).load_artifact("x")) == 2**21


def test_value_after_opening(three: Path) -> None:
    """An artifact of a file that was opened has no value until it is loaded, and none after."""
    repository = opened(three)
    assert isinstance(repository["x"], JSONArtifact)
    assert repository["x"].value is None
    assert not repository["x"].dirty
    repository.load_artifact("x", version=0)
    assert repository["x"].value is None
