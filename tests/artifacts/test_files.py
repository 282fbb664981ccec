"""Any file: what is kept, when it is read, and where it comes back to."""

import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Project, Repository
from lazyscribe.artifacts import paths
from lazyscribe.artifacts.file import FileArtifact
from lazyscribe.artifacts.inference import infer
from lazyscribe.exception import (
    ArtifactLoadError,
    ArtifactLogError,
    CorruptArtifactError,
    InvalidArgumentError,
    NoHandlerFitsError,
    SaveError,
)
from lazyscribe.testing.faults import KILLED
from lazyscribe.testing.writers import forked
from tests.artifacts.folders import contents, fill
from tests.clock import Clock
from tests.repository.tools import tree


@pytest.fixture(params=["file", "folder"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Something to be logged."""
    folder = fill(tmp_path / "source", {"a.html": b"<p>", "b/c": b"c"})
    return folder / "a.html" if request.param == "file" else folder


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "kept" / "repository.json", mode="w+")


def saved(repository: Repository, source: Path) -> Repository:
    repository.log_artifact("x", source)
    repository.save()
    return repository


@pytest.mark.parametrize(
    ("given", "ending"),
    [
        *(("a.html", ".html"), ("a.tar.gz", ".gz"), ("A.PNG", ".PNG"), ("Makefile", ".bin"), (".hidden", ".bin")),
        *(("a.b c", ".bin"), ("a.größe", ".bin"), ("a." + "x" * 100, ".bin"), ("dots...", ".bin")),
    ],
)
def test_the_ending_is_kept(given: str, ending: str, repository: Repository, tmp_path: Path, clock: Clock) -> None:
    """The stored file has the ending of the one that was logged if it is a usual one, also where its name is taken."""
    path = fill(tmp_path / "source", {given: b"1"}) / given
    for _ in range(3):
        repository.log_artifact("My file", path)
    repository.save()  # without a notice that a chosen name could not be kept: it was not chosen
    expected = ["", "-1", "-2"]
    assert [each.fname for each in repository.artifacts] == [f"my-file-20250120132330{n}{ending}" for n in expected]
    assert sorted(each.name for each in (tmp_path / "kept" / "My file").iterdir()) == sorted(
        each.fname for each in repository.artifacts
    )


def test_a_numbered_name_goes_on_counting(repository: Repository, tmp_path: Path, clock: Clock) -> None:
    """A file whose default name got a number gets the next one where that is taken, and no notice."""
    path = fill(tmp_path / "source", {"a.html": b"1"}) / "a.html"
    project = Project(tmp_path / "project.json", author="tests")
    with project.log("run") as run:
        run.log_artifact("a!", path)
        run.log_artifact("a?", path)
    project.save()
    assert [each.fname for each in run.artifacts] == ["a-20250120132330.html", "a-20250120132330-1.html"]
    fill(tmp_path / "kept" / "a?", {"a-20250120132330-1.html": b"in the way"})
    run.promote_artifact(repository, "a?")
    assert repository.artifacts[0].fname == "a-20250120132330-2.html"


def test_a_chosen_name_is_kept(repository: Repository, source: Path) -> None:
    """`fname` goes before the ending of the file."""
    repository.log_artifact("x", source, fname="y.dat")
    repository.save()
    assert repository.artifacts[0].fname == "y.dat"


def test_it_is_read_at_save(repository: Repository, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written after logging is saved, though the working folder is another one then."""
    monkeypatch.chdir(source.parent)
    repository.log_artifact("x", Path(source.name))
    if source.is_dir():
        source.joinpath("late").write_text("late")
    else:
        source.write_text("late")
    monkeypatch.chdir("/")
    repository.save()
    expected = contents(source)
    assert contents(repository.load_artifact("x")) == expected
    assert b"late" in expected or "late" in expected


def test_promotion_before_a_save_reads_it_at_save(repository: Repository, source: Path, tmp_path: Path) -> None:
    """A path that is promoted unsaved is read when the repository is saved."""
    project = Project(tmp_path / "project.json", author="tests")
    with project.log("run") as run:
        run.log_artifact("x", source)
    run.promote_artifact(repository, "x")
    target = source / "late" if source.is_dir() else source
    target.write_text("late")
    repository.save()
    assert contents(repository.load_artifact("x")) == contents(source)


def test_a_path_to_nothing_is_refused_when_logged(repository: Repository, tmp_path: Path) -> None:
    """A path under which there is nothing, or the other kind, is an error that names it; nothing is kept of it."""
    there = fill(tmp_path / "there", {"file": b""})
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    tried: list[tuple[Path, str | None, str]] = [
        (tmp_path / "absent", None, "There is no file or folder .*absent"),
        (there / "file" / "below", None, "There is no file or folder .*below"),
        (tmp_path / "absent", "file", "There is no file or folder .*absent"),
        (tmp_path / "absent", "folder", "There is no folder .*absent"),
        (there, "file", "there is a folder; log it with handler='folder'"),
        (there / "file", "folder", "file is a file; log it with handler='file'"),
        (tmp_path / ("x" * 300), None, "xxx cannot be looked at"),
        (tmp_path / ("x" * 300), "folder", "xxx cannot be looked at"),
        (tmp_path / "zero\0byte", None, "cannot be looked at"),
        (pipe, None, "pipe is neither"),
        (pipe, "folder", "pipe is neither"),
    ]
    for path, handler, message in tried:
        with pytest.raises(ArtifactLogError, match=message):
            repository.log_artifact("x", path, handler)
    assert list(repository.artifacts) == []


def test_only_paths_are_taken_for_paths(tmp_path: Path) -> None:
    """A text is no path, and a path of somebody's own class, whose files may lie elsewhere, is not guessed at."""

    class Elsewhere(type(tmp_path)):  # type: ignore[misc]
        pass

    assert infer(str(tmp_path)) == "text"
    with pytest.raises(NoHandlerFitsError) as caught:
        infer(Elsewhere(tmp_path))
    assert caught.value.handlers[:2] == ["file", "folder"]


def test_what_vanishes_before_the_save_leaves_nothing(repository: Repository, source: Path) -> None:
    """A file or folder that is gone when it is saved is an error that names it."""
    repository.log_artifact("x", source)
    source.rename(source.with_name("elsewhere"))
    with pytest.raises(SaveError, match=rf"There is no (file|folder).*{source.name}"):
        repository.save()
    assert tree(Path(repository.fpath).parent) == {}
    source.with_name("elsewhere").rename(source)
    repository.save()
    assert contents(repository.load_artifact("x")) == contents(source)


class Writer:
    """Takes what is written to it, and does something at the first piece."""

    def __init__(self, at_first: Any) -> None:
        self.at_first = at_first
        self.data = b""

    def write(self, data: bytes) -> int:
        if not self.data:
            self.at_first()
        self.data += data
        return len(data)


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.write_bytes(b"y" * 3 * 2**20),
        lambda path: os.truncate(path, 2**20),
        lambda path: os.truncate(path, 4 * 2**20),
    ],
)
def test_a_file_that_changes_while_it_is_read_is_refused(harm: Any, tmp_path: Path) -> None:
    """A file that is written to, cut or added to between the first piece and the last is an error that names it."""
    path = tmp_path / "x"
    path.write_bytes(b"x" * 3 * 2**20)
    os.utime(path, (0, 0))
    with pytest.raises(ArtifactLogError, match=r"x was changed or removed"):
        FileArtifact.write(path, Writer(lambda: harm(path)))


def test_a_file_that_grows_for_ever_is_not_followed(tmp_path: Path) -> None:
    """No more is written than the file had when it was opened."""
    path = tmp_path / "x"
    path.write_bytes(b"x" * 3)

    class Endless(Writer):
        def write(self, data: bytes) -> int:
            with path.open("ab") as file:
                file.write(b"x" * 2**21)
            return super().write(data)

    target = Endless(lambda: None)
    with pytest.raises(ArtifactLogError):
        FileArtifact.write(path, target)
    assert len(target.data) == 3


def test_a_link_to_a_file_or_folder_is_followed(repository: Repository, source: Path) -> None:
    """Whoever names a link means what it leads to."""
    link = source.with_name("link")
    link.symlink_to(source)
    assert contents(saved(repository, link).load_artifact("x")) == contents(source)


def test_it_comes_to_a_new_path(repository: Repository, source: Path, tmp_path: Path) -> None:
    """`to` is a path or a text; it is returned as a path, and holds what was logged, and nothing else is made."""
    saved(repository, source)
    out = fill(tmp_path / "out", {})
    assert repository.load_artifact("x", to=out / "new.html") == out / "new.html"
    assert repository.load_artifact("x", to=str(out / "newer")) == out / "newer"
    assert contents(out / "new.html") == contents(out / "newer") == contents(source)
    assert sorted(each.name for each in out.iterdir()) == ["new.html", "newer"]
    assert out.joinpath("newer").stat().st_mode & 0o777 == (0o755 if source.is_dir() else 0o644)


def test_nothing_is_replaced(
    repository: Repository, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path under which something lies, be it an empty folder or a broken link, and one nowhere: refused at once."""
    saved(repository, source)
    monkeypatch.setattr(type(repository.artifacts[0]), "bring", None)
    out = fill(tmp_path / "out", {"file": b"1", "empty": None})
    before = contents(out)
    out.joinpath("link").symlink_to("nowhere")
    for name in ("file", "empty", "link", ""):
        with pytest.raises(InvalidArgumentError, match=r"something under .* already"):
            repository.load_artifact("x", to=out / name)
    for name in ("absent/new", "file/new"):
        with pytest.raises(InvalidArgumentError, match=r"There is no folder .* to hold 'new'"):
            repository.load_artifact("x", to=out / name)
    out.joinpath("link").unlink()
    assert contents(out) == before


def test_what_somebody_puts_there_meanwhile_is_not_replaced(
    repository: Repository, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever appears under `to` before ours does stays, whether or not the file system has hard links."""
    saved(repository, source)
    move = paths._move
    out = fill(tmp_path / "out", {})

    def late(made: Path, target: Path) -> None:
        fill(target, {"theirs": b"2"}) if made.is_dir() else target.write_bytes(b"theirs")
        move(made, target)

    monkeypatch.setattr(paths, "_move", late)
    with pytest.raises((InvalidArgumentError, ArtifactLoadError)):
        repository.load_artifact("x", to=out / "new")
    assert contents(out / "new") == ({"theirs": (b"2", 0)} if source.is_dir() else b"theirs")
    assert len(list(out.iterdir())) == 1


def test_file_systems_without_hard_links(
    repository: Repository, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are no hard links, it comes by renaming."""
    saved(repository, source)

    def none(*_: Any) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(Path, "hardlink_to", none)
    assert contents(repository.load_artifact("x", to=tmp_path / "new")) == contents(source)


@pytest.mark.parametrize("where", ["to", "temporary"])
def test_a_full_disk_leaves_nothing(
    where: str, repository: Repository, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error half-way is told with the path, and nothing of it stays."""
    saved(repository, source)
    out = fill(tmp_path / "out", {})
    monkeypatch.setattr("tempfile.tempdir", str(out))

    def full(path: Path, content: Any, executable: bool = False) -> None:
        path.write_bytes(next(content))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lazyscribe.artifacts.file.write_new", full)
    monkeypatch.setattr("lazyscribe.artifacts.archive.write_new", full)
    with pytest.raises(ArtifactLoadError, match=r"could not be brought to .*out.*No space left"):
        repository.load_artifact("x", **({"to": out / "new"} if where == "to" else {}))
    assert list(out.iterdir()) == []


def test_a_kill_leaves_at_most_a_temporary_sibling(
    repository: Repository, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed before the last step has made nothing under `to`."""
    saved(repository, source)
    out = fill(tmp_path / "out", {})
    monkeypatch.setattr(paths, "_move", lambda *_: os._exit(KILLED))
    assert forked(lambda: repository.load_artifact("x", to=out / "new")) == KILLED
    assert [each.name.startswith(".lazyscribe-") for each in out.iterdir()] == [True]
    monkeypatch.undo()
    assert contents(repository.load_artifact("x", to=out / "new")) == contents(source)


def test_a_damaged_file_makes_nothing(repository: Repository, source: Path, tmp_path: Path) -> None:
    """One flipped bit is found before anything is made."""
    saved(repository, source)
    file = tmp_path / "kept" / "x" / repository.artifacts[0].fname
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    out = fill(tmp_path / "out", {})
    with pytest.raises(CorruptArtifactError):
        repository.load_artifact("x", to=out / "new")
    assert list(out.iterdir()) == []


@pytest.fixture
def temporary(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "temporary"
    folder.mkdir()
    yield folder
    assert list(folder.iterdir()) == []


def test_without_to_it_stays_as_long_as_the_process(
    repository: Repository, source: Path, tmp_path: Path, temporary: Path
) -> None:
    """The temporary copy of a process or of a worker is there until that ends, whatever its children do."""
    saved(repository, source)
    program = tmp_path / "program.py"
    program.write_text(LIVES)
    done = subprocess.run(
        [sys.executable, str(program), str(repository.fpath)],
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = [Path(line) for line in done.stdout.split()]
    assert len(set(found)) == 3
    assert all(each.parent.parent == temporary for each in found)


LIVES = """
import multiprocessing, os, sys
from lazyscribe import Repository


def load(file):
    path = Repository(file, mode="r").load_artifact("x")
    assert path.exists()
    return str(path)


if __name__ == "__main__":
    found = [load(sys.argv[1]), load(sys.argv[1])]
    if not os.fork():
        sys.exit()
    os.wait()
    context = multiprocessing.get_context("fork")
    with context.Pool(1) as pool:
        found.append(pool.apply(load, sys.argv[1:]))
        pool.close()
        pool.join()
    assert [os.path.exists(each) for each in found] == [True, True, False]
    print(*found, sep="\\n")
"""


def test_the_content_is_not_held_in_memory(tmp_path: Path) -> None:
    """A file and a folder of 64 MiB are written and read through a few MiB."""
    folder = fill(tmp_path / "source", {"big": b""})
    os.truncate(folder / "big", 64 * 2**20)
    repository = Repository(tmp_path / "kept" / "repository.json")
    tracemalloc.start()
    try:
        saved(repository, folder / "big")
        repository.log_artifact("y", folder)
        repository.save()
        for name in "xy":
            repository.load_artifact(name, to=tmp_path / name)
        assert tracemalloc.get_traced_memory()[1] < 12 * 2**20
    finally:
        tracemalloc.stop()
    assert (tmp_path / "x").stat().st_size == (tmp_path / "y" / "big").stat().st_size == 64 * 2**20


@pytest.mark.parametrize(("place", "handed"), [("{}", "BufferedReader"), ("memory://{}", "BytesIO")])
def test_what_comes_over_a_network_is_fetched_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, handed: str
) -> None:
    """A file that no operating system has opened is held, for else it would have to be fetched twice."""
    monkeypatch.setattr("lazyscribe.reading.IF_STREAMED", 10)
    monkeypatch.setattr(FileArtifact, "bring", classmethod(lambda cls, buf, path: path.write_text(type(buf).__name__)))
    (tmp_path / "file").write_bytes(b"x" * 100)
    repository = saved(Repository(place.format(tmp_path / "repository.json")), tmp_path / "file")
    assert repository.load_artifact("x", to=tmp_path / "copy").read_text() == handed
