"""What every store promises, in buckets of real servers."""

from typing import Any

import obstore
import pytest

from lazyscribe.store import Store, open_store
from lazyscribe.testing.stores import StoreTests
from tests.cloud.servers import Server


class BucketTests(StoreTests):
    """In a new folder each time."""

    @pytest.fixture
    def server(self) -> Server:
        raise NotImplementedError

    @pytest.fixture
    def store(self, server: Server) -> Store:
        self.server, self.folder = server, server.new_folder()
        store = self.again(None)
        store.swap("probed", b"", None)  # what the first write asks of the bucket is none of these tests' business
        store.delete("probed")
        return store

    @property
    def behind(self) -> Any:
        return self.server.raw(self.folder.rpartition("/")[2])

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


class TestAzurite(BucketTests):
    @pytest.fixture
    def server(self, azurite: Server) -> Server:
        return azurite
