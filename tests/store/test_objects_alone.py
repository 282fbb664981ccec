"""Commits that are an entry of the journal alone, where the bucket refuses to write."""

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
