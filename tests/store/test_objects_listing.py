"""The journal is listed while the manifest is read: what others do between the two answers is not overlooked."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from lazyscribe import Repository
from lazyscribe.journal import log
from tests.store.bucket_server import Bucket, Fault, serving
from tests.store.test_objects_answers import LOG, URL, begun, opened

MANIFEST = "models/repository.json"


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with serving() as found:
        yield found


class Between:
    """Holds up the next answer that shows the manifest until the journal was listed, and something else done."""

    def __init__(self, bucket: Bucket, act: Callable[[], object]) -> None:
        self.listed, self.act = threading.Event(), act
        self.bucket, self.is_to_come = bucket, True
        self.asked = len(bucket.asked)
        bucket.fault = self.fault  # type: ignore[method-assign]

    def fault(self, method: str, key: str) -> Fault | None:
        if self.is_to_come and (method, key) == ("GET", MANIFEST):
            self.is_to_come = False
            until = time.monotonic() + 10
            while ("GET", "") not in self.bucket.asked[self.asked :]:
                assert time.monotonic() < until, "nobody lists the journal while the manifest is read"
                time.sleep(0.01)
            time.sleep(0.1)  # the list has been answered by then
            self.act()
        return None


def other(bucket: Bucket) -> Repository:
    """Return a repository that, as another process's, takes no lock of this one."""
    return opened(bucket, url=URL.replace("s3:", "s3a:"))


def test_a_commit_between_list_and_manifest(bucket: Bucket) -> None:
    """Its entry is found after all: nothing counts as observed, and all commits stand in one line."""
    repository = begun(bucket)
    theirs = other(bucket)

    def act() -> None:
        theirs.log_artifact("model", [1], handler="json", fname="second.json")
        theirs.save(message="theirs")

    between = Between(bucket, act)
    repository.log_artifact("model", [2], handler="json", fname="third.json")
    repository.save(message="ours")
    assert not between.is_to_come
    commits = opened(bucket, "r").history()
    assert [(commit.number, commit.message) for commit in commits] == [(1, None), (2, "theirs"), (3, "ours")]
    assert [commit.observed for commit in commits] == [(), (), ()]


def test_a_commit_that_seemed_to_be_under_way(bucket: Bucket) -> None:
    """Who commits and takes it back between list and manifest, so that nothing seems to have happened, stays told."""
    repository = begun(bucket)
    theirs = other(bucket)
    is_listed = threading.Event()

    def undo() -> None:
        theirs.log_artifact("model", [1], handler="json", fname="second.json")
        theirs.save(message="theirs")
        theirs.delete("model", 1, "a mistake")
        theirs.save(message="taken back")

    writer = threading.Thread(target=undo)

    def act() -> None:
        is_listed.set()
        writer.join()

    begin = bucket.fault

    def held(method: str, key: str) -> Fault | None:
        if (method, key) == ("PUT", MANIFEST):
            bucket.fault = begin  # type: ignore[method-assign]
            under_way.set()
            is_listed.wait(10)
        return None

    under_way = threading.Event()
    bucket.fault = held  # type: ignore[method-assign]
    writer.start()
    assert under_way.wait(10)
    entries = {key for key in bucket.objects if key.startswith(LOG)}
    between = Between(bucket, act)
    repository.log_artifact("model", [2], handler="json", fname="third.json")
    repository.save(message="ours")
    assert not between.is_to_come
    assert entries <= bucket.objects.keys()
    messages = [commit.message for commit in opened(bucket, "r").history()]
    assert messages == [None, "theirs", "taken back", "ours"]


def test_entries_that_are_carried(bucket: Bucket) -> None:
    """Entries that the next one carries are deleted by one request, and who wrote it does not read it."""
    repository = begun(bucket)
    for number in range(1, 64):
        repository.log_artifact("model", [number], handler="json", fname=f"{number}.json")
        repository.save()
    asked: dict[str, list[tuple[str, str]]] = {}
    for each in ("carries", "after"):
        bucket.count()
        repository.log_artifact("model", [each], handler="json", fname=f"{each}.json")
        repository.save()
        asked[each] = bucket.asked
    assert [method for method, _ in asked["carries"]].count("POST") == 1
    assert len([key for key in bucket.objects if key.startswith(LOG)]) == 2
    assert not any(method == "GET" and key.startswith(LOG) for method, key in asked["after"])
    assert len(opened(bucket, "r").history()) == 66


@pytest.mark.parametrize("packed", [False, True])
def test_an_alias_that_moves_while_it_is_seen_what_was_deleted(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    """The move stays, alone or in a pack, though a save that looks again packs what it saw at its first look."""
    monkeypatch.setattr(log, "LOOSE", 3)
    repository = begun(bucket)
    repository.log_artifact("model", [1], handler="json", fname="second.json")
    repository.save()
    theirs, third = other(bucket), opened(bucket, url=URL.replace("bucket", "third"))  # which share no lock
    moving, may_move, moved, deleted = (threading.Event() for _ in range(4))
    lists: list[int] = []

    def fault(method: str, key: str) -> Fault | None:
        if method == "PUT" and key.startswith(LOG) and key.endswith("-1.json" if packed else ".json"):
            if not moving.is_set():
                moving.set()
                assert may_move.wait(10)
        elif (method, key) == ("GET", "") and deleted.is_set():
            lists.append(1)
            if len(lists) == 2:  # the first is that of the save
                may_move.set()
                assert moved.wait(10)
        return Fault("POST", "", 403, "AccessDenied") if method == "POST" else None

    def delete() -> None:
        theirs.delete("model", 1, "no good")
        theirs.save()

    def move() -> None:
        third.set_alias("model", "best", 0)
        third.save()
        moved.set()

    if packed:
        delete()
    bucket.fault = fault  # type: ignore[method-assign]
    thread = threading.Thread(target=move)
    thread.start()
    assert moving.wait(10)
    if not packed:
        delete()
    deleted.set()
    repository.log_artifact("model", [2], handler="json", fname="third.json")
    repository.save()
    thread.join(10)
    assert sum(key.startswith(LOG) and key.endswith("-1.json") for key in bucket.objects) == 1 + packed
    found = opened(bucket, "r")
    assert found.load_artifact("model", version="@best") == [0]
    assert [move.alias for commit in found.history() for move in commit.aliased] == ["best"]
