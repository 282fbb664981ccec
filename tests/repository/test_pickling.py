"""Repositories travel to other processes."""

import copy
import pickle
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

from lazyscribe import Repository
from lazyscribe.exception import ReadOnlyError, SaveError
from tests.clock import Clock
from tests.repository.tools import opened, values


@pytest.fixture(params=["pickle", "cloudpickle", "deepcopy"])
def travelled(request: pytest.FixtureRequest) -> Any:
    return {
        "pickle": lambda it: pickle.loads(pickle.dumps(it)),
        "cloudpickle": lambda it: pickle.loads(cloudpickle.dumps(it)),
        "deepcopy": copy.deepcopy,
    }[request.param]


@pytest.mark.parametrize("mode", ["r", "a", "w+"])
@pytest.mark.parametrize("touched", [False, True])
def test_opened(three: Path, travelled: Any, mode: Any, touched: bool) -> None:
    """A repository travels with its versions, looked at or not."""
    repository = opened(three, mode)
    if touched:
        assert len(list(repository.artifacts)) == 3
    there = travelled(repository)
    assert type(there) is Repository
    assert (there.fpath, there.mode, there.protocol) == (repository.fpath, mode, "file")
    assert list(there) == list(repository)
    assert values(there) == [0, 1, 2]
    assert there.artifacts[0] is there["x"]
    assert there.artifacts[0] is not repository.artifacts[0]


def test_unsaved(three: Path, travelled: Any, clock: Clock) -> None:
    """Unsaved versions travel with their values, and are saved there."""
    repository = opened(three, "w+")
    repository.log_artifact("x", {"a": [1, None, "é"]}, "json", indent=1)
    repository.log_artifact("p", {1, 2}, "pickle")
    repository.set_artifact_expiry("x", version=0, expiry="2030-01-01")
    there = travelled(repository)
    assert [each.value for each in there.artifacts][3:] == [{"a": [1, None, "é"]}, {1, 2}]
    there.save()
    assert opened(three).load_artifact("x") == {"a": [1, None, "é"]}
    assert opened(three).load_artifact("p") == {1, 2}
    assert opened(three).get_artifact_metadata("x", 0)["expiry"] == "2030-01-01T00:00:00"
    assert len(repository.artifacts) == 5
    assert repository.artifacts[3].dirty


def test_both_save(three: Path, clock: Clock) -> None:
    """What two copies logged is saved by both: the later one's versions move."""
    here = opened(three, "w+")
    there = pickle.loads(pickle.dumps(here))
    here.log_artifact("x", "here", "json")
    there.log_artifact("x", "there", "json")
    here.save()
    there.save()
    assert values(opened(three)) == [0, 1, 2, "here", "there"]


def test_replacing(three: Path) -> None:
    """A repository in mode `w` still replaces after it travelled."""
    repository = opened(three, "w")
    repository.log_artifact("x", "new", "json")
    pickle.loads(pickle.dumps(repository)).save()
    assert values(opened(three)) == ["new"]


def test_read_only_and_filtered(three: Path, travelled: Any) -> None:
    """A filtered repository travels, and stays read-only."""
    there = travelled(opened(three).filter([("x", 1)]))
    assert values(there) == [1]
    with pytest.raises(ReadOnlyError):
        there.log_artifact("x", 1, "json")


def test_on_another_file_system(memory: str, travelled: Any) -> None:
    """A repository in memory travels within its process."""
    repository = Repository(f"{memory}/repository.json")
    repository.log_artifact("x", 1, "json")
    there = travelled(repository)
    there.save()
    assert there.protocol == "memory"
    assert Repository(f"{memory}/repository.json", mode="r").load_artifact("x") == 1


def test_value_that_cannot_be_written(file: Path) -> None:
    """What cannot be saved does not travel."""
    repository = Repository(file)
    repository.log_artifact("x", {1}, "json")
    with pytest.raises(TypeError):
        pickle.dumps(repository)
    with pytest.raises(SaveError):
        repository.save()


def test_large_value_that_was_let_go(file: Path, travelled: Any) -> None:
    """A value that was let go is not read again to travel."""
    repository = Repository(file)
    repository.log_artifact("x", "x" * 2**21, "json")
    repository.save()
    assert len(pickle.dumps(repository)) < 2**16
    assert travelled(repository).load_artifact("x") == "x" * 2**21
