"""Archives that somebody else wrote: whatever is not what we write is refused, and nothing of it is made."""

import hashlib
import io
import random
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Repository
from lazyscribe.artifacts.folder import FolderArtifact
from lazyscribe.exception import ArtifactLoadError, CorruptArtifactError
from tests.artifacts.folders import contents, fill

FILE, FOLDER = stat.S_IFREG | 0o644, stat.S_IFDIR | 0o755


def entry(name: str, mode: int = FILE, data: bytes = b"x", **changes: Any) -> tuple[zipfile.ZipInfo, bytes]:
    """Return an entry as we write them, but for the changes."""
    info = zipfile.ZipInfo("placeholder", (1980, 1, 1, 0, 0, 0))
    info.filename = info.orig_filename = name
    info.create_system = 3
    info.external_attr = mode << 16
    info.comment = f"sha256:{hashlib.sha256(data).hexdigest()}".encode() if stat.S_IFMT(mode) == stat.S_IFREG else b""
    for key, value in changes.items():
        setattr(info, key, value)
    return info, data


def zipped(*entries: tuple[zipfile.ZipInfo, bytes]) -> bytes:
    buf = io.BytesIO()
    with pytest.warns() if len({each.filename for each, _ in entries}) < len(entries) else _Quiet():
        with zipfile.ZipFile(buf, "w") as archive:
            for info, data in entries:
                archive.writestr(info, data, info.compress_type)
    return buf.getvalue()


class _Quiet:
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def folder(name: str) -> tuple[zipfile.ZipInfo, bytes]:
    return entry(f"{name}/", FOLDER, b"")


def overlapping() -> bytes:
    """Many entries that all stand for the same bytes."""
    data = zipped(entry("a", data=b"x" * 1000))
    start = data.index(b"PK\1\2")
    one = data[start : data.index(b"PK\5\6")]
    many = b"".join(one[:46] + bytes([97 + number]) + one[47:] for number in range(20))
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 20, 20, len(many), start, 0)
    return data[:start] + many + end


def encrypted() -> bytes:
    data = bytearray(zipped(entry("a")))
    data[data.index(b"PK\1\2") + 8] |= 1
    return bytes(data)


def renamed() -> bytes:
    """The entry has another name than what stands before the content."""
    data = zipped(entry("good"))
    start = data.index(b"PK\1\2")
    return data[:start] + data[start:].replace(b"good", b"evil")


HOSTILE: dict[str, Callable[[], bytes]] = {
    "absolute": lambda: zipped(entry("/tmp/evil")),
    "dots": lambda: zipped(entry("../evil")),
    "dots within": lambda: zipped(folder("a"), entry("a/../../evil")),
    "folder of dots": lambda: zipped(folder(".."), entry("../evil")),
    "backslashes": lambda: zipped(entry("..\\..\\evil")),
    "dots by normalisation": lambda: zipped(folder("\u2025"), entry("\u2025/evil")),
    "slash by normalisation": lambda: zipped(entry("..\uff0fevil")),
    "empty name": lambda: zipped(entry("")),
    "dot": lambda: zipped(entry(".")),
    "double slash": lambda: zipped(folder("a"), entry("a//evil")),
    "zero byte": lambda: zipped(entry("good\0../evil")),
    "link": lambda: zipped(entry("a", stat.S_IFLNK | 0o777, b"/etc")),
    "link, then through it": lambda: zipped(entry("a", stat.S_IFLNK | 0o777, b"/tmp"), entry("a/evil")),
    "device": lambda: zipped(entry("a", stat.S_IFCHR | 0o666, b"")),
    "pipe": lambda: zipped(entry("a", stat.S_IFIFO | 0o666, b"")),
    "no kind": lambda: zipped(entry("a", 0)),
    "folder that is a file": lambda: zipped(entry("a/", FILE, b"")),
    "file that is a folder": lambda: zipped(entry("a", FOLDER, b"")),
    "folder with content": lambda: zipped(entry("a/", FOLDER, b"x")),
    "file as a folder": lambda: zipped(entry("a"), entry("a/b")),
    "folder not told": lambda: zipped(entry("a/b")),
    "folder told too late": lambda: zipped(entry("a/b"), folder("a")),
    "twice": lambda: zipped(entry("a"), entry("a", data=b"y")),
    "case": lambda: zipped(entry("a"), entry("A")),
    "file and folder": lambda: zipped(entry("a"), folder("a")),
    "compressed": lambda: zipped(entry("a", data=b"0" * 10**6, compress_type=zipfile.ZIP_DEFLATED)),
    "encrypted": encrypted,
    "overlapping": overlapping,
    "no digest": lambda: zipped(entry("a", comment=b"")),
    "half a digest": lambda: zipped(entry("a", comment=b"sha256:abc")),
    "no archive": lambda: b"<html>",
    "nothing": lambda: b"",
    "an archive cut short": lambda: zipped(entry("a"), entry("b"))[:-30],
    "another name": renamed,
    "another digest": lambda: zipped(entry("a"), entry("b", comment=b"sha256:" + b"0" * 64)),
}
DAMAGED = {"another name", "another digest"}
"""What is found only while it is extracted."""


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return fill(tmp_path / "above" / "out", {})


def plant(out: Path, data: bytes) -> Repository:
    """Return a repository whose folder's file is this, of which nobody recorded a digest."""
    root = out.parent.parent / "kept"
    source = fill(root / "source", {})
    repository = Repository(root / "repository.json")
    repository.log_artifact("x", source)
    repository.save()
    root.joinpath("x", repository.artifacts[0].fname).write_bytes(data)
    for facts in root.joinpath(".lazyscribe", "facts").rglob("*.json"):
        facts.unlink()
    return Repository(root / "repository.json", mode="r")


@pytest.mark.parametrize("case", sorted(HOSTILE))
def test_a_hostile_archive_makes_nothing(case: str, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive that we did not write is an error, and there is nothing under the new path, beside it, or above."""
    monkeypatch.setattr("tempfile.tempdir", str(out))
    repository = plant(out, HOSTILE[case]())
    expected = CorruptArtifactError if case in DAMAGED else ArtifactLoadError
    for keywords in ({"to": out / "new"}, {}):
        with pytest.raises(expected) as caught:
            repository.load_artifact("x", **keywords)
        assert isinstance(caught.value, CorruptArtifactError) == (case in DAMAGED)
        assert contents(out.parent) == {"out": None}
    assert not Path("/tmp/evil").exists()


def test_the_corpus_is_hostile_for_its_reason_only(out: Path) -> None:
    """An archive made by the same means without harm is extracted."""
    data = zipped(folder("a"), entry("a/b"), entry("c", stat.S_IFREG | 0o755, b"y"))
    plant(out, data).load_artifact("x", to=out / "new")
    assert contents(out / "new") == {"a": None, "a/b": (b"x", 0), "c": (b"y", 0o111)}


def test_any_flipped_bit_is_harmless(out: Path, tmp_path: Path) -> None:
    """Damage that no digest of the whole file shows is an error of ours, or changes no name and no content."""
    source = fill(tmp_path / "source", {"a/b": b"some content", "c": b"more", "empty": None})
    buf = io.BytesIO()
    FolderArtifact.write(source, buf)
    data, expected = buf.getvalue(), contents(source)
    chance = random.Random(5)
    for position in range(len(data)):
        harmed = bytearray(data)
        harmed[position] ^= 1 << chance.randrange(8)
        target = out / str(position)
        try:
            FolderArtifact.read(io.BytesIO(bytes(harmed)), to=target)
        except ArtifactLoadError:
            assert not target.exists()
        else:
            found = contents(target)
            assert [each and each[0] for each in found.values()] == [each and each[0] for each in expected.values()]
    assert {each.name for each in out.iterdir()} != set()
