"""Work after the main thread has ended, from when on Python lends nobody the threads of a pool."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lazyscribe import Repository
from tests.store.bucket_server import Bucket, serving

PROGRAM = """
import asyncio, atexit, sys, threading, time
import lazyscribe
from lazyscribe import Project, Repository

folder, copies, how = sys.argv[1:]
repository = Repository(f"{folder}/repository.json", mode="a")
repository.log_artifact("early", 1)
repository.log_artifact("large", bytes(40_000_000))
repository.save()
told = []

def work():
    repository.log_artifact("late", 2)
    repository.save()
    assert len(repository.load_artifact("large")) == 40_000_000
    for number in range(40):
        repository.log_artifact("many", number)
    repository.log_artifact("large", bytes(9_000_000))
    repository.save()
    report = Repository(f"{folder}/repository.json", mode="r").verify(4, lambda done, total: told.append((done, total)))
    assert report.ok and told[-1][0] == told[-1][1] > 40_000_000, (str(report), told)
    copied = lazyscribe.copy(f"{folder}/repository.json", f"{copies}/repository.json", workers=4)
    assert copied.records == len(repository.artifacts), copied
    project = Project(f"{folder}/project.json", mode="a")
    with project.log("late") as experiment:
        experiment.log_artifact("model", [1])
    project.save()
    print("done")

def late():
    threading.main_thread().join()
    work()

async def within():
    work()

def refuse(thread):
    raise RuntimeError("can't start new thread")

if how == "thread":
    threading.Thread(target=late).start()
elif how == "atexit":
    atexit.register(work)
elif how == "loop":
    atexit.register(lambda: asyncio.run(within()))
else:
    threading.Thread.start = refuse
    work()
"""


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with serving() as found:
        yield found


@pytest.mark.parametrize("where", ["disk", "bucket"])
@pytest.mark.parametrize("how", ["thread", "atexit", "loop", "threadless"])
def test_everything_works_without_threads(tmp_path: Path, bucket: Bucket, where: str, how: str) -> None:
    """Saving, loading, checking and copying do all of their work in the thread that asks where there is no other."""
    access = {"AWS_ENDPOINT_URL": bucket.endpoint, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
    folder, copies = ("s3://bucket/models", "s3://bucket/copies") if where == "bucket" else (str(tmp_path), "copies")
    command = [sys.executable, "-W", "error", "-c", PROGRAM, folder, copies, how]
    ended = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, **access}, capture_output=True, text=True, timeout=120, check=False
    )
    assert (ended.stdout, ended.stderr, ended.returncode) == ("done\n", "", 0)
    options = {"endpoint_url": bucket.endpoint, "key": "k", "secret": "s"} if where == "bucket" else {}
    found = Repository(f"{folder}/repository.json", mode="r", **options)
    assert found.verify().ok
    assert [found.load_artifact("many", version=number) for number in (0, 39)] == [0, 39]
