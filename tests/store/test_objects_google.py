"""Google Cloud Storage, as documented: what every store promises, by generations."""

from collections.abc import Iterator
from typing import Any

import pytest

from lazyscribe.exception import Stale
from lazyscribe.store import Store, open_store
from lazyscribe.testing.stores import StoreTests
from tests.store.bucket_server import Bucket, serving


@pytest.fixture(scope="module")
def google() -> Iterator[Bucket]:
    with serving() as bucket:
        yield bucket


class TestGoogle(StoreTests):
    @pytest.fixture
    def store(self, google: Bucket) -> Store:
        google.objects.clear()
        self.bucket = google
        store = self.again(None)
        store.swap("probed", b"", None)
        store.delete("probed")
        return store

    def again(self, store: Any) -> Store:
        return open_store("gs", "bucket/base", {"token": "of the tests", "endpoint_url": self.bucket.endpoint})

    def put(self, store: Any, key: str, data: bytes) -> None:
        self.bucket.put(f"base/{key}", data)

    def get(self, store: Any, key: str) -> bytes | None:
        found = self.bucket.objects.get(f"base/{key}")
        return None if found is None else found.data

    def names(self, store: Any) -> set[str]:
        return {key.removeprefix("base/") for key in self.bucket.objects}

    def test_same_bytes_are_another_generation(self, store: Store) -> None:
        """Content that came back after a change is not taken for the one that was read: the generation tells."""
        token = store.swap("m.json", b"1", None)
        self.put(store, "m.json", b"2")
        self.put(store, "m.json", b"1")
        assert not store.holds("m.json", token)
        with pytest.raises(Stale):
            store.swap("m.json", b"3", token)
