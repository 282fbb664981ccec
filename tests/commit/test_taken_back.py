"""What a save that fails takes back, and what it leaves: everything that somebody who was saved meanwhile names."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import lazyscribe
from lazyscribe import Project, Repository
from lazyscribe.exception import CommitUnknownError, ConflictError, SaveError
from lazyscribe.store.local import LocalStore
from tests.clock import Clock
from tests.commit.states import files_of
from tests.store.bucket_server import Bucket, Fault, serving
from tests.store.test_objects_answers import begun, opened, versions

Document = Project | Repository


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@contextmanager
def before_the_guard(monkeypatch: pytest.MonkeyPatch, manifest: str, act: Callable[[], object]) -> Iterator[None]:
    """Act once when files are staged, and the guard of the manifest is about to be taken."""
    guard, acted = LocalStore.guard, list[str]()

    def taken(store: LocalStore, key: str) -> Any:
        if key == manifest and not acted:
            acted.append(key)
            act()
        return guard(store, key)

    with monkeypatch.context() as patch:
        patch.setattr(LocalStore, "guard", taken)
        yield
    assert acted


def sound(document: Document, files: int = 1) -> None:
    """Nothing is found, and every file has a digest that holds."""
    report = document.verify()
    assert report.findings == ()
    assert report.counts["verified"] == files


def replacing(file: Path, value: Any, **options: Any) -> Document:
    """Open a file to replace it, with one artifact to be saved."""
    if file.name == "repository.json":
        repository = Repository(file, mode="w")
        repository.log_artifact("m", value, "json", **options)
        return repository
    project = Project(file, mode="w")
    with project.log("run") as run:
        run.log_artifact("m", value, "json", **options)
    return project


@pytest.mark.parametrize("manifest", ["repository.json", "project.json"])
@pytest.mark.parametrize("options", [{}, {"fname": "a.json"}])
@pytest.mark.parametrize("values", [("same", "same"), ("one", "another")])
@pytest.mark.usefixtures("clock")
def test_a_job_that_was_started_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manifest: str, options: dict[str, Any], values: tuple[str, str]
) -> None:
    """Both write one file in one second, one is saved: that the other one fails takes nothing of it away."""
    first, second = (replacing(tmp_path / manifest, value, **options) for value in values)
    with before_the_guard(monkeypatch, manifest, second.save), pytest.raises(ConflictError):
        first.save()
    sound(second)
    assert list((tmp_path / ".lazyscribe/staged").glob("*")) == []


def test_two_who_replace_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    """The one that fails leaves the other's file, and what is known of it."""
    manifest = "repository.json"
    replacing(tmp_path / manifest, "old", fname="a.json").save()
    clock.tick()
    first = replacing(tmp_path / manifest, "first", fname="a.json")
    clock.tick()
    second = replacing(tmp_path / manifest, "second", fname="a.json")
    with before_the_guard(monkeypatch, manifest, second.save), pytest.raises(ConflictError):
        first.save()
    sound(second)


def overwriting(file: Path, value: Any) -> Project:
    """Open a project and let an artifact of its experiment be replaced at the next save."""
    project = Project(file, mode="w+")
    project.experiments[0].log_artifact("m", value, "json", fname="a.json", overwrite=True)
    return project


def begun_project(file: Path) -> None:
    project = Project(file, mode="w+")
    with project.log("run") as run:
        run.log_artifact("m", "old", "json", fname="a.json")
    project.save()


@pytest.mark.parametrize("on_conflict", ["raise", "theirs"])
def test_two_who_overwrite_one_artifact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock, on_conflict: Any
) -> None:
    """Who loses, with an error or by choice, leaves the winner's file and its digest."""
    file = tmp_path / "project.json"
    begun_project(file)
    clock.tick()
    first = overwriting(file, "first")
    clock.tick()
    second = overwriting(file, "second")
    with before_the_guard(monkeypatch, "project.json", second.save):
        if on_conflict == "theirs":
            first.save(on_conflict=on_conflict)
        else:
            with pytest.raises(ConflictError):
                first.save()
    sound(second)
    assert Project(file, mode="r").experiments[0].load_artifact("m") == "second"


def test_killed_before_the_swap_of_what_overwrites(tmp_path: Path, clock: Clock) -> None:
    """The file that was to be replaced is still known by its digest."""
    file = tmp_path / "project.json"
    begun_project(file)
    clock.tick()
    child = os.fork()
    if child == 0:
        LocalStore.at_hand = lambda *rest: os._exit(9)  # type: ignore[assignment]
        overwriting(file, "new").save()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    report = Project(file, mode="r").verify()
    assert report.counts["verified"] == 1
    assert [each.kind for each in report.findings] == ["staged-file"]


def test_overwritten_again_and_again(tmp_path: Path, clock: Clock) -> None:
    """What is known of each write of one path is kept beside what was known before, and found."""
    file = tmp_path / "project.json"
    begun_project(file)
    for value in range(5):
        clock.tick()
        project = overwriting(file, value)
        project.save()
        sound(project)
    project.experiments[0].load_artifact("m")
    (found,) = tmp_path.glob("run-*/a.json")
    found.write_text("[]")
    assert [each.kind for each in project.verify().findings] == ["digest-wrong"]


def test_an_alias_that_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the entry alone is the commit, and it fails, it goes before anybody else can see it and build on it."""
    file = tmp_path / "repository.json"
    repository = Repository(file)
    for value in range(2):
        repository.log_artifact("m", value, "json", fname=f"{value}.json")
    repository.set_alias("m", "production", 0)
    repository.save()
    ours, theirs = Repository(file), Repository(file)
    for each in (ours, theirs):
        each.set_alias("m", "production", 1)
    delete, waiting, held = LocalStore.delete, list[threading.Thread](), list[bool]()

    create = LocalStore.create

    @contextmanager
    def created(store: LocalStore, key: str) -> Iterator[Any]:
        with create(store, key) as raw:
            yield raw
        if ".log/" in key:
            raise KeyboardInterrupt

    def deleted(store: LocalStore, key: str) -> None:
        if ".log/" in key and not waiting:
            patch.setattr(LocalStore, "create", create)
            thread = threading.Thread(target=theirs.save)
            waiting.append(thread)
            thread.start()
            thread.join(0.3)
            held.append(thread.is_alive())
        delete(store, key)

    with monkeypatch.context() as patch:
        patch.setattr(LocalStore, "delete", deleted)
        patch.setattr(LocalStore, "create", created)
        with pytest.raises(KeyboardInterrupt):
            ours.save()
    (thread,) = waiting
    thread.join()
    assert held == [True]
    assert Repository(file).aliases("m") == {"production": 1}


def test_nothing_is_taken_back_of_what_cannot_be_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the manifest cannot be read, somebody may have been saved: new files stay, and other names are taken."""
    file = tmp_path / "repository.json"
    repository = Repository(file)
    repository.log_artifact("m", 0, "json", fname="0.json")
    repository.save()
    repository.log_artifact("m", 1, "json", fname="1.json")
    read = LocalStore.read

    def fail(store: LocalStore, key: str) -> Any:
        if key == "repository.json":
            raise OSError(5, "input/output error")
        return read(store, key)

    with monkeypatch.context() as patch:
        patch.setattr(LocalStore, "read", fail)
        patch.setattr(LocalStore, "reread", lambda store, key, known: fail(store, key))
        with pytest.raises(SaveError):
            repository.save()
    assert "m/1.json" in files_of(tmp_path)
    with pytest.warns(UserWarning, match=r"1\.json"):
        repository.save()
    assert [Repository(file).load_artifact("m", version=number) for number in range(2)] == [0, 1]


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with serving() as found:
        yield found


def test_a_swap_that_was_done_and_answered_by_an_error(bucket: Bucket) -> None:
    """Whatever was answered, what is there tells: nothing is taken back, and saving again brings nothing twice."""
    repository = begun(bucket)
    repository.log_artifact("model", [1], handler="json", fname="1.json")
    bucket.faults = [Fault("PUT", "models/repository.json", 400, "InvalidRequest", done=True)]
    with pytest.raises(CommitUnknownError):
        repository.save()
    assert opened(bucket, "r").verify().ok
    repository.save()
    assert versions(bucket) == [[0], [1]]
    assert opened(bucket, "r").verify().findings == ()


def test_a_copy_takes_what_a_save_has_staged(bucket: Bucket) -> None:
    """A file that another program has found with the right digest, and names, outlives the save that had created it."""
    with serving() as elsewhere:
        source = opened(elsewhere, url="s3://elsewhere/x/repository.json")
        source.log_artifact("model", [1], handler="json", fname="1.json")
        source.save()
        saver = opened(bucket)
        saver.log_artifact("model", [1], handler="json", fname="1.json")
        target = opened(bucket, "a", "s3a://bucket/models/repository.json")  # as another process would
        answer, copied = bucket.fault, list[Any]()

        def fault(method: str, key: str) -> Fault | None:
            if method == "PUT" and key.endswith("models/repository.json") and not copied:
                copied.append(None)
                copied[0] = lazyscribe.copy(source, target)
                return Fault(method, key, 403, "AccessDenied")
            return answer(method, key)

        bucket.fault = fault  # type: ignore[method-assign, assignment]
        with pytest.raises(CommitUnknownError):  # and be it by somebody else
            saver.save()
    assert copied[0].records == 1
    assert opened(bucket, "r").verify().ok
    assert versions(bucket) == [[1]]


def test_an_entry_that_may_not_be_deleted(bucket: Bucket) -> None:
    """Without permission to delete, a save that meets another writer's goes on; the entry that stays does not count."""
    repository, theirs = begun(bucket), opened(bucket, "a", "s3a://bucket/models/repository.json")
    answer, saved = bucket.fault, list[str]()

    def fault(method: str, key: str) -> Fault | None:
        if method == "DELETE" or (method == "POST" and not key):
            return Fault(method, key, 403, "AccessDenied")
        if method == "PUT" and key.endswith("models/repository.json") and not saved:
            saved.append(key)
            theirs.log_artifact("model", [1], handler="json", fname="1.json")
            theirs.save()
        return answer(method, key)

    bucket.fault = fault  # type: ignore[method-assign, assignment]
    repository.log_artifact("model", [2], handler="json", fname="2.json")
    repository.save()
    assert versions(bucket) == [[0], [1], [2]]
    history = opened(bucket, "r").history()
    assert [[each.version for each in commit.logged] for commit in history] == [[0], [1], [2]]
