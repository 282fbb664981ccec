"""A folder that a web server shows: read, verified, told of; never written to."""

import contextlib
import http.server
import threading
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

import lazyscribe
from lazyscribe import Project, Repository
from lazyscribe.exception import AccessDeniedError, CorruptArtifactError, ReadOnlyError, SaveError


class Silent(http.server.SimpleHTTPRequestHandler):
    """What Python serves folders with; a folder without a page of its own is listed."""

    def log_message(self, *_: Any) -> None: ...


class Unlisted(Silent):
    """The same without lists."""

    def list_directory(self, path: Any) -> None:
        self.send_error(403)


@contextlib.contextmanager
def served(folder: Path, handler: Any = Silent) -> Iterator[str]:
    """Serve a folder as anybody does."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_folder_served_by_http(tmp_path: Path) -> None:
    """A folder that a plain server shows can be read as it is on the disk, and not written to."""
    repository = Repository(tmp_path / "repository.json")
    for value in ({"a": 1}, {"a": [2]}):
        repository.log_artifact("a b/ü", value, "json")
    repository.save()
    project = Project(tmp_path / "project.json", author="root")
    with project.log("run") as run:
        run.log_artifact("value", [1], "json")
    project.save()
    with served(tmp_path) as url:
        there = Repository(f"{url}/repository.json", mode="r")
        assert [there.load_artifact("a b/ü", version=number) for number in range(2)] == [{"a": 1}, {"a": [2]}]
        assert there.get_version_diff("a b/ü", version=(0, 1)) == repository.get_version_diff("a b/ü", version=(0, 1))
        assert Project(f"{url}/project.json", mode="r").experiments[0].load_artifact("value") == [1]
        writable = Repository(f"{url}/repository.json")
        writable.log_artifact("a", 1, "json")
        with pytest.raises((ReadOnlyError, SaveError)) as caught:
            writable.save()
        assert url in str(caught.value)
        other = Repository(tmp_path / "elsewhere" / "repository.json")
        other.log_artifact("a", 1, "json")
        other.save()
        for target in (f"{url}/repository.json", f"{url}/none/repository.json"):
            with pytest.raises(ReadOnlyError, match=f"{url}.* can only be read, since HTTP has no safe way of writing"):
                lazyscribe.copy(other, target)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository of versions that were saved together, so that one pack knows them, and an alias."""
    repository = Repository(tmp_path / "repository.json")
    for number in range(3):
        repository.log_artifact("a b/ü", number, "json", fname=f"{number}.json")
    repository.save(message="three")
    repository.set_alias("a b/ü", "production", version=1)
    repository.save()
    return tmp_path


def test_what_was_saved_together_is_verified(folder: Path) -> None:
    """Where the server lists folders, packs are found: a file that was changed is refused, and all can be verified."""
    with served(folder) as url:
        there = Repository(f"{url}/repository.json", mode="r")
        assert there.load_artifact("a b/ü", version=1) == 1
        report = there.verify()
        assert (report.ok, report.checked["verified"], report.findings) == (True, 3, ())
        (folder / "a b/ü/1.json").write_bytes(b"7")
        with pytest.raises(CorruptArtifactError):
            there.load_artifact("a b/ü", version=1)
        assert [finding.kind for finding in there.verify().findings] == ["digest-wrong"]


ODD = ["plain", "a?b", "a#b", "a%20b", "50%", "a;b", "a&amp;b", "<b>", "'", "é", "back\\slash"]


@pytest.mark.filterwarnings("ignore:The name:UserWarning")
@pytest.mark.parametrize("below", ["", "x%20y/a#b/"])
def test_names_that_mean_something_in_an_address(tmp_path: Path, below: str) -> None:
    """What was saved together under them, and in a folder of such a name, is verified."""
    repository = Repository(tmp_path / below / "repository.json")
    for name in ODD:
        for number in range(2):
            repository.log_artifact(name, number, "json", fname=f"{number} {name}.json")
    repository.save()
    with served(tmp_path) as url:
        there = Repository(f"{url}/{below}repository.json", mode="r")
        assert [there.load_artifact(name, version=1) for name in ODD] == [1] * len(ODD)
        report = there.verify()
        assert {finding.kind for finding in report.findings} <= {"name-unportable"}
        assert report.checked["verified"] == 2 * len(ODD)


def test_the_past_over_http(folder: Path) -> None:
    """History and aliases are read from the journal, as far as the server lists it."""
    with served(folder) as url:
        there = Repository(f"{url}/repository.json", mode="r")
        assert there.load_artifact("a b/ü", version="@production") == 1
        assert [commit.message for commit in there.history()] == ["three", None]


def test_a_server_that_lists_nothing(folder: Path) -> None:
    """Versions are loaded all the same; what needs a list says that the server shows none."""
    with served(folder, Unlisted) as url:
        there = Repository(f"{url}/repository.json", mode="r")
        assert [there.load_artifact("a b/ü", version=number) for number in range(3)] == [0, 1, 2]
        with pytest.raises(AccessDeniedError, match=r"shows no list of what is in http://.*repository\.json\.log"):
            there.history()
        assert there.verify().ok


LINKS = (
    "/repository.json ../up.json x/../../up.json %2e%2e/up.json https://example.org/else.json a%2Fb.json //up.json "
    "repository.json?C=M;O=A #top javascript:alert() /deep/sub /deep http://[x/ sub/../../ ../ / ./here.json "
    "&#97;.json a%20b.json .."
)


def test_links_that_lead_elsewhere(tmp_path: Path) -> None:
    """Of a page only the files of its own folder count, however the links are written."""

    class Linking(Silent):
        def list_directory(self, path: Any) -> BytesIO:
            page = "".join(f"<a class=x href='{link}'>x</a><A HREF=\"{link}\">y</A>" for link in LINKS.split()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            return BytesIO(page)

    Repository(tmp_path / "deep" / "repository.json").save()
    (tmp_path / "deep" / "sub").mkdir()
    with served(tmp_path, Linking) as url:
        store = Repository(f"{url}/deep/repository.json", mode="r")._location.store
        assert set(store.files_in("sub")) == {"sub/here.json", "sub/a.json", "sub/a b.json"}
