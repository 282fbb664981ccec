"""Fixtures of the tests on real servers, each of which is started once by each process that runs tests."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cloud.proxy import Proxy
from tests.cloud.servers import Azurite, Rclone, SeaweedFS, Server, ServerMissing

SERVERS = ["seaweedfs", "azurite"]
"""The servers that honour conditions."""


@contextmanager
def running(kind: type[Server], factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a server; one that is missing makes the test fail, and says how to get it."""
    server = kind(factory.mktemp(kind.__name__))
    try:
        server.start()
    except ServerMissing as missing:
        pytest.fail(str(missing), pytrace=False)
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(SeaweedFS, tmp_path_factory) as server:
        yield server


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(Azurite, tmp_path_factory) as server:
        yield server


@pytest.fixture(scope="session")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(Rclone, tmp_path_factory) as server:
        yield server


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Server:
    """Each of the servers that honour conditions."""
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    """A proxy in front of the server."""
    with Proxy(server.endpoint) as between:
        yield between
