"""Repositories in buckets: beside obstore doing the same by hand, beside other tools, and many writers at once.

Run by ``make bench``; ``--quick`` makes everything small, to see that it runs. SeaweedFS runs on this machine, and,
for many writers, Azurite too; `tests/cloud/servers.py` starts and ends them.

*By hand* are the same puts and gets by `obstore` alone: a hundred files and one more for what is known of them all at
once (``put_async``), then the manifest; 1 GiB in parts as many and as large as ours, and back. Nothing is digested,
merged or looked up there.

Many writers are processes, since threads of one process take turns without asking the store. Each saves versions of one
name as fast as it can, for some seconds. Their requests pass a proxy that holds each of them up by some milliseconds,
and costs what is told beside the table. *Tries* are the swaps of the manifest that were asked for.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import bucket_peers
import obstore
import peers
import timing
from timing import QUICK, amount

from lazyscribe import Repository

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.cloud.proxy import Proxy
from tests.cloud.servers import Azurite, SeaweedFS, Server

FILES, SIZE, FOUND = (10, 16 << 20, 100) if QUICK else (100, 1 << 30, 1_000)
TURNS = 1 if QUICK else 5
WRITERS = (1, 2) if QUICK else (1, 4, 16, 64)
LATENCIES = (1,) if QUICK else (1, 20, 100)
SECONDS = 2 if QUICK else 8


# Beside obstore by hand


def save_many(server: Server) -> None:
    """Save a hundred small artifacts, in a repository that has been written to."""
    name = server.new_folder().rpartition("/")[2]
    repository = Repository(f"s3://{server.bucket}/{name}/repository.json", **server.options())
    repository.log_artifact("first", 0, "json")
    repository.save()
    raw = server.raw(name)
    manifest = bytes(raw.get("repository.json").bytes())
    data = json.dumps({"number": 0, "weights": [each / 7 for each in range(20)]}).encode()

    def ours() -> float:
        for number in range(FILES):
            repository.log_artifact("model", json.loads(data), "json", fname=f"{uuid.uuid4()}-{number}.json")
        return timing.seconds(repository.save)

    async def put() -> None:
        facts = data * FILES
        names = [f"{uuid.uuid4()}/{number}" for number in range(FILES)]
        puts = [obstore.put_async(raw, each, data, mode="create") for each in names]
        await asyncio.gather(*puts, obstore.put_async(raw, f"{uuid.uuid4()}/facts", facts, mode="create"))
        found = await obstore.get_async(raw, "by-hand")
        text = bytes(await found.bytes_async()) + data * FILES
        await obstore.put_async(raw, "by-hand", text, mode={"e_tag": found.meta["e_tag"] or ""})

    raw.put("by-hand", manifest)
    found = timing.in_turns({"ours": ours, "by hand": lambda: timing.seconds(lambda: asyncio.run(put()))}, TURNS * 4)
    timing.tell(f"save {FILES} small artifacts", found, "≤ 1.25 × (0.8 of its speed)")


def large(server: Server) -> None:
    """Save and load one large artifact."""
    name = server.new_folder().rpartition("/")[2]
    repository = Repository(f"s3://{server.bucket}/{name}/repository.json", **server.options())
    repository.log_artifact("first", 0, "json")
    repository.save()
    raw, value = server.raw(name), os.urandom(SIZE)
    parts: Any = {"use_multipart": True, "chunk_size": 8 << 20, "max_concurrency": 8}

    def up() -> float:
        repository.log_artifact("large", value, "bytes")
        return timing.seconds(repository.save)

    def down() -> float:
        return timing.seconds(lambda: repository.load_artifact("large"))

    def up_by_hand() -> float:
        return timing.seconds(lambda: raw.put("by-hand", value, **parts))

    def down_by_hand() -> float:
        return timing.seconds(lambda: raw.get("by-hand").bytes())

    sent: dict[str, list[float]] = {"ours": [], "by hand": []}
    fetched: dict[str, list[float]] = {"ours": [], "by hand": []}
    for _ in range(1 if QUICK else 3):
        for kind, took in timing.in_turns({"ours": up, "by hand": up_by_hand}, 1).items():
            sent[kind] += took
        for kind, took in timing.in_turns({"ours": down, "by hand": down_by_hand}, 1 if QUICK else 5).items():
            fetched[kind] += took
        for each in [meta["path"] for chunk in raw.list() for meta in chunk if meta["size"] == SIZE]:
            raw.delete(each)
    timing.tell(f"save {SIZE >> 20} MiB", sent, "≤ 1.25 × (0.8 of its speed)")
    timing.tell(f"load {SIZE >> 20} MiB, its digest checked", fetched, "≤ 1.25 × (0.8 of its speed)")


def look_up(server: Server) -> None:
    """Open and look up as of a date, straight and held up by 20 ms, beside the one request that it takes."""
    url = f"{server.new_folder()}/repository.json"
    repository = Repository(url, **server.options())
    for number in range(FOUND):
        repository.log_artifact("model", number, "json")
    repository.save()
    with slow(server, 20) as far, Proxy(server.endpoint) as proxy:
        with proxy.counting() as requests:
            find(url, server, proxy.endpoint)
        print(f"Opening and looking up took {len(requests)} request (target: ≤ 2).\n")
        timing.heading(f"The same of {FOUND:,} versions, and the bare requests; target ≤ 1.2 ×")
        for what, endpoint in (("on this machine", server.endpoint), ("held up by 20 ms", far)):
            raw = server.raw(url.split("/")[3], endpoint)
            ways = {
                "ours": lambda endpoint=endpoint: timing.seconds(lambda: find(url, server, endpoint)),
                "by hand": lambda raw=raw: timing.seconds(lambda: bytes(raw.get("repository.json").bytes())),
            }
            timing.tell(f"open, look up, {what}", timing.in_turns(ways, TURNS * 4))


def find(url: str, server: Server, endpoint: str) -> None:
    """Open a repository and look the newest up as of a date."""
    repository = Repository(url, mode="r", **server.options(endpoint))
    assert repository.get_artifact_metadata("model", version="2100-01-01", match="asof")["version"] == FOUND - 1


# Beside other tools


def beside(server: Server) -> None:
    """Let each tool do the same with the same server, and print a table; what is not installed is said."""
    tools = {tool: python for tool in bucket_peers.TOOLS if (python := peers.interpreter(tool)) is not None}
    missing = [tool for tool, python in tools.items() if not has(python, bucket_peers.NEEDS[tool])]
    times: dict[str, dict[str, list[float]]] = {work: {} for work in bucket_peers.WORKS}
    for _ in range(1 if QUICK else 3):
        for tool in (tool for tool in tools if tool not in missing):
            for work, seconds in run(tool, tools[tool], server).items():
                times[work].setdefault(tool, []).append(seconds)
    heads = " | ".join(bucket_peers.TOOLS)
    print(f"\n| work: median (least–most) | {heads} |\n|---|{'---|' * len(bucket_peers.TOOLS)}")
    for work, found in times.items():
        print(f"| {work} | {' | '.join(peers.cell(found.get(tool), found['ours']) for tool in bucket_peers.TOOLS)} |")


def has(python: str, package: str) -> bool:
    """Whether an interpreter has a package."""
    return not subprocess.run([python, "-c", f"import {package}"], capture_output=True, check=False).returncode


def run(tool: str, python: str, server: Server) -> dict[str, float]:
    """Let a process do all works with a tool."""
    variables = {**server.environment(), "AWS_DEFAULT_REGION": "us-east-1"}
    variables["MLFLOW_S3_ENDPOINT_URL"] = server.endpoint
    size = ["--quick"] if QUICK else []
    with tempfile.TemporaryDirectory(prefix="lazyscribe-bench-") as folder:
        command = [python, bucket_peers.__file__, tool, server.new_folder(), folder, *size]
        environment = {**os.environ, **peers.QUIET, **variables}
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)
    if done.returncode:
        sys.exit(f"{tool} failed:\n{done.stdout}{done.stderr}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


# Many writers


@contextmanager
def slow(server: Server, milliseconds: float) -> Iterator[str]:
    """Yield the endpoint of a proxy, in a process of its own, that holds up every request."""
    host, _, path = server.endpoint.removeprefix("http://").partition("/")
    command = [sys.executable, "-m", "tests.cloud.proxy", host, str(milliseconds / 1000)]
    with subprocess.Popen(
        command, cwd=Path(__file__).parents[1], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        yield f"{process.stdout.readline().strip()}{'/' * bool(path)}{path}"
        assert process.stdin is not None
        process.stdin.close()


def write() -> None:
    """Be a writer: for each line that says where and how long, save, and tell how it went."""
    from lazyscribe.store.objects.bucket import BucketStore

    swaps = 0
    swap = BucketStore.swap

    def counted(self: BucketStore, key: str, data: bytes, expected: Any) -> Any:
        nonlocal swaps
        swaps += 1
        return swap(self, key, data, expected)

    BucketStore.swap = counted  # type: ignore[method-assign]
    print("ready", flush=True)
    for line in sys.stdin:
        task = json.loads(line)
        repository = Repository(task["url"], **task["options"])
        repository.log_artifact(f"first of {os.getpid()}", 0, "json")
        repository.save()
        print("ready", flush=True)
        sys.stdin.readline()
        before, took, until = swaps, [], time.monotonic() + task["seconds"]
        while time.monotonic() < until:
            repository.log_artifact("model", os.getpid(), "json", fname=f"{uuid.uuid4()}.json")
            took.append(timing.seconds(repository.save))
        print(json.dumps({"took": took, "swaps": swaps - before}), flush=True)


class Crowd:
    """Processes that write when told to."""

    def __init__(self, count: int) -> None:
        command = [sys.executable, __file__, "--write"]
        self.processes = [
            subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(count)
        ]
        self._answers(count)

    def _tell(self, count: int, line: str) -> None:
        for process in self.processes[:count]:
            assert process.stdin is not None
            process.stdin.write(line + "\n")
            process.stdin.flush()

    def _answers(self, count: int) -> list[str]:
        found = []
        for process in self.processes[:count]:
            assert process.stdout is not None
            found.append(process.stdout.readline())
        return found

    def run(self, count: int, url: str, options: dict[str, Any]) -> tuple[list[float], float, float]:
        """Let some of them save to one repository; return what each save took, the seconds of all, and the swaps."""
        self._tell(count, json.dumps({"url": url, "options": options, "seconds": SECONDS}))
        self._answers(count)
        begun = time.monotonic()
        self._tell(count, "go")
        told = [json.loads(answer) for answer in self._answers(count)]
        passed = time.monotonic() - begun
        return [each for one in told for each in one["took"]], passed, sum(one["swaps"] for one in told)

    def end(self) -> None:
        """End them."""
        for process in self.processes:
            process.kill()
            process.communicate()


def many_writers(server: Server, crowd: Crowd) -> None:
    """Print a table of commits per second, the longest wait, and tries per commit."""
    print(f"\n### {type(server).__name__}: writers of one repository, {SECONDS} s each\n")
    print(f"| writers | {' | '.join(f'held up by {each} ms' for each in LATENCIES)} |\n|--:|{'---|' * len(LATENCIES)}")
    for count in WRITERS:
        cells = []
        for latency in LATENCIES:
            with slow(server, latency) as endpoint:
                took, passed, swaps = crowd.run(
                    count, f"{server.new_folder()}/repository.json", server.options(endpoint)
                )
            rate, tries = len(took) / passed, swaps / len(took)
            median, longest = amount(statistics.median(took)), amount(max(took))
            cells.append(f"{rate:.1f}/s, median {median}, longest {longest}, {tries:.1f} tries")
        print(f"| {count} | {' | '.join(cells)} |", flush=True)


def proxy_costs(server: Server) -> None:
    """Print what the proxy itself costs a request."""
    name = server.new_folder().rpartition("/")[2]
    with slow(server, 0) as endpoint:
        straight, beyond = (server.raw(name, each) for each in (server.endpoint, endpoint))
        costs = [
            statistics.median(timing.seconds(partial(raw.put, "x", b"1" * 300)) for _ in range(50))
            for raw in (straight, beyond)
        ]
    print(f"A put takes {amount(costs[0])} straight and {amount(costs[1])} through the proxy at 0 ms.")


@contextmanager
def running(kind: type[Server]) -> Iterator[Server]:
    """Run a server in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="lazyscribe-bench-") as folder, kind(Path(folder)) as server:
        yield server


def main() -> None:
    """Run all."""
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    if "--write" in sys.argv:
        write()
        return
    with running(SeaweedFS) as server:
        timing.heading(f"In a bucket of SeaweedFS on this machine ({timing.machine()})")
        save_many(server)
        large(server)
        print()
        look_up(server)
        beside(server)
    crowd = Crowd(max(WRITERS))
    try:
        for kind in (SeaweedFS, Azurite):
            with running(kind) as server:
                many_writers(server, crowd)
                proxy_costs(server)
    finally:
        crowd.end()


if __name__ == "__main__":
    main()
