"""Copies while others save, delete or give up, and what a copy makes of files that it finds."""

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lazyscribe
from lazyscribe import Project, Repository
from lazyscribe.copying import files, run
from lazyscribe.exception import ConflictError, CorruptArtifactError, SaveError
from lazyscribe.stage import Stage
from lazyscribe.store.local import LocalStore
from lazyscribe.store.objects.bucket import BucketStore
from tests.clock import Clock
from tests.copying.sources import day, version
from tests.store.bucket_server import Fault, serving

NOTHING = (0, 0, 0)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "from" / "repository.json"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "to" / "repository.json"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def saved(place: Path, *versions: Any) -> Repository:
    """Save a repository of these versions."""
    made = Repository(place)
    for each in versions:
        made.artifacts.append(each)
    made.save()
    return made


def sound(place: Any, verified: int) -> None:
    """Nothing is found, and so many files have a digest that holds."""
    report = Repository(place, mode="r").verify()
    assert report.findings == ()
    assert report.counts["verified"] == verified


def before_the_files(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Act when it is known what is to be copied, before any file is."""
    bring, waiting = run.bring, [act]

    def delayed(*given: Any, **more: Any) -> Any:
        if waiting:
            waiting.pop()()
        return bring(*given, **more)

    monkeypatch.setattr(run, "bring", delayed)


def test_equal_files_that_travel_in_two_parts(source: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each version has a file of its own, though something else has the name that the first one wanted."""
    monkeypatch.setattr(files, "FILES", 1)
    saved(source, version("m", 0, "same", fname="m.json"), version("m", 1, "same", fname="m-1.json"))
    (target.parent / "m").mkdir(parents=True)
    (target.parent / "m/m.json").write_bytes(b"foreign")
    assert lazyscribe.copy(source, target, workers=1).files == 2
    there = Repository(target, mode="r")
    assert len({each["fname"] for each in there}) == 2
    assert [each.kind for each in there.verify().findings] == ["orphan"]
    assert (target.parent / "m/m.json").read_bytes() == b"foreign"


def test_equal_files_that_travel_at_once(source: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that an earlier copy left are taken once each, by whatever thread."""
    monkeypatch.setattr(files, "FILES", 1)
    versions = [version("m", number, "same", fname=f"m{f'-{number}' if number else ''}.json") for number in range(4)]
    saved(source, *versions)
    (target.parent / "m").mkdir(parents=True)
    for name in ("m.json", "m-1.json", "m-2.json", "m-3.json"):
        (target.parent / "m" / name).write_bytes(b'"same"')
    find = Stage._find

    def slow(stage: Stage, *given: Any) -> Any:
        found = find(stage, *given)
        time.sleep(0.05)
        return found

    monkeypatch.setattr(Stage, "_find", slow)
    assert lazyscribe.copy(source, target, workers=4).files == 4
    assert len({each["fname"] for each in Repository(target, mode="r")}) == 4
    assert Repository(target, mode="r").verify().ok


def test_a_version_is_saved_with_a_file_that_the_copy_found(
    source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is the other's; the copy says so, and repeated it has one of its own."""
    saved(source, version("m", 0, "zero"), version("m", 1, "same", fname="a.json"))
    before_the_files(monkeypatch, lambda: saved(target, version("m", 0, "same", fname="a.json")))
    with pytest.raises(ConflictError, match=r"'m' was changed in .* while it was copied; copy again"):
        lazyscribe.copy(source, target, since=day(1))
    assert [each["version"] for each in Repository(target, mode="r")] == [0]
    assert lazyscribe.copy(source, target, since=day(1)).files == 1
    sound(target, 2)


def test_a_save_takes_back_the_file_that_a_copy_found(
    source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It failed before the copy was done: the copy has the file all the same, and what is known of it."""
    saved(source, version("m", 0, "bytes", fname="a.json"))
    saved(target, version("own", 0))
    other = Repository(target)
    other.artifacts.append(version("m", 0, "bytes", fname="a.json"))
    staged, found, errors = threading.Event(), threading.Event(), list[Exception]()

    def fail() -> None:
        try:
            other.save()
        except SaveError as error:
            errors.append(error)

    thread = threading.Thread(target=fail)
    guard = LocalStore.guard

    def guarded(store: LocalStore, key: str) -> Any:
        if threading.current_thread() is thread and not staged.is_set():
            staged.set()
            found.wait(30)
            raise OSError(28, "No space left on device")
        if key == target.name and thread.ident is not None and threading.current_thread() is not thread:
            found.set()
            thread.join()
        return guard(store, key)

    def begin() -> None:
        thread.start()
        staged.wait(30)

    monkeypatch.setattr(LocalStore, "guard", guarded)
    before_the_files(monkeypatch, begin)
    assert lazyscribe.copy(source, target).files == 1
    assert len(errors) == 1
    assert Repository(target, mode="r").load_artifact("m") == "bytes"
    sound(target, 2)
    shutil.rmtree(target.parent / ".lazyscribe/repository.json.log")  # which knows the digests, too
    sound(target, 2)


def test_what_was_taken_back_is_there_when_it_is_named(
    source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a kill right after the swap leaves no record without its file."""
    saved(source, version("m", 0, "bytes", fname="a.json"))
    (target.parent / "m").mkdir(parents=True)
    file = target.parent / "m/a.json"
    file.write_bytes(b'"bytes"')
    guard, swap, seen = LocalStore.guard, LocalStore._swap, list[bool]()

    def taken_back(store: LocalStore, key: str) -> Any:
        if key == target.name:
            file.unlink()
        return guard(store, key)

    def swapped(store: LocalStore, key: str, *given: Any) -> Any:
        seen.append(file.exists())
        return swap(store, key, *given)

    monkeypatch.setattr(LocalStore, "guard", taken_back)
    monkeypatch.setattr(LocalStore, "_swap", swapped)
    lazyscribe.copy(source, target)
    assert seen == [True]
    sound(target, 1)


def test_a_file_of_a_bucket_is_taken_back_at_the_last_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the copy's look and its swap: it is created once more, for nobody is held off there."""
    url, swap = "s3://bucket/models/repository.json", BucketStore.swap
    with serving() as bucket:
        options = {"endpoint_url": bucket.endpoint, "key": "AKIATESTS", "secret": "s"}
        made = Repository("s3://bucket/from/repository.json", **options)
        made.log_artifact("m", b"bytes", "bytes", fname="f.bin")
        made.save()
        begun = Repository("s3://bucket/models/other.json", **options)
        begun.log_artifact("m", b"bytes", "bytes", fname="f.bin")
        begun.save()
        for key in [key for key in bucket.objects if "models/.lazyscribe" in key]:
            del bucket.objects[key]  # as if the file were all that had been staged so far

        def take_back(store: BucketStore, key: str, *given: Any) -> Any:
            bucket.objects.pop("models/m/f.bin", None)
            return swap(store, key, *given)

        with monkeypatch.context() as patch:
            patch.setattr(BucketStore, "swap", take_back)
            assert lazyscribe.copy(made, Repository(url, **options)).files == 1
        found = Repository(url, mode="r", **options)
        assert found.load_artifact("m") == b"bytes"
        assert found.verify().counts["verified"] == 1


def test_a_copy_that_gives_up_leaves_what_another_named() -> None:
    """A file whose answer was lost was found and named meanwhile: that nobody could look for a time does not matter."""
    url = "s3://bucket/models/repository.json"
    with serving() as bucket:
        options = {"endpoint_url": bucket.endpoint, "key": "AKIATESTS", "secret": "s"}
        made = Repository("s3://bucket/from/repository.json", **options)
        made.log_artifact("m", b"the only one", "bytes", fname="f.bin")
        made.save()
        Repository(url, **options).save()
        hasty = Repository(url, retry_config={"max_retries": 0}, **options)
        hasty.log_artifact("first", 0)
        hasty.save()  # what a first write asks was asked

        def second() -> None:
            bucket.meanwhile = lambda: None
            assert lazyscribe.copy(made, Repository(url, **options)).files == 1
            bucket.faults.append(Fault("HEAD", "m/f.bin", 503, "SlowDown"))

        bucket.meanwhile = second
        bucket.faults.append(Fault("PUT", "models/m/f.bin", 503, "SlowDown", done=True))
        with pytest.raises(SaveError, match="'m' was not copied"):
            lazyscribe.copy(made, hasty)
        assert bucket.faults == []
        assert lazyscribe.copy(made, Repository(url, **options)) == NOTHING
        found = Repository(url, mode="r", **options)
        assert found.load_artifact("m") == b"the only one"
        assert found.verify().ok


@pytest.mark.usefixtures("clock")
def test_a_version_that_was_deleted_while_its_expiry_was_copied(
    source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not come back without its file; repeated, the copy brings both."""
    made = saved(source, version("m", 0, "mine", fname="m.json"))
    (target.parent / "m").mkdir(parents=True)
    (target.parent / "m/m.json").write_text('"foreign"')
    lazyscribe.copy(source, target)
    made.set_artifact_expiry("m", version=0, expiry=day(30))
    made.artifacts.append(version("n", 0))
    made.save()

    def delete() -> None:
        other = Repository(target)
        other.delete("m", version=0, reason="wrong")
        other.save()

    before_the_files(monkeypatch, delete)
    with pytest.raises(ConflictError, match=r"'m' was changed in .* while it was copied; copy again"):
        lazyscribe.copy(source, target)
    assert "m" not in {each["name"] for each in Repository(target, mode="r")}
    lazyscribe.copy(source, target)
    assert Repository(target, mode="r").load_artifact("m", version=0) == "mine"


def project(source: Path) -> Project:
    """Save an experiment with one artifact, and return it opened."""
    made = Project(source, mode="w+")
    with made.log("Run") as run:
        run.log_artifact("model", "old", "json", fname="m.json")
    made.save()
    return made


def overwrite(made: Project, value: str) -> None:
    made["run"].log_artifact("model", value, "json", fname="m.json", overwrite=True)
    made.save()


def test_a_mirror_whose_files_have_other_names_goes_on(source: Path, target: Path, clock: Clock) -> None:
    """What the source calls by the name that the target gave to something else is another file."""
    made = project(source)
    lazyscribe.copy(source, target)
    clock.tick()
    overwrite(made, "new")
    lazyscribe.copy(source, target)
    clock.tick()
    made["run"].log_artifact("second", "two", "json", fname="m-1.json")
    made.save()
    assert lazyscribe.copy(source, target).files == 1
    there = Project(target, mode="r")["run"]
    assert (there.load_artifact("model"), there.load_artifact("second")) == ("new", "two")
    assert lazyscribe.copy(source, target) == NOTHING


def test_other_bytes_of_one_second_under_another_name_are_an_error(source: Path, target: Path, clock: Clock) -> None:
    """As they are under one name: neither state is the newer one."""
    made = project(source)
    lazyscribe.copy(source, target)
    clock.tick()
    overwrite(made, "new")
    lazyscribe.copy(source, target)
    assert Project(target, mode="r")["run"].artifacts[0].fname == "m-1.json"
    overwrite(made, "newer")
    with pytest.raises(ConflictError, match=r"whose file .* is another"):
        lazyscribe.copy(source, target)


def test_damage_that_only_the_journal_knows_is_not_copied(source: Path, target: Path) -> None:
    """Facts are lost, and the file is not what the history tells."""
    saved(source, version("m", 0, "good", fname="a.json"))
    next((source.parent / ".lazyscribe/facts").rglob("*.json")).write_text("{damaged")
    (source.parent / "m/a.json").write_text('"evil"')
    with pytest.raises(CorruptArtifactError, match="'m' is damaged"):
        lazyscribe.copy(source, target)
    assert not target.exists()
    (source.parent / "m/a.json").write_text('"good"')
    assert lazyscribe.copy(source, target) == (1, 1, 0)
    assert Repository(target, mode="r").verify().counts["verified"] == 1


def test_the_history_of_the_copy_makes_no_digest_up(source: Path, target: Path) -> None:
    """What nothing was known of is not verified by having been copied."""
    saved(source, version("m", 0, "unknown"))
    shutil.rmtree(source.parent / ".lazyscribe")
    assert lazyscribe.copy(source, target) == (1, 1, 0)
    assert Repository(target, mode="r").verify().counts["verified"] == 0
    assert Repository(target, mode="r").verify().counts["unverified"] == 1
