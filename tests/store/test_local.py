"""Local files: links, folders, permissions, durability, failures at every call."""

import multiprocessing
import os
import stat
from collections.abc import Callable
from errno import EACCES, EIO, ENOSPC, EPERM
from pathlib import Path
from typing import Any

import pytest

from lazyscribe.exception import Exists, Stale, Unsure
from lazyscribe.store import Store, open_store
from lazyscribe.store.local import LocalStore
from lazyscribe.store.oscalls import OsCalls
from tests.store.faults import FailingCalls, WatchedCalls
from tests.store.suite import StoreTests


def names(root: Path) -> set[str]:
    """Every file under `root` but those of locks."""
    found = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() or path.is_symlink()}
    return {name for name in found if not name.endswith(".lock")}


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


# Durability


def everything(store: LocalStore) -> None:
    store.swap("m.json", b"1", None)
    store.swap("m.json", b"2", b"1")
    with store.create("a/b/x") as file:
        file.write(b"1")
    store.replace("a/b/x", "c/y")
    store.delete("c/y")


def test_relaxed_leaves_out_only_fsync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """LAZYSCRIBE_DURABILITY=relaxed, read at each write, leaves out every fsync and no other call."""
    full, relaxed = WatchedCalls(), WatchedCalls()
    everything(LocalStore(str(tmp_path / "one"), full))
    store = LocalStore(str(tmp_path / "two"), relaxed)
    monkeypatch.setenv("LAZYSCRIBE_DURABILITY", "relaxed")
    everything(store)
    assert "fsync" not in relaxed.names
    assert "fsync_dir" not in relaxed.names
    assert full.names.count("fsync") == 3
    assert [name for name in full.names if not name.startswith("fsync")] == relaxed.names
    monkeypatch.delenv("LAZYSCRIBE_DURABILITY")
    store.swap("m.json", b"3", b"2")
    assert relaxed.names.count("fsync") == 1


def steps(calls: WatchedCalls, root: Path) -> list[tuple[str, ...]]:
    """The calls that change something, with paths below the root and temporary names as ``T``."""
    shown = []
    for name, args in calls.log:
        if name in ("open_new", "write", "fsync", "fsync_dir", "link", "replace", "unlink", "mkdir"):
            paths = [Path(arg).relative_to(root).as_posix() for arg in args if isinstance(arg, str)]
            shown.append((name, *("T" if ".lsc-" in path else path for path in paths)))
    return shown


def test_order_of_create(tmp_path: Path) -> None:
    """Content reaches the disk before its name, each folder before what is in it, and the name before the return."""
    calls = WatchedCalls()
    with LocalStore(str(tmp_path / "r"), calls).create("a/x") as file:
        file.write(b"1")
    assert steps(calls, tmp_path) == [
        ("mkdir", "r"),
        ("fsync_dir", "."),
        ("mkdir", "r/a"),
        ("fsync_dir", "r"),
        ("open_new", "T"),
        ("write",),
        ("fsync", "T"),
        ("link", "T", "r/a/x"),
        ("unlink", "T"),
        ("fsync_dir", "r/a"),
    ]


def test_order_of_swap(tmp_path: Path) -> None:
    """Content reaches the disk before it replaces, and the folder before the return."""
    calls = WatchedCalls()
    store = LocalStore(str(tmp_path), calls)
    store.swap("m", b"1", None)
    calls.log.clear()
    store.swap("m", b"2", b"1")
    wanted = [("open_new", "T"), ("write",), ("fsync", "T"), ("replace", "T", "m"), ("fsync_dir", ".")]
    assert steps(calls, tmp_path) == wanted


def test_order_of_replace_and_delete(tmp_path: Path) -> None:
    """Both folders of a move and the folder of a removal reach the disk."""
    calls = WatchedCalls()
    store = LocalStore(str(tmp_path), calls)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "x").touch()
    store.replace("a/x", "b/y")
    store.delete("b/y")
    wanted = [("replace", "a/x", "b/y"), ("fsync_dir", "b"), ("fsync_dir", "a"), ("unlink", "b/y"), ("fsync_dir", "b")]
    assert steps(calls, tmp_path) == wanted


# A failure at every call


def create_x(store: LocalStore) -> None:
    with store.create("a/x") as file:
        file.write(b"whole")


def swap_m(store: LocalStore) -> None:
    store.swap("m.json", b"new", b"old")


def outcome(root: Path, action: Callable[[LocalStore], None], calls: OsCalls) -> BaseException | None:
    """Prepare `root`, act, and give back what was raised."""
    root.mkdir()
    (root / "m.json").write_bytes(b"old")
    try:
        action(LocalStore(str(root), calls))
    except BaseException as error:
        return error
    return None


def count_calls(root: Path, action: Callable[[LocalStore], None], calls: type[WatchedCalls]) -> int:
    watched = calls()
    assert outcome(root, action, watched) is None
    return len(watched.log)


class WatchedNoLinks(WatchedCalls):
    def link(self, source: str, target: str) -> None:
        raise OSError(EPERM, "no links here")


KINDS = pytest.mark.parametrize("kind", [WatchedCalls, WatchedNoLinks])
ERRORS = pytest.mark.parametrize("error", [OSError(ENOSPC, "full"), OSError(EIO, "broken"), KeyboardInterrupt()])
MOMENTS = pytest.mark.parametrize("moment", ["before", "after"])


def failing(kind: type[WatchedCalls], moment: str, k: int, error: BaseException) -> WatchedCalls:
    def fail(number: int, name: str) -> None:
        if number == k and (moment, name) != ("after", "lock"):  # the traceback would keep the lock
            raise error

    return kind(**{moment: fail})


@KINDS
@ERRORS
@MOMENTS
def test_create_failing_at_every_call(
    tmp_path: Path, kind: type[WatchedCalls], moment: str, error: BaseException
) -> None:
    """Whichever call of a create fails or is interrupted, nothing of it stays, and it can be done again."""
    for k in range(count_calls(tmp_path / "count", create_x, kind)):
        root = tmp_path / str(k)
        found = outcome(root, create_x, failing(kind, moment, k, error))
        if found is None:  # a failing call that only asked, or links that do not work
            assert (root / "a" / "x").read_bytes() == b"whole"
            continue
        assert found is error or isinstance(found, Exists)
        left = names(root) - {"m.json"}
        claimed_and_cut = kind is WatchedNoLinks and moment == "after" and left == {"a/x"}
        assert left == set() or (claimed_and_cut and (root / "a" / "x").read_bytes() == b""), k
        if not left:
            create_x(LocalStore(str(root)))


@ERRORS
@MOMENTS
def test_swap_failing_at_every_call(tmp_path: Path, moment: str, error: BaseException) -> None:
    """Whichever call of a swap fails, the old content is there, or it is Unsure and one of both is; no other file."""
    unsure = 0
    for k in range(count_calls(tmp_path / "count", swap_m, WatchedCalls)):
        root = tmp_path / str(k)
        found = outcome(root, swap_m, failing(WatchedCalls, moment, k, error))
        content = (root / "m.json").read_bytes()
        assert names(root) == {"m.json"}
        if isinstance(found, Unsure):
            unsure += 1
            assert found.__cause__ is error
            assert content in (b"old", b"new")
        elif found is None:
            assert content == b"new"
        else:
            assert found is error
            assert content == b"old"
            swap_m(LocalStore(str(root)))
    assert unsure >= 1


@KINDS
@pytest.mark.parametrize("action", [create_x, swap_m])
def test_killed_at_every_call(tmp_path: Path, kind: type[WatchedCalls], action: Callable[[LocalStore], None]) -> None:
    """A process killed at any call leaves the file whole or untouched, at worst a temporary one, and no lock held."""
    for k in range(count_calls(tmp_path / "count", action, kind)):
        root = tmp_path / str(k)

        def die(number: int, _: str, k: int = k) -> None:
            if number == k:
                os._exit(7)

        child = os.fork()
        if child == 0:
            outcome(root, action, kind(before=die))
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert (root / "m.json").read_bytes() in (b"old", b"new")
        stays = {name for name in names(root) if ".lsc-" not in name}
        if "a/x" in stays:
            allowed = (b"whole", b"") if kind is WatchedNoLinks else (b"whole",)
            assert (root / "a" / "x").read_bytes() in allowed
        store = LocalStore(str(root))
        found = store.read("m.json")
        assert found is not None
        store.swap("m.json", b"next", found[1])


def test_answer_of_a_link_lost(tmp_path: Path) -> None:
    """A link that was made although the call says "exists" (NFS asking twice) is ours."""

    class Twice(OsCalls):
        def link(self, source: str, target: str) -> None:
            super().link(source, target)
            super().link(source, target)

    with LocalStore(str(tmp_path), Twice()).create("x") as file:
        file.write(b"1")
    assert (tmp_path / "x").read_bytes() == b"1"
    assert names(tmp_path) == {"x"}


def test_cleaning_up_hides_nothing(tmp_path: Path) -> None:
    """When cleaning up fails too, the first error comes out."""
    store = LocalStore(str(tmp_path), FailingCalls(OSError(EIO, "broken"), "unlink"))
    with pytest.raises(ZeroDivisionError), store.create("x"):
        _ = 1 // 0
    with pytest.raises(Stale):
        store.swap("x", b"1", b"0")


def test_full_disk_while_the_block_writes(tmp_path: Path) -> None:
    """A disk that is full reaches the block as OSError and leaves nothing."""
    store = LocalStore(str(tmp_path), FailingCalls(OSError(ENOSPC, "full"), "write"))
    with pytest.raises(OSError, match="full"), store.create("x") as file:
        file.write(b"1" * 1_000_000)
    with pytest.raises(OSError, match="full"), store.create("x") as file:
        file.write(b"1")
    with pytest.raises(OSError, match="full"):
        store.swap("m", b"1", None)
    assert names(tmp_path) == set()
