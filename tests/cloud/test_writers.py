"""Many writers of one bucket, on bad networks, with servers and processes that die: nothing is lost, nothing twice."""

import time
from pathlib import Path

import pytest

from lazyscribe import Repository
from lazyscribe.exception import LazyscribeError
from tests.cloud.proxy import FAULTS, Fault, Proxy, at, by_chance
from tests.cloud.servers import SeaweedFS, Server
from tests.cloud.writer import KINDS, Folder, Writers, save
from tests.faults.tally import COMPLETE, Chosen, Tally

BEYOND = "several writers of a bucket"


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


def folder_on(server: Server, kind: str, tmp_path: Path) -> Folder:
    """Return a place in which one value has been saved."""
    logs = tmp_path / f"logs-{time.monotonic_ns()}"
    logs.mkdir()
    folder = Folder(server.new_folder(kind), server.options(), kind, str(logs))
    with folder.log("first") as log:
        folder.save(log, folder.open(), -1)
    return folder


def test_sixteen_writers(seaweedfs: Server, kind: str, tmp_path: Path, tally: Tally) -> None:
    """Of what sixteen writers in four processes save twenty times each, all is there once and where it was told."""
    folder = folder_on(seaweedfs, kind, tmp_path)
    writers = [[4 * process + thread for thread in range(4)] for process in range(4)]
    assert Writers(folder, writers, 20).wait() == [0] * 4
    assert folder.check(range(16)) == 16 * 20
    tally(f"16 writers × 20 {kind} on SeaweedFS", "ours", 320, 0)


def test_some_writers(azurite: Server, kind: str, tmp_path: Path, tally: Tally) -> None:
    """The same in a small way on Azurite."""
    folder, each = folder_on(azurite, kind, tmp_path), 20 if COMPLETE else 5
    assert Writers(folder, [[0, 1, 2], [3, 4, 5]], each).wait() == [0] * 2
    assert folder.check(range(6)) == 6 * each
    tally(f"6 writers × {each} {kind} on Azurite", "ours", 6 * each, 0)


def test_every_request_meets_every_fault(
    server: Server, proxy: Proxy, kind: str, tmp_path: Path, chosen: Chosen, tally: Tally
) -> None:
    """Whichever request of a save meets whichever fault, there is all of it or nothing; saved again, all of it once."""
    folder = folder_on(server, kind, tmp_path)
    options = server.options(proxy.endpoint)
    with folder.log(0) as log, proxy.counting() as requests:
        folder.save(log, folder.open(**options), 0)
    runs, failed = 0, 0
    for number, fault in chosen([(number, fault) for number in range(len(requests)) for fault in FAULTS], 25):
        with folder.log(0) as log, proxy.faults(at(number, FAULTS[fault])) as made:
            try:
                document = folder.open(**options)
            except LazyscribeError:
                continue  # nothing was begun
            folder.save(log, document, log.begun)
        runs += len(made) > number
        failed += any(request.status >= 400 for request in made)
    folder.check()
    assert runs > 0
    tally(f"the k-th request of a save in a bucket meets a fault ({kind})", "ours", runs, 0)


def test_every_request_of_a_large_file_meets_every_fault(
    server: Server, proxy: Proxy, tmp_path: Path, chosen: Chosen, tally: Tally
) -> None:
    """A file that travels in parts, up and down, is whole or there is an error, whichever request meets a fault."""
    options = server.options(proxy.endpoint)
    repository = Repository(f"{server.new_folder()}/repository.json", **options)
    values = [chosen.random.randbytes(9 << 20)]

    def up() -> None:
        repository.log_artifact("large", values[-1], "bytes")
        save(repository)

    def down() -> bytes:
        found: bytes = repository.load_artifact("large", version=len(values) - 1)
        return found

    for work in (up, down):
        with proxy.counting() as requests:
            work()
        moments = [(number, fault) for number in range(len(requests)) for fault in FAULTS]
        tried = chosen(moments, 6)
        for number, fault in tried:
            values += [chosen.random.randbytes(9 << 20)] if work is up else []
            with proxy.faults(at(number, FAULTS[fault])):
                try:
                    work()
                except LazyscribeError:
                    assert work is down
            assert down() == values[-1], (work, number, fault)
        tally("the k-th request of a large file in a bucket meets a fault", "ours", len(tried), 0)
    assert [each.version for each in repository.artifacts] == list(range(len(values)))
    assert repository.verify().ok


def test_faults_by_chance(
    server: Server, proxy: Proxy, kind: str, tmp_path: Path, chosen: Chosen, tally: Tally
) -> None:
    """Six writers whose requests go wrong now and then: nothing is lost, nothing is there twice."""
    folder = folder_on(server, kind, tmp_path)
    each = 20 if COMPLETE else 5
    beyond = Folder(folder.url, server.options(proxy.endpoint), kind, folder.logs)
    with proxy.faults(by_chance(chosen.random, 0.15)) as made:
        assert Writers(beyond, [[0, 1, 2], [3, 4, 5]], each).wait() == [0] * 2
    assert any(request.status in (409, 412, 500, 503) for request in made)
    assert any(request.acted and not request.status for request in made)
    assert folder.check(range(6)) == 6 * each
    tally(f"{BEYOND}, every seventh request meets a fault", "ours", 6 * each, 0)


def test_server_that_dies_and_comes_back(kind: str, tmp_path: Path, chosen: Chosen, tally: Tally) -> None:
    """SeaweedFS is killed amid the saves of six writers, and started again: they go on, and nothing is lost."""
    (place := tmp_path / "server").mkdir()
    deaths, each = (4, 40) if COMPLETE else (1, 8)
    with SeaweedFS(place) as server:
        folder = folder_on(server, kind, tmp_path)
        writers = Writers(folder, [[0, 1, 2], [3, 4, 5]], each)
        for death in range(deaths):
            goal = (death + 1) * 6 * each // (deaths + 2)
            while acknowledged(folder) < goal and writers.running:
                time.sleep(chosen.random.uniform(0.02, 0.1))
            assert writers.running
            server.kill()
            server.start()
        assert writers.wait() == [0] * 2
        assert folder.check(range(6)) == 6 * each
    tally(f"{BEYOND}, whose server is killed and started again", "ours", 6 * each, 0, f"{deaths} × SIGKILL")


def acknowledged(folder: Folder) -> int:
    """Return how many saves the six writers have been told of."""
    logs = Path(folder.logs).glob("[0-9].jsonl")
    return sum(log.read_bytes().count(b'"acknowledged"') for log in logs)


def test_writer_killed_at_its_kth_request(
    seaweedfs: Server, kind: str, tmp_path: Path, chosen: Chosen, tally: Tally
) -> None:
    """A process that dies before or after its k-th request leaves all of a save or nothing, and hinders nobody."""
    folder = folder_on(seaweedfs, kind, tmp_path)
    killed = 0
    with Proxy(seaweedfs.endpoint) as proxy:
        beyond = Folder(folder.url, seaweedfs.options(proxy.endpoint), kind, folder.logs)
        with proxy.counting() as requests:
            assert Writers(beyond, [[0]], 1).wait() == [0]
        moments = [(number, acted) for number in range(len(requests)) for acted in (False, True)]
        for number, acted in chosen(moments, 8):
            with folder.log(0) as log:
                before = log.acknowledged
            dying: list[Writers] = []
            strike = Fault(cut=True, acted=acted, then=lambda: dying[0].kill())
            with proxy.faults(at(number, strike)):
                dying.append(Writers(beyond, [[0]], before + 1))
                killed += dying[0].wait() == [-9]
            assert folder.open("r").verify().ok
    assert killed > 0
    with folder.log(0) as log:
        assert log.begun > log.acknowledged
        folder.save(log, folder.open(), log.begun)
    folder.check()
    tally(f"a writer of a bucket is killed at its k-th request ({kind})", "ours", killed, 0)
