"""Locks of files that the kernel hands on in turn."""

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lazyscribe.store import flock, oscalls
from lazyscribe.testing.writers import forked, in_processes

HOLDER = """
import sys
from lazyscribe.store import flock, oscalls
lock = getattr({"flock": flock, "filelock": oscalls}[sys.argv[1]], sys.argv[2])(sys.argv[3], 5)
print("held", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Return what lets another process hold a lock; what that returns ends it."""
    running: list[subprocess.Popen[str]] = []

    def hold(path: Path, by: str = "flock", name: str = "acquire") -> Callable[[], None]:
        command = [sys.executable, "-c", HOLDER, by, name, str(path)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"

        def end() -> None:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
            process.wait()

        return end

    yield hold
    for process in running:
        process.kill()
        process.communicate()


def waiters() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "lazyscribe-lock"]


def is_held(path: Path | str) -> bool:
    """Whether another process finds the lock held."""

    def try_it() -> None:
        with pytest.raises(TimeoutError):
            flock.acquire(str(path), 0)

    return forked(try_it) == 0


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def soon(true: Callable[[], bool]) -> bool:
    limit = time.monotonic() + 10
    while not true() and time.monotonic() < limit:
        time.sleep(0.005)
    return true()


def test_released_twice(tmp_path: Path) -> None:
    """A lock that is released is free at once; a second release does nothing, not to a later lock either."""
    path = str(tmp_path / "a.lock")
    lock = flock.acquire(path, 0)
    lock.release()
    later = flock.acquire(path, 0)
    lock.release()
    assert is_held(path)
    later.release()


@pytest.mark.parametrize(("by", "name"), [("flock", "acquire"), ("filelock", "portable_lock")])
def test_excludes_and_is_excluded(by: str, name: str, tmp_path: Path, held: Any) -> None:
    """Programs that use filelock on the same file exclude us, and we them."""
    path = tmp_path / "a.lock"
    end = held(path, by, name)
    for mine in (flock.acquire, oscalls.portable_lock):
        with pytest.raises(TimeoutError):
            mine(str(path), 0.05)
    end()
    other = oscalls.portable_lock if by == "flock" else flock.acquire
    other(str(path), 5).release()


def test_waiter_left_behind(tmp_path: Path, held: Any) -> None:
    """Who waited too long leaves one thread behind, however often; the next one gets the lock through it."""
    path = tmp_path / "a.lock"
    end = held(path)
    for _ in range(5):
        with pytest.raises(TimeoutError):
            flock.acquire(str(path), 0.01)
    assert len(waiters()) == 1
    timer = threading.Timer(0.1, end)
    timer.start()
    lock = flock.acquire(str(path), 10)
    assert is_held(path)
    lock.release()
    timer.join()
    assert soon(lambda: waiters() == [])


def test_waiter_nobody_needs(tmp_path: Path, held: Any) -> None:
    """What a thread that was left behind gets, it gives back, and its file is closed."""
    path = tmp_path / "a.lock"
    end = held(path)
    files = open_files()
    with pytest.raises(TimeoutError):
        flock.acquire(str(path), 0.01)
    end()
    assert soon(lambda: waiters() == [])
    assert not is_held(path)
    flock.acquire(str(path), 0).release()
    assert open_files() <= files


def test_interrupted_waiter(tmp_path: Path, held: Any) -> None:
    """An interrupt ends the waiting at once and holds nothing."""
    path = tmp_path / "a.lock"
    end = held(path)
    code = (
        "import os, signal, sys, threading, time\n"
        "from lazyscribe.store import flock\n"
        "threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "try:\n    flock.acquire(sys.argv[1], 60)\n"
        "except KeyboardInterrupt:\n    print('interrupted', flush=True)\n"
        "sys.stdin.readline()\n"
    )
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "interrupted\n"
        end()
        flock.acquire(str(path), 5).release()
        process.communicate("go\n")


def test_removed_file(tmp_path: Path, held: Any) -> None:
    """A lock file that was removed while one waited for it excludes nobody, so the new one is locked."""
    path = tmp_path / "a.lock"
    end = held(path)

    def remove() -> None:
        path.unlink()
        end()

    timer = threading.Timer(0.1, remove)
    timer.start()
    lock = flock.acquire(str(path), 10)
    timer.join()
    assert path.exists()
    assert is_held(path)
    lock.release()


def test_no_more_threads(tmp_path: Path, held: Any) -> None:
    """Where no thread can be started it waits all the same, by looking now and then."""
    path = tmp_path / "a.lock"
    end = held(path)
    before = threading.stack_size(1 << 46)  # nobody has that much
    try:
        with pytest.raises(TimeoutError):
            flock.acquire(str(path), 0.05)
        end()
        flock.acquire(str(path), 5).release()
    finally:
        threading.stack_size(before)
    assert waiters() == []


def test_in_turn(tmp_path: Path) -> None:
    """Of eight processes that want the lock all the time, none gets it less than a tenth as often as its share."""
    path, log = str(tmp_path / "a.lock"), tmp_path / "log"

    def work(writer: int) -> None:
        limit = time.monotonic() + 1.5
        while time.monotonic() < limit:
            lock = flock.acquire(path, 10)
            with log.open("a") as file:
                file.write(f"{writer}\n")
            time.sleep(0.002)
            lock.release()

    assert in_processes(8, work) == [0] * 8
    turns = Counter(log.read_text("utf-8").split())
    assert len(turns) == 8
    assert min(turns.values()) * 80 >= turns.total(), "somebody was passed over again and again"


def test_file_that_cannot_be_opened(tmp_path: Path) -> None:
    """A lock that is no file, or whose folder is not there, is an error at once."""
    (tmp_path / "folder.lock").mkdir()
    (tmp_path / "link.lock").symlink_to(tmp_path / "elsewhere")
    for name in ("folder.lock", "link.lock", "missing/a.lock"):
        with pytest.raises(OSError, match=name):
            flock.acquire(str(tmp_path / name), 5)
    assert not (tmp_path / "elsewhere").exists()
