"""What of a save to a bucket travels at the same time, and what waits for what."""

import signal
import threading
import time
from collections.abc import Iterator

import pytest

from lazyscribe import Repository, commit
from lazyscribe.exception import SaveError
from lazyscribe.facts import encoded
from tests.store.bucket_server import Bucket, Fault, serving
from tests.store.test_objects_answers import LOG, begun, opened, versions
from tests.store.test_objects_listing import MANIFEST, other
from tests.store.test_objects_turns import Held, Saving, save, swaps, until

FILE = "models/model/3.json"
FACTS = "models/.lazyscribe/facts/model/3.json.json"


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with serving() as found:
        yield found


def entries(bucket: Bucket) -> int:
    """How many entries the journal has."""
    return sum(key.startswith(LOG) and "turn-" not in key for key in list(bucket.objects))


def interrupted(bucket: Bucket, times: int, repository: Repository) -> None:
    """Save, and be interrupted so many times when the entry is there, and facts are not."""
    count, held = entries(bucket), Held(bucket, FACTS)

    main = threading.main_thread().ident or 0

    def interrupt() -> None:
        until(lambda: entries(bucket) > count)
        for _ in range(times):
            time.sleep(0.2)  # it waits for the facts by then
            signal.pthread_kill(main, signal.SIGINT)
        time.sleep(0.2)
        held.released.set()

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        save(repository, 3)
    thread.join()


@pytest.mark.parametrize("crowded", [False, True])
def test_when_it_is_looked(bucket: Bucket, crowded: bool) -> None:
    """The manifest is read while files are on their way; where others write as well, only when they have arrived."""
    repository = begun(bucket)
    if crowded:
        save(other(bucket), 1)
        save(repository, 2)
    bucket.count()
    held = Held(bucket, FILE)
    saving = Saving(repository, 3)
    assert held.reached.wait(10)
    if crowded:
        time.sleep(0.2)
        assert ("GET", MANIFEST) not in bucket.asked
    else:
        until(lambda: ("GET", MANIFEST) in bucket.asked)
    assert FACTS not in bucket.objects
    held.released.set()
    saving.join()
    assert opened(bucket, "r").verify().ok


@pytest.mark.parametrize("late", [FACTS, LOG], ids=["facts", "entry"])
def test_what_is_known_of_files_travels_with_the_entry(bucket: Bucket, late: str) -> None:
    """Of what is known of a file and the journal's entry each goes without waiting; the swap waits for both."""
    repository = begun(bucket)
    before = entries(bucket)
    held = Held(bucket, late)
    saving = Saving(repository, 3)
    assert held.reached.wait(10)
    until(lambda: entries(bucket) > before if late == FACTS else FACTS in bucket.objects)
    time.sleep(0.1)
    assert swaps(bucket) == 0
    held.released.set()
    saving.join()
    assert swaps(bucket) == 1
    assert versions(bucket) == [[0], [3]]
    assert opened(bucket, "r").verify().ok


@pytest.mark.parametrize("refused", [FACTS, LOG, MANIFEST], ids=["facts", "entry", "manifest"])
def test_one_of_them_is_refused(bucket: Bucket, refused: str) -> None:
    """If one of the last three writes is denied, what the others have done is taken back; the save can be repeated."""
    repository = begun(bucket)
    before = dict(bucket.objects)

    def denied(method: str, key: str) -> Fault | None:
        return Fault("PUT", "", 403, "AccessDenied") if method == "PUT" and key.startswith(refused) else None

    bucket.fault = denied  # type: ignore[method-assign]
    with pytest.raises(SaveError, match="is refused"):
        save(repository, 3)
    assert bucket.objects == before
    del bucket.fault  # type: ignore[method-assign]
    repository.save()
    assert versions(bucket) == [[0], [3]]
    assert opened(bucket, "r").verify().ok


def test_interrupted_while_facts_are_on_their_way(bucket: Bucket) -> None:
    """Who is interrupted when the entry is there, and facts are not, has saved nothing, and leaves nothing."""
    repository = begun(bucket)
    before = dict(bucket.objects)
    interrupted(bucket, 1, repository)
    assert bucket.objects == before
    repository.save()
    assert versions(bucket) == [[0], [3]]


def test_facts_that_are_there_already(bucket: Bucket) -> None:
    """What somebody left that is told of a file of that name stays; ours is there before the manifest names it."""
    repository = begun(bucket)
    theirs = encoded({"sha256": "0" * 64, "size": 1})
    bucket.put(FACTS, theirs)
    told: list[int] = []

    def note(method: str, key: str) -> None:
        if (method, key) == ("PUT", MANIFEST):
            told.append(sum("/packs/" in each for each in bucket.objects))

    bucket.fault = note  # type: ignore[method-assign, assignment]
    save(repository, 3)
    assert told == [1]
    assert bucket.objects[FACTS].data == theirs
    report = opened(bucket, "r").verify()
    assert (report.findings, report.counts["verified"]) == ((), 2)


def test_facts_of_this_very_record_that_are_there_already(bucket: Bucket) -> None:
    """Those that a save of the same second left, of a file that is not there any more, are replaced."""
    repository = begun(bucket)
    repository.log_artifact("model", [3], handler="json", fname="3.json")
    made = repository.artifacts[-1].created_at.isoformat(timespec="seconds")
    left = {"sha256": "0" * 64, "size": 1, "author": "ada", "created_at": made, "handler": "json"}
    bucket.put(FACTS, encoded(left))
    repository.save()
    report = opened(bucket, "r").verify()
    assert (report.findings, report.counts["verified"]) == ((), 2)


@pytest.mark.parametrize("quick", [False, True])
def test_others_save_while_files_are_on_their_way(bucket: Bucket, monkeypatch: pytest.MonkeyPatch, quick: bool) -> None:
    """What others save meanwhile stays; if the files have taken long, it is known before the swap, which goes well."""
    monkeypatch.setattr(commit, "FRESH", 1000.0 if quick else 0.2)
    repository, theirs = begun(bucket), other(bucket)
    bucket.count()
    held = Held(bucket, FILE)
    saving = Saving(repository, 3)
    assert held.reached.wait(10)
    until(lambda: ("GET", MANIFEST) in bucket.asked)
    time.sleep(0.3)
    save(theirs, 1)
    held.released.set()
    saving.join()
    assert swaps(bucket) == 2 + quick
    assert versions(bucket) == [[0], [1], [3]]
    assert opened(bucket, "r").verify().ok
