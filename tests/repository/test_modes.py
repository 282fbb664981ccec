"""What each mode allows, and what it loads."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Repository
from lazyscribe.exception import ConflictError, LazyscribeError, ReadOnlyError
from tests.clock import Clock
from tests.repository.tools import artifact, opened, tree, values

Change = Callable[[Repository], object]

ADDITIONS: dict[str, Change] = {
    "log": lambda repository: repository.log_artifact("y", 1, "json"),
    "append": lambda repository: repository.artifacts.append(artifact("y", 1)),
    "insert": lambda repository: repository.artifacts.insert(0, artifact("y", 1)),
    "extend": lambda repository: repository.artifacts.extend([artifact("y", 1)]),
    "add a slice": lambda repository: repository.artifacts.__setitem__(slice(3, 3), [artifact("y", 1)]),
}
ALTERATIONS: dict[str, Change] = {
    "expiry": lambda repository: repository.set_artifact_expiry("x", version=0),
    "delete": lambda repository: repository.artifacts.__delitem__(0),
    "delete a slice": lambda repository: repository.artifacts.__delitem__(slice(None)),
    "remove": lambda repository: repository.artifacts.remove(repository.artifacts[0]),
    "pop": lambda repository: repository.artifacts.pop(),
    "clear": lambda repository: repository.artifacts.clear(),
    "assign an item": lambda repository: repository.artifacts.__setitem__(0, artifact("y", 1)),
    "assign a slice": lambda repository: repository.artifacts.__setitem__(slice(0, 2), [artifact("y", 1)]),
    "assign all": lambda repository: setattr(repository, "artifacts", [artifact("y", 1)]),
}


@pytest.mark.parametrize("mode", ["r", "a", "w", "w+"])
def test_missing_file(file: Path, mode: Any) -> None:
    """A missing file opens empty in every mode, and opening writes nothing."""
    repository = opened(file, mode)
    assert list(repository.artifacts) == []
    assert bool(repository)
    assert tree(file.parent) == {}


@pytest.mark.parametrize("mode", ["", "x", "r+", "rw", "W", None, 1])
def test_unknown_mode(file: Path, mode: Any) -> None:
    """Another mode is a `ValueError` of ours that names it."""
    with pytest.raises(ValueError, match="is not a mode") as caught:
        Repository(file, mode)
    assert isinstance(caught.value, LazyscribeError)
    assert repr(mode) in str(caught.value)


def test_default_mode(file: Path) -> None:
    """The file is `repository.json` and the mode `w+` unless told otherwise."""
    assert Repository().fpath == Path("repository.json")
    assert Repository(file).mode == "w+"


def test_attributes(file: Path, memory: str) -> None:
    """Path without its scheme, folder, protocol, options and file system are attributes."""
    local, remote = Repository(file), Repository(f"{memory}/repository.json", storage_option=1)
    assert (local.fpath, local.dir, local.protocol, local.storage_options) == (file, file.parent, "file", {})
    assert (remote.protocol, remote.storage_options) == ("memory", {"storage_option": 1})
    assert "memory:" not in str(remote.fpath)
    assert remote.fpath.name == "repository.json"
    assert remote.dir == remote.fpath.parent
    assert "file" in local.fs.protocol
    assert remote.fs.protocol == "memory"
    assert not hasattr(local, "author")
    assert not hasattr(local, "experiments")


@pytest.mark.parametrize("change", [*ADDITIONS, *ALTERATIONS])
def test_reading_refuses_every_change(three: Path, change: str) -> None:
    """In mode `r` every change is a `ReadOnlyError` and leaves memory and disk as they were."""
    repository, before = opened(three, "r"), tree(three.parent)
    with pytest.raises(ReadOnlyError, match="mode"):
        {**ADDITIONS, **ALTERATIONS}[change](repository)
    assert [each["expiry"] for each in repository] == [None] * 3
    assert values(repository) == [0, 1, 2]
    assert tree(three.parent) == before


def test_reading_refuses_to_save(three: Path) -> None:
    """In mode `r` saving is a `ReadOnlyError`."""
    before = three.read_bytes()
    with pytest.raises(ReadOnlyError):
        opened(three, "r").save()
    assert three.read_bytes() == before


@pytest.mark.parametrize("change", ADDITIONS)
@pytest.mark.parametrize("mode", ["a", "w+"])
def test_additions_join(three: Path, mode: Any, change: str) -> None:
    """In modes `a` and `w+` new versions join in every way, and what was there stays."""
    repository = opened(three, mode)
    ADDITIONS[change](repository)
    assert [each["name"] for each in opened(three)] == ["x"] * 3, "nothing is written before save()"
    repository.save()
    after = opened(three)
    assert sorted(each["name"] for each in after) == ["x", "x", "x", "y"]
    assert values(after) == [0, 1, 2]
    assert values(after, "y") == [1]


@pytest.mark.parametrize("change", ADDITIONS)
def test_additions_replace(three: Path, change: str) -> None:
    """In mode `w` nothing is loaded, and the first save leaves only what is new."""
    repository = opened(three, "w")
    assert len(repository.artifacts) == 0
    ADDITIONS[change](repository)
    assert len(opened(three).artifacts) == 3
    repository.save()
    assert [(each["name"], each["version"]) for each in opened(three)] == [("y", 0)]
    assert values(opened(three), "y") == [1]


@pytest.mark.parametrize("change", ALTERATIONS)
def test_appending_alters_nothing(three: Path, change: str) -> None:
    """In mode `a` a version that is in the file stays as it is: each alteration is a `ReadOnlyError`."""
    repository = opened(three, "a")
    with pytest.raises(ReadOnlyError, match="mode='a'"):
        ALTERATIONS[change](repository)
    repository.save()
    assert [each["expiry"] for each in opened(three)] == [None] * 3
    assert values(opened(three)) == [0, 1, 2]


def test_appending_saves_no_attribute(three: Path) -> None:
    """In mode `a` an attribute that is set on a loaded version is not saved."""
    repository, before = opened(three, "a"), three.read_bytes()
    repository.artifacts[0].expiry = datetime(2030, 1, 1)
    repository.save()
    assert three.read_bytes() == before


def test_appending_may_withdraw_its_own(three: Path) -> None:
    """In mode `a` a version that is not saved yet may expire and be taken back."""
    repository = opened(three, "a")
    repository.log_artifact("y", 1, "json")
    repository.log_artifact("y", 2, "json")
    repository.set_artifact_expiry("y", version=0, expiry="2030-01-01")
    repository.artifacts.pop()
    repository.save()
    assert [(each["name"], each["expiry"]) for each in opened(three)][3:] == [("y", "2030-01-01T00:00:00")]


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ("expiry", [("x", 0, "2025-01-23T13:23:30"), ("x", 1, None), ("x", 2, None)]),
        ("delete", [("x", 1, None), ("x", 2, None)]),
        ("delete a slice", []),
        ("remove", [("x", 1, None), ("x", 2, None)]),
        ("pop", [("x", 0, None), ("x", 1, None)]),
        ("clear", []),
        ("assign an item", [("y", 0, None), ("x", 1, None), ("x", 2, None)]),
        ("assign a slice", [("y", 0, None), ("x", 2, None)]),
        ("assign all", [("y", 0, None)]),
    ],
)
def test_editing(three: Path, change: str, left: list[Any]) -> None:
    """In mode `w+` versions may expire and be removed; the file tells it after the save, not before."""
    repository, before = opened(three, "w+"), three.read_bytes()
    ALTERATIONS[change](repository)
    assert three.read_bytes() == before
    repository.save()
    assert [(each["name"], each["version"], each["expiry"]) for each in opened(three)] == left
    for name, number, _ in left:
        assert opened(three).load_artifact(name, version=number) == (1 if name == "y" else number)


def test_replacing_once(three: Path, clock: Clock) -> None:
    """After its first save, mode `w` goes on like `w+`: versions join, expire, and are removed."""
    repository = opened(three, "w")
    repository.log_artifact("x", "a", "json")
    repository.save()
    other = opened(three, "a")
    other.log_artifact("z", "from elsewhere", "json")
    other.save()
    repository.log_artifact("x", "b", "json")
    repository.set_artifact_expiry("x", version=0)
    repository.save()
    after = opened(three)
    assert [(each["name"], each["version"]) for each in after] == [("x", 0), ("z", 0), ("x", 1)]
    assert after.get_artifact_metadata("x", version=0)["expiry"] is not None
    assert values(after) == ["a", "b"]


def test_replacing_with_nothing(three: Path) -> None:
    """In mode `w` a save without versions leaves an empty list."""
    opened(three, "w").save()
    assert three.read_bytes() == b"[]"


def test_replacing_leaves_the_file_until_saved(three: Path) -> None:
    """Opening with mode `w` changes nothing on disk."""
    before = tree(three.parent)
    opened(three, "w").log_artifact("x", 9, "json")
    assert tree(three.parent) == before


@pytest.mark.parametrize("damage", [b"", b"[{", b"\xff\x00", b"{}", b"[1]", b"[" * 100_000])
def test_replacing_a_damaged_file(file: Path, damage: bytes) -> None:
    """Mode `w` replaces a damaged file, too."""
    file.write_bytes(damage)
    repository = opened(file, "w")
    repository.log_artifact("x", 1, "json")
    assert file.read_bytes() == damage
    repository.save()
    assert values(opened(file)) == [1]


@pytest.mark.parametrize("start", ["missing", "saved", "damaged"])
def test_replacing_what_somebody_saved_since(file: Path, start: str) -> None:
    """Mode `w` replaces only what was there on opening: `ConflictError` if someone saved since."""
    if start == "saved":
        opened(file, "w").save()
    elif start == "damaged":
        file.write_bytes(b"broken")
    repository = opened(file, "w")
    repository.log_artifact("x", "mine", "json")
    other = opened(file, "w")
    other.log_artifact("x", "theirs", "json")
    other.save()
    before = tree(file.parent)
    with pytest.raises(ConflictError, match=r"repository\.json"):
        repository.save()
    assert tree(file.parent) == before
    assert repository.artifacts[0].dirty
    assert repository.artifacts[0].value == "mine"
    assert values(opened(file)) == ["theirs"]


def test_load_forgets_what_is_not_saved(three: Path) -> None:
    """`load()` reads the file again; what was not saved is gone."""
    repository = opened(three, "w+")
    repository.log_artifact("y", 1, "json")
    repository.load()
    assert [each["name"] for each in repository] == ["x"] * 3
    repository.load()
    assert values(repository) == [0, 1, 2]
