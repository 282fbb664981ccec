"""2.2 works in a folder that has a history: it notices nothing, and ours observes what it did."""

from pathlib import Path

from lazyscribe import Repository
from tests.compat.actor import Actor


def add(value: int, expire: bool) -> list[int]:
    """Save one more version, and perhaps let the first expire; return the numbers."""
    repository = Repository("repository.json")
    repository.log_artifact("model", value, handler="json")
    if expire:
        repository.set_artifact_expiry("model", version=0)
    repository.save()
    return [artifact.version for artifact in repository.artifacts]


def values() -> list[int]:
    """Load every version."""
    repository = Repository("repository.json", mode="r")
    return [repository.load_artifact(each.name, version=each.version) for each in repository.artifacts]


def test_22_in_a_folder_with_a_history(old: Actor, tmp_path: Path) -> None:
    """It opens, loads and saves; aliases stay, its version and its expiry are observed by the next save of ours."""
    file = tmp_path / "repository.json"
    repository = Repository(file)
    for value in range(2):
        repository.log_artifact("model", value, handler="json", fname=f"{value}.json")  # 2.2 takes a default name twice
        repository.set_alias("model", "production")
        repository.save()
    journal = {path: path.read_bytes() for path in (tmp_path / ".lazyscribe").rglob("*.json")}
    assert old(values, tmp_path) == [0, 1]
    assert old(add, tmp_path, value=2, expire=True) == [0, 1, 2]
    assert {path: path.read_bytes() for path in (tmp_path / ".lazyscribe").rglob("*.json")} == journal
    fresh = Repository(file)
    assert fresh.aliases("model") == {"production": 1}
    assert fresh.load_artifact("model", version="@production") == 1
    assert [each.version for each in fresh.at().artifacts] == [0, 1, 2]
    assert [each.version for each in fresh.at(known=2).artifacts] == [0, 1]
    fresh.set_alias("model", "production", 2)
    fresh.save()
    last = fresh.history()[-1]
    assert [(each.version, each.expiry is not None) for each in last.observed] == [(0, True), (2, False)]
    assert [each.version for each in fresh.at(known=2).artifacts] == [0, 1]
    assert old(values, tmp_path) == [0, 1, 2]
    assert Repository(file).load_artifact("model", version="@production") == 2
