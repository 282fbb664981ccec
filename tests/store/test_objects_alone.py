"""Writes that a bucket refuses or does not answer: commits that are an entry alone, odd places, what is no folder."""

from collections.abc import Iterator

import pytest

from lazyscribe.exception import CommitUnknownError, SaveError
from tests.store.bucket_server import Bucket, Fault, serving
from tests.store.test_objects_answers import begun, opened


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with serving() as found:
        yield found


@pytest.mark.parametrize("seen", [False, True], ids=["probing", "writing"])
def test_a_key_that_may_only_read_moves_no_alias(bucket: Bucket, seen: bool) -> None:
    """A commit that is its entry alone was not made if that was refused, though nothing may be taken back either."""
    begun(bucket)
    repository = opened(bucket) if seen else opened(bucket, retry_config={"retry_timeout": 4.0})
    repository.set_alias("model", "best", 0)
    bucket.faults = [Fault(method, "", 403, "AccessDenied") for method in ("PUT", "DELETE", "POST")] * 100
    with pytest.raises(SaveError, match="403 AccessDenied") as caught:
        repository.save()
    assert not isinstance(caught.value, CommitUnknownError)
    bucket.faults = []
    repository.save()
    assert opened(bucket, "r").aliases("model") == {"best": 0}


def test_a_lost_entry_that_may_still_come(bucket: Bucket) -> None:
    """If creating it was not answered, and nothing may be taken back, it is not known whether aliases were moved."""
    begun(bucket)
    repository = opened(bucket, retry_config={"retry_timeout": 0.5})
    repository.set_alias("model", "best", 0)
    log = "models/.lazyscribe/repository.json.log/"

    def fault(method: str, key: str) -> Fault | None:
        if method in ("DELETE", "POST") and "probe" not in key:
            return Fault(method, "", 403, "AccessDenied")
        return Fault("PUT", "", 500, "InternalError") if method == "PUT" and key.startswith(log) else None

    bucket.fault = fault  # type: ignore[method-assign]
    with pytest.raises(CommitUnknownError):
        repository.save()


@pytest.mark.parametrize("url", [r"s3://bucket/my\folder/repository.json", r"s3://bucket/models/re\po.json"])
def test_a_place_whose_name_holds_a_backslash(bucket: Bucket, url: str) -> None:
    """What was saved there before goes on to be saved: only files that are new are called otherwise."""
    repository = opened(bucket, url=url)
    repository.log_artifact("model", [1], handler="json")
    repository.save()
    repository.set_alias("model", "best", 0)
    repository.save()
    assert opened(bucket, "r", url=url).load_artifact("model", version="@best") == [1]


def test_a_lost_answer_is_no_folder(bucket: Bucket) -> None:
    """What is refused once, after a lost answer, is asked for again, though something lies below that name."""
    begun(bucket)
    bucket.put("models/other.json/below", b"1")
    repository = opened(bucket, url="s3://bucket/models/other.json")
    repository.log_artifact("model", [1], handler="json")
    bucket.faults = [Fault("PUT", "models/other.json", 500), Fault("PUT", "models/other.json", 412)]
    repository.save()
    assert not bucket.faults
    assert opened(bucket, "r", url="s3://bucket/models/other.json").load_artifact("model") == [1]
