"""Saves to a bucket whose answers are lost, late or refusals; what they cost; and what is shown when they fail."""

import _thread
import json
import pickle
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Project, Repository
from lazyscribe.exception import (
    CommitUnknownError,
    ConflictError,
    CorruptArtifactError,
    InvalidArgumentError,
    LazyscribeError,
    ReadOnlyError,
    SaveError,
    UnreadableError,
    UnsafeStoreError,
)
from lazyscribe.progress import wait_telling
from tests.store.bucket_server import Bucket, Fault, serving

SECRET = "wOrD0fSecrecy"
URL = "s3://bucket/models/repository.json"


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with serving() as found:
        yield found


def opened(bucket: Bucket, mode: str = "w+", url: str = URL, **options: Any) -> Repository:
    patience = {"retry_config": {"retry_timeout": 5.0}}
    access = {"endpoint_url": bucket.endpoint, "key": "AKIATESTS", "secret": SECRET}
    return Repository(url, mode=mode, **{**access, **patience, **options})  # type: ignore[arg-type]


def begun(bucket: Bucket, probes: int | None = None) -> Repository:
    """Return a repository with one version, which has seen, by so many requests, that the bucket heeds conditions."""
    repository = opened(bucket)
    repository.log_artifact("model", [0], handler="json", fname="first.json")
    repository.save()
    assert probes in (None, sum("probe" in key or (not key and method == "POST") for method, key in bucket.asked))
    bucket.count()
    return repository


def versions(bucket: Bucket) -> list[Any]:
    """Return the values of all versions, in the order of their numbers, read by somebody new."""
    repository = opened(bucket, "r")
    numbers = [artifact.version for artifact in repository.artifacts]
    assert numbers == list(range(len(numbers)))
    return [repository.load_artifact("model", version=number) for number in numbers]


LOG = "models/.lazyscribe/repository.json.log/"
"""Where the journal lies; how many entries it has is not these tests' business."""


def objects(bucket: Bucket) -> dict[str, Any]:
    """Return what is in the bucket but for the journal."""
    return {key: each for key, each in bucket.objects.items() if not key.startswith(LOG)}


def told(bucket: Bucket) -> int:
    """Return how many requests there were since the last call but for those that the journal makes."""
    asked = [key for method, key in bucket.asked if key and not key.startswith(LOG)]
    listed = sum(not key and method == "GET" for method, key in bucket.asked)
    bucket.count()
    return len(asked) + listed


PLACES = ["models/model/second.json", "models/.lazyscribe/facts/model/second.json.json", "models/repository.json"]
FAULTS = [
    Fault("PUT", "", 0, done=True),
    Fault("PUT", "", 0),
    Fault("PUT", "", 500, "InternalError", done=True),
    Fault("PUT", "", 500, "InternalError"),
    Fault("PUT", "", 503, "SlowDown"),
    Fault("PUT", "", 503, done=True),
    Fault("PUT", "", 409, "ConditionalRequestConflict"),
    Fault("PUT", "", 409),
    Fault("PUT", "", 412, "PreconditionFailed"),
    Fault("PUT", "", 429),
    Fault("PUT", "", 400, "RequestTimeout"),
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.status}{'-done' * fault.done}{fault.code}")
@pytest.mark.parametrize("times", [1, 3])
def test_answers_that_are_lost(bucket: Bucket, place: str, fault: Fault, times: int) -> None:
    """A save whose answers are lost, or say "later", is saved once, and leaves nothing but its files."""
    repository = begun(bucket)
    bucket.faults = [fault._replace(path=place)] * times
    repository.log_artifact("model", [1], handler="json", fname="second.json")
    repository.save()
    assert len(bucket.faults) < times  # those that are looked for after the first need not come
    bucket.faults.clear()
    assert versions(bucket) == [[0], [1]]
    facts = {f"models/.lazyscribe/facts/model/{name}.json.json" for name in ("first", "second")}
    files = {f"models/model/{name}.json" for name in ("first", "second")}
    assert set(objects(bucket)) == {"models/repository.json"} | facts | files


def test_others_build_on_what_was_lost(bucket: Bucket) -> None:
    """A manifest that was replaced, its answer lost, and changed by others since: the version is in it once."""
    repository = begun(bucket)
    other = opened(bucket, url=URL.replace("s3:", "s3a:"))  # as another process does, it takes no lock of this one

    def meanwhile() -> None:
        bucket.meanwhile = lambda: None
        other.log_artifact("model", [2], handler="json", fname="third.json")
        other.save()

    bucket.meanwhile = meanwhile
    bucket.faults = [Fault("PUT", "repository.json", 0, done=True)]
    repository.log_artifact("model", [1], handler="json", fname="second.json")
    repository.save()
    assert versions(bucket) == [[0], [1], [2]]
    assert [artifact.version for artifact in repository.artifacts] == [0, 1, 2]


def test_interrupted_while_it_is_asked_again(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was replaced, the answer lost, and changed by others before the user gave up waiting, keeps its files."""
    repository = begun(bucket)
    other = opened(bucket, url=URL.replace("s3:", "s3a:"))

    def interrupt(seconds: float) -> None:
        if threading.current_thread() is threading.main_thread():
            monkeypatch.undo()
            raise KeyboardInterrupt

    def meanwhile() -> None:
        bucket.meanwhile = lambda: None
        other.log_artifact("model", [2], handler="json", fname="third.json")
        other.save()
        bucket.faults = [Fault("GET", "repository.json", 400)]
        monkeypatch.setattr("time.sleep", interrupt)

    bucket.meanwhile = meanwhile
    bucket.faults = [Fault("PUT", "repository.json", 0, done=True)]
    repository.log_artifact("model", [1], handler="json", fname="second.json")
    with pytest.raises(KeyboardInterrupt) as raised:
        repository.save()
    assert "is not known" in str(raised.value.__notes__)
    assert versions(bucket) == [[0], [1], [2]]
    repository.save()
    assert versions(bucket) == [[0], [1], [2]]
    assert repository.verify().ok


def test_others_come_before_what_was_lost(bucket: Bucket) -> None:
    """A manifest that others changed before a request that never arrived is merged with."""
    repository, other = begun(bucket), opened(bucket)
    other.log_artifact("model", [2], handler="json", fname="third.json")
    other.save()
    bucket.faults = [Fault("PUT", "repository.json", 0)]
    repository.log_artifact("model", [1], handler="json", fname="second.json")
    repository.save()
    assert versions(bucket) == [[0], [2], [1]]


def test_equal_files_of_others(bucket: Bucket) -> None:
    """A file of equal name and bytes that others created is not taken for the one whose answer was lost."""
    repository = begun(bucket)
    theirs = "models/model/second.json"
    bucket.put(theirs, b"[1]", {"lazyscribeid": "somebody"})
    bucket.faults = [Fault("PUT", "second.json", 500)]
    repository.log_artifact("model", [1], handler="json", fname="second.json")
    with pytest.warns(UserWarning, match="is taken"):
        repository.save()
    assert repository.artifacts[1].fname == "second-1.json"
    assert bucket.objects[theirs].metadata == {"lazyscribeid": "somebody"}


@pytest.mark.parametrize("reloading", [False, True])
def test_saved_again_under_a_name_that_was_not_the_first(bucket: Bucket, reloading: bool) -> None:
    """A version whose file got another name, since others had its own, is there once if its save is repeated."""
    repository = begun(bucket)
    bucket.put("models/model/second.json", b"[2]", {"lazyscribeid": "somebody"})

    def meanwhile() -> None:
        bucket.faults = [Fault("GET", "repository.json", 400)] * 50

    bucket.meanwhile = meanwhile
    bucket.faults = [Fault("PUT", "repository.json", 500, done=True)]
    repository.log_artifact("model", [1], handler="json", fname="second.json")
    with pytest.raises(CommitUnknownError):
        repository.save()
    bucket.faults.clear()
    if reloading:
        repository.reload()
    repository.log_artifact("model", [2], handler="json", fname="second-1.json")
    with pytest.warns(UserWarning, match="is taken"):
        repository.save()
    assert versions(bucket) == [[0], [1], [2]]
    assert repository.load_artifact("model", version=1) == [1]


def test_equal_files_of_others_outlive_an_impatient_user(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who interrupts a save again while it waits for its files does not delete those that turn out to be others'."""
    repository = begun(bucket)
    bucket.put("models/model/second.json", b"[1]", {"lazyscribeid": "somebody"})
    before = set(bucket.objects)
    interrupts = [KeyboardInterrupt] * 2

    def impatient(*arguments: Any) -> None:
        if interrupts:
            raise interrupts.pop()
        wait_telling(*arguments)

    monkeypatch.setattr("lazyscribe.store.objects.batch.wait_telling", impatient)
    repository.log_artifact("model", [1], handler="json", fname="second.json")
    with pytest.raises(KeyboardInterrupt):
        repository.save()
    assert set(bucket.objects) == before


def test_names_that_others_took_in_a_large_save(bucket: Bucket) -> None:
    """Of many files that travel at once, those whose names others have get other ones, and their handlers run once."""
    repository = begun(bucket)
    for number in range(1, 20, 3):
        bucket.put(f"models/model/{number}.json", b"theirs")
    for number in range(1, 20):
        repository.log_artifact("model", [number], handler="json", fname=f"{number}.json")
    with pytest.warns(UserWarning, match="is taken"):
        repository.save()
    assert versions(bucket) == [[number] for number in range(20)]
    assert opened(bucket, "r").verify().checked["verified"] == 20
    assert bucket.objects["models/model/1.json"].data == b"theirs"
    assert repository.artifacts[1].fname == "1-1.json"


def test_one_of_many_files_fails(bucket: Bucket) -> None:
    """If one of many files is refused, the error names its artifact, nothing stays, and saving again works."""
    repository = begun(bucket)
    before = dict(bucket.objects)
    for number in range(1, 40):
        repository.log_artifact("model", [number], handler="json", fname=f"{number}.json")
    bucket.faults = [Fault("PUT", "models/model/7.json", 403, "AccessDenied")]
    with pytest.raises(SaveError, match=r"model/7\.json.*may not do that: 403 AccessDenied"):
        repository.save()
    assert bucket.objects == before
    repository.save()
    assert versions(bucket) == [[number] for number in range(40)]


def test_files_of_others_outlive_a_failed_save(bucket: Bucket) -> None:
    """A name that others had is theirs also when the save fails before that is known, and their bytes are equal."""
    repository = begun(bucket)
    bucket.put("models/model/second.json", b"[1]")
    before = dict(bucket.objects)
    repository.log_artifact("model", [1], handler="json", fname="second.json")
    repository.log_artifact("model", object(), handler="json", fname="third.json")
    with pytest.raises(SaveError, match="third"):
        repository.save()
    assert bucket.objects == before


def test_an_answer_that_never_comes(bucket: Bucket) -> None:
    """When every answer about the manifest is lost the outcome is unknown, and saving again finds what was saved."""
    repository = begun(bucket)
    lost = Fault("PUT", "repository.json", 0, done=True)
    bucket.faults = [lost] + [Fault("GET", "repository.json", 500)] * 1000
    bucket.faults.pop(1)  # the one that asks for the newest before it is swapped is answered
    repository.log_artifact("model", [1], handler="json", fname="second.json")
    answered = bucket.fault

    def fault(method: str, key: str) -> Fault | None:
        if method == "GET" and lost in bucket.faults:
            return None
        return answered(method, key)

    bucket.fault = fault  # type: ignore[method-assign]
    with pytest.raises(CommitUnknownError, match="saving again is harmless"):
        repository.save()
    bucket.faults.clear()
    repository.save()
    assert versions(bucket) == [[0], [1]]


def test_a_server_that_is_away(bucket: Bucket) -> None:
    """A server that is not there, or always busy, is one error after the time for it; the save can be repeated."""
    repository = opened(bucket, retry_config={"retry_timeout": 0.5})
    repository.log_artifact("model", [0], handler="json")
    bucket.faults = [Fault("PUT", "", 503)] * 100
    with pytest.raises(SaveError, match="cannot be reached"):
        repository.save()
    bucket.faults.clear()
    repository.save()
    assert versions(bucket) == [[0]]
    bucket.endpoint = "http://127.0.0.1:1"
    with pytest.raises(UnreadableError, match="no connection"):
        opened(bucket, retry_config={"retry_timeout": 0.5})


def test_others_never_cease(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """A save that others are always before ends in a conflict after the time for locks, and leaves nothing."""
    monkeypatch.setenv("LAZYSCRIBE_LOCK_TIMEOUT", "0.3")
    repository = begun(bucket)
    before = set(bucket.objects)
    bucket.faults = [Fault("PUT", "repository.json", 412, "PreconditionFailed")] * 10_000
    repository.log_artifact("model", [1], handler="json", fname="second.json")
    with pytest.raises(ConflictError, match=r"for 0\.3 seconds"):
        repository.save()
    bucket.faults.clear()
    until = time.monotonic() + 10
    while set(bucket.objects) != before:  # the turn is given back by a thread that nobody waits for
        assert time.monotonic() < until, set(bucket.objects) - before
        time.sleep(0.01)
    monkeypatch.delenv("LAZYSCRIBE_LOCK_TIMEOUT")
    bucket.faults = [Fault("PUT", "repository.json", 412, "PreconditionFailed")] * 6
    repository.save()
    assert versions(bucket) == [[0], [1]]


# Large files


def test_interrupted_while_files_wait(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """A save that is interrupted while a large file waits for others leaves nothing of it, and no thread at work."""
    monkeypatch.setattr("lazyscribe.store.objects.batch.WAITING", -1)
    repository = begun(bucket)
    before = set(bucket.objects)
    main = threading.main_thread().ident
    assert main is not None

    def meanwhile() -> None:
        while "in _wait_for_room" not in "".join(traceback.format_stack(sys._current_frames()[main])):
            time.sleep(0.01)
        _thread.interrupt_main()

    bucket.meanwhile = meanwhile
    bucket.faults = [Fault("PUT", "small.bin", 503, done=True)]
    repository.log_artifact("model", b"small", handler="bytes", fname="small.bin")
    repository.log_artifact("model", LARGE, handler="bytes", fname="large.bin")
    with pytest.raises(KeyboardInterrupt):
        repository.save()
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("lazyscribe")]
    assert set(bucket.objects) == before


LARGE = bytes(range(256)) * (80 << 10)  # 20 MiB: three parts


def large(bucket: Bucket) -> Repository:
    """Return a repository in which a large file is to be saved."""
    repository = begun(bucket)
    repository.log_artifact("large", LARGE, handler="bytes", fname="large.bin")
    return repository


@pytest.mark.parametrize(
    "faults",
    [
        [],
        [Fault("POST", "large.bin", 0, done=True)] * 2,
        [Fault("POST", "large.bin?complete", 0, done=True)],
        [Fault("POST", "large.bin", 400), Fault("POST", "large.bin?complete", 0, done=True)],
        [Fault("POST", "large.bin", 500)] * 3,
        [Fault("PUT", "large.bin", 0, done=True), Fault("PUT", "large.bin", 500)],
        [Fault("PUT", "large.bin", 503)] * 4,
    ],
    ids=["well", "answers lost", "end lost", "sent anew", "errors", "claim lost", "parts fail"],
)
def test_large_files(bucket: Bucket, faults: list[Fault]) -> None:
    """A large file goes up in parts, whatever of it has to be repeated, once if it can be, and comes back as it was."""
    repository = large(bucket)
    bucket.faults = list(faults)
    repository.save()
    bucket.faults.clear()
    assert bucket.objects["models/large/large.bin"].data == LARGE
    assert [key for method, key in bucket.asked if method == "POST"].count("models/large/large.bin") <= 2 + len(faults)
    assert opened(bucket, "r").load_artifact("large") == LARGE
    assert len(objects(bucket)) == 5


@pytest.mark.parametrize("way", ["backwards", "cut", "far ahead", "read back", "in lines", "fails"])
def test_large_files_that_are_not_written_in_order(bucket: Bucket, way: str) -> None:
    """However a large file is written, what arrives is what was written; of one that fails nothing does."""
    store = begun(bucket)._location.store
    expected = bytearray(LARGE)

    def write(file: Any) -> None:
        if way == "far ahead":
            file.seek(4 << 20)
            expected[: 4 << 20] = bytes(4 << 20)
            file.write(LARGE[4 << 20 :])
            return
        file.writelines([LARGE[: 9 << 20], LARGE[9 << 20 :]]) if way == "in lines" else file.write(LARGE)
        until = time.monotonic() + 10
        while way != "fails" and bucket.asked.count(("PUT", "models/x.bin")) < 3 and time.monotonic() < until:
            time.sleep(0.01)  # until two parts have been sent over the claim
        if way == "backwards":
            file.seek(5)
            file.write(b"another")
            expected[5:12] = b"another"
        if way == "cut":
            file.truncate(10 << 20)
            del expected[10 << 20 :]
        if way == "read back":
            file.seek(1 << 20)
            assert file.read(5) == LARGE[:5]
        if way == "fails":
            raise ZeroDivisionError

    before = dict(bucket.objects)
    with suppress(ZeroDivisionError), store.create("x.bin") as file:
        write(file)
    if way == "fails":
        assert bucket.objects == before
        return
    assert bucket.objects["models/x.bin"].data == expected
    with store.open("x.bin") as found:
        assert found.read() == expected


def test_a_large_file_whose_name_is_taken(bucket: Bucket) -> None:
    """That is known before its parts travel; it gets another name."""
    repository = large(bucket)
    bucket.put("models/large/large.bin", b"theirs")
    with pytest.warns(UserWarning, match="is taken"):
        repository.save()
    assert opened(bucket, "r").load_artifact("large") == LARGE
    assert bucket.objects["models/large/large.bin"].data == b"theirs"
    assert not [key for method, key in bucket.asked if method == "POST" and key == "models/large/large.bin"]


def test_a_large_file_that_fails(bucket: Bucket) -> None:
    """If its parts are refused, nothing of it stays, and saving again works."""
    repository = large(bucket)
    before = dict(bucket.objects)
    bucket.faults = [Fault("POST", "large.bin", 403, "AccessDenied")] * 2
    with pytest.raises(SaveError, match=r"large/large\.bin.*403 AccessDenied"):
        repository.save()
    assert bucket.objects == before
    repository.save()
    assert opened(bucket, "r").load_artifact("large") == LARGE


def test_loading_in_parts(bucket: Bucket) -> None:
    """A file above 32 MiB is fetched in parts, of one version of it, by a bucket's reader."""
    repository = begun(bucket)
    data = LARGE * 2
    repository.log_artifact("large", data, handler="bytes", fname="large.bin")
    repository.save()
    bucket.count()
    assert opened(bucket, "r").load_artifact("large") == data
    assert [key for _, key in bucket.asked].count("models/large/large.bin") == -(-len(data) // (8 << 20))


def test_a_large_file_that_was_changed(bucket: Bucket, tmp_path: Path) -> None:
    """A large file that comes in parts reaches a path if it is what was saved, and else is refused."""
    (tmp_path / "large.bin").write_bytes(LARGE * 2)
    repository = begun(bucket)
    repository.log_artifact("large", tmp_path / "large.bin", fname="large.bin")
    repository.save()
    opened(bucket, "r").load_artifact("large", to=tmp_path / "copy.bin")
    assert (tmp_path / "copy.bin").read_bytes() == LARGE * 2
    bucket.put("models/large/large.bin", (LARGE * 2)[:-1] + b"?")
    with pytest.raises(CorruptArtifactError, match=r"large/large\.bin"):
        opened(bucket, "r").load_artifact("large", to=tmp_path / "changed.bin")
    assert not (tmp_path / "changed.bin").exists()


# What it costs


def test_requests(bucket: Bucket) -> None:
    """Opening and looking up costs one request, a load three at once, a save four, one of a hundred three more."""
    begun(bucket)
    told(bucket)
    repository = opened(bucket)
    assert repository.get_artifact_metadata("model", version="2100-01-01", match="asof")["version"] == 0
    assert told(bucket) == 1
    repository.load_artifact("model")
    until = time.monotonic() + 5
    while len(bucket.asked) < 3 and time.monotonic() < until:  # nobody waits for the answer that is not needed
        time.sleep(0.01)
    assert told(bucket) == 3
    repository.log_artifact("model", [1], handler="json", fname="second.json")
    repository.save()
    assert told(bucket) <= 5  # the journal lists its entries
    for number in range(100):
        repository.log_artifact("model", [number], handler="json", fname=f"n{number}.json")
    repository.save()
    assert told(bucket) <= 104


def test_round_trips_of_a_load(bucket: Bucket) -> None:
    """A load takes one round trip more than its bytes at most, also if what is known of the file lies in a pack."""
    repository = opened(bucket)
    for number in range(3):
        repository.log_artifact("model", [number], handler="json", fname=f"n{number}.json")
    repository.save()
    reader = opened(bucket, "r")
    bucket.seconds = 1.0
    start = time.monotonic()
    assert reader.load_artifact("model", version=1) == [1]
    assert time.monotonic() - start < 2.9 * bucket.seconds  # one after the other they would take four


def test_an_unchanged_manifest_does_not_travel(bucket: Bucket) -> None:
    """What is known already is asked for by its version alone, and a reload of it changes nothing."""
    repository = begun(bucket)
    repository.reload()
    assert bucket.asked == [("GET", "models/repository.json")]
    assert bucket.answers[-1] == 304
    other = opened(bucket)
    other.log_artifact("model", [1], handler="json")
    other.save()
    repository.reload()
    assert len(repository.artifacts) == 2


# The probe


def test_a_bucket_that_ignores_conditions(bucket: Bucket) -> None:
    """It is refused at the first write, with what to do, and nothing stays in it; reading it works."""
    bucket.heeds = False
    repository = opened(bucket)
    repository.log_artifact("model", [1], handler="json")
    with pytest.raises(UnsafeStoreError, match=r"creates a file that is there already.*concurrency='single-writer'"):
        repository.save()
    assert bucket.objects == {}


def test_a_single_writer(bucket: Bucket) -> None:
    """Whoever vouches for being alone may write there, is warned once, and still overwrites nothing."""
    bucket.heeds = False
    repository = opened(bucket, concurrency="single-writer")
    bucket.put("models/model/second.json", b"theirs")
    with pytest.warns(UserWarning, match="only a single writer is safe") as caught, pytest.warns(match="is taken"):
        for number in range(3):
            repository.log_artifact("model", [number], handler="json", fname="second.json")
            repository.save()
    assert ["single writer" in str(each.message) for each in caught].count(True) == 1
    assert versions(bucket) == [[0], [1], [2]]
    assert bucket.objects["models/model/second.json"].data == b"theirs"
    stale = opened(bucket, concurrency="single-writer")
    assert stale.fs is not None  # the option is ours and no fsspec file system sees it


def test_the_probe_is_made_once(bucket: Bucket) -> None:
    """It takes seven requests before the first write to a folder, and none later, nor for another handle."""
    repository = begun(bucket, 7)
    for each in (repository, opened(bucket)):
        each.log_artifact("model", [1], handler="json")
        each.save()
    assert not [key for _, key in bucket.asked if "probe" in key]


# Bad input


def test_nothing_is_shown_of_a_secret(bucket: Bucket) -> None:
    """Errors, warnings, representations and what is stored hold no secret; a pickled repository still works."""
    repository = begun(bucket)
    bucket.faults = [Fault("PUT", "models/model/second.json", 403, "SignatureDoesNotMatch")]
    repository.log_artifact("model", [1], handler="json", fname="second.json")
    with pytest.raises(SaveError, match="the credentials are wrong") as caught:
        repository.save()
    seen: list[BaseException | None] = [caught.value]
    for error in seen:
        if error is not None:
            assert SECRET not in "".join(traceback.format_exception(error)) + repr(error.__dict__)
            assert type(error).__module__.startswith(("lazyscribe", "builtins"))
            seen += [each for each in (error.__cause__, error.__context__) if each not in seen]
    repository.save()
    assert SECRET not in repr(repository) + str(repository) + repr(repository._location.store)
    assert not any(SECRET.encode() in each.data for each in bucket.objects.values())
    assert pickle.loads(pickle.dumps(repository)).load_artifact("model") == [1]


@pytest.mark.parametrize(
    "url",
    [
        f"s3://AKIATESTS:{SECRET}@bucket/repository.json",
        f"s3://bucket/repository.json?X-Amz-Signature={SECRET}",
        f"az://container/repository.json?sv=2022&sig={SECRET}",
        f"abfs://name:{SECRET}@account.dfs.core.windows.net/repository.json",
        f"https://user:{SECRET}@example.org/repository.json",
        f"https://example.org/repository.json?token={SECRET}",
        f"gs://{SECRET}@bucket/repository.json",
    ],
)
def test_a_secret_in_a_url(url: str) -> None:
    """It is refused when the file is opened, and the refusal does not repeat it."""
    for kind in (Repository, Project):
        with pytest.raises(InvalidArgumentError, match="leave") as caught:
            kind(url)
        assert SECRET not in "".join(traceback.format_exception(caught.value)).replace(f'kind("{url}")', "")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault("GET", "repository.json", 403, "InvalidAccessKeyId"), "the credentials are wrong"),
        (Fault("GET", "repository.json", 403, "RequestTimeTooSkewed"), "the clock of this computer is wrong"),
        (Fault("GET", "repository.json", 403, "AccessDenied"), "may not do that"),
        (Fault("GET", "repository.json", 404, "NoSuchBucket"), "there is no such bucket"),
        (Fault("GET", "repository.json", 301, "PermanentRedirect"), "bucket, endpoint and region"),
    ],
)
def test_refusals_on_opening(bucket: Bucket, fault: Fault, told: str) -> None:
    """Each gives one error that says what is wrong, at once."""
    bucket.faults = [fault]
    with pytest.raises(UnreadableError, match=told) as caught:
        opened(bucket)
    assert isinstance(caught.value, LazyscribeError)
    assert "s3://bucket/models/repository.json" in str(caught.value)


def test_a_key_that_may_only_read(bucket: Bucket) -> None:
    """A save with it is one error, and nothing was written or changed."""
    begun(bucket)
    before = dict(bucket.objects)
    repository = opened(bucket, retry_config={"retry_timeout": 4.0})  # another way, so that it is probed anew
    bucket.faults = [Fault("PUT", "", 403, "AccessDenied")] * 100
    repository.log_artifact("model", [1], handler="json")
    with pytest.raises(SaveError, match="these credentials may not do that: 403 AccessDenied"):
        repository.save()
    assert bucket.objects == before


# HTTP


def test_reading_over_http(bucket: Bucket) -> None:
    """A repository is read over HTTP, digests checked; each kind of write is refused in the same words."""
    begun(bucket)
    url = f"{bucket.endpoint}/bucket/models/repository.json"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        repository = Repository(url, mode="r")
        assert repository.load_artifact("model") == [0]
        assert Repository(url, mode="r", headers={"Authorization": SECRET}).load_artifact("model", version=0) == [0]
    assert repository.verify().checked["verified"] == 1
    bucket.put("models/model/first.json", b"[9]")
    with pytest.raises(LazyscribeError, match="damaged"):
        repository.load_artifact("model")
    assert repository.verify().findings[0].kind == "digest-wrong"
    writer = Repository(url)
    writer.log_artifact("model", [1], handler="json")
    before = dict(bucket.objects)
    with pytest.raises(ReadOnlyError, match="can only be read"):
        writer.save()
    assert bucket.objects == before


def test_nothing_over_http(bucket: Bucket) -> None:
    """A file that is not there is a missing one; a server that is not there, or tells no lengths, is an error."""
    assert len(Repository(f"{bucket.endpoint}/bucket/no/repository.json", mode="r").artifacts) == 0
    begun(bucket)
    bucket.tells_lengths = False
    with pytest.raises(UnreadableError, match="does not say how long the file is"):
        Repository(f"{bucket.endpoint}/bucket/models/repository.json", mode="r")
    with pytest.raises(UnreadableError, match="no connection"):
        Repository("http://127.0.0.1:1/repository.json", mode="r", retry_config={"max_retries": 0})


def test_a_project_in_a_bucket(bucket: Bucket) -> None:
    """Experiments, their tests and their files live in a bucket, and dependencies are found there."""
    access = {"endpoint_url": bucket.endpoint, "key": "AKIATESTS", "secret": SECRET}
    project = Project("s3://bucket/runs/project.json", **access)
    with project.log("fit") as experiment:
        experiment.log_artifact("weights", [1, 2], handler="json")
        with experiment.log_test("slice") as test:
            test.log_artifact("rows", [3], handler="json")
    project.save()
    again = Project("s3://bucket/runs/project.json", mode="r", **access)
    found = again["fit"]
    assert (found.load_artifact("weights"), found.tests[0].load_artifact("rows")) == ([1, 2], [3])
    assert json.loads(again.fs.cat_file("bucket/runs/project.json"))[0]["name"] == "fit"
    found.promote_artifact(repository := opened(bucket), "weights")
    assert repository.load_artifact("weights") == [1, 2]
    assert Path("s3:").exists() is False


def project_in(bucket: Bucket) -> Project:
    access = {"endpoint_url": bucket.endpoint, "key": "AKIATESTS", "secret": SECRET}
    return Project("s3://bucket/runs/project.json", retry_config={"retry_timeout": 1.0}, **access)


def test_an_experiment_saved_again(bucket: Bucket) -> None:
    """An experiment whose save was not answered is saved by the next one, what is kept of how it ran included."""
    project = project_in(bucket)
    with project.log("fit"):
        pass
    bucket.faults = [Fault("PUT", "project.json", 500, "InternalError")] * 50
    with pytest.raises(CommitUnknownError):
        project.save()
    bucket.faults.clear()
    project.save()
    (found,) = project_in(bucket).experiments
    assert found.provenance is not None


def test_experiments_of_one_slug(bucket: Bucket) -> None:
    """Of two writers that log one slug at once both are saved, and what is kept of how theirs ran."""
    projects = [project_in(bucket), project_in(bucket)]
    for number, project in enumerate(projects):
        with project.log("fit") as experiment:
            experiment.log_metric("number", number)
        experiment.slug = "fit-1"
    for project in projects:
        project.save()
    found = project_in(bucket).experiments
    assert sorted((each.slug, each.metrics["number"]) for each in found) == [("fit-1", 0), ("fit-1-1", 1)]
    assert all(each.provenance is not None for each in found)


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (409, "ExistingObjectIsDirectory", "it is a folder"),
        (409, "XMinioObjectExistsAsDirectory", "it is a folder"),
        (400, "XMinioParentIsObject", "a folder on the way to it is a file"),
    ],
)
def test_stores_with_folders(bucket: Bucket, status: int, code: str, told: str) -> None:
    """What they answer where a folder is in the place of the records, or a file in that of their folder, is final."""
    bucket.put("models/there/file", b"1")

    def fault(method: str, key: str) -> Fault | None:
        return Fault(method, key, status, code) if (method, key) == ("PUT", "models/there") else None

    bucket.fault = fault  # type: ignore[method-assign]
    repository = opened(bucket, url="s3://bucket/models/there")
    repository.log_artifact("model", [0], handler="json", fname="first.json")
    with pytest.raises(SaveError, match=told):
        repository.save()
    assert [key for method, key in bucket.asked if method == "PUT"].count("models/there") <= 2
    assert set(bucket.objects) == {"models/there/file"}
