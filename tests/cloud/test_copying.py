"""Copies from a disk to a bucket, cut off at every request, and repeated."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import lazyscribe
from lazyscribe import Project, Repository
from lazyscribe.exception import LazyscribeError
from tests.cloud.proxy import Fault, Proxy
from tests.cloud.servers import Server
from tests.faults.tally import Chosen, Tally


def made(folder: Path, kind: str) -> Any:
    """Return something saved on a disk, of eight files."""
    if kind == "versions":
        repository = Repository(folder / "repository.json")
        for number in range(8):
            repository.log_artifact("abc"[number % 3] + "/é", [number], "json", fname=f"{number}.json")
        repository.save()
        repository.set_artifact_expiry("a/é", version=0, expiry=datetime(2030, 1, 1))
        repository.save()
        return repository
    project = Project(folder / "project.json", author="root")
    for number in range(4):
        with project.log("run") as run:
            run.log_metric("n", number)
            run.log_artifact("value", [number], "json")
            with run.log_test("part") as part:
                part.log_artifact("value", [number], "json")
    project.save()
    return project


def opened(kind: str, place: Any, **options: Any) -> Any:
    return (Repository if kind == "versions" else Project)(place, **options)


def records(document: Any) -> list[Any]:
    return sorted(document, key=lambda record: (record["name"], record.get("slug", record.get("version"))))


def values(document: Any) -> list[Any]:
    if isinstance(document, Repository):
        return [document.load_artifact(each.name, version=each.version) for each in document.artifacts]
    return [(each.load_artifact("value"), each.tests[0].load_artifact("value")) for each in document.experiments]


@pytest.mark.parametrize("kind", ["versions", "experiments"])
def test_a_copy_that_is_cut_off(
    server: Server, proxy: Proxy, kind: str, tmp_path: Path, chosen: Chosen, tally: Tally
) -> None:
    """From whichever request on nothing is answered: repeated, the copy is whole, and no file is sent again."""
    source, file = made(tmp_path, kind), "repository.json" if kind == "versions" else "project.json"
    options = server.options(proxy.endpoint) | {"retry_config": {"max_retries": 0}}
    with proxy.counting() as requests:
        lazyscribe.copy(source, opened(kind, f"{server.new_folder()}/{file}", **options), workers=1)
    runs = chosen(range(len(requests)), 8)
    for number in runs:
        url = f"{server.new_folder()}/{file}"
        with proxy.faults(lambda request, number=number: Fault(cut=True) if request.number >= number else None) as log:
            try:
                lazyscribe.copy(source, opened(kind, url, **options), workers=1)
            except LazyscribeError:
                pass
            else:
                assert number >= len(requests) - 1  # a probe that could not be removed, at most
            sent = {each.key for each in log if each.method == "PUT" and each.acted and "lazyscribe/" not in each.key}
        with proxy.counting() as again:
            lazyscribe.copy(source, opened(kind, url, **options))
        files = {each.key for each in again if each.method == "PUT" and not each.key.endswith(file)}
        assert sent.isdisjoint(files)
        fresh = opened(kind, url, mode="r", **server.options())
        assert records(fresh) == records(source)
        assert values(fresh) == values(source)
        assert fresh.verify().ok
    tally(f"a copy to a bucket is cut off at its k-th request ({kind})", "ours", len(runs), 0)
