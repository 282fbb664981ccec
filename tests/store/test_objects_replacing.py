"""Files of a bucket that replace others: copied by the store, or, where it will not do that, by this machine."""

from collections.abc import Iterator

import pytest

from lazyscribe import Project
from lazyscribe.exception import CommitUnknownError
from lazyscribe.experiment import Experiment
from tests.store.bucket_server import Bucket, Fault, serving
from tests.store.test_objects_answers import LARGE, SECRET

URL = "s3://bucket/models/project.json"
FILE = "/model.bin"
STAGED = "models/.lazyscribe/staged/"
TAKEN = Fault("PUT", FILE, 412, "PreconditionFailed")
"""What is answered before a file is staged: its name is taken."""


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with serving() as found:
        yield found


def opened(bucket: Bucket, mode: str = "r") -> Project:
    access = {"endpoint_url": bucket.endpoint, "key": "AKIATESTS", "secret": SECRET}
    return Project(URL, mode=mode, retry_config={"retry_timeout": 2.0}, **access)  # type: ignore[arg-type]


def begun(bucket: Bucket, value: bytes) -> tuple[Project, Experiment]:
    """Save an experiment with a file of a given name, and log another value for it."""
    project = opened(bucket, "w+")
    with project.log("run") as experiment:
        experiment.log_artifact("model", b"old", "bytes", fname=FILE[1:])
    project.save()
    experiment.log_artifact("model", value, "bytes", fname=FILE[1:], overwrite=True)
    bucket.count()
    return project, experiment


@pytest.mark.parametrize("value", [b"new", LARGE], ids=["small", "large"])
def test_a_store_copies_by_itself(bucket: Bucket, value: bytes) -> None:
    """What replaces a file of Amazon is not fetched, however large it is."""
    begun(bucket, value)[0].save()
    asked = [(method, STAGED in key) for method, key in bucket.asked if key.endswith(FILE) or STAGED in key]
    assert asked[-1] == ("PUT", False)
    assert ("GET", True) not in asked
    assert [key for key in bucket.objects if STAGED in key] == []
    assert opened(bucket)["run"].load_artifact("model") == value


@pytest.mark.parametrize(
    "answer",
    [(400, "InvalidRequest"), (501, "NotImplemented"), (413, ""), (403, "AccessDenied")],
    ids=lambda answer: str(answer[0]),
)
@pytest.mark.parametrize("value", [b"new", LARGE], ids=["small", "large"])
def test_a_store_that_refuses_to_copy(bucket: Bucket, value: bytes, answer: tuple[int, str]) -> None:
    """What a store does not copy, as Amazon does not above 5 GiB, replaces the other file all the same."""
    project, _ = begun(bucket, value)
    bucket.faults = [Fault("PUT", FILE + "?copy", *answer)] * 99
    project.save()
    assert len(bucket.faults) < 99
    posts = [key for method, key in bucket.asked if method == "POST" and key.endswith(FILE)]
    assert len(posts) == (2 if value is LARGE else 0)
    assert opened(bucket)["run"].load_artifact("model") == value
    assert opened(bucket).verify().findings == ()
    assert [key for key in bucket.objects if key.startswith(STAGED)] == []
    assert bucket.uploads == {}


@pytest.mark.parametrize("value", [b"new", LARGE], ids=["small", "large"])
@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("status", [0, 503])
def test_answers_that_are_lost_while_a_file_is_replaced(bucket: Bucket, value: bytes, status: int, done: bool) -> None:
    """The file is put until that is answered well, and what waits stays until then."""
    project, _ = begun(bucket, value)
    last = ("POST", FILE + "?complete") if value is LARGE else ("PUT", FILE)
    bucket.faults = [TAKEN, Fault("PUT", FILE + "?copy", 400, "InvalidRequest"), Fault(*last, status, done=done)]
    project.save()
    assert bucket.faults == []
    assert opened(bucket)["run"].load_artifact("model") == value
    assert [key for key in bucket.objects if key.startswith(STAGED)] == []


@pytest.mark.parametrize("value", [b"new", LARGE], ids=["small", "large"])
def test_a_file_that_may_not_be_replaced_waits(bucket: Bucket, value: bytes) -> None:
    """If neither a copy nor a put is let through, the old file is there, and the new one waits."""
    project, _ = begun(bucket, value)
    denied = [Fault("PUT", FILE, 403, "AccessDenied"), Fault("POST", FILE, 403, "AccessDenied")]
    bucket.faults = [TAKEN, Fault("PUT", FILE + "?copy", 403, "AccessDenied"), *denied * 20]
    with pytest.raises(CommitUnknownError, match="403 AccessDenied"):
        project.save()
    assert len(bucket.faults) == 39  # it is not asked again
    (waits,) = [key for key in bucket.objects if key.startswith(STAGED)]
    (there,) = [key for key in bucket.objects if key.endswith(FILE)]
    assert (bucket.objects[there].data, bucket.objects[waits].data) == (b"old", value)
