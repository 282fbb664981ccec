"""What is left of saves to a bucket that are cut short while facts and the journal's entry are on their way."""

import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lazyscribe.exception import SaveError
from tests.store.bucket_server import Bucket, Fault, serving
from tests.store.test_objects_answers import LOG, begun, opened, project_in, versions
from tests.store.test_objects_listing import MANIFEST, other
from tests.store.test_objects_order import FACTS, FILE, entries, interrupted
from tests.store.test_objects_turns import Held, Saving, save, swaps, until


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with serving() as found:
        yield found


def test_interrupted_twice_while_facts_are_on_their_way(bucket: Bucket) -> None:
    """However impatient the user is, the entry of a save that was not done is taken back."""
    repository = begun(bucket)
    count = entries(bucket)
    interrupted(bucket, 2, repository)
    assert entries(bucket) == count
    with warnings.catch_warnings():  # if the second one came in time, the file may be anybody's, and was let be
        warnings.filterwarnings("ignore", message=".*is taken")
        repository.save()
    assert sorted(versions(bucket)) == [[0], [3]]
    assert len(opened(bucket, "r").history()) == 2


ORIGINS = "models/.lazyscribe/origins/"


@pytest.mark.parametrize("late", [ORIGINS, LOG], ids=["note", "entry"])
def test_notes_travel_with_the_entry(bucket: Bucket, late: str) -> None:
    """Of what is noted of a version and the journal's entry each goes without waiting; the swap waits for both."""
    repository, project = begun(bucket), project_in(bucket)
    with project.log("fit") as experiment:
        experiment.log_artifact("weights", [1], handler="json")
    project.save()
    count = entries(bucket)
    bucket.count()
    held = Held(bucket, late)
    promoting = threading.Thread(target=project["fit"].promote_artifact, args=(repository, "weights"))
    promoting.start()
    try:
        assert held.reached.wait(10)
        if late == LOG:
            until(lambda: any(key.startswith(ORIGINS) for key in list(bucket.objects)))
        else:
            until(lambda: entries(bucket) > count)
        time.sleep(0.1)
        assert swaps(bucket) == 0
    finally:
        held.released.set()
        promoting.join()
    assert swaps(bucket) == 1


def refuse(bucket: Bucket, start: str) -> None:
    """Deny to write what begins so."""

    def denied(method: str, key: str) -> Fault | None:
        return Fault("PUT", "", 403, "AccessDenied") if method == "PUT" and key.startswith(start) else None

    bucket.fault = denied  # type: ignore[method-assign]


def test_facts_of_others_outlive_a_save_that_fails(bucket: Bucket) -> None:
    """If the entry is refused while it is not known yet that facts of that name are there, those stay."""
    repository = begun(bucket)
    bucket.put(FACTS, b"theirs")
    before = dict(bucket.objects)
    refuse(bucket, LOG)
    with pytest.raises(SaveError, match="is refused"):
        save(repository, 3)
    assert bucket.objects == before


def test_an_entry_that_alone_is_the_commit_comes_last(bucket: Bucket) -> None:
    """Where only an alias moves, since the version is there already, nothing is told before all else has gone well."""
    begun(bucket)
    repository = opened(bucket, unchanged="skip")
    repository.log_artifact("model", [0], handler="json", fname="3.json")
    repository.set_alias("model", "best", 0)
    refuse(bucket, FACTS)
    bucket.count()
    with pytest.raises(SaveError, match="is refused"):
        repository.save()
    assert not any(method == "PUT" and key.startswith(LOG) for method, key in bucket.asked)
    del bucket.fault  # type: ignore[method-assign]
    repository.save()
    assert swaps(bucket) == 0
    assert opened(bucket, "r").aliases("model") == {"best": 0}


@pytest.mark.parametrize("seconds", [0.15, 0.7])
def test_commits_that_undo_each_other_while_files_are_on_their_way(bucket: Bucket, seconds: float) -> None:
    """A version that others log and delete meanwhile leaves the manifest as it was; its number is not used again."""
    repository, theirs = begun(bucket), other(bucket)
    bucket.count()
    held = Held(bucket, FILE)
    saving = Saving(repository, 3)
    try:
        assert held.reached.wait(10)
        until(lambda: ("GET", MANIFEST) in bucket.asked)
        time.sleep(seconds)
        save(theirs, 1)
        theirs.delete("model", 1, "a mistake")
        theirs.save()
    finally:
        held.released.set()
        saving.join()
    found = opened(bucket, "r")
    assert [artifact.version for artifact in found.artifacts] == [0, 2]
    assert not any(commit.observed or commit.missing for commit in found.history())
    assert found.verify().ok


@pytest.mark.parametrize("taken", [False, True])
def test_interrupted_while_a_thread_begins(bucket: Bucket, monkeypatch: pytest.MonkeyPatch, taken: bool) -> None:
    """Who is interrupted while a file is handed over waits for it if a thread has taken it, and leaves nothing."""
    repository = begun(bucket)
    before = set(bucket.objects)
    held, submit = Held(bucket, FILE), ThreadPoolExecutor.submit

    def interrupted(pool: ThreadPoolExecutor, *work: Any) -> Any:
        if taken:
            submit(pool, *work)
            assert held.reached.wait(10)
            threading.Timer(0.2, held.released.set).start()
            pool._threads.clear()  # as when it is interrupted before it knows of its thread
        raise KeyboardInterrupt

    monkeypatch.setattr(ThreadPoolExecutor, "submit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save(repository, 3)
    monkeypatch.undo()
    time.sleep(0.3)
    held.released.set()
    assert set(bucket.objects) == before
    repository.save()
    assert versions(bucket) == [[0], [3]]


def test_equal_files_of_others_outlive_an_interrupt(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was never asked for is not taken back, though others have one of its name and bytes."""
    repository = begun(bucket)
    bucket.put(FILE, b"[3]")

    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(ThreadPoolExecutor, "submit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save(repository, 3)
    assert FILE in bucket.objects
