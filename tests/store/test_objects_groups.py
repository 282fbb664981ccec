"""Many small files that are asked for together: what becomes of each does not depend on the others."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from lazyscribe.exception import SaveError
from tests.store.bucket_server import Bucket, Fault, serving
from tests.store.test_objects_answers import FAULTS, begun, opened, versions


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with serving() as found:
        yield found


def log(repository: object, count: int, size: int = 1) -> list[list[str]]:
    """Log that many versions after the first, each of so many bytes at least; return the values of all."""
    values = [[f"{number}{'x' * size}"] for number in range(1, count + 1)]
    for number, value in enumerate(values, 1):
        repository.log_artifact("model", value, handler="json", fname=f"{number:03}.json")  # type: ignore[attr-defined]
    return [[0], *values]  # type: ignore[list-item]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.status}{'-done' * fault.done}{fault.code}")
def test_every_third_meets_a_fault(bucket: Bucket, fault: Fault) -> None:
    """Lost answers and refusals of some files of a group are settled one by one; each file is there once."""
    repository = begun(bucket)
    values = log(repository, 30)
    bucket.faults = [fault._replace(path=f"models/model/{number:03}.json") for number in range(1, 31, 3)]
    repository.save()
    assert bucket.faults == []
    assert versions(bucket) == values
    assert sum(key.startswith("models/model/") for key in bucket.objects) == 31
    assert opened(bucket, "r").verify().ok


def test_several_groups(bucket: Bucket) -> None:
    """More files, or bytes, than a group holds travel in several, larger ones by themselves; all arrive."""
    repository = begun(bucket)
    values = log(repository, 150, 40_000)
    for number, size in enumerate([(1 << 20) + 1, 3 << 20, 9 << 20]):
        repository.log_artifact("model", ["y" * size], handler="json", fname=f"large{number}.json")
        values.append(["y" * size])
    repository.save()
    assert versions(bucket) == values


def test_within_a_running_loop(bucket: Bucket) -> None:
    """A save of many files may be called by a coroutine, as in a notebook."""
    repository = begun(bucket)
    values = log(repository, 5)

    async def save() -> None:
        repository.save()

    asyncio.run(save())
    assert versions(bucket) == values


def test_a_writer_alone_replaces_nothing(bucket: Bucket) -> None:
    """Where conditions are not heeded each file is looked for before it is written, in a group too."""
    repository = opened(bucket, concurrency="single-writer")
    bucket.put("models/model/002.json", b"theirs")
    for number in range(4):
        repository.log_artifact("model", [number], handler="json", fname=f"{number:03}.json")
    with pytest.warns(UserWarning, match="only a single writer"), pytest.warns(UserWarning, match="is taken"):
        repository.save()
    assert versions(bucket) == [[0], [1], [2], [3]]
    assert bucket.objects["models/model/002.json"].data == b"theirs"


def test_a_group_that_may_not_be_written(bucket: Bucket) -> None:
    """If all of a group are refused one error is raised, naming one of them, and nothing stays."""
    repository = begun(bucket)
    before = dict(bucket.objects)
    log(repository, 10)
    bucket.faults = [Fault("PUT", f"models/model/{number:03}.json", 403, "AccessDenied") for number in range(1, 11)]
    with pytest.raises(SaveError, match="may not do that: 403 AccessDenied"):
        repository.save()
    assert bucket.objects == before


def test_a_machine_without_more_threads(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """A save for which no thread can be started creates its files in the thread that asks."""
    repository = begun(bucket)
    values = log(repository, 10)
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith("lazyscribe-put"):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    repository.save()
    assert versions(bucket) == values
