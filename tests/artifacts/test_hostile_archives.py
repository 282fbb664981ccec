"""Archives that somebody else wrote: whatever is not what we write is refused, and nothing of it is made."""

import hashlib
import io
import random
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Repository
from lazyscribe.artifacts.archive import seal
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
    with warnings.catch_warnings(), zipfile.ZipFile(buf, "w") as archive:
        warnings.filterwarnings("ignore", "Duplicate name", UserWarning)
        for info, data in entries:
            archive.writestr(info, data, info.compress_type)
        archive.comment = seal(archive.infolist())
    return buf.getvalue()


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


def listed(position: int, value: int) -> bytes:
    """One entry, of whose place in the list a byte was changed afterwards."""
    data = bytearray(zipped(entry("a")))
    data[data.index(b"PK\1\2") + position] = value
    return bytes(data)


def renamed() -> bytes:
    """The entry has another name than what stands before the content."""
    return zipped(entry("good")).replace(b"good", b"evil", 1)


def shortened() -> bytes:
    """The list lacks its last entry, with all numbers in order."""
    data = zipped(entry("a"), entry("b"))
    last = data.rindex(b"PK\1\2")
    end = data.index(b"PK\5\6")
    _, _, _, _, _, size, start, _ = struct.unpack("<4s4H2LH", data[end : end + 22])
    told = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, size - (end - last), start, len(data) - end - 22)
    return data[:last] + told + data[end + 22 :]


KIND, LINKED = "neither a file nor a folder", stat.S_IFLNK | 0o777
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "absolute": (lambda: zipped(entry("/tmp/evil")), "no folder told before"),
    "absolute, at the root": (lambda: zipped(entry("/lazyscribe-evil")), "no folder told before"),
    "absolute as a folder": (lambda: zipped(folder("/tmp"), entry("/tmp/evil")), "no folder told before"),
    "dots": (lambda: zipped(entry("../evil")), "no folder told before"),
    "dots within": (lambda: zipped(folder("a"), entry("a/../../evil")), "no folder told before"),
    "folder of dots": (lambda: zipped(folder(".."), entry("../evil")), "'..' is no name"),
    "backslashes": (lambda: zipped(entry("..\\..\\evil")), "on some systems"),
    "dots by normalisation": (lambda: zipped(folder("\u2025"), entry("\u2025/evil")), "is no name"),
    "slash by normalisation": (lambda: zipped(entry("..\uff0fevil")), "on some systems"),
    "empty name": (lambda: zipped(entry("")), "'' is no name"),
    "the folder itself": (lambda: zipped(folder("")), "'' is no name"),
    "dot": (lambda: zipped(entry(".")), "'.' is no name"),
    "double slash": (lambda: zipped(folder("a"), entry("a//evil")), "no folder told before"),
    "zero byte": (lambda: zipped(entry("good\0../evil")), "two names"),
    "link": (lambda: zipped(entry("a", LINKED, b"/etc")), KIND),
    "link, then through it": (lambda: zipped(entry("a", LINKED, b"/tmp"), entry("a/evil")), KIND),
    "device": (lambda: zipped(entry("a", stat.S_IFCHR | 0o666, b"")), KIND),
    "pipe": (lambda: zipped(entry("a", stat.S_IFIFO | 0o666, b"")), KIND),
    "no kind": (lambda: zipped(entry("a", 0o100)), KIND),
    "folder that is a file": (lambda: zipped(entry("a/", FILE, b"")), KIND),
    "file that is a folder": (lambda: zipped(entry("a", FOLDER, b"")), KIND),
    "folder with content": (lambda: zipped(entry("a/", FOLDER, b"x")), "a folder with content"),
    "file as a folder": (lambda: zipped(entry("a"), entry("a/b")), "no folder told before"),
    "folder not told": (lambda: zipped(entry("a/b")), "no folder told before"),
    "folder told too late": (lambda: zipped(entry("a/b"), folder("a")), "no folder told before"),
    "twice": (lambda: zipped(entry("a"), entry("a", data=b"y")), "there twice"),
    "case": (lambda: zipped(entry("a"), entry("A")), "one and the same"),
    "file and folder": (lambda: zipped(entry("a"), folder("a")), "there twice"),
    "compressed": (lambda: zipped(entry("a", data=b"0" * 10**6, compress_type=zipfile.ZIP_DEFLATED)), "compressed or"),
    "compressed to the same size": (lambda: listed(10, zipfile.ZIP_DEFLATED), "compressed or"),
    "other permissions": (lambda: listed(40, 0o755 & 0xFF), "list of files is not"),
    "encrypted": (lambda: listed(8, 1), "compressed or encrypted"),
    "overlapping": (overlapping, "larger than it is"),
    "no digest": (lambda: zipped(entry("a", comment=b"")), "no digest"),
    "half a digest": (lambda: zipped(entry("a", comment=b"sha256:abc")), "no digest"),
    "no archive": (lambda: b"<html>", "not a zip file"),
    "nothing": (lambda: b"", "not a zip file"),
    "an archive cut short": (lambda: zipped(entry("a"), entry("b"))[:-100], "not a zip file"),
    "a list cut short": (shortened, "list of files is not"),
    "another name": (renamed, "differ"),
    "another digest": (lambda: zipped(entry("a"), entry("b", comment=b"sha256:" + b"0" * 64)), "'b' in a folder's"),
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
    make, reason = HOSTILE[case]
    repository = plant(out, make())
    expected = CorruptArtifactError if case in DAMAGED else ArtifactLoadError
    for keywords in ({"to": out / "new"}, {}):
        with pytest.raises(expected, match=reason) as caught:
            repository.load_artifact("x", **keywords)
        assert isinstance(caught.value, CorruptArtifactError) == (case in DAMAGED)
        assert contents(out.parent) == {"out": None}
    assert not Path("/tmp/evil").exists()
    assert not Path("/lazyscribe-evil").exists()


def test_the_corpus_is_hostile_for_its_reason_only(out: Path) -> None:
    """An archive made by the same means without harm is extracted."""
    data = zipped(folder("a"), entry("a/b"), entry("c", stat.S_IFREG | 0o755, b"y"))
    plant(out, data).load_artifact("x", to=out / "new")
    assert contents(out / "new") == {"a": None, "a/b": (b"x", 0), "c": (b"y", 0o111)}


def test_any_flipped_bit_is_harmless(out: Path, tmp_path: Path) -> None:
    """Damage that no digest of the whole file shows is an error of ours, or concerns nothing that is kept."""
    source = fill(tmp_path / "source", {"a/b": b"some content", "c!": b"more", "empty": None})
    buf = io.BytesIO()
    FolderArtifact.write(source, buf)
    data, expected = buf.getvalue(), contents(source)
    chance, unchanged = random.Random(5), 0
    for position in range(len(data)):
        harmed = bytearray(data)
        harmed[position] ^= 1 << chance.randrange(8)
        target = out / str(position)
        try:
            FolderArtifact.read(io.BytesIO(bytes(harmed)), to=target)
        except ArtifactLoadError:
            assert not target.exists()
        else:
            unchanged += 1
            assert contents(target) == expected
    assert 0 < unchanged < len(data) / 2  # versions, dates and lengths of what is told twice are not asked for
