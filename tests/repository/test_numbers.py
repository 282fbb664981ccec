"""Numbers of versions: given when logged, final when saved."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lazyscribe import Repository
from lazyscribe.exception import SaveError
from tests.clock import Clock
from tests.repository.tools import opened, values

Records = Callable[[], list[dict[str, Any]]]


def numbers(repository: Repository) -> list[tuple[str, int]]:
    return [(each["name"], each["version"]) for each in repository]


def test_each_name_counts_from_zero(file: Path, clock: Clock) -> None:
    """The versions of each name count 0, 1, 2…, across saves and openings."""
    repository = Repository(file)
    for name in "xyxx":
        repository.log_artifact(name, name, "json")
        clock.tick()
    assert numbers(repository) == [("x", 0), ("y", 0), ("x", 1), ("x", 2)]
    repository.save()
    repository.log_artifact("x", 3, "json")
    repository.save()
    again = opened(file, "a")
    again.log_artifact("x", 4, "json")
    again.log_artifact("y", 1, "json")
    again.save()
    assert numbers(opened(file))[4:] == [("x", 3), ("x", 4), ("y", 1)]


def test_after_the_highest(three: Path) -> None:
    """The next number follows the highest there is, not the count."""
    repository = opened(three, "w+")
    del repository.artifacts[0:2]
    repository.log_artifact("x", 3, "json")
    assert numbers(repository) == [("x", 2), ("x", 3)]


@pytest.mark.parametrize("apart", [0, 1, 86400])
def test_the_later_saver_moves(file: Path, clock: Clock, records: Records, apart: int) -> None:
    """Of two handles that log the same name, the later saver's versions move to the next numbers."""
    one, two = Repository(file), Repository(file)
    for number in range(2):
        two.log_artifact("x", f"two {number}", "json")
        two.log_artifact("y", "only two", "json")
        clock.tick(seconds=apart)
    for number in range(3):
        one.log_artifact("x", f"one {number}", "json")
        clock.tick(seconds=apart)
    one.save()
    assert [each["version"] for each in two if each["name"] == "x"] == [0, 1], "provisional"
    two.save()
    assert [each["version"] for each in one if each["name"] == "x"] == [0, 1, 2], "saved ones never move"
    assert [each.version for each in two.artifacts if each.name == "x" and str(each.value)[:3] == "two"] == [3, 4]
    assert values(opened(file)) == ["one 0", "one 1", "one 2", "two 0", "two 1"]
    assert values(two) == values(opened(file))
    assert [each["version"] for each in records() if each["name"] == "y"] == [0, 1]


def test_numbers_stay_when_the_save_fails(file: Path) -> None:
    """A failing save leaves the provisional numbers and every flag as they were, and can be tried again."""
    one, two = Repository(file), Repository(file)
    one.log_artifact("x", "one", "json")
    two.log_artifact("x", "two", "json")
    two.log_artifact("bad", {1, 2}, "json")
    one.save()
    with pytest.raises(SaveError, match="bad"):
        two.save()
    assert numbers(two) == [("x", 0), ("bad", 0)]
    assert all(each.dirty for each in two.artifacts)
    two.artifacts.pop()
    two.save()
    assert values(opened(file)) == ["one", "two"]


def test_one_handle_sees_the_other_after_its_save(three: Path) -> None:
    """Saving takes in what others saved, and keeps it in the file."""
    one, two = opened(three, "w+"), opened(three, "w+")
    one.log_artifact("y", "one", "json")
    one.save()
    two.log_artifact("z", "two", "json")
    two.save()
    assert [name for name, _ in numbers(two)] == ["x", "x", "x", "y", "z"]
    assert numbers(opened(three)) == numbers(two)
    assert two.load_artifact("y") == "one"


@pytest.mark.parametrize("shuffle", ["reverse", "pop and append", "swap", "sort", "slice"])
def test_saved_versions_never_move(three: Path, clock: Clock, shuffle: str) -> None:
    """Versions that are put into another order keep their numbers, although somebody saved meanwhile."""
    one, two = opened(three, "w+"), opened(three, "w+")
    two.log_artifact("x", 3, "json")
    two.save()
    listed = one.artifacts
    if shuffle == "reverse":
        listed.reverse()
    elif shuffle == "pop and append":
        listed.append(listed.pop(0))
    elif shuffle == "swap":
        listed[0], listed[2] = listed[2], listed[0]
    elif shuffle == "sort":
        listed.sort(key=lambda each: -each.version)
    else:
        listed[:] = listed[::-1]
    clock.tick()
    one.log_artifact("x", 4, "json")
    one.save()
    assert sorted(numbers(opened(three))) == [("x", number) for number in range(5)]
    assert values(opened(three)) == [0, 1, 2, 3, 4]


def test_order_of_the_file_is_kept(three: Path) -> None:
    """The file keeps the order of the list."""
    repository = opened(three, "w+")
    repository.artifacts.sort(key=lambda each: -each.version)
    repository.save()
    assert numbers(opened(three)) == [("x", 2), ("x", 1), ("x", 0)]
    assert values(opened(three)) == [0, 1, 2]


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["log x", "log y", "save", "wait", "reopen"])), max_size=16)
)
def test_any_interleaving(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str]]) -> None:
    """However three handles log and save in turns, every saved value is there once under a number of its own."""
    file = tmp_path_factory.mktemp("numbers") / "repository.json"
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock(patch)
        handles = [Repository(file) for _ in range(3)]
        waiting: list[list[tuple[str, int]]] = [[], [], []]
        saved: list[tuple[str, int]] = []
        for count, (who, step) in enumerate(steps):
            if step == "wait":
                clock.tick(seconds=0.4)
            elif step == "reopen":
                handles[who], waiting[who] = Repository(file), []
            elif step == "save":
                handles[who].save()
                saved += waiting[who]
                waiting[who] = []
            else:
                handles[who].log_artifact(step[-1], count, "json")
                waiting[who].append((step[-1], count))
    after = opened(file)
    pairs = numbers(after)
    assert len(set(pairs)) == len(pairs) == len(saved)
    assert sorted((name, after.load_artifact(name, version=number)) for name, number in pairs) == sorted(saved)
    for name in "xy":
        assert sorted(number for each, number in pairs if each == name) == list(range(len(values(after, name))))
