"""Copies to buckets, from them, and between them."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import lazyscribe
from lazyscribe import Project, Repository
from lazyscribe.exception import LazyscribeError
from tests.cloud.proxy import FAULTS, Fault, Proxy, at
from tests.cloud.servers import Server
from tests.copying.sources import project, repository


def opened(server: Server, folder: str, kind: Any = Repository, **options: Any) -> Any:
    """Open what lies in a folder of a bucket."""
    name = "repository.json" if kind is Repository else "project.json"
    return kind(f"{folder}/{name}", **{**server.options(), **options})


def test_there_and_back(server: Server, tmp_path: Path) -> None:
    """A repository and a project, from a disk to a bucket, to another folder of it, and back: the same bytes."""
    for kind, make in ((Repository, repository), (Project, project)):
        here = make(tmp_path / kind.__name__ / "from" / "records.json")
        there, beside = (opened(server, server.new_folder("copy"), kind) for _ in range(2))
        back = tmp_path / kind.__name__ / "back" / "records.json"
        count = len(list(here))
        assert lazyscribe.copy(here.fpath, there).records == count
        assert lazyscribe.copy(there, beside).records == count
        assert lazyscribe.copy(beside, back).records == count
        assert lazyscribe.copy(here.fpath, there) == (0, 0, 0)
        for each in (there, beside, kind(back)):
            report = each.verify()
            assert (report.ok, report.findings) == (True, ())
        if kind is Repository:
            assert back.read_bytes() == here.fpath.read_bytes()
        else:
            assert kind(back, mode="r").experiments == kind(here.fpath, mode="r").experiments


def test_large_files(server: Server, tmp_path: Path) -> None:
    """What goes up, and comes back, in parts; and all of it is told."""
    made = Repository(tmp_path / "from" / "repository.json")
    for number in range(3):
        made.log_artifact("large", bytes([number + 1]) * (40 << 20))
    made.save()
    told: list[tuple[int, int]] = []
    there = opened(server, server.new_folder("large"))
    lazyscribe.copy(made, there, progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] >= 2 * 3 * (40 << 20)
    assert len(told) >= 2
    told.clear()
    lazyscribe.copy(there, tmp_path / "to" / "repository.json", progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] >= 2 * 3 * (40 << 20)
    back = Repository(tmp_path / "to" / "repository.json")
    assert all(
        back.load_artifact("large", version=number)[:: 1 << 20] == bytes([number + 1]) * 40 for number in range(3)
    )


def test_a_save_and_a_load_tell_what_travels(server: Server, tmp_path: Path) -> None:
    """What goes up counts beside what is written; what comes down is checked on its way, and counts once."""
    told: list[tuple[int, int]] = []
    made = opened(server, server.new_folder("told"), progress=lambda done, total: told.append((done, total)))
    value = bytes(50 << 20)
    made.log_artifact("large", value)
    made.save()
    assert told[-1][0] == told[-1][1] >= 2 * len(value)
    assert len(told) >= 2
    told.clear()
    assert made.load_artifact("large") == value
    assert told[-1] == (len(value), len(value))
    assert {total for _, total in told} == {len(value)}
    (tmp_path / "file.bin").write_bytes(value)
    made.log_artifact("file", tmp_path / "file.bin")
    made.save()
    told.clear()
    made.load_artifact("file", to=tmp_path / "copy.bin")
    assert told[-1] == (len(value), len(value))


class Enough(Exception):
    """What a callback raises."""


def test_a_callback_that_raises_ends_an_upload(server: Server, tmp_path: Path) -> None:
    """Nothing of it stays in the bucket, and saving again works."""
    calls: list[int] = []

    def tell(done: int, total: int) -> None:
        if done and not calls:
            calls.append(done)
            raise Enough

    folder = server.new_folder("ended")
    made = opened(server, folder, progress=tell)
    made.log_artifact("large", bytes(60 << 20))
    made.log_artifact("small", 1)
    with pytest.raises(Enough):
        made.save()
    assert [key for key in made._location.store.keys("") if not key.startswith(".lazyscribe/")] == []
    made.save()
    assert opened(server, folder).verify().ok


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_bad_answer_at_some_request(server: Server, proxy: Proxy, tmp_path: Path, fault: Fault) -> None:
    """Whatever one answer is, the copy is made, or made by repeating it."""
    source = repository(tmp_path / "from" / "repository.json", 2).fpath
    for number in (0, 3, 9):
        folder = server.new_folder("bad")
        told = dict(server.options())
        if "connection_string" in told:
            before, _, rest = told["connection_string"].partition("BlobEndpoint=")
            told["connection_string"] = f"{before}BlobEndpoint={proxy.endpoint};{rest.partition(';')[2]}"
        else:
            told["endpoint_url"] = proxy.endpoint
        target = Repository(f"{folder}/repository.json", **told)
        with proxy.faults(at(number, fault)), suppress(LazyscribeError):
            lazyscribe.copy(source, target, workers=1)
        lazyscribe.copy(source, target)
        found = opened(server, folder, mode="r")
        assert found._manifest.data == source.read_bytes()
        assert found.verify().ok
