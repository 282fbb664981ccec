"""Two handles on one file in a bucket and a model agree, whatever is done in whatever order; and requests fail."""

from contextlib import AbstractContextManager
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from lazyscribe.testing.faults import Faults, stores_through
from lazyscribe.testing.machine import ProjectMachine, RepositoryMachine
from tests.cloud.servers import Server
from tests.faults.tally import COMPLETE, Tally

SETTINGS = settings(
    max_examples=60 if COMPLETE else 4,
    stateful_step_count=30 if COMPLETE else 15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


class InBucket:
    """Calls of the store fail; nobody is killed, since a forked child cannot use a bucket."""

    kills = False
    server: ClassVar[Server]
    folder: str

    def new_folder(self) -> str:
        return self.server.new_folder("machine")

    def remove_folder(self) -> None:
        """Leave it: the server is thrown away with all that it holds."""

    def using(self, faults: Faults) -> AbstractContextManager[None]:
        return stores_through(faults)


class BucketRepository(InBucket, RepositoryMachine):
    runs = 0


class BucketProject(InBucket, ProjectMachine):
    runs = 0


@pytest.mark.parametrize("machine", [BucketRepository, BucketProject])
def test_two_handles_and_a_model_agree(
    machine: Any, server: Server, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever two handles do and fail at, memory and bucket are what the model says; the environment holds the key."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    machine.server, machine.runs = server, 0
    run_state_machine_as_test(machine, settings=SETTINGS)  # type: ignore[no-untyped-call]
    tally("hypothesis machine of two handles on a bucket", "ours", machine.runs, 0)
