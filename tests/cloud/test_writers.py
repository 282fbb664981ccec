"""Many writers of one bucket, on bad networks, with servers and processes that die: nothing is lost, nothing twice."""

import random
import time
from pathlib import Path
from typing import Any

import pytest

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
