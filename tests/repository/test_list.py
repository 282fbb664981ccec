"""`artifacts` as a list, and the repository as a mapping of names."""

from collections.abc import MutableSequence
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Repository
from lazyscribe.artifacts.json import JSONArtifact
from lazyscribe.exception import LazyscribeError
from tests.repository.tools import artifact, opened, values


def versions(repository: Repository) -> list[int]:
    return [each.version for each in repository.artifacts]


def test_same_place_same_object(three: Path) -> None:
    """The same index gives the same object each time, however it is reached."""
    repository = opened(three, "w+")
    first, last = repository.artifacts[0], repository.artifacts[-1]
    assert isinstance(first, JSONArtifact)
    assert repository.artifacts[0] is first
    assert repository.artifacts[:1][0] is first
    assert next(iter(repository.artifacts)) is first
    assert repository["x"] is first
    assert last is repository.artifacts[2]
    repository.set_artifact_expiry("x", version=0)
    repository.log_artifact("y", 1, "json")
    new = repository.artifacts[3]
    repository.save()
    assert repository.artifacts[0] is first
    assert repository.artifacts[3] is new


def test_identity_outlives_what_others_save(three: Path) -> None:
    """An object stays the one at its place when a save takes in what others saved."""
    repository, other = opened(three, "w+"), opened(three, "w+")
    first = repository.artifacts[0]
    other.log_artifact("y", 1, "json")
    other.set_artifact_expiry("x", version=0, expiry="2030-01-01")
    other.save()
    repository.log_artifact("z", 1, "json")
    repository.save()
    assert repository.artifacts[0] is first
    assert first.expiry is not None
    assert [each["name"] for each in repository] == ["x", "x", "x", "y", "z"]


def test_is_list_like(three: Path) -> None:
    """Length, truth, slices, concatenation, copies and the text are those of a list."""
    listed = opened(three).artifacts
    plain = list(listed)
    assert isinstance(listed, MutableSequence)
    assert len(listed) == 3
    assert listed
    assert isinstance(listed[0:2], list)
    for part in (slice(None), slice(1, None), slice(None, None, -1), slice(0, 3, 2), slice(5, 9)):
        assert [id(each) for each in listed[part]] == [id(each) for each in plain[part]]
    assert [id(each) for each in reversed(listed)] == [id(each) for each in reversed(plain)]
    assert repr(listed) == repr(plain)
    for position in (3, -4, 10**20):
        with pytest.raises(IndexError):
            listed[position]
    with pytest.raises(TypeError):
        listed["x"]  # type: ignore[call-overload]


def test_compares_with_lists(three: Path) -> None:
    """It compares equal to a list of equal artifacts, and to another one; the eight fields take no part."""
    listed = opened(three).artifacts
    assert listed == list(listed)
    assert list(listed) == listed
    assert listed == opened(three).artifacts
    assert listed == [artifact("other") for _ in range(3)]
    assert listed != [artifact()]
    assert listed != tuple(listed)
    assert listed != [1, 2, 3]
    assert opened(three.with_name("none.json")).artifacts == []


def test_index_and_remove_take_the_very_object(three: Path) -> None:
    """`index` and `remove` take the very object: one that is equal is a `ValueError` of ours."""
    repository = opened(three, "w+")
    middle, twin = repository.artifacts[1], artifact("x", version=1)
    assert twin == middle
    assert repository.artifacts.index(middle) == 1
    for ask in (repository.artifacts.index, repository.artifacts.remove):
        with pytest.raises(ValueError) as caught:
            ask(twin)
        assert isinstance(caught.value, LazyscribeError)
    with pytest.raises(ValueError):
        repository.artifacts.index(middle, 2)
    with pytest.raises(ValueError):
        repository.artifacts.index(middle, 0, 1)
    assert repository.artifacts.index(middle, -2) == 1
    repository.artifacts.remove(middle)
    assert versions(repository) == [0, 2]
    with pytest.raises(ValueError):
        repository.artifacts.remove(middle)


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (0, [9, 0, 1, 2]),
        (1, [0, 9, 1, 2]),
        (3, [0, 1, 2, 9]),
        (99, [0, 1, 2, 9]),
        (-1, [0, 1, 9, 2]),
        (-3, [9, 0, 1, 2]),
        (-99, [9, 0, 1, 2]),
    ],
)
def test_insert(three: Path, index: int, expected: list[int]) -> None:
    """`insert` puts it where a list would, and the file keeps that order."""
    repository = opened(three, "w+")
    repository.artifacts.insert(index, artifact("x", 9, version=9))
    plain = [0, 1, 2]
    plain.insert(index, 9)
    assert versions(repository) == plain == expected
    repository.save()
    assert versions(opened(three)) == expected
    assert values(opened(three)) == [0, 1, 2, 9]


@pytest.mark.parametrize("part", [slice(0, 1), slice(1, 1), slice(None), slice(None, None, 2), slice(2, 0, -1)])
def test_slices_are_assigned(three: Path, part: slice) -> None:
    """Slices are assigned and deleted as in a list, extended ones too."""
    repository = opened(three, "w+")
    plain: list[Any] = [0, 1, 2]
    count = len(plain[part])
    new = [artifact("x", 10 + number, version=10 + number) for number in range(count)]
    plain[part] = [10 + number for number in range(count)]
    repository.artifacts[part] = new
    assert versions(repository) == plain
    repository.save()
    assert values(opened(three)) == sorted(plain)
    del repository.artifacts[part]
    del plain[part]
    repository.save()
    assert versions(opened(three)) == plain


def test_slice_of_the_wrong_length(three: Path) -> None:
    """An extended slice of another length is a `ValueError`, and nothing changes."""
    repository = opened(three, "w+")
    with pytest.raises(ValueError):
        repository.artifacts[::2] = [artifact()]
    assert versions(repository) == [0, 1, 2]


@pytest.mark.parametrize("thing", [None, 1, "x", {"name": "x"}])
def test_only_artifacts_join(three: Path, thing: Any) -> None:
    """Something that is no artifact is refused with a `ValueError` of ours, and nothing changes."""
    repository = opened(three, "w+")
    for put in (
        lambda: repository.artifacts.append(thing),
        lambda: repository.artifacts.insert(0, thing),
        lambda: repository.artifacts.__setitem__(0, thing),
        lambda: setattr(repository, "artifacts", [thing]),
    ):
        with pytest.raises(ValueError) as caught:
            put()
        assert isinstance(caught.value, LazyscribeError)
    assert versions(repository) == [0, 1, 2]


def test_iterating_while_logging(three: Path) -> None:
    """An iteration goes over the state at its start."""
    repository = opened(three, "w+")
    seen = []
    for each in repository.artifacts:
        seen.append(each.version)
        repository.log_artifact("x", 1, "json")
    assert seen == [0, 1, 2]
    assert len(repository.artifacts) == 6


def test_by_name(three: Path) -> None:
    """`repository[name]` is the first of that name, `KeyError` if there is none; `in` tells names."""
    repository = opened(three, "w+")
    repository.log_artifact("y", 1, "json")
    assert repository["x"] is repository.artifacts[0]
    assert repository["y"] is repository.artifacts[3]
    assert "x" in repository
    assert "y" in repository
    for name in ("z", "X", "", 0, None, repository.artifacts[0]):
        assert name not in repository
    for missing in ("z", "", 0, None):
        with pytest.raises(KeyError) as caught:
            repository[missing]  # type: ignore[index]
        assert isinstance(caught.value, LazyscribeError)


def test_iteration_yields_dictionaries(three: Path) -> None:
    """Iterating over a repository yields a dictionary per version, in the order of the file."""
    repository = opened(three)
    assert [type(each) for each in repository] == [dict] * 3
    assert list(repository) == [repository.get_artifact_metadata("x", number) for number in range(3)]
    assert [each["version"] for each in repository] == [0, 1, 2]


def test_renaming_by_hand(file: Path) -> None:
    """A version whose name, number or date is assigned is found under the new ones at once."""
    repository = Repository(file)
    repository.log_artifact("x", 1, "json")
    assert "x" in repository
    repository.artifacts[0].name = "y"
    repository.artifacts[0].version = 5
    assert "x" not in repository
    assert repository._search_artifact_versions("y", 5) is repository["y"]
    repository.save()
    assert opened(file).load_artifact("y", version=5) == 1
