"""Locks between processes."""

import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from errno import ENOLCK, ENOSYS, EOPNOTSUPP
from pathlib import Path
from typing import Any

import pytest

from lazyscribe.exception import InvalidArgumentError, LockTimeoutError
from lazyscribe.store import flock
from lazyscribe.store.local import LocalStore
from lazyscribe.store.oscalls import OsCalls
from lazyscribe.testing.calls import FailingCalls
from lazyscribe.testing.writers import in_threads

HOLDER = """
import sys, time
from lazyscribe.store.local import LocalStore
with LocalStore(sys.argv[1]).guard("m.json"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the guard of m.json."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_held_by_another_process(
    tmp_path: Path, holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock held elsewhere ends in LockTimeoutError after the time allowed; nothing was written; reading goes on."""
    monkeypatch.setenv("LAZYSCRIBE_LOCK_TIMEOUT", "0.2")
    store = LocalStore(str(tmp_path))
    (tmp_path / "m.json").write_bytes(b"1")
    start = time.monotonic()
    with pytest.raises(LockTimeoutError, match=r"m\.json for more than 0\.2 seconds"):
        store.swap("m.json", b"2", b"1")
    assert 0.2 <= time.monotonic() - start < 10
    assert store.read("m.json") == (b"1", b"1")


def test_killed_holder(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    """The lock of a killed process holds nobody up."""
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    LocalStore(str(tmp_path)).swap("m.json", b"1", None)
    assert (tmp_path / ".lazyscribe" / "m.json.lock").exists()


def test_waiter_goes_on(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    """A writer that waits goes on as soon as the lock is free."""

    def work(number: int) -> Any:
        if number == 0:
            return LocalStore(str(tmp_path)).swap("m.json", b"1", None)
        time.sleep(0.1)
        holder.kill()
        return None

    assert in_threads(2, work) == [b"1", None]


def test_lock_file_that_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waited for a lock file that somebody removed holds the one that takes its place."""
    lock = tmp_path / ".lazyscribe" / "m.json.lock"

    def work(number: int) -> Any:
        if number == 0:
            with LocalStore(str(tmp_path)).guard("m.json"):
                time.sleep(0.2)
                lock.unlink()
            return None
        time.sleep(0.1)
        return forked(wait_and_try)

    def wait_and_try() -> int:
        with LocalStore(str(tmp_path)).guard("m.json"):
            os.environ["LAZYSCRIBE_LOCK_TIMEOUT"] = "0.1"
            return forked(try_it)

    def try_it() -> int:
        try:
            with LocalStore(str(tmp_path)).guard("m.json"):
                return 1
        except LockTimeoutError:
            return 42

    assert in_threads(2, work) == [None, 42]


def forked(work: Any) -> int:
    """Run `work` in a forked child; its answer is the exit code."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            code = work()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_child_does_not_hold_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child forked under the guard does not hold it, and its end does not free it for others."""
    monkeypatch.setenv("LAZYSCRIBE_LOCK_TIMEOUT", "0.1")
    store = LocalStore(str(tmp_path))

    def work() -> int:
        try:
            with store.guard("m.json"):
                return 1
        except LockTimeoutError:
            return 42

    with store.guard("m.json"):
        assert forked(work) == 42
        assert forked(work) == 42
    assert forked(work) == 1


def test_child_leaves_the_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that leaves the block it was forked in does not free its parent's lock."""
    monkeypatch.setenv("LAZYSCRIBE_LOCK_TIMEOUT", "0.1")
    store, parent, child = LocalStore(str(tmp_path)), os.getpid(), 0

    def try_it() -> int:
        try:
            with LocalStore(str(tmp_path)).guard("m.json"):
                return 1
        except LockTimeoutError:
            return 42

    with store.guard("m.json"):
        child = os.fork()
        if child:
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            assert forked(try_it) == 42
    if os.getpid() != parent:
        os._exit(try_it())
    assert code == 42
    assert try_it() == 1


def test_inherited_by_a_program(tmp_path: Path) -> None:
    """A lock that is let go is free, even if another program has inherited the open file and goes on."""
    store = LocalStore(str(tmp_path))
    with store.guard("m.json"):
        (descriptor,) = flock._ours
        copy = os.dup(descriptor)
        os.set_inheritable(copy, True)
        program = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
        os.close(copy)
    try:
        assert forked(lambda: store.swap("m.json", b"1", None) and 5) == 5
    finally:
        program.communicate(b"\n")


def test_child_of_a_busy_parent(tmp_path: Path) -> None:
    """A child forked while another thread is in the guard waits for the file only, not for that thread's lock."""
    store = LocalStore(str(tmp_path))

    def work(number: int) -> Any:
        if number == 0:
            with store.guard("m.json"):
                time.sleep(0.3)
            return None
        time.sleep(0.1)
        return forked(lambda: store.swap("m.json", b"1", None) and 5)

    assert in_threads(2, work) == [None, 5]


def test_orphan_does_not_keep_it(tmp_path: Path) -> None:
    """A child that outlives its killed parent does not keep the parent's lock."""
    code = "import os,sys,time\n" + HOLDER.replace(
        'print("held", flush=True)', "child = os.fork()\n    print(child or time.sleep(60), flush=True)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.kill()
    process.wait()
    try:
        LocalStore(str(tmp_path)).swap("m.json", b"1", None)
    finally:
        os.kill(child, signal.SIGKILL)
        process.stdout.close()


@pytest.mark.parametrize(
    "error", [OSError(ENOSYS, "x"), OSError(ENOLCK, "x"), OSError(EOPNOTSUPP, "x"), NotImplementedError()]
)
def test_no_locks(tmp_path: Path, error: Exception) -> None:
    """Where hard locks do not work, the store says so once, is not exclusive any more, and still excludes threads."""
    store = LocalStore(str(tmp_path), FailingCalls(error, "lock"))
    with pytest.warns(UserWarning, match="only one process at a time may write there") as caught:
        store.swap("m.json", b"1", None)
    assert len(caught) == 1
    assert not store.exclusive
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        store.swap("m.json", b"2", b"1")
    assert LocalStore(str(tmp_path)).exclusive


@pytest.mark.parametrize("errno", [ENOSYS, ENOLCK])
def test_never_a_soft_lock(tmp_path: Path, errno: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has no flock, filelock does not fall back to a file that a kill would leave locked."""
    fcntl = pytest.importorskip("fcntl")

    def flock(*_: Any) -> None:
        raise OSError(errno, os.strerror(errno))

    monkeypatch.setattr(fcntl, "flock", flock)
    store = LocalStore(str(tmp_path))
    with pytest.warns(UserWarning, match="only one process at a time may write there") as caught:
        store.swap("m.json", b"1", None)
    assert len(caught) == 1
    assert not store.exclusive


def test_other_lock_errors_come_out(tmp_path: Path) -> None:
    """A lock file that may not be opened is its own error, and nothing is written."""
    store = LocalStore(str(tmp_path), FailingCalls(PermissionError(13, "no"), "lock"))
    with pytest.raises(PermissionError):
        store.swap("m.json", b"1", None)
    assert store.exclusive
    assert store.read("m.json") is None


@pytest.mark.parametrize("text", ["soon", "-1", "nan"])
def test_bad_timeout(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A time-out that is no number of seconds is refused by name."""
    monkeypatch.setenv("LAZYSCRIBE_LOCK_TIMEOUT", text)
    with pytest.raises(InvalidArgumentError, match="LAZYSCRIBE_LOCK_TIMEOUT"):
        LocalStore(str(tmp_path)).swap("m.json", b"1", None)


@pytest.mark.parametrize("text", ["", "0", "inf", "1e300"])
def test_good_timeout(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing, none and endless are time-outs."""
    monkeypatch.setenv("LAZYSCRIBE_LOCK_TIMEOUT", text)
    LocalStore(str(tmp_path)).swap("m.json", b"1", None)


def test_failing_release(tmp_path: Path) -> None:
    """A lock that cannot be released does not turn a finished swap into a failed one."""

    class Stuck(OsCalls):
        def lock(self, path: str, seconds: float) -> Any:
            class Lock:
                def release(self) -> None:
                    raise OSError(5, "broken")

            return Lock()

    assert LocalStore(str(tmp_path), Stuck()).swap("m.json", b"1", None) == b"1"


def test_locks_of_files_in_our_folder(tmp_path: Path) -> None:
    """The lock of a file under .lazyscribe lies beside it."""
    LocalStore(str(tmp_path)).swap(".lazyscribe/facts/x.json", b"1", None)
    assert (tmp_path / ".lazyscribe" / "facts" / "x.json.lock").exists()


def test_importing_is_cheap() -> None:
    """Importing the stores imports neither fsspec nor filelock, tempfile, asyncio, logging."""
    code = (
        "import sys, lazyscribe.store.local, lazyscribe.store.memory, lazyscribe.store.fsspec\n"
        "print([m for m in ('fsspec', 'filelock', 'asyncio', 'tempfile', 'logging') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
