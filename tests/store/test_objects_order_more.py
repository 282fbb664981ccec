"""What is left of saves to a bucket that are cut short while facts and the journal's entry are on their way."""

import signal
import threading
import time
from collections.abc import Iterator

import pytest

from tests.store.bucket_server import Bucket, serving
from tests.store.test_objects_answers import begun, opened, project_in, versions
from tests.store.test_objects_order import FACTS, entries
from tests.store.test_objects_turns import Held, save, swaps, until


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with serving() as found:
        yield found


def test_interrupted_twice_while_facts_are_on_their_way(bucket: Bucket) -> None:
    """However impatient the user is, the entry of a save that was not done is taken back."""
    repository = begun(bucket)
    count = entries(bucket)
    held = Held(bucket, FACTS)

    def interrupt() -> None:
        until(lambda: entries(bucket) > count)
        for _ in range(2):
            time.sleep(0.2)  # it waits for the facts by then
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        time.sleep(0.2)
        held.released.set()

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        save(repository, 3)
    thread.join()
    assert entries(bucket) == count
    with pytest.warns(UserWarning, match="is taken"):  # the file may be anybody's, and was let be
        repository.save()
    assert sorted(versions(bucket)) == [[0], [3]]
    assert len(opened(bucket, "r").history()) == 2



def test_notes_travel_with_the_entry(bucket: Bucket) -> None:
    """What is noted of a version beside its facts goes with the journal's entry, too, and the swap waits for it."""
    repository = begun(bucket)
    project = project_in(bucket)
    with project.log("fit") as experiment:
        experiment.log_artifact("weights", [1], handler="json")
    project.save()
    count, files = entries(bucket), set(bucket.objects)
    bucket.count()
    held = Held(bucket, "models/.lazyscribe/origins/")
    promoting = threading.Thread(target=project["fit"].promote_artifact, args=(repository, "weights"))
    promoting.start()
    assert held.reached.wait(10), set(bucket.objects) - files
    until(lambda: entries(bucket) > count)
    time.sleep(0.1)
    assert swaps(bucket) == 0
    held.released.set()
    promoting.join()
    assert swaps(bucket) == 1
