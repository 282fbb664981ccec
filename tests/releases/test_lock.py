"""``release.lock``: partial releases, what is locked, how it is compared and verified."""

import tomllib
from pathlib import Path
from typing import Any

import fsspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lazyscribe import Repository
from lazyscribe._dates import parse_date
from lazyscribe.exception import (
    CorruptManifestError,
    InvalidArgumentError,
    UnknownArtifactError,
    UnreadableError,
    VersionNotFoundError,
)
from lazyscribe.release import Release, create_release
from lazyscribe.release_lock import Lock, Locked, lock_release, read_lock, release_diff, verify_lock
from tests.clock import Clock
from tests.releases.conftest import opened


def test_only_some_names(three: Path) -> None:
    """A release of some names holds their newest versions, or those that are named with them, sorted by name."""
    writer = opened(three, "w+")
    writer.set_alias("b", "good", 0)
    writer.save()
    repository = opened(three)
    assert create_release(repository, "1", "b").artifacts == [("b", 2)]
    assert create_release(repository, "1", ["c", "a"]).artifacts == [("a", 2), ("c", 2)]
    assert create_release(repository, "1", ["c", ("a", 1), ("b", "@good")]).artifacts == [("a", 1), ("b", 0), ("c", 2)]
    assert create_release(repository, "1", {"a": None, "b": "2025-01-21T13:23:30"}).artifacts == [("a", 2), ("b", 1)]
    assert create_release(repository, "1", []).artifacts == []


def test_names_that_are_not_there(three: Path) -> None:
    """What is named must be there, once, and be a name."""
    repository = opened(three)
    with pytest.raises(UnknownArtifactError):
        create_release(repository, "1", ["a", "d"])
    with pytest.raises(VersionNotFoundError):
        create_release(repository, "1", [("a", 7)])
    with pytest.raises(InvalidArgumentError, match="'a' is named twice"):
        create_release(repository, "1", ["a", ("a", 1)])
    for wrong in (3, [("a",)]):
        with pytest.raises(InvalidArgumentError, match="neither names nor pairs"):
            create_release(repository, "1", wrong)  # type: ignore[arg-type]
    writer = opened(three, "w+")
    for number in range(3):
        writer.set_artifact_expiry("a", version=number)
    writer.save()
    assert create_release(opened(three), "1").artifacts == [("b", 2), ("c", 2)]
    with pytest.raises(VersionNotFoundError):
        create_release(opened(three), "1", ["a"])


def test_what_is_locked(three: Path) -> None:
    """The lock is TOML, one line for each version, and is read as it was written."""
    repository = opened(three)
    lock = lock_release(repository, create_release(repository, "2025.1"))
    path = three.parent / "release.lock"
    assert read_lock(path) == lock
    assert tomllib.loads(path.read_text())["artifacts"]["b"]["version"] == 2
    lines = path.read_text().splitlines()
    assert lines[:5] == ["format = 1", 'tag = "2025.1"', 'created_at = "2025-01-23T13:23:30"', "", "[artifacts]"]
    assert [line.split(" = ")[0] for line in lines[5:]] == ['"a"', '"b"', '"c"']
    for each in lock.locked:
        assert len(each.sha256) == 64
        assert (three.parent / each.name / each.fname).stat().st_size == each.size
    assert opened(three).verify().ok


def test_one_line_differs(three: Path, tmp_path: Path) -> None:
    """Two releases that differ in one version differ in that line, beside tag and date."""
    repository = opened(three)
    texts = [
        lock_release(repository, create_release(repository, "1", {"a": 2, "b": number}), tmp_path / "x").to_text()
        for number in (1, 2)
    ]
    before, after = (set(text.splitlines()) for text in texts)
    assert len(before - after) == len(after - before) == 1


def test_a_digest_that_is_not_known(three: Path) -> None:
    """A file of which nothing is known is read for its digest."""
    repository = opened(three)
    before = lock_release(repository, create_release(repository, "1"))
    for path in (three.parent / ".lazyscribe/facts").rglob("*.json"):
        if path.is_file():
            path.unlink()
    assert lock_release(opened(three), create_release(opened(three), "1")) == before


def test_a_file_that_is_not_there(three: Path) -> None:
    """What is not there cannot be locked, and the lock that is there stays."""
    repository = opened(three)
    release = create_release(repository, "1")
    lock = lock_release(repository, release)
    (three.parent / "b" / lock.locked[1].fname).unlink()
    with pytest.raises(FileNotFoundError):
        lock_release(repository, Release("2", release.artifacts))
    with pytest.raises(VersionNotFoundError):
        lock_release(repository, Release("2", [("a", 9)]))
    with pytest.raises(InvalidArgumentError, match="two versions of one name"):
        lock_release(repository, Release("2", [("a", 0), ("a", 1)]))
    assert read_lock(three.parent / "release.lock") == lock


def test_other_places(three: Path) -> None:
    """A lock may lie anywhere, and beside a repository in memory too."""
    repository = opened(three)
    lock = lock_release(repository, create_release(repository, "1"), "memory://locks/release.lock")
    assert read_lock("memory://locks/release.lock") == lock
    fsspec.filesystem("memory").store.clear()
    with pytest.raises(UnreadableError, match=r"There is no .*release\.lock"):
        read_lock("memory://locks/release.lock")


GOOD = 'format = 1\ntag = "1"\ncreated_at = "2025-01-01T00:00:00"\n[artifacts]\n'
LINE = '"a" = { version = 1, fname = "f", created_at = "2025-01-01T00:00:00", sha256 = "x", size = 1 }\n'


@pytest.mark.parametrize(
    "text",
    [
        *("", "[", "format = 1\n", GOOD.replace("1", "2", 1), GOOD.replace('"1"', "1"), GOOD.replace("-01T", "?")),
        *(GOOD + LINE.replace("version = 1", 'version = "1"'), GOOD + LINE.replace("size = 1", "size = true")),
        *(GOOD + LINE.replace('fname = "f", ', ""), GOOD + LINE + LINE, GOOD + '"a" = 3\n', "\udcff"),
    ],
)
def test_no_lock(text: str, tmp_path: Path) -> None:
    """What is no lock, or one of a later format, is refused with its path."""
    (tmp_path / "release.lock").write_text(text, "utf-8", "surrogateescape")
    with pytest.raises(CorruptManifestError, match=r"release\.lock is no release\.lock"):
        read_lock(tmp_path / "release.lock")
    assert Lock.from_text(GOOD + LINE).artifacts == [("a", 1)]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(st.dictionaries(TEXTS, st.tuples(st.integers(0, 2**40), TEXTS), max_size=5), TEXTS)
def test_any_names(versions: dict[str, tuple[int, str]], tag: str) -> None:
    """Whatever tags and names hold, a lock is read as it was written, and has a line for each version."""
    date = "2025-01-01T00:00:00"
    locked = tuple(
        Locked(name, number, fname, date, "0" * 64, number) for name, (number, fname) in sorted(versions.items())
    )
    lock = Lock(tag, parse_date(date), locked)
    assert Lock.from_text(lock.to_text()) == lock
    assert len(lock.to_text().split("\n")) == 6 + len(locked)


def test_differences(three: Path, tmp_path: Path) -> None:
    """Added, removed and changed versions are told, of releases and locks alike, and files where both are locks."""
    repository = opened(three)
    older, newer = (create_release(repository, "1", each) for each in ({"a": 1, "b": 1}, {"b": 2, "c": 2}))
    diff = release_diff(older, newer)
    assert (diff.added, diff.removed, diff.changed) == ((("c", 2),), (("a", 1),), (("b", 1, 2),))
    assert str(diff) == "- a 1\n~ b 1 → 2\n+ c 2"
    assert not release_diff(older, older)
    lock = lock_release(repository, older, tmp_path / "old.lock")
    assert release_diff(lock, newer) == release_diff(tmp_path / "old.lock", newer) == diff
    forged = lock._replace(locked=(lock.locked[0]._replace(sha256="0" * 64), lock.locked[1]))
    assert release_diff(lock, forged).rewritten == (("a", 1),)
    assert str(release_diff(lock, forged)) == "! a 1: another file"


def test_verified(three: Path) -> None:
    """Every file of a release is compared with its lock; what is damaged, gone or another version is named."""
    repository = opened(three)
    lock = lock_release(repository, create_release(repository, "1"))
    assert verify_lock(lock, repository) == verify_lock(three.parent / "release.lock", repository) == ()
    path = three.parent / "a" / lock.locked[0].fname
    path.write_bytes(b"x" * lock.locked[0].size)
    (three.parent / "b" / lock.locked[1].fname).unlink()
    three.write_text(three.read_text().replace(lock.locked[2].fname, "other.json"))
    (three.parent / "c" / "other.json").write_bytes((three.parent / "c" / lock.locked[2].fname).read_bytes())
    found = verify_lock(lock, opened(three))
    assert [(each.name, each.version) for each in found] == [("a", 2), ("b", 2), ("c", 2)]
    for each, words in zip(found, ("has the SHA-256", "cannot be read", "is other.json"), strict=True):
        assert words in str(each)
    assert "'d'" in str(verify_lock(lock._replace(locked=(lock.locked[0]._replace(name="d"),)), repository)[0])


def test_replaced_with_facts_that_fit(three: Path, clock: Clock) -> None:
    """Who changes a file and its facts alike is told by a lock that was checked in elsewhere."""
    repository = opened(three)
    lock = lock_release(repository, create_release(repository, "1", ["a"]))
    fname: Any = lock.locked[0].fname
    other = Repository(three.parent / "evil" / "repository.json")
    other.log_artifact("a", "evil", "json", fname=fname)
    other.save()
    for folder in ("a", ".lazyscribe/facts/a"):
        ending = ".json" if folder != "a" else ""
        source = three.parent / "evil" / folder / f"{fname}{ending}"
        (three.parent / folder / f"{fname}{ending}").write_bytes(source.read_bytes())
    assert len(verify_lock(lock, opened(three))) == 1
