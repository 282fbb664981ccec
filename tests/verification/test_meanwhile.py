"""What somebody else does while a check looks: what belongs to a later save is not called left over."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lazyscribe import Project, Repository
from lazyscribe.store.local import LocalStore
from tests.verification.support import kinds, only, project, repository


def _before_listing(monkeypatch: pytest.MonkeyPatch, do: Callable[[], object], times: int) -> None:
    """Let something happen each time that a check begins to list, until it has happened so often."""
    whole, left = LocalStore.keys, [None] * times

    def keys(self: LocalStore, prefix: str) -> Iterator[str]:
        if left:
            left.pop()
            do()
        return whole(self, prefix)

    monkeypatch.setattr(LocalStore, "keys", keys)


def test_a_file_that_was_saved_meanwhile_is_no_orphan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A save that ends between the look at the records and the list of what lies there is taken in."""
    made, other = repository(tmp_path), Repository(tmp_path / "repository.json")
    other.log_artifact("x", "new", "json", fname="new.json")
    _before_listing(monkeypatch, other.save, 1)
    report = made.verify()
    assert report.findings == ()
    assert report.counts["records"] == 3


def test_a_version_that_was_saved_and_deleted_meanwhile_is_no_orphan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The records are the same again, so it is the history that shows it."""
    made, other = repository(tmp_path), Repository(tmp_path / "repository.json")

    def save() -> None:
        other.log_artifact("x", "new", "json", fname="new.json")
        other.save()
        other.delete("x", 2, "no")
        other.save()

    _before_listing(monkeypatch, save, 1)
    assert made.verify().findings == ()


def test_the_file_of_a_new_experiment_is_no_orphan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its facts are listed, and a record names it by then."""
    made, other = project(tmp_path), Project(tmp_path / "project.json", "w+")
    with other.log("Two") as experiment:
        experiment.log_artifact("model", {"a": 1}, "json", fname="model.json")
    _before_listing(monkeypatch, other.save, 1)
    assert made.verify().findings == ()


def test_where_somebody_saves_all_the_time_nothing_is_called_left_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A note says that it was not looked for; once nobody saves any more, all of it is found."""
    made, other = repository(tmp_path), Repository(tmp_path / "repository.json")
    (tmp_path / ".lazyscribe" / "staged").mkdir()
    for name in ("x/left.bin", "x/.lsc-0123456789abcdef.tmp", ".lazyscribe/staged/0123456789abcdef"):
        (tmp_path / name).write_bytes(b"?")
    (tmp_path / ".lazyscribe" / "facts" / "x" / "gone.json").write_bytes(b"{}")

    def save() -> None:
        other.log_artifact("y", 1, "json")
        other.save()

    with monkeypatch.context() as patched:
        _before_listing(patched, save, 1000)
        assert "when nobody is saving" in only(made.verify(), "orphans-unchecked").message
    assert kinds(made.verify()) == ["staged-file", "temporary-file", "orphan", "facts-without-file"]


def test_a_sound_folder_at_rest_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file of records is read a second time only if something is left over."""
    made = repository(tmp_path)
    read: list[str] = []
    whole = LocalStore.read

    def count(self: LocalStore, key: str) -> object:
        read.append(key)
        return whole(self, key)

    monkeypatch.setattr(LocalStore, "read", count)
    assert made.verify().findings == ()
    assert read.count("repository.json") == 1
    (tmp_path / "x" / "left.bin").write_bytes(b"?")
    read.clear()
    assert kinds(made.verify()) == ["orphan"]
    assert read.count("repository.json") == 2
