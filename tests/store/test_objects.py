"""Files in buckets of real servers."""

from collections.abc import Iterator
from typing import Any

import obstore
import pytest

from lazyscribe.store import Store, open_store
from lazyscribe.testing.stores import StoreTests
from tests.cloud.servers import SeaweedFS, Server


@pytest.fixture(scope="module")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with SeaweedFS(tmp_path_factory.mktemp("seaweedfs")) as server:
        yield server


class BucketTests(StoreTests):
    """What every store promises, in a new folder of a bucket each time."""

    @pytest.fixture
    def server(self) -> Server:
        raise NotImplementedError

    @pytest.fixture
    def store(self, server: Server) -> Store:
        self.server = server
        self.folder = server.new_folder()
        store = self.again(None)
        store.swap("probed", b"", None)  # what the first write asks of the bucket is none of these tests' business
        store.delete("probed")
        return store

    @property
    def behind(self) -> Any:
        return self.server.raw(self.folder.partition(f"{self.server.bucket}/")[2])

    def again(self, store: Any) -> Store:
        return open_store(self.server.scheme, self.folder, self.server.options())

    def put(self, store: Any, key: str, data: bytes) -> None:
        obstore.put(self.behind, key, data)

    def get(self, store: Any, key: str) -> bytes | None:
        try:
            return bytes(obstore.get(self.behind, key).bytes())
        except FileNotFoundError:
            return None

    def names(self, store: Any) -> set[str]:
        return {meta["path"] for chunk in obstore.list(self.behind) for meta in chunk}


class TestSeaweedFS(BucketTests):
    @pytest.fixture
    def server(self, seaweedfs: Server) -> Server:
        return seaweedfs
