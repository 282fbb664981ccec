"""Any other file system, through fsspec."""

import pickle
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from lazyscribe.digest import HashingFile
from lazyscribe.exception import Exists, Stale, Unsure
from lazyscribe.store import Store, open_store, store_of
from lazyscribe.store.fsspec import FsspecStore
from lazyscribe.store.local import LocalStore
from lazyscribe.store.memory import MemoryStore
from lazyscribe.testing.stores import StoreTests
from lazyscribe.testing.writers import quiet
from tests.store.objects import ObjectFileSystem


class TestDirStore(StoreTests):
    """A rename under the hood (fsspec's ``dir`` over local files)."""

    exclusive = False

    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return self.make(tmp_path)

    def make(self, folder: Path) -> Store:
        store = open_store("dir", "root", {"path": str(folder), "target_protocol": "file"})
        store.folder = folder  # type: ignore[attr-defined]
        return store

    def again(self, store: Any) -> Store:
        return self.make(store.folder)

    def put(self, store: Any, key: str, data: bytes) -> None:
        path = store.folder / "root" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def get(self, store: Any, key: str) -> bytes | None:
        path = store.folder / "root" / key
        return path.read_bytes() if path.exists() else None

    def names(self, store: Any) -> set[str]:
        root = store.folder / "root"
        return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def bucket() -> Iterator[dict[str, bytes]]:
    fsspec.register_implementation("objects", ObjectFileSystem, clobber=True)
    ObjectFileSystem.objects.clear()
    yield ObjectFileSystem.objects
    ObjectFileSystem.fail.clear()


class TestObjectStore(StoreTests):
    """Copy and remove under the hood, and a memory for listings."""

    exclusive = False

    @pytest.fixture
    def store(self, bucket: Any) -> Store:
        return self.again(None)

    def again(self, store: Any) -> Store:
        return open_store("objects", "bucket/base", {})

    def put(self, store: Any, key: str, data: bytes) -> None:
        ObjectFileSystem.objects[f"bucket/base/{key}"] = data

    def get(self, store: Any, key: str) -> bytes | None:
        return ObjectFileSystem.objects.get(f"bucket/base/{key}")

    def names(self, store: Any) -> set[str]:
        return {name.removeprefix("bucket/base/") for name in ObjectFileSystem.objects}

    def test_one_warning_per_store(self, store: Store) -> None:
        """The first write of a store warns that a single writer is safe; reading and further writes do not."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert store.read("x") is None
        with pytest.warns(UserWarning, match="single writer is safe under objects://bucket/base"):
            store.swap("x", b"1", None)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            store.swap("x", b"2", b"1")
            pickle.loads(pickle.dumps(store)).swap("x", b"3", b"2")

    def test_unknown_is_not_free(self, store: Store) -> None:
        """When it cannot be known whether a key is taken, the error comes out and nothing is overwritten."""
        self.put(store, "x", b"old")
        ObjectFileSystem.fail["info"] = ConnectionError("gone")
        with pytest.raises(ConnectionError), store.create("x") as file:
            file.write(b"new")
        assert self.get(store, "x") == b"old"

    def test_what_lasts_is_uploaded_from_where_it_is(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        """Bytes that last need no temporary file on this machine."""
        data = bytes(range(256)) * (40 << 10)
        monkeypatch.delattr(tempfile.SpooledTemporaryFile, "rollover")
        with store.create("large") as raw:
            file = HashingFile(raw)
            file.lasting = data
            file.write(data)
        assert self.get(store, "large") == data

    def test_failed_upload(self, store: Store) -> None:
        """An upload that fails leaves nothing, and what was there."""
        self.put(store, "m", b"old")
        ObjectFileSystem.fail["put"] = ConnectionError("gone")
        with pytest.raises(ConnectionError), store.create("x") as file:
            file.write(b"new")
        with pytest.raises(ConnectionError):
            store.swap("m", b"new", b"old")
        assert self.names(store) == {"m"}
        assert self.get(store, "m") == b"old"

    def test_failed_copy(self, store: Store) -> None:
        """A copy that did not happen is its own error, and leaves nothing."""
        self.put(store, "m", b"old")
        ObjectFileSystem.fail["copy"] = ConnectionError("gone")
        with pytest.raises(ConnectionError), store.create("x") as file:
            file.write(b"new")
        with pytest.raises(ConnectionError):
            store.swap("m", b"new", b"old")
        assert self.names(store) == {"m"}

    def test_lost_answer(self, store: Store) -> None:
        """A copy that happened but answered with an error is Unsure for swap, and undone for create."""
        self.put(store, "m", b"old")
        ObjectFileSystem.fail["copied"] = ConnectionError("gone")
        with pytest.raises(ConnectionError), store.create("x") as file:
            file.write(b"new")
        with pytest.raises(Unsure) as caught:
            store.swap("m", b"new", b"old")
        assert isinstance(caught.value.__cause__, ConnectionError)
        assert self.names(store) == {"m"}

    def test_no_right_to_remove(self, store: Store) -> None:
        """Where nothing may be removed, writing works and temporary keys stay."""
        ObjectFileSystem.fail["rm"] = PermissionError("no")
        with store.create("x") as file:
            file.write(b"new")
        store.swap("m", b"new", None)
        assert self.get(store, "x") == self.get(store, "m") == b"new"
        assert all(".lsc-" in name for name in self.names(store) - {"x", "m"})


class Refusing(ObjectFileSystem):
    """A file system whose rename does not overwrite."""

    def mv(self, path1: str, path2: str, **_: Any) -> None:
        raise FileExistsError(path2)


def test_refused_rename(bucket: dict[str, bytes]) -> None:
    """A rename that finds the key taken is Exists, and removes nothing."""
    store = FsspecStore(Refusing(), "b")
    with quiet(), pytest.raises(Exists), store.create("x") as file:
        file.write(b"1")
    assert bucket == {}


def test_stale_in_process(bucket: dict[str, bytes]) -> None:
    """At the root of a bucketless file system, keys have no folder."""
    store = FsspecStore(ObjectFileSystem(), "")
    with quiet():
        store.swap("x", b"1", None)
        with store.create("y") as file:
            file.write(b"2")
        with pytest.raises(Stale):
            store.swap("x", b"2", None)
    assert bucket == {"x": b"1", "y": b"2"}
    assert set(store.keys("")) == {"x", "y"}


def test_chosen_by_name(tmp_path: Path) -> None:
    """The name of the protocol alone chooses the store."""
    assert type(open_store("file", str(tmp_path), {})) is LocalStore
    assert type(open_store("local", f"file://{tmp_path}", {"auto_mkdir": True})) is LocalStore
    assert type(open_store("memory", "/x", {})) is MemoryStore
    assert type(store_of(fsspec.filesystem("file"), str(tmp_path))) is LocalStore
    assert type(store_of(fsspec.filesystem("memory"), "/x")) is MemoryStore
    assert type(store_of(ObjectFileSystem(), "x")) is FsspecStore
    assert open_store("local", f"file://{tmp_path}", {}).describe("m.json") == str(tmp_path / "m.json")
