"""Local files: the order in which they reach the disk, and failures at every call."""

import os
from collections.abc import Callable
from errno import EIO, ENOSPC, EPERM
from pathlib import Path

import pytest

from lazyscribe.exception import Exists, Stale, Unsure
from lazyscribe.store.local import LocalStore
from lazyscribe.store.oscalls import OsCalls
from lazyscribe.testing.calls import FailingCalls, WatchedCalls
from tests.store.helpers import names

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
    store = LocalStore(str(tmp_path), calls)
    store.swap("m", b"1", None)
    calls.log.clear()
    with store.create("r/a/x") as file:
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
    assert steps(calls, tmp_path) == [("fsync_dir", "."), *wanted]


def test_folder_made_by_another(tmp_path: Path) -> None:
    """A folder that is there reaches the disk once, before what is put into it: who made it may have been stopped."""
    calls = WatchedCalls()
    store = LocalStore(str(tmp_path), calls)
    (tmp_path / "a").mkdir()
    for name in ("x", "y"):
        with store.create(f"a/{name}"):
            pass
    found = [step for step in steps(calls, tmp_path) if step[0] in {"fsync_dir", "link"}]
    wanted = [("link", "T", "a/x"), ("fsync_dir", "a"), ("link", "T", "a/y"), ("fsync_dir", "a")]
    assert found == [("fsync_dir", "."), *wanted]


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
