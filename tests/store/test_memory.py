"""Files in memory."""

from collections.abc import Iterator
from typing import Any

import fsspec
import pytest

from lazyscribe.store import Store, open_store
from lazyscribe.store.memory import MemoryStore
from lazyscribe.testing.stores import StoreTests

ROOT = "/store-tests/base"


class TestMemoryStore(StoreTests):
    @pytest.fixture
    def store(self) -> Iterator[Store]:
        yield MemoryStore(ROOT)
        fs = fsspec.filesystem("memory")
        for name in [name for name in fs.store if name.startswith("/store-tests/")]:
            del fs.store[name]

    def again(self, store: Any) -> Store:
        return open_store("memory", ROOT, {})

    def put(self, store: Any, key: str, data: bytes) -> None:
        fsspec.filesystem("memory").pipe_file(f"{ROOT}/{key}", data)

    def get(self, store: Any, key: str) -> bytes | None:
        fs = fsspec.filesystem("memory")
        return fs.cat_file(f"{ROOT}/{key}") if fs.exists(f"{ROOT}/{key}") else None

    def names(self, store: Any) -> set[str]:
        return {name[len(ROOT) + 1 :] for name in fsspec.filesystem("memory").store if name.startswith(ROOT + "/")}

    def test_folder_in_the_way(self, store: Store) -> None:
        """A folder is taken for create and an error for read; a file is no folder."""
        self.put(store, "a/x", b"1")
        with pytest.raises(FileExistsError), store.create("a"):
            pass
        with pytest.raises(IsADirectoryError):
            store.read("a")
        with pytest.raises(NotADirectoryError), store.create("a/x/y"):
            pass
        with pytest.raises(IsADirectoryError):
            store.replace("a/x", "a")
        assert self.names(store) == {"a/x"}

    def test_root_of_all(self) -> None:
        """The root of the memory file system is a root, and a URL says the same."""
        assert MemoryStore("").describe("x") == MemoryStore("memory://").describe("x") == "memory:///x"
        self.put(None, "x", b"1")
        assert ROOT[1:] + "/x" in set(MemoryStore("/").keys(""))
        fsspec.filesystem("memory").rm_file(f"{ROOT}/x")
