"""Large files on their way to a bucket, whose names are held until they arrive: `verify` tells them from orphans."""

from collections.abc import Iterator

import pytest

from lazyscribe import Repository
from lazyscribe.verification import Report
from tests.store.bucket_server import Bucket, Fault, serving
from tests.store.test_objects_answers import LARGE, begun, opened
from tests.verification.support import kinds, only

KEY = "models/model/large.bin"
PLACE = f"s3://bucket/{KEY}"
HELD = b"A file of lazyscribe is on its way to this place.\n"


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with serving() as found:
        yield found


@pytest.fixture
def made(bucket: Bucket) -> Repository:
    return begun(bucket)


def test_a_large_file_on_its_way_is_no_orphan(bucket: Bucket, made: Repository) -> None:
    """Nobody is told to delete what holds its name because it belongs to no record yet."""
    found: list[Report] = []
    bucket.meanwhile = lambda: found.append(opened(bucket, "r").verify())
    bucket.faults = [Fault("POST", KEY, 500, done=True)]  # its parts are about to come
    made.log_artifact("model", LARGE, "bytes", fname="large.bin")
    made.save()
    finding = only(found[0], "temporary-file")
    assert (finding.path, finding.severity) == (PLACE, "warning")
    assert finding.message == (
        f"{PLACE} holds the name of a large file that is on its way here, or whose writer was killed; delete it only "
        "if nobody has been saving for a day."
    )
    assert made.verify().findings == ()


def test_what_a_killed_writer_leaves_of_a_large_file(bucket: Bucket, made: Repository) -> None:
    """It is told like that for ever, also where facts of a file of that name are left over."""
    bucket.put(KEY, HELD)
    only(made.verify(), "temporary-file")
    for folder in ("model", "another"):  # in which no record is kept
        bucket.put(f"models/{folder}/large.bin", HELD)
        bucket.put(f"models/.lazyscribe/facts/{folder}/large.bin.json", b"{}")
    assert kinds(made.verify()) == ["temporary-file"] * 2


@pytest.mark.parametrize("content", [HELD[:-1], HELD + b"\n", HELD.upper(), b"", LARGE], ids=len)
def test_what_holds_no_name_is_an_orphan(bucket: Bucket, made: Repository, content: bytes) -> None:
    """The size is asked first, and no file is read that has another one."""
    bucket.put(KEY, content)
    bucket.count()
    assert only(made.verify(), "orphan").path == PLACE
    assert (("GET", KEY) in bucket.asked) == (len(content) == len(HELD))


def test_what_may_not_be_read_is_an_orphan(bucket: Bucket, made: Repository) -> None:
    """What cannot be told by its content is told by its place, as everywhere."""
    bucket.put(KEY, HELD)
    bucket.faults = [Fault("HEAD", KEY, 403)]
    only(made.verify(), "orphan")
    assert bucket.faults == []
