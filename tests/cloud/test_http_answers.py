"""What web servers answer for what is not there, and what is taken for a list."""

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

import lazyscribe
from lazyscribe import Repository
from lazyscribe.exception import (
    AccessDeniedError,
    ArtifactFileMissingError,
    CorruptArtifactError,
    SaveError,
    UnreadableError,
)
from tests.cloud.test_http import Silent, Unlisted, served

PAGE = b"<!doctype html><html><body>Welcome <a href='about'>x</a><a href='more/'>y</a></body></html>"


class Answering(Silent):
    """One of which every answer that is not a file is made here."""

    def answer(self, content: bytes, **headers: str) -> BytesIO:
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(f"Content-{name}", value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return BytesIO(content)

    def other(self) -> Any:
        return self.answer(PAGE, Type="text/html")

    def send_head(self) -> Any:
        return super().send_head() if Path(self.translate_path(self.path)).is_file() else self.other()


class Changing(Answering):
    """Each time with another page."""

    number = 0

    def other(self) -> Any:
        Changing.number += 1
        return self.answer(PAGE + b"<!-- %d -->" % Changing.number, Type="text/html")


class Naming(Answering):
    """With the address in it."""

    def other(self) -> Any:
        return self.answer(PAGE + self.path.encode(), Type="text/html")


class Plain(Answering):
    """With a text that has no mark of a page."""

    def other(self) -> Any:
        return self.answer(b"not found", Type="text/plain")


class Partly(Answering):
    """For all but JSON, as some hosts do by the ends of names."""

    def other(self) -> Any:
        return self.send_error(404) if self.path.endswith(".json") else super().other()


class Moved(Answering):
    """By the way to the start page."""

    def other(self) -> Any:
        if self.path == "/":
            return super().other()
        self.send_response(302)
        self.send_header("Location", "/")
        self.send_header("Content-Length", "0")
        self.end_headers()
        return BytesIO()


EVERYTHING = [Answering, Changing, Naming, Plain, Partly, Moved]
STEADY = [Answering, Plain, Partly, Moved]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository of three versions that were saved together, and an alias; the file of the last is gone."""
    repository = Repository(tmp_path / "from" / "repository.json")
    for number in range(3):
        repository.log_artifact("m", f"v{number}", "text", fname=f"{number}.txt")
    repository.save()
    repository.set_alias("m", "production", version=1)
    repository.save()
    (tmp_path / "from/m/2.txt").unlink()
    return tmp_path / "from"


@pytest.mark.parametrize("handler", EVERYTHING)
def test_a_list_that_is_none(folder: Path, handler: Any) -> None:
    """Where a server answers for whatever is not there, what needs a list says so, and no past is made up."""
    with served(folder, handler) as url:
        there = Repository(f"{url}/repository.json", mode="r")
        for ask in (
            there.history,
            lambda: there.aliases("m"),
            lambda: there.load_artifact("m", version="@production"),
        ):
            with pytest.raises(AccessDeniedError, match=r"shows no list of what is in http://.*repository\.json\.log"):
                ask()
        store = there._location.store
        for listing in (store.keys, store.files_in):
            with pytest.raises(AccessDeniedError, match="shows no list"):
                list(listing("m"))


@pytest.mark.parametrize("handler", STEADY)
def test_a_file_that_is_not_there(folder: Path, handler: Any) -> None:
    """What a server gives in the place of a missing file is neither loaded nor copied; what is there is loaded."""
    with served(folder, handler) as url:
        there = Repository(f"{url}/repository.json", mode="r")
        assert [there.load_artifact("m", version=number) for number in range(2)] == ["v0", "v1"]
        with pytest.raises(ArtifactFileMissingError, match=r"not there: http://.*/m/2\.txt"):
            there.load_artifact("m", version=2)
        errors = [each for each in there.verify().findings if each.severity == "error"]
        assert [(each.kind, each.path) for each in errors] == [("file-missing", f"{url}/m/2.txt")]
        with pytest.raises(SaveError, match=r"'m' was not copied .*There is no file http://.*/m/2\.txt"):
            lazyscribe.copy(f"{url}/repository.json", folder.parent / "to" / "repository.json")


@pytest.mark.parametrize("handler", [Changing, Naming])
def test_a_file_of_which_it_cannot_be_told(folder: Path, handler: Any) -> None:
    """Where a server answers each time in another way for what is not there, files without a digest are refused."""
    with served(folder, handler) as url:
        there = Repository(f"{url}/repository.json", mode="r")
        for number in range(3):
            with pytest.raises(UnreadableError, match=rf"Whether http://.*/m/{number}\.txt is there cannot be told"):
                there.load_artifact("m", version=number)
        with pytest.raises(SaveError, match=r"Whether http://.*/m/.\.txt is there cannot be told"):
            lazyscribe.copy(f"{url}/repository.json", folder.parent / "to" / "repository.json")


@pytest.mark.parametrize("handler", EVERYTHING)
def test_a_file_whose_digest_is_known(tmp_path: Path, handler: Any) -> None:
    """A version that was saved alone is loaded from any server, and refused when it is something else."""
    repository = Repository(tmp_path / "repository.json")
    for number in range(2):
        repository.log_artifact("m", f"v{number}", "text", fname=f"{number}.txt")
        repository.save()
    (tmp_path / "m/1.txt").unlink()
    with served(tmp_path, handler) as url:
        there = Repository(f"{url}/repository.json", mode="r")
        assert there.load_artifact("m", version=0) == "v0"
        with pytest.raises(CorruptArtifactError):
            there.load_artifact("m", version=1)


LISTS = {
    "application/json": b'[{"name": "00000001-0123456789abcdef.json", "type": "file"}]',
    "text/xml": b"<?xml version='1.0'?><list><file>00000001-0123456789abcdef.json</file></list>",
    "text/plain": b"00000001-0123456789abcdef.json\n",
}


@pytest.mark.parametrize("kind", LISTS)
def test_a_list_that_is_no_page(folder: Path, kind: str) -> None:
    """A list that is not a page of links is not taken for an empty one."""

    class Listing(Silent):
        answer = Answering.answer

        def list_directory(self, path: Any) -> Any:
            return self.answer(LISTS[kind], Type=kind)

    with served(folder, Listing) as url:
        there = Repository(f"{url}/repository.json", mode="r")
        with pytest.raises(AccessDeniedError, match="shows no list"):
            there.history()


EMPTY = {
    "python": b"<!DOCTYPE HTML>\n<html><title>Directory listing for /</title><ul>\n</ul></html>",
    "go": b"<pre>\n</pre>\n",
    "nginx": b'<html><head><title>Index of /</title></head><hr><pre><a href="../">../</a>\n</pre></html>',
    "apache": b'<html><table><tr><th><a href="?C=N;O=D">Name</a></th></tr><tr><td><a href="/">Parent Directory</a>'
    b"</td></tr></table></html>",
}


@pytest.mark.parametrize("page", EMPTY)
def test_an_empty_folder(tmp_path: Path, page: str) -> None:
    """The page of an empty folder is an empty list, where the server says what is not there."""

    class Listing(Silent):
        answer = Answering.answer

        def list_directory(self, path: Any) -> Any:
            return self.answer(EMPTY[page], Type="text/html; charset=utf-8")

    Repository(tmp_path / "repository.json").save()
    (tmp_path / "m").mkdir()
    with served(tmp_path, Listing) as url:
        there = Repository(f"{url}/repository.json", mode="r")
        assert list(there._location.store.keys("m")) == []


@pytest.fixture
def asked() -> list[str]:
    """What servers that note it were asked for."""
    Noting.asked = []
    return Noting.asked


class Noting(Silent):
    """One that notes what it is asked for."""

    asked: list[str]

    def send_head(self) -> Any:
        self.asked.append(self.path)
        return super().send_head()


class NotingUnlisted(Noting, Unlisted):
    """The same without lists."""


UNKNOWN = re.compile(r"(.*/)?[0-9a-f]{32}(\.\w+)?")


def unknown(asked: list[str]) -> list[str]:
    """Return those that cannot be there."""
    return [path for path in asked if UNKNOWN.fullmatch(path)]


def test_how_often_a_server_is_asked_for_what_cannot_be_there(folder: Path, asked: list[str]) -> None:
    """Never, where digests are known; else once, for names of one end in one folder."""
    with served(folder, Noting) as url:
        there = Repository(f"{url}/repository.json", mode="r")
        assert [there.load_artifact("m", version=number) for number in range(2)] == ["v0", "v1"]
        assert len(there.history()) == 2
    assert asked
    assert not unknown(asked)
    with served(folder, NotingUnlisted) as url:
        there = Repository(f"{url}/repository.json", mode="r")
        assert [there.load_artifact("m", version=number) for number in (0, 1, 0)] == ["v0", "v1", "v0"]
    assert [re.sub("[0-9a-f]{32}", "…", path) for path in unknown(asked)] == ["/m/….txt"]
