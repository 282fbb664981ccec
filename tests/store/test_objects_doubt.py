"""Saves to a bucket whose answers mean something else than they seem to: what was done is known all the same."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lazyscribe import Repository
from lazyscribe.exception import CommitUnknownError, SaveError, UnreadableError, UnsafeStoreError
from tests.store.bucket_server import Bucket, Fault, serving
from tests.store.test_objects_answers import URL, begun, objects, opened, versions

OTHERS_URL = URL.replace("s3:", "s3a:")
"""As another process does, who writes there takes no lock of this one."""


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with serving() as found:
        yield found


def values(repository: Repository) -> list[Any]:
    """Return the values of all versions, in the order of their numbers."""
    return [repository.load_artifact("model", version=each.version) for each in repository.artifacts]


def entries(bucket: Bucket) -> int:
    """How many entries the journal has."""
    return sum(".log/" in key and "turn-" not in key for key in bucket.objects)


def told(repository: Repository) -> list[tuple[int, int]]:
    """Return how many versions each commit of the history logged, and lost."""
    return [(len(commit.logged), len(commit.missing)) for commit in repository.history()]


FOLDERS = ["certificates", "redirects", "Connect", "dns error", "timed out", "status code: 412", "169.254.169.254"]


@pytest.mark.parametrize("lost", [1, 2])
@pytest.mark.parametrize("folder", FOLDERS)
def test_paths_that_hold_the_words_of_errors(bucket: Bucket, folder: str, lost: int) -> None:
    """A save whose answer is lost is saved once, whatever words the path holds."""
    url = f"s3://bucket/{folder}/repository.json"
    opened(bucket, url=url).save()
    repository = opened(bucket, "a", url)
    repository.log_artifact("model", [0], handler="json")
    bucket.faults = [Fault("PUT", "repository.json", 0, done=True)] * lost
    repository.save()
    assert values(opened(bucket, "r", url)) == [[0]]
    assert opened(bucket, "r", url).verify().ok


@pytest.mark.parametrize("folder", FOLDERS)
def test_answers_that_never_come_to_such_a_path(bucket: Bucket, folder: str) -> None:
    """Whether a save was done whose answers are all lost is not known, and it keeps its files."""
    url = f"s3://bucket/{folder}/repository.json"
    opened(bucket, url=url).save()
    repository = opened(bucket, "a", url, retry_config={"retry_timeout": 0.2, "max_retries": 2})
    repository.log_artifact("model", [0], handler="json")
    bucket.faults = [Fault("PUT", "repository.json", 0, done=True)] * 9

    def fault(method: str, key: str) -> Fault | None:
        begun = len(bucket.faults) < 9
        return Fault("GET", key, 0) if method == "GET" and begun else answered(method, key)

    answered, bucket.fault = bucket.fault, fault  # type: ignore[method-assign]
    with pytest.raises(CommitUnknownError):
        repository.save()
    bucket.fault = answered  # type: ignore[method-assign]
    bucket.faults.clear()
    assert values(opened(bucket, "r", url)) == [[0]]


def test_a_bucket_that_is_called_like_an_error(bucket: Bucket) -> None:
    """Nobody being there is told as such, whatever the bucket is called."""
    bucket.endpoint = "http://127.0.0.1:1"
    with pytest.raises(UnreadableError, match=r"no connection.*http://127\.0\.0\.1:1 is right"):
        opened(bucket, "r", "s3://certificates/redirects/repository.json", retry_config={"max_retries": 0})


# Refused by its own success


@pytest.mark.parametrize(("status", "code"), [(412, "PreconditionFailed"), (409, "BlobAlreadyExists"), (404, "")])
def test_a_swap_that_was_repeated_on_its_way(bucket: Bucket, status: int, code: str) -> None:
    """A manifest that was replaced, and refused as something on the way repeated the request, is saved, once."""
    repository = begun(bucket)
    before = entries(bucket)
    bucket.faults = [Fault("PUT", "models/repository.json", status, code, done=True)]
    repository.log_artifact("model", [1], handler="json", fname="second.json")
    repository.save()
    assert bucket.count("PUT") == 4
    assert versions(bucket) == [[0], [1]]
    assert opened(bucket, "r").verify().ok
    assert entries(bucket) == before + 1


def test_others_build_on_a_swap_that_was_repeated_on_its_way(bucket: Bucket) -> None:
    """If others save on top of it before it is looked at, what was saved is recognised among theirs."""
    repository, other = begun(bucket), opened(bucket, url=OTHERS_URL)

    def meanwhile() -> None:
        bucket.meanwhile = lambda: None
        other.log_artifact("model", [2], handler="json", fname="third.json")
        other.save()

    bucket.meanwhile = meanwhile
    bucket.faults = [Fault("PUT", "models/repository.json", 412, "PreconditionFailed", done=True)]
    repository.log_artifact("model", [1], handler="json", fname="second.json")
    repository.save()
    assert versions(bucket) == [[0], [1], [2]]
    assert opened(bucket, "r").verify().ok
    assert told(opened(bucket, "r")) == [(1, 0)] * 3


def test_a_swap_that_was_repeated_and_cannot_be_looked_at(bucket: Bucket) -> None:
    """While it cannot be seen what a refused swap left, it is asked again."""
    repository = begun(bucket)
    answered, refused = bucket.fault, Fault("PUT", "models/repository.json", 412, "PreconditionFailed", done=True)

    def fault(method: str, key: str) -> Fault | None:
        found = answered(method, key)
        if found is refused:
            bucket.faults = [Fault("GET", "models/repository.json", 400)]
        return found

    bucket.fault = fault  # type: ignore[method-assign]
    bucket.faults = [refused]
    repository.log_artifact("model", [1], handler="json", fname="second.json")
    repository.save()
    assert versions(bucket) == [[0], [1]]
    assert opened(bucket, "r").verify().ok


def test_a_swap_that_others_forestall(bucket: Bucket) -> None:
    """What is refused since others were before is merged with theirs, and its entry is taken back."""
    repository, other = begun(bucket), opened(bucket, url=OTHERS_URL)
    before = entries(bucket)
    answered, seen = bucket.fault, []

    def fault(method: str, key: str) -> Fault | None:
        if method == "PUT" and key.endswith("models/repository.json") and not seen:
            seen.append(key)
            other.log_artifact("model", [2], handler="json", fname="third.json")
            other.save()
        return answered(method, key)

    bucket.fault = fault  # type: ignore[method-assign]
    repository.log_artifact("model", [1], handler="json", fname="second.json")
    repository.save()
    assert versions(bucket) == [[0], [2], [1]]
    assert entries(bucket) == before + 2


# A manifest that seems to be missing


def test_a_manifest_that_seems_to_be_missing_when_it_is_swapped(bucket: Bucket) -> None:
    """A swap that is refused since nothing seems to be there is begun anew, and its entry is taken back."""
    repository = begun(bucket)
    before = entries(bucket)
    answered, missing = bucket.fault, Fault("PUT", "models/repository.json", 404, "NoSuchKey")

    def fault(method: str, key: str) -> Fault | None:
        found = answered(method, key)
        if found is missing:
            bucket.faults = [Fault("GET", "models/repository.json", 404, "NoSuchKey")]
        return found

    bucket.fault = fault  # type: ignore[method-assign]
    bucket.faults = [missing]
    repository.log_artifact("model", [1], handler="json", fname="second.json")
    repository.save()
    assert versions(bucket) == [[0], [1]]
    assert entries(bucket) == before + 1


@pytest.mark.parametrize("mode", ["a", "w+"])
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("logs", [True, False], ids=["version", "alias"])
def test_a_manifest_that_seems_to_be_missing(bucket: Bucket, mode: str, times: int, logs: bool) -> None:
    """One that is called missing for a moment of a save is found; history and aliases are as if it had not been."""
    repository = begun(bucket)
    repository.set_alias("model", "production", 0)
    repository.save()
    repository = opened(bucket, mode)
    if logs:
        repository.log_artifact("model", [1], handler="json", fname="second.json")
    else:
        repository.set_alias("model", "staging", 0)
    bucket.faults = [Fault("GET", "models/repository.json", 404, "NoSuchKey")] * times
    repository.save()
    bucket.faults.clear()
    fresh = opened(bucket, "r")
    assert values(fresh) == [[0], [1]][: 1 + logs]
    assert told(fresh) == [(1, 0), (0, 0), (int(logs), 0)]
    assert fresh.aliases("model") == {"production": 0} | ({} if logs else {"staging": 0})


def test_a_first_save_that_was_repeated_on_its_way(bucket: Bucket) -> None:
    """A manifest that was created, and refused as something on the way repeated the request, is saved, once."""
    repository = opened(bucket)
    repository.log_artifact("model", [0], handler="json", fname="first.json")
    bucket.faults = [Fault("PUT", "models/repository.json", 412, "PreconditionFailed", done=True)]
    repository.save()
    assert versions(bucket) == [[0]]
    assert told(opened(bucket, "r")) == [(1, 0)]


# Answers that make no sense


@pytest.mark.parametrize(("status", "code"), [(304, ""), (403, "AccessDenied"), (404, ""), (412, ""), (416, "")])
def test_odd_answers_to_the_look_at_what_was_lost(bucket: Bucket, status: int, code: str) -> None:
    """What cannot be told now is looked at again."""
    repository = begun(bucket)
    answered, lost = bucket.fault, Fault("PUT", "models/repository.json", 0, done=True)

    def fault(method: str, key: str) -> Fault | None:
        found = answered(method, key)
        if found is lost:
            bucket.faults = [Fault("GET", "models/repository.json", status, code)]
        return found

    bucket.fault = fault  # type: ignore[method-assign]
    bucket.faults = [lost]
    repository.log_artifact("model", [1], handler="json", fname="second.json")
    repository.save()
    assert not bucket.faults
    assert versions(bucket) == [[0], [1]]
    assert opened(bucket, "r").verify().ok


def test_a_write_that_is_sent_elsewhere(bucket: Bucket) -> None:
    """A redirect is an answer: nothing was written, which is said at once."""
    repository = begun(bucket)
    before = objects(bucket)
    repository.log_artifact("model", [1], handler="json", fname="second.json")
    bucket.faults = [Fault("PUT", "models/repository.json", 301)]
    with pytest.raises(SaveError, match="it answers with a redirect"):
        repository.save()
    assert objects(bucket) == before


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidToken", "TokenRefreshRequired"])
@pytest.mark.parametrize("status", [400, 403])
def test_credentials_that_expire(bucket: Bucket, status: int, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says to renew them, and once that is done in the environment the same save takes the new ones."""
    names = {
        "ACCESS_KEY_ID": "AKIATESTS",
        "SECRET_ACCESS_KEY": "s",
        "SESSION_TOKEN": "old",
        "ENDPOINT_URL": bucket.endpoint,
    }
    for name, value in names.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    repository = Repository(URL, mode="w+")
    repository.log_artifact("model", [0], handler="json")
    repository.save()
    repository.log_artifact("model", [1], handler="json")
    bucket.faults = [Fault("PUT", "models/repository.json", status, code)]
    with pytest.raises(SaveError, match=rf"is refused \(.*: {status} {code}\); renew them"):
        repository.save()
    monkeypatch.setenv("AWS_SESSION_TOKEN", "new")
    repository.save()
    assert bucket.sent["x-amz-security-token"] == "new"


def test_a_name_that_is_too_long(bucket: Bucket) -> None:
    """The error says so, and to give a shorter one."""
    repository = begun(bucket)
    before = objects(bucket)
    bucket.faults = [Fault("PUT", "second.json.json", 400, "KeyTooLongError")]
    repository.log_artifact("model", [1], handler="json", fname="second.json")
    with pytest.raises(SaveError, match=r"its name is too long: 400 KeyTooLongError\); give .* a shorter name"):
        repository.save()
    assert objects(bucket) == before


# Versions that are named in two ways

SPELLINGS: dict[str, tuple[str, Callable[[str], str]]] = {
    "weak when read": ("GET", lambda e_tag: f"W/{e_tag}"),
    "bare when read": ("GET", lambda e_tag: e_tag.strip('"')),
    "packed when read": ("GET", lambda e_tag: e_tag[:-1] + '-gzip"'),
    "bare when written": ("PUT", lambda e_tag: e_tag.strip('"')),
}


@pytest.mark.parametrize("how", SPELLINGS)
def test_a_version_that_is_named_in_two_ways(bucket: Bucket, how: str) -> None:
    """A store whose versions cannot be swapped as they are read, or as they were written, is refused at once."""
    method, change = SPELLINGS[how]
    bucket.spell = lambda asked, e_tag: change(e_tag) if asked == method else e_tag
    repository = opened(bucket)
    repository.log_artifact("model", [0], handler="json")
    with pytest.raises(UnsafeStoreError, match=r"names one version in two ways.*; use another store"):
        repository.save()
    assert bucket.objects == {}


def test_two_names_that_mean_one_version(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that takes both names for one is good."""
    monkeypatch.setenv("LAZYSCRIBE_LOCK_TIMEOUT", "2")
    bucket.spell = lambda method, e_tag: f"W/{e_tag}" if method == "GET" else e_tag
    bucket.lenient = True
    begun(bucket, 8)
    for number in range(1, 3):
        repository = opened(bucket, "a")
        for _ in range(2):
            repository.log_artifact("model", [number], handler="json")
            repository.save()
    assert versions(bucket) == [[0], [1], [1], [2], [2]]
