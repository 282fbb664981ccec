"""The line of those that save to one manifest of a bucket: who waits for whom, and what stays of it."""

import _thread
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from lazyscribe import Repository, turns
from lazyscribe.exception import CommitUnknownError, ConflictError
from tests.store.bucket_server import Bucket, Fault, serving
from tests.store.test_objects_answers import LOG, begun, opened, versions
from tests.store.test_objects_listing import MANIFEST, other

FIRST = f"{LOG}turn-00000001-aaaaaaaa"
"""Somebody's turn, before all others."""


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with serving() as found:
        yield found


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody be passed over."""
    monkeypatch.setattr(turns, "PATIENCE", 1000.0)


@pytest.fixture
def hasty(patient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody be waited for."""
    monkeypatch.setattr(turns, "PATIENCE", 0.0)
    monkeypatch.setattr(turns, "LOOKS", 0)


def line(bucket: Bucket) -> set[str]:
    """Return the keys of the turns that are there."""
    return {key for key in list(bucket.objects) if key.startswith(f"{LOG}turn-")}


def swaps(bucket: Bucket) -> int:
    """How many times it was asked to replace the manifest."""
    return bucket.asked.count(("PUT", MANIFEST))


def until(condition: Callable[[], object]) -> None:
    """Wait for something that is to happen."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "what was waited for did not happen"
        time.sleep(0.01)


def save(repository: Repository, value: int, message: str | None = None) -> None:
    repository.log_artifact("model", [value], handler="json", fname=f"{value}.json")
    repository.save(message=message)


class Saving(threading.Thread):
    """A save in a thread of its own; `join` raises what went wrong."""

    def __init__(self, repository: Repository, value: int, message: str | None = None) -> None:
        super().__init__()
        self.work = lambda: save(repository, value, message)
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self.work()
        except BaseException as error:
            self.error = error

    def join(self, timeout: float | None = 30) -> None:
        super().join(timeout)
        assert not self.is_alive()
        if self.error is not None:
            raise self.error


class Held:
    """Holds up the first write of a key that begins so until it is `released`; `reached` is set when it comes."""

    def __init__(self, bucket: Bucket, start: str) -> None:
        self.reached, self.released = threading.Event(), threading.Event()
        self.start: str | None = start
        bucket.fault = self.fault  # type: ignore[method-assign]

    def fault(self, method: str, key: str) -> Fault | None:
        if method == "PUT" and self.start is not None and key.startswith(self.start):
            self.start = None
            self.reached.set()
            self.released.wait(30)
        return None


def test_alone_nobody_takes_a_turn(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who finds nobody else at work asks for nothing that a line needs."""
    monkeypatch.setattr("lazyscribe.commit.FRESH", 1000.0)  # on a busy machine files may take long
    repository = begun(bucket)
    save(repository, 1)
    save(repository, 2)
    assert not any("turn-" in key for _, key in bucket.asked)
    assert sum((method, key) == ("GET", "") for method, key in bucket.asked) == 2


def test_a_commit_under_way_is_waited_for(bucket: Bucket) -> None:
    """Who finds somebody else about to swap takes a turn and lets that be done; no swap is refused, no turn stays."""
    repository, theirs = begun(bucket), other(bucket)
    held = Held(bucket, MANIFEST)
    first = Saving(theirs, 1)
    assert held.reached.wait(10)
    second = Saving(repository, 2)
    until(lambda: line(bucket))
    held.released.set()
    first.join()
    second.join()
    assert swaps(bucket) == 2
    assert versions(bucket) == [[0], [1], [2]]
    until(lambda: not line(bucket))


def test_those_before_come_first(bucket: Bucket) -> None:
    """Who has a turn saves when those before it are gone, whatever turns there are behind."""
    repository = begun(bucket)
    bucket.put(FIRST, b"")
    saving = Saving(repository, 1)
    until(lambda: len(line(bucket)) == 2)
    (mine,) = line(bucket) - {FIRST}
    bucket.put(f"{LOG}turn-00000099-bbbbbbbb", b"")
    assert mine > FIRST
    time.sleep(0.2)
    assert swaps(bucket) == 0
    assert not any(method == "PUT" and key.endswith(".json") and key.startswith(LOG) for method, key in bucket.asked)
    del bucket.objects[FIRST]
    saving.join()
    assert versions(bucket) == [[0], [1]]
    until(lambda: mine not in bucket.objects)
    (entry,) = (key for key in bucket.objects if key.startswith(f"{LOG}00000002-"))
    assert entry.removeprefix(f"{LOG}00000002-").startswith(mine[-8:])


def test_far_back_in_the_line(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many wait before, and however late answers come, one looks again in time."""
    repository = begun(bucket)
    others = [f"{LOG}turn-{number:08d}-aaaaaaaa" for number in range(1, 101)]
    for each in others:
        bucket.put(each, b"")
    bucket.count()
    bucket.seconds = 0.2
    monkeypatch.setenv("LAZYSCRIBE_LOCK_TIMEOUT", "6")
    saving = Saving(repository, 1)
    until(lambda: bucket.asked.count(("GET", "")) > 3 or not saving.is_alive())
    for each in others:
        bucket.objects.pop(each, None)
    saving.join()
    bucket.seconds = 0.0
    assert versions(bucket) == [[0], [1]]


def test_who_is_done_is_not_waited_for(bucket: Bucket) -> None:
    """A turn whose writer has committed is none any more, though its file is there."""
    repository = begun(bucket)
    (entry,) = (key for key in bucket.objects if key.startswith(LOG))
    bucket.put(f"{LOG}turn-00000001-{entry.removeprefix(f'{LOG}00000001-')[:8]}", b"")
    save(repository, 1)
    assert not any(method == "PUT" and "turn-" in key for method, key in bucket.asked)
    assert versions(bucket) == [[0], [1]]


@pytest.mark.usefixtures("hasty")
def test_who_was_killed_is_passed_over(bucket: Bucket) -> None:
    """A turn that nobody gives back holds others up for a while only, and is removed."""
    repository = begun(bucket)
    bucket.put(FIRST, b"")
    bucket.put(FIRST.replace("aaaaaaaa", "aaaaaaab"), b"")
    save(repository, 1)
    assert versions(bucket) == [[0], [1]]
    until(lambda: not line(bucket))


@pytest.mark.usefixtures("hasty")
def test_many_that_were_killed_are_passed_over(bucket: Bucket) -> None:
    """When a machine has died with all its writers in the line, few waits pass over all of them, not one for each."""
    repository = begun(bucket)
    for number in range(1, 64):
        bucket.put(f"{LOG}turn-{number:08d}-{number:08x}", b"")
    bucket.count()
    save(repository, 1)
    assert bucket.asked.count(("GET", "")) < 20
    assert versions(bucket) == [[0], [1]]
    until(lambda: not line(bucket))


@pytest.mark.usefixtures("hasty")
def test_who_only_seemed_to_be_gone(bucket: Bucket) -> None:
    """A commit that was passed over is refused when it comes after all, and made again; each is told once."""
    repository, theirs = begun(bucket), other(bucket)
    held = Held(bucket, MANIFEST)
    slow = Saving(theirs, 1, "slow")
    assert held.reached.wait(10)
    save(repository, 2, "quick")
    held.released.set()
    slow.join()
    assert swaps(bucket) == 3
    assert versions(bucket) == [[0], [2], [1]]
    assert [commit.message for commit in opened(bucket, "r").history()] == [None, "quick", "slow"]
    until(lambda: not line(bucket))


def test_what_was_refused_is_not_left_to_be_read(bucket: Bucket) -> None:
    """The entry of a refused swap goes away while its writer waits to try again."""
    repository = begun(bucket)
    entries = {key for key in bucket.objects if key.startswith(LOG)}
    held = Held(bucket, MANIFEST)
    saving = Saving(repository, 1)
    assert held.reached.wait(10)
    bucket.put(MANIFEST, bucket.objects[MANIFEST].data.replace(b"[", b"[ ", 1))  # as a program without a journal does
    bucket.put(FIRST, b"")
    held.released.set()
    until(lambda: len(line(bucket)) == 2)
    until(lambda: {key for key in list(bucket.objects) if key.startswith(LOG)} - line(bucket) == entries)
    assert saving.is_alive()
    del bucket.objects[FIRST]
    saving.join()
    assert versions(bucket) == [[0], [1]]


@pytest.mark.usefixtures("hasty")
def test_a_commit_that_was_taken_back_meanwhile(bucket: Bucket) -> None:
    """What was passed over, done, and taken back before the entry that calls it void was there, stays told."""
    repository, theirs = begun(bucket), other(bucket)
    held = Held(bucket, MANIFEST)
    slow = Saving(theirs, 1, "theirs")
    assert held.reached.wait(10)
    begin, listed = bucket.fault, 0

    def when_it_is_passed_over(method: str, key: str) -> Fault | None:
        nonlocal listed
        listed += (method, key) == ("GET", "") and threading.current_thread() is not slow
        if listed == 4 and not held.released.is_set():  # it was seen thrice, and is about to be called void
            held.released.set()
            slow.join()
            theirs.delete("model", 1, "a mistake")
            theirs.save(message="taken back")
        return begin(method, key)

    bucket.fault = when_it_is_passed_over  # type: ignore[method-assign]
    save(repository, 2, "ours")
    messages = [commit.message for commit in opened(bucket, "r").history()]
    assert messages == [None, "theirs", "taken back", "ours"]
    assert listed >= 4


@pytest.mark.parametrize("limit", ["0", "0.5"])
def test_who_may_not_wait_any_longer_tries(bucket: Bucket, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    """However short the time is, and whoever seems to come before, in the end the swap decides."""
    repository, theirs = begun(bucket), other(bucket)
    held = Held(bucket, MANIFEST)
    slow = Saving(theirs, 1)
    assert held.reached.wait(10)
    bucket.put(FIRST, b"")
    monkeypatch.setenv("LAZYSCRIBE_LOCK_TIMEOUT", limit)
    save(repository, 2)
    monkeypatch.delenv("LAZYSCRIBE_LOCK_TIMEOUT")
    if limit != "0":  # there was time enough to pass over it
        until(lambda: FIRST not in bucket.objects)
    bucket.objects.pop(FIRST, None)
    held.released.set()
    slow.join()
    assert versions(bucket) == [[0], [2], [1]]
    until(lambda: not line(bucket))


def test_a_save_that_fails_gives_its_turn_back(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither who was refused for too long nor who is interrupted leaves a turn or a file; both may save again."""
    repository = begun(bucket)
    before = set(bucket.objects)
    bucket.put(FIRST, b"")
    bucket.faults = [Fault("PUT", MANIFEST, 412, "PreconditionFailed")] * 100
    monkeypatch.setenv("LAZYSCRIBE_LOCK_TIMEOUT", "0.3")
    with pytest.raises(ConflictError, match="save again later"):
        save(repository, 1)
    assert 0 < len(bucket.faults) < 100
    bucket.faults.clear()
    until(lambda: set(bucket.objects) - {FIRST} == before)
    bucket.objects.pop(FIRST, None)
    bucket.put(second := f"{LOG}turn-00000001-bbbbbbbb", b"")  # the first is perhaps about to be passed over
    monkeypatch.delenv("LAZYSCRIBE_LOCK_TIMEOUT")

    def interrupt() -> None:
        until(lambda: len(line(bucket)) == 2)
        _thread.interrupt_main()

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        repository.save()
    thread.join()
    until(lambda: set(bucket.objects) == before | {second})
    del bucket.objects[second]
    repository.save()
    assert versions(bucket) == [[0], [1]]


def test_nobody_waits_for_what_it_left_itself(bucket: Bucket) -> None:
    """Who does not know whether its commit was done saves again at once, whatever of it is there."""
    repository = opened(bucket, retry_config={"retry_timeout": 0.5})
    save(repository, 0)
    begin, lost = bucket.fault, False

    def fault(method: str, key: str) -> Fault | None:
        nonlocal lost
        lost = lost or (method, key) == ("PUT", MANIFEST)
        return Fault(method, key, 500, "InternalError") if lost and key == MANIFEST else None

    bucket.fault = fault  # type: ignore[method-assign]
    with pytest.raises(CommitUnknownError):
        save(repository, 1)
    bucket.fault = begin  # type: ignore[method-assign]
    bucket.count()
    repository.save()
    assert not any("turn-" in key for _, key in bucket.asked)
    assert versions(bucket) == [[0], [1]]


def test_turns_that_were_left_go_with_the_entries(bucket: Bucket) -> None:
    """A turn that could not be given back is deleted at the latest when its entry is carried by another."""
    repository = begun(bucket)
    (entry,) = (key for key in bucket.objects if key.startswith(LOG))
    bucket.put(f"{LOG}turn-00000001-{entry.removeprefix(f'{LOG}00000001-')[:8]}", b"")
    for number in range(1, 66):
        save(repository, number)
    assert not line(bucket)


def test_who_is_behind_reads_the_manifest_once(bucket: Bucket) -> None:
    """What others have written travels once to those who wait, however often they look."""
    repository, theirs = begun(bucket), other(bucket)
    save(theirs, 1)
    bucket.put(FIRST, b"")
    bucket.count()
    answered = len(bucket.answers)
    saving = Saving(repository, 2)
    until(lambda: bucket.asked.count(("GET", MANIFEST)) > 4)
    assert bucket.answers[answered:].count(304) > 1
    del bucket.objects[FIRST]
    saving.join()


def test_verify_tells_of_what_was_left(bucket: Bucket) -> None:
    """A turn that lies there is told of, like whatever else a killed save leaves."""
    repository = begun(bucket)
    assert not repository.verify().findings
    bucket.put(FIRST, b"")
    (finding,) = repository.verify().findings
    assert (finding.kind, finding.severity) == ("temporary-file", "warning")
    assert finding.path.endswith("turn-00000001-aaaaaaaa")


def test_a_list_newer_than_the_manifest(bucket: Bucket) -> None:
    """Who moves an alias while others commit tells nothing of them that is not so, though it swaps nothing."""
    repository = begun(bucket)
    for number in (1, 2):
        save(repository, number)
    theirs = other(bucket)
    bucket.count()
    armed = True

    def fault(method: str, key: str) -> Fault | None:
        nonlocal armed
        if armed and (method, key) == ("GET", ""):
            armed = False
            until(lambda: ("GET", MANIFEST) in bucket.asked)
            time.sleep(0.1)  # it has been answered by then
            theirs.delete("model", 1, "a mistake")
            theirs.save()
            save(theirs, 3)
        return None

    bucket.fault = fault  # type: ignore[method-assign]
    repository.set_alias("model", "best", 0)
    repository.save()
    assert not armed
    commits = opened(bucket, "r").history()
    assert [(commit.observed, commit.missing) for commit in commits] == [((), ())] * 6
    assert opened(bucket, "r").aliases("model") == {"best": 0}


def test_aliases_do_not_wait(bucket: Bucket) -> None:
    """Who only moves an alias needs no turn: nothing is swapped."""
    repository = begun(bucket)
    bucket.put(FIRST, b"")
    repository.set_alias("model", "best", 0)
    repository.save()
    assert line(bucket) == {FIRST}
    assert opened(bucket, "r").load_artifact("model", version="@best") == [0]


def test_a_look_from_before_the_lock_is_not_used(bucket: Bucket) -> None:
    """Who had to wait for another thread of this process looks anew, so that no swap is refused."""
    repository, same = begun(bucket), opened(bucket)
    held = Held(bucket, LOG)
    first = Saving(same, 1)
    assert held.reached.wait(10)
    bucket.count()
    second = Saving(repository, 2)
    until(lambda: ("GET", MANIFEST) in bucket.asked)  # while its file is on its way
    time.sleep(0.1)
    held.released.set()
    first.join()
    second.join()
    assert swaps(bucket) == 2
    assert versions(bucket) == [[0], [1], [2]]


def test_many_threads_of_many_writers(bucket: Bucket) -> None:
    """Writers that no lock keeps apart save one after the other: nothing lost, each told once, no turn left."""
    begun(bucket)
    ours, theirs = [opened(bucket) for _ in range(3)], [other(bucket) for _ in range(3)]

    def write(repository: Repository, number: int) -> None:
        for turn in range(4):
            save(repository, 1 + number * 4 + turn, f"{number}-{turn}")

    threads = [threading.Thread(target=write, args=(each, number)) for number, each in enumerate(ours + theirs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(versions(bucket)) == [[number] for number in range(25)]
    messages = [commit.message for commit in opened(bucket, "r").history()]
    assert sorted(filter(None, messages)) == sorted(f"{number}-{turn}" for number in range(6) for turn in range(4))
    until(lambda: not line(bucket))
