"""Local files: many processes, links, folders, permissions."""

import multiprocessing
import os
import stat
from collections.abc import Callable
from errno import EACCES, EPERM
from pathlib import Path
from typing import Any

import pytest

from lazyscribe.exception import Exists, Stale
from lazyscribe.store import Store, open_store
from lazyscribe.store.local import LocalStore
from lazyscribe.store.oscalls import OsCalls
from lazyscribe.testing.stores import StoreTests
from tests.store.helpers import names


class TestLocalStore(StoreTests):
    calls: Callable[[], OsCalls] = OsCalls

    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return LocalStore(str(tmp_path / "new" / "root"), type(self).calls())

    def again(self, store: Any) -> Store:
        return LocalStore(store._root, type(self).calls())

    def put(self, store: Any, key: str, data: bytes) -> None:
        path = Path(store._root, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def get(self, store: Any, key: str) -> bytes | None:
        path = Path(store._root, key)
        return path.read_bytes() if path.exists() else None

    def names(self, store: Any) -> set[str]:
        return names(Path(store._root))

    def test_keys(self, store: Store) -> None:
        """Keys are those of the suite; here locks are files as well."""
        super().test_keys(store)
        with store.guard("m.json"):
            assert ".lazyscribe/m.json.lock" in set(store.keys(""))


class NoLinks(OsCalls):
    def link(self, source: str, target: str) -> None:
        raise OSError(EPERM, "no links here")


class TestWithoutLinks(TestLocalStore):
    """The same on a file system that has no hard links."""

    calls = NoLinks


# Many processes


def _create(root: str, number: int, answers: Any) -> None:
    try:
        with LocalStore(root).create("x.bin") as file:
            file.write(b"%d" % number * 1000)
        answers.put(number)
    except Exists:
        answers.put(-1)


def _count(root: str, number: int, answers: Any) -> None:
    store, won = LocalStore(root), 0
    while won < 20:
        found = store.read("n") or (b"", None)
        try:
            store.swap("n", b"%d" % (int(found[0]) + 1), found[1])
        except Stale:
            continue
        won += 1
    answers.put(won)


def in_processes(work: Callable[..., None], root: Path) -> list[Any]:
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    processes = [context.Process(target=work, args=(str(root), number, answers)) for number in range(4)]
    for process in processes:
        process.start()
    found = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    return found


def test_racing_creating_processes(tmp_path: Path) -> None:
    """Of many processes that create one key, one wins."""
    answers = in_processes(_create, tmp_path)
    (winner,) = [answer for answer in answers if answer >= 0]
    assert (tmp_path / "x.bin").read_bytes() == b"%d" % winner * 1000
    assert names(tmp_path) == {"x.bin"}


def test_racing_swapping_processes(tmp_path: Path) -> None:
    """A counter that many processes raise by swap loses no step."""
    (tmp_path / "n").write_bytes(b"0")
    assert in_processes(_count, tmp_path) == [20] * 4
    assert (tmp_path / "n").read_bytes() == b"80"
    assert names(tmp_path) == {"n"}


# Links, folders and permissions


def test_linked_manifest(tmp_path: Path) -> None:
    """A swap through a symbolic link replaces what it leads to; the link stays, and both ways share one lock."""
    (tmp_path / "data").mkdir()
    target = tmp_path / "data" / "real.json"
    (tmp_path / "link.json").symlink_to("data/real.json")
    store, direct = LocalStore(str(tmp_path)), LocalStore(str(tmp_path / "data"))
    token = store.swap("link.json", b"1", None)
    assert target.read_bytes() == b"1"
    assert direct.swap("real.json", b"2", token) == b"2"
    with store.guard("link.json"), direct.guard("real.json"):
        store.swap("link.json", b"3", b"2")
    assert target.read_bytes() == b"3"
    assert (tmp_path / "link.json").is_symlink()
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.lock")] == [
        "data/.lazyscribe/real.json.lock"
    ]


def test_linked_root(tmp_path: Path) -> None:
    """Two roots that are one folder share one lock."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    one, two = LocalStore(str(tmp_path / "real")), LocalStore(str(tmp_path / "link"))
    with one.guard("m.json"), two.guard("m.json"):
        two.swap("m.json", b"1", None)
    assert one.read("m.json") == (b"1", b"1")


def test_dangling_link_is_taken(tmp_path: Path) -> None:
    """A name taken by a link that leads nowhere is taken; delete removes the link."""
    (tmp_path / "x").symlink_to("nowhere")
    store = LocalStore(str(tmp_path))
    with pytest.raises(Exists), store.create("x"):
        pass
    assert list(store.keys("")) == ["x"]
    store.delete("x")
    assert list(store.keys("")) == []


def test_linked_folders_are_listed_once(tmp_path: Path) -> None:
    """Keys reach into linked folders and do not run in circles."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "x").touch()
    (tmp_path / "a" / "b").symlink_to("../b")
    (tmp_path / "b" / "a").symlink_to("../a")
    assert set(LocalStore(str(tmp_path)).keys("")) == {"a/x", "b/a/x"}
    assert set(LocalStore(str(tmp_path)).keys("b")) == {"b/a/x"}


def test_file_where_the_folder_should_be(tmp_path: Path) -> None:
    """A file in the place of a folder is an OSError that is not Exists, and stays."""
    (tmp_path / "f").write_bytes(b"1")
    store = LocalStore(str(tmp_path))
    for call in (
        lambda: store.create("f/x").__enter__(),
        lambda: store.create("f/g/x").__enter__(),
        lambda: store.swap("f/x", b"", None),
        lambda: LocalStore(str(tmp_path / "f" / "root")).swap("x", b"", None),
        lambda: store.read("f/x"),
    ):
        with pytest.raises(NotADirectoryError):
            call()
    store.delete("f/x")
    assert names(tmp_path) == {"f"}


def test_folder_where_the_file_should_be(tmp_path: Path) -> None:
    """A folder in the place of a file is taken, and an OSError for the rest."""
    (tmp_path / "d").mkdir()
    store = LocalStore(str(tmp_path))
    with pytest.raises(Exists), store.create("d"):
        pass
    for call in (lambda: store.read("d"), lambda: store.open("d"), lambda: store.swap("d", b"", None)):
        with pytest.raises(IsADirectoryError):
            call()
    assert names(tmp_path) == set()


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755])
def test_permissions_are_kept(tmp_path: Path, mode: int) -> None:
    """A swapped file keeps its permission bits, whatever the umask."""
    path = tmp_path / "m.json"
    path.write_bytes(b"1")
    path.chmod(mode)
    LocalStore(str(tmp_path)).swap("m.json", b"2", b"1")
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_new_files_follow_the_umask(tmp_path: Path) -> None:
    """New files are what open() would have made."""
    before = os.umask(0o027)
    try:
        store = LocalStore(str(tmp_path))
        store.swap("m.json", b"2", None)
        with store.create("x"):
            pass
    finally:
        os.umask(before)
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("m.json", "x")} == {0o640}


class Protected(OsCalls):
    """What os.access answers a user who is not root about a file of mode 0444."""

    def writable(self, path: str) -> bool:
        return bool(self.stat(path).st_mode & 0o200)


def test_protected_file(tmp_path: Path) -> None:
    """A file whose bits forbid writing is not swapped."""
    path = tmp_path / "m.json"
    path.write_bytes(b"1")
    path.chmod(0o444)
    with pytest.raises(PermissionError) as caught:
        LocalStore(str(tmp_path), Protected()).swap("m.json", b"2", b"1")
    assert caught.value.errno == EACCES
    assert path.read_bytes() == b"1"
    assert names(tmp_path) == {"m.json"}


def test_root_is_fixed_when_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative root is that of the working directory when the store was made, and is described as given."""
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path)
    store = LocalStore("root")
    monkeypatch.chdir(tmp_path / "there")
    store.swap("a/m.json", b"1", None)
    assert (tmp_path / "root" / "a" / "m.json").read_bytes() == b"1"
    assert store.describe("a/m.json") == str(Path("root", "a", "m.json"))
    assert LocalStore(".").describe("m.json") == LocalStore("").describe("m.json") == "m.json"


def test_reading_makes_nothing(tmp_path: Path) -> None:
    """Reading where nothing is leaves not even a folder."""
    store = open_store("file", str(tmp_path / "no"), {})
    assert store.read("m.json") is None
    assert list(store.keys("")) == []
    with pytest.raises(FileNotFoundError):
        store.open("m.json")
    assert list(tmp_path.iterdir()) == []
