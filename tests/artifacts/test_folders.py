"""Any folder: what is kept of it, what is refused, and that it must hold still."""

import hashlib
import io
import os
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Repository
from lazyscribe.artifacts import archive, paths
from lazyscribe.artifacts.folder import FolderArtifact
from lazyscribe.exception import ArtifactLogError, SaveError
from tests.artifacts.folders import contents, fill
from tests.repository.tools import tree

CONTENT = {"b.txt": b"b", "a/z": b"z", "a/empty": None, "a.txt": b"", "größe 😀/x": b"x", "run!": b"#!/bin/sh"}


def packed(folder: Path) -> bytes:
    """Return what is written for a folder."""
    buf = io.BytesIO()
    FolderArtifact.write(folder, buf)
    return buf.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fill(tmp_path / "source", CONTENT)


def test_equal_folders_give_equal_bytes(folder: Path, tmp_path: Path) -> None:
    """Neither the order in which files were made nor dates nor further permissions matter; content does."""
    again = fill(tmp_path / "again", dict(reversed(CONTENT.items())))
    os.utime(again / "b.txt", (0, 0))
    again.joinpath("b.txt").chmod(0o640)
    again.joinpath("a").chmod(0o700)
    assert packed(folder) == packed(again)
    again.joinpath("a.txt").chmod(0o755)
    assert packed(folder) != packed(again)


def test_other_programs_read_it(folder: Path) -> None:
    """It is a ZIP file, each file's digest its comment, a folder before what is in it."""
    with zipfile.ZipFile(io.BytesIO(packed(folder))) as found:
        names = ["a/", "a/empty/", "a/z", "a.txt", "b.txt", "größe 😀/", "größe 😀/x", "run"]
        assert found.namelist() == names
        assert found.testzip() is None
        for entry in found.infolist():
            digest = hashlib.sha256(found.read(entry)).hexdigest()
            assert entry.comment == (b"" if entry.is_dir() else f"sha256:{digest}".encode())


def test_an_empty_folder_is_kept(tmp_path: Path) -> None:
    """So is one that holds nothing but empty ones."""
    repository = Repository(tmp_path / "kept" / "repository.json")
    for content in ({}, {"a/b": None}):
        repository.log_artifact("x", fill(tmp_path / f"{len(content)}", content))
    repository.save()
    assert [contents(repository.load_artifact("x", version=number)) for number in (0, 1)] == [
        {},
        {"a": None, "a/b": None},
    ]


def link(folder: Path) -> None:
    folder.joinpath("bad").symlink_to("a.txt")


def link_to_folder(folder: Path) -> None:
    folder.joinpath("bad").symlink_to(folder / "a")


def link_to_nothing(folder: Path) -> None:
    folder.joinpath("bad").symlink_to("../../nowhere")


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "bad")


def listener(folder: Path) -> None:
    here = Path.cwd()
    os.chdir(folder)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("bad")
    os.chdir(here)


def named(*names: str) -> Callable[[Path], None]:
    return lambda folder: [folder.joinpath(name).write_bytes(b"") for name in names] and None


BAD: dict[str, tuple[Callable[[Path], None], str]] = {
    "link": (link, "bad is a link"),
    "link to a folder": (link_to_folder, "bad is a link"),
    "link to nothing": (link_to_nothing, "bad is a link"),
    "pipe": (pipe, "bad is neither a file nor a folder"),
    "socket": (listener, "bad is neither a file nor a folder"),
    "case": (named("bad", "BAD"), "'BAD' are one and the same"),
    "case of a folder": (named("A"), "'A' are one and the same"),
    "case of ß": (named("straße", "STRASSE"), "one and the same"),
    "accents": (named("\u00e9", "e\u0301"), "one and the same"),
    "backslash": (named("..\\bad"), "has .* in it"),
    "slash by normalisation": (named("\uff0fbad"), "has '/' in it"),
    "dots by normalisation": (named("\u2025"), "is no name"),
    "dots and a space": (named(".. "), "is no name"),
    "no UTF-8": (named("bad\udcff"), "is no UTF-8"),
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_what_cannot_be_kept_is_refused(case: str, folder: Path, tmp_path: Path) -> None:
    """Links, pipes, sockets and names that some system mistakes are errors that name them; nothing is written."""
    make, message = BAD[case]
    make(folder)
    repository = Repository(tmp_path / "kept" / "repository.json")
    repository.log_artifact("x", folder)
    with pytest.raises(SaveError, match=message):
        repository.save()
    assert tree(tmp_path / "kept") == {}


def rewrite(folder: Path) -> None:
    folder.joinpath("b.txt").write_bytes(b"B")
    os.utime(folder / "b.txt", (0, 0))


def add(folder: Path) -> None:
    folder.joinpath("added").write_bytes(b"")


def remove_read(folder: Path) -> None:
    folder.joinpath("a", "z").unlink()


def remove_unread(folder: Path) -> None:
    folder.joinpath("b.txt").unlink()


def swap_for_link(folder: Path) -> None:
    outside = folder.with_name("outside")
    outside.write_bytes(b"secret")
    folder.joinpath("b.txt").unlink()
    folder.joinpath("b.txt").symlink_to(outside)


def swap_folder_for_link(folder: Path) -> None:
    """The folder is another one, in which everything is as it was, but for the file itself."""
    folder.joinpath("größe 😀").rename(folder.with_name("moved"))
    fill(folder.with_name("evil"), {"x": b"y"})
    folder.joinpath("größe 😀").symlink_to(folder.with_name("evil"))


def swap_for_pipe(folder: Path) -> None:
    folder.joinpath("b.txt").unlink()
    os.mkfifo(folder / "b.txt")


def remove_all(folder: Path) -> None:
    folder.rename(folder.with_name("gone"))


CHANGES = [
    *(rewrite, add, remove_read, remove_unread, swap_for_link, swap_folder_for_link, swap_for_pipe, remove_all),
]


@pytest.mark.parametrize("when", ["z", "run"])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_folder_that_changes_while_it_is_read_is_refused(
    change: Callable[[Path], None], when: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One error, whatever happens after the first file or the last one was read; nothing of it stays."""
    repository = Repository(tmp_path / "kept" / "repository.json")
    repository.log_artifact("x", folder)
    read = archive.pieces

    def reading(path: Path, expected: Any = None) -> Any:
        yield from read(path, expected)
        if path.name == when:
            change(folder)

    with monkeypatch.context() as patch:
        patch.setattr(archive, "pieces", reading)
        with pytest.raises(SaveError, match="was changed or removed while it was read"):
            repository.save()
    assert tree(tmp_path / "kept") == {}


def test_a_file_that_is_exchanged_only_while_it_is_read_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another file that is there for the moment of reading is noticed, though the folder looks the same afterwards."""
    mine, other = folder / "b.txt", folder.with_name("other")
    other.write_bytes(b"c")
    read = archive.pieces

    def reading(path: Path, expected: Any = None) -> Any:
        if path != mine:
            return read(path, expected)
        mine.rename(folder.with_name("aside"))
        other.rename(mine)
        try:
            return iter(list(read(path, expected)))
        finally:
            mine.rename(other)
            folder.with_name("aside").rename(mine)

    monkeypatch.setattr(archive, "pieces", reading)
    with pytest.raises(ArtifactLogError, match=r"b\.txt was changed"):
        packed(folder)


def test_it_is_written_in_one_go(folder: Path) -> None:
    """Nothing is written twice and nothing is asked for, so that it is hashed on the way and any file takes it."""

    class OneWay:
        data = b""

        def write(self, data: bytes) -> int:
            self.data += data
            return len(data)

        def flush(self) -> None: ...

        def tell(self) -> int:
            return len(self.data)

        def seek(self, *_: int) -> int:
            raise AssertionError("nobody seeks")

    target = OneWay()
    FolderArtifact.write(folder, target)
    assert target.data == packed(folder)


def test_a_folder_that_holds_its_own_repository_is_refused(tmp_path: Path) -> None:
    """What is being saved cannot be part of itself; the error says that the folder changed."""
    folder = fill(tmp_path / "source", CONTENT)
    repository = Repository(folder / "repository.json")
    repository.log_artifact("x", folder)
    with pytest.raises(SaveError, match="was changed or removed"):
        repository.save()
    assert tree(folder).keys() == {"b.txt", "a/z", "a.txt", "größe 😀/x", "run"}


def test_a_folder_that_cannot_be_read_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the system is passed on as it is, not taken for a change."""

    def denied(*_: Any) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(paths.os, "open", denied)
    with pytest.raises(PermissionError):
        packed(folder)


def test_a_large_file_has_64_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file above the limit of the older format is written and read, in one go."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)
    folder = fill(tmp_path / "source", {"big": b"x" * 5000, "small": b"y"})
    data = packed(folder)
    archive.extract(io.BytesIO(data), tmp_path / "target")
    assert contents(tmp_path / "target") == contents(folder)


def test_only_a_path_to_a_folder_is_taken(folder: Path) -> None:
    """The handler says what it takes."""
    with pytest.raises(ArtifactLogError, match=r"'folder' takes a pathlib\.Path, not a str"):
        FolderArtifact.write(str(folder), io.BytesIO())
