"""The tools of these tests do what they say: servers that honour conditions or ignore them, and the proxy's faults."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from lazyscribe.testing.writers import in_threads
from tests.cloud.proxy import FAULTS, Fault, Proxy, at
from tests.cloud.servers import SeaweedFS, Server

ONCE = {"retry_config": {"max_retries": 0}}
ROOT = Path(__file__).parents[2]


def attempt(action: Any) -> str:
    """Return ``"done"``, or the name of the error."""
    try:
        action()
    except Exception as error:
        return type(error).__name__
    return "done"


def test_servers_honour_conditions(server: Server) -> None:
    """Of three threads that create one object, or swap it from one tag, one wins."""
    raw = server.raw(server.new_folder().rpartition("/")[2])
    for turn in range(4):
        created = in_threads(3, lambda number: attempt(lambda: raw.put(f"{turn}", b"%d" % number, mode="create")))
        assert sorted(created) == ["AlreadyExistsError"] * 2 + ["done"]
        tag = {"e_tag": raw.head(f"{turn}")["e_tag"]}
        swapped = in_threads(3, lambda number: attempt(lambda: raw.put(f"{turn}", b"new %d" % number, mode=tag)))
        assert sorted(swapped) == ["PreconditionError"] * 2 + ["done"]


def test_rclone_ignores_conditions(rclone: Server) -> None:
    """What is to be refused can be refused: an object that is there is created once more."""
    raw = rclone.raw()
    raw.put("x", b"1", mode="create")
    raw.put("x", b"2", mode="create")
    raw.put("x", b"3", mode={"e_tag": '"0"'})
    assert raw.get("x").bytes() == b"3"


@pytest.mark.parametrize("name", FAULTS)
def test_fault(server: Server, proxy: Proxy, name: str) -> None:
    """A fault strikes that request and no other, and the server has acted exactly where the fault says so."""
    fault, folder = FAULTS[name], server.new_folder().rpartition("/")[2]
    raw, beside = server.raw(folder, proxy.endpoint, **ONCE), server.raw(folder)
    with proxy.faults(at(1, fault)) as log:
        raw.put("0", b"0")
        begun = time.monotonic()
        told = attempt(lambda: raw.put("x y/ü", b"1", mode="create"))
        took = time.monotonic() - begun
        server.raw(folder, proxy.endpoint, **ONCE).put("2", b"2")  # by a connection that nothing was done to
    struck = fault.cut or fault.status
    assert told == ("done" if not struck else told)
    assert (told == "done") is not bool(struck)
    assert took >= fault.seconds
    acted = attempt(lambda: beside.head("x y/ü")) == "done"
    assert acted is (fault.acted or not struck)
    assert [(each.method, each.number, each.acted) for each in log] == [
        ("PUT", 0, True),
        ("PUT", 1, acted),
        ("PUT", 2, True),
    ]
    assert [each.status // 100 for each in log] == [2, 0 if fault.cut else (fault.status or 200) // 100, 2]
    assert log[1].key.endswith(f"{folder}/x y/ü")


def test_half_an_answer(server: Server, proxy: Proxy) -> None:
    """Where the body is cut in the middle, the client notices."""
    folder = server.new_folder().rpartition("/")[2]
    raw = server.raw(folder, proxy.endpoint, **ONCE)
    raw.put("x", bytes(100_000))
    with proxy.faults(at(0, FAULTS["half an answer"])) as log:
        assert attempt(lambda: raw.get("x").bytes()) != "done" or len(log) > 1
        assert raw.get("x").bytes() == bytes(100_000)


def test_moment(server: Server, proxy: Proxy) -> None:
    """What a fault calls is called before the server is asked, or after it has acted."""
    raw = server.raw(server.new_folder().rpartition("/")[2])
    through = server.raw(raw.prefix, proxy.endpoint, **ONCE)
    seen: list[str] = []
    for acted in (False, True):
        strike = Fault(cut=True, acted=acted, then=lambda acted=acted: seen.append(attempt(lambda: raw.head("x"))))
        with proxy.faults(at(0, strike)):
            attempt(lambda: through.put("x", b"1"))
    assert seen == ["FileNotFoundError", "done"]


def test_certificate_that_nobody_vouches_for(seaweedfs: Server) -> None:
    """The proxy speaks TLS, and a client refuses it unless told not to look."""
    with Proxy(seaweedfs.endpoint, tls=True) as proxy:
        told = attempt(lambda: seaweedfs.raw("x", proxy.endpoint, **ONCE).put("x", b"1"))
        assert told not in ("done", "FileNotFoundError")
        assert proxy.log == []


def test_servers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    """A process that is killed takes its server along."""
    program = (
        "import sys, pathlib; from tests.cloud.servers import Rclone; "
        "server = Rclone(pathlib.Path(sys.argv[1])); server.start(); "
        "print(server._process.pid, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with child:
        assert child.stdout is not None
        pid = int(child.stdout.readline())
        assert Path(f"/proc/{pid}").exists()
        child.send_signal(signal.SIGKILL)
    until = time.monotonic() + 10
    while Path(f"/proc/{pid}/exe").exists() and time.monotonic() < until:
        time.sleep(0.01)
    assert not Path(f"/proc/{pid}/exe").exists() or not os.path.lexists(f"/proc/{pid}")


def test_server_that_is_killed_comes_back(tmp_path: Path) -> None:
    """SeaweedFS, killed and started again on its port, holds what it had acknowledged."""
    with SeaweedFS(tmp_path) as server:
        raw, port = server.raw("x"), server.port
        for number in range(20):
            raw.put(f"{number}", b"%d" % number, mode="create")
        server.kill()
        server.start()
        assert server.port == port
        assert [bytes(raw.get(f"{number}").bytes()) for number in range(20)] == [b"%d" % n for n in range(20)]
